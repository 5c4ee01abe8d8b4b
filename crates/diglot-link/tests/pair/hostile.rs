//! Strangers at the other end: whatever arrives is handled or a violation, never a panic.

use diglot_link::frame::{self, FLAG_END, Header, Type};
use diglot_link::message::{
    self, CancelReason, HttpVersion, Interface, Open, Ready, Request, RequestLine, Response,
};
use diglot_link::preface::{Preface, REVISION};
use diglot_link::{Front, FrontEvent, StreamKey, Violation, Worker};
use proptest::prelude::*;

const STREAMS_MAX: u32 = 4;
const KINDS: [Type; 20] = [
    Type::Request,
    Type::Response,
    Type::Wire,
    Type::Inform,
    Type::Body,
    Type::Trailers,
    Type::Credit,
    Type::Stop,
    Type::Cancel,
    Type::Tunnel,
    Type::Open,
    Type::Closed,
    Type::HangUp,
    Type::CloseIdle,
    Type::Ready,
    Type::Failed,
    Type::Drain,
    Type::Ping,
    Type::Pong,
    Type::Pause,
];

fn preface() -> Vec<u8> {
    let mut out = vec![];
    Preface { revision: REVISION, generation: 1, streams_max: STREAMS_MAX }.encode(&mut out);
    out
}

/// A payload that is often a right one, so that what comes after it is reached.
fn payload(kind: Type) -> BoxedStrategy<Vec<u8>> {
    let noise = prop::collection::vec(any::<u8>(), 0..40);
    match kind {
        Type::Response | Type::Inform => (100u16..300, prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(status, body)| {
                let mut out = vec![];
                Response::encode_fixed(&mut out, status, 0);
                out.extend(body);
                out
            })
            .boxed(),
        Type::Request => (prop::collection::vec(any::<u8>(), 24..25), 0u8..3)
            .prop_map(|(mut noise, method)| {
                noise[4..]
                    .copy_from_slice(&[method, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                noise
            })
            .boxed(),
        Type::Body | Type::Wire => {
            prop_oneof![noise, (0usize..65_536).prop_map(|length| vec![0; length])].boxed()
        }
        Type::Credit => {
            prop_oneof![1u32..300_000, any::<u32>()].prop_map(|n| n.to_le_bytes().to_vec()).boxed()
        }
        Type::Cancel => (0u8..9).prop_map(|reason| vec![reason]).boxed(),
        Type::Ready => Just(vec![1]).boxed(),
        Type::Stop
        | Type::Closed
        | Type::HangUp
        | Type::CloseIdle
        | Type::Drain
        | Type::Pause
        | Type::Tunnel => Just(vec![]).boxed(),
        Type::Ping | Type::Pong => prop_oneof![Just(vec![0; 8]), noise].boxed(),
        _ => noise.boxed(),
    }
}

fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    (prop::sample::select(&KINDS[..]), any::<bool>(), 0u16..3, 0u32..6).prop_flat_map(
        |(kind, end, generation, stream)| {
            let flags = if end || kind == Type::Trailers { FLAG_END } else { 0 };
            payload(kind).prop_map(move |payload| {
                let mut out = vec![];
                frame::encode(&mut out, Header { kind, flags, generation, stream }, &payload);
                out
            })
        },
    )
}

/// What the front under attack does between two frames.
#[derive(Debug, Clone)]
enum Own {
    Begin(bool, bool),
    Body(usize, usize, bool),
    Cancel(usize),
    AnswerTunnel(usize),
    ConsumeAll,
}

fn own() -> impl Strategy<Value = Own> {
    prop_oneof![
        (any::<bool>(), any::<bool>()).prop_map(|(end, upgrade)| Own::Begin(end, upgrade)),
        (0usize..4, 0usize..100_000, any::<bool>())
            .prop_map(|(which, length, end)| Own::Body(which, length, end)),
        (0usize..4).prop_map(Own::Cancel),
        (0usize..4).prop_map(Own::AnswerTunnel),
        Just(Own::ConsumeAll),
    ]
}

fn begin(front: &mut Front<()>, end: bool, upgrade: bool) -> Option<StreamKey> {
    let line = RequestLine {
        connection: 1,
        method: b"GET",
        version: HttpVersion::Http11,
        flags: if upgrade { message::REQUEST_UPGRADE } else { 0 },
        target: b"/",
        path_start: 0,
        path_length: 1,
        mount_length: 0,
    };
    front.begin((), &line, [].into_iter(), b"", end).unwrap()
}

fn serving_front(streams_max: u32) -> Front<()> {
    let mut front = Front::new(1, streams_max);
    let echo = front.output().pending().to_vec();
    front.handle(&echo).unwrap();
    let mut ready = vec![];
    frame::encode(&mut ready, Header { kind: Type::Ready, flags: 0, generation: 0, stream: 0 }, &[1]);
    assert!(matches!(front.handle(&ready), Ok(Some((_, Some(FrontEvent::Ready(_)))))));
    front
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn decoders_take_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = Preface::decode(&bytes);
        let _ = frame::decode(&bytes);
        if let Ok(request) = Request::decode(&bytes) {
            prop_assert!(request.fields().count() <= frame::FIELDS_MAX);
            prop_assert!(request.path().len() + request.query().len() <= request.line.target.len().max(1));
        }
        let _ = Response::decode(&bytes);
        let _ = Response::decode_inform(&bytes);
        let _ = Open::decode(&bytes);
        let _ = Ready::decode(&bytes);
        let _ = CancelReason::decode(&bytes);
        let _ = message::decode_credit(&bytes);
    }

    #[test]
    fn the_front_survives_any_worker(
        steps in prop::collection::vec(prop_oneof![
            3 => any_frame().prop_map(Ok),
            2 => own().prop_map(Err),
        ], 0..60),
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut front = serving_front(STREAMS_MAX);
        let mut keys: Vec<StreamKey> = (0..2).filter_map(|_| begin(&mut front, false, true)).collect();
        let mut held = vec![];
        for step in steps.into_iter().chain([Ok(noise)]) {
            match step {
                Err(Own::Begin(end, upgrade)) => keys.extend(begin(&mut front, end, upgrade)),
                Err(Own::Body(which, length, end)) => {
                    keys.get(which).into_iter().for_each(|&key| { front.send_body(key, &vec![0; length], end); });
                }
                Err(Own::Cancel(which)) => {
                    keys.get(which).into_iter().for_each(|&key| front.cancel(key, CancelReason::TimedOut));
                }
                Err(Own::AnswerTunnel(which)) => {
                    keys.get(which).into_iter().for_each(|&key| front.begin_tunnel(key));
                }
                Err(Own::ConsumeAll) => held.drain(..).for_each(|(key, bytes)| front.consumed(key, bytes)),
                Ok(bytes) => match front.handle(&bytes) {
                    Ok(Some((_, Some(FrontEvent::Response { key, frame, .. }))))
                        if matches!(frame.header.kind, Type::Body | Type::Wire) =>
                    {
                        held.push((key, frame.payload.len()));
                    }
                    // A real driver closes the link; that the next call is harmless all the same costs nothing.
                    Ok(_) | Err(_) => {}
                },
            }
            prop_assert!(front.open_streams() <= STREAMS_MAX as usize);
        }
    }

    #[test]
    fn the_worker_survives_any_front(
        frames in prop::collection::vec(any_frame(), 0..60),
        noise in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        let mut worker = Worker::<()>::new();
        worker.handle(&preface()).unwrap();
        worker.ready(&Ready { interface: Interface::Wsgi, runtime: "" });
        for bytes in frames.into_iter().chain([noise]) {
            if let Ok(Some((_, Some(diglot_link::WorkerEvent::Request { key, .. })))) = worker.handle(&bytes) {
                worker.attach(key, ());
            }
            prop_assert!(worker.open_streams() <= STREAMS_MAX as usize);
        }
    }
}

