//! The real `diglot`, as a person runs it: what it prints, how it ends, what it leaves behind.
//!
//! What is printed is in snapshots, with the test's folder written as `/project`.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    process::{Command, Output},
};

/// Variables that ask for colours or for none, whoever runs the tests.
const COLOURS: [&str; 4] = ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR"];

/// A project in a folder of its own.
struct Project {
    folder: tempfile::TempDir,
}

/// What an installation has beside the command, which cargo builds with the workspace alone.
const PARTS: [&str; 3] = ["libdiglot_native.so", "libdiglot_native.dylib", "diglot-typescript"];

/// A project whose `python3` and `node` are files that nothing starts, and an installation whose parts are such files as well.
fn project() -> Project {
    let project = Project { folder: tempfile::tempdir().expect("a folder") };
    project.executable(".tools/python3").executable(".tools/node");
    for part in PARTS {
        project.executable(&format!(".tools/{part}"));
    }
    let (built, installed) = (env!("CARGO_BIN_EXE_diglot"), project.path(".tools/diglot"));
    fs::hard_link(built, &installed)
        .or_else(|_| fs::copy(built, &installed).map(drop))
        .expect("the command can be put there");
    project
}

/// The machine's PATH, less the folders that have this command.
fn path_without(command: &str) -> std::ffi::OsString {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).filter(|folder| !folder.join(command).is_file());
    std::env::join_paths(folders).expect("what was split can be joined")
}

impl Project {
    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().expect("it exists").join(path)
    }

    fn file(&self, path: &str, text: &str) -> &Project {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
        self
    }

    fn executable(&self, path: &str) -> &Project {
        self.file(path, "");
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).expect("permissions");
        self
    }

    fn diglot(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.path(".tools/diglot"));
        command
            .args(arguments)
            .current_dir(self.path(""))
            .env_remove("VIRTUAL_ENV")
            .env("PATH", self.path(".tools"));
        for variable in COLOURS {
            command.env_remove(variable);
        }
        command
    }

    /// With the interpreters of the machine the test runs on.
    fn real_diglot(&self, arguments: &[&str]) -> Command {
        let mut command = self.diglot(arguments);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command
    }

    /// Exit code, stdout and stderr as one text.
    fn said(&self, output: &Output) -> String {
        let text = format!(
            "exit {}\n--- stdout\n{}--- stderr\n{}",
            output.status.code().expect("no signal"),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        let folder = self.folder.path().canonicalize().expect("it exists");
        text.replace(&folder.display().to_string(), "/project")
    }

    fn says(&self, arguments: &[&str]) -> String {
        self.said(&self.diglot(arguments).output().expect("diglot runs"))
    }
}

#[test]
fn help() {
    let project = project();
    for (name, arguments) in [
        ("help", ["--help"].as_slice()),
        ("help_without_arguments", &[]),
        ("help_serve", &["serve", "--help"]),
        ("help_check", &["help", "check"]),
        ("help_install", &["install", "--help"]),
        ("help_run", &["run", "--help"]),
        ("help_types", &["types", "--help"]),
    ] {
        insta::assert_snapshot!(name, project.says(arguments));
    }
}

