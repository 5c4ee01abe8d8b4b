//! A front that writes any frames, right and wrong ones, to a worker that answers what it can.
#![no_main]

use arbitrary::Arbitrary;
use diglot_link::frame::{self, BODY_BYTES_MAX, FLAG_END, Header, Type};
use diglot_link::message::{self, CancelReason, HttpVersion, Interface, Ready, RequestLine};
use diglot_link::preface::{Preface, REVISION};
use diglot_link::{StreamKey, Worker, WorkerEvent};
use libfuzzer_sys::fuzz_target;

const STREAMS_MAX: u32 = 4;

#[derive(Debug, Arbitrary)]
enum Step {
    Request { stream: u8, generation: u8, body: Vec<u8>, end: bool },
    Body { stream: u8, generation: u8, length: u16, end: bool },
    Credit { stream: u8, generation: u8, bytes: u32 },
    FrontCancel { stream: u8, generation: u8, reason: u8 },
    Frame { kind: u8, end: bool, generation: u16, stream: u32, payload: Vec<u8> },
    Respond { which: u8, status: u16, length: u32, end: bool },
    Inform { which: u8, status: u16 },
    Send { which: u8, wire: bool, length: u32, end: bool },
    Trailers { which: u8 },
    Stop { which: u8 },
    Cancel { which: u8 },
    Consume,
}

impl Step {
    /// The bytes of a step that is the front's.
    fn frame(&self) -> Option<Vec<u8>> {
        let mut out = vec![];
        let mut encode = |kind, end: bool, generation: u16, stream: u32, payload: &[u8]| {
            let flags = if end { FLAG_END } else { 0 };
            frame::encode(&mut out, Header { kind, flags, generation, stream }, payload);
        };
        match self {
            &Self::Request { stream, generation, ref body, end } => {
                let line = RequestLine {
                    connection: 1,
                    method: b"POST",
                    version: HttpVersion::Http11,
                    flags: 0,
                    target: b"/",
                    path_start: 0,
                    path_length: 1,
                    mount_length: 0,
                };
                let mut payload = vec![];
                message::encode_request(&mut payload, &line, [].into_iter(), body).ok()?;
                encode(Type::Request, end, generation.into(), stream.into(), &payload);
            }
            &Self::Body { stream, generation, length, end } => {
                let payload = vec![0; usize::from(length).min(BODY_BYTES_MAX)];
                encode(Type::Body, end, generation.into(), stream.into(), &payload);
            }
            &Self::Credit { stream, generation, bytes } => {
                encode(Type::Credit, false, generation.into(), stream.into(), &bytes.to_le_bytes());
            }
            &Self::FrontCancel { stream, generation, reason } => {
                encode(Type::Cancel, false, generation.into(), stream.into(), &[reason]);
            }
            &Self::Frame { kind, end, generation, stream, ref payload } => {
                let payload = &payload[..payload.len().min(100_000)];
                encode(Type::from_number(kind)?, end, generation, stream, payload);
            }
            _ => return None,
        }
        Some(out)
    }
}

fuzz_target!(|steps: Vec<Step>| {
    let mut worker = Worker::<()>::new();
    let mut preface = vec![];
    Preface { revision: REVISION, generation: 1, streams_max: STREAMS_MAX }.encode(&mut preface);
    worker.handle(&preface).expect("a right preface");
    worker.ready(&Ready { interface: Interface::Http, runtime: "" });
    let mut keys: Vec<StreamKey> = vec![];
    let mut held = vec![];
    for step in steps {
        if let Some(bytes) = step.frame() {
            match worker.handle(&bytes) {
                Ok(Some((_, Some(WorkerEvent::Request { key, .. })))) => {
                    worker.attach(key, ());
                    keys.push(key);
                }
                Ok(Some((_, Some(WorkerEvent::Body { key, data, .. })))) => held.push((key, data.len())),
                Ok(_) => {}
                Err(_) => return,
            }
        }
        let key = |which: u8| keys.get(usize::from(which)).copied();
        let data = |length: u32| vec![0; (length % 300_000) as usize];
        match step {
            Step::Respond { which, status, length, end } => key(which).into_iter().for_each(|key| {
                let _ = worker.respond(key, status, b"a: b\r\n", &data(length), end);
            }),
            Step::Inform { which, status } => key(which).into_iter().for_each(|key| {
                let _ = worker.inform(key, status, b"");
            }),
            Step::Send { which, wire, length, end } => key(which).into_iter().for_each(|key| {
                let data = data(length);
                let taken = if wire { worker.wire(key, &data, end) } else { worker.body(key, &data, end) };
                assert!(taken <= data.len());
            }),
            Step::Trailers { which } => {
                key(which).into_iter().for_each(|key| worker.trailers(key, b"").expect("short"));
            }
            Step::Stop { which } => key(which).into_iter().for_each(|key| worker.stop(key)),
            Step::Cancel { which } => {
                key(which).into_iter().for_each(|key| worker.cancel(key, CancelReason::AppFailed));
            }
            Step::Consume => held.drain(..).for_each(|(key, bytes)| worker.consumed(key, bytes)),
            _ => {}
        }
        assert!(worker.open_streams() <= STREAMS_MAX as usize);
        // What it writes are whole frames that each have a right header.
        let mut at = 0;
        let pending = worker.output().pending().to_vec();
        let written = pending.strip_prefix(&preface[..]).unwrap_or(&pending);
        while let Some(frame) = frame::decode(&written[at..]).expect("its own frames are right") {
            at += frame.len();
        }
        assert_eq!(at, written.len());
        worker.output().sent(pending.len());
    }
});
