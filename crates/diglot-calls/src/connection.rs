//! One end of a calls socket: all calls in both directions, and what is to be sent.

use bytes::Bytes;
use rustc_hash::FxHashMap;

use crate::call::{Call, Direction, Ids};
use crate::frame::{
    ABOARD_BYTES_MAX, DATA_BYTES_MAX, HEADER_BYTES, Header, THROW_BYTES_MAX, Type, WORKER_ID,
};
use crate::incoming::Reader;
use crate::message::{AbortReason, CallHead, HeadTooLong, RETURN_FIXED_BYTES, STREAM};
use crate::output::{Output, Payload};
use crate::preface::Preface;
use crate::{CALLS_MAX, GRANTED_BYTES_MAX, MESSAGE_BYTES_MAX};

/// How a worker ends a call that nobody waits for.
const CANCELLED: &[u8] = br#"{"code":"cancelled","message":"the caller waits no more"}"#;
/// What is told of an error that is too long to be told.
const TOO_LONG: &[u8] =
    br#"{"code":"error","message":"the function threw, and its error is too long to be told"}"#;
/// While more than this waits to be written, the broker keeps grants back: they come together then, one of a call.
const UNTOLD_BEHIND_BYTES: usize = 64 * 1024;

/// Which end of a socket one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// The server's.
    Broker,
    /// A worker's.
    Worker,
}

impl Role {
    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Broker => Self::Worker,
            Self::Worker => Self::Broker,
        }
    }

    /// The bit of the ids of the calls it begins.
    pub(crate) const fn bit(self) -> u32 {
        match self {
            Self::Broker => 0,
            Self::Worker => WORKER_ID,
        }
    }
}

/// How long an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Total {
    /// A message of so many bytes.
    Message(u32),
    /// A stream of items.
    Stream,
}

/// One end of a calls socket.
///
/// `T` is what its user wants to find again with a call: an index, say. Calls are known by their ids. What is done to a
/// call that is over has no effect.
#[derive(Debug)]
pub struct Connection<T> {
    pub(crate) role: Role,
    pub(crate) message_bytes_max: u32,
    pub(crate) reader: Reader,
    pub(crate) calls: FxHashMap<u32, Call<T>>,
    /// Of the calls begun here.
    pub(crate) ours: Ids,
    /// Of those the peer began.
    pub(crate) theirs: Ids,
    /// What the peer has granted on all calls, and has not been sent.
    pub(crate) credited: u64,
    /// What has been granted to the peer on all calls, and has not come.
    pub(crate) granted: u64,
    /// DRAIN has come.
    pub(crate) drained: bool,
    /// Calls of which something granted has not been told.
    untold: Vec<u32>,
    pub(crate) output: Output,
}

impl<T: Copy + Default> Connection<T> {
    /// The broker's end; messages may have so many bytes. Its preface waits to be sent.
    pub fn broker(message_bytes_max: u32) -> Self {
        Self::new(Role::Broker, message_bytes_max)
    }

    /// A worker's end. Its preface waits to be sent. How long messages may be it learns from the broker's.
    pub fn worker() -> Self {
        Self::new(Role::Worker, MESSAGE_BYTES_MAX)
    }

    fn new(role: Role, message_bytes_max: u32) -> Self {
        let said = if role == Role::Broker { message_bytes_max } else { 0 };
        let mut output = Output::default();
        output.copy(&Preface { message_bytes_max: said }.encode());
        Self {
            role,
            message_bytes_max,
            reader: Reader::default(),
            calls: FxHashMap::default(),
            ours: Ids::default(),
            theirs: Ids::default(),
            credited: 0,
            granted: 0,
            drained: false,
            untold: Vec::new(),
            output,
        }
    }

    /// Most bytes of a message; in a worker known once the broker's preface has come, and the protocol's default before.
    pub fn message_bytes_max(&self) -> u32 {
        self.message_bytes_max
    }

    /// What waits to be written. It is to be asked for anew after a write: more may have waited for that.
    #[inline]
    pub fn output(&mut self) -> &mut Output {
        if !self.untold.is_empty() {
            self.tell_grants();
        }
        &mut self.output
    }

    /// How many bytes wait to be written, but for grants that the broker keeps back.
    #[inline]
    pub fn pending_bytes(&self) -> usize {
        self.output.pending_bytes()
    }

    /// Calls begun here that are not over.
    #[inline]
    pub fn open_ours(&self) -> usize {
        self.ours.open
    }

    /// Calls the peer began that are not over.
    #[inline]
    pub fn open_theirs(&self) -> usize {
        self.theirs.open
    }

    /// True if this end began that call.
    #[inline]
    pub fn is_ours(&self, id: u32) -> bool {
        id & WORKER_ID == self.role.bit()
    }

    /// True if the call is not over.
    pub fn is_open(&self, id: u32) -> bool {
        self.calls.contains_key(&id)
    }

    /// What is kept with a call; `None` if it is over.
    pub fn owner_mut(&mut self, id: u32) -> Option<&mut T> {
        self.calls.get_mut(&id).map(|call| &mut call.owner)
    }

