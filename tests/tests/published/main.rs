//! Functions over HTTP, of both languages: `POST /rpc/SERVICE/FUNCTION`.

mod answers;
mod ends;
mod refusals;
mod streams;

use std::cell::Cell;

use diglot_tests::{Client, Response, Running, Server, server};
use serde_json::Value;

const PYTHON: &str = include_str!("../../apps/calls/shop.py");
const NODE: &str = include_str!("../../apps/calls/shop.mjs");

/// The services, each with the same functions.
const SHOPS: [&str; 2] = ["python", "node"];

/// Both services, their functions published, with these lines of TOML behind.
fn shops(more: &str) -> Server {
    shops_within("20s", more)
}

/// The same with this grace period.
fn shops_within(grace: &str, more: &str) -> Server {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ntimeouts = {{ grace = \"{grace}\" }}\n{more}\n\
         [services.python]\nentry = \"shop.py\"\nroutes = []\n[services.node]\nentry = \"shop.mjs\"\nroutes = []\n"
    );
    server().file("shop.py", PYTHON).file("shop.mjs", NODE).file("diglot.toml", &config)
}

/// All functions are published.
const ALL: &str = "[functions]\nhttp = \"/rpc\"";
/// Asks for a stream as events.
const EVENTS: &str = "Accept: text/event-stream\r\n";

/// Both services, all of their functions published.
fn published() -> Running {
    shops(ALL).run()
}

/// A request that calls a function, with these fields besides.
fn request(path: &str, fields: &str, arguments: &Value) -> String {
    let arguments = arguments.to_string();
    format!(
        "POST /rpc/{path} HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n{fields}Content-Length: {}\r\n\r\n\
         {arguments}",
        arguments.len()
    )
}

fn call_on(client: &mut Client, path: &str, arguments: &Value) -> Response {
    client.send(request(path, "", arguments)).response()
}

/// Calls a function on a connection of its own.
fn call(running: &Running, path: &str, arguments: &Value) -> Response {
    call_on(&mut running.connect(), path, arguments)
}

fn json(response: &Response) -> Value {
    serde_json::from_slice(&response.body).unwrap_or_else(|error| panic!("{error}: {response:?}"))
}

/// Calls a function that answers.
fn value(running: &Running, path: &str, arguments: &Value) -> Value {
    let response = call(running, path, arguments);
    assert_eq!(
        (response.status, response.field("content-type")),
        (200, Some("application/json")),
        "{response:?}"
    );
    json(&response)
}

/// The problem that a response tells, checked to be one.
fn problem(response: &Response) -> Value {
    assert_eq!(response.field("content-type"), Some("application/problem+json"), "{response:?}");
    let problem = json(response);
    assert_eq!(problem["status"], response.status, "{problem}");
    assert!(problem["title"].is_string() && problem["detail"].is_string(), "{problem}");
    assert!(!response.text().contains("secret") && !response.text().contains("shop."), "{problem}");
    problem
}

/// Waits until so many lines of the log end like that.
fn wait_for_times(running: &Running, ending: &str, times: usize) {
    let seen = Cell::new(0);
    running.wait_for(|line| {
        seen.set(seen.get() + usize::from(line.ends_with(ending)));
        seen.get() == times
    });
}
