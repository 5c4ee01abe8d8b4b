//! From this worker to the broker: values into frames, and frames onto the socket.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, BorrowedFd};
use std::thread;
use std::time::Instant;

use bytes::Bytes;
use diglot_calls::frame::ABOARD_BYTES_MAX;
use diglot_calls::message::CallHead;
use diglot_calls::{Output, Payload, Total};
use pyo3::create_exception;
use pyo3::exceptions::{PyConnectionError, PyValueError};
use pyo3::prelude::*;
use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

use super::call::Call;
use super::link::CallsLink;
use super::state::{State, Told};
use crate::transport::PART_FLUSH_AFTER;

create_exception!(
    diglot._native,
    TooLargeError,
    PyValueError,
    "A message longer than may be: its argument says by how much."
);

/// With more bytes of items than this waiting, what sends them waits.
const ITEMS_BYTES_HIGH: usize = 64 * 1024;
/// With more than this waiting for the socket, it is written at once and not at the end of the tick.
const OUTPUT_BYTES_EAGER: usize = 64 * 1024;
/// Slices of one write.
const SLICES_MAX: usize = 64;

#[cfg(target_os = "linux")]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
/// Python ignores SIGPIPE.
#[cfg(not(target_os = "linux"))]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT;

impl CallsLink {
    /// A value as a message, in a buffer that [`State::keep`] takes back.
    pub(super) fn encode(&self, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        let py = value.py();
        let mut message = std::mem::take(&mut self.state.borrow(py).scratch);
        message.clear();
        self.codec.get().encoder.encode(value, &mut message)?;
        self.check_length(py, message.len())?;
        Ok(message)
    }

    pub(super) fn check_length(&self, py: Python<'_>, bytes: usize) -> PyResult<()> {
        let bytes_max = self.state.borrow(py).connection.message_bytes_max();
        if bytes <= bytes_max as usize {
            return Ok(());
        }
        Err(TooLargeError::new_err(format!(
            "a message of {bytes} bytes is longer than the {bytes_max} that may be: message_bytes_max in [functions] says so"
        )))
    }

    /// Begins a call: a head without the lengths, and its arguments. Returns its id.
    pub(super) fn begin_call(
        &self,
        py: Python<'_>,
        target: Py<PyAny>,
        head: &CallHead<'_>,
        arguments: &Bound<'_, PyAny>,
    ) -> PyResult<u32> {
        let message = self.encode(arguments)?;
        let mut state = self.state.borrow(py);
        let State { connection, grants, calls, .. } = &mut *state;
        let window = grants.answer_window();
        let head = CallHead { total: message.len() as u32, window: window as u32, ..*head };
        let has_items = head.has_items();
        let mut call = Call::new(Some(target), false);
        call.window = window;
        call.credit = window;
        call.outbox.ends = !has_items;
        call.outbox.ended = !has_items && message.len() <= ABOARD_BYTES_MAX;
        let (begun, kept) = match message.len() {
            0..=ABOARD_BYTES_MAX => (connection.begin((), &head, Payload::Copied(&message)), Some(message)),
            _ => {
                let message = Bytes::from(message);
                let begun = connection.begin((), &head, Payload::Shared(&message, &message));
                call.outbox.message = message.slice(ABOARD_BYTES_MAX..);
                (begun, None)
            }
        };
        let begun = begun.map_err(|long| PyValueError::new_err(long.to_string()));
        let id = begun.and_then(|id| {
            id.ok_or_else(|| {
                PyConnectionError::new_err("65,536 calls of this worker are open, and no more may be")
            })
        });
        let id = match id {
            Ok(id) => id,
            Err(error) => {
                grants.give_back(window);
                return Err(error);
            }
        };
        calls.insert(id, call);
        state.keep(kept);
        drop(state);
        self.wrote(py)?;
        Ok(id)
    }

