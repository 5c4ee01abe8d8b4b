//! The worker's end of the calls socket, as Python has it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::thread::{self, ThreadId};

use diglot_calls::message::{AbortReason, CALL_IDEMPOTENT, CALL_ITEMS, CallHead};
use diglot_calls::{Payload, Total};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use rustix::io::{FdFlags, fcntl_setfd, ioctl_fionbio};

use super::grants::IDLE_SECONDS_MAX;
use super::state::State;
use crate::gil_cell::GilCell;
use crate::transport::Input;
use crate::values::Codec;

/// The worker's end of the calls socket.
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct CallsLink {
    pub(super) socket: OwnedFd,
    pub(super) codec: Py<Codec>,
    pub(super) host: Host,
    /// Of the loop: others write at once.
    pub(super) thread: ThreadId,
    input: GilCell<Option<Input>>,
    pub(super) state: GilCell<State>,
}

/// What the link calls in Python.
#[derive(Debug)]
pub(super) struct Host {
    /// `call(id, function, caller, context, deadline_ms, depth, flags, arguments)` returns what is told of the call.
    pub(super) call: Py<PyAny>,
    /// Has the loop call `flush()` when the present callback has returned.
    pub(super) flush_soon: Py<PyAny>,
    /// The same, asked for by another thread.
    pub(super) flush_from_thread: Py<PyAny>,
    /// Has the loop watch whether the socket takes more, or watch no more, as `watches_room` says. Any thread may call it.
    pub(super) watch_room: Py<PyAny>,
    /// Has the loop call `tick()` in a second. Any thread may call it.
    pub(super) tick_soon: Py<PyAny>,
    pub(super) ended: Py<PyAny>,
    pub(super) idle: Py<PyAny>,
}

#[pymethods]
impl CallsLink {
    /// Takes over the socket of the descriptor `fd`. `host` has what the fields of `Host` say; the calling thread is the loop's.
    #[new]
    fn new(fd: RawFd, codec: Py<Codec>, host: &Bound<'_, PyDict>) -> PyResult<Self> {
        let socket = crate::own_fd(fd)?;
        fcntl_setfd(&socket, FdFlags::CLOEXEC).map_err(io::Error::from)?;
        ioctl_fionbio(&socket, false).map_err(io::Error::from)?;
        let option = |name: &str| host.as_any().get_item(name).map(Bound::unbind);
        Ok(Self {
            socket,
            codec,
            host: Host {
                call: option("call")?,
                flush_soon: option("flush_soon")?,
                flush_from_thread: option("flush_from_thread")?,
                watch_room: option("watch_room")?,
                tick_soon: option("tick_soon")?,
                ended: option("ended")?,
                idle: option("idle")?,
            },
            thread: thread::current().id(),
            input: GilCell::new(Some(Input::new())),
            state: GilCell::new(State::new()),
        })
    }

