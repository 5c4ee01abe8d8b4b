//! One frame of each kind, and those with something peculiar.

use diglot_link::frame::{self, FLAG_END, FLAG_LAST, Header, Type};
use diglot_link::message::{
    self, Close, Fault, Field, HttpVersion, Interface, Limits, Open, Ready, RequestLine, Response,
};
use diglot_link::names;
use diglot_link::preface::{Preface, REVISION};
use serde_json::{Value, json};

use crate::{hex, meaning};

pub(crate) fn frame_bytes(kind: Type, flags: u8, generation: u16, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    frame::encode(&mut out, Header { kind, flags, generation, stream }, payload);
    out
}

pub(crate) fn preface_bytes(generation: u32, streams_max: u32) -> Vec<u8> {
    let mut out = vec![];
    Preface { revision: REVISION, generation, streams_max }.encode(&mut out);
    out
}

/// The line of a plain `GET` of `target`, all of which is path.
pub(crate) fn get(target: &[u8]) -> RequestLine<'_> {
    RequestLine {
        connection: 1,
        method: b"GET",
        version: HttpVersion::Http11,
        flags: message::REQUEST_KEEP_ALIVE,
        target,
        path_start: 0,
        path_length: target.len() as u16,
        mount_length: 0,
    }
}

/// A handshake of WebSocket that the front has checked.
pub(crate) fn handshake() -> RequestLine<'static> {
    let flags = message::REQUEST_KEEP_ALIVE | message::REQUEST_UPGRADE | message::REQUEST_WEBSOCKET;
    RequestLine { flags, ..get(b"/chat") }
}

/// A request that TUNNEL can answer, with what came behind it aboard.
pub(crate) fn upgrade() -> RequestLine<'static> {
    let flags = message::REQUEST_KEEP_ALIVE | message::REQUEST_UPGRADE | message::REQUEST_AHEAD;
    RequestLine { flags, ..get(b"/tea") }
}

pub(crate) fn close_payload(code: u16, reason: &str) -> Vec<u8> {
    let mut payload = vec![];
    Close { code, reason }.encode(&mut payload);
    payload
}

pub(crate) fn request_payload(line: &RequestLine<'_>, fields: &[(&[u8], &[u8])], body: &[u8]) -> Vec<u8> {
    let mut payload = vec![];
    let fields = fields.iter().map(|&(name, value)| Field { id: names::id_of(name), name, value });
    message::encode_request(&mut payload, line, fields, body).unwrap();
    payload
}

pub(crate) fn response_payload(status: u16, lines: &[u8], body: &[u8]) -> Vec<u8> {
    let mut payload = vec![];
    Response::encode_fixed(&mut payload, status, lines.len());
    payload.extend_from_slice(lines);
    payload.extend_from_slice(body);
    payload
}

pub(crate) fn open_payload(open: &Open<'_>) -> Vec<u8> {
    let mut payload = vec![];
    open.encode(&mut payload);
    payload
}

fn ready_payload(interface: Interface, runtime: &str) -> Vec<u8> {
    let mut payload = vec![];
    Ready { interface, runtime }.encode(&mut payload);
    payload
}

pub(crate) fn prefaces() -> Vec<Value> {
    let preface = |name: &str, generation: u32, streams_max: u32| {
        json!({
            "name": name,
            "hex": hex(&preface_bytes(generation, streams_max)),
            "meaning": { "revision": REVISION, "generation": generation, "streams_max": streams_max },
        })
    };
    vec![
        preface("the first start of a worker", 1, 1024),
        preface("the widest numbers", u32::MAX, 65_536),
        preface("the smallest numbers", 0, 1),
    ]
}

pub(crate) fn all() -> Vec<Value> {
    requests().chain(from_front()).chain(from_worker()).collect()
}

fn case(name: &str, from: &str, bytes: &[u8]) -> Value {
    let frame = meaning::only_frame(bytes);
    json!({
        "name": name,
        "from": from,
        "hex": hex(bytes),
        "type": format!("{:?}", frame.header.kind).to_uppercase(),
        "type_number": frame.header.kind as u8,
        "end": frame.header.ends(),
        "generation": frame.header.generation,
        "stream": frame.header.stream,
        "meaning": meaning::of(&frame),
    })
}

type Case<'c> = (&'c str, Type, u8, u16, u32, Vec<u8>);

