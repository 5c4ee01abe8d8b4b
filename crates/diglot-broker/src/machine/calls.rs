//! One call: who waits for it, who has it, and what is kept of it.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use diglot_calls::Payload;
use diglot_calls::message::{AbortReason, Code};

use super::routing::Beginning;
use super::{CallKey, HELD_BYTES_MAX, Machine};
use crate::error::CallError;
use crate::local::Inbox;

#[derive(Debug)]
pub(super) struct Call {
    pub(super) serial: u64,
    /// `None`: it has been told how it ended, or is gone.
    pub(super) caller: Option<Caller>,
    /// `None`: it waits.
    pub(super) callee: Option<Callee>,
    /// Indices of the service and of its function.
    pub(super) place: (usize, usize),
    pub(super) deadline: Instant,
    /// What is needed to begin it: while it waits, and as long as it may be begun once more.
    pub(super) held: Option<Held>,
    /// It has been begun twice.
    pub(super) is_repeated: bool,
    /// Its caller has aborted it.
    pub(super) is_aborted: bool,
}

#[derive(Debug)]
pub(super) enum Caller {
    Worker { index: usize, id: u32 },
    Local(Box<Local>),
}

/// One who is no worker.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) inbox: Arc<Inbox>,
    pub(super) arguments: Bytes,
    /// How much of them has been sent.
    pub(super) sent: usize,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Callee {
    pub(super) index: usize,
    pub(super) id: u32,
}

#[derive(Debug)]
pub(super) struct Held {
    /// The payload of its CALL.
    pub(super) payload: Bytes,
    /// The worker that has begun it, on whose account it is kept.
    account: Option<usize>,
    /// What the caller has granted beyond the window.
    pub(super) granted: u64,
    /// The caller has ended its direction.
    pub(super) ended: bool,
}

impl Machine {
    pub(super) fn is_waiting(&self, key: CallKey) -> bool {
        let call = self.calls.get(key.index as usize).filter(|call| call.serial == key.serial);
        call.is_some_and(|call| call.callee.is_none() && call.held.is_some())
    }

    /// Keeps what is needed to begin a call later. False: its caller has as much kept as it may.
    pub(super) fn hold(&mut self, index: usize, beginning: &Beginning<'_>) -> bool {
        let Beginning { head, aboard, ended, granted } = beginning;
        let account = match self.calls[index].caller {
            Some(Caller::Worker { index, .. }) => Some(index),
            // It keeps its arguments itself.
            Some(Caller::Local(_)) | None => None,
        };
        let mut payload = Vec::new();
        head.encode(&mut payload);
        payload.extend_from_slice(aboard.bytes());
        if let Some(worker) = account.and_then(|worker| self.workers.get_mut(worker)) {
            if worker.held_bytes + payload.len() > HELD_BYTES_MAX {
                return false;
            }
            worker.held_bytes += payload.len();
        }
        let held = Held { payload: payload.into(), account, granted: *granted, ended: *ended };
        self.calls[index].held = Some(held);
        true
    }

    /// Keeps nothing of a call any more.
    #[inline]
    pub(super) fn let_go(&mut self, index: usize) {
        let Some(Held { payload, account, .. }) = self.calls[index].held.take() else { return };
        // All that is kept for a worker goes with it.
        if let Some(worker) = account.and_then(|worker| self.workers.get_mut(worker)) {
            worker.held_bytes -= payload.len();
        }
    }

    /// The caller gets an error, unless it is gone; the call stays for the callee.
    pub(super) fn tell(&mut self, index: usize, error: impl FnOnce() -> CallError) {
        match self.calls[index].caller.take() {
            Some(Caller::Worker { index, id }) => {
                self.workers[index].connection.throw(id, &error().payload());
                self.mark(index);
            }
            Some(Caller::Local(local)) => local.inbox.throw(error()),
            None => {}
        }
    }

