//! WebSocket streams between a front and a worker that conform: messages arrive whole and in order, credit holds, and both
//! ends agree that it is over.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

use diglot_link::frame::Type;
use diglot_link::message::{
    Close, HttpVersion, Interface, REQUEST_UPGRADE, REQUEST_WEBSOCKET, Ready, RequestLine,
};
use diglot_link::{Front, FrontEvent, StreamKey, Worker, WorkerEvent};
use proptest::prelude::*;

#[derive(Debug, Default)]
struct End {
    /// Messages that were sent, the last perhaps in part, and what arrived.
    sent: Vec<(Type, Vec<u8>)>,
    sent_partial: bool,
    got: Vec<(Type, Vec<u8>)>,
    got_partial: bool,
    /// Credit that is due for what arrived.
    held: usize,
    closed: Option<(u16, String)>,
}

impl End {
    fn got(&mut self, kind: Type, data: &[u8], last: bool, credit: usize) {
        if !std::mem::replace(&mut self.got_partial, !last) {
            self.got.push((kind, Vec::new()));
        }
        let (begun, message) = self.got.last_mut().unwrap();
        assert_eq!(*begun, kind);
        message.extend_from_slice(data);
        self.held += credit;
    }

    fn sent(&mut self, kind: Type, data: &[u8], last: bool) {
        if !std::mem::replace(&mut self.sent_partial, !last) {
            self.sent.push((kind, Vec::new()));
        }
        self.sent.last_mut().unwrap().1.extend_from_slice(data);
    }
}

struct Pair {
    front: Front<()>,
    worker: Worker<()>,
    key: StreamKey,
    of_front: End,
    of_worker: End,
    front_closed: bool,
    worker_closed: bool,
}

fn pass(out: &mut diglot_link::Output) -> Vec<u8> {
    let bytes = out.pending().to_vec();
    out.sent(bytes.len());
    bytes
}

impl Pair {
    /// After the handshake.
    fn open() -> Self {
        let mut front = Front::new(1, 4);
        let mut worker = Worker::new();
        worker.handle(&pass(front.output())).unwrap();
        worker.ready(&Ready { interface: Interface::Asgi, runtime: "test" });
        let mut pair = Self {
            front,
            worker,
            key: StreamKey { stream: 1, generation: 0 },
            of_front: End::default(),
            of_worker: End::default(),
            front_closed: false,
            worker_closed: false,
        };
        pair.pass_to_front();
        pair.begin();
        pair
    }

    fn begin(&mut self) {
        let line = RequestLine {
            connection: 1,
            method: b"GET",
            version: HttpVersion::Http11,
            flags: REQUEST_UPGRADE | REQUEST_WEBSOCKET,
            target: b"/",
            path_start: 0,
            path_length: 1,
            mount_length: 0,
        };
        self.key = self.front.begin((), &line, [].into_iter(), b"", false).unwrap().expect("a stream");
        assert_eq!(self.front.message_room(self.key), None, "nothing is sent before ACCEPT");
        assert_eq!(self.front.send_message(self.key, Type::Text, b"x", true), None);
        self.pass_to_worker();
        assert_eq!(self.worker.message(self.key, Type::Text, b"x", true), None);
        self.worker.accept(self.key, b"x-a: b\r\n").unwrap();
        self.pass_to_front();
    }