    /// All calls that are not over, in no order.
    pub fn calls(&self) -> impl Iterator<Item = (u32, T)> {
        self.calls.iter().map(|(id, call)| (*id, call.owner))
    }

    // What a worker says of itself, and what it is told.

    /// Offers a function: JSON of at most [`crate::frame::OFFER_BYTES_MAX`] bytes, which the caller has checked.
    pub fn offer(&mut self, function: &[u8]) {
        self.frame(Type::Offer, 0, false, Payload::Copied(function));
    }

    /// Tells the worker that no call follows.
    pub fn drain(&mut self) {
        self.frame(Type::Drain, 0, false, Payload::Copied(&[]));
    }

    // As caller.

    /// Begins a call. `arguments` is all of them, or at least [`CallHead::aboard_bytes`]: so many go at once, and the rest is
    /// for [`Self::send`] as it is granted. `None` if as many calls are open as can be.
    ///
    /// END goes with it where nothing can follow: all arguments are aboard, and there are no items. A worker's window is made
    /// narrower where it would grant more than [`Self::grantable`]; what is missing is to be granted when the answer begins.
    ///
    /// # Errors
    /// [`HeadTooLong`] if a name or the context does not fit.
    pub fn begin(
        &mut self,
        owner: T,
        head: &CallHead<'_>,
        arguments: Payload<'_>,
    ) -> Result<Option<u32>, HeadTooLong> {
        head.check()?;
        if self.ours.open >= CALLS_MAX {
            return Ok(None);
        }
        let id = loop {
            let id = self.ours.advance() | self.role.bit();
            if !self.calls.contains_key(&id) {
                break id;
            }
        };
        let aboard = head.aboard_bytes().min(arguments.bytes().len());
        debug_assert_eq!(aboard, head.aboard_bytes());
        let end = aboard == head.total as usize && !head.has_items();
        let mut sending = Direction { ended: end, ..Direction::default() };
        sending.begin(head.total, aboard, head.has_items());
        let window = match self.role {
            Role::Broker => head.window,
            Role::Worker => u32::try_from(self.grantable()).unwrap_or(u32::MAX).min(head.window),
        };
        let head = &CallHead { window, ..*head };
        self.granted += u64::from(window);
        let receiving = Direction { credit: window.into(), ..Direction::default() };
        self.calls.insert(id, Call::new(owner, sending, receiving));
        self.ours.open += 1;
        let length = head.encoded_bytes() + aboard;
        let header = Header { length, kind: Type::Call, end, id }.encode();
        self.output.write(HEADER_BYTES + head.encoded_bytes(), |buffer| {
            buffer.extend_from_slice(&header);
            head.encode(buffer);
        });
        self.output.append(arguments.part(0..aboard));
        Ok(Some(id))
    }

    /// Waits no more for this call. It stays open until the callee has ended it; an [`crate::Event::Over`] comes then, and no
    /// other event of it.
    pub fn abort(&mut self, id: u32, reason: AbortReason) {
        if !self.is_ours(id) {
            return;
        }
        let Some(call) = self.calls.get_mut(&id) else { return };
        if !std::mem::replace(&mut call.aborted, true) {
            self.frame(Type::Abort, id, false, Payload::Copied(&[reason as u8]));
        }
    }

    // As callee.

    /// Answers a call: how long the answer is, and its start, at most [`ABOARD_BYTES_MAX`] bytes of `start`, of
    /// which the number that went is returned. `end`: there is nothing behind `start`; it has effect if all of it went.
    ///
    /// For an answer to a call whose caller waits no more nobody grants anything: in a worker, one that does not fit into what is
    /// granted already ends the call as cancelled, and counts as sent. So it is with [`Self::send`].
    pub fn answer(&mut self, id: u32, total: Total, start: Payload<'_>, end: bool) -> usize {
        if self.is_ours(id) {
            return start.bytes().len();
        }
        let Some(call) = self.calls.get_mut(&id) else { return start.bytes().len() };
        debug_assert!(!call.sending.begun);
        let aboard = start.bytes().len().min(ABOARD_BYTES_MAX);
        let (total, items) = match total {
            Total::Message(bytes) => (bytes, false),
            Total::Stream => (STREAM, true),
        };
        let fits = !items && u64::from(total) <= aboard as u64 + call.sending.credit;
        if call.unwanted && !fits && self.role == Role::Worker {
            self.throw(id, CANCELLED);
            return start.bytes().len();
        }
        let end = end && aboard == start.bytes().len();
        call.sending.begin(if items { 0 } else { total }, aboard, items);
        call.sending.ended = end;
        let header = Header { length: RETURN_FIXED_BYTES + aboard, kind: Type::Return, end, id }.encode();
        self.output.write(HEADER_BYTES + RETURN_FIXED_BYTES, |buffer| {
            buffer.extend_from_slice(&header);
            buffer.extend_from_slice(&total.to_le_bytes());
        });
        self.output.append(start.part(0..aboard));
        if end {
            self.remove(id);
        }
        aboard
    }