/// A worker that answers each stream without reading its request would fill the front's memory.
#[test]
fn a_worker_that_answers_without_reading_is_found_out() {
    let mut front = serving_front(1);
    let value = vec![b'v'; 60_000];
    let line = RequestLine {
        connection: 1,
        method: b"GET",
        version: HttpVersion::Http11,
        flags: 0,
        target: &value,
        path_start: 0,
        path_length: 1,
        mount_length: 0,
    };
    for _ in 0..10_000 {
        let key = front.begin((), &line, [].into_iter(), b"", true).unwrap().unwrap();
        let mut response = vec![];
        let generation = key.generation as u16;
        let header = Header { kind: Type::Response, flags: FLAG_END, generation, stream: key.stream };
        let mut payload = vec![];
        Response::encode_fixed(&mut payload, 200, 0);
        frame::encode(&mut response, header, &payload);
        match front.handle(&response) {
            Ok(_) => {}
            Err(violation) => {
                assert!(matches!(violation, Violation::NotReading { .. }), "{violation:?}");
                return;
            }
        }
    }
    panic!("{} bytes wait for a worker that does not read", front.output().pending().len());
}

#[test]
fn bytes_without_credit_are_refused() {
    let mut front = serving_front(1);
    let key = begin(&mut front, true, false).unwrap();
    let mut wire = vec![];
    let header = Header { kind: Type::Wire, flags: 0, generation: 0, stream: key.stream };
    frame::encode(&mut wire, header, &vec![b'x'; frame::BODY_BYTES_MAX]);
    assert!(front.handle(&wire).is_ok());
    assert!(front.handle(&wire).is_ok());
    let refused = Violation::NoCredit { stream: key.stream, bytes: frame::BODY_BYTES_MAX };
    assert_eq!(front.handle(&wire), Err(refused), "the window is two such frames wide");
}
