//! A front and a worker, the bytes between them, and a model of what each was promised.

use diglot_link::frame::{ABOARD_BYTES_MAX, Type};
use diglot_link::message::{self, CancelReason, HttpVersion, Interface, Ready, RequestLine, Response};
use diglot_link::{Front, FrontEvent, StreamKey, Worker, WorkerEvent};

use crate::tap::Tap;

/// Few, so that ids are used again soon.
const STREAMS_MAX: u32 = 4;
const TRAILERS: &[u8] = b"x-sum: 1\r\n";

/// One thing that one of the ends, or the transport, does. `which` counts back from the newest stream, over or not.
#[derive(Debug)]
pub(crate) enum Act {
    Begin { length: usize, end: bool },
    FrontBody { which: usize, length: usize, end: bool },
    FrontTrailers { which: usize },
    FrontCancel { which: usize },
    FrontConsume { which: usize, bytes: usize },
    Inform { which: usize },
    Respond { which: usize, length: usize, end: bool },
    WorkerBody { which: usize, length: usize, end: bool },
    Wire { which: usize, length: usize, end: bool },
    WorkerTrailers { which: usize },
    Stop { which: usize },
    WorkerCancel { which: usize },
    WorkerConsume { which: usize, bytes: usize },
    ToWorker(usize),
    ToFront(usize),
}

/// One direction of a stream, as its sender and its receiver have it.
#[derive(Debug, Default)]
struct Flow {
    open: bool,
    sent: usize,
    /// The sender ended it, not by a cancel.
    ended: bool,
    received: usize,
    end_seen: bool,
    /// Bytes with a cost that the receiver has not consumed.
    held: usize,
}

#[derive(Debug)]
struct Stream {
    key: StreamKey,
    worker_key: Option<StreamKey>,
    request: Flow,
    response: Flow,
    head: Option<Type>,
    front_cancelled: bool,
    worker_cancelled: bool,
}

#[derive(Debug)]
pub(crate) struct Pair {
    front: Front<usize>,
    worker: Worker<usize>,
    streams: Vec<Stream>,
    at_worker: Vec<u8>,
    at_front: Vec<u8>,
    to_worker: Tap,
    to_front: Tap,
}

/// The number a key's generation has on the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OldKey(pub(crate) StreamKey);

impl OldKey {
    pub(crate) fn header_generation(self) -> u16 {
        self.0.generation as u16
    }
}

impl Pair {
    pub(crate) fn ready() -> Self {
        let mut pair = Self {
            front: Front::new(7, STREAMS_MAX),
            worker: Worker::new(),
            streams: vec![],
            at_worker: vec![],
            at_front: vec![],
            to_worker: Tap::default(),
            to_front: Tap::default(),
        };
        let preface = pair.front.output().pending().to_vec();
        pair.front.output().sent(preface.len());
        assert_eq!(pair.worker.handle(&preface), Ok(Some((preface.len(), None))));
        let echo = pair.worker.output().pending().to_vec();
        pair.worker.output().sent(echo.len());
        assert_eq!(pair.front.handle(&echo), Ok(Some((echo.len(), None))));
        pair.worker.ready(&Ready { interface: Interface::Http, runtime: "test" });
        pair.deliver_all();
        pair
    }

    pub(crate) fn act(&mut self, act: &Act) {
        let index = |which: usize| self.streams.len().checked_sub(1 + which);
        match *act {
            Act::Begin { length, end } => self.begin(length, end),
            Act::ToWorker(bytes) => self.deliver_to_worker(bytes),
            Act::ToFront(bytes) => self.deliver_to_front(bytes),
            Act::FrontBody { which, length, end } => {
                index(which).into_iter().for_each(|index| self.front_body(index, length, end));
            }
            Act::FrontTrailers { which } => {
                index(which).into_iter().for_each(|index| self.front_trailers(index))
            }
            Act::FrontCancel { which } => index(which).into_iter().for_each(|index| self.front_cancel(index)),
            Act::FrontConsume { which, bytes } => {
                index(which).into_iter().for_each(|index| self.front_consume(index, bytes));
            }
            Act::Inform { which } => self.on_worker(which, Self::inform),
            Act::Respond { which, length, end } => {
                self.on_worker(which, |pair, index, key| pair.respond(index, key, length, end));
            }
            Act::WorkerBody { which, length, end } => {
                self.on_worker(which, |pair, index, key| {
                    pair.worker_bytes(Type::Body, index, key, length, end)
                });
            }
            Act::Wire { which, length, end } => {
                self.on_worker(which, |pair, index, key| {
                    pair.worker_bytes(Type::Wire, index, key, length, end)
                });
            }
            Act::WorkerTrailers { which } => self.on_worker(which, Self::worker_trailers),
            Act::Stop { which } => self.on_worker(which, |pair, _, key| pair.worker.stop(key)),
            Act::WorkerCancel { which } => self.on_worker(which, Self::worker_cancel),
            Act::WorkerConsume { which, bytes } => {
                self.on_worker(which, |pair, index, _| pair.worker_consume(index, bytes));
            }
        }
        self.check_counts();
    }

