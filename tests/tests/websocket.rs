//! WebSockets of an ASGI application, from the client's side of the whole server.

use std::io::Read as _;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diglot_tests::websocket::{FIN, Socket, masked, opcode};
use diglot_tests::{APPS, Process, Running, Server, is_full, load, server};
use rustix::process::Signal;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);
const APP: &str = include_str!("../apps/websocket/app.py");

/// A server with the application, to which keys of `[server]` may be given.
fn served(server_keys: &str) -> Server {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n{server_keys}\n[services.api]\nentry = \"main:app\"\nworkers = 1\n"
    );
    server().file("main.py", APP).file("diglot.toml", &config)
}

fn open(running: &Running, path: &str) -> Socket {
    Socket::open(running.address(), path)
}

fn state(running: &Running) -> Value {
    serde_json::from_str(&running.get("/state").text()).expect("JSON")
}

/// Asks for the application's state until it is as wanted.
fn until(running: &Running, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = state(running);
        if is_it(&state) {
            return state;
        }
        assert!(Instant::now() < deadline, "never: {what}: {state}");
        thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn messages_pass_both_ways() {
    let running = served("").run();
    let mut socket = open(&running, "/echo");
    for text in ["hello", "", "gr\u{fc}\u{df}e \u{1f600}"] {
        assert_eq!(socket.text(text).next_text(), text);
    }
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1_000_000] {
        let content: Vec<u8> = (0..length).map(|at: usize| (at * 7 + at / 251) as u8).collect();
        socket.send(FIN | opcode::BINARY, &content);
        assert!(socket.message() == (opcode::BINARY, content), "{length} bytes");
    }
    // Many at once, in order.
    let many: Vec<u8> =
        (0..2_000).flat_map(|number| masked(FIN | opcode::TEXT, number.to_string().as_bytes())).collect();
    socket.client().send(many);
    for number in 0..2_000 {
        assert_eq!(socket.next_text(), number.to_string());
    }
    assert_eq!(socket.close(1000, "").closed().expect("a close frame"), (1000, String::new()));
    assert_eq!(socket.client().rest().expect("an orderly end"), b"");
    until(&running, "told of the end", |state| state["codes"] == json!([[1000, ""]]));
}

#[test]
fn fragments_are_one_message_and_pings_pass_between_them() {
    let running = served("").run();
    let mut socket = open(&running, "/echo");
    let bytes = "\u{e4}\u{f6}\u{fc}".as_bytes();
    socket.send(opcode::TEXT, &bytes[..1]).send(FIN | opcode::PING, b"here?");
    let pong = socket.frame().expect("a pong");
    assert_eq!((pong.first, pong.payload), (FIN | opcode::PONG, b"here?".to_vec()));
    for byte in &bytes[1..] {
        socket.send(opcode::CONTINUATION, &[*byte]);
    }
    socket.send(FIN | opcode::CONTINUATION, b"");
    assert_eq!(socket.next_text().as_bytes(), bytes);
}

#[test]
fn an_application_chooses_protocol_and_headers() {
    let running = served("").run();
    let lines = "Sec-WebSocket-Protocol: chat, superchat\r\nSec-WebSocket-Protocol: last\r\n";
    let (_socket, answer) = Socket::ask(running.address(), "/choose", lines);
    assert_eq!(answer.status, 101);
    assert_eq!(answer.field("sec-websocket-protocol"), Some("last"));
    assert_eq!((answer.field("x-a"), answer.field("set-cookie")), (Some("b"), Some("c=d")));
    assert_eq!(answer.field("upgrade").map(str::to_lowercase).as_deref(), Some("websocket"));
    assert_eq!(answer.field("connection").map(str::to_lowercase).as_deref(), Some("upgrade"));
}

