//! A program that throws, exits or is killed while it serves: what becomes of its requests, and what the log says.

use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::Running;

use super::{carries_contexts, program};

/// Each path is a way to end; `/wait` is never answered, `/pid` at once.
const PROGRAM: &str = r#"
const http = require("node:http");
if (process.env.HANDLER) process.on("uncaughtException", (error) => console.log("handled", error.message));
if (process.env.CAPTURE) process.setUncaughtExceptionCaptureCallback((error) => console.log("handled", error.message));
if (process.env.REJECTION) process.on("unhandledRejection", (error) => console.log("handled", error.message));
const ways = {
  wait() { console.log("waits"); },
  pid: (_request, response) => response.end(String(process.pid)),
  throws() { throw new Error("at once"); },
  throws_later() { setTimeout(() => { throw new Error("later"); }, 5); },
  rejects: async () => { throw new Error("at once"); },
  rejects_later: async () => {
    await new Promise((resolve) => setTimeout(resolve, 5));
    throw new Error("later");
  },
  domain(_request, response) {
    const domain = require("node:domain").create();
    domain.on("error", () => response.end("by its domain"));
    domain.run(() => setTimeout(() => { throw new Error("later"); }, 5));
  },
  exits() { process.exit(7); },
  exits_later() { setTimeout(() => process.exit(0), 5); },
  aborts() { process.abort(); },
  native() { process.kill(process.pid, "SIGSEGV"); },
  terminates() { process.kill(process.pid); },
  sends() { process.send("ready"); },
  fills() { const all = []; for (;;) all.push(new Array(1000).fill(Math.random())); },
};
http.createServer((request, response) => ways[request.url.split("?")[0].slice(1)](request, response)).listen(0);
"#;

fn running(variable: &str, settings: &str) -> Running {
    program("server.cjs", PROGRAM, settings).env(variable, "1").run()
}

/// Has a program end by `path` while another request is in flight: that is answered with 502 at once, the log has each of `said`, and another
/// worker serves.
fn check_ends(path: &str, settings: &str, said: &[&str]) {
    let server = running("NOTHING", settings);
    let before = server.get("/pid").text();
    let mut other = server.connect();
    other.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n");
    server.wait_for(|line| line.contains("waits"));
    let mut culprit = server.connect();
    culprit.send(format!("GET /{path}?secret=1 HTTP/1.1\r\nHost: test\r\nX-Request-ID: a-17\r\n\r\n"));
    let asked = Instant::now();
    assert_eq!(culprit.response().status, 502, "{path}");
    assert_eq!(other.response().status, 502, "{path}");
    assert!(asked.elapsed() < Duration::from_secs(20), "{path}: {:?}", asked.elapsed());
    for text in said {
        server.wait_for(|line| line.contains(text));
    }
    assert_ne!(server.get("/pid").text(), before, "{path}");
    assert!(
        !server.log().iter().any(|line| line.contains("secret")),
        "queries are not logged: {:#?}",
        server.log()
    );
    assert_eq!(server.stop().0.code(), Some(0), "{path}");
}

#[test]
fn an_error_that_nobody_catches_ends_the_worker_and_is_told_with_its_request() {
    let others = "1 other request in flight is cut, with 502 where nothing was sent yet: GET /wait";
    let ended = "worker 1: it ended: exit code 1";
    check_ends(
        "throws",
        "",
        &["an uncaught error in GET /throws (request id a-17); ", others, "Error: at once", ended],
    );
    check_ends("rejects", "", &["an unhandled rejection in GET /rejects (request id a-17); ", others, ended]);
    let (thrown, rejected) = match carries_contexts() {
        true => {
            ("an uncaught error in GET /throws_later (", "an unhandled rejection in GET /rejects_later (")
        }
        false => {
            ("an uncaught error in one of the requests", "an unhandled rejection in one of the requests")
        }
    };
    check_ends("throws_later", "", &[thrown, "GET /wait", "Error: later", ended]);
    check_ends("rejects_later", "", &[rejected, "GET /wait", "Error: later", ended]);
}

#[test]
fn what_has_no_process_manager_to_send_to_is_told_so() {
    check_ends("sends", "", &["write `process.send?.(…)`"]);
}

#[test]
fn an_exit_is_told_with_its_place_and_code() {
    check_ends(
        "exits",
        "",
        &[
            "this worker ends: process.exit() at ",
            "server.cjs:21:21, exit code 7, in GET /exits (request id a-17)",
            "it ended: exit code 7",
        ],
    );
    check_ends(
        "exits_later",
        "",
        &[
            "server.cjs:22:44, exit code 0",
            "its program has ended by itself, with exit code 0; a new one is started",
        ],
    );
}

