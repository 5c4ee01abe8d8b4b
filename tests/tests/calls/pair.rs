//! What crosses between two services, one in each language: both ways the same, since both have the same functions.

use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::{Running, Server, server};
use serde_json::{Value, json};

use crate::{CONTROL, printed, wait_for_times};

/// The services: who calls, and who is called.
pub(crate) const BOTH_WAYS: [(&str, &str); 2] = [("node", "python"), ("python", "node")];
/// Longer than any of it takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Both services, with these lines of TOML for each.
pub(crate) fn pair(node: &str, python: &str) -> Server {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[services.node]\nentry = \"pair.mjs\"\nroutes = []\n{node}\n\
         [services.python]\nentry = \"pair.py\"\nroutes = []\n{python}\n"
    );
    server()
        .file("pair.py", include_str!("../../apps/calls/pair.py"))
        .file("pair.mjs", include_str!("../../apps/calls/pair.mjs"))
        .file("diglot.toml", &config)
        .argument("--control")
        .argument(CONTROL)
}

/// What a function of one of them answers with.
pub(crate) fn ask(running: &Running, service: &str, function: &str, arguments: &Value) -> Value {
    printed(running, &["call", &format!("{service}.{function}"), "-", "--timeout", "60"], arguments)
}

/// The last line of a text.
fn last_line(text: &str) -> &str {
    text.trim_end().lines().next_back().unwrap_or_default()
}

#[test]
fn errors_cross_with_what_they_carry() {
    let running = pair("", "").run();
    for (caller, callee) in BOTH_WAYS {
        let mut caught = ask(&running, caller, "caught", &json!({}));
        assert_eq!(caught["left"], 0, "by its class, {caller} of {callee}: {caught:#}");
        assert_eq!((&caught["type"], &caught["message"]), (&json!("SoldOut"), &json!("none left")));
        let mut data = caught["data"].take();
        let at = data["at"].take();
        assert!(at.as_str().is_some_and(|at| at.starts_with("1970-01-01T00:00:00")), "{at}");
        let expected = json!({
            "left": 0, "id": "1152921504606846976", "image": "AQID", "prices": [[1, "a"]], "tags": ["x"], "at": null,
            "ratio": "NaN", "row": [1.5], "long": "x".repeat(40_000),
        });
        assert_eq!(data, expected, "{callee}");

        let stack = caught["stack"].as_str().expect("text");
        let place = |service: &str| {
            let file = if service == "python" { "pair.py" } else { "pair.mjs" };
            stack.find(file).unwrap_or_else(|| panic!("no {file} in {stack}"))
        };
        let below = stack.find(&format!("in {callee}.fail:")).expect("whose stack follows");
        assert!(place(caller) < below && below < place(callee), "{stack}");
        let note = last_line(stack);
        assert!(
            note.contains("(its data did not cross whole; too_long: longer than the 65536 bytes"),
            "{note}"
        );
        let (_, callback) = note.split_once("; callback: ").unwrap_or_else(|| panic!("{note}"));
        assert!(callback.contains("has no counterpart"), "{note}");
    }
}

#[test]
fn streams_cross_whole_and_as_far_as_they_are_read() {
    let running = pair("", "").run();
    for (times, (caller, callee)) in (0..).zip(BOTH_WAYS) {
        for (function, maker, way) in [("read", callee, "an answer"), ("send", caller, "an argument")] {
            let read = |to: u32, leaves_at: u32| {
                ask(&running, caller, function, &json!({ "to": to, "leaves_at": leaves_at }))
            };
            let over = format!("{maker}: numbers are over");
            assert_eq!(read(100_000, 0), 100_000, "{way}, {caller} to {callee}");
            wait_for_times(&running, &over, 2 * times + 1);
            // One that is left in its midst ends at the other end, and is not made any more.
            assert_eq!(read(1_000_000_000, 5), 5, "{way}, {caller} to {callee}");
            wait_for_times(&running, &over, 2 * times + 2);
        }
    }
}

/// More than there may be on the way: an item is 8 bytes, and the widest window, Python's for an answer, 1 MiB.
const HELD_MAX: u64 = 200_000;
const ITEMS: u64 = 3 * HELD_MAX;

/// Its reader takes one item, and stands still: then no more are made, until it goes on and gets all of them.
fn holds_up(asked: (&str, &str), maker: &str, holder: &str) {
    let running = pair("", "").run();
    let made = || ask(&running, maker, "made", &json!({})).as_u64().expect("a number");
    thread::scope(|scope| {
        let reading = scope.spawn(|| ask(&running, asked.0, asked.1, &json!({ "to": ITEMS })));
        let (begun, mut before) = (Instant::now(), 0);
        let held = loop {
            let now = made();
            if now > 0 && now == before {
                break now;
            }
            assert!(begun.elapsed() < PATIENCE && !reading.is_finished(), "{now} are made");
            before = now;
        };
        assert!(held < HELD_MAX, "{held} of {ITEMS} are made, and one is read");
        ask(&running, holder, "open_door", &json!({}));
        assert_eq!(reading.join().expect("it is read"), ITEMS);
        assert_eq!(made(), ITEMS);
    });
}

#[test]
fn a_reader_of_an_answer_that_stands_still_holds_up_its_sender() {
    for (reader, sender) in BOTH_WAYS {
        holds_up((reader, "read_held"), sender, reader);
    }
}

#[test]
fn a_reader_of_an_argument_that_stands_still_holds_up_its_sender() {
    for (sender, reader) in BOTH_WAYS {
        holds_up((sender, "send_held"), sender, reader);
    }
}

/// By `AbortSignal` in Node, by `Task.cancel()` in Python.
#[test]
fn a_call_that_its_caller_gives_up_is_cancelled() {
    let running = pair("", "").run();
    for (caller, callee) in BOTH_WAYS {
        thread::scope(|scope| {
            let given_up = scope.spawn(|| ask(&running, caller, "give_up", &json!({})));
            running.wait_for(|line| line.ends_with(&format!("{callee}: slow begins")));
            ask(&running, caller, "cancel", &json!({}));
            running.wait_for(|line| line.ends_with(&format!("{callee}: slow is cancelled")));
            assert_eq!(given_up.join().expect("it ends"), "given up", "{caller}");
        });
    }
}