    pub(super) fn answer_with(&self, py: Python<'_>, id: u32, message: Vec<u8>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let total = Total::Message(message.len() as u32);
        let mut forgotten = None;
        if state.calls.get(&id).is_some_and(|call| call.is_unwanted) {
            // Nobody would grant what does not fit.
            forgotten = state.cancel(id);
        } else if message.len() <= ABOARD_BYTES_MAX {
            state.connection.answer(id, total, Payload::Copied(&message), true);
            forgotten = state.forget(id);
            state.keep(Some(message));
        } else {
            let message = Bytes::from(message);
            let went = state.connection.answer(id, total, Payload::Shared(&message, &message), true);
            if let Some(call) = state.calls.get_mut(&id) {
                call.outbox.message = message.slice(went..);
                call.outbox.ends = true;
                state.touch(id);
            }
        }
        drop(state);
        drop(forgotten);
        self.wrote(py)
    }

    pub(super) fn send_encoded(&self, py: Python<'_>, id: u32, item: Vec<u8>) -> PyResult<bool> {
        let mut state = self.state.borrow(py);
        let Some(call) = state.calls.get_mut(&id).filter(|call| !call.is_unwanted) else { return Ok(true) };
        let items = &mut call.outbox.items;
        items.extend_from_slice(&(item.len() as u32).to_le_bytes());
        items.extend_from_slice(&item);
        let waiting = items.len();
        state.keep(Some(item));
        state.touch(id);
        let mut told = Told::Nothing;
        if waiting > ITEMS_BYTES_HIGH / 2 {
            told = state.pump(py, id);
        }
        let has_room = match state.calls.get_mut(&id) {
            Some(call) if call.outbox.items.len() > ITEMS_BYTES_HIGH => {
                call.outbox.wants_room = true;
                false
            }
            _ => true,
        };
        let just_wrote = state.written_at.elapsed() < PART_FLUSH_AFTER;
        if thread::current().id() == self.thread || !just_wrote || !has_room {
            drop(state);
            self.tell(py, told)?;
            self.wrote(py)?;
            return Ok(has_room);
        }
        // A thread makes items faster than writes: they share one, which the loop does, or the thread's next after a while.
        let was_due = std::mem::replace(&mut state.flush_due, true);
        drop(state);
        self.tell(py, told)?;
        if !was_due {
            self.host.flush_from_thread.call0(py)?;
        }
        Ok(has_room)
    }

    /// Something was added to the output, or to an outbox: sees to it that it leaves.
    pub(super) fn wrote(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        if state.connection.pending_bytes() > OUTPUT_BYTES_EAGER && !state.watches_room {
            drop(state);
            return self.write(py);
        }
        if state.flush_due && thread::current().id() == self.thread {
            return Ok(());
        }
        if thread::current().id() != self.thread {
            drop(state);
            return self.write(py);
        }
        state.flush_due = true;
        drop(state);
        self.host.flush_soon.call0(py).map(drop)
    }

    pub(super) fn write(&self, py: Python<'_>) -> PyResult<()> {
        self.admit(py)?;
        let mut state = self.state.borrow(py);
        let mut told = Vec::new();
        while let Some(id) = state.dirty.pop() {
            told.push(state.pump(py, id));
        }
        if !state.connection.output().is_empty() {
            state.written_at = Instant::now();
        }
        let is_drained = send_all(self.socket.as_fd(), state.connection.output());
        let watches_room = matches!(is_drained, Ok(false));
        let over = std::mem::take(&mut state.over);
        let has_changed = state.watches_room != watches_room;
        state.watches_room = watches_room;
        let is_done = !state.may_be_called && state.connection.open_theirs() == 0;
        let is_idle = state.waits_for_idle && !watches_room && is_done;
        if is_idle {
            state.waits_for_idle = false;
        }
        drop(state);
        drop(over);
        for each in told {
            self.tell(py, each)?;
        }
        if has_changed {
            self.host.watch_room.call0(py)?;
        }
        if is_idle {
            self.host.idle.call0(py)?;
        }
        Ok(())
        // A write that failed needs no words: the reader sees the end of the socket too.
    }
}

/// Writes as much as the socket takes. `Ok(true)`: nothing is left.
fn send_all(socket: BorrowedFd<'_>, output: &mut Output) -> io::Result<bool> {
    while !output.is_empty() {
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let count = output.slices(&mut slices);
        match sendmsg(socket, &slices[..count], &mut SendAncillaryBuffer::default(), SEND_FLAGS) {
            Ok(count) => output.sent(count),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}