    /// Ends a call with an error: JSON of at most [`THROW_BYTES_MAX`] bytes. Of a longer one nothing is told but that there was one.
    pub fn throw(&mut self, id: u32, error: &[u8]) {
        if !self.is_ours(id) && self.remove(id).is_some() {
            let error = if error.len() > THROW_BYTES_MAX { TOO_LONG } else { error };
            self.frame(Type::Throw, id, true, Payload::Copied(error));
        }
    }

    /// The caller waits no more: a message that waits for credit would do so for ever.
    pub(crate) fn end_unwanted(&mut self, id: u32) {
        let waits = self.calls.get(&id).is_some_and(|Call { sending, .. }| {
            sending.begun && u64::from(sending.left) > sending.credit && self.role == Role::Worker
        });
        if waits {
            self.throw(id, CANCELLED);
        }
    }

    /// Says that no more items are wanted. Once: what is said again has no effect.
    pub fn stop(&mut self, id: u32) {
        let Some(Call { receiving, .. }) = self.calls.get_mut(&id) else { return };
        if receiving.items && !receiving.ended && !std::mem::replace(&mut receiving.stopped, true) {
            self.frame(Type::Stop, id, false, Payload::Copied(&[]));
        }
    }

    // As both.

    /// Sends bytes of a message or of items, as many as are granted, and returns how many; `end`: nothing follows them, if all of
    /// them went. Those of a call that is over or aborted count as sent.
    pub fn send(&mut self, id: u32, payload: Payload<'_>, end: bool) -> usize {
        let length = payload.bytes().len();
        let Some(call) = self.calls.get_mut(&id) else { return length };
        if call.aborted || call.sending.ended {
            return length;
        }
        if call.unwanted && length as u64 > call.sending.credit && self.role == Role::Worker {
            self.throw(id, CANCELLED);
            return length;
        }
        let taken = (length as u64).min(call.sending.credit) as usize;
        let end = end && taken == length;
        let went = call.sending.advance(id, taken, end);
        debug_assert_eq!(went, Ok(()));
        self.credited = self.credited.saturating_sub(taken as u64);
        let mut at = 0;
        while at < taken || (end && taken == 0 && at == 0) {
            let next = taken.min(at + DATA_BYTES_MAX);
            self.frame(Type::Data, id, end && next == taken, payload.part(at..next));
            at = next;
            if taken == 0 {
                break;
            }
        }
        if end && !self.is_ours(id) {
            self.remove(id);
        }
        taken
    }

    /// The same with bytes that may be kept by reference.
    pub fn send_shared(&mut self, id: u32, bytes: &Bytes, end: bool) -> usize {
        self.send(id, Payload::Shared(bytes, bytes), end)
    }

    /// Bytes that [`Self::send`] would take now; 0 if the call is over.
    pub fn room(&self, id: u32) -> usize {
        self.calls.get(&id).map_or(0, |call| call.sending.credit.min(usize::MAX as u64) as usize)
    }

    /// Bytes that a worker may still grant, on all calls together, before what it was granted comes.
    pub fn grantable(&self) -> u64 {
        GRANTED_BYTES_MAX.saturating_sub(self.granted)
    }

    /// Lets the peer send so many bytes more on this call; no more than [`Self::grantable`], in a worker.
    ///
    /// The broker passes on what others grant, byte by byte if they like: it adds up what leaves with one write.
    pub fn grant(&mut self, id: u32, bytes: u32) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        if bytes == 0 || call.receiving.ended || call.aborted {
            return;
        }
        call.receiving.credit += u64::from(bytes);
        self.granted += u64::from(bytes);
        match self.role {
            Role::Worker => self.frame(Type::Grant, id, false, Payload::Copied(&bytes.to_le_bytes())),
            Role::Broker => {
                if call.untold == 0 {
                    self.untold.push(id);
                }
                call.untold += u64::from(bytes);
            }
        }
    }

    /// Queues what has been granted and not told, unless much waits before it.
    fn tell_grants(&mut self) {
        if self.output.pending_bytes() > UNTOLD_BEHIND_BYTES {
            return;
        }
        while let Some(id) = self.untold.pop() {
            let Some(call) = self.calls.get_mut(&id) else { continue };
            // No worker grants more than fits.
            let bytes = u32::try_from(std::mem::take(&mut call.untold)).unwrap_or(u32::MAX);
            if bytes > 0 && !call.receiving.ended && !call.aborted {
                self.frame(Type::Grant, id, false, Payload::Copied(&bytes.to_le_bytes()));
            }
        }
    }

    pub(crate) fn remove(&mut self, id: u32) -> Option<Call<T>> {
        let call = self.calls.remove(&id)?;
        self.credited = self.credited.saturating_sub(call.sending.credit);
        self.granted = self.granted.saturating_sub(call.receiving.credit);
        match self.is_ours(id) {
            true => self.ours.open -= 1,
            false => self.theirs.open -= 1,
        }
        Some(call)
    }

    #[inline]
    fn frame(&mut self, kind: Type, id: u32, end: bool, payload: Payload<'_>) {
        let length = payload.bytes().len();
        debug_assert!(length <= kind.payload_bytes_max());
        let header = Header { length, kind, end, id }.encode();
        self.output.copy(&header);
        self.output.append(payload);
    }
}