fn cases<'c>(from: &'c str, cases: Vec<Case<'c>>) -> impl Iterator<Item = Value> + use<'c> {
    cases.into_iter().map(move |(name, kind, flags, generation, stream, payload)| {
        case(name, from, &frame_bytes(kind, flags, generation, stream, &payload))
    })
}

fn requests() -> impl Iterator<Item = Value> {
    let plain: &[(&[u8], &[u8])] =
        &[(b"Host", b"localhost:8000"), (b"user-agent", b"curl/8.5.0"), (b"ACCEPT", b"*/*")];
    let every_byte: Vec<u8> = (b' '..=b'~').chain(0x80..=0xFF).collect();
    let request = |name, line: &RequestLine<'_>, fields: &[(&[u8], &[u8])], body: &[u8], end: bool| {
        (name, Type::Request, u8::from(end), 0, 1, request_payload(line, fields, body))
    };
    let body_flags = message::REQUEST_KEEP_ALIVE | message::REQUEST_BODY;
    let absolute = b"http://example.com/shop/a%20b?x=1&y=2";
    let every_flag = RequestLine { flags: 0x1F, method: b"POST", ..get(b"/all") };
    cases(
        "front",
        vec![
            request("GET, three fields in the client's case", &get(b"/"), plain, b"", true),
            request(
                "GET with a query",
                &RequestLine { path_length: 2, ..get(b"/a?b=c?d") },
                plain,
                b"",
                true,
            ),
            request(
                "GET with an empty query",
                &RequestLine { path_length: 2, ..get(b"/a?") },
                plain,
                b"",
                true,
            ),
            request(
                "no field at all, HTTP/1.0",
                &RequestLine { version: HttpVersion::Http10, flags: 0, ..get(b"/old") },
                &[],
                b"",
                true,
            ),
            request(
                "a method that has no id",
                &RequestLine { method: b"PROPFIND", ..get(b"/dav") },
                plain,
                b"",
                true,
            ),
            request(
                "a method in lower case is another method",
                &RequestLine { method: b"get", ..get(b"/") },
                plain,
                b"",
                true,
            ),
            request("OPTIONS *", &RequestLine { method: b"OPTIONS", ..get(b"*") }, plain, b"", true),
            request(
                "the absolute form",
                &RequestLine { path_start: 18, path_length: 11, ..get(absolute) },
                plain,
                b"",
                true,
            ),
            request(
                "mounted at /api",
                &RequestLine { mount_length: 4, path_length: 8, ..get(b"/api/x%2F?q") },
                plain,
                b"",
                true,
            ),
            request(
                "duplicate fields keep their order, case and number",
                &get(b"/"),
                &[(b"Cookie", b"a=1"), (b"X-A", b"1"), (b"cookie", b"b=2"), (b"x-a", b""), (b"X-a", b"1")],
                b"",
                true,
            ),
            request(
                "every byte a value can have",
                &get(b"/"),
                &[(b"X-Bytes", &every_byte), (b"x-tab", b"a\tb")],
                b"",
                true,
            ),
            request(
                "a body aboard, all of it",
                &RequestLine { method: b"POST", flags: body_flags, ..get(b"/") },
                &[(b"Content-Length", b"5"), (b"Content-Type", b"text/plain")],
                b"hello",
                true,
            ),
            request(
                "a body aboard, more follows",
                &RequestLine { method: b"PUT", flags: body_flags, ..get(b"/") },
                &[(b"Content-Length", b"500000")],
                b"\0\xFF\r\n",
                false,
            ),
            request(
                "every flag, HTTP/2",
                &RequestLine { version: HttpVersion::Http2, ..every_flag },
                &[(b"expect", b"100-continue"), (b"upgrade", b"x"), (b"transfer-encoding", b"chunked")],
                b"",
                false,
            ),
            request("a WebSocket handshake", &handshake(), plain, b"", false),
            request(
                "an upgrade, with what is behind it aboard",
                &upgrade(),
                plain,
                b"\x81\x80\0\0\0\0",
                true,
            ),
            request(
                "CONNECT",
                &RequestLine { method: b"CONNECT", path_start: 10, path_length: 0, ..get(b"a.test:443") },
                &[(b"Host", b"a.test:443")],
                b"",
                true,
            ),
            (
                "generation and stream above one byte, connection above two",
                Type::Request,
                FLAG_END,
                0xFEDC,
                65_536,
                request_payload(&RequestLine { connection: 0x0102_0304, ..get(b"/") }, plain, b""),
            ),
        ],
    )
}

