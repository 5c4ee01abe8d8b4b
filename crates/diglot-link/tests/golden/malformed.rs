//! Bytes that break a rule, each with the rule; and the proof that this crate's ends refuse them.

use diglot_link::frame::{FLAG_END, FLAG_LAST, Type};
use diglot_link::message::{Interface, Open, Ready, RequestLine};
use diglot_link::{Front, Violation, Worker};
use serde_json::{Value, json};

use crate::frames::{
    close_payload, frame_bytes, get, open_payload, preface_bytes, request_payload, response_payload,
};
use crate::hex;

const STREAMS_MAX: u32 = 8;

/// `before` is what the same peer sent, rightly, before the bytes that break the rule.
///
/// The receiver of a worker's frames is a front that has begun stream 1 (generation 0) with a `POST` whose body has not
/// ended, once READY came. The receiver of a front's frames is a worker that sent READY after the preface.
struct Malformed {
    name: &'static str,
    rule: &'static str,
    before: Vec<u8>,
    bytes: Vec<u8>,
}

pub(crate) fn all() -> Vec<Value> {
    let from_front = from_front().into_iter().map(|case| case.json("front", violation_in_worker(&case)));
    let from_worker = from_worker().into_iter().map(|case| case.json("worker", violation_in_front(&case)));
    from_front.chain(from_worker).collect()
}

impl Malformed {
    fn json(&self, from: &str, violation: Violation) -> Value {
        let debug = format!("{violation:?}");
        json!({
            "name": self.name,
            "from": from,
            "before": hex(&self.before),
            "hex": hex(&self.bytes),
            "rule": self.rule,
            "violation": debug.split([' ', '{']).next(),
        })
    }
}

fn violation_in_worker(case: &Malformed) -> Violation {
    let mut worker = Worker::<()>::new();
    worker.ready(&Ready { interface: Interface::Asgi, runtime: "" });
    let mut bytes = &case.before[..];
    while let Some((count, _)) = worker.handle(bytes).unwrap() {
        bytes = &bytes[count..];
    }
    assert!(bytes.is_empty(), "{}: what comes before is not whole", case.name);
    worker.handle(&case.bytes).expect_err(case.name)
}

fn violation_in_front(case: &Malformed) -> Violation {
    let mut front = Front::<()>::new(1, STREAMS_MAX);
    let mut bytes = &case.before[..];
    loop {
        if front.open_streams() == 0 {
            let line = RequestLine { method: b"POST", ..get(b"/") };
            front.begin((), &line, [].into_iter(), b"", false).unwrap();
        }
        let Some((count, _)) = front.handle(bytes).unwrap() else { break };
        bytes = &bytes[count..];
    }
    assert!(bytes.is_empty(), "{}: what comes before is not whole", case.name);
    front.handle(&case.bytes).expect_err(case.name)
}

fn preface() -> Vec<u8> {
    preface_bytes(1, STREAMS_MAX)
}

fn with(mut before: Vec<u8>, frames: &[Vec<u8>]) -> Vec<u8> {
    before.extend(frames.concat());
    before
}

/// `bytes` with those at `at` replaced.
fn patched(mut bytes: Vec<u8>, at: usize, by: &[u8]) -> Vec<u8> {
    bytes[at..at + by.len()].copy_from_slice(by);
    bytes
}

