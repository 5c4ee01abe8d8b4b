//! Tunnels between a front and a worker that conform: bytes arrive whole and in order both ways, whatever of the request's
//! body was still on its way, credit holds, and both ends agree that it is over.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

use diglot_link::credit::STREAM_WINDOW_BYTES;
use diglot_link::frame::Type;
use diglot_link::message::{
    CancelReason, HttpVersion, Interface, REQUEST_BODY, REQUEST_UPGRADE, Ready, RequestLine,
};
use diglot_link::{Front, FrontEvent, StreamKey, Worker, WorkerEvent};
use proptest::prelude::*;

#[derive(Debug, Default)]
struct End {
    sent: Vec<u8>,
    got: Vec<u8>,
    /// Credit that is due for what arrived.
    held: usize,
    /// Its own direction has ended.
    ended: bool,
    /// The other's has.
    saw_end: bool,
}

struct Pair {
    front: Front<()>,
    worker: Worker<()>,
    key: StreamKey,
    of_front: End,
    of_worker: End,
    asked: bool,
    /// The front has been asked, and has answered.
    asked_front: bool,
    begun: bool,
    cancelled: Option<CancelReason>,
}

fn pass(out: &mut diglot_link::Output) -> Vec<u8> {
    let bytes = out.pending().to_vec();
    out.sent(bytes.len());
    bytes
}

impl Pair {
    /// With a request that offers an upgrade, whose body is there or not.
    fn begun(body_ends: bool) -> Self {
        let mut front = Front::new(1, 4);
        let mut worker = Worker::new();
        worker.handle(&pass(front.output())).unwrap();
        worker.ready(&Ready { interface: Interface::Http, runtime: "test" });
        let mut pair = Self {
            front,
            worker,
            key: StreamKey { stream: 1, generation: 0 },
            of_front: End::default(),
            of_worker: End::default(),
            asked: false,
            asked_front: false,
            begun: false,
            cancelled: None,
        };
        pair.pass_to_front();
        pair.begin(body_ends);
        pair
    }

    fn begin(&mut self, body_ends: bool) {
        let line = RequestLine {
            connection: 1,
            method: b"POST",
            version: HttpVersion::Http11,
            flags: REQUEST_UPGRADE | REQUEST_BODY,
            target: b"/",
            path_start: 0,
            path_length: 1,
            mount_length: 0,
        };
        self.key = self.front.begin((), &line, [].into_iter(), b"", body_ends).unwrap().expect("a stream");
        self.pass_to_worker();
    }

    fn pass_to_worker(&mut self) {
        let bytes = pass(self.front.output());
        let mut at = 0;
        while let Some((count, event)) = self.worker.handle(&bytes[at..]).expect("the front conforms") {
            at += count;
            match event {
                Some(WorkerEvent::Request { key, .. }) => self.worker.attach(key, ()),
                Some(WorkerEvent::Body { data, end, .. }) => {
                    self.of_worker.got.extend_from_slice(data);
                    self.of_worker.held += data.len();
                    self.of_worker.saw_end |= end && self.asked;
                }
                Some(WorkerEvent::Cancel { reason, .. }) => self.cancelled = Some(reason),
                _ => {}
            }
        }
        assert_eq!(at, bytes.len());
    }

    fn pass_to_front(&mut self) {
        let bytes = pass(self.worker.output());
        let mut at = 0;
        while let Some((count, event)) = self.front.handle(&bytes[at..]).expect("the worker conforms") {
            at += count;
            let Some(FrontEvent::Response { frame, .. }) = event else { continue };
            match frame.header.kind {
                Type::Tunnel => self.asked_front = true,
                Type::Body => {
                    self.of_front.got.extend_from_slice(frame.payload);
                    self.of_front.held += frame.payload.len();
                    self.of_front.saw_end |= frame.header.ends();
                }
                Type::Cancel => self.cancelled = Some(CancelReason::decode(frame.payload).unwrap()),
                _ => {}
            }
        }
        assert_eq!(at, bytes.len());
    }

    fn answer(&mut self) {
        if self.asked_front {
            self.front.begin_tunnel(self.key);
            self.begun = true;
        }
    }

    fn settle(&mut self) {
        for _ in 0..3 {
            self.pass_to_worker();
            self.pass_to_front();
            self.answer();
        }
    }

    fn tunnel(&mut self) {
        self.asked = true;
        self.worker.tunnel(self.key);
    }

    fn front_sends(&mut self, length: usize, end: bool) {
        let data: Vec<u8> = (0..length).map(|at| (self.of_front.sent.len() + at) as u8).collect();
        let count = self.front.send_body(self.key, &data, end);
        self.of_front.sent.extend_from_slice(&data[..count]);
        // An END that the request had before is none of the tunnel's.
        self.of_front.ended |= self.begun && end && count == length;
    }

    fn worker_sends(&mut self, length: usize, end: bool) {
        if !self.asked || self.of_worker.ended {
            return;
        }
        let data: Vec<u8> = (0..length).map(|at| (self.of_worker.sent.len() + at) as u8).collect();
        let count = self.worker.body(self.key, &data, end);
        self.of_worker.sent.extend_from_slice(&data[..count]);
        self.of_worker.ended = end && count == length;
    }

