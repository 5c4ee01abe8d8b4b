//! Tunnels at the end of a server, and of a worker that is replaced.

use std::time::{Duration, Instant};

use diglot_tests::server;
use diglot_tests::websocket::Socket;
use rustix::process::Signal;

use super::{RAW, WS, upgraded};

fn config(grace: &str) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[server.timeouts]\ngrace = \"{grace}\"\n[services.web]\nentry = \"app.js\"\n"
    )
}

#[test]
fn at_a_stop_the_program_is_told_at_once_and_may_close_them_itself() {
    let running = server().file("app.js", WS).file("diglot.toml", &config("30s")).env("BYE", "1").run();
    let mut socket = Socket::open(running.address(), "/");
    assert_eq!(socket.text("hello").next_text(), "hello");
    let begun = Instant::now();
    running.signal(Signal::TERM);
    assert_eq!(socket.closed().expect("a close frame"), (1012, "restart".into()));
    socket.close(1012, "");
    drop(socket);
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
}

#[test]
fn requests_come_first_at_a_stop() {
    let running = server().file("app.js", RAW).file("diglot.toml", &config("30s")).run();
    let mut tunnel = upgraded(&running, "/echo", b"");
    tunnel.take(2).expect("the head");
    let mut client = running.connect();
    client.send("GET /slow HTTP/1.1\r\nHost: test\r\n\r\n");
    running.signal(Signal::TERM);
    running.wait_for(|line| line.contains("stopping"));
    tunnel.send("a");
    assert_eq!(tunnel.take(1).expect("an echo"), b"a");
    assert_eq!(client.response().text(), "slow");
    running.wait_for(|line| line.contains("SIGTERM with 1 open"));
    // It lives until the program, or the client, ends it.
    tunnel.send("b");
    assert_eq!(tunnel.take(1).expect("an echo"), b"b");
    drop(tunnel);
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(log.iter().any(|line| line.contains("closed")), "{log:?}");
}

#[test]
fn the_grace_period_is_their_end() {
    let running = server().file("app.js", RAW).file("diglot.toml", &config("2s")).run();
    let mut tunnel = upgraded(&running, "/echo", b"");
    tunnel.take(2).expect("the head");
    let begun = Instant::now();
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(begun.elapsed() > Duration::from_secs(1), "cut after {:?}", begun.elapsed());
    assert_eq!(tunnel.rest().expect("an end"), b"");
}

#[test]
fn without_a_handler_the_program_ends_at_once() {
    let running = server().file("app.js", WS).file("diglot.toml", &config("30s")).run();
    let mut socket = Socket::open(running.address(), "/");
    let begun = Instant::now();
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    socket.closed().expect_err("no close frame");
}

#[test]
fn at_a_reload_they_live_on_in_the_old_worker_until_its_farewell() {
    let running = server().file("app.js", RAW).file("diglot.toml", &config("3s")).run();
    let old = running.workers();
    let mut tunnel = upgraded(&running, "/echo", b"");
    tunnel.take(2).expect("the head");
    running.signal(Signal::HUP);
    running.wait_for(|line| line.contains("restarting"));
    super::until(&running, "a new worker", |state| state["pid"].as_u64() != Some(old[0].into()));
    tunnel.send("a");
    assert_eq!(tunnel.take(1).expect("the old worker's echo"), b"a");
    let mut fresh = upgraded(&running, "/echo", b"");
    assert_eq!(fresh.take(2).expect("the head"), b"0|");
    running.wait_for(|line| line.contains("SIGTERM with 1 open"));
    assert_eq!(tunnel.rest().expect("an end"), b"");
    fresh.send("b");
    assert_eq!(fresh.take(1).expect("the new worker's echo"), b"b");
}
