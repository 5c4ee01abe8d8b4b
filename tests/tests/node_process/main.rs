//! Node programs as processes: what ends them, what they start, who looks into them, and what the log says of it all.
//!
//! `DIGLOT_TEST_NODE` names another Node than the one on PATH.

mod children;
mod cluster;
mod connections;
mod crashes;
mod facts;
mod inspector;
mod leaving;

use diglot_tests::{Server, server};

/// A server of `program`, with these lines of TOML for its service.
fn program(file: &str, text: &str, settings: &str) -> Server {
    let node =
        std::env::var("DIGLOT_TEST_NODE").map(|node| format!("node = \"{node}\"\n")).unwrap_or_default();
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ntimeouts = {{ grace = \"10s\" }}\n\
         [services.app]\nentry = \"{file}\"\n{node}{settings}\n"
    );
    server().file(file, text).file("diglot.toml", &config)
}

/// Whether Node carries the context of a request along to whatever it has begun.
fn carries_contexts() -> bool {
    major() >= 24
}

/// The version of the Node under test.
fn major() -> u32 {
    let node = std::env::var("DIGLOT_TEST_NODE").unwrap_or_else(|_| "node".to_owned());
    let output = std::process::Command::new(node).arg("--version").output().expect("node runs");
    let version = String::from_utf8_lossy(&output.stdout).into_owned();
    version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok()).expect("a version")
}
