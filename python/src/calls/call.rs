//! One call as a worker knows it, in either direction: what has come of it, and what is still to leave.

use bytes::Bytes;
use diglot_calls::items::Items;
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
    /// Bytes granted to the sender of items at a time.
    pub(super) window: u64,
    /// Bytes granted and not received.
    pub(super) credit: u64,
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

/// A message on its way: one buffer from the start, so that arrays in it can stay where they are.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) buffer: Py<PyByteArray>,
    pub(super) filled: usize,
    pub(super) total: usize,
}

/// What waits for credit.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    /// The rest of a message.
    pub(super) message: Bytes,
    /// Items behind it, each with its length.
    pub(super) items: Vec<u8>,
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
            outbox: Outbox::default(),
        }
    }
}

impl Message {
    /// A buffer for `total` bytes, the first of which are there.
    pub(super) fn new(py: Python<'_>, total: usize, start: &[u8]) -> PyResult<Self> {
        let buffer = PyByteArray::new_with(py, total, |_| Ok(()))?.unbind();
        let mut message = Self { buffer, filled: 0, total };
        message.push(py, start);
        Ok(message)
    }

    /// Takes as many of the bytes as belong to it, and says how many.
    pub(super) fn push(&mut self, py: Python<'_>, bytes: &[u8]) -> usize {
        let count = bytes.len().min(self.total - self.filled);
        let buffer = self.buffer.bind(py);
        // SAFETY: nothing else has the buffer before the message is whole, and no Python code runs while the slice lives.
        #[allow(unsafe_code)]
        let target = unsafe { buffer.as_bytes_mut() };
        target[self.filled..self.filled + count].copy_from_slice(&bytes[..count]);
        self.filled += count;
        count
    }

    pub(super) fn is_whole(&self) -> bool {
        self.filled == self.total
    }
}