fn fault_payload(rule: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![];
    Fault { connection: 3, rule, bytes }.encode(&mut out);
    out
}

fn limits_payload() -> Vec<u8> {
    let mut out = vec![];
    Limits { head_ms: 1, request_ms: u32::MAX }.encode(&mut out);
    out
}

fn from_front() -> impl Iterator<Item = Value> {
    let ipv4 =
        Open { tls: false, peer: "192.0.2.7", peer_port: 51_234, local: "127.0.0.1", local_port: 8000 };
    let ipv6 = Open { tls: true, peer: "2001:db8::1", peer_port: 65_535, local: "::1", local_port: 8443 };
    let unix = Open { tls: false, peer: "", peer_port: 0, local: "/run/ünix.sock", local_port: 0 };
    cases(
        "front",
        vec![
            ("OPEN, IPv4", Type::Open, 0, 0, 1, open_payload(&ipv4)),
            ("OPEN, IPv6 and TLS", Type::Open, 0, 0, 0xFFFF_FFFF, open_payload(&ipv6)),
            ("OPEN, a Unix socket", Type::Open, 0, 0, 3, open_payload(&unix)),
            ("CLOSED", Type::Closed, 0, 0, 3, vec![]),
            ("FAULT", Type::Fault, 0, 7, 258, fault_payload("MethodInvalid", b"\0\xFFGET")),
            ("FAULT without a byte", Type::Fault, 0, 7, 258, fault_payload("HeadTimedOut", b"")),
            ("BODY", Type::Body, 0, 7, 258, b"hello".to_vec()),
            ("BODY that ends the request", Type::Body, FLAG_END, 7, 258, b"\0\x01\xFE\xFF".to_vec()),
            ("BODY without a byte, only the end", Type::Body, FLAG_END, 7, 258, vec![]),
            ("TRAILERS", Type::Trailers, FLAG_END, 7, 258, b"x-sum: 1\r\nX-B: \xE9\r\n".to_vec()),
            ("TRAILERS without a line", Type::Trailers, FLAG_END, 7, 258, vec![]),
            ("CREDIT for a stream", Type::Credit, 0, 7, 258, 65_536u32.to_le_bytes().to_vec()),
            ("CREDIT for the link", Type::Credit, 0, 0, 0, 262_144u32.to_le_bytes().to_vec()),
            ("CANCEL, the client is gone", Type::Cancel, 0, 7, 258, vec![1]),
            ("CANCEL, a time limit", Type::Cancel, 0, 7, 258, vec![2]),
            ("CANCEL, the server stops", Type::Cancel, 0, 7, 258, vec![3]),
            ("TEXT, a whole message", Type::Text, FLAG_LAST, 7, 258, "grüße".into()),
            ("TEXT, more follows", Type::Text, 0, 7, 258, b"gr\xC3".to_vec()),
            ("BINARY, the last part", Type::Binary, FLAG_LAST, 7, 258, b"\0\xFF".to_vec()),
            ("BINARY, an empty message", Type::Binary, FLAG_LAST, 7, 258, vec![]),
            ("CLOSE by the client", Type::Close, FLAG_END, 7, 258, close_payload(1001, "on to other päges")),
            ("CLOSE, a close frame without a code", Type::Close, FLAG_END, 7, 258, close_payload(1005, "")),
            ("CLOSE, a connection that fell", Type::Close, FLAG_END, 7, 258, close_payload(1006, "")),
            ("TUNNEL from the front", Type::Tunnel, 0, 7, 258, vec![]),
            ("FAREWELL", Type::Farewell, 0, 0, 0, vec![]),
            ("DRAIN", Type::Drain, 0, 0, 0, vec![]),
            ("PING", Type::Ping, 0, 0, 0, b"\0\x01\x02\x03\xFC\xFD\xFE\xFF".to_vec()),
        ],
    )
}