#[test]
fn the_scope_is_the_specifications() {
    let running = served("").run();
    let (mut socket, answer) =
        Socket::ask(running.address(), "/scope?a=b%20c", "X-Forwarded-Proto: https\r\nX-Odd: \u{e9}\r\n");
    assert_eq!(answer.status, 101);
    let scope: Value = serde_json::from_str(&socket.next_text()).expect("JSON");
    assert_eq!(scope["type"], "websocket");
    assert_eq!((&scope["scheme"], &scope["http_version"]), (&json!("wss"), &json!("1.1")));
    assert_eq!((&scope["path"], &scope["raw_path"]), (&json!("/scope"), &json!("/scope")));
    assert_eq!((&scope["query_string"], &scope["root_path"]), (&json!("a=b%20c"), &json!("")));
    assert_eq!(scope["subprotocols"], json!([]));
    assert_eq!(scope["client"][0], "127.0.0.1");
    assert_eq!(scope["server"], json!(["127.0.0.1", running.address().port()]));
    assert!(scope["extensions"].get("websocket.http.response").is_some(), "{scope}");
    assert!(scope.get("method").is_none(), "a WebSocket has no method");
}

#[test]
fn an_application_may_refuse() {
    let running = served("").run();
    for (path, status, text) in [
        ("/reject", 403, ""),
        ("/deny", 418, "short and stout"),
        ("/raise", 500, "Internal Server Error"),
        ("/return", 500, "Internal Server Error"),
    ] {
        let (mut socket, answer) = Socket::ask(running.address(), path, "");
        assert_eq!((answer.status, answer.text().as_str()), (status, text), "{path}");
        assert_eq!(socket.client().get("/hello").text(), "hello", "{path}: the connection lives on");
    }
    running.wait_for(|line| line.contains("LookupError: in the application"));
}

#[test]
fn an_application_closes() {
    let running = served("").run();
    for (path, code, reason) in [
        ("/close?code=1000", 1000, ""),
        ("/close?code=4001&reason=gr%C3%BC%C3%9Fe", 4001, "gr\u{fc}\u{df}e"),
        ("/raise?accepted=1", 1011, ""),
        ("/return?accepted=1", 1000, ""),
    ] {
        let mut socket = open(&running, path);
        assert_eq!(socket.closed().expect("a close frame"), (code, reason.to_owned()), "{path}");
        let answered = Instant::now();
        assert_eq!(socket.close(code, "").client().rest().expect("an orderly end"), b"", "{path}");
        assert!(answered.elapsed() < Duration::from_secs(5), "{path}: the server ends the connection");
    }
    until(&running, "told of its own code", |state| state["codes"] == json!([1000, 4001]));
}

