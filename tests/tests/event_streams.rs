//! Streams of an ASGI application when its worker is stopped or replaced: those with an end of their own come to it, and
//! those without are told in time.

use std::time::{Duration, Instant};

use diglot_tests::websocket::Socket;
use diglot_tests::{Running, server};
use rustix::process::Signal;

const APP: &str = r#"
import asyncio, os, sys

def say(text):
    print(text, file=sys.stderr, flush=True)

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        say("lifespan over")
        return await send({"type": "lifespan.shutdown.complete"})
    await receive()
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
        return await wait_for_nothing()

    async def event(text, more=True):
        await send({"type": "http.response.body", "body": f"data: {text}\n\n".encode(), "more_body": more})

    headers = [(b"content-type", b"text/event-stream")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await event(os.getpid())
    if scope["path"] == "/answer":
        for word in range(20):
            await asyncio.sleep(0.05)
            await event(word)
        return await event("[DONE]", more=False)
    if scope["path"] == "/deaf":
        return await wait_for_nothing()
    if scope["path"] == "/sends":
        while True:
            await event("x")
            await asyncio.sleep(0.02)
    say((await receive())["type"])
    if scope["path"] == "/bye":
        await event("bye", more=False)

async def wait_for_nothing():
    try:
        await asyncio.Queue().get()
    finally:
        say("finally")
"#;

fn served(grace: &str, service_keys: &str) -> Running {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ntimeouts = {{ grace = \"{grace}\" }}\n\
         [services.api]\nentry = \"main:app\"\nworkers = 1\n{service_keys}\n"
    );
    server().file("main.py", APP).file("diglot.toml", &config).run()
}

/// Asks for a stream, and returns what follows its first event once `then` is done.
fn rest_of(running: &Running, path: &str, then: impl FnOnce()) -> Vec<u8> {
    let mut client = running.connect();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
    client.take_until(b"data: ").expect("an event");
    then();
    // What is cut may end with an error: all that matters is that it does not look whole.
    client.rest().unwrap_or_default()
}

fn is_whole(rest: &[u8]) -> bool {
    rest.ends_with(b"\r\n0\r\n\r\n")
}

fn said(log: &[String], text: &str) -> usize {
    log.iter().filter(|line| line.contains(text)).count()
}

#[test]
fn one_that_has_an_end_comes_to_it_when_the_server_stops() {
    let running = served("30s", "");
    let rest = rest_of(&running, "/answer", || running.signal(Signal::TERM));
    assert!(String::from_utf8_lossy(&rest).contains("data: [DONE]") && is_whole(&rest), "{rest:?}");
    let (status, log) = running.ended();
    assert_eq!((status.code(), said(&log, "lifespan over")), (Some(0), 1), "{log:?}");
}

#[test]
fn one_that_has_an_end_comes_to_it_when_its_worker_is_replaced() {
    let running = served("30s", "");
    let rest = rest_of(&running, "/answer", || {
        running.signal(Signal::HUP);
        running.wait_for(|line| line.contains("every worker has been restarted"));
    });
    assert!(String::from_utf8_lossy(&rest).contains("data: [DONE]") && is_whole(&rest), "{rest:?}");
    let running = served("30s", "max_requests = 1");
    let rest = rest_of(&running, "/answer", || {});
    assert!(String::from_utf8_lossy(&rest).contains("data: [DONE]") && is_whole(&rest), "{rest:?}");
}

#[test]
fn one_without_end_is_told_at_half_of_the_grace_period() {
    for (path, whole) in [("/listens", false), ("/bye", true)] {
        let running = served("4s", "");
        let asked = Instant::now();
        let rest = rest_of(&running, path, || running.signal(Signal::TERM));
        let took = asked.elapsed();
        // What the application did not end is not to be taken for whole.
        assert_eq!(is_whole(&rest), whole, "{path}: {rest:?}");
        assert!(took >= Duration::from_secs(2), "it had half of the grace period: {took:?}");
        let (status, log) = running.ended();
        assert_eq!(status.code(), Some(0), "{log:?}");
        assert_eq!((said(&log, "http.disconnect"), said(&log, "was killed")), (1, 0), "{log:?}");
        assert_eq!((said(&log, "ERROR"), said(&log, "middle of its response")), (0, 0), "{log:?}");
    }
}

#[test]
fn one_without_end_is_told_before_its_replaced_worker_has_to_end() {
    let running = served("2s", "");
    let worker = running.worker();
    let rest = rest_of(&running, "/listens", || running.signal(Signal::HUP));
    assert!(!is_whole(&rest), "{rest:?}");
    assert!(worker.ends_within(Duration::from_secs(10)), "the worker is left");
    let (_, log) = running.stop();
    assert_eq!((said(&log, "http.disconnect"), said(&log, "was killed")), (1, 0), "{log:?}");
}

/// From ASGI 2.4 on frameworks leave it to `send()` to tell them.
#[test]
fn one_that_only_sends_is_told_by_that() {
    let running = served("2s", "asgi_spec = \"2.4\"");
    let rest = rest_of(&running, "/sends", || running.signal(Signal::TERM));
    assert!(!is_whole(&rest), "{rest:?}");
    let (status, log) = running.ended();
    assert_eq!(
        (status.code(), said(&log, "Traceback"), said(&log, "was killed")),
        (Some(0), 0, 0),
        "{log:?}"
    );
}

/// It waits for what does not come, and hears of nothing: it is cancelled, and neither its own clean-up nor the lifespan's
/// is lost.
#[test]
fn a_handler_that_outlasts_the_grace_period_is_cancelled() {
    let running = served("2s", "");
    let socket = Socket::open(running.address(), "/");
    let rest = rest_of(&running, "/deaf", || running.signal(Signal::TERM));
    assert!(!is_whole(&rest), "{rest:?}");
    let (status, log) = running.ended();
    drop(socket);
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert_eq!((said(&log, "finally"), said(&log, "lifespan over")), (2, 1), "{log:?}");
    assert_eq!((said(&log, "was killed"), said(&log, "Traceback")), (0, 0), "{log:?}");
}
