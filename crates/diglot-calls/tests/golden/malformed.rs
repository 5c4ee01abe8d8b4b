//! Bytes that break a rule, with what was sent before them in order to get there.

use diglot_calls::Role;
use diglot_calls::frame::{Header, Type};
use diglot_calls::message::{CALL_ITEMS, CallHead, STREAM};
use serde_json::{Value, json};

use crate::frames::{
    ARGUMENTS, BY_BROKER, BY_WORKER, call_payload, frame, plain_head, preface, return_payload,
};
use crate::{hex, receiver, role_name, take};

/// What `from` sends: `before` is taken, and `bytes` is refused. `begun`: the receiver has begun a call before, with
/// [`ARGUMENTS`] and a window of 65,536 bytes; its id is that of the first call.
struct Case {
    name: &'static str,
    rule: &'static str,
    from: Role,
    begun: Begun,
    before: Vec<u8>,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
enum Begun {
    No,
    Whole,
    WithItems,
}

pub(crate) fn all() -> Vec<Value> {
    prefaces().into_iter().chain(headers()).chain(payloads()).chain(states()).map(checked).collect()
}

fn checked(case: Case) -> Value {
    let Case { name, rule, from, begun, before, bytes } = case;
    let mut connection = receiver(from);
    if begun != Begun::No {
        let flags = if begun == Begun::WithItems { CALL_ITEMS } else { 0 };
        let head = CallHead { flags, ..plain_head() };
        connection.begin((), &head, ARGUMENTS.into()).unwrap().unwrap();
    }
    take(&mut connection, &before, |_| ()).unwrap();
    let Err(violation) = take(&mut connection, &bytes, |_| ()) else { panic!("{name} is taken") };
    let kind = format!("{violation:?}");
    let kind = kind.split([' ', '{']).next().unwrap();
    json!({
        "name": name,
        "rule": rule,
        "from": role_name(from),
        "begun": match begun { Begun::No => None, Begun::Whole => Some("call"), Begun::WithItems => Some("items") },
        "before": hex(&before),
        "hex": hex(&bytes),
        "violation": kind,
    })
}

fn case(name: &'static str, rule: &'static str, from: Role, bytes: &[u8]) -> Case {
    Case { name, rule, from, begun: Begun::No, before: preface(from).to_vec(), bytes: bytes.to_vec() }
}

impl Case {
    fn after(mut self, frames: &[&[u8]]) -> Self {
        self.before.extend(frames.concat());
        self
    }

