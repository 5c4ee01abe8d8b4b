//! How many calls may wait, and how much one may carry: beyond it the documented error in both languages, and nothing is kept.

use diglot_tests::{Running, is_full};
use serde_json::{Value, json};

use crate::faults::{Held, with_commands};
use crate::{CONTROL, call, printed, services, value};

const CALLS: u64 = 10_000;
/// Of a function that says nothing of it.
const QUEUE: u64 = 1_024;
/// What the server may hold more than before while they wait.
const WAITING_BYTES_MAX: u64 = 64 << 20;

/// From Node to Python, and from Python to Node.
fn both_ways(running: &Running, name: &str, parameters: &Value) -> [Value; 2] {
    let of_python = printed(running, &["call", &format!("model.{name}"), "-", "--timeout", "60"], parameters);
    [value(running, name, parameters), of_python]
}

/// Twice: what the first makes larger for good is no leak.
fn wait(name: &str, parameters: &Value, expected: &Value) {
    let running = with_commands();
    let check = || {
        for came in both_ways(&running, name, parameters) {
            assert_eq!(came, *expected);
        }
    };
    check();
    let before = Held::by(&running);
    let server = running.process();
    let resident = server.resident_bytes();
    server.forget_peak();
    check();
    let peak = server.peak_bytes();
    assert!(
        peak < resident + WAITING_BYTES_MAX,
        "the server held {resident} bytes, and {peak} while they waited"
    );
    before.is_all(&running);
}

#[test]
fn ten_thousand_calls_wait_and_are_answered() {
    wait("many", &json!({ "count": CALLS }), &json!(CALLS));
}

/// One runs, as many wait as may, and the others are refused at once, while none of these has been answered.
#[test]
fn of_ten_thousand_calls_those_are_refused_that_may_not_wait() {
    let kept = 1 + QUEUE;
    let expected = json!({ "answered": kept, "overloaded": CALLS - kept });
    wait("crowd", &json!({ "count": CALLS, "kept": kept }), &expected);
}

/// So many bytes as argument and as answer of either language: how many arrived, or the code of the error.
fn each_way(running: &Running, bytes: u64) -> [(&'static str, Value); 4] {
    let through = |name: &str, arguments: Value, weight: Option<u64>| {
        let asked = json!({ "name": name, "arguments": arguments, "weight": weight });
        printed(running, &["call", "model.through", "-", "--timeout", "60"], &asked)
    };
    let outcome = |mut came: Value| match came.get("code") {
        Some(code) => code.clone(),
        None => came["value"].take(),
    };
    [
        ("argument of Node's", outcome(call(running, "heavy", &json!({ "weight": bytes })))),
        ("answer of Python's", outcome(call(running, "large", &json!({ "bytesCount": bytes })))),
        ("argument of Python's", outcome(through("weigh", json!({}), Some(bytes)))),
        ("answer of Node's", outcome(through("large_web", json!({ "bytes_count": bytes }), None))),
    ]
}

fn check_each_way(running: &Running, bytes: u64, expected: &Value) {
    for (way, came) in each_way(running, bytes) {
        assert_eq!(came, *expected, "{bytes} bytes as {way}");
    }
}

#[test]
fn what_is_longer_than_a_message_may_be_is_refused_each_way() {
    const LIMIT: u64 = 4 << 20;
    /// Names and lengths stand in the message, too.
    const AROUND: u64 = 64;
    let limit = "[functions]\nmessage_bytes_max = \"4 MiB\"";
    let running = services("", limit).argument("--control").argument(CONTROL).run();
    let check = || {
        check_each_way(&running, LIMIT - AROUND, &json!(LIMIT - AROUND));
        check_each_way(&running, LIMIT, &json!("too_large"));
    };
    check();
    let before = Held::by(&running);
    (0..5).for_each(|_| check());
    before.is_all(&running);
}

/// By the limit that nobody has set.
#[test]
fn a_gibibyte_is_refused_each_way() {
    let running = with_commands();
    let bytes: u64 = if is_full() { 1 << 30 } else { 160 << 20 };
    check_each_way(&running, 1000, &json!(1000));
    let before = Held::by(&running);
    check_each_way(&running, bytes, &json!("too_large"));
    check_each_way(&running, 1000, &json!(1000));
    assert_eq!(value(&running, "collect", &json!({})), true);
    before.is_all(&running);
    let peak = running.process().peak_bytes();
    assert!(peak < bytes, "the server has never held it: {peak}");
}