#[test]
fn a_client_that_closes_or_leaves_is_told_of() {
    let running = served("").run();
    let told = |what: &str, expect: Value| {
        let state = until(&running, what, |state| state["open"] == 0 && state["codes"] != json!([]));
        assert_eq!(state["codes"].as_array().and_then(|codes| codes.last()), Some(&expect), "{what}");
    };
    let mut socket = open(&running, "/echo");
    assert_eq!(socket.close(3333, "so long").closed().expect("a close frame").0, 3333);
    told("a code and a reason", json!([3333, "so long"]));
    let mut socket = open(&running, "/echo");
    assert_eq!(socket.send(FIN | opcode::CLOSE, b"").closed().expect("a close frame").0, 1005);
    until(&running, "no code", |state| state["left"] == 2);
    told("no code", json!([1005, ""]));
    drop(open(&running, "/echo"));
    until(&running, "nothing at all", |state| state["left"] == 3);
    told("nothing at all", json!([1006, ""]));

    // One that leaves before it is answered.
    let mut client = running.connect();
    client.send(
        "GET /wait HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    until(&running, "waits", |state| state["open"] == 1);
    drop(client);
    until(&running, "left before it was answered", |state| state["left"] == 4);
    told("left before it was answered", json!([1006, ""]));
}

#[test]
fn handshakes_that_do_not_hold_are_refused() {
    let running = served("").run();
    let upgrade = "Connection: keep-alive, Upgrade\r\nUpgrade: h2c, WebSocket\r\n";
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (lines, status) in [
        (format!("{upgrade}{key}Sec-WebSocket-Version: 13\r\n"), 101),
        (format!("{upgrade}{key}Sec-WebSocket-Version: 8\r\n"), 426),
        (format!("{upgrade}{key}"), 426),
        (format!("{upgrade}Sec-WebSocket-Version: 13\r\n"), 400),
        (format!("{upgrade}{key}{key}Sec-WebSocket-Version: 13\r\n"), 400),
        (format!("{upgrade}Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n"), 400),
    ] {
        let mut client = running.connect();
        let answer = client.send(format!("GET /echo HTTP/1.1\r\nHost: test\r\n{lines}\r\n")).response();
        assert_eq!(answer.status, status, "{lines}");
        if status == 426 {
            assert_eq!(answer.field("sec-websocket-version"), Some("13"), "{answer:?}");
        }
        if status != 101 {
            assert_eq!(client.get("/hello").text(), "hello", "{lines}");
        }
    }
}

#[test]
fn what_breaks_the_protocol_is_closed_with_its_code() {
    let running = served("websocket = { message = \"100 KiB\" }").run();
    let broken: [(&str, Vec<u8>, u16); 14] = [
        ("unmasked", vec![0x81, 0x02, b'h', b'i'], 1002),
        ("RSV1 without an extension", masked(0xC1, b"hi"), 1002),
        ("RSV2", masked(0xA1, b"hi"), 1002),
        ("a reserved opcode", masked(0x83, b"hi"), 1002),
        ("a reserved control opcode", masked(0x8B, b"hi"), 1002),
        ("a fragmented ping", masked(0x09, b"hi"), 1002),
        ("a ping of 126 bytes", masked(0x89, &[0; 126]), 1002),
        ("a continuation of nothing", masked(0x80, b"hi"), 1002),
        ("a message within a message", [masked(0x01, b"a"), masked(0x81, b"b")].concat(), 1002),
        ("a length of 2^63", vec![0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0], 1002),
        ("a length above the limit", vec![0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3, 4], 1009),
        ("text that is not UTF-8", masked(0x81, b"\xC3\x28"), 1007),
        ("half a close code", masked(0x88, b"\x03"), 1002),
        ("a close code that may not be sent", masked(0x88, &1005u16.to_be_bytes()), 1002),
    ];
    let count = broken.len();
    for (what, bytes, code) in broken {
        let mut socket = open(&running, "/echo");
        socket.client().send(bytes);
        assert_eq!(socket.closed().expect(what).0, code, "{what}");
        assert_eq!(socket.client().rest().expect(what), b"", "{what}");
    }
    let mut socket = open(&running, "/echo");
    socket.send(opcode::BINARY, &[0; 60 * 1024]).send(FIN | opcode::CONTINUATION, &[0; 60 * 1024]);
    assert_eq!(socket.closed().expect("a close frame").0, 1009, "a message above the limit in fragments");
    let state = until(&running, "all told", |state| state["left"] == count + 1);
    assert_eq!(state["codes"], json!(vec![json!([1006, ""]); count + 1]));
    assert_eq!(running.get("/hello").text(), "hello");
}

/// Fragments without end cost neither memory nor patience.
#[test]
fn endless_fragments_come_to_an_end() {
    let running = served("").run();
    let worker = running.worker();
    let before = worker.resident_bytes();
    let mut socket = open(&running, "/echo");
    socket.send(opcode::TEXT, b"x");
    let fragments = masked(opcode::CONTINUATION, b"x").repeat(20_000);
    let mut closed = None;
    for _ in 0..50 {
        socket.client().send(&fragments);
    }
    while let Ok(frame) = socket.frame() {
        if frame.first & 0x0F == opcode::CLOSE {
            closed = Some(u16::from_be_bytes([frame.payload[0], frame.payload[1]]));
        }
    }
    assert_eq!(closed, Some(1009));
    let grown = worker.resident_bytes().saturating_sub(before) >> 20;
    assert!(grown < 32, "the worker grew by {grown} MiB");
}

/// An application that does not receive stops its client; one whose client does not read is stopped itself.
#[test]
fn who_does_not_read_stops_who_writes() {
    let running = served("").run();
    let (front, worker) = (running.process(), running.worker());
    let mut socket = open(&running, "/silent");
    let before = (front.resident_bytes(), worker.resident_bytes());
    socket.client().stream().set_write_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    let message = masked(FIN | opcode::BINARY, &[7; 60_000]);
    let mut sent = 0;
    while sent < 200 << 20 && std::io::Write::write_all(&mut socket.client().stream(), &message).is_ok() {
        sent += message.len();
    }
    assert!(sent < 32 << 20, "{sent} bytes were taken for an application that takes none");
    let grown = |process: &Process, before: u64| process.resident_bytes().saturating_sub(before) >> 20;
    assert!(grown(&front, before.0) < 16 && grown(&worker, before.1) < 16, "somebody keeps them");

    let mut socket = open(&running, "/flood?bytes=10000");
    let mut first = [0; 1];
    socket.client().stream().read_exact(&mut first).expect("a byte");
    let mut last = (state(&running)["sent"].clone(), Instant::now());
    while last.1.elapsed() < Duration::from_millis(500) {
        let sent = state(&running)["sent"].clone();
        if sent != last.0 {
            last = (sent, Instant::now());
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert!(last.0.as_u64().expect("a number") * 10_000 < 32 << 20, "{} messages for nobody", last.0);
}

#[test]
fn a_server_that_stops_tells_every_client() {
    let running = served("").run();
    let mut sockets: Vec<Socket> = (0..50).map(|_| open(&running, "/echo")).collect();
    let worker = running.worker();
    running.signal(Signal::TERM);
    for socket in &mut sockets {
        assert_eq!(socket.closed().expect("a close frame").0, 1012);
        assert_eq!(socket.close(1012, "").client().rest().expect("an orderly end"), b"");
    }
    let asked = Instant::now();
    let (status, log) = running.ended();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(worker.ends_within(Duration::ZERO));
    assert!(asked.elapsed() < Duration::from_secs(5), "it waits for nobody: {:?}", asked.elapsed());
    assert!(!log.iter().any(|line| line.contains("ERROR")), "{log:?}");
}

#[test]
fn a_restart_tells_the_clients_of_the_old_worker_and_loses_no_request() {
    let running = served("").run();
    let before = running.workers();
    let mut socket = open(&running, "/echo");
    let load = load(running.address(), "/hello", 4);
    running.signal(Signal::HUP);
    assert_eq!(socket.closed().expect("a close frame").0, 1012);
    socket.close(1012, "");
    running.wait_for(|line| line.contains("every worker has been restarted"));
    assert_eq!(open(&running, "/echo").text("again").next_text(), "again");
    load.goes_on(50);
    let outcomes = load.stop();
    assert_eq!((outcomes.lost, outcomes.statuses.len()), (vec![], 1));
    assert_ne!(running.workers(), before);
}

#[test]
fn a_worker_that_dies_is_an_error_to_its_clients() {
    let running = served("").run();
    let mut socket = open(&running, "/echo");
    assert_eq!(socket.text("x").next_text(), "x");
    running.worker().signal(Signal::KILL);
    assert_eq!(socket.closed().expect("a close frame").0, 1011);
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (mut socket, answer) = Socket::ask(running.address(), "/echo", "");
        if answer.status == 101 {
            assert_eq!(socket.text("again").next_text(), "again");
            break;
        }
        assert!(Instant::now() < deadline, "{answer:?}");
    }
}

#[test]
fn clients_that_vanish_are_noticed_at_once() {
    let running = served("").run();
    let before = state(&running)["tasks"].clone();
    let front = running.process();
    let descriptors = front.descriptors();
    let mut notices = Vec::new();
    let (rounds, group) = if is_full() { (100, 100) } else { (10, 100) };
    for round in 1..=rounds {
        let sockets: Vec<Socket> = (0..group).map(|_| open(&running, "/echo")).collect();
        until(&running, "open", |state| state["open"] == group);
        let gone = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64();
        drop(sockets);
        let state = until(&running, "gone", |state| state["left"] == round * group);
        notices.push(state["left_at"].as_f64().expect("a time") - gone);
    }
    notices.sort_by(f64::total_cmp);
    println!("told of the last of {group} after {:.1} ms at the most", notices[notices.len() - 1] * 1e3);
    assert!(notices[notices.len() / 2] < 0.1, "{notices:?}");
    assert_eq!(state(&running)["tasks"], before, "tasks are left");
    assert!(front.descriptors() <= descriptors + 1, "descriptors are left");
}

#[test]
fn many_idle_ones_cost_little_and_all_are_reached() {
    let (first, last) = if is_full() { (1_000, 10_000) } else { (500, 1_500) };
    // They do not count against the requests a worker may have.
    let running = served("").run();
    let front = running.process();
    let mut sockets = Vec::with_capacity(last);
    let mut open_up_to = |count: usize| {
        while sockets.len() < count {
            sockets.push(open(&running, "/member"));
        }
        front.resident_bytes()
    };
    let (before, after) = (open_up_to(first), open_up_to(last));
    let each = after.saturating_sub(before) / (last - first) as u64;
    println!("{each} bytes for each idle WebSocket from {first} to {last}");
    assert!(each <= 8 * 1024, "{each} bytes for each");
    assert_eq!(running.get("/all?text=news").text(), last.to_string());
    for socket in &mut sockets {
        assert_eq!(socket.next_text(), "news");
    }
    running.signal(Signal::TERM);
    for socket in &mut sockets {
        assert_eq!(socket.closed().expect("a close frame").0, 1012);
    }
}

/// One that has been accepted is no request any more.
#[test]
fn websockets_take_no_places_of_requests() {
    let config =
        "[server]\nlisten = \"127.0.0.1:0\"\n[services.api]\nentry = \"main:app\"\nconcurrency = 2\n";
    let running = server().file("main.py", APP).file("diglot.toml", config).run();
    let mut sockets: Vec<Socket> = (0..20).map(|_| open(&running, "/echo")).collect();
    assert_eq!(running.get("/hello").text(), "hello");
    for socket in &mut sockets {
        assert_eq!(socket.text("x").next_text(), "x");
    }
}

#[test]
fn a_client_that_answers_no_ping_is_gone() {
    let running = served("websocket = { ping_interval = \"200ms\", ping_timeout = \"200ms\" }").run();
    let (mut dead, mut lively) = (open(&running, "/echo"), open(&running, "/echo"));
    let opened = Instant::now();
    while opened.elapsed() < Duration::from_secs(1) {
        let frame = lively.frame().expect("a ping");
        assert_eq!(frame.first, FIN | opcode::PING);
        lively.send(FIN | opcode::PONG, &frame.payload);
    }
    assert_eq!(dead.closed().expect("a close frame"), (1011, "keepalive ping timeout".to_owned()));
    assert_eq!(lively.text("here").next_text(), "here");
    until(&running, "told", |state| state["codes"] == json!([[1006, ""]]));
}

/// To those that know no WebSocket a handshake is a request like any other.
#[test]
fn applications_without_websocket_see_a_request() {
    for app in APPS {
        let running = server().app("/", app).run();
        let (mut socket, answer) = Socket::ask(running.address(), "/hello", "");
        match app.name {
            "WSGI" | "fetch" | "Node" => {
                assert_eq!((answer.status, answer.text().as_str()), (200, "hello"), "{}", app.name);
                assert_eq!(socket.client().get("/hello").text(), "hello", "{}", app.name);
            }
            // It looks the path up without a look at the scope's type, and answers as if it were HTTP.
            _ => assert_eq!(answer.status, 500, "{}", app.name),
        }
    }
}

#[test]
fn the_access_log_has_a_line_when_it_is_over() {
    let running = served("access_log = true").run();
    let mut socket = open(&running, "/echo");
    assert_eq!(socket.text("hello").next_text(), "hello");
    socket.close(1000, "").closed().expect("a close frame");
    running.wait_for(|line| line.contains("\"GET /echo HTTP/1.1\" 101 5 "));
}

/// What the application sends is no sign of life of its client.
#[test]
fn a_silent_client_is_found_though_the_application_sends() {
    let running = served("websocket = { ping_interval = \"300ms\", ping_timeout = \"300ms\" }").run();
    let mut socket = open(&running, "/member");
    let observer = thread::spawn({
        let address = running.address();
        move || {
            let mut client = diglot_tests::Client::connect(address);
            for _ in 0..40 {
                client.get("/all?text=news");
                thread::sleep(Duration::from_millis(50));
            }
        }
    });
    assert_eq!(socket.closed().expect("a close frame").0, 1011);
    observer.join().expect("its requests are answered");
}

/// A client whose messages the application does not take is not taken for silent: its pongs lie behind them.
#[test]
fn a_client_of_a_slow_application_is_not_given_up() {
    let running = served("websocket = { ping_interval = \"200ms\", ping_timeout = \"200ms\" }").run();
    let mut socket = open(&running, "/silent");
    let message = masked(FIN | opcode::BINARY, &[7; 60_000]);
    for _ in 0..20 {
        socket.client().send(&message);
    }
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(2) {
        let frame = socket.frame().expect("pings go on");
        assert_eq!(frame.first, FIN | opcode::PING, "{frame:?}");
    }
}

/// Messages whose length is a multiple of what the server inflates at once, or of a stream's credit, and those next to them.
#[test]
fn compressed_messages_of_any_length_come_back() {
    let running = served("").run();
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n";
    let (mut socket, answer) = Socket::ask(running.address(), "/echo", offer);
    let agreed = answer.field("sec-websocket-extensions").expect("an extension");
    assert!(agreed.starts_with("permessage-deflate"), "{agreed}");
    let around = |length: usize| length - 2..length + 3;
    for length in (1..=4).flat_map(|parts| around(parts * 65_536)).chain(around(65_536 - 12)).chain(0..3) {
        let content: Vec<u8> = (0..length).map(|at| (at % 251 + at / 65_536) as u8).collect();
        for pieces in [1, 3] {
            let deflated = deflate(&content);
            let piece_bytes = deflated.len().div_ceil(pieces);
            for (at, piece) in deflated.chunks(piece_bytes).enumerate() {
                let is_last = (at + 1) * piece_bytes >= deflated.len();
                let first = if at == 0 { RSV1 | opcode::BINARY } else { opcode::CONTINUATION };
                socket.send(if is_last { FIN | first } else { first }, piece);
            }
            assert!(inflated_message(&mut socket) == content, "{length} bytes in {pieces} frames");
        }
    }
    assert_eq!(socket.close(1000, "").closed().expect("a close frame"), (1000, String::new()));
}

/// The first byte's bit of a message that is compressed (RFC 7692 section 6).
const RSV1: u8 = 0x40;
/// What is left out behind each compressed message (RFC 7692 section 7.2.1).
const DEFLATE_TAIL: &[u8] = &[0x00, 0x00, 0xff, 0xff];

fn deflate(content: &[u8]) -> Vec<u8> {
    let mut deflated = Vec::with_capacity(content.len() + 64);
    flate2::Compress::new(flate2::Compression::fast(), false)
        .compress_vec(content, &mut deflated, flate2::FlushCompress::Sync)
        .expect("room for it");
    assert!(deflated.ends_with(DEFLATE_TAIL));
    deflated.truncate(deflated.len() - DEFLATE_TAIL.len());
    deflated
}

/// The next message, inflated if it is compressed.
fn inflated_message(socket: &mut Socket) -> Vec<u8> {
    let (mut content, mut is_compressed) = (Vec::new(), false);
    loop {
        let frame = socket.frame().expect("a frame");
        is_compressed |= frame.first & RSV1 != 0;
        content.extend(frame.payload);
        if frame.first & FIN == 0 {
            continue;
        }
        if !is_compressed {
            return content;
        }
        content.extend(DEFLATE_TAIL);
        let mut inflated = Vec::with_capacity(512 * 1024);
        flate2::Decompress::new(false)
            .decompress_vec(&content, &mut inflated, flate2::FlushDecompress::Sync)
            .expect("deflate");
        return inflated;
    }
}

/// What an echo needed on its way is not kept for the next.
#[test]
fn a_large_message_leaves_nothing_with_its_connection() {
    let running = served("").run();
    let front = running.process();
    let mut sockets: Vec<Socket> = (0..300).map(|_| open(&running, "/echo")).collect();
    let before = front.resident_bytes();
    let message = vec![7; 120_000];
    for socket in &mut sockets {
        socket.send(FIN | opcode::BINARY, &message);
        assert_eq!(socket.message().1.len(), message.len());
    }
    let each = front.resident_bytes().saturating_sub(before) / sockets.len() as u64;
    assert!(each <= 8 * 1024, "{each} bytes are kept for each");
}
