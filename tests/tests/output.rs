//! What workers write to stdout and stderr: in the log line by line, and never what they wait for.

use std::io::Read as _;
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};

use diglot_tests::{ASGI, Client, NODE, Server, WSGI, binary, server};
use rustix::process::Signal;

#[test]
fn each_line_names_its_service_and_worker() {
    let running = server().app("/", NODE).app("/asgi", ASGI).argument("--workers").argument("2").run();
    for (path, service) in [("/say", "faults_node"), ("/asgi/say", "faults_asgi")] {
        // Two in a row: each worker in turn.
        let mut client = running.connect();
        assert_eq!((client.get(path).text(), client.get(path).text()), ("said".into(), "said".into()));
        for number in 1..=2 {
            running.wait_for(|line| line == format!("{service}[{number}] to stdout"));
            running.wait_for(|line| line == format!("{service}[{number}] to stderr"));
        }
    }
}

#[test]
fn a_flood_on_stdout_is_no_reason_to_wait() {
    for app in [NODE, ASGI] {
        let running = server().app("/", app).run();
        let front = running.process();
        let mut client = running.connect();
        assert_eq!(client.get("/print?bytes=100000000").text(), "printed", "{}", app.name);
        assert_eq!(client.get("/hello").text(), "hello");
        let peak = front.peak_bytes() >> 20;
        assert!(peak < 64, "{}: the server held {peak} MiB for its log", app.name);
    }
}

/// A server with ASGI at `/` and Node at `/node` whose stderr nobody reads once it listens.
fn unwatched(folder: &Server) -> (Child, ChildStderr, SocketAddr) {
    let mut child = Command::new(binary())
        .args(["serve", ASGI.entry, &format!("/node={}", NODE.entry), "--listen", "127.0.0.1:0"])
        .current_dir(folder.folder())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the server's binary can be run");
    let mut stderr = child.stderr.take().expect("it is piped");
    let mut log = String::new();
    let mut byte = [0];
    let address = loop {
        stderr.read_exact(&mut byte).expect("it listens before it ends");
        log.push(char::from(byte[0]));
        if let Some(address) = log.strip_suffix('\n').and_then(|log| log.rsplit_once("listening on http://"))
        {
            break address.1.parse().expect("an address");
        }
    };
    (child, stderr, address)
}

/// Whoever reads the server's stderr may stop reading: neither workers nor requests wait for it, and what is missing is
/// said when it reads on.
#[test]
fn a_log_nobody_reads_is_no_reason_to_wait() {
    let folder = server().file(ASGI.file, ASGI.text).file(NODE.file, NODE.text);
    let (mut child, mut stderr, address) = unwatched(&folder);
    let mut client = Client::connect(address);
    for path in ["/print?bytes=50000000", "/node/print?bytes=50000000"] {
        assert_eq!(client.get(path).text(), "printed", "{path}");
        assert_eq!(client.get("/hello").text(), "hello");
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).expect("it can be signalled");
    let status = child.wait().expect("it is this process's child");
    assert_eq!(status.code(), Some(0), "a log that blocks does not keep the server");
    let mut rest = Vec::new();
    stderr.read_to_end(&mut rest).expect("what was written can be read");
    assert!(rest.len() < 4 << 20, "no more than a pipe holds and the server had begun");
}

/// With nobody at the other end of stderr there is nowhere to write, and nothing to end for.
#[test]
fn a_log_that_is_closed_is_no_reason_to_end() {
    let folder = server().file(ASGI.file, ASGI.text).file(NODE.file, NODE.text);
    let (mut child, stderr, address) = unwatched(&folder);
    drop(stderr);
    let mut client = Client::connect(address);
    for path in ["/print?bytes=1000000", "/node/print?bytes=1000000"] {
        assert_eq!(client.get(path).text(), "printed", "{path}");
        assert_eq!(client.get("/say").text(), "said", "{path}");
        assert_eq!(client.get("/node/say").text(), "said", "{path}");
    }
    assert_eq!(client.get("/exit").status, 502);
    assert_eq!(client.get("/hello").text(), "hello", "what the server has to say is lost, not the server");
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, Signal::TERM).expect("it can be signalled");
    assert_eq!(child.wait().expect("it is this process's child").code(), Some(0));
}

/// A worker whose stderr is closed, or that writes no line ends, serves on.
#[test]
fn odd_output_is_no_harm() {
    let app = r#"
import os, sys
os.write(1, b"no end of line, \xff\x1b[31m and bytes \x00")
os.write(2, b"x" * 100_000)
os.close(2)
def app(environ, start_response):
    os.write(1, b"\nlast\n")
    start_response("200 OK", [])
    return [b"fine"]
"#;
    let running = server().file("odd.py", app).service("odd:app").run();
    assert_eq!(running.get("/").text(), "fine");
    running.wait_for(|line| line == r"odd[1] last");
    let log = running.log().join("\n");
    assert!(log.contains(r"no end of line, � and bytes \x00"), "{log}");
    assert!(!log.contains('\x1b'), "control characters do not reach a terminal");
}

#[test]
fn wsgi_errors_go_to_the_log() {
    let app = r#"
def app(environ, start_response):
    environ["wsgi.errors"].write("from wsgi.errors\n")
    raise RuntimeError("on purpose")
"#;
    let running = server().file("bad.py", app).service("bad:app").app("/fine", WSGI).run();
    assert_eq!(running.get("/").status, 500);
    running.wait_for(|line| line == "bad[1] from wsgi.errors");
    running.wait_for(|line| line.contains("RuntimeError: on purpose"));
    assert_eq!(running.get("/fine/hello").text(), "hello");
}