fn from_worker() -> impl Iterator<Item = Value> {
    let lines: &[u8] =
        b"content-type: text/plain\r\nContent-Length: 5\r\nset-cookie: a=1\r\nset-cookie: b=2\r\n";
    let wire: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    cases(
        "worker",
        vec![
            (
                "READY, ASGI",
                Type::Ready,
                0,
                0,
                0,
                ready_payload(Interface::Asgi, "CPython 3.12.3, uvloop 0.21.0"),
            ),
            ("READY, WSGI", Type::Ready, 0, 0, 0, ready_payload(Interface::Wsgi, "")),
            ("READY, http", Type::Ready, 0, 0, 0, ready_payload(Interface::Http, "Node.js 24.1.0")),
            ("READY, fetch", Type::Ready, 0, 0, 0, ready_payload(Interface::Fetch, "Node.js 24.1.0 · naïve")),
            ("READY, functions", Type::Ready, 0, 0, 0, ready_payload(Interface::Functions, "CPython 3.12.3")),
            ("FAILED", Type::Failed, 0, 0, 0, "Traceback:\n  ModuleNotFoundError: 'é'\n".into()),
            ("RESPONSE, whole", Type::Response, FLAG_END, 0, 1, response_payload(200, lines, b"hello")),
            ("RESPONSE, the body follows", Type::Response, 0, 0, 1, response_payload(200, lines, b"he")),
            ("RESPONSE without a field", Type::Response, FLAG_END, 0, 1, response_payload(204, b"", b"")),
            (
                "RESPONSE, 8-bit value",
                Type::Response,
                FLAG_END,
                0,
                1,
                response_payload(999, b"x: \xE9\r\n", b""),
            ),
            ("INFORM, 100", Type::Inform, 0, 0, 1, response_payload(100, b"", b"")),
            ("INFORM, 103", Type::Inform, 0, 0, 1, response_payload(103, b"link: </s.css>\r\n", b"")),
            ("WIRE", Type::Wire, 0, 0, 1, wire[..20].to_vec()),
            ("WIRE that ends", Type::Wire, FLAG_END, 0, 1, wire[20..].to_vec()),
            ("BODY of a response", Type::Body, 0, 0, 1, b"llo".to_vec()),
            ("BODY of a response, only the end", Type::Body, FLAG_END, 0, 1, vec![]),
            (
                "TRAILERS of a response",
                Type::Trailers,
                FLAG_END,
                0,
                1,
                b"server-timing: a;dur=1\r\n".to_vec(),
            ),
            ("CREDIT for a request", Type::Credit, 0, 0, 1, 131_072u32.to_le_bytes().to_vec()),
            ("STOP", Type::Stop, 0, 0, 1, vec![]),
            ("ACCEPT", Type::Accept, 0, 0, 1, b"sec-websocket-protocol: chat\r\nx-a: \xE9\r\n".to_vec()),
            ("ACCEPT without a field", Type::Accept, 0, 0, 1, vec![]),
            ("TEXT from the worker", Type::Text, FLAG_LAST, 0, 1, b"hello".to_vec()),
            ("BINARY from the worker, more follows", Type::Binary, 0, 0, 1, b"\x80".to_vec()),
            ("CLOSE by the application", Type::Close, FLAG_END, 0, 1, close_payload(4001, "bye")),
            ("CANCEL, the application failed", Type::Cancel, 0, 0, 1, vec![4]),
            ("CANCEL, refused", Type::Cancel, 0, 0, 1, vec![5]),
            ("CANCEL, acknowledged", Type::Cancel, 0, 0, 1, vec![6]),
            ("CANCEL, reset", Type::Cancel, 0, 0, 1, vec![7]),
            ("TUNNEL", Type::Tunnel, 0, 0, 1, vec![]),
            ("CLAIM", Type::Claim, 0, 0, 0, b"lv_VI97HAXpY6yYWAAAC".to_vec()),
            ("RELEASE", Type::Release, 0, 0, 0, b"lv_VI97HAXpY6yYWAAAC".to_vec()),
            ("HANGUP", Type::HangUp, 0, 0, 3, vec![]),
            ("CLOSEIDLE", Type::CloseIdle, 0, 0, 3, vec![]),
            ("LIMITS", Type::Limits, 0, 0, 3, limits_payload()),
            ("EARLY", Type::Early, 0, 0, 0, vec![]),
            ("PONG", Type::Pong, 0, 0, 0, b"\0\x01\x02\x03\xFC\xFD\xFE\xFF".to_vec()),
            ("PAUSE", Type::Pause, 0, 0, 0, vec![]),
        ],
    )
}
