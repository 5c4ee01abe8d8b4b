//! How a server starts, and what it says when it cannot.

use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diglot_tests::{ASGI, NODE, Process, Server, server};

/// The server ends with `code`, and the last it says has all of `reasons`.
fn refuses(server: Server, code: i32, reasons: &[&str]) {
    let running = server.start();
    let (status, log) = running.ended();
    let log = log.join("\n");
    assert_eq!(status.code(), Some(code), "{log}");
    // The reason may be of several lines: a traceback, above all.
    let last = log.rfind("error: ").map(|at| &log[at..]).unwrap_or_default();
    assert!(!last.contains("[1] "), "a worker's line follows the reason:\n{log}");
    for reason in reasons {
        assert!(last.contains(reason), "{reason:?} is not in the last message:\n{log}");
    }
    assert!(!log.contains("diglot: listening"), "{log}");
}

#[test]
fn a_control_socket_in_a_folder_that_is_missing() {
    let at = |place: &str| {
        server()
            .file("main.js", "require('node:http').createServer().listen(1);")
            .argument("--control")
            .argument(place)
            .service("main.js")
    };
    refuses(at("nowhere/diglot.sock"), 1, &["nowhere/diglot.sock", "its folder is not there: make it"]);
    refuses(at(&"long".repeat(40)), 1, &["a socket's path is shorter"]);
}

#[test]
fn an_import_that_fails() {
    let app = "import this_is_nowhere\n";
    refuses(
        server().file("main.py", app).service("main:app"),
        1,
        &["ModuleNotFoundError", "main.py", "line 1"],
    );
    let app = "def broken(:\n";
    refuses(server().file("main.py", app).service("main:app"), 1, &["SyntaxError", "main.py", "line 1"]);
    let app = "require('./this_is_nowhere');\n";
    refuses(server().file("main.js", app).service("main.js"), 1, &["Cannot find module", "main.js"]);
    let app = "\nthrow new Error('no database');\n";
    refuses(server().file("main.js", app).service("main.js"), 1, &["Error: no database", "main.js:2"]);
    let app = "import { nothing } from './other.mjs';\n";
    let server = server().file("main.mjs", app).file("other.mjs", "").service("main.mjs");
    refuses(server, 1, &["nothing", "main.mjs"]);
}

#[test]
fn a_lifespan_that_fails() {
    let app = r#"
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database today"})
"#;
    refuses(server().file("main.py", app).service("main:app"), 1, &["no database today"]);
}

/// As Starlette and its children tell it.
#[test]
fn a_traceback_in_a_lifespans_message_ends_with_the_place_to_look_at() {
    let app = r#"
import traceback

def connect():
    raise OSError("no database")

async def app(scope, receive, send):
    await receive()
    try:
        connect()
    except Exception:
        await send({"type": "lifespan.startup.failed", "message": traceback.format_exc()})
"#;
    refuses(
        server().file("main.py", app).service("main:app"),
        1,
        &["OSError: no database\nlook first at main.py:5"],
    );
    let config =
        "[server]\nlisten = \"127.0.0.1:0\"\n[services.api]\nentry = \"main:app\"\nlifespan = \"on\"\n";
    let raises = "async def app(scope, receive, send):\n    1 / 0\n";
    refuses(
        server().file("main.py", raises).file("diglot.toml", config),
        1,
        &["division by zero\nlook first at main.py:2"],
    );
}

/// As `manage.py startproject` makes it.
#[test]
fn of_a_django_project_the_application_is_named() {
    let project = |target: &str| {
        let main = "import os\ndef main(): pass\nif __name__ == '__main__':\n    main()\n";
        ["site1/__init__.py", "site1/settings.py", "site1/asgi.py", "site1/wsgi.py"]
            .iter()
            .fold(server().file("manage.py", main), |server, file| server.file(file, ""))
            .service(target)
    };
    let meant = "did you mean site1.asgi:application or site1.wsgi:application?";
    refuses(project("manage.py"), 1, &[meant]);
    refuses(project("site1"), 1, &[meant]);
}