    fn on_worker(&mut self, which: usize, act: impl FnOnce(&mut Self, usize, StreamKey)) {
        let Some(index) = self.streams.len().checked_sub(1 + which) else { return };
        if let Some(key) = self.streams[index].worker_key {
            act(self, index, key);
        }
    }

    fn begin(&mut self, length: usize, end: bool) {
        let index = self.streams.len();
        let body = content(index, Type::Request, 0, length.min(ABOARD_BYTES_MAX));
        let line = RequestLine {
            connection: 1,
            method: b"POST",
            version: HttpVersion::Http11,
            flags: message::REQUEST_BODY,
            target: b"/",
            path_start: 0,
            path_length: 1,
            mount_length: 0,
        };
        let Some(key) = self.front.begin(index, &line, [].into_iter(), &body, end).unwrap() else {
            return;
        };
        let request = Flow { open: !end, sent: body.len(), ended: end, ..Flow::default() };
        self.streams.push(Stream {
            key,
            worker_key: None,
            request,
            response: Flow::default(),
            head: None,
            front_cancelled: false,
            worker_cancelled: false,
        });
    }

    fn front_body(&mut self, index: usize, length: usize, end: bool) {
        let stream = &mut self.streams[index];
        let data = content(index, Type::Request, stream.request.sent, length);
        let room = self.front.body_room(stream.key);
        let taken = self.front.send_body(stream.key, &data, end);
        if !stream.request.open {
            assert_eq!((room, taken), (0, 0));
            return;
        }
        assert_eq!(taken, room.min(length));
        stream.request.sent += taken;
        if end && taken == length {
            stream.request.open = false;
            stream.request.ended = true;
        }
    }

    fn front_trailers(&mut self, index: usize) {
        let stream = &mut self.streams[index];
        self.front.send_trailers(stream.key, TRAILERS).unwrap();
        if std::mem::replace(&mut stream.request.open, false) {
            stream.request.ended = true;
        }
    }

    fn front_cancel(&mut self, index: usize) {
        let stream = &mut self.streams[index];
        self.front.cancel(stream.key, CancelReason::ClientGone);
        stream.front_cancelled = true;
        stream.request.open = false;
    }

    fn front_consume(&mut self, index: usize, bytes: usize) {
        let stream = &mut self.streams[index];
        let bytes = bytes.min(stream.response.held);
        stream.response.held -= bytes;
        self.front.consumed(stream.key, bytes);
    }

    fn worker_consume(&mut self, index: usize, bytes: usize) {
        let stream = &mut self.streams[index];
        let Some(key) = stream.worker_key else { return };
        let bytes = bytes.min(stream.request.held);
        stream.request.held -= bytes;
        self.worker.consumed(key, bytes);
    }

    fn inform(&mut self, _index: usize, key: StreamKey) {
        self.worker.inform(key, 103, b"link: </a>\r\n").unwrap();
    }

    fn respond(&mut self, index: usize, key: StreamKey, length: usize, end: bool) {
        let stream = &mut self.streams[index];
        let data = content(index, Type::Response, 0, length);
        let taken = self.worker.respond(key, 200, b"a: b\r\n", &data, end).unwrap();
        if stream.response.open && stream.head.is_none() {
            stream.head = Some(Type::Response);
            stream.sent_response(taken, end && taken == length);
        } else {
            assert_eq!(taken, length, "what cannot be sent goes nowhere");
        }
    }

    fn worker_bytes(&mut self, kind: Type, index: usize, key: StreamKey, length: usize, end: bool) {
        let stream = &mut self.streams[index];
        let data = content(index, Type::Response, stream.response.sent, length);
        let taken = if kind == Type::Wire {
            self.worker.wire(key, &data, end)
        } else {
            self.worker.body(key, &data, end)
        };
        if !stream.response.open {
            assert_eq!(taken, length, "what is over takes everything");
            return;
        }
        let fits = match stream.head {
            None => kind == Type::Wire,
            Some(Type::Wire) => kind == Type::Wire,
            Some(_) => kind == Type::Body,
        };
        if !fits {
            assert_eq!(taken, 0);
            return;
        }
        let ended = end && taken == length;
        if taken > 0 || ended {
            stream.head = stream.head.or(Some(kind));
        }
        stream.sent_response(taken, ended);
    }

