//! One call as a worker knows it, in either direction: what has come of it, and what is still to leave.

use bytes::{Bytes, BytesMut};
use diglot_calls::items::Items;
use diglot_calls::message::{CALL_IDEMPOTENT, CALL_ITEMS, CALL_JSON, CallHead};
use pyo3::prelude::*;
use pyo3::types::PyByteArray;

/// A call that is open, or of which something is still to leave.
#[derive(Debug)]
pub(super) struct Call {
    /// What is told of it in Python; none until the arguments of an incoming call are there.
    pub(super) target: Option<Py<PyAny>>,
    pub(super) is_json: bool,
    /// Of an incoming call, until its arguments are there.
    pub(super) head: Option<Head>,
    /// A message that has not come whole.
    pub(super) message: Option<Message>,
    /// Items come: they are put together here.
    pub(super) items: Option<Items>,
    /// Bytes of items that are done with and have not been granted anew.
    pub(super) owed: u64,
    /// Bytes granted to the sender of items at a time, or of an answer from the start.
    pub(super) window: u64,
    /// Bytes granted and not received.
    pub(super) credit: u64,
    /// Of these, what was granted for a message of which nothing is kept any more.
    pub(super) stale: u64,
    /// The caller of an incoming call waits no more.
    pub(super) is_unwanted: bool,
    pub(super) outbox: Outbox,
}

/// What an incoming call said of itself.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) function: String,
    pub(super) caller: String,
    pub(super) context: Vec<u8>,
    pub(super) deadline_ms: u32,
    pub(super) flags: u8,
    pub(super) depth: u8,
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Message {
    /// One from the start, so that arrays in it can stay where they are. None until so much may be kept.
    buffer: Option<Py<PyByteArray>>,
    /// What came before that: no more than the start that came with the head, and the window.
    early: Vec<u8>,
    filled: usize,
    total: usize,
}

/// What waits for credit.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// The rest of a message.
    pub(super) message: Bytes,
    /// Items behind it, each with its length.
    pub(super) items: BytesMut,
    /// Nothing will be added.
    pub(super) ends: bool,
    /// The error that ends the call once the items before it have left.
    pub(super) error: Option<Vec<u8>>,
    /// END has been queued.
    pub(super) ended: bool,
    /// What sends items waits until there is less.
    pub(super) wants_room: bool,
    /// It is among those that are looked at before the next write.
    pub(super) is_dirty: bool,
}

impl Call {
    pub(super) fn new(target: Option<Py<PyAny>>, is_json: bool) -> Self {
        Self {
            target,
            is_json,
            head: None,
            message: None,
            items: None,
            owed: 0,
            window: 0,
            credit: 0,
            stale: 0,
            is_unwanted: false,
            outbox: Outbox::default(),
        }
    }
}

impl Head {
    /// As it came, but for the lengths.
    pub(super) fn borrowed(&self) -> CallHead<'_> {
        CallHead {
            total: 0,
            window: 0,
            deadline_ms: self.deadline_ms,
            flags: self.flags & (CALL_JSON | CALL_ITEMS | CALL_IDEMPOTENT),
            depth: self.depth,
            service: &self.caller,
            function: &self.function,
            context: &self.context,
        }
    }
}

impl Message {
    /// One of `total` bytes, the first of which are there.
    pub(super) fn new(total: usize, start: &[u8]) -> Self {
        Self { buffer: None, early: start.to_vec(), filled: start.len(), total }
    }

    /// Gives it its buffer, of `total` bytes.
    pub(super) fn admit(&mut self, py: Python<'_>, buffer: Py<PyByteArray>) {
        let early = std::mem::take(&mut self.early);
        self.filled = 0;
        self.buffer = Some(buffer);
        self.push(py, &early);
    }

    /// Takes as many of the bytes as belong to it, and says how many.
    pub(super) fn push(&mut self, py: Python<'_>, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.missing());
        match &self.buffer {
            None => self.early.extend_from_slice(&bytes[..count]),
            Some(buffer) => {
                let buffer = buffer.bind(py);
                // SAFETY: nothing else has the buffer before the message is whole, and no Python code runs while the slice lives.
                #[allow(unsafe_code)]
                let target = unsafe { buffer.as_bytes_mut() };
                target[self.filled..self.filled + count].copy_from_slice(&bytes[..count]);
            }
        }
        self.filled += count;
        count
    }

    /// Bytes that have not come.
    pub(super) fn missing(&self) -> usize {
        self.total - self.filled
    }

    pub(super) fn total(&self) -> usize {
        self.total
    }

    pub(super) fn is_admitted(&self) -> bool {
        self.buffer.is_some()
    }

    /// Its buffer, once it is whole.
    pub(super) fn into_buffer(self) -> Option<Py<PyByteArray>> {
        self.buffer
    }
}
