//! A frame as JSON, read by this crate's own decoders.

use diglot_link::frame::{self, Frame, Type};
use diglot_link::message::{
    self, CancelReason, Close, Fault, HttpVersion, Limits, Open, Ready, Request, Response,
};
use serde_json::{Value, json};

use crate::latin1;

/// The frame that `bytes` are, whole and with nothing behind it.
pub(crate) fn only_frame(bytes: &[u8]) -> Frame<'_> {
    let frame = frame::decode(bytes).unwrap().unwrap();
    assert_eq!(frame.len(), bytes.len(), "more than one frame");
    frame
}

pub(crate) fn of(frame: &Frame<'_>) -> Value {
    let payload = frame.payload;
    match frame.header.kind {
        Type::Request => request(&Request::decode(payload).unwrap()),
        Type::Response => response(&Response::decode(payload).unwrap()),
        Type::Inform => response(&Response::decode_inform(payload).unwrap()),
        Type::Body | Type::Wire => json!({ "bytes": latin1(payload) }),
        Type::Trailers => json!({ "lines": latin1(payload) }),
        Type::Credit => json!({ "bytes": message::decode_credit(payload).unwrap() }),
        Type::Cancel => json!({ "reason": CancelReason::decode(payload).unwrap() as u8 }),
        Type::Open => {
            let open = Open::decode(payload).unwrap();
            json!({
                "tls": open.tls,
                "peer": open.peer,
                "peer_port": open.peer_port,
                "local": open.local,
                "local_port": open.local_port,
            })
        }
        Type::Ready => {
            let ready = Ready::decode(payload).unwrap();
            json!({ "interface": ready.interface as u8, "runtime": ready.runtime })
        }
        Type::Claim | Type::Release => json!({ "session": latin1(payload) }),
        Type::Fault => {
            let fault = Fault::decode(payload).unwrap();
            json!({ "connection": fault.connection, "rule": fault.rule, "bytes": latin1(fault.bytes) })
        }
        Type::Limits => {
            let Limits { head_ms, request_ms } = Limits::decode(payload).unwrap();
            json!({ "head_ms": head_ms, "request_ms": request_ms })
        }
        Type::Accept => json!({ "lines": latin1(payload) }),
        Type::Text | Type::Binary => json!({ "bytes": latin1(payload), "last": frame.header.is_last() }),
        Type::Close => {
            let close = Close::decode(payload).unwrap();
            json!({ "code": close.code, "reason": close.reason })
        }
        Type::Failed => json!({ "text": str::from_utf8(payload).unwrap() }),
        Type::Ping | Type::Pong => json!({ "bytes": latin1(payload) }),
        Type::Stop
        | Type::Closed
        | Type::HangUp
        | Type::CloseIdle
        | Type::Drain
        | Type::Pause
        | Type::Early
        | Type::Farewell
        | Type::Tunnel => json!({}),
    }
}

fn request(request: &Request<'_>) -> Value {
    let line = &request.line;
    let version = match line.version {
        HttpVersion::Http10 => "1.0",
        HttpVersion::Http11 => "1.1",
        HttpVersion::Http2 => "2",
    };
    let fields: Vec<Value> = request
        .fields()
        .map(|field| json!({ "id": field.id, "name": latin1(field.name), "value": latin1(field.value) }))
        .collect();
    let is = |flag: u8| line.flags & flag != 0;
    json!({
        "connection": line.connection,
        "method_id": request.method_id,
        "method": latin1(line.method),
        "version": version,
        "keep_alive": is(message::REQUEST_KEEP_ALIVE),
        "expects_continue": is(message::REQUEST_EXPECT_CONTINUE),
        "upgrade": is(message::REQUEST_UPGRADE),
        "has_body": is(message::REQUEST_BODY),
        "unsized": is(message::REQUEST_UNSIZED),
        "websocket": is(message::REQUEST_WEBSOCKET),
        "ahead": is(message::REQUEST_AHEAD),
        "target": latin1(line.target),
        "path": latin1(request.path()),
        "query": latin1(request.query()),
        "mount": latin1(&request.path()[..usize::from(line.mount_length)]),
        "fields": fields,
        "body": latin1(request.body),
    })
}

fn response(response: &Response<'_>) -> Value {
    json!({
        "status": response.status,
        "lines": latin1(response.fields),
        "body": latin1(response.body),
    })
}
