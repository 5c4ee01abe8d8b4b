//! Where the link of a worker and the task of a client connection meet: one request and what comes back for it.
//!
//! The link's driver puts frames in, the connection's task takes them out. A connection owns one exchange and
//! uses it for one request after another.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Waker};

use diglot_link::frame::{self, Frame, Type};
use diglot_link::message::Limits;
use parking_lot::Mutex;

/// Memory for frames that an idle connection keeps: enough for those of a small response.
const IDLE_BYTES_MAX: usize = 1024;
/// Frames that wait beyond which interim responses are dropped. They cost no credit, so nothing else stops a worker
/// that sends them without end, and a client can do without them (RFC 9110 section 15.2).
const INTERIM_BYTES_MAX: usize = 64 * 1024;

/// The meeting place. All of it is behind one lock that is held for moments.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    inbox: Mutex<Inbox>,
    /// The application has closed the connection: no further request is read from it.
    hung_up: AtomicBool,
    /// The response that comes is an event stream.
    streams_events: AtomicBool,
    /// The address of the link that had the last request; 0 before the first.
    link: AtomicUsize,
}

#[derive(Debug, Default)]
struct Inbox {
    arrived: Arrived,
    limits: Limits,
    /// A worker has a request that it has not answered.
    is_busy: bool,
    /// The application closes the connection, unless a request has begun to come.
    closes_idle: bool,
    waker: Option<Waker>,
}

/// What has arrived since it was last taken.
#[derive(Debug, Default)]
pub(crate) struct Arrived {
    /// Whole frames of the response, one behind the other, as they came over the link. Their number of bytes is
    /// bounded by the stream's credit, and by [`INTERIM_BYTES_MAX`].
    pub(crate) frames: Vec<u8>,
    /// The worker wants no more of the request's body.
    pub(crate) stopped: bool,
    /// There may be credit for more of the request's body.
    pub(crate) credit: bool,
    /// A request that waits for admission may ask again.
    pub(crate) called: bool,
    /// The worker is about to end: it takes no requests, and a WebSocket has to look for another.
    pub(crate) leaves: bool,
    /// The worker is gone, or does not answer.
    pub(crate) lost: Option<Lost>,
}

/// Why no response will come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The worker ended or broke the protocol: 502.
    WorkerGone,
    /// The worker did not answer its heartbeat: 504.
    Unresponsive,
    /// The server stops and the grace period is over: 503.
    ShuttingDown,
}

impl Arrived {
    pub(crate) fn is_empty(&self) -> bool {
        let Self { frames, stopped, credit, called, leaves, lost } = self;
        frames.is_empty() && !stopped && !credit && !called && !leaves && lost.is_none()
    }
}

impl Exchange {
    /// A frame of the response.
    #[inline]
    pub(crate) fn push(&self, frame: Frame<'_>) {
        let mut inbox = self.inbox.lock();
        if frame.header.kind == Type::Inform && inbox.arrived.frames.len() > INTERIM_BYTES_MAX {
            return;
        }
        if frame.header.ends() || frame.header.kind == Type::Cancel {
            inbox.is_busy = false;
        }
        frame::encode(&mut inbox.arrived.frames, frame.header, frame.payload);
        inbox.wake();
    }

    /// The worker wants no more of the request's body.
    pub(crate) fn stop(&self) {
        self.note(|arrived| arrived.stopped = true);
    }

    /// There may be credit for more of the request's body.
    pub(crate) fn credit(&self) {
        self.note(|arrived| arrived.credit = true);
    }

    /// There may be a worker with room.
    pub(crate) fn call(&self) {
        self.note(|arrived| arrived.called = true);
    }

    /// The worker is about to end.
    pub(crate) fn leave(&self) {
        self.note(|arrived| arrived.leaves = true);
    }

    /// A request goes to this link.
    pub(crate) fn serve_by(&self, link: usize) {
        self.link.store(link, Ordering::Relaxed);
        let mut inbox = self.inbox.lock();
        inbox.is_busy = true;
        inbox.closes_idle = false;
    }

    /// A worker's application has closed the connection, as far as it is concerned: one that another worker serves by now
    /// goes on.
    pub(crate) fn hang_up_by(&self, link: usize) {
        if self.is_served_by(link) {
            self.hang_up();
        }
    }

    /// A worker's application closes the connection, as far as it is concerned, for being idle. It is not while there is a request
    /// that the worker did not know of.
    pub(crate) fn close_idle_by(&self, link: usize) {
        let mut inbox = self.inbox.lock();
        if self.is_served_by(link) && !inbox.is_busy {
            inbox.closes_idle = true;
            inbox.wake();
        }
    }

    /// Whether this link has had the last request, or none has.
    fn is_served_by(&self, link: usize) -> bool {
        let last = self.link.load(Ordering::Relaxed);
        last == 0 || last == link
    }

    /// The application has closed the connection.
    pub(crate) fn hang_up(&self) {
        self.hung_up.store(true, Ordering::SeqCst);
        self.wake();
    }

