//! The ways to speak to a running supervisor: commands for all of it, reports about one worker.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use super::launch::Launched;
use crate::event::{Event, Grace, Limit, LinkEnd, WorkerEvent, WorkerId};
use crate::log::line::clean_block;

/// What arrives at the supervisor's task.
///
/// The channel has no bound of its own because what is sent over it has: a worker is reported to be spawned and to
/// have ended once each, a [`Reporter`] speaks once of each thing, and of each command one waits at a time.
#[derive(Debug)]
pub(super) enum Message {
    Event(Event),
    /// The process exists and is linked, or could not be made.
    Launched {
        worker: WorkerId,
        result: Result<Launched, String>,
    },
}

pub(super) type Outbox = UnboundedSender<Message>;

/// A longer message of an app that cannot be loaded is cut.
const START_FAILED_BYTES_MAX: usize = 64 * 1024;

/// Says "at most once" of each of several things.
#[derive(Debug, Default)]
pub(super) struct Once(AtomicU8);

impl Once {
    fn is_first(&self, bit: u8) -> bool {
        self.0.fetch_or(bit, Ordering::AcqRel) & bit == 0
    }

    pub(super) fn again(&self, bit: u8) {
        self.0.fetch_and(!bit, Ordering::AcqRel);
    }
}

const SHUTDOWN: u8 = 1;
const SHUTDOWN_NOW: u8 = 2;
pub(super) const RESTART: u8 = 4;

/// Commands to a supervisor. None of them waits, and a supervisor that has ended ignores them.
#[derive(Clone, Debug)]
pub struct SupervisorHandle {
    pub(super) outbox: Outbox,
    pub(super) commanded: Arc<Once>,
}

impl SupervisorHandle {
    /// Let every worker finish what it has within `grace`, then end it. Only the first call counts; to end sooner,
    /// [`shutdown_now`](Self::shutdown_now).
    pub fn shutdown(&self, grace: impl Into<Grace>) {
        self.command(SHUTDOWN, Event::Shutdown { grace: grace.into() });
    }

    /// End every worker at once.
    pub fn shutdown_now(&self) {
        self.command(SHUTDOWN_NOW, Event::ShutdownNow);
    }

    /// Replace the workers one after another, each new one being ready before the old one drains. How it went
    /// comes as notices. While a restart is under way it begins anew, so that all workers are younger than the call.
    pub fn restart(&self) {
        self.command(RESTART, Event::Restart);
    }

    fn command(&self, bit: u8, event: Event) {
        if self.commanded.is_first(bit) {
            let _ = self.outbox.send(Message::Event(event));
        }
    }
}

/// Tells the supervisor what one worker's link said. Each thing counts once, however often it is said, and a worker
/// that is gone is no longer listened to.
#[derive(Clone, Debug)]
pub struct Reporter {
    worker: WorkerId,
    outbox: Outbox,
    said: Arc<Once>,
    link_ended: Arc<Notify>,
}

impl Reporter {
    /// `link_ended` is notified when nothing more will be reported from the link.
    pub(super) fn new(worker: WorkerId, outbox: Outbox, link_ended: Arc<Notify>) -> Self {
        Self { worker, outbox, said: Arc::default(), link_ended }
    }

    /// The app is loaded: the worker can take requests.
    pub fn ready(&self) {
        self.report(1, WorkerEvent::Ready);
    }

    /// The app cannot be loaded; `message` is its own (a traceback, say), of any length and content.
    pub fn start_failed(&self, message: &str) {
        let message = &message[..message.floor_char_boundary(START_FAILED_BYTES_MAX)];
        self.report(2, WorkerEvent::StartFailed { message: clean_block(message) });
    }

    /// The link has been read to its end; all that was on it has been reported before.
    pub fn link_closed(&self, end: LinkEnd) {
        self.report(4, WorkerEvent::LinkClosed(end));
        self.link_ended.notify_one();
    }

    /// The worker missed its heartbeat for too long: it will be killed and replaced.
    pub fn unresponsive(&self) {
        self.report(8, WorkerEvent::Unresponsive);
    }

    /// The worker has been given as many requests as it may have: it will be replaced, and serves until then.
    pub fn requests_reached(&self, requests: u64) {
        self.report(16, WorkerEvent::LimitReached(Limit::Requests(requests)));
    }

    fn report(&self, bit: u8, event: WorkerEvent) {
        if self.said.is_first(bit) {
            let _ = self.outbox.send(Message::Event(Event::Worker(self.worker, event)));
        }
    }
}
