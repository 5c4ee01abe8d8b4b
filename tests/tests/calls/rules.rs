//! A worker that breaks the protocol's rules ends, and with it what it had; who had called it goes on.

use serde_json::{Value, json};

use crate::{error, services, value};

const ROGUE: &str = include_str!("../../apps/calls/rogue.py");

/// The rogue is called, and is ended for breaking this rule. Its caller is told, lives on, and reaches the next one.
fn check(function: &str, parameters: &Value, rule: &str) {
    let running = services("routes = \"/rogue\"", "").file("model.py", ROGUE).run();
    let before = running.workers();
    let (code, message) = error(&running, function, parameters);
    assert_eq!(code, "worker_lost", "{message}");
    running.wait_for(|line| line.contains("it broke the link's protocol (calls: ") && line.contains(rule));
    assert_eq!(value(&running, "slow", &json!({})), "fine");
    let after = running.workers();
    assert_eq!(after.iter().filter(|pid| before.contains(pid)).count(), 1, "{before:?}, {after:?}");
}

#[test]
fn items_that_are_stopped_twice() {
    check("total", &json!({ "to": 1_000_000_000 }), "a Stop frame out of turn");
}

#[test]
fn a_stream_that_ends_within_an_item() {
    check("count", &json!({ "stream": 3 }), "a stream ends within an item");
}

#[test]
fn an_item_that_is_longer_than_any_may_be() {
    check("endless", &json!({ "stream": 3 }), "an item of 4294967280 bytes is announced");
}

#[test]
fn functions_without_end() {
    check("similar", &json!({}), "more than 1024 functions are offered");
}
