//! One frame of each kind, and those with something peculiar.

use diglot_calls::Role;
use diglot_calls::frame::{HEADER_BYTES, Header, Type};
use diglot_calls::message::{CALL_IDEMPOTENT, CALL_ITEMS, CALL_JSON, CallHead, STREAM};
use diglot_calls::preface::Preface;
use serde_json::{Value, json};

use crate::{hex, role_name};

/// A whole frame.
pub(crate) fn frame(kind: Type, end: bool, id: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Header { length: payload.len(), kind, end, id }.encode().to_vec();
    bytes.extend_from_slice(payload);
    bytes
}

/// A CALL payload, written out by the document and not by the crate's encoder.
pub(crate) fn call_payload(head: &CallHead<'_>, aboard: &[u8]) -> Vec<u8> {
    let mut payload = vec![];
    for number in [head.total, head.window, head.deadline_ms] {
        payload.extend_from_slice(&number.to_le_bytes());
    }
    payload.push(head.flags);
    payload.push(head.service.len() as u8);
    payload.push(head.function.len() as u8);
    payload.push(head.depth);
    payload.extend_from_slice(&(head.context.len() as u16).to_le_bytes());
    payload.extend_from_slice(&[0, 0]);
    for part in [head.service.as_bytes(), head.function.as_bytes(), head.context, aboard] {
        payload.extend_from_slice(part);
    }
    payload
}

pub(crate) fn return_payload(total: u32, aboard: &[u8]) -> Vec<u8> {
    let mut payload = total.to_le_bytes().to_vec();
    payload.extend_from_slice(aboard);
    payload
}

pub(crate) fn preface(role: Role) -> [u8; 16] {
    let message_bytes_max = if role == Role::Broker { diglot_calls::MESSAGE_BYTES_MAX } else { 0 };
    Preface { message_bytes_max }.encode()
}

/// The map `{"item_id": 3}`.
pub(crate) const ARGUMENTS: &[u8] = b"\xA1\x67item_id\x03";

/// A call with [`ARGUMENTS`] and the least else.
pub(crate) fn plain_head() -> CallHead<'static> {
    CallHead {
        total: ARGUMENTS.len() as u32,
        window: 65_536,
        deadline_ms: 30_000,
        service: "model",
        function: "similar",
        ..CallHead::default()
    }
}

pub(crate) fn prefaces() -> Vec<Value> {
    let preface = |role, message_bytes_max| {
        let preface = Preface { message_bytes_max };
        assert_eq!(Preface::decode(&preface.encode(), role), Ok(Some(preface)));
        json!({
            "from": role_name(role),
            "hex": hex(&preface.encode()),
            "meaning": { "revision": 1, "message_bytes_max": message_bytes_max },
        })
    };
    vec![preface(Role::Broker, 67_108_864), preface(Role::Broker, 1), preface(Role::Worker, 0)]
}

fn case(name: &str, from: Role, bytes: &[u8], meaning: Value) -> Value {
    let header = Header::decode(bytes).unwrap().unwrap();
    assert_eq!(bytes.len(), HEADER_BYTES + header.length);
    json!({
        "name": name,
        "from": role_name(from),
        "hex": hex(bytes),
        "type": format!("{:?}", header.kind).to_uppercase(),
        "type_number": header.kind as u8,
        "end": header.end,
        "id": header.id,
        "meaning": meaning,
    })
}

/// The first call a worker begins, and the first the broker begins.
pub(crate) const BY_WORKER: u32 = 0x8000_0001;
pub(crate) const BY_BROKER: u32 = 1;

pub(crate) fn all() -> Vec<Value> {
    calls().into_iter().chain(answers()).chain(others()).collect()
}

fn calls() -> Vec<Value> {
    let call = |name: &str, from: Role, id: u32, head: CallHead<'_>, arguments: &[u8], end: bool| {
        let aboard = &arguments[..head.aboard_bytes()];
        let payload = call_payload(&head, aboard);
        assert_eq!(CallHead::decode(&payload), Ok((head, aboard)));
        let meaning = json!({
            "total": head.total,
            "window": head.window,
            "deadline_ms": head.deadline_ms,
            "json": head.is_json(),
            "items": head.has_items(),
            "idempotent": head.is_idempotent(),
            "service": head.service,
            "function": head.function,
            "depth": head.depth,
            "context": str::from_utf8(head.context).unwrap(),
            "aboard": hex(aboard),
        });
        case(name, from, &frame(Type::Call, end, id, &payload), meaning)
    };
    let plain = plain_head();
    let context =
        b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx-request-id: 7f\r\n";
    let long = vec![7; 40_000];
    vec![
        call("a call by a worker", Role::Worker, BY_WORKER, plain, ARGUMENTS, true),
        call(
            "the same as the callee gets it, with the caller's name",
            Role::Broker,
            BY_BROKER,
            CallHead { service: "web", deadline_ms: 29_998, ..plain },
            ARGUMENTS,
            true,
        ),
        call(
            "JSON, from one who is no worker and has set no deadline",
            Role::Broker,
            0x7FFF_FFFF,
            CallHead { flags: CALL_JSON, service: "", deadline_ms: 0, total: 13, ..plain },
            br#"{"item_id":3}"#,
            true,
        ),
        call(
            "with a context, within another call, and to be begun twice if need be",
            Role::Worker,
            u32::MAX,
            CallHead { context, depth: 64, flags: CALL_IDEMPOTENT, ..plain },
            ARGUMENTS,
            true,
        ),
        call(
            "arguments that do not fit: DATA follows",
            Role::Worker,
            BY_WORKER,
            CallHead { total: 40_000, window: 0, ..plain },
            &long,
            false,
        ),
        call(
            "items follow the arguments",
            Role::Worker,
            BY_WORKER,
            CallHead { flags: CALL_ITEMS, ..plain },
            ARGUMENTS,
            false,
        ),
        call(
            "no items follow, though they might",
            Role::Worker,
            BY_WORKER,
            CallHead { flags: CALL_ITEMS, ..plain },
            ARGUMENTS,
            true,
        ),
    ]
}