#[test]
fn a_signal_is_named() {
    check_ends("aborts", "", &["it ended: killed by SIGABRT (its runtime, or native code, gave up)"]);
    check_ends("native", "", &["it ended: killed by SIGSEGV (a crash in native code)"]);
    // Of the server's own signals the program may send itself one, too.
    check_ends("terminates", "", &["it ended: killed by SIGTERM"]);
}

#[test]
fn a_full_heap_is_named_with_what_to_do() {
    check_ends(
        "fills",
        "node_args = \"--max-old-space-size=40\"",
        &[
            "killed by SIGABRT",
            "its JavaScript heap was full, at ",
            "`node_args = [\"--max-old-space-size=256\"]`",
        ],
    );
}

/// The program goes on, and so do its other requests.
fn check_goes_on(variable: &str, settings: &str, path: &str) -> Running {
    let server = running(variable, settings);
    let before = server.get("/pid").text();
    let mut culprit = server.connect();
    culprit.send(format!("GET /{path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    server.wait_for(|line| line.contains("handled "));
    assert_eq!(server.get("/pid").text(), before, "{variable} {settings} {path}");
    assert!(!server.log().iter().any(|line| line.contains("this worker ends")), "{:#?}", server.log());
    server
}

#[test]
fn a_program_with_a_handler_of_its_own_goes_on() {
    for variable in ["HANDLER", "CAPTURE"] {
        for path in ["throws", "rejects", "throws_later", "rejects_later"] {
            let server = check_goes_on(variable, "", path);
            let told = format!(" in GET /{path} has gone to the program's own handler");
            if carries_contexts() || !path.ends_with("later") {
                server.wait_for(|line| line.contains(&told));
            }
        }
    }
    check_goes_on("REJECTION", "", "rejects");
    let server = running("NOTHING", "");
    assert_eq!(server.get("/domain").text(), "by its domain");
}

#[test]
fn rejections_have_the_mode_that_node_is_given() {
    for mode in ["warn", "none"] {
        let server = running("NOTHING", &format!("node_args = \"--unhandled-rejections={mode}\""));
        let before = server.get("/pid").text();
        let mut culprit = server.connect();
        culprit.send("GET /rejects HTTP/1.1\r\nHost: test\r\n\r\n");
        if mode == "warn" {
            server.wait_for(|line| line.contains("UnhandledPromiseRejectionWarning"));
        }
        assert_eq!(server.get("/pid").text(), before, "{mode}");
    }
    check_ends(
        "rejects",
        "node_args = \"--unhandled-rejections=strict\"",
        &["an unhandled rejection in GET /rejects"],
    );
}

/// An error outside of every request, on its own, and while one is in flight.
#[test]
fn an_error_of_no_request_says_so() {
    let text = r#"
const http = require("node:http");
const fs = require("node:fs");
const watched = fs.watch(".", (_kind, file) => { if (file === "now") throw new Error("in the background"); });
http.createServer((request, response) => response.end(String(process.pid))).listen(0);
"#;
    let server = program("server.cjs", text, "").run();
    let before = server.get("/").text();
    std::fs::write(server.folder().join("now"), "").expect("a file");
    let expected = match carries_contexts() {
        true => "an uncaught error outside of any request; no request is in flight",
        false => "an uncaught error while no request was in flight; no request is in flight",
    };
    server.wait_for(|line| line.contains(expected));
    while server.get("/").text() == before {
        thread::yield_now();
    }
}

#[test]
fn a_program_that_ends_before_it_serves_says_where() {
    let check = |text: &str, settings: &str, reason: &str| {
        let (status, log) = program("server.mjs", text, settings).start().ended();
        assert_eq!(status.code(), Some(1), "{log:?}");
        assert!(log.last().expect("a line").contains(reason), "{reason}: {log:#?}");
    };
    check(
        "process.exit(3)",
        "",
        "server.mjs ended with exit code 3 before it served anything: process.exit() at ",
    );
    check("process.exit(3)", "", "server.mjs:1:9. ");
    check("await new Promise(() => {})", "", "a top-level await never settled");
    check(
        "setInterval(() => {}, 1000); await new Promise(() => {})",
        "timeouts = { start = \"1s\" }",
        "it was not ready after 1s and was killed: its start waits for something",
    );
}