    /// The application sets limits for the connection.
    pub(crate) fn limit(&self, limits: Limits) {
        let mut inbox = self.inbox.lock();
        inbox.limits = limits;
        inbox.wake();
    }

    /// What limits the application has set for the connection, beside the server's own.
    pub(crate) fn limits(&self) -> Limits {
        self.inbox.lock().limits
    }

    /// Whether the application has closed the connection.
    pub(crate) fn is_hung_up(&self) -> bool {
        self.hung_up.load(Ordering::SeqCst)
    }

    /// Says whether the response that comes is an event stream.
    pub(crate) fn set_streams_events(&self, streams_events: bool) {
        self.streams_events.store(streams_events, Ordering::Relaxed);
    }

    /// Whether the response that comes is an event stream.
    pub(crate) fn streams_events(&self) -> bool {
        self.streams_events.load(Ordering::Relaxed)
    }

    /// The task should look around: something has changed that concerns all connections.
    pub(crate) fn wake(&self) {
        self.inbox.lock().wake();
    }

    /// No response will come, or no more of it.
    pub(crate) fn lose(&self, why: Lost) {
        self.inbox.lock().is_busy = false;
        self.note(|arrived| arrived.lost = Some(why));
    }

    /// Swaps what has arrived with `taken`, which is empty, and remembers whom to wake when more comes.
    #[inline]
    pub(crate) fn take(&self, context: &Context<'_>, taken: &mut Arrived) {
        debug_assert!(taken.is_empty());
        let mut inbox = self.inbox.lock();
        std::mem::swap(&mut inbox.arrived, taken);
        inbox.register(context);
    }

    /// Remembers whom to wake without taking anything, and lets go of memory that a large response has left. Returns what
    /// limits the application has set for the connection, and whether it closes it if it is idle: that is said once.
    pub(crate) fn rest(&self, context: &Context<'_>) -> (Limits, bool) {
        let mut inbox = self.inbox.lock();
        if inbox.arrived.frames.is_empty() {
            inbox.arrived.frames.shrink_to(IDLE_BYTES_MAX);
        }
        inbox.register(context);
        (inbox.limits, std::mem::take(&mut inbox.closes_idle))
    }

    /// Remembers whom to wake when something changes that concerns all connections.
    pub(crate) fn watch(&self, context: &Context<'_>) {
        self.inbox.lock().register(context);
    }

    /// Forgets what arrived for a request that is over, and returns its frames.
    pub(crate) fn clear(&self) -> Vec<u8> {
        std::mem::take(&mut self.inbox.lock().arrived).frames
    }

    /// Gives the memory of frames that were taken back for those to come.
    #[inline]
    pub(crate) fn recycle(&self, mut frames: Vec<u8>) {
        if frames.capacity() > 0 {
            let mut inbox = self.inbox.lock();
            if inbox.arrived.frames.capacity() == 0 {
                std::mem::swap(&mut inbox.arrived.frames, &mut frames);
            }
        }
    }

    fn note(&self, change: impl FnOnce(&mut Arrived)) {
        let mut inbox = self.inbox.lock();
        change(&mut inbox.arrived);
        inbox.wake();
    }
}

impl Inbox {
    fn register(&mut self, context: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(context.waker()),
            None => self.waker = Some(context.waker().clone()),
        }
    }

    fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use diglot_link::frame::{FLAG_END, Header};

    use super::*;

    #[test]
    fn interim_responses_without_end_are_dropped_and_the_final_one_is_not() {
        let exchange = Exchange::default();
        let push = |kind, payload: &[u8]| {
            let header = Header { kind, flags: 0, generation: 0, stream: 1 };
            exchange.push(Frame { header, payload });
        };
        for _ in 0..1_000 {
            push(Type::Inform, &[0; 1024]);
        }
        push(Type::Response, b"final");
        let frames = exchange.clear();
        assert!(frames.len() < INTERIM_BYTES_MAX + 2 * 1024, "{}", frames.len());
        assert!(frames.ends_with(b"final"));
    }

    #[test]
    fn a_connection_is_idle_to_the_worker_that_has_answered_its_last_request() {
        let exchange = Exchange::default();
        let closes = || exchange.rest(&Context::from_waker(Waker::noop())).1;
        exchange.close_idle_by(1);
        assert!(closes(), "it has had no request");
        assert!(!closes(), "it is said once");
        exchange.serve_by(1);
        exchange.close_idle_by(1);
        assert!(!closes(), "the worker did not know of a request");
        let header = Header { kind: Type::Wire, flags: FLAG_END, generation: 0, stream: 1 };
        exchange.push(Frame { header, payload: b"" });
        exchange.close_idle_by(2);
        assert!(!closes(), "another worker had the last request");
        exchange.close_idle_by(1);
        assert!(closes());
        exchange.close_idle_by(1);
        exchange.serve_by(1);
        assert!(!closes(), "a request has come since");
    }
}