    fn pass_to_worker(&mut self) {
        let bytes = pass(self.front.output());
        let mut at = 0;
        while let Some((count, event)) = self.worker.handle(&bytes[at..]).expect("the front conforms") {
            at += count;
            match event {
                Some(WorkerEvent::Request { key, .. }) => self.worker.attach(key, ()),
                Some(WorkerEvent::Message { kind, data, last, credit, .. }) => {
                    self.of_worker.got(kind, data, last, credit);
                }
                Some(WorkerEvent::Close { close, .. }) => {
                    self.of_worker.closed = Some((close.code, close.reason.to_owned()));
                }
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
            assert!(!self.front_closed, "nothing comes after the front has closed");
            match frame.header.kind {
                kind @ (Type::Text | Type::Binary) => {
                    self.of_front.got(kind, frame.payload, frame.header.is_last(), frame.credit());
                }
                Type::Close => {
                    let close = Close::decode(frame.payload).unwrap();
                    self.of_front.closed = Some((close.code, close.reason.to_owned()));
                }
                _ => {}
            }
        }
        assert_eq!(at, bytes.len());
    }

    fn settle(&mut self) {
        for _ in 0..3 {
            self.pass_to_worker();
            self.pass_to_front();
        }
    }
}

#[derive(Debug, Clone)]
enum Act {
    FrontSends { length: usize, last: bool, kind: Type },
    WorkerSends { length: usize, last: bool, kind: Type },
    FrontConsumes(usize),
    WorkerConsumes(usize),
    FrontCloses,
    WorkerCloses,
    ToWorker,
    ToFront,
}

fn act() -> impl Strategy<Value = Act> {
    let length = prop_oneof![Just(0), 1..200usize, 60_000..140_000usize];
    let kind = prop_oneof![Just(Type::Text), Just(Type::Binary)];
    prop_oneof![
        4 => (length.clone(), any::<bool>(), kind.clone())
            .prop_map(|(length, last, kind)| Act::FrontSends { length, last, kind }),
        4 => (length, any::<bool>(), kind)
            .prop_map(|(length, last, kind)| Act::WorkerSends { length, last, kind }),
        2 => (0..200_000usize).prop_map(Act::FrontConsumes),
        2 => (0..200_000usize).prop_map(Act::WorkerConsumes),
        1 => Just(Act::FrontCloses),
        1 => Just(Act::WorkerCloses),
        3 => Just(Act::ToWorker),
        3 => Just(Act::ToFront),
    ]
}

/// What was sent is what arrived, as far as it was taken.
fn check_arrived(sent: &[(Type, Vec<u8>)], got: &[(Type, Vec<u8>)], all: bool) {
    if all {
        assert_eq!(sent, got);
    }
    assert!(got.len() <= sent.len());
    for ((sent_kind, sent), (got_kind, got)) in sent.iter().zip(got) {
        assert_eq!(sent_kind, got_kind);
        assert!(sent.starts_with(got));
    }
}

proptest! {
    #[test]
    fn conforming_ends_agree(acts in proptest::collection::vec(act(), 1..80)) {
        let mut pair = Pair::open();
        for (number, act) in acts.into_iter().enumerate() {
            let byte = number as u8;
            match act {
                Act::FrontSends { length, last, kind } => {
                    let kind = match pair.of_front.sent_partial {
                        true => pair.of_front.sent.last().unwrap().0,
                        false => kind,
                    };
                    let data = vec![byte; length];
                    let taken = pair.front.send_message(pair.key, kind, &data, last);
                    if let Some(count) = taken {
                        assert!(!pair.front_closed);
                        pair.of_front.sent(kind, &data[..count], last && count == length);
                    }
                }
                Act::WorkerSends { length, last, kind } => {
                    let kind = match pair.of_worker.sent_partial {
                        true => pair.of_worker.sent.last().unwrap().0,
                        false => kind,
                    };
                    let data = vec![byte; length];
                    let taken = pair.worker.message(pair.key, kind, &data, last);
                    match taken {
                        Some(count) if pair.worker_closed => assert_eq!(count, length),
                        Some(count) => pair.of_worker.sent(kind, &data[..count], last && count == length),
                        None => {}
                    }
                }
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
                Act::FrontCloses => {
                    pair.front.close(pair.key, &Close::new(1006, "gone"));
                    pair.front_closed = true;
                }
                Act::WorkerCloses => {
                    pair.worker.close(pair.key, &Close::new(4000, "bye"));
                    pair.worker_closed = true;
                }
                Act::ToWorker => pair.pass_to_worker(),
                Act::ToFront => pair.pass_to_front(),
            }
        }
        pair.settle();
        check_arrived(&pair.of_front.sent, &pair.of_worker.got, true);
        check_arrived(&pair.of_worker.sent, &pair.of_front.got, !pair.front_closed);
        let told = |closed: &Option<(u16, String)>| closed.as_ref().map(|(code, _)| *code);
        prop_assert_eq!(told(&pair.of_worker.closed), pair.front_closed.then_some(1006));
        if !pair.front_closed {
            prop_assert_eq!(told(&pair.of_front.closed), pair.worker_closed.then_some(4000));
        }

        // Both close, and the stream's id serves another with all of its credit.
        pair.worker.close(pair.key, &Close::new(1000, ""));
        pair.pass_to_front();
        pair.front.close(pair.key, &Close::new(1005, ""));
        pair.settle();
        prop_assert_eq!((pair.front.open_streams(), pair.worker.open_streams()), (0, 0));
        let before = pair.key;
        let (front_held, worker_held) = (pair.of_front.held, pair.of_worker.held);
        pair.front.consumed(before, front_held);
        pair.worker.consumed(before, worker_held);
        pair.front_closed = false;
        pair.begin();
        prop_assert_eq!((pair.key.stream, pair.key.generation), (before.stream, before.generation + 1));
    }
}

/// A reader that does not read stops the writer, also one of empty messages.
#[test]
fn small_messages_are_not_free() {
    let mut pair = Pair::open();
    let mut count = 0;
    while pair.front.send_message(pair.key, Type::Binary, b"", true).is_some() {
        count += 1;
        pair.pass_to_worker();
    }
    assert_eq!(count, diglot_link::credit::STREAM_WINDOW_BYTES as usize / diglot_link::frame::HEADER_BYTES);
    pair.worker.consumed(pair.key, pair.of_worker.held);
    pair.settle();
    assert!(pair.front.message_room(pair.key).is_some());
}

#[test]
fn a_long_message_is_sent_in_parts_of_one_kind() {
    let mut pair = Pair::open();
    let message: Vec<u8> = (0..100_000usize).map(|at| at as u8).collect();
    assert_eq!(pair.worker.message(pair.key, Type::Binary, &message, true), Some(message.len()));
    pair.pass_to_front();
    assert_eq!(pair.of_front.got, [(Type::Binary, message)]);
    assert!(!pair.of_front.got_partial);
}