    /// An error of the call at hand, with its names.
    pub(super) fn error(&self, index: usize, code: Code, message: &str) -> CallError {
        let (service, function) = self.calls[index].place;
        let service = &self.services[service];
        let function = service.functions.get(function).map_or("", |function| &function.name);
        CallError::new(code, message.to_owned(), &service.name, function)
    }

    pub(super) fn cancelled(&self, index: usize) -> CallError {
        self.error(index, Code::Cancelled, "the call was cancelled")
    }

    /// Nobody waits any more for a call. What it has of its callee ends with that.
    pub(super) fn give_up(&mut self, index: usize, reason: AbortReason, now: Instant) {
        self.calls[index].caller = None;
        match self.calls[index].callee {
            Some(Callee { index: worker, id }) => {
                self.let_go(index);
                // A worker that has called itself is gone by now.
                if let Some(callee) = self.workers.get_mut(worker) {
                    callee.connection.abort(id, reason);
                    self.mark(worker);
                }
            }
            None => {
                self.unqueue(index);
                self.remove(index, now);
            }
        }
    }

    /// A call that waits does so no more. It is to be removed, or begun.
    pub(super) fn unqueue(&mut self, index: usize) {
        self.let_go(index);
        let (service, function) = self.calls[index].place;
        self.services[service].waiting -= 1;
        // Borrowed apart from the calls that the closure looks at.
        let mut queue = std::mem::take(&mut self.services[service].functions[function].waiting);
        queue.leave(|key| self.is_waiting(key));
        self.services[service].functions[function].waiting = queue;
    }

    /// The call is over on both sides.
    pub(super) fn remove(&mut self, index: usize, now: Instant) {
        self.deadlines.remove(index as u32);
        self.let_go(index);
        let Call { callee, place, .. } = self.calls.remove(index);
        match callee {
            Some(Callee { index: worker, .. }) => self.release(worker, place, now),
            None => self.services[place.0].tidy(place.1),
        }
    }

    /// Aborted by its caller, who waits for the answer to that.
    pub(super) fn aborted(&mut self, index: usize, reason: AbortReason, now: Instant) {
        match self.calls[index].callee {
            Some(Callee { index: worker, id }) => {
                self.calls[index].is_aborted = true;
                self.let_go(index);
                self.workers[worker].connection.abort(id, reason);
                self.mark(worker);
            }
            None => {
                let error = self.cancelled(index);
                self.tell(index, || error);
                self.unqueue(index);
                self.remove(index, now);
            }
        }
    }

    /// Every deadline that has passed by `now`.
    pub fn handle_deadlines(&mut self, now: Instant) {
        let mut due = std::mem::take(&mut self.due);
        self.deadlines.expire(now, &mut due);
        for index in due.drain(..) {
            let index = index as usize;
            // The end of another may have been its end as well.
            let Some(call) = self.calls.get(index) else { continue };
            let waits = call.callee.is_none();
            let message = match waits {
                true => "the deadline of the call passed before a worker was free",
                false => "it did not answer before the deadline of its call",
            };
            let error = self.error(index, Code::DeadlineExceeded, message);
            self.tell(index, || error);
            self.give_up(index, AbortReason::Deadline, now);
        }
        self.due = due;
    }

    /// Sends as much of a local caller's arguments as the callee has granted.
    pub(super) fn send_arguments(&mut self, index: usize) {
        let call = &mut self.calls[index];
        let (Some(Caller::Local(local)), Some(callee)) = (&mut call.caller, call.callee) else { return };
        let connection = &mut self.workers[callee.index].connection;
        let room = connection.room(callee.id).min(local.arguments.len() - local.sent);
        let part = &local.arguments[local.sent..local.sent + room];
        local.sent += room;
        let end = local.sent == local.arguments.len();
        connection.send(callee.id, Payload::Shared(&local.arguments, part), end);
        self.mark(callee.index);
    }
}