    fn worker_trailers(&mut self, index: usize, key: StreamKey) {
        self.worker.trailers(key, TRAILERS).unwrap();
        let stream = &mut self.streams[index];
        if stream.head == Some(Type::Response) && stream.response.open {
            stream.sent_response(0, true);
        }
    }

    fn worker_cancel(&mut self, index: usize, key: StreamKey) {
        self.worker.cancel(key, CancelReason::AppFailed);
        let stream = &mut self.streams[index];
        stream.worker_cancelled = true;
        stream.response.open = false;
    }

    fn deliver_to_worker(&mut self, bytes: usize) {
        self.to_worker.take(self.front.output(), bytes, &mut self.at_worker);
        let input = std::mem::take(&mut self.at_worker);
        let mut at = 0;
        while let Some((count, event)) = self.worker.handle(&input[at..]).expect("the front conforms") {
            if let Some(event) = event {
                let attach = on_worker_event(&mut self.streams, event);
                attach.into_iter().for_each(|(key, index)| self.worker.attach(key, index));
            }
            at += count;
        }
        self.at_worker = input[at..].to_vec();
    }

    fn deliver_to_front(&mut self, bytes: usize) {
        self.to_front.take(self.worker.output(), bytes, &mut self.at_front);
        let input = std::mem::take(&mut self.at_front);
        let mut at = 0;
        while let Some((count, event)) = self.front.handle(&input[at..]).expect("the worker conforms") {
            event.into_iter().for_each(|event| on_front_event(&mut self.streams, event));
            at += count;
        }
        self.at_front = input[at..].to_vec();
    }

    pub(crate) fn deliver_all(&mut self) {
        while !self.front.output().is_empty() || !self.worker.output().is_empty() {
            self.deliver_to_worker(usize::MAX);
            self.deliver_to_front(usize::MAX);
        }
        self.check_counts();
    }

    pub(crate) fn consume_all(&mut self) {
        for index in 0..self.streams.len() {
            self.front_consume(index, usize::MAX);
            self.worker_consume(index, usize::MAX);
        }
    }

    pub(crate) fn received(&self) -> usize {
        self.streams.iter().map(|stream| stream.request.received + stream.response.received).sum()
    }

    pub(crate) fn open_streams(&self) -> (usize, usize) {
        (self.front.open_streams(), self.worker.open_streams())
    }

    pub(crate) fn newest_key(&self) -> OldKey {
        OldKey(self.streams.last().unwrap().key)
    }

    /// A request and its response, whole; forgotten by the model.
    pub(crate) fn one_exchange(&mut self) -> OldKey {
        self.begin(0, true);
        self.deliver_all();
        self.on_worker(0, |pair, index, key| pair.respond(index, key, 0, true));
        self.deliver_all();
        let key = self.newest_key();
        assert!(self.streams.pop().unwrap().response.end_seen);
        key
    }

    pub(crate) fn cancel_by_old_key(&mut self, key: StreamKey) {
        self.front.cancel(key, CancelReason::ClientGone);
        self.worker.cancel(key, CancelReason::AppFailed);
    }

    fn check_counts(&self) {
        let at_worker = self.streams.iter().filter(|stream| stream.response.open).count();
        assert_eq!(self.worker.open_streams(), at_worker);
        let waiting = |stream: &&Stream| !stream.response.end_seen;
        let at_front = self.streams.iter().filter(waiting).filter(|stream| !stream.front_cancelled).count();
        let cancelled = self.streams.iter().filter(waiting).filter(|stream| stream.front_cancelled).count();
        assert!((at_front..=at_front + cancelled).contains(&self.front.open_streams()));
        assert!(self.front.open_streams() <= STREAMS_MAX as usize);
        self.to_worker.check_windows(&self.to_front);
        self.to_front.check_windows(&self.to_worker);
    }

    /// Ends every stream, by cancelling or in peace, and asserts that nothing is left of them.
    pub(crate) fn finish(&mut self, by_cancel: bool) {
        self.deliver_all();
        for index in 0..self.streams.len() {
            let Some(key) = self.streams[index].worker_key else { continue };
            if by_cancel {
                self.front_cancel(index);
                self.deliver_all();
                self.worker_cancel(index, key);
                continue;
            }
            self.front_body(index, 0, true);
            match self.streams[index].head {
                None => self.respond(index, key, 0, true),
                Some(Type::Wire) => self.worker_bytes(Type::Wire, index, key, 0, true),
                Some(_) => self.worker_bytes(Type::Body, index, key, 0, true),
            }
        }
        self.deliver_all();
        self.consume_all();
        self.deliver_all();
        assert_eq!(self.open_streams(), (0, 0));
        for stream in &self.streams {
            assert!(stream.front_cancelled || stream.response.end_seen, "a response got lost: {stream:?}");
        }
        self.to_worker.check_link_returned(&self.to_front);
        self.to_front.check_link_returned(&self.to_worker);
        let count = self.streams.len();
        for _ in 0..STREAMS_MAX + 1 {
            self.begin(0, true);
        }
        assert_eq!(self.streams.len(), count + STREAMS_MAX as usize, "all ids are free again, and no more");
        self.deliver_all();
        assert_eq!(self.worker.open_streams(), STREAMS_MAX as usize);
    }
}