fn from_front() -> Vec<Malformed> {
    let on_link = |name, rule, bytes| Malformed { name, rule, before: preface(), bytes };
    let request = |payload: &[u8]| frame_bytes(Type::Request, FLAG_END, 0, 1, payload);
    let good = request_payload(&get(b"/a"), &[(b"host", b"x"), (b"accept", b"y")], b"");
    let broken =
        |name, rule, at: usize, by: &[u8]| on_link(name, rule, request(&patched(good.clone(), at, by)));
    let open = open_payload(&Open { tls: false, peer: "::1", peer_port: 1, local: "::1", local_port: 2 });
    let opened = with(preface(), &[frame_bytes(Type::Request, 0, 0, 1, &good)]);
    let after_request = |name, rule, bytes| Malformed { name, rule, before: opened.clone(), bytes };
    let at_start = |name, rule, bytes: Vec<u8>| Malformed { name, rule, before: vec![], bytes };
    let too_long =
        |kind: Type, length: u32| patched(frame_bytes(kind, 0, 0, 1, &[]), 0, &length.to_le_bytes());
    vec![
        at_start("another protocol", "the preface begins with DIGLOT", b"GET / HTTP/1.1\r\n".to_vec()),
        at_start("another revision", "both ends speak revision 1", patched(preface(), 6, &[2])),
        at_start("no stream", "streams max is 1..=65,536", preface_bytes(1, 0)),
        at_start("too many streams", "streams max is 1..=65,536", preface_bytes(1, 65_537)),
        on_link(
            "unknown type",
            "types are those of the table",
            patched(frame_bytes(Type::Drain, 0, 0, 0, &[]), 4, &[0x40]),
        ),
        on_link("type 0", "types are those of the table", vec![0; 12]),
        on_link("unknown flag", "flags but END are 0", frame_bytes(Type::Request, 0x80, 0, 1, &good)),
        on_link(
            "END on DRAIN",
            "END stands only where a direction can end",
            frame_bytes(Type::Drain, FLAG_END, 0, 0, &[]),
        ),
        on_link(
            "DRAIN on a stream",
            "what concerns the link has stream 0",
            frame_bytes(Type::Drain, 0, 0, 1, &[]),
        ),
        on_link(
            "OPEN with a generation",
            "a connection has no generation",
            frame_bytes(Type::Open, 0, 1, 1, &open),
        ),
        on_link(
            "REQUEST too long",
            "lengths are at most those of the table",
            too_long(Type::Request, 163_841),
        ),
        on_link("BODY too long", "lengths are at most those of the table", too_long(Type::Body, 65_537)),
        on_link("BODY of 4 GiB", "lengths are at most those of the table", too_long(Type::Body, u32::MAX)),
        on_link("DRAIN with a payload", "DRAIN has no payload", frame_bytes(Type::Drain, 0, 0, 0, &[0])),
        on_link("PING of 7 bytes", "PING has 8 bytes", frame_bytes(Type::Ping, 0, 0, 0, &[0; 7])),
        on_link(
            "RESPONSE from the front",
            "the front sends no RESPONSE",
            frame_bytes(Type::Response, 0, 0, 1, &[]),
        ),
        on_link(
            "REQUEST on stream 0",
            "streams are 1..=streams max",
            frame_bytes(Type::Request, FLAG_END, 0, 0, &good),
        ),
        on_link(
            "REQUEST above streams max",
            "streams are 1..=streams max",
            frame_bytes(Type::Request, FLAG_END, 0, 9, &good),
        ),
        on_link(
            "BODY for a stream never used",
            "an id is used first by REQUEST",
            frame_bytes(Type::Body, 0, 0, 1, b"x"),
        ),
        on_link("REQUEST cut in the fixed part", "lengths add up", request(&good[..23])),
        on_link("REQUEST cut in the table", "lengths add up", request(&good[..27])),
        on_link("REQUEST cut in the text", "lengths add up", request(&good[..good.len() - 1])),
        broken("HTTP version 12", "the version is 10, 11 or 20", 5, &[12]),
        broken("unknown method id", "method ids are those of the table", 4, &[200]),
        broken("no method", "id 0 means that the text has the method", 4, &[0]),
        broken("a method twice", "the text has the method only if the id is 0", 16, &[1]),
        broken("1,025 fields", "at most 1,024 fields", 6, &1025u16.to_le_bytes()),
        broken("a field more than there is", "lengths add up", 6, &3u16.to_le_bytes()),
        broken("a target longer than the text", "lengths add up", 8, &500u16.to_le_bytes()),
        broken("a path beyond the target", "the path lies in the target", 12, &3u16.to_le_bytes()),
        broken(
            "a path that begins beyond the target",
            "the path lies in the target",
            10,
            &u16::MAX.to_le_bytes(),
        ),
        broken("a mount longer than the path", "the mount lies in the path", 14, &3u16.to_le_bytes()),
        broken("unknown request flag", "request flags but the named are 0", 17, &[0x80]),
        broken("bytes ahead of a plain request", "bytes ahead stand behind what may tunnel", 17, &[0x40]),
        broken("bytes ahead of a body", "bytes ahead stand behind what has no body", 17, &[0x4C]),
        broken("reserved bytes in use", "reserved bytes are 0", 18, &[1]),
        broken("a text of 4 GiB", "the text is at most 98,304 bytes", 20, &u32::MAX.to_le_bytes()),
        broken("a field without a name", "names are not empty", 25, &[0]),
        broken("an unknown name id", "name ids are those of the table", 24, &[255]),
        broken("values longer than the text", "lengths add up", 26, &u16::MAX.to_le_bytes()),
        on_link(
            "FAULT cut",
            "the name is whole",
            frame_bytes(Type::Fault, 0, 0, 2, b"\x03\0\0\0\x02\0\0\0A"),
        ),
        on_link("FAULT without a rule", "a fault has a name", frame_bytes(Type::Fault, 0, 0, 2, &[0; 8])),
        on_link("OPEN cut", "lengths add up", frame_bytes(Type::Open, 0, 0, 1, &open[..open.len() - 1])),
        on_link(
            "OPEN with a rest",
            "lengths add up",
            frame_bytes(Type::Open, 0, 0, 1, &[&open[..], b"x"].concat()),
        ),
        on_link(
            "OPEN with unknown flags",
            "the first byte is 0 or 1",
            frame_bytes(Type::Open, 0, 0, 1, &patched(open.clone(), 0, &[2])),
        ),
        on_link(
            "OPEN, not UTF-8",
            "addresses are UTF-8",
            frame_bytes(Type::Open, 0, 0, 1, &patched(open, 8, b"\xFF")),
        ),
        after_request(
            "REQUEST on a stream in use",
            "an id is used again only when both directions are over",
            frame_bytes(Type::Request, FLAG_END, 1, 1, &good),
        ),
        after_request(
            "TRAILERS without END",
            "TRAILERS is always END",
            frame_bytes(Type::Trailers, 0, 0, 1, b""),
        ),
        after_request("CREDIT of 0", "credit is above 0", frame_bytes(Type::Credit, 0, 0, 1, &[0; 4])),
        after_request("CREDIT of 3 bytes", "credit is a u32", frame_bytes(Type::Credit, 0, 0, 1, &[1; 3])),
        after_request(
            "CREDIT beyond the window",
            "credit is at most what was spent",
            frame_bytes(Type::Credit, 0, 0, 1, &[1, 0, 0, 0]),
        ),
        after_request(
            "CREDIT beyond the link's window",
            "credit is at most what was spent",
            frame_bytes(Type::Credit, 0, 0, 0, &[1, 0, 0, 0]),
        ),
        after_request(
            "CREDIT for the link with a generation",
            "what concerns the link has generation 0",
            frame_bytes(Type::Credit, 0, 1, 0, &[1, 0, 0, 0]),
        ),
        after_request(
            "CANCEL without a reason",
            "CANCEL has one byte",
            frame_bytes(Type::Cancel, 0, 0, 1, &[]),
        ),
        after_request(
            "CANCEL with an unknown reason",
            "reasons are 1..=8",
            frame_bytes(Type::Cancel, 0, 0, 1, &[9]),
        ),
        after_request(
            "TEXT for a request",
            "messages follow ACCEPT",
            frame_bytes(Type::Text, FLAG_LAST, 0, 1, b"x"),
        ),
        after_request(
            "TEXT with END",
            "flags of TEXT but LAST are 0",
            frame_bytes(Type::Text, FLAG_END, 0, 1, b"x"),
        ),
        after_request(
            "CLOSE for a request",
            "messages follow ACCEPT",
            frame_bytes(Type::Close, FLAG_END, 0, 1, &close_payload(1000, "")),
        ),
        after_request(
            "CLOSE without END",
            "CLOSE is always END",
            frame_bytes(Type::Close, 0, 0, 1, &close_payload(1000, "")),
        ),
        after_request(
            "CLOSE without a code",
            "lengths add up",
            frame_bytes(Type::Close, FLAG_END, 0, 1, &[1]),
        ),
        after_request(
            "CLOSE with a code no close has",
            "codes are those of RFC 6455",
            frame_bytes(Type::Close, FLAG_END, 0, 1, &999u16.to_le_bytes()),
        ),
        after_request(
            "CLOSE, not UTF-8",
            "the reason is UTF-8",
            frame_bytes(Type::Close, FLAG_END, 0, 1, b"\xE8\x03\xFF"),
        ),
        after_request(
            "TUNNEL that nobody asked for",
            "TUNNEL answers TUNNEL",
            frame_bytes(Type::Tunnel, 0, 0, 1, &[]),
        ),
        Malformed {
            name: "REQUEST after DRAIN",
            rule: "no request follows DRAIN",
            before: with(preface(), &[frame_bytes(Type::Drain, 0, 0, 0, &[])]),
            bytes: request(&good),
        },
    ]
}

