//! How long the front waits for a client, and what it does then.

use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::{APPS, ASGI, App, Client, NODE, Running, server};

/// Far above the limits that are tested, and far below those that are not.
const SOON: Duration = Duration::from_secs(10);

/// A server with these limits; all others are above a minute.
fn serve(app: App, timeouts: &str) -> Running {
    let config = format!(
        "[server]\nlisten = [\"127.0.0.1:0\"]\n[server.timeouts]\n{timeouts}\n[services.app]\nentry = \"{}\"\n",
        app.entry
    );
    server().file(app.file, app.text).file("diglot.toml", &config).run()
}

/// The connection ends in an orderly way, not before `limit` and soon after it.
fn closes_after(client: &mut Client, limit: Duration) {
    let begun = Instant::now();
    assert_eq!(client.rest().expect("an orderly end"), b"");
    let took = begun.elapsed();
    assert!(took >= limit.mul_f64(0.8) && took < SOON, "after {took:?} instead of {limit:?}");
}

#[test]
fn a_connection_on_which_nothing_comes_is_closed() {
    let limit = Duration::from_millis(500);
    let running = serve(NODE, "idle = \"500ms\"\nheader_read = \"2m\"");
    closes_after(&mut running.connect(), limit);
    let mut used = running.connect();
    assert_eq!(used.get("/hello").status, 200);
    closes_after(&mut used, limit);
}

#[test]
fn a_head_that_does_not_come_whole_is_answered_408() {
    let running = serve(NODE, "idle = \"2m\"\nheader_read = \"500ms\"");
    let mut used = running.connect();
    assert_eq!(used.get("/hello").status, 200);
    for mut client in [running.connect(), used] {
        let begun = Instant::now();
        assert_eq!(client.send("GET /hello HTTP/1.1\r\nHost: te").response().status, 408);
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        assert_eq!(client.rest().expect("an orderly end"), b"");
    }
}

/// The limit is for the whole head: bytes that come one by one do not move it.
#[test]
fn a_head_that_comes_byte_by_byte_is_answered_408() {
    let running = serve(NODE, "idle = \"2m\"\nheader_read = \"1s\"");
    let mut client = running.connect();
    client.stream().set_read_timeout(Some(Duration::from_millis(50))).expect("it can be set");
    let begun = Instant::now();
    client.send("GET /hello HTTP/1.1\r\nX-Long: ");
    let answer = loop {
        // The wait for an answer is the pause between two bytes.
        if let Ok(answer) = client.send("x").try_response(false) {
            break answer;
        }
        assert!(begun.elapsed() < SOON, "it is still waited for");
    };
    assert_eq!(answer.status, 408);
}

#[test]
fn a_body_that_does_not_come_whole_is_answered_408() {
    for app in APPS {
        let running = serve(app, "idle = \"2m\"\nbody = \"500ms\"");
        let mut client = running.connect();
        let begun = Instant::now();
        client.send("POST /up HTTP/1.1\r\nHost: test\r\nContent-Length: 100\r\n\r\nonly this");
        let answer = client.response();
        assert_eq!((answer.status, answer.field("connection")), (408, Some("close")), "{}", app.name);
        assert!(begun.elapsed() < SOON, "{}: {:?}", app.name, begun.elapsed());
        assert_eq!(client.rest().expect("an orderly end"), b"");
        assert_eq!(running.get("/hello").text(), "hello", "{}: it serves on", app.name);
    }
}

/// An application that takes long to read is no fault of the client's.
#[test]
fn a_client_is_not_blamed_for_a_slow_application() {
    let app = r#"
import asyncio
async def app(scope, receive, send):
    await asyncio.sleep(1.5)
    count = 0
    while True:
        message = await receive()
        count += len(message["body"])
        if not message["more_body"]:
            break
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"%d" % count})
"#;
    let app = App { name: "slow", file: "slow.py", text: app, entry: "slow:app" };
    let running = serve(app, "body = \"500ms\"");
    let body = vec![b'x'; 3_000_000];
    assert_eq!(running.connect().post("/", &body).text(), "3000000");
}

#[test]
fn a_client_that_does_not_take_its_response_is_cut_off() {
    for app in [NODE, ASGI] {
        let running = serve(app, "idle = \"2m\"\nwrite = \"500ms\"");
        let before = running.process().descriptors();
        let mut client = running.connect();
        client.send("GET /down?bytes=500000000 HTTP/1.1\r\nHost: test\r\n\r\n");
        client.take_until(b"\r\n\r\n").expect("a head");
        let deadline = Instant::now() + SOON;
        while running.process().descriptors() > before {
            assert!(Instant::now() < deadline, "{}: the connection is still held", app.name);
            thread::sleep(Duration::from_millis(20));
        }
        let rest = client.rest();
        assert!(!rest.is_ok_and(|rest| rest.len() >= 500_000_000), "{}: it was all sent", app.name);
        assert_eq!(running.get("/hello").text(), "hello", "{}: it serves on", app.name);
    }
}
