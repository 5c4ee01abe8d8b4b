//! Connections that a Node program takes over, through the whole server: upgrades, CONNECT, and the packages that live on them.

#[path = "node_tunnels/engines.rs"]
mod engines;
#[path = "node_tunnels/packages.rs"]
mod packages;
#[path = "node_tunnels/raw.rs"]
mod raw;
#[path = "node_tunnels/stopping.rs"]
mod stopping;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::{Client, Running, Server, server};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);
const RAW: &str = include_str!("../apps/tunnels/raw.js");
const WS: &str = include_str!("../apps/tunnels/ws.js");

/// A server with this program at `/`.
fn program(text: &str) -> Server {
    server().file("app.js", text).service("app.js")
}

/// The program's word on itself at `/state`.
fn state(running: &Running) -> Value {
    serde_json::from_str(&running.get("/state").text()).expect("JSON")
}

/// Asks for it until it is as wanted.
fn until(running: &Running, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = state(running);
        if is_it(&state) {
            return state;
        }
        assert!(Instant::now() < deadline, "never: {what}: {state}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// Asks for an upgrade to nothing that exists, with `behind` right behind the request.
fn upgrade(running: &Running, path: &str, behind: &[u8]) -> Client {
    let mut client = running.connect();
    let head = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n");
    client.send([head.as_bytes(), behind].concat());
    client
}

/// The same, with the 101 taken.
fn upgraded(running: &Running, path: &str, behind: &[u8]) -> Client {
    let mut client = upgrade(running, path, behind);
    let answer = client.response();
    assert_eq!((answer.status, answer.field("upgrade")), (101, Some("raw")), "{answer:?}");
    client
}

/// Runs a client of the tests' own, a program in `apps/tunnels`.
fn run_client(file: &str, url: &str) {
    run_client_with(&[file, url]);
}

fn run_client_with(arguments: &[&str]) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/apps/tunnels");
    let output = Command::new("node").args(arguments).current_dir(folder).output().expect("node can be run");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} ended with {}: {said}", arguments[0], output.status);
}