/// No package index has it.
#[test]
fn settings_of_django_that_are_not_there() {
    let app = "import importlib, os\nimportlib.import_module(os.environ['DJANGO_SETTINGS_MODULE'])\n";
    let server =
        server().file("main.py", app).service("main:app").env("DJANGO_SETTINGS_MODULE", "nope.settings");
    refuses(server, 1, &["the variable DJANGO_SETTINGS_MODULE says \"nope.settings\"", "main.py:2"]);
}

#[test]
fn an_app_that_is_none() {
    refuses(server().file("main.py", "app = 42\n").service("main:app"), 1, &["main:app", "int"]);
    refuses(server().file("main.py", "def app(one): pass\n").service("main:app"), 1, &["main:app", "WSGI"]);
    refuses(server().file("main.py", "other = 1\n").service("main:app"), 1, &["app", "main"]);
    refuses(server().file("main.py", "other = 1\n").service("main"), 1, &["app", "application"]);
    refuses(server().file("main.mjs", "export default 42;\n").service("main.mjs"), 1, &["listen"]);
}

#[test]
fn a_program_that_does_not_serve() {
    refuses(server().file("main.js", "console.log('done');\n").service("main.js"), 1, &["listen"]);
    refuses(server().file("main.js", "process.exit(3);\n").service("main.js"), 1, &["exit code 3"]);
    refuses(server().file("main.py", "import os; os._exit(3)\n").service("main:app"), 1, &["exit code 3"]);
    let slow = |file: &str, entry: &str, app: &str| {
        let config = format!(
            "[server]\nlisten = [\"127.0.0.1:0\"]\n[server.timeouts]\nstart = \"1s\"\n\
             [services.slow]\nentry = \"{entry}\"\n"
        );
        server().file(file, app).file("diglot.toml", &config)
    };
    refuses(slow("main.js", "main.js", "setInterval(() => {}, 1000);\n"), 1, &["not ready after 1s"]);
    refuses(slow("main.py", "main:app", "import time; time.sleep(600)\n"), 1, &["not ready after 1s"]);
}

#[test]
fn one_service_that_fails_ends_the_others() {
    let running = server().app("/", NODE).file("main.py", "1 / 0\n").service("/py=main:app").start();
    let (status, log) = running.ended();
    let log = log.join("\n");
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("ZeroDivisionError") && log.contains("\"main\""), "{log}");
}

#[test]
fn a_port_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    let server = server().app("/", ASGI).argument("--listen").argument(address.as_str());
    refuses(server, 1, &["cannot listen on", &address, "--listen"]);
}

#[test]
fn a_unix_socket_in_use_and_one_that_is_left_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("socket");
    let listen = format!("unix:{}", path.display());
    let at_path = || server().app("/", ASGI).argument("--listen").argument(listen.as_str());
    let taken = UnixListener::bind(&path).expect("a socket");
    refuses(at_path(), 1, &["cannot listen on", "socket"]);
    drop(taken);
    assert!(path.exists(), "its file is left");
    let running = at_path().run();
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(!path.exists(), "its file is removed at the end");
}

#[test]
fn an_interpreter_or_an_entry_that_is_missing() {
    let with = |keys: &str| {
        let config = format!("[server]\nlisten = [\"127.0.0.1:0\"]\n[services.app]\n{keys}\n");
        server().file(ASGI.file, ASGI.text).file(NODE.file, NODE.text).file("diglot.toml", &config)
    };
    let (asgi, node) = (ASGI.entry, NODE.entry);
    for (keys, named) in [
        (format!("entry = \"{asgi}\"\npython = \"/no/where/python\""), "/no/where/python"),
        (format!("entry = \"{asgi}\"\npython = \"pythonnowhere\""), "pythonnowhere"),
        (format!("entry = \"{node}\"\nnode = \"/no/where/node\""), "/no/where/node"),
        (format!("entry = \"{asgi}\"\nvenv = \"no-venv\""), "no-venv"),
        ("entry = \"nowhere:app\"".to_owned(), "nowhere"),
        ("entry = \"nowhere.js\"".to_owned(), "nowhere.js"),
    ] {
        let (status, log) = with(&keys).start().ended();
        let log = log.join("\n");
        assert_eq!(status.code(), Some(2), "{keys}:\n{log}");
        assert!(log.contains(named), "{log}");
    }
}