    fn begun(self, begun: Begun) -> Self {
        Self { begun, ..self }
    }
}

fn prefaces() -> Vec<Case> {
    let first = |name, rule, from, bytes: &[u8]| Case { before: vec![], ..case(name, rule, from, bytes) };
    let changed = |from, at: usize, byte: u8| {
        let mut bytes = preface(from);
        bytes[at] = byte;
        bytes
    };
    const NUMBERS: &str = "a worker says 0, the broker at least 1, and the rest is 0";
    vec![
        first("another protocol", "the preface begins with DGCALL", Role::Worker, b"GET / HTTP/1.1\r\n"),
        first("the link's preface", "the preface begins with DGCALL", Role::Broker, b"DIGLOT\x01\0"),
        first("another revision", "both speak revision 1", Role::Worker, &changed(Role::Worker, 6, 2)),
        first("a worker with a maximum", NUMBERS, Role::Worker, &changed(Role::Worker, 8, 1)),
        first("a broker without one", NUMBERS, Role::Broker, &preface(Role::Worker)),
        first("the rest is not 0", NUMBERS, Role::Worker, &changed(Role::Worker, 15, 1)),
    ]
}

fn headers() -> Vec<Case> {
    const TYPES: &str = "types are those of the table";
    const FLAGS: &str = "END is in CALL, RETURN, DATA, and always in THROW; there is no other flag";
    const IDS: &str = "the id is 0 where the frame concerns the socket, and else counts from 1";
    let header = |length: u32, kind: u8, flags: u8, zero: u16, id: u32| {
        let mut bytes = length.to_le_bytes().to_vec();
        bytes.extend([kind, flags]);
        bytes.extend(zero.to_le_bytes());
        bytes.extend(id.to_le_bytes());
        bytes
    };
    let too_long = |name, from, kind: Type, id| {
        let end = kind == Type::Throw;
        let length = kind.payload_bytes_max() + 1;
        case(name, "lengths are those of the table", from, &Header { length, kind, end, id }.encode())
    };
    vec![
        case("type 0", TYPES, Role::Worker, &header(0, 0, 0, 0, 1)),
        case("an unknown type", TYPES, Role::Worker, &header(0, 0x17, 0, 0, 1)),
        case("an unknown flag", FLAGS, Role::Worker, &header(0, 0x13, 2, 0, BY_WORKER)),
        case("GRANT with END", FLAGS, Role::Worker, &header(4, 0x14, 1, 0, BY_WORKER)),
        case("THROW without END", FLAGS, Role::Worker, &header(0, 0x12, 0, 0, BY_BROKER)),
        case(
            "bytes 6 and 7 are not 0",
            "bytes 6 and 7 are 0",
            Role::Worker,
            &header(0, 0x13, 0, 1, BY_WORKER),
        ),
        case("OFFER with an id", IDS, Role::Worker, &header(2, 0x01, 0, 0, 1)),
        case("DATA without an id", IDS, Role::Worker, &header(0, 0x13, 0, 0, 0)),
        case("the id 0 of a worker's", IDS, Role::Worker, &header(0, 0x13, 0, 0, 1 << 31)),
        too_long("OFFER too long", Role::Worker, Type::Offer, 0),
        too_long("DRAIN with a payload", Role::Broker, Type::Drain, 0),
        too_long("CALL too long", Role::Worker, Type::Call, BY_WORKER),
        too_long("RETURN too long", Role::Worker, Type::Return, BY_BROKER),
        too_long("THROW too long", Role::Worker, Type::Throw, BY_BROKER),
        too_long("DATA too long", Role::Worker, Type::Data, BY_WORKER),
        too_long("GRANT too long", Role::Worker, Type::Grant, BY_WORKER),
        too_long("STOP with a payload", Role::Worker, Type::Stop, BY_BROKER),
        too_long("ABORT too long", Role::Worker, Type::Abort, BY_WORKER),
    ]
}

/// A worker's first call.
fn call(head: &CallHead<'_>, aboard: &[u8], end: bool) -> Vec<u8> {
    frame(Type::Call, end, BY_WORKER, &call_payload(head, aboard))
}

fn payloads() -> Vec<Case> {
    const CALL: &str = "the parts of a CALL add up to its payload";
    const ABOARD: &str = "32,768 bytes of the arguments ride with their CALL, or all";
    let plain = plain_head();
    let malformed = |name, rule, payload: &[u8]| {
        case(name, rule, Role::Worker, &frame(Type::Call, true, BY_WORKER, payload))
    };
    let changed = |at: usize, byte: u8| {
        let mut payload = call_payload(&plain, ARGUMENTS);
        payload[at] = byte;
        payload
    };
    let from_worker = |name, rule, kind, id, payload: &[u8]| {
        case(name, rule, Role::Worker, &frame(kind, false, id, payload)).begun(Begun::Whole)
    };
    let context = vec![b'x'; 4097];
    let long_context = call_payload(&CallHead { context: &context, ..plain }, ARGUMENTS);
    let short = CallHead { total: 40_000, ..plain };
    let large = CallHead { total: diglot_calls::MESSAGE_BYTES_MAX + 1, ..plain };
    vec![
        malformed("CALL without a head", CALL, b""),
        malformed("CALL with half a head", CALL, &[0; 19]),
        malformed("a service's name beyond the payload", CALL, &changed(13, 255)),
        malformed("a function's name beyond the payload", CALL, &changed(14, 255)),
        malformed("a context beyond the payload", CALL, &changed(17, 1)),
        malformed("an unknown flag in CALL", "there are three flags", &changed(12, 8)),
        malformed("bytes 18 and 19 of CALL are not 0", "bytes 18 and 19 are 0", &changed(18, 1)),
        malformed("a name that is not UTF-8", "names are UTF-8", &changed(20, 0xFF)),
        malformed("a context that is too long", "a context has at most 4,096 bytes", &long_context),
        malformed("fewer arguments aboard than there are", ABOARD, &changed(0, 11)),
        malformed("more arguments aboard than there are", ABOARD, &changed(0, 9)),
        case("fewer arguments aboard than fit", ABOARD, Role::Worker, &call(&short, &[0; 32_767], false)),
        case("more arguments aboard than may be", ABOARD, Role::Worker, &call(&short, &[0; 32_769], false)),
        case(
            "arguments above the maximum",
            "a message has at most as many bytes as the broker's preface says",
            Role::Worker,
            &call(&large, &[0; 32_768], false),
        ),
        from_worker("RETURN without a head", "RETURN has a head", Type::Return, BY_BROKER, &[0; 3]),
        from_worker(
            "more of the answer aboard than may be",
            "32,768 bytes of an answer ride with RETURN at most",
            Type::Return,
            BY_BROKER,
            &return_payload(40_000, &[0; 32_769]),
        ),
        from_worker(
            "an answer above the maximum",
            "a message has at most as many bytes as the broker's preface says",
            Type::Return,
            BY_BROKER,
            &return_payload(diglot_calls::MESSAGE_BYTES_MAX + 1, b""),
        ),
        from_worker("GRANT of nothing", "GRANT is above 0", Type::Grant, BY_BROKER, &[0; 4]),
        from_worker("GRANT of three bytes", "GRANT has four bytes", Type::Grant, BY_BROKER, &[1; 3]),
        case(
            "ABORT for no reason",
            "reasons are 1 to 4",
            Role::Worker,
            &frame(Type::Abort, false, BY_WORKER, &[5]),
        )
        .after(&[&call(&plain, ARGUMENTS, true)]),
        case(
            "ABORT without a reason",
            "ABORT has one byte",
            Role::Worker,
            &frame(Type::Abort, false, BY_WORKER, b""),
        )
        .after(&[&call(&plain, ARGUMENTS, true)]),
    ]
}

fn states() -> Vec<Case> {
    const WHO: &str = "each frame is sent by those whom the table names";
    const DRAINED: &str = "no CALL follows DRAIN, which is said once";
    const UNKNOWN: &str = "a frame belongs to a call that was begun";
    const ORDER: &str = "ids count up from 1, past those that are open";
    const LENGTH: &str = "DATA is as many bytes as were announced, then END";
    const CREDIT: &str = "DATA is granted before it is sent";
    const ITEMS: &str = "an item is whole, and has at most as many bytes as a message; the broker sees to it";
    let plain = plain_head();
    let items = CallHead { flags: CALL_ITEMS, ..plain };
    let long = call(&CallHead { total: 40_000, ..plain }, &[0; 32_768], false);
    let worker = |name, rule, bytes: &[u8]| case(name, rule, Role::Worker, bytes);
    let data = |end, id, bytes: &[u8]| frame(Type::Data, end, id, bytes);
    let answer =
        |total, aboard: &[u8], end| frame(Type::Return, end, BY_BROKER, &return_payload(total, aboard));
    let call_of = |id| frame(Type::Call, true, id, &call_payload(&plain, ARGUMENTS));
    let drain = frame(Type::Drain, false, 0, b"");
    let in_answer = |name, rule, bytes: &[u8]| worker(name, rule, bytes).begun(Begun::Whole);
    vec![
        worker("DRAIN from a worker", WHO, &frame(Type::Drain, false, 0, b"")),
        case("OFFER from the broker", WHO, Role::Broker, &frame(Type::Offer, false, 0, b"{}")),
        case("DRAIN twice", DRAINED, Role::Broker, &drain).after(&[&drain]),
        case("CALL behind DRAIN", DRAINED, Role::Broker, &call_of(BY_BROKER)).after(&[&drain]),
        worker("RETURN from the caller", WHO, &frame(Type::Return, true, BY_WORKER, &return_payload(0, b"")))
            .after(&[&call(&plain, ARGUMENTS, true)]),
        worker("THROW from the caller", WHO, &frame(Type::Throw, true, BY_WORKER, b"{}"))
            .after(&[&call(&plain, ARGUMENTS, true)]),
        in_answer("ABORT from the callee", WHO, &frame(Type::Abort, false, BY_BROKER, &[1])),
        worker("a worker's call with an id of the broker's", WHO, &call_of(BY_BROKER)),
        case("a call of the broker's with an id of a worker's", WHO, Role::Broker, &call_of(BY_WORKER)),
        worker("DATA of a call that was not begun", UNKNOWN, &data(true, BY_WORKER, b"")),
        worker("RETURN of a call that was not begun", UNKNOWN, &answer(0, b"", true)),
        worker("THROW of a call that was not begun", UNKNOWN, &frame(Type::Throw, true, BY_BROKER, b"{}")),
        worker("GRANT of a call that was not begun", UNKNOWN, &frame(Type::Grant, false, BY_BROKER, &[1; 4])),
        worker("an id is left out", ORDER, &call_of(BY_WORKER + 1)),
        worker("an id is used twice", ORDER, &call_of(BY_WORKER)).after(&[&call_of(BY_WORKER)]),
        worker(
            "END before all arguments",
            LENGTH,
            &call(&CallHead { total: 40_000, ..plain }, &[0; 32_768], true),
        ),
        worker("DATA behind END", LENGTH, &data(true, BY_WORKER, b""))
            .after(&[&call(&plain, ARGUMENTS, true)]),
        worker("arguments that nobody asked for", CREDIT, &data(false, BY_WORKER, b"a")).after(&[&long]),
        worker("items that nobody asked for", CREDIT, &data(true, BY_WORKER, &[0; 4]))
            .after(&[&call(&items, ARGUMENTS, false)]),
        in_answer("DATA before RETURN", "an answer begins with RETURN", &data(false, BY_BROKER, b"a")),
        in_answer("RETURN twice", "an answer begins once", &answer(8, b"", false))
            .after(&[&answer(8, b"", false)]),
        in_answer("an answer longer than announced", LENGTH, &answer(2, b"abc", true)),
        in_answer("DATA longer than announced", LENGTH, &data(true, BY_BROKER, b"abcd"))
            .after(&[&answer(8, b"abcde", false)]),
        in_answer("END before the whole answer", LENGTH, &data(true, BY_BROKER, b"ab"))
            .after(&[&answer(8, b"abcde", false)]),
        in_answer("RETURN ends before the whole answer", LENGTH, &answer(8, b"abcde", true)),
        in_answer("more of the answer than the window", CREDIT, &data(false, BY_BROKER, b"a"))
            .after(&[&answer(STREAM, b"", false), &data(false, BY_BROKER, &[0; 65_536])]),
        in_answer(
            "STOP where there are no items",
            "items are stopped",
            &frame(Type::Stop, false, BY_BROKER, b""),
        ),
        in_answer("a stream that ends within an item", ITEMS, &answer(STREAM, b"\x02\0\0\0a", true)),
        in_answer("a stream whose DATA ends within an item", ITEMS, &data(true, BY_BROKER, b"a"))
            .after(&[&answer(STREAM, b"\x02\0\0\0", false)]),
        in_answer("an item longer than a message", ITEMS, &data(false, BY_BROKER, &[0, 4]))
            .after(&[&answer(STREAM, b"\x01\0\0\0a\x01\0", false)]),
        in_answer("STOP twice", "items are stopped once", &frame(Type::Stop, false, BY_BROKER, b""))
            .begun(Begun::WithItems)
            .after(&[&frame(Type::Stop, false, BY_BROKER, b"")]),
        worker("ABORT twice", "a call is aborted once", &frame(Type::Abort, false, BY_WORKER, &[1]))
            .after(&[&call(&plain, ARGUMENTS, true), &frame(Type::Abort, false, BY_WORKER, &[1])]),
        worker(
            "too much credit",
            "a worker has at most 268,435,456 bytes granted and not received",
            &frame(Type::Grant, false, BY_BROKER, &268_435_457u32.to_le_bytes()),
        )
        .begun(Begun::WithItems),
    ]
}
