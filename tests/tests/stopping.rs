//! Who keeps a server that stops or restarts, for how long, and what the log says of it.

use std::time::{Duration, Instant};

use diglot_tests::websocket::Socket;
use diglot_tests::{Client, Running, server};
use rustix::process::Signal;

/// Streams and waits without end, as its paths say.
const APP: &str = r#"
import asyncio, sys

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while (await receive())["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        return await send({"type": "lifespan.shutdown.complete"})
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    if scope["path"] in ("/events", "/waits"):
        if scope["path"] == "/events":
            headers = [(b"content-type", b"text/event-stream; charset=utf-8")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"data: x\n\n", "more_body": True})
        print("begun", file=sys.stderr, flush=True)
        return await asyncio.Queue().get()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})
"#;

/// Two services of the application, below `/api` and `/other`.
fn served(grace: &str) -> Running {
    let service = |name: &str| {
        format!("[services.{name}]\nentry = \"main:app\"\nroutes = \"/{name}\"\nworkers = 1\nstrip = true\n")
    };
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\ntimeouts = {{ grace = \"{grace}\" }}\n{}{}",
        service("api"),
        service("other")
    );
    // The path is the application's, whatever the mount.
    let app = APP.replace("scope[\"path\"]", "scope[\"path\"].removeprefix(scope.get(\"root_path\", \"\"))");
    server().file("main.py", &app).file("diglot.toml", &config).run()
}

fn ask(running: &Running, path: &str) -> Client {
    let mut client = running.connect();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    client
}

/// How long the server takes to end.
fn end_of(running: Running) -> Duration {
    let asked = Instant::now();
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    asked.elapsed()
}

/// As one that has fallen off the network.
#[test]
fn a_websocket_client_that_never_answers_is_not_waited_for_long() {
    let running = served("30s");
    let sockets = [(); 5].map(|()| Socket::open(running.address(), "/api/"));
    let took = end_of(running);
    assert!(took < Duration::from_secs(8), "{took:?}");
    drop(sockets);
}

#[test]
fn a_client_that_never_sends_the_rest_of_its_head_is_not_waited_for_long() {
    let running = served("30s");
    let mut client = running.connect();
    client.send("GET /api/ HT");
    // It has been read before the signal comes, as far as that can be told from outside.
    assert_eq!(running.get("/api/").text(), "hello");
    let took = end_of(running);
    assert!(took < Duration::from_secs(8), "{took:?}");
}

/// The application has answered without it.
#[test]
fn a_client_that_never_sends_the_rest_of_an_answered_requests_body_is_not_waited_for() {
    let running = served("30s");
    let mut client = running.connect();
    client.send("POST /api/ HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nxx");
    assert_eq!(client.response().text(), "hello");
    let took = end_of(running);
    assert!(took < Duration::from_secs(8), "{took:?}");
}

/// The client cannot know that the server is about to end.
#[test]
fn a_request_that_comes_on_an_idle_connection_after_the_signal_is_answered() {
    let running = served("30s");
    let mut client = running.connect();
    assert_eq!(client.get("/api/").text(), "hello");
    running.signal(Signal::TERM);
    running.wait_for(|line| line.contains("stopping: "));
    let answer = client.get("/api/");
    assert_eq!((answer.text().as_str(), answer.field("connection")), ("hello", Some("close")), "{answer:?}");
    assert_eq!(client.rest().expect("an orderly end"), b"");
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
}

/// The system has let them in, whether the server has seen them or not.
#[test]
fn who_has_connected_before_the_signal_is_answered() {
    for _ in 0..5 {
        let running = served("30s");
        assert_eq!(running.get("/api/").text(), "hello");
        running.signal(Signal::STOP);
        let mut clients: Vec<Client> = (0..20).map(|_| ask(&running, "/api/")).collect();
        running.signal(Signal::TERM);
        running.signal(Signal::CONT);
        for client in &mut clients {
            assert_eq!(client.response().text(), "hello");
        }
        let (status, log) = running.ended();
        assert_eq!(status.code(), Some(0), "{log:?}");
    }
}

#[test]
fn a_stop_says_what_it_waits_for_and_what_it_cuts() {
    let running = served("8s");
    let clients =
        ["/api/events", "/api/events", "/api/waits", "/other/waits"].map(|path| ask(&running, path));
    for _ in 0..2 {
        running.wait_for(|line| {
            line.contains("api[1] begun") || line.contains("api") && line.ends_with("begun")
        });
    }
    running.wait_for(|line| line.contains("other") && line.ends_with("begun"));
    let (status, log) = running.stop();
    drop(clients);
    assert_eq!(status.code(), Some(0), "{log:?}");
    let has = |text: &str| assert!(log.iter().any(|line| line.contains(text)), "{text}: {log:#?}");
    has(
        "INFO waiting for service \"api\": 1 request, 2 event streams; service \"other\": 1 request; 5.6s at most",
    );
    has("WARN still in flight: ");
    has("; 1.2s more, and it is cut");
    has("service \"other\", worker 1 had 1 client left when its time was over: its response is cut");
}

#[test]
fn a_restart_says_what_it_waits_for_and_when_it_is_complete() {
    let running = served("4s");
    let mut client = ask(&running, "/api/events");
    client.take_until(b"data: x").expect("an event");
    running.signal(Signal::HUP);
    running.wait_for(|line| {
        line.contains("service \"api\", worker 1 ends when it is done with what it has: 1 event stream; 2")
    });
    running.wait_for(|line| line.contains("the restart is complete: every service has new workers only"));
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
}