    fn consume_all(&mut self) {
        self.front.consumed(self.key, std::mem::take(&mut self.of_front.held));
        self.worker.consumed(self.key, std::mem::take(&mut self.of_worker.held));
    }
}

#[derive(Debug, Clone)]
enum Act {
    FrontSends(usize, bool),
    WorkerSends(usize, bool),
    Tunnel,
    Answer,
    FrontConsumes(usize),
    WorkerConsumes(usize),
    ToWorker,
    ToFront,
}

fn act() -> impl Strategy<Value = Act> {
    let length = prop_oneof![Just(0), 1..200usize, 30_000..140_000usize];
    let ends = prop::bool::weighted(0.1);
    prop_oneof![
        4 => (length.clone(), ends).prop_map(|(length, end)| Act::FrontSends(length, end)),
        4 => (length, ends).prop_map(|(length, end)| Act::WorkerSends(length, end)),
        1 => Just(Act::Tunnel),
        1 => Just(Act::Answer),
        2 => (0..200_000usize).prop_map(Act::FrontConsumes),
        2 => (0..200_000usize).prop_map(Act::WorkerConsumes),
        3 => Just(Act::ToWorker),
        3 => Just(Act::ToFront),
    ]
}

proptest! {
    #[test]
    fn conforming_ends_agree(body_ends in any::<bool>(), acts in proptest::collection::vec(act(), 1..80)) {
        let mut pair = Pair::begun(body_ends);
        for act in acts {
            match act {
                Act::FrontSends(length, end) => pair.front_sends(length, end),
                Act::WorkerSends(length, end) => pair.worker_sends(length, end),
                Act::Tunnel => pair.tunnel(),
                Act::Answer => pair.answer(),
                Act::FrontConsumes(bytes) => {
                    let bytes = bytes.min(pair.of_front.held);
                    pair.of_front.held -= bytes;
                    pair.front.consumed(pair.key, bytes);
                }
                Act::WorkerConsumes(bytes) => {
                    let bytes = bytes.min(pair.of_worker.held);
                    pair.of_worker.held -= bytes;
                    pair.worker.consumed(pair.key, bytes);
                }
                Act::ToWorker => pair.pass_to_worker(),
                Act::ToFront => pair.pass_to_front(),
            }
        }
        pair.tunnel();
        pair.settle();
        prop_assert!(pair.begun);
        prop_assert_eq!(pair.front.open_requests(), 0, "it is no request any more");

        // Whatever came before, both directions have all of their credit once all was read, and end when they are told to.
        pair.consume_all();
        pair.settle();
        for _ in 0..8 {
            pair.front_sends(STREAM_WINDOW_BYTES as usize / 2, false);
            pair.worker_sends(STREAM_WINDOW_BYTES as usize / 2, false);
            pair.settle();
            pair.consume_all();
            pair.settle();
        }
        pair.front_sends(0, true);
        pair.worker_sends(0, true);
        pair.settle();
        prop_assert!(pair.of_front.ended && pair.of_worker.ended);
        prop_assert!(pair.of_front.saw_end && pair.of_worker.saw_end);
        prop_assert!(pair.of_front.sent == pair.of_worker.got && pair.of_worker.sent == pair.of_front.got);
        prop_assert_eq!((pair.front.open_streams(), pair.worker.open_streams()), (0, 0));

        let before = pair.key;
        pair.begin(true);
        prop_assert_eq!((pair.key.stream, pair.key.generation), (before.stream, before.generation + 1));
    }
}

#[test]
fn an_end_of_the_body_that_crosses_the_tunnel_is_not_the_tunnels() {
    let mut pair = Pair::begun(false);
    pair.tunnel();
    pair.front_sends(5, true);
    pair.settle();
    assert!(!pair.of_worker.saw_end && pair.begun);
    pair.front_sends(5, true);
    pair.settle();
    assert!(pair.of_worker.saw_end);
    assert_eq!(pair.of_worker.got.len(), 10);
}

#[test]
fn a_request_that_was_cancelled_becomes_no_tunnel() {
    let mut pair = Pair::begun(true);
    pair.tunnel();
    pair.front.cancel(pair.key, CancelReason::ClientGone);
    pair.settle();
    assert!(!pair.begun);
    assert_eq!(pair.cancelled, Some(CancelReason::ClientGone));
    pair.worker.cancel(pair.key, CancelReason::Acknowledged);
    pair.settle();
    assert_eq!((pair.front.open_streams(), pair.worker.open_streams()), (0, 0));
}

#[test]
fn a_worker_that_cancels_ends_both_directions() {
    let mut pair = Pair::begun(true);
    pair.tunnel();
    pair.worker_sends(10, false);
    pair.settle();
    pair.worker.cancel(pair.key, CancelReason::Reset);
    pair.settle();
    assert_eq!((pair.of_front.got.len(), pair.cancelled), (10, Some(CancelReason::Reset)));
    assert_eq!(pair.front.send_body(pair.key, b"late", false), 0);
    assert_eq!((pair.front.open_streams(), pair.worker.open_streams()), (0, 0));
}
