//! The ready-made fixtures, as a user has them: the real pytest and the real `node --test` on a small project.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use diglot_tests::{Server, binary, server};

fn project() -> Server {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[services.model]\nentry = \"model.py\"\nroutes = []\n";
    server()
        .file("diglot.toml", config)
        .file("model.py", include_str!("../../apps/fixtures/model.py"))
        .file("tests/shop.py", include_str!("../../apps/fixtures/shop.py"))
        .file("tests/broken.py", "import this_is_nowhere\n")
        .file("tests/test_shop.py", include_str!("../../apps/fixtures/test_shop.py"))
        .file("tests/shop.test.mjs", include_str!("../../apps/fixtures/shop.test.mjs"))
}

/// The repository, whose `python` and `node` folders are what a user installs.
fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

/// All that a test runner wrote, and its exit code.
fn output(command: &mut Command, project: &Server) -> (Option<i32>, String) {
    if let Some(python) = env::var_os("DIGLOT_TEST_PYTHON") {
        let venv = Path::new(&python).parent().and_then(Path::parent).expect("a venv's python");
        command.env("VIRTUAL_ENV", venv);
    }
    let output = command
        // The configuration is in the folder above.
        .current_dir(project.folder().join("tests"))
        .env("DIGLOT_BIN", binary())
        .env_remove("PORT")
        // Else the runner takes itself for a part of the one that this test runs in.
        .env_remove("NODE_TEST_CONTEXT")
        .output()
        .expect("the runner can be run");
    let text =
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    (output.status.code(), text)
}

fn has_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

/// The package in a folder of its own, as pip leaves it: pytest finds the fixtures by what its metadata says.
fn installed(project: &Server) -> PathBuf {
    let (sources, folder) = (repository().join("python"), project.folder().join("site-packages"));
    let metadata = folder.join("diglot-0.1.0.dist-info");
    fs::create_dir_all(&metadata).expect("a folder");
    symlink(sources.join("diglot"), folder.join("diglot")).expect("a link");
    let declared = fs::read_to_string(sources.join("pyproject.toml")).expect("it says how it is installed");
    let (_, entries) = declared.split_once("[project.entry-points.pytest11]\n").expect("its entry point");
    let entries: String = entries
        .lines()
        .take_while(|line| line.contains('='))
        .map(|line| line.replace('"', "") + "\n")
        .collect();
    fs::write(metadata.join("entry_points.txt"), format!("[pytest11]\n{entries}")).expect("written");
    fs::write(metadata.join("METADATA"), "Metadata-Version: 2.1\nName: diglot\nVersion: 0.1.0\n")
        .expect("written");
    folder
}

/// The real pytest, which nothing tells of the fixtures.
fn pytest(project: &Server) -> (Option<i32>, String) {
    let python = env::var_os("DIGLOT_TEST_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut command = Command::new(python);
    command.args(["-W", "error", "-m", "pytest", "-W", "error", "-p", "no:cacheprovider"]);
    let sources = env::join_paths([installed(project), project.folder().to_owned()]);
    command.env("PYTHONPATH", sources.expect("folders without a colon"));
    output(&mut command, project)
}

#[test]
fn those_of_pytest() {
    let project = project();
    let (code, text) = pytest(&project);
    assert_eq!(code, Some(1), "{text}");
    has_all(
        &text,
        &[
            "2 failed, 4 passed",
            "assert 4 == 5",
            "Log of the Diglot server",
            "double was called",
            "the server ended with 1 before it listened. It wrote:",
            "No module named 'this_is_nowhere'",
        ],
    );
}

/// Beside a `diglot.toml` above, which would be taken without them.
#[test]
fn pytest_is_told_of_another_server() {
    const SHOP: &str = "from pathlib import Path\n\nfrom diglot import function\n\n\n\
        @function\ndef where() -> str:\n    return Path(__file__).parent.name\n\n\n\
        async def app(scope, receive, send):\n    await send({'type': 'http.response.start', 'status': 204})\n\
        \x20   await send({'type': 'http.response.body'})\n";
    const TEST: &str = "import urllib.request\n\n\n\
        def test_it(diglot_server):\n    assert diglot_server.call('main.where') == 'shop'\n\
        \x20   assert urllib.request.urlopen(diglot_server.url + '/shop/').status == 204\n";
    for (options, is_told) in [
        ("diglot_folder = ../shop\ndiglot_targets = /shop=main:app", true),
        ("diglot_targets = /shop=../shop/main.py:app", true),
        ("", false),
    ] {
        let project = server()
            .file(
                "diglot.toml",
                "[server]\nlisten = \"127.0.0.1:0\"\n[services.other]\nentry = \"other.py\"\nroutes = []\n",
            )
            .file("other.py", "from diglot import function\n\n\n@function\ndef other() -> None: ...\n")
            .file("shop/main.py", SHOP)
            .file("tests/test_shop.py", TEST)
            .file("tests/pytest.ini", &format!("[pytest]\n{options}\n"));
        let (code, text) = pytest(&project);
        assert_eq!(code, Some(if is_told { 0 } else { 1 }), "{options}: {text}");
        has_all(&text, &[if is_told { "1 passed" } else { "there is no service \"main\"" }]);
    }
}

#[test]
fn those_of_node() {
    let project = project();
    let modules = project.folder().join("node_modules");
    fs::create_dir(&modules).expect("a folder");
    symlink(repository().join("node"), modules.join("diglot")).expect("a link");
    let mut command = Command::new("node");
    command.args(["--test", "--test-reporter=spec", "shop.test.mjs"]);
    let (code, text) = output(&mut command, &project);
    assert_eq!(code, Some(1), "{text}");
    has_all(
        &text,
        &[
            "pass 4",
            "the server ended with 1 before it listened. It wrote:",
            "No module named 'this_is_nowhere'",
            "the server is not there: call useServer() for the file or in a describe",
        ],
    );
}
