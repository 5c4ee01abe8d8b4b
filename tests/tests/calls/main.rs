//! Functions of one service called by another: Node's by Python, Python's by Node.

mod between;
mod deaths;
mod ends;
mod faults;
mod fixtures;
mod leaving;
mod limits;
mod pair;
mod routes;
mod rules;
mod schemas;
mod shell;
mod tables;
mod trace;
mod values;

use std::cell::Cell;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use diglot_tests::{Running, Server, binary, server};
use serde_json::Value;

const MODEL: &str = include_str!("../../apps/calls/model.py");
const WEB: &str = include_str!("../../apps/calls/web.mjs");

/// A web service in Node and functions in Python, with these lines of TOML for the latter and behind all.
fn services(model: &str, more: &str) -> Server {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ntimeouts = {{ grace = \"20s\" }}\n\
         [services.web]\nentry = \"web.mjs\"\nroutes = \"/\"\n\
         [services.model]\nentry = \"model.py\"\n{model}\n{more}\n"
    );
    server().file("model.py", MODEL).file("web.mjs", WEB).file("diglot.toml", &config)
}

/// Waits until so many lines of the log end like that.
fn wait_for_times(running: &Running, ending: &str, times: usize) {
    let seen = Cell::new(0);
    running.wait_for(|line| {
        seen.set(seen.get() + usize::from(line.ends_with(ending)));
        seen.get() == times
    });
}

/// The path that calls a function of the model through the web service.
fn path(function: &str, parameters: &Value) -> String {
    let query: String = parameters
        .to_string()
        .bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    format!("/{function}?{query}")
}

/// What came of a call.
fn call(running: &Running, function: &str, parameters: &Value) -> Value {
    let response = running.get(&path(function, parameters));
    assert_eq!(response.status, 200, "{response:?}");
    serde_json::from_str(&response.text()).expect("JSON")
}

/// The value that a call answered with.
fn value(running: &Running, function: &str, parameters: &Value) -> Value {
    let mut answer = call(running, function, parameters);
    assert!(answer.get("value").is_some(), "{answer:#}");
    answer["value"].take()
}

/// The class of the error that a call ended with, and its message.
fn error(running: &Running, function: &str, parameters: &Value) -> (String, String) {
    let answer = call(running, function, parameters);
    let text = |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("{answer:#}")).to_owned();
    (text("code"), text("message"))
}

/// Where the servers that a test asks by commands have their control socket, in their folder.
const CONTROL: &str = "diglot.sock";

/// What a command of `diglot` came to that was asked of a server, whose control socket is [`CONTROL`].
fn command(running: &Running, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(binary())
        .args(arguments)
        .args(["--control", CONTROL])
        .current_dir(running.folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command can be run");
    child.stdin.take().expect("stdin is piped").write_all(input).expect("the command reads");
    child.wait_with_output().expect("the command ends")
}

/// The JSON that a command of `diglot` printed, which went well.
fn printed(running: &Running, arguments: &[&str], input: &Value) -> Value {
    let input = if input.is_null() { String::new() } else { input.to_string() };
    let output = command(running, arguments, input.as_bytes());
    assert!(output.status.success(), "{}\n{:#?}", String::from_utf8_lossy(&output.stderr), running.log());
    serde_json::from_slice(&output.stdout).expect("JSON")
}
