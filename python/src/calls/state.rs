//! What of the calls is counted, without the socket and with no word to Python but who is to be told.

use std::time::Instant;

use bytes::{Buf, BytesMut};
use diglot_calls::message::AbortReason;
use diglot_calls::{Connection, Payload};
use pyo3::prelude::*;
use rustc_hash::FxHashMap;

use super::call::Call;
use super::grants::{Grants, STEP};

/// With less than this waiting of items, what sends them goes on.
const ITEMS_BYTES_LOW: usize = 16 * 1024;
/// A buffer for messages that grew beyond this is not kept.
const SCRATCH_BYTES_MAX: usize = 64 * 1024;
/// What the caller of a call is told that it aborted.
const CANCELLED: &[u8] = br#"{"code":"cancelled","message":"the caller waits no more"}"#;

#[derive(Debug)]
pub(super) struct State {
    pub(super) connection: Connection<()>,
    pub(super) calls: FxHashMap<u32, Call>,
    pub(super) grants: Grants,
    /// Calls with something in their outboxes that has not been looked at.
    pub(super) dirty: Vec<u32>,
    /// Calls that are over: dropped when the state is not borrowed, for that may run Python code.
    pub(super) over: Vec<Call>,
    pub(super) scratch: Vec<u8>,
    pub(super) flush_due: bool,
    /// When something was last written.
    pub(super) written_at: Instant,
    pub(super) watches_room: bool,
    /// The loop will call `tick()`.
    pub(super) tick_due: bool,
    /// Functions were offered, and calls of them may be on their way.
    pub(super) may_be_called: bool,
    /// DRAIN has come: no call follows.
    pub(super) is_drained: bool,
    /// `idle` is to be called once no call is in this worker's hands, and none will be.
    pub(super) waits_for_idle: bool,
}

/// What a frame, or a change in an outbox, means for Python: told when the state is no longer borrowed.
pub(super) enum Told {
    Nothing,
    /// Without arguments.
    Word(Py<PyAny>, &'static str),
}

impl State {
    /// Before the first frame.
    pub(super) fn new() -> Self {
        Self {
            connection: Connection::worker(),
            calls: FxHashMap::default(),
            grants: Grants::default(),
            dirty: Vec::new(),
            over: Vec::new(),
            scratch: Vec::new(),
            flush_due: false,
            written_at: Instant::now(),
            watches_room: false,
            tick_due: false,
            may_be_called: false,
            is_drained: false,
            waits_for_idle: false,
        }
    }

    /// Takes a buffer back.
    pub(super) fn keep(&mut self, message: Option<Vec<u8>>) {
        if let Some(message) = message
            && message.capacity() <= SCRATCH_BYTES_MAX
        {
            self.scratch = message;
        }
    }

    /// The call's outbox is looked at before the next write.
    pub(super) fn touch(&mut self, id: u32) {
        if let Some(call) = self.calls.get_mut(&id)
            && !std::mem::replace(&mut call.outbox.is_dirty, true)
        {
            self.dirty.push(id);
        }
    }

    /// Queues what the call's credit allows of its outbox.
    pub(super) fn pump(&mut self, py: Python<'_>, id: u32) -> Told {
        let Some(call) = self.calls.get_mut(&id) else { return Told::Nothing };
        let outbox = &mut call.outbox;
        outbox.is_dirty = false;
        if outbox.ended {
            return Told::Nothing;
        }
        if !outbox.message.is_empty() {
            let ends = outbox.ends && outbox.items.is_empty();
            let sent = self.connection.send_shared(id, &outbox.message, ends);
            outbox.message.advance(sent);
            outbox.ended = ends && outbox.message.is_empty();
        }
        if outbox.message.is_empty() && !outbox.ended && (!outbox.items.is_empty() || outbox.ends) {
            let sent = self.connection.send(id, Payload::Copied(&outbox.items), outbox.ends);
            outbox.items.advance(sent);
            if outbox.items.is_empty() && outbox.items.capacity() > SCRATCH_BYTES_MAX {
                outbox.items = BytesMut::new();
            }
            outbox.ended = outbox.ends && outbox.items.is_empty();
        }
        if outbox.items.is_empty()
            && let Some(error) = outbox.error.take()
        {
            self.connection.throw(id, &error);
        }
        let told = match &call.target {
            Some(target) if outbox.wants_room && outbox.items.len() < ITEMS_BYTES_LOW => {
                outbox.wants_room = false;
                Told::Word(target.clone_ref(py), "room")
            }
            _ => Told::Nothing,
        };
        if !self.connection.is_open(id)
            && let Some(call) = self.forget(id)
        {
            self.over.push(call);
        }
        told
    }

    /// Lets the peer send so many bytes more on this call.
    pub(super) fn grant(&mut self, id: u32, bytes: u64) {
        if let Some(call) = self.calls.get_mut(&id)
            && bytes > 0
        {
            call.credit += bytes;
            self.connection.grant(id, u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }

    /// Grants more of a message that may come, if little of what was granted is left.
    pub(super) fn step(&mut self, id: u32) {
        let Some(call) = self.calls.get(&id) else { return };
        let Some(message) = call.message.as_ref().filter(|message| message.is_admitted()) else { return };
        let wanted = (message.missing() as u64).saturating_sub(call.credit);
        if call.credit <= STEP / 2 {
            self.grant(id, wanted.min(STEP - call.credit));
        }
    }

    /// Waits no more for a call begun here. Returns who did.
    pub(super) fn abort(&mut self, id: u32, reason: AbortReason) -> Option<Py<PyAny>> {
        self.connection.abort(id, reason);
        self.touch(id);
        let call = self.calls.get_mut(&id)?;
        if call.message.take().is_some() {
            call.stale += self.grants.dropped(id, call.credit);
        }
        call.target.take()
    }

    /// Answers a call that was aborted. What is returned is to be dropped when the state is no longer borrowed.
    pub(super) fn cancel(&mut self, id: u32) -> Option<Call> {
        self.connection.throw(id, CANCELLED);
        self.forget(id)
    }

    /// Bytes of items need no room any more. True if that was told the peer.
    pub(super) fn owe(&mut self, id: u32, bytes: u64) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        call.owed += bytes;
        if call.owed == 0 || call.owed < call.window / 2 {
            return false;
        }
        let owed = std::mem::take(&mut call.owed);
        self.grant(id, owed);
        true
    }

    /// The call is over. What is returned is to be dropped when the state is no longer borrowed.
    pub(super) fn forget(&mut self, id: u32) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.grants.give_back(call.window);
        self.grants.over(id, call.stale);
        Some(call)
    }
}
