//! The ready-made fixtures, as a user has them: the real pytest and the real `node --test` on a small project.

use std::env;
use std::ffi::OsString;
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

#[test]
fn those_of_pytest() {
    let project = project();
    let python = env::var_os("DIGLOT_TEST_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut command = Command::new(python);
    command.args([
        "-W",
        "error",
        "-m",
        "pytest",
        "-W",
        "error",
        "-p",
        "diglot.testing.pytest",
        "-p",
        "no:cacheprovider",
    ]);
    let sources = env::join_paths([repository().join("python"), project.folder().to_owned()]);
    command.env("PYTHONPATH", sources.expect("folders without a colon"));
    let (code, text) = output(&mut command, &project);
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

#[test]
fn those_of_node() {
    let project = project();
    let modules = project.folder().join("node_modules");
    std::fs::create_dir(&modules).expect("a folder");
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
        ],
    );
}
