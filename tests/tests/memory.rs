//! What the front holds at rest, and for connections on which nothing happens.

use diglot_tests::{ASGI, Client, NODE, is_full, server};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const KIB: u64 = 1024;
const AT_REST_BYTES_MAX: u64 = 12 * KIB * KIB;
const IDLE_BYTES_MAX: u64 = 6 * KIB;

#[test]
fn the_front_is_small_at_rest() {
    let running = server().app("/", NODE).app("/asgi", ASGI).run();
    let front = running.process();
    let before = front.resident_bytes();
    assert_eq!(running.get("/hello").text(), "hello");
    assert_eq!(running.get("/asgi/hello").text(), "hello");
    println!("at rest {} KiB, after a request {} KiB", before / KIB, front.resident_bytes() / KIB);
    assert!(before <= AT_REST_BYTES_MAX, "{before} bytes at rest");
}

/// Bytes that each connection costs on which `path` was asked for once, from `first` connections to `last`.
fn idle_bytes(path: &str, body_bytes: usize, first: usize, last: usize) -> u64 {
    allow_descriptors(last as u64 + 1_000);
    let config = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\n[server.timeouts]\nidle = \"1h\"\n\
         [services.node]\nentry = \"{}\"\n",
        NODE.entry
    );
    let running = server().file(NODE.file, NODE.text).file("diglot.toml", &config).run();
    let front = running.process();
    let mut clients = Vec::with_capacity(last);
    let mut connect_up_to = |count: usize| {
        while clients.len() < count {
            let mut client: Client = running.connect();
            assert_eq!(client.get(path).body.len(), body_bytes);
            clients.push(client);
        }
        front.resident_bytes()
    };
    let (before, after) = (connect_up_to(first), connect_up_to(last));
    let each = after.saturating_sub(before) / (last - first) as u64;
    println!(
        "{path}: {each} bytes for each idle connection from {first} to {last}; {} KiB in all",
        after / KIB
    );
    for client in clients.iter_mut().step_by(97) {
        assert_eq!(client.get("/hello").text(), "hello", "they can all be used again");
    }
    each
}

/// Connections that have been used and may be again: what most connections of a busy server are.
#[test]
fn an_idle_connection_costs_next_to_nothing() {
    let (first, last) = if is_full() { (2_000, 15_000) } else { (2_000, 4_000) };
    let each = idle_bytes("/hello", 5, first, last);
    assert!(each <= IDLE_BYTES_MAX, "{each} bytes for each idle connection");
}

/// What a large response needed on its way is not kept for the next.
#[test]
fn a_large_response_leaves_nothing_with_its_connection() {
    let each = idle_bytes("/down?bytes=1000000", 1_000_000, 200, 1_000);
    assert!(each <= IDLE_BYTES_MAX, "{each} bytes for each idle connection");
}

/// Raises this process's limit, which the server inherits, as far as it may be.
fn allow_descriptors(count: u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_some_and(|current| current < count) {
        let wanted = maximum.map_or(count, |maximum| maximum.min(count));
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum }).expect("up to the hard limit");
    }
}
