//! A worker that writes any frames, right and wrong ones, to a front that goes about its own business.
#![no_main]

use arbitrary::Arbitrary;
use diglot_link::frame::{self, BODY_BYTES_MAX, FLAG_END, Header, Type};
use diglot_link::message::{CancelReason, HttpVersion, REQUEST_UPGRADE, RequestLine, Response};
use diglot_link::{Front, FrontEvent, StreamKey};
use libfuzzer_sys::fuzz_target;

const STREAMS_MAX: u32 = 4;

#[derive(Debug, Arbitrary)]
enum Step {
    Begin { end: bool, upgrade: bool },
    Body { which: u8, length: u32, end: bool },
    Trailers { which: u8 },
    Cancel { which: u8 },
    AnswerTunnel { which: u8 },
    Consume,
    Response { stream: u8, generation: u8, status: u16, body: Vec<u8>, end: bool },
    Inform { stream: u8, generation: u8, status: u16 },
    Bytes { stream: u8, generation: u8, wire: bool, length: u16, end: bool },
    WorkerTrailers { stream: u8, generation: u8 },
    Credit { stream: u8, generation: u8, bytes: u32 },
    Stop { stream: u8, generation: u8 },
    Tunnel { stream: u8, generation: u8 },
    WorkerCancel { stream: u8, generation: u8, reason: u8 },
    Frame { kind: u8, end: bool, generation: u16, stream: u32, payload: Vec<u8> },
    Raw(Vec<u8>),
}

impl Step {
    /// The bytes of a step that is the worker's.
    fn frame(&self) -> Option<Vec<u8>> {
        let mut out = vec![];
        let mut encode = |kind, end: bool, generation: u16, stream: u32, payload: &[u8]| {
            let flags = if end { FLAG_END } else { 0 };
            frame::encode(&mut out, Header { kind, flags, generation, stream }, payload);
        };
        let head = |status, body: &[u8]| {
            let mut payload = vec![];
            Response::encode_fixed(&mut payload, status, 0);
            payload.extend_from_slice(&body[..body.len().min(100_000)]);
            payload
        };
        match self {
            &Self::Response { stream, generation, status, ref body, end } => {
                encode(Type::Response, end, generation.into(), stream.into(), &head(status, body));
            }
            &Self::Inform { stream, generation, status } => {
                encode(Type::Inform, false, generation.into(), stream.into(), &head(status, b""));
            }
            &Self::Bytes { stream, generation, wire, length, end } => {
                let kind = if wire { Type::Wire } else { Type::Body };
                let payload = vec![0; usize::from(length).min(BODY_BYTES_MAX)];
                encode(kind, end, generation.into(), stream.into(), &payload);
            }
            &Self::WorkerTrailers { stream, generation } => {
                encode(Type::Trailers, true, generation.into(), stream.into(), b"");
            }
            &Self::Credit { stream, generation, bytes } => {
                encode(Type::Credit, false, generation.into(), stream.into(), &bytes.to_le_bytes());
            }
            &Self::Stop { stream, generation } => {
                encode(Type::Stop, false, generation.into(), stream.into(), b"");
            }
            &Self::Tunnel { stream, generation } => {
                encode(Type::Tunnel, false, generation.into(), stream.into(), b"");
            }
            &Self::WorkerCancel { stream, generation, reason } => {
                encode(Type::Cancel, false, generation.into(), stream.into(), &[reason]);
            }
            &Self::Frame { kind, end, generation, stream, ref payload } => {
                let payload = &payload[..payload.len().min(100_000)];
                encode(Type::from_number(kind)?, end, generation, stream, payload);
            }
            Self::Raw(bytes) => out.extend_from_slice(bytes),
            _ => return None,
        }
        Some(out)
    }
}

fn begin(front: &mut Front<()>, end: bool, upgrade: bool) -> Option<StreamKey> {
    let line = RequestLine {
        connection: 1,
        method: b"POST",
        version: HttpVersion::Http11,
        flags: if upgrade { REQUEST_UPGRADE } else { 0 },
        target: b"/",
        path_start: 0,
        path_length: 1,
        mount_length: 0,
    };
    front.begin((), &line, [].into_iter(), b"", end).expect("a short head")
}

fuzz_target!(|steps: Vec<Step>| {
    let mut front = Front::<()>::new(1, STREAMS_MAX);
    let echo = front.output().pending().to_vec();
    front.handle(&echo).expect("the preface it sent itself");
    let mut ready = vec![];
    frame::encode(&mut ready, Header { kind: Type::Ready, flags: 0, generation: 0, stream: 0 }, &[1]);
    front.handle(&ready).expect("a READY");
    let mut keys: Vec<StreamKey> = (0..2).filter_map(|_| begin(&mut front, false, true)).collect();
    let mut held = vec![];
    for step in steps {
        let key = |which: u8| keys.get(usize::from(which)).copied();
        match step {
            Step::Begin { end, upgrade } => keys.extend(begin(&mut front, end, upgrade)),
            Step::Body { which, length, end } => {
                let data = vec![0; (length % 300_000) as usize];
                key(which)
                    .into_iter()
                    .for_each(|key| assert!(front.send_body(key, &data, end) <= data.len()));
            }
            Step::Trailers { which } => {
                key(which).into_iter().for_each(|key| front.send_trailers(key, b"").expect("short"));
            }
            Step::Cancel { which } => {
                key(which).into_iter().for_each(|key| front.cancel(key, CancelReason::TimedOut));
            }
            Step::AnswerTunnel { which } => key(which).into_iter().for_each(|key| front.begin_tunnel(key)),
            Step::Consume => held.drain(..).for_each(|(key, bytes)| front.consumed(key, bytes)),
            step => {
                let Some(bytes) = step.frame() else { continue };
                match front.handle(&bytes) {
                    Ok(Some((_, Some(FrontEvent::Response { key, frame, .. }))))
                        if matches!(frame.header.kind, Type::Body | Type::Wire) =>
                    {
                        held.push((key, frame.payload.len()));
                    }
                    Ok(_) => {}
                    Err(_) => return,
                }
            }
        }
        assert!(front.open_streams() <= STREAMS_MAX as usize);
        let pending = front.output().pending().len();
        front.output().sent(pending);
    }
});
