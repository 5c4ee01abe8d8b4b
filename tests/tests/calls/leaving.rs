//! Clients of applications that leave: the calls that were made for them end, in the other language.

use diglot_tests::{Running, Server};
use serde_json::json;

use crate::faults::Held;
use crate::pair::{ask, pair};
use crate::wait_for_times;

/// The applications, with what runs them and the service that they call.
const PAGES: [(&str, &str, &str); 3] = [
    ("asgi", "entry = \"pages.py:asgi\"", "node"),
    ("wsgi", "entry = \"pages.py:wsgi\"\nthreads = 8", "node"),
    ("http", "entry = \"pages.mjs\"", "python"),
];

fn pages() -> Server {
    let services =
        PAGES.map(|(page, entry, _)| format!("\n[services.{page}]\nroutes = \"/{page}\"\n{entry}\n"));
    pair("", &services.concat())
        .file("pages.py", include_str!("../../apps/calls/pages.py"))
        .file("pages.mjs", include_str!("../../apps/calls/pages.mjs"))
}

fn get(page: &str, path: &str) -> String {
    format!("GET /{page}/{path} HTTP/1.1\r\nHost: test\r\n\r\n")
}

/// How many lines of a callee have been waited for.
#[derive(Default)]
struct Times {
    node: usize,
    python: usize,
}

impl Times {
    /// So many more of them come.
    fn wait_for(&mut self, running: &Running, callee: &str, what: &str, more: usize) {
        let times = if callee == "node" { &mut self.node } else { &mut self.python };
        *times += more;
        wait_for_times(running, &format!("{callee}: {what}"), *times);
    }
}

#[test]
fn a_client_that_leaves_ends_the_call_that_waits() {
    let running = pages().run();
    let (mut begun, mut cancelled) = (Times::default(), Times::default());
    for (page, _, callee) in PAGES {
        let mut client = running.connect();
        client.send(get(page, "slow"));
        begun.wait_for(&running, callee, "slow begins", 1);
        drop(client);
        cancelled.wait_for(&running, callee, "slow is cancelled", 1);
    }
}

#[test]
fn nothing_is_left_of_clients_that_leave_in_the_midst_of_a_stream() {
    let running = pages().run();
    let mut over = Times::default();
    let mut leave = |clients: usize| {
        for (page, _, callee) in PAGES {
            for _ in 0..clients {
                let mut client = running.connect();
                client.send(get(page, "count"));
                client.take_until(b"\n1000\n").unwrap_or_else(|error| panic!("{page}: {error}"));
            }
            over.wait_for(&running, callee, "numbers are over", clients);
        }
    };
    leave(3);
    let before = Held::by(&running);
    leave(20);
    before.is_all_while(&|| assert!(ask(&running, "node", "made", &json!({})).is_u64()));
}