    fn fileno(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Offers a function, as JSON.
    fn offer(&self, py: Python<'_>, function: &[u8]) -> PyResult<()> {
        if function.len() > diglot_calls::frame::OFFER_BYTES_MAX {
            return Err(PyValueError::new_err("its description is longer than 1 MiB"));
        }
        let mut state = self.state.borrow(py);
        state.connection.offer(function);
        state.may_be_called |= !state.is_drained;
        drop(state);
        self.wrote(py)
    }

    /// Begins a call, and returns its id. `target` is told of its answer by `returned(value)`, `began()` (of a stream),
    /// `items(list, bytes)`, `ended()`, `thrown(json)`, `broken(error)`, `room()` and `stopped()`; nothing more after `abort()`.
    #[expect(clippy::too_many_arguments, reason = "they are a CALL's fields, passed by position for speed")]
    fn begin(
        &self,
        py: Python<'_>,
        target: Py<PyAny>,
        service: &str,
        function: &str,
        context: &[u8],
        arguments: &Bound<'_, PyAny>,
        deadline_ms: u32,
        depth: u8,
        has_items: bool,
        is_idempotent: bool,
    ) -> PyResult<u32> {
        let flags = if has_items { CALL_ITEMS } else { 0 } | if is_idempotent { CALL_IDEMPOTENT } else { 0 };
        let head = CallHead { deadline_ms, flags, depth, service, function, context, ..CallHead::default() };
        self.begin_call(py, target, &head, arguments)
    }

    /// Waits no more for a call begun here.
    fn abort(&self, py: Python<'_>, id: u32, reason: u8) -> PyResult<()> {
        let reason = match reason {
            2 => AbortReason::Deadline,
            3 => AbortReason::ClientLeft,
            _ => AbortReason::GaveUp,
        };
        let target = self.state.borrow(py).abort(id, reason);
        drop(target);
        self.wrote(py)
    }

    /// Answers a call with a value.
    fn answer(&self, py: Python<'_>, id: u32, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let message = self.encode(value)?;
        self.answer_with(py, id, message)
    }

    /// Answers a call whose values are JSON.
    fn answer_json(&self, py: Python<'_>, id: u32, text: &[u8]) -> PyResult<()> {
        self.check_length(py, text.len())?;
        self.answer_with(py, id, text.to_vec())
    }

    /// Answers a call with items, which follow.
    fn answer_stream(&self, py: Python<'_>, id: u32) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        state.connection.answer(id, Total::Stream, Payload::Copied(&[]), false);
        drop(state);
        self.wrote(py)
    }

    /// Ends a call with an error, as JSON: behind the items that were sent before, or at once.
    #[pyo3(signature = (id, error, at_once = false))]
    fn throw(&self, py: Python<'_>, id: u32, error: &[u8], at_once: bool) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let mut call = None;
        match state.calls.get_mut(&id) {
            Some(call) if !at_once && !call.is_unwanted && !call.outbox.items.is_empty() => {
                call.outbox.error = Some(error.to_vec());
                state.touch(id);
            }
            _ => {
                state.connection.throw(id, error);
                call = state.forget(id);
            }
        }
        drop(state);
        drop(call);
        self.wrote(py)
    }

    /// Sends an item, of an answer or behind arguments. False if enough wait: `target.room()` says when to go on.
    fn send_item(&self, py: Python<'_>, id: u32, value: &Bound<'_, PyAny>) -> PyResult<bool> {
        let item = self.encode(value)?;
        self.send_encoded(py, id, item)
    }

    /// The same with JSON.
    fn send_item_json(&self, py: Python<'_>, id: u32, text: &[u8]) -> PyResult<bool> {
        self.check_length(py, text.len())?;
        self.send_encoded(py, id, text.to_vec())
    }

    /// No items follow.
    fn end_items(&self, py: Python<'_>, id: u32) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let mut over = None;
        match state.calls.get_mut(&id) {
            Some(call) if call.is_unwanted => over = state.cancel(id),
            Some(call) => {
                call.outbox.ends = true;
                state.touch(id);
            }
            None => {}
        }
        drop(state);
        drop(over);
        self.wrote(py)
    }

    /// No more items of a caller are wanted.
    fn stop(&self, py: Python<'_>, id: u32) -> PyResult<()> {
        self.state.borrow(py).connection.stop(id);
        self.wrote(py)
    }

    /// Items that came are done with: so many bytes more may come.
    fn consumed(&self, py: Python<'_>, id: u32, bytes: u64) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        if state.owe(id, bytes) {
            drop(state);
            return self.wrote(py);
        }
        Ok(())
    }

    /// True while a call is in this worker's hands.
    fn is_busy(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).connection.open_theirs() > 0
    }

    /// Whether the loop is to watch if the socket takes more.
    #[getter]
    fn watches_room(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).watches_room
    }

    /// A second has passed while messages wait for others: those others that do not come make room.
    fn tick(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        state.tick_due = false;
        let stalled = state.grants.tick();
        drop(state);
        let message =
            format!("nothing has come of the message for {IDLE_SECONDS_MAX} s, and others wait for its room");
        for id in stalled {
            self.refuse(py, id, None, "deadline_exceeded", &message)?;
        }
        self.write(py)
    }

    /// Has `idle()` called once no call is in this worker's hands, none can come any more, and all has been written.
    fn notify_idle(&self, py: Python<'_>) -> PyResult<()> {
        self.state.borrow(py).waits_for_idle = true;
        self.wrote(py)
    }

    /// The loop's reader.
    fn on_readable(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        // A function that runs the loop inside of itself gets here again: it sees no new calls.
        let Some(mut input) = this.input.borrow(py).take() else { return Ok(()) };
        let flush_was_due = std::mem::replace(&mut this.state.borrow(py).flush_due, true);
        let outcome = this.read(py, &mut input);
        *this.input.borrow(py) = Some(input);
        this.state.borrow(py).flush_due = flush_was_due;
        if !flush_was_due {
            this.write(py)?;
        }
        outcome
    }

    /// The loop's writer, what ends a tick, and what a thread calls that has answered.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.state.borrow(py).flush_due = false;
        self.write(py)
    }

    /// Writes what waits, as long as that takes.
    fn flush_blocking(&self, py: Python<'_>) -> PyResult<()> {
        self.write(py)?;
        while self.state.borrow(py).watches_room {
            py.detach(|| crate::transport::wait_for(self.socket.as_fd(), rustix::event::PollFlags::OUT))?;
            self.write(py)?;
        }
        Ok(())
    }
}