fn answers() -> Vec<Value> {
    let answer = |name: &str, from: Role, id: u32, total: u32, aboard: &[u8], end: bool| {
        let meaning = json!({
            "total": (total != STREAM).then_some(total),
            "stream": total == STREAM,
            "aboard": hex(aboard),
        });
        case(name, from, &frame(Type::Return, end, id, &return_payload(total, aboard)), meaning)
    };
    let throw = |name: &str, from: Role, id: u32, error: Value| {
        let payload = serde_json::to_vec(&error).unwrap();
        case(name, from, &frame(Type::Throw, true, id, &payload), json!({ "error": error }))
    };
    vec![
        answer("an answer that is whole", Role::Worker, BY_BROKER, 3, b"\x82\x01\x02", true),
        answer("the same as the caller gets it", Role::Broker, BY_WORKER, 3, b"\x82\x01\x02", true),
        answer("an answer whose DATA follows", Role::Worker, BY_BROKER, 1_000_000, b"\x5A\x00", false),
        answer("a stream with its first item", Role::Worker, BY_BROKER, STREAM, b"\x01\0\0\0\x01", false),
        answer("an empty stream", Role::Worker, BY_BROKER, STREAM, b"", true),
        throw(
            "a function threw",
            Role::Worker,
            BY_BROKER,
            json!({
                "code": "error", "message": "none left", "type": "OutOfStock", "data": { "item": 3 },
                "stack": "Traceback (most recent call last):\n  …\nOutOfStock: none left",
            }),
        ),
        throw(
            "arguments are wrong",
            Role::Worker,
            BY_BROKER,
            json!({
                "code": "invalid_arguments", "message": "item_id: not an integer",
                "issues": [{ "path": ["item_id"], "message": "not an integer" }],
            }),
        ),
        throw(
            "no such function",
            Role::Broker,
            BY_WORKER,
            json!({
                "code": "unknown_function",
                "message": "service \"model\" offers no function `similr`: did you mean `similar`?",
                "service": "model", "function": "similr",
            }),
        ),
    ]
}

fn others() -> Vec<Value> {
    let offer = json!({
        "name": "similar",
        "params": {
            "type": "object",
            "properties": { "item_id": { "type": "integer" } },
            "required": ["item_id"],
            "additionalProperties": false,
        },
        "result": { "type": "array", "items": { "type": "integer" } },
        "idempotent": true,
        "concurrency": 4,
        "file": "model/functions.py",
        "line": 12,
    });
    let plain = |name: &str, from, kind, end, id, payload: &[u8], meaning| {
        case(name, from, &frame(kind, end, id, payload), meaning)
    };
    let mut cases = vec![
        plain(
            "a function is offered",
            Role::Worker,
            Type::Offer,
            false,
            0,
            &serde_json::to_vec(&offer).unwrap(),
            json!({ "function": offer }),
        ),
        plain("no call follows", Role::Broker, Type::Drain, false, 0, b"", json!({})),
        plain("bytes", Role::Worker, Type::Data, false, BY_WORKER, b"abc", json!({ "bytes": "616263" })),
        plain(
            "the last bytes",
            Role::Broker,
            Type::Data,
            true,
            BY_WORKER,
            b"abc",
            json!({ "bytes": "616263" }),
        ),
        plain("END alone", Role::Worker, Type::Data, true, BY_BROKER, b"", json!({ "bytes": "" })),
        plain(
            "credit",
            Role::Broker,
            Type::Grant,
            false,
            BY_WORKER,
            &7_232u32.to_le_bytes(),
            json!({ "bytes": 7_232 }),
        ),
        plain(
            "the most credit",
            Role::Worker,
            Type::Grant,
            false,
            BY_BROKER,
            &u32::MAX.to_le_bytes(),
            json!({ "bytes": u32::MAX }),
        ),
        plain("no more items", Role::Broker, Type::Stop, false, BY_WORKER, b"", json!({})),
    ];
    cases.extend((1..=4u8).map(|reason| {
        let name = format!("nobody waits any more, for reason {reason}");
        plain(&name, Role::Worker, Type::Abort, false, BY_WORKER, &[reason], json!({ "reason": reason }))
    }));
    cases
}
