//! Processes that a worker starts itself: they must not stand in for it when it is gone, nor be left behind with it.

use std::process::Command;
use std::time::{Duration, Instant};

use diglot_tests::{App, Client, Process, Running, server};
use rustix::process::Signal;

/// `/fork` leaves a copy of the worker, `/session` one that has left its process group besides, `/spawn` another program.
const APP: App = App {
    name: "a forking ASGI application",
    file: "forking.py",
    entry: "forking:app",
    text: r#"
import asyncio, os, subprocess, sys, time
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    body = str(os.getpid())
    if scope["path"] == "/wait":
        print("begun", file=sys.stderr, flush=True)
        await asyncio.sleep(600)
    elif scope["path"] == "/talk":
        body = str(subprocess.Popen(["sh", "-c", "read line < go; echo it speaks; exec sleep 600"]).pid)
    elif scope["path"] == "/spawn":
        body = str(subprocess.Popen(["sleep", "600"]).pid)
    elif scope["path"] != "/":
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            if scope["path"] == "/session":
                os.setsid()
            os.write(writer, b"!")
            while True:
                time.sleep(600)
        os.read(reader, 1)
        body = str(child)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body.encode()})
"#,
};

/// The same in Node.
const NODE: App = App {
    name: "a Node program that starts another",
    file: "spawning.js",
    entry: "spawning.js",
    text: r#"
const { spawn } = require("node:child_process");
const talk = ["sh", ["-c", "read line < go; echo it speaks; exec sleep 600"]];
require("node:http").createServer((request, response) => {
  if (request.url === "/") return response.end(String(process.pid));
  const child = spawn(...talk, { stdio: "inherit" });
  child.unref();
  response.end(String(child.pid));
}).listen(0);
"#,
};

/// Under other servers, too, a worker that is replaced leaves alone what its application has started.
#[test]
fn what_a_replaced_worker_has_started_lives_on_and_is_heard() {
    for app in [APP, NODE] {
        let server = server().app("/", app);
        let fifo = server.folder().join("go");
        assert!(Command::new("mkfifo").arg(&fifo).status().expect("mkfifo runs").success());
        let running = server.run();
        let old = running.worker();
        let child = start(&running, "/talk");
        running.signal(Signal::HUP);
        running.wait_for(|line| line.contains("every worker has been restarted"));
        assert!(old.ends_within(Duration::from_secs(10)), "{}", app.name);
        assert!(!child.ends_within(Duration::from_millis(300)), "{}", app.name);
        std::fs::write(running.folder().join("go"), "go\n").expect("somebody reads it");
        running.wait_for(|line| line.contains("it speaks"));
        child.signal(Signal::KILL);
        let (status, log) = running.stop();
        assert_eq!(status.code(), Some(0), "{}: {log:?}", app.name);
    }
}

fn start(running: &Running, path: &str) -> Process {
    Process::watch(running.get(path).text().parse().expect("a process id"))
}

/// One worker, with a request that is waiting for its answer.
fn waiting() -> (Running, Client) {
    let running = server().app("/", APP).run();
    let mut client = running.connect();
    client.send("GET /wait HTTP/1.1\r\nHost: test\r\n\r\n");
    running.wait_for(|line| line.contains("begun"));
    (running, client)
}

#[test]
fn a_copy_of_a_dead_worker_does_not_keep_its_requests() {
    for path in ["/fork", "/session", "/spawn"] {
        let (running, mut client) = waiting();
        let child = start(&running, path);
        let killed = Instant::now();
        running.worker().signal(Signal::KILL);
        assert_eq!(client.response().status, 502, "{path}");
        assert!(killed.elapsed() < Duration::from_secs(5), "{path}: after {:?}", killed.elapsed());
        assert_eq!(running.get("/").status, 200, "{path}: another worker serves");
        if path == "/session" {
            // Whoever leaves the group wants to outlive its worker.
            assert!(!child.ends_within(Duration::ZERO));
            child.signal(Signal::KILL);
        } else {
            assert!(child.ends_within(Duration::from_secs(10)), "{path}: it is left behind");
        }
    }
}

#[test]
fn a_copy_of_a_worker_does_not_keep_the_server_from_ending() {
    for path in ["/fork", "/session", "/spawn"] {
        let running = server().app("/", APP).run();
        let child = start(&running, path);
        let asked = Instant::now();
        let (status, log) = running.stop();
        assert_eq!(status.code(), Some(0), "{path}: {log:?}");
        assert!(asked.elapsed() < Duration::from_secs(10), "{path}: after {:?}", asked.elapsed());
        if path == "/session" {
            child.signal(Signal::KILL);
        } else {
            assert!(child.ends_within(Duration::from_secs(5)), "{path}: it is left behind");
        }
    }
}
