//! Clients that are slow, or stop: each wait of the front ends with the answer or the close that belongs to it.

use std::io;
use std::net::Shutdown;
use std::time::{Duration, Instant};

use diglot_tests::Client;

use crate::canary::{Canary, responses_and_end, seen};

/// What the front is given for each wait; and what tests demand, with room for a busy machine.
const SHORT: Duration = Duration::from_millis(300);
const KEYS: &str =
    "[server.timeouts]\nheader_read = \"300ms\"\nbody = \"300ms\"\nwrite = \"300ms\"\nidle = \"300ms\"\n";

/// Sends a byte of `bytes` at a time, as often as a reader that expects nothing yet gives up waiting, until an answer
/// comes; returns its status.
fn drip(client: &mut Client, bytes: &[u8]) -> u16 {
    let pause = SHORT / 10;
    client.stream().set_read_timeout(Some(pause)).expect("a timeout can be set");
    for byte in bytes.chunks(1) {
        client.send(byte);
        match client.stream().peek(&mut [0]) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            _ => break,
        }
    }
    client.stream().set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
    let [response] = responses_and_end(client, 1).expect("an answer").try_into().expect("one");
    assert_eq!(response.field("connection"), Some("close"));
    response.status
}

#[test]
fn a_head_that_does_not_come_to_its_end_is_a_408() {
    let server = Canary::Asgi.server(KEYS).run();
    for start in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: test\r\n"] {
        let begun = Instant::now();
        let mut client = server.connect();
        let responses = responses_and_end(client.send(start), 1).expect("an answer");
        assert_eq!(responses[0].status, 408, "{start:?}");
        assert!(begun.elapsed() >= SHORT, "{start:?}");
    }
    assert!(seen(&server).is_empty());
}

#[test]
fn a_head_that_comes_in_drops_is_a_408_all_the_same() {
    let server = Canary::Asgi.server(KEYS).run();
    let head = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(2_000));
    let begun = Instant::now();
    assert_eq!(drip(&mut server.connect(), head.as_bytes()), 408);
    assert!(begun.elapsed() < SHORT * 100, "drops prolong the wait");
    assert!(seen(&server).is_empty());
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let server = Canary::Asgi.server(KEYS).run();
    let mut silent = server.connect();
    let mut once = server.connect();
    assert_eq!(once.get("/").status, 200);
    assert_eq!(silent.rest().expect("an end"), b"");
    assert_eq!(once.rest().expect("an end"), b"");
}

#[test]
fn a_body_that_stops_is_a_408_and_never_complete() {
    for canary in Canary::ALL {
        let server = canary.server(KEYS).run();
        for request in [
            "POST /cut HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc",
            "POST /cut HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        ] {
            let responses = responses_and_end(server.connect().send(request), 1).expect("an answer");
            assert_eq!(responses[0].status, 408, "{canary:?} {request:?}");
            assert!(seen(&server).iter().all(|sighting| !sighting.complete), "{canary:?} {request:?}");
        }
    }
}

#[test]
fn a_client_that_leaves_within_its_body_leaves_nothing_complete() {
    for canary in Canary::ALL {
        let server = canary.server("").run();
        let mut client = server.connect();
        client.send("POST /cut HTTP/1.1\r\nHost: test\r\nContent-Length: 10\r\n\r\nabc");
        client.stream().shutdown(Shutdown::Write).expect("one side can be closed");
        let rest = client.rest().unwrap_or_default();
        // Node's own server answers that itself.
        let expected = match canary {
            Canary::Node | Canary::NodeBytes => "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n",
            Canary::NodeFetch | Canary::Asgi | Canary::Wsgi => "",
        };
        assert_eq!(String::from_utf8_lossy(&rest), expected, "{canary:?}");
        assert!(seen(&server).iter().all(|sighting| !sighting.complete), "{canary:?}");
    }
}

/// Applications that send far more than any buffer on the way holds, and tell whoever asks when that was cut off.
const NODE: &str = r#"
let cut;
const heard = new Promise((resolve) => { cut = resolve; });
require("node:http").createServer(async (request, response) => {
  if (request.url === "/heard") return response.end(await heard);
  response.on("close", () => cut(response.writableFinished ? "finished" : "cut"));
  const piece = Buffer.alloc(65536);
  for (let sent = 0; sent < 4096 && !response.destroyed; sent++) {
    if (!response.write(piece)) await new Promise((go) => { response.once("drain", go); response.once("close", go); });
  }
  response.end();
}).listen(0);
"#;
const ASGI: &str = r#"
import asyncio

heard = asyncio.Event()

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    start = {"type": "http.response.start", "status": 200, "headers": []}
    if scope["path"] == "/heard":
        await heard.wait()
        await send(start)
        await send({"type": "http.response.body", "body": b"cut"})
        return

    async def listen():
        while (await receive())["type"] != "http.disconnect":
            pass
        heard.set()

    listening = asyncio.create_task(listen())
    await send(start)
    for _ in range(4096):
        await send({"type": "http.response.body", "body": bytes(65536), "more_body": True})
    await listening
"#;
const WSGI: &str = r#"
import threading

heard = threading.Event()

class Pieces:
    sent = 0

    def __iter__(self):
        return self

    def __next__(self):
        if self.sent == 4096:
            raise StopIteration
        self.sent += 1
        return bytes(65536)

    def close(self):
        if self.sent < 4096:
            heard.set()

def app(environ, start_response):
    start_response("200 OK", [])
    if environ["PATH_INFO"] == "/heard":
        heard.wait()
        return [b"cut"]
    return Pieces()
"#;

#[test]
fn a_client_that_does_not_read_is_cut_off_and_the_application_told() {
    for (file, entry, text, keys) in [
        ("app.js", "app.js", NODE, ""),
        ("app.py", "app:app", ASGI, ""),
        ("app.py", "app:app", WSGI, "threads = 2\n"),
    ] {
        let config =
            format!("[server]\nlisten = \"127.0.0.1:0\"\n{KEYS}[services.app]\nentry = \"{entry}\"\n{keys}");
        let server = diglot_tests::server().file(file, text).file("diglot.toml", &config).run();
        let mut client = server.connect();
        client.send("GET /endless HTTP/1.1\r\nHost: test\r\n\r\n");
        assert_eq!(server.get("/heard").text(), "cut", "{entry}");
        // What is under way still arrives, but never its end.
        match client.rest() {
            Ok(rest) => assert!(!rest.ends_with(b"0\r\n\r\n"), "{entry}: a cut response looks whole"),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{entry}"),
        }
    }
}
