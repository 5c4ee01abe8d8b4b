//! How a Node worker ends: told by the server, signalled with it, or by closing its own server.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use diglot_tests::{Process, Running, load};
use rustix::process::Signal;

use super::program;

fn watched(running: &Running) -> Vec<Process> {
    running.workers().into_iter().map(Process::watch).collect()
}

/// Signals every process of the server at once, while a request is in flight in each worker.
fn check_group_signal(text: &str, signal: Signal, said: &[&str]) {
    let running = program("server.cjs", text, "workers = 2").run();
    let workers = watched(&running);
    let mut busy: Vec<_> = (0..4)
        .map(|_| {
            let mut client = running.connect();
            client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
            client
        })
        .collect();
    while running.log().iter().filter(|line| line.contains("begun")).count() < busy.len() {
        running.wait_for(|line| line.contains("begun"));
    }
    workers.iter().for_each(|worker| worker.signal(signal));
    running.signal(signal);
    for client in &mut busy {
        let answer = client.response();
        assert_eq!((answer.status, answer.text().as_str()), (200, "slow"));
    }
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:#?}");
    for text in said {
        assert_eq!(log.iter().filter(|line| line.contains(text)).count(), 2, "{text}, by each: {log:#?}");
    }
    assert!(!log.iter().any(|line| line.contains("did not finish cleanly")), "{log:#?}");
}

const SLOW: &str = r#"
const http = require("node:http");
const server = http.createServer((request, response) => {
  console.log("begun");
  setTimeout(() => response.end("slow"), 700);
}).listen(0);
"#;

/// As systemd stops a unit: every process of it gets the signal, workers as the server.
#[test]
fn a_signal_to_every_process_at_once_loses_nothing() {
    check_group_signal(SLOW, Signal::TERM, &[]);
    check_group_signal(SLOW, Signal::INT, &[]);
    // The handlers run, each once, when nothing is in flight any more.
    let graceful = "process.on('SIGTERM', () => { console.log('told'); server.close(() => { console.log('closed'); }); });";
    check_group_signal(&format!("{SLOW}{graceful}"), Signal::TERM, &["told", "closed"]);
    let at_once = "process.once('SIGTERM', () => { console.log('told'); process.exit(0); });";
    check_group_signal(&format!("{SLOW}{at_once}"), Signal::TERM, &["told"]);
    // As NestJS does: it takes its handler away, and signals itself.
    let itself = "process.on('SIGTERM', function told() { console.log('told'); process.removeListener('SIGTERM', told); \
                  setTimeout(() => process.exit(0), 10); });";
    check_group_signal(&format!("{SLOW}{itself}"), Signal::TERM, &["told"]);
    // A module that is loaded before everything else has a handler, too.
    let early = "process.listeners('SIGTERM').length || process.on('SIGTERM', () => { console.log('told'); process.exit(0); });";
    check_group_signal(&format!("{early}{SLOW}"), Signal::TERM, &["told"]);
}

/// What libraries look at to find out whether the program has handlers of its own.
#[test]
fn no_listener_of_the_server_is_to_be_seen() {
    let text = r#"
const seen = ["SIGTERM", "SIGINT"].map((name) => [process.listenerCount(name), process.listeners(name).length]);
process.on("SIGTERM", () => {});
process.removeAllListeners("SIGTERM");
seen.push(process.listenerCount("SIGTERM"), process.eventNames().filter((name) => String(name).startsWith("SIG")));
require("node:http").createServer((request, response) => response.end(JSON.stringify(seen))).listen(0);
"#;
    let running = program("server.cjs", text, "").run();
    assert_eq!(running.get("/").text(), "[[0,0],[0,0],0,[]]");
    // Its last listener is gone, and the signal waits all the same.
    let worker = running.worker();
    worker.signal(Signal::TERM);
    assert_eq!(running.get("/").status, 200);
    assert!(!worker.ends_within(Duration::from_millis(50)));
    assert_eq!(running.stop().0.code(), Some(0));
}

/// Signals that nobody but the program knows do what they do under `node`.
#[test]
fn other_signals_are_the_programs() {
    let text = r#"
process.on("SIGUSR2", () => console.log("heard"));
require("node:http").createServer((request, response) => response.end(String(process.pid))).listen(0);
"#;
    let running = program("server.cjs", text, "").run();
    let worker = running.worker();
    worker.signal(Signal::USR2);
    running.wait_for(|line| line.contains("heard"));
    worker.signal(Signal::HUP);
    running.wait_for(|line| line.contains("it ended: killed by SIGHUP"));
    assert_ne!(running.get("/").text(), worker.pid().to_string());
}

const CLOSES: &str = r#"
const http = require("node:http");
const server = http.createServer((request, response) => {
  response.end(String(process.pid));
  if (request.url !== `/close?${process.pid}`) return;
  server.close(() => {
    console.log("closed");
    if (process.env.AGAIN) setTimeout(() => server.listen(0, () => console.log("again")), 200);
  });
}).listen(0);
"#;

/// Has one of two workers under load close its server, four times.
fn check_close(variable: &str, closes: &str, said: &str) {
    let running = program("server.cjs", CLOSES, "workers = 2").env(variable, "1").run();
    let load = load(running.address(), "/", 16);
    load.goes_on(50);
    for round in 1..=4 {
        // Requests go to both: sooner or later one reaches the worker that it names.
        let pid = running.get("/pid").text();
        let mut client = running.connect();
        while client.get(&format!("/close?{pid}")).text() != pid {}
        let deadline = Instant::now() + Duration::from_secs(30);
        while running.log().iter().filter(|line| line.contains(closes)).count() < round {
            assert!(Instant::now() < deadline, "{:#?}", running.log());
            load.goes_on(1);
        }
        running.wait_for(|line| line.contains(said));
        load.goes_on(50);
    }
    let outcomes = load.stop();
    assert_eq!(outcomes.lost, Vec::<String>::new());
    assert_eq!(
        outcomes.statuses.keys().copied().collect::<HashSet<_>>(),
        HashSet::from([200]),
        "{outcomes:?}"
    );
    assert_eq!(running.stop().0.code(), Some(0));
}

#[test]
fn a_worker_that_closes_its_server_loses_nothing() {
    check_close(
        "NOTHING",
        "its program has ended by itself, with exit code 0; a new one is started",
        "closed",
    );
}

#[test]
fn a_worker_may_listen_again() {
    check_close("AGAIN", "again", "closed");
}
