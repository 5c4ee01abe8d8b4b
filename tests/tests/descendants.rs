//! Processes that a worker starts itself: they must not stand in for it when it is gone, nor be left behind with it.

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