/// Starts of which the median counts.
const STARTS: usize = 7;

/// How long the slowest of programs takes that are started at once.
fn time_of(programs: &[(&str, &[&str])], folder: &Path) -> Duration {
    let begun = Instant::now();
    let run = |(program, args): &(&str, &[&str])| {
        Command::new(program).args(*args).current_dir(folder).stdout(Stdio::null()).spawn()
    };
    let running: Vec<_> = programs.iter().map(run).collect();
    for program in running {
        let status = program.and_then(|mut program| program.wait());
        assert!(status.expect("the interpreter can be run").success());
    }
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// Compared with interpreters that load the applications alone, as many at once and in turns, so that a machine with other
/// things to do is as slow for the one as for the other.
#[test]
fn it_is_ready_soon_after_its_slowest_app() {
    let python = format!(
        "import asyncio, concurrent.futures, ctypes, dataclasses, decimal, email.message, http.client, json, \
         logging.config, multiprocessing, sqlite3, ssl, typing, unittest, urllib.request, uuid, xml.dom.minidom, \
         xmlrpc.client, zipfile\n{}",
        ASGI.text
    );
    let make = || server().file("main.py", &python).file("main.js", NODE.text);
    let python3 = std::env::var("DIGLOT_TEST_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let python: (&str, &[&str]) = (&python3, &["-c", "import main"]);
    let node: (&str, &[&str]) = ("node", &["-e", "require('./main.js'); process.exit()"]);
    let own = make();
    for (name, programs, targets) in [
        ("Python", &[python][..], &["main:app"][..]),
        ("Node", &[node], &["main.js"]),
        ("both", &[python, node], &["/=main.js", "/api=main:app"]),
    ] {
        let (mut alone, mut ready) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            alone.push(time_of(programs, own.folder()));
            let server = targets.iter().fold(make(), |server, target| server.service(target));
            let begun = Instant::now();
            let running = server.run();
            ready.push(begun.elapsed());
            running.stop();
        }
        let (slowest, ready) = (median(alone), median(ready));
        println!(
            "{name}: ready after {ready:?}, the slowest application loaded without a server in {slowest:?}"
        );
        assert!(
            ready <= slowest.mul_f64(1.3).max(slowest + Duration::from_millis(150)),
            "{name}: ready after {ready:?}, the slowest application loaded without a server in {slowest:?}"
        );
    }
}

/// A worker that could not start leaves nothing behind, nor does the server it ends.
#[test]
fn nothing_is_left_of_a_failed_start() {
    let wait = "import os, sys, time\nprint('here', file=sys.stderr, flush=True)\n\
                while not os.path.exists('go'): time.sleep(0.01)\nraise SystemError('gone')\n";
    let running = server().app("/", NODE).file("main.py", wait).service("/py=main:app").start();
    running.wait_for(|line| line.contains("here"));
    let workers: Vec<Process> = running.workers().into_iter().map(Process::watch).collect();
    assert!(!workers.is_empty());
    std::fs::write(running.folder().join("go"), "").expect("a file");
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(1), "{log:?}");
    assert!(workers.iter().all(|worker| worker.ends_within(Duration::from_secs(1))), "workers are left");
}

/// The server takes what it may, for its connections; what a program finds is what it would find without a server.
#[test]
fn workers_keep_the_limit_of_open_files_the_server_was_given() {
    let soft = |pid: &str| {
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("a running process");
        let line = limits.lines().find(|line| line.starts_with("Max open files")).expect("the limit");
        let numbers: Vec<String> = line.split_whitespace().skip(3).take(2).map(str::to_owned).collect();
        (numbers[0].clone(), numbers[1].clone())
    };
    let running = server().app("/", ASGI).run();
    let (given, hard) = soft("self");
    assert_eq!(soft(&running.pid().to_string()), (hard.clone(), hard.clone()));
    assert_eq!(soft(&running.workers()[0].to_string()), (given, hard));
}