#[test]
fn version() {
    let output = project().diglot(&["--version"]).output().expect("diglot runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), concat!("diglot ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn arguments_that_are_none() {
    let project = project();
    for (name, arguments) in [
        ("unknown_command", ["sevre"].as_slice()),
        ("unknown_option", &["serve", "--liste", "x"]),
        ("an_entry_for_a_command", &["/api=api/main.py", "server.js"]),
        ("an_option_that_is_a_key", &["serve", "main:app", "--limit-max-requests", "1000"]),
        ("a_short_option_that_is_a_key", &["serve", "main:app", "-u=www-data"]),
        ("an_option_there_is_none_for", &["serve", "main:app", "--no-server-header"]),
        ("a_level_that_is_none", &["serve", "main:app", "--log-level", "loud"]),
        ("reload", &["serve", "--reload", "main:app"]),
        (
            "a_command_line_of_gunicorn",
            &[
                "serve",
                "-c",
                "gunicorn.conf.py",
                "-w",
                "2",
                "--timeout",
                "0",
                "-t60",
                "--zzz",
                "-R",
                "project.wsgi:app",
            ],
        ),
        ("workers_that_are_no_number", &["serve", "main:app", "--workers", "many"]),
        ("workers_by_themselves", &["serve", "main:app", "--workers", "auto"]),
        ("run_without_a_command", &["run", "api"]),
        ("a_timeout_below_zero", &["call", "model.similar", "--timeout", "-1"]),
        ("functions_of_a_missing_file", &["functions", "--config", "nope.toml"]),
    ] {
        insta::assert_snapshot!(name, project.says(arguments));
    }
}

/// What uvicorn's command line says is understood: each of these is found wrong for what it means, not for its words.
#[test]
fn options_of_uvicorn_mean_the_same() {
    let project = project();
    project.file("main.py", "").file("server.js", "");
    for (name, arguments) in [
        ("a_host_that_is_a_name", ["serve", "main:app", "--host", "example.com", "--port", "80"].as_slice()),
        ("a_host_that_is_localhost", &["serve", "main:app", "--host", "localhost", "-b", "127.0.0.1:8000"]),
        ("a_host_with_its_port", &["serve", "main:app", "--host", "127.0.0.1:18400"]),
        ("a_host_that_is_all", &["serve", "main:app", "--host", "*"]),
        ("a_host_and_a_listen", &["serve", "main:app", "--host", "0.0.0.0", "-b", "127.0.0.1:8000"]),
        ("a_host_of_ipv6", &["serve", "main:app", "--host", "::1", "--listen", "[::1]:8000"]),
        ("a_socket_and_a_descriptor", &["serve", "main:app", "--uds", "run/", "--fd", "2"]),
        ("a_folder_that_is_missing", &["serve", "main:app", "--app-dir", "src", "--env-file", ".env"]),
        ("a_root_path_for_node", &["serve", "server.js", "--root-path", "/shop"]),
        ("a_factory", &["serve", "server.js", "--factory", "--log-level", "critical", "--no-access-log"]),
    ] {
        insta::assert_snapshot!(name, project.says(arguments));
    }
}

#[test]
fn serve_with_nothing_to_serve() {
    let project = project();
    insta::assert_snapshot!("serve_with_nothing_to_serve", project.says(&["serve"]));
    project.file("main.py", "");
    insta::assert_snapshot!("serve_beside_an_app", project.says(&["serve"]));
}

#[test]
fn serve_of_what_is_not_there() {
    let project = project();
    insta::assert_snapshot!(project.says(&[
        "serve",
        "/=web/server.js",
        "/api=api/main.py",
        "--listen",
        "8000"
    ]));
}

#[test]
fn check_without_a_file() {
    let project = project();
    insta::assert_snapshot!("check_without_a_file", project.says(&["check"]));
    insta::assert_snapshot!("check_of_a_missing_file", project.says(&["check", "--config", "deploy.toml"]));
}

const TWO_SERVICES: &str = r#"
[server]
listen = "unix:front.sock"

[services.web]
entry  = "web/server.js"

[services.api]
root    = "api"
entry   = "main:app"
routes  = ["/api", "example.com/api"]
workers = 2
env     = { LEVEL = "info" }
"#;

#[test]
fn check_of_a_sound_file() {
    let project = project();
    project.file("diglot.toml", TWO_SERVICES).file("web/server.js", "").file("api/main.py", "");
    project.file("api/.venv/pyvenv.cfg", "").executable("api/.venv/bin/python").file("other/pyvenv.cfg", "");
    let output =
        project.diglot(&["check"]).env("VIRTUAL_ENV", project.path("other")).output().expect("diglot runs");
    insta::assert_snapshot!(project.said(&output));
}

#[test]
fn check_says_everything_at_once() {
    let project = project();
    project.file("web/server.js", "").file("api/mein.py", "");
    project.file(
        "diglot.toml",
        r#"
[server]
listne = "127.0.0.1:8000"

[services.web]
entry = "web/servre.js"
workers = "2"

[services.api]
root = "api"
entry = "main:app"
venv = ".venv"
"#,
    );
    insta::assert_snapshot!(project.says(&["check"]));
}

#[test]
fn check_warns_of_packages_that_are_not_installed() {
    let project = project();
    let quiet = |why: &str| {
        let said = project.says(&["check"]);
        assert!(!said.contains("warning"), "{why}: {said}");
    };
    project.file("diglot.toml", TWO_SERVICES).file("web/dist/server.js", "").file("api/main.py", "");
    project.file("diglot.toml", &TWO_SERVICES.replace("web/server.js", "web/dist/server.js"));
    project.file("web/package.json", r#"{ "dependencies": {} }"#).file("api/requirements.txt", "# none\n");
    project.file("api/pyproject.toml", "[tool.ruff]\n");
    quiet("nothing is asked for");

    project.file("web/package.json", r#"{ "dependencies": { "express": "5" } }"#);
    project.file("api/requirements.txt", "# web\nflask\n");
    insta::assert_snapshot!(project.says(&["check"]));

    project.file("node_modules/express/index.js", "");
    project.file("api/.venv/pyvenv.cfg", "").executable("api/.venv/bin/python");
    quiet("all is there, some of it in the folder above");

    project.file("api/.venv/lib/python3.13/site-packages/pip/__init__.py", "");
    let said = project.says(&["check"]);
    assert!(
        said.contains("api: nothing of its requirements.txt is in the venv /project/api/.venv"),
        "{said}"
    );
    project.file("api/.venv/lib/python3.13/site-packages/flask/__init__.py", "");
    quiet("it has been installed");
}

#[test]
fn check_warns_of_a_port_in_use() {
    let project = project();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    project.file("server.js", "");
    project.file(
        "diglot.toml",
        &format!("[server]\nlisten = \"{address}\"\n[services.web]\nentry = \"server.js\"\n"),
    );
    let port = address.rsplit(':').next().expect("a port");
    let said = project.says(&["check"]);
    let same_width = |text: &str| text.replace(port, "PORT").replace(&"^".repeat(address.len() + 2), "^^^^");
    insta::assert_snapshot!(same_width(&said));
}

#[test]
fn colours_are_for_terminals() {
    let project = project();
    let has_colours = |variable: &str| {
        let output =
            project.diglot(&["check", "--config", "x"]).env(variable, "1").output().expect("diglot runs");
        output.stderr.contains(&0x1b)
    };
    assert!(!has_colours("NOTHING"));
    assert!(!has_colours("NO_COLOR"));
    assert!(has_colours("CLICOLOR_FORCE"));
}

#[test]
fn run_has_the_services_place() {
    let project = project();
    project.file("diglot.toml", TWO_SERVICES).file("web/server.js", "").file("api/main.py", "");
    project.file("api/.venv/pyvenv.cfg", "").executable("api/.venv/bin/python");
    fs::create_dir_all(project.path("web/node_modules/.bin")).expect("folders");
    symlink("/bin/sh", project.path(".tools/sh")).expect("a link");
    let show = "echo $PWD; echo $PATH; echo venv=$VIRTUAL_ENV level=$LEVEL; exit 7";
    insta::assert_snapshot!("run_python", project.says(&["run", "api", "--", "sh", "-c", show]));
    insta::assert_snapshot!("run_node", project.says(&["run", "web", "--", "sh", "-c", show]));
    insta::assert_snapshot!("run_unknown_service", project.says(&["run", "wbe", "--", "sh"]));
    insta::assert_snapshot!("run_unknown_command", project.says(&["run", "api", "--", "mnage.py", "x"]));
    insta::assert_snapshot!("run_what_is_no_program", project.says(&["run", "api", "--", "./main.py"]));
}

/// A build step must run before what it builds is there.
#[test]
fn run_goes_on_without_the_entry() {
    let project = project();
    project.file("diglot.toml", "[services.web]\nentry = \"dist/server.js\"\n");
    let output =
        project.diglot(&["run", "web", "--", "/bin/sh", "-c", "exit 3"]).output().expect("diglot runs");
    assert_eq!(output.status.code(), Some(3), "{}", project.said(&output));
}

/// A migration without its settings might go to another database.
#[test]
fn run_needs_the_environment_whole() {
    let project = project();
    project.file("server.js", "");
    project.file("diglot.toml", "[services.web]\nentry = \"server.js\"\nenv_file = \".env\"\n");
    insta::assert_snapshot!(project.says(&["run", "web", "--", "/bin/sh"]));
}

#[test]
fn run_stops_at_a_file_that_is_wrong() {
    let project = project();
    project.file("diglot.toml", "[services.web]\nentry = \"server.js\"\nenv = { A = 1 }\n");
    insta::assert_snapshot!(project.says(&["run", "web", "--", "/bin/sh"]));
}

/// Neither a registry nor a package is needed: both tools are content with nothing to fetch.
#[test]
fn install_makes_what_serve_looks_for() {
    let project = project();
    project.file("diglot.toml", TWO_SERVICES).file("web/server.js", "").file("api/main.py", "");
    project.file("web/package.json", r#"{ "name": "web", "version": "1.0.0" }"#);
    project.file("api/requirements.txt", "# nothing yet\n");
    let output = project.real_diglot(&["install"]).output().expect("diglot runs");
    let said = project.said(&output);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(project.path("web/package-lock.json").is_file(), "{said}");
    assert!(project.path("api/.venv/bin/python").exists(), "{said}");
    assert!(said.contains("web: npm install --no-audit --no-fund: done in "), "{said}");
    assert!(said.contains("api: the package `diglot` is in /project/api/.venv/lib/python"), "{said}");

    let again = project.real_diglot(&["install"]).output().expect("diglot runs");
    let said = project.said(&again);
    assert_eq!(again.status.code(), Some(0), "{said}");
    assert!(said.contains("web: npm ci "), "{said}");
    assert!(!said.contains("venv /"), "it is made once: {said}");
    assert!(!said.contains("the package `diglot`"), "and so is this: {said}");
    let program = "from diglot.testing import stub\ntry: import diglot_services\nexcept ModuleNotFoundError: pass\nelse: exit(1)";
    let tests = Command::new(project.path("api/.venv/bin/python")).args(["-c", program]).status();
    assert!(
        tests.expect("the venv's python runs").success(),
        "tests find the package, and type checkers no module before the written one"
    );

    let check = project.real_diglot(&["check"]).output().expect("diglot runs");
    assert!(project.said(&check).contains("main:app (api/.venv/bin/python)"), "{}", project.said(&check));
}

/// As one whose making was interrupted, and one that uv has made.
#[test]
fn install_mends_a_venv_without_pip() {
    let project = project();
    project.file("diglot.toml", "[services.api]\nentry = \"main:app\"\n").file("main.py", "");
    project.file("requirements.txt", "# nothing yet\n");
    let made =
        Command::new("python3").args(["-m", "venv", "--without-pip"]).arg(project.path(".venv")).status();
    assert!(made.expect("python3 runs").success());
    let output = project.real_diglot(&["install"]).env("PATH", path_without("uv")).output();
    let said = project.said(&output.expect("diglot runs"));
    assert!(said.contains("api: .venv/bin/python -m ensurepip --upgrade: done in "), "{said}");
    assert!(said.contains("-r requirements.txt: done in "), "{said}");
}

/// Two folders with modules, and nobody has said which of them would be a package.
#[test]
fn install_of_an_application_that_is_no_package() {
    let project = project();
    project.file("diglot.toml", "[services.api]\nentry = \"main:app\"\n").file("main.py", "");
    project.file("shop/__init__.py", "").file("site1/__init__.py", "");
    project.file(
        "pyproject.toml",
        "[project]\nname = \"shop\"\nversion = \"1\"\n\
         dependencies = [\"own @ file:///nowhere/own-1-py3-none-any.whl\"]\n",
    );
    let output = project.real_diglot(&["install"]).output().expect("diglot runs");
    let said = project.said(&output);
    // What it asks for is asked for, alone; that it is nowhere needs no registry to find out.
    assert!(said.contains("own-1-py3-none-any.whl"), "{said}");
    assert!(!said.contains("Multiple top-level packages"), "{said}");
    assert!(!project.path("build").exists() && !project.path("shop.egg-info").exists(), "{said}");
}

#[test]
fn install_shows_why_it_failed() {
    let project = project();
    project.file("diglot.toml", "[services.web]\nentry = \"server.js\"\n").file("server.js", "");
    project.file("package.json", r#"{ "name": "web", "version": "1.0.0", "dependencies": { "left": "1" } }"#);
    project.file(
        "package-lock.json",
        r#"{ "name": "web", "version": "1.0.0", "lockfileVersion": 3, "packages": { "": { "name": "web" } } }"#,
    );
    let output = project.real_diglot(&["install"]).output().expect("diglot runs");
    let said = project.said(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("npm error"), "its own words: {said}");
    let last = "\
error: web: `npm ci --no-audit --no-fund` ended with 1, in /project
hint: the lines above say what is in the way; where package.json and its lockfile differ, run `npm install`\n";
    assert!(said.trim_end_matches('\n').ends_with(last.trim_end()), "{said}");
}

#[test]
fn install_where_there_is_nothing_to_install() {
    let project = project();
    project.file("diglot.toml", TWO_SERVICES).file("web/server.js", "").file("api/main.py", "");
    insta::assert_snapshot!(project.says(&["install"]));
}

#[test]
fn install_without_the_tools() {
    let project = project();
    project.file("diglot.toml", "[services.web]\nentry = \"server.js\"\n").file("server.js", "");
    project.file("package.json", "{}");
    insta::assert_snapshot!(project.says(&["install"]));
}

#[test]
fn types_of_what_cannot_be_asked() {
    let project = project();
    insta::assert_snapshot!("types_without_a_file", project.says(&["types"]));
    project.file("diglot.toml", "[services.api]\n");
    insta::assert_snapshot!("types_of_a_file_that_is_wrong", project.says(&["types", "--check"]));
    project.file("main.py", "").file("diglot.toml", "[services.api]\nentry = \"main:app\"\n");
    insta::assert_snapshot!(
        "types_of_a_server_that_is_not_there",
        project.says(&["types", "--control", "no.sock"])
    );
}