impl Stream {
    fn sent_response(&mut self, bytes: usize, ended: bool) {
        self.response.sent += bytes;
        if ended {
            self.response.open = false;
            self.response.ended = true;
        }
    }
}

impl Flow {
    fn arrived(&mut self, index: usize, kind: Type, data: &[u8], costs: bool, end: bool) {
        assert!(!self.end_seen, "bytes after the end");
        assert_eq!(data, content(index, kind, self.received, data.len()), "other bytes than were sent");
        self.received += data.len();
        self.held += if costs { data.len() } else { 0 };
        self.end_seen = end;
        assert!(self.received <= self.sent);
        assert!(!end || (self.ended && self.received == self.sent), "an end that is none");
    }
}

fn on_worker_event(streams: &mut [Stream], event: WorkerEvent<'_, usize>) -> Option<(StreamKey, usize)> {
    let live = |streams: &mut [Stream], owner: usize, key: StreamKey| {
        assert!(!streams[owner].worker_cancelled, "an event after the worker's cancel");
        assert_eq!(streams[owner].worker_key, Some(key));
    };
    match event {
        WorkerEvent::Request { key, request, end } => {
            // The oldest stream of this id that has not arrived: REQUESTs of one id keep their order.
            let arrives = |stream: &Stream| stream.key.stream == key.stream && stream.worker_key.is_none();
            let index = streams.iter().position(arrives).expect("nobody began this stream");
            let stream = &mut streams[index];
            assert_eq!(stream.key, key, "both ends count alike");
            stream.worker_key = Some(key);
            stream.response.open = true;
            stream.request.arrived(index, Type::Request, request.body, false, end);
            return Some((key, index));
        }
        WorkerEvent::Body { key, owner, data, end } => {
            live(streams, owner, key);
            streams[owner].request.arrived(owner, Type::Request, data, true, end);
        }
        WorkerEvent::Trailers { key, owner, lines } => {
            live(streams, owner, key);
            assert_eq!(lines, TRAILERS);
            streams[owner].request.arrived(owner, Type::Request, b"", false, true);
        }
        WorkerEvent::Cancel { key, owner, .. } => {
            live(streams, owner, key);
            assert!(streams[owner].front_cancelled);
        }
        WorkerEvent::Credit { key, owner } => live(streams, owner, key),
        WorkerEvent::LinkCredit => {}
        event => panic!("nobody did {event:?}"),
    }
    None
}

fn on_front_event(streams: &mut [Stream], event: FrontEvent<'_, usize>) {
    match event {
        FrontEvent::Response { key, owner, frame } => {
            let stream = &mut streams[owner];
            assert!(!stream.front_cancelled, "an event after the front's cancel");
            assert_eq!(stream.key, key);
            let end = frame.header.ends();
            match frame.header.kind {
                Type::Response => {
                    let body = Response::decode(frame.payload).unwrap().body;
                    stream.response.arrived(owner, Type::Response, body, false, end);
                }
                Type::Body | Type::Wire => {
                    stream.response.arrived(owner, Type::Response, frame.payload, true, end);
                }
                Type::Trailers => stream.response.arrived(owner, Type::Response, b"", false, true),
                Type::Inform => assert_eq!(stream.response.received, 0),
                Type::Cancel => {
                    assert!(stream.worker_cancelled);
                    stream.response.end_seen = true;
                    stream.request.open = false;
                }
                kind => panic!("{kind:?} is no part of a response"),
            }
        }
        FrontEvent::Stop { key, owner } => {
            let stream = &mut streams[owner];
            assert!(!stream.front_cancelled, "an event after the front's cancel");
            assert_eq!(stream.key, key);
            stream.request.open = false;
        }
        FrontEvent::Credit { key, owner } => {
            assert!(!streams[owner].front_cancelled, "an event after the front's cancel");
            assert_eq!(streams[owner].key, key);
        }
        FrontEvent::Ready(_) | FrontEvent::LinkCredit => {}
        event => panic!("nobody did {event:?}"),
    }
}

/// Bytes `from..from + length` of a direction of a stream: other ones at each place and on each stream.
fn content(index: usize, kind: Type, from: usize, length: usize) -> Vec<u8> {
    let seed = index * 31 + kind as usize * 7;
    (from..from + length).map(|at| (seed + at + at / 251) as u8).collect()
}
