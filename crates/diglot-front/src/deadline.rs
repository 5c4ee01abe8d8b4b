//! A time limit that moves at every request and costs a timer operation only when it is nearly reached.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep};

/// A deadline that is set and lifted all the time and almost never reached.
///
/// The timer behind it is only ever moved forward when it fires too early, or back when the new deadline is nearer.
#[derive(Debug)]
pub(crate) struct Deadline {
    due: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Deadline {
    /// Not set.
    pub(crate) fn new() -> Self {
        Self { due: None, timer: Box::pin(tokio::time::sleep(Duration::ZERO)) }
    }

    /// Sets it to `limit` from now.
    pub(crate) fn set(&mut self, limit: Duration) {
        self.due = Some(Instant::now() + limit);
    }

    /// Brings it forward to this moment, if it is later or not set.
    pub(crate) fn not_after(&mut self, due: Instant) {
        self.due = Some(self.due.map_or(due, |present| present.min(due)));
    }

    /// Sets it to `limit` from now unless it is set already.
    pub(crate) fn set_once(&mut self, limit: Duration) {
        if self.due.is_none() {
            self.set(limit);
        }
    }

    /// Brings it forward to `limit` from now, if it is later or not set.
    pub(crate) fn bring_forward(&mut self, limit: Duration) {
        let due = Instant::now() + limit;
        self.due = Some(self.due.map_or(due, |present| present.min(due)));
    }

    /// Lifts it.
    pub(crate) fn lift(&mut self) {
        self.due = None;
    }

    /// Ready once it has passed; it is lifted then.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.due else { return Poll::Pending };
        if due < self.timer.deadline() {
            self.timer.as_mut().reset(due);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= due {
                self.due = None;
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}