fn from_worker() -> Vec<Malformed> {
    let ready = frame_bytes(Type::Ready, 0, 0, 0, &[1]);
    let serving = with(preface(), std::slice::from_ref(&ready));
    let on_stream = |name, rule, bytes| Malformed { name, rule, before: serving.clone(), bytes };
    let after = |frames: &[Vec<u8>], name, rule, bytes| Malformed {
        name,
        rule,
        before: with(serving.clone(), frames),
        bytes,
    };
    let loading = |name, rule, bytes| Malformed { name, rule, before: preface(), bytes };
    let head = frame_bytes(Type::Response, 0, 0, 1, &response_payload(200, b"", b""));
    let whole = frame_bytes(Type::Response, FLAG_END, 0, 1, &response_payload(200, b"", b""));
    let wire = frame_bytes(Type::Wire, 0, 0, 1, b"HTTP/1.1 ");
    let body = |length: usize| frame_bytes(Type::Body, 0, 0, 1, &vec![b'x'; length]);
    let response = |payload: &[u8]| frame_bytes(Type::Response, 0, 0, 1, payload);
    let good = response_payload(200, b"a: b\r\n", b"");
    vec![
        Malformed {
            name: "another generation in the preface",
            rule: "the worker repeats the preface",
            before: vec![],
            bytes: preface_bytes(2, STREAMS_MAX),
        },
        loading("READY without a byte", "READY names the interface", frame_bytes(Type::Ready, 0, 0, 0, &[])),
        loading("READY, unknown interface", "interfaces are 1..=5", frame_bytes(Type::Ready, 0, 0, 0, &[9])),
        loading("READY, not UTF-8", "the line is UTF-8", frame_bytes(Type::Ready, 0, 0, 0, b"\x01\xFF")),
        loading(
            "READY on a stream",
            "what concerns the link has stream 0",
            frame_bytes(Type::Ready, 0, 0, 1, &[1]),
        ),
        loading("FAILED, not UTF-8", "the text is UTF-8", frame_bytes(Type::Failed, 0, 0, 0, b"\xFF")),
        loading("RESPONSE before any request", "an id is used first by REQUEST", head.clone()),
        Malformed {
            name: "READY after FAILED",
            rule: "a worker says once how loading went",
            before: with(preface(), &[frame_bytes(Type::Failed, 0, 0, 0, b"no")]),
            bytes: ready.clone(),
        },
        on_stream("READY twice", "a worker says once how loading went", ready.clone()),
        on_stream(
            "FAILED after READY",
            "a worker says once how loading went",
            frame_bytes(Type::Failed, 0, 0, 0, b"no"),
        ),
        on_stream("PING from the worker", "PING is the front's", frame_bytes(Type::Ping, 0, 0, 0, &[0; 8])),
        on_stream("PONG of 7 bytes", "PONG has 8 bytes", frame_bytes(Type::Pong, 0, 0, 0, &[0; 7])),
        on_stream(
            "REQUEST from the worker",
            "the worker sends no REQUEST",
            frame_bytes(Type::Request, 0, 0, 1, &[]),
        ),
        on_stream(
            "RESPONSE on stream 0",
            "streams are 1..=streams max",
            frame_bytes(Type::Response, 0, 0, 0, &good),
        ),
        on_stream(
            "RESPONSE for a stream never used",
            "an id is used first by REQUEST",
            frame_bytes(Type::Response, 0, 0, 2, &good),
        ),
        on_stream("BODY before RESPONSE", "the head comes before the body", body(1)),
        on_stream(
            "TRAILERS before RESPONSE",
            "the head comes before the body",
            frame_bytes(Type::Trailers, FLAG_END, 0, 1, b""),
        ),
        on_stream("RESPONSE cut", "lengths add up", response(&good[..good.len() - 1])),
        on_stream("RESPONSE cut in the fixed part", "lengths add up", response(&good[..7])),
        on_stream(
            "RESPONSE, reserved bytes in use",
            "reserved bytes are 0",
            response(&patched(good.clone(), 2, &[1])),
        ),
        on_stream(
            "RESPONSE with lines of 4 GiB",
            "lines are at most 98,304 bytes",
            response(&patched(good.clone(), 4, &u32::MAX.to_le_bytes())),
        ),
        on_stream(
            "RESPONSE, status 199",
            "RESPONSE has a status of 200..=999",
            response(&response_payload(199, b"", b"")),
        ),
        on_stream(
            "RESPONSE, status 1000",
            "RESPONSE has a status of 200..=999",
            response(&response_payload(1000, b"", b"")),
        ),
        on_stream(
            "INFORM, status 200",
            "INFORM has a status of 100 or 102..=199",
            frame_bytes(Type::Inform, 0, 0, 1, &response_payload(200, b"", b"")),
        ),
        on_stream(
            "INFORM, status 101",
            "INFORM has a status of 100 or 102..=199",
            frame_bytes(Type::Inform, 0, 0, 1, &response_payload(101, b"", b"")),
        ),
        on_stream(
            "INFORM with a body",
            "INFORM has no body",
            frame_bytes(Type::Inform, 0, 0, 1, &response_payload(103, b"", b"x")),
        ),
        on_stream(
            "INFORM with END",
            "END stands only where a direction can end",
            frame_bytes(Type::Inform, FLAG_END, 0, 1, &response_payload(103, b"", b"")),
        ),
        on_stream(
            "CANCEL with END",
            "END stands only where a direction can end",
            frame_bytes(Type::Cancel, FLAG_END, 0, 1, &[4]),
        ),
        on_stream("STOP with a payload", "STOP has no payload", frame_bytes(Type::Stop, 0, 0, 1, &[0])),
        after(std::slice::from_ref(&head), "RESPONSE twice", "a response has one head", head.clone()),
        after(
            std::slice::from_ref(&head),
            "INFORM after RESPONSE",
            "interim responses come before the head",
            frame_bytes(Type::Inform, 0, 0, 1, &response_payload(103, b"", b"")),
        ),
        after(
            std::slice::from_ref(&head),
            "WIRE after RESPONSE",
            "a response is either structured or bytes of the wire",
            wire.clone(),
        ),
        after(&[wire], "BODY after WIRE", "a response is either structured or bytes of the wire", body(1)),
        after(std::slice::from_ref(&whole), "BODY after the end", "nothing follows END", body(1)),
        after(
            std::slice::from_ref(&whole),
            "CANCEL after the end",
            "nothing follows END",
            frame_bytes(Type::Cancel, 0, 0, 1, &[4]),
        ),
        on_stream(
            "CREDIT beyond the window",
            "credit is at most what was spent",
            frame_bytes(Type::Credit, 0, 0, 1, &[1, 0, 0, 0]),
        ),
        on_stream(
            "TUNNEL for a request",
            "TUNNEL answers an upgrade or CONNECT",
            frame_bytes(Type::Tunnel, 0, 0, 1, &[]),
        ),
        on_stream(
            "ACCEPT for a request",
            "ACCEPT answers a handshake",
            frame_bytes(Type::Accept, 0, 0, 1, b""),
        ),
        on_stream(
            "TEXT for a request",
            "messages follow ACCEPT",
            frame_bytes(Type::Text, FLAG_LAST, 0, 1, b"x"),
        ),
        on_stream(
            "CLOSE for a request",
            "messages follow ACCEPT",
            frame_bytes(Type::Close, FLAG_END, 0, 1, &close_payload(1000, "")),
        ),
        on_stream(
            "ACCEPT too long",
            "lengths are at most those of the table",
            patched(frame_bytes(Type::Accept, 0, 0, 1, &[]), 0, &98_305u32.to_le_bytes()),
        ),
        on_stream("CLAIM of nothing", "a session has a name", frame_bytes(Type::Claim, 0, 0, 0, b"")),
        on_stream(
            "CLAIM on a stream",
            "what concerns the link has stream 0",
            frame_bytes(Type::Claim, 0, 0, 1, b"a"),
        ),
        on_stream(
            "CLAIM too long",
            "lengths are at most those of the table",
            frame_bytes(Type::Claim, 0, 0, 0, &[b'a'; 257]),
        ),
    ]
}
