//! The worker's end of the calls socket: frames in, what they mean told in Python; values in, frames out.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::thread::{self, ThreadId};
use std::time::Instant;

use bytes::{Buf, Bytes, BytesMut};
use diglot_calls::frame::ABOARD_BYTES_MAX;
use diglot_calls::items::{Items, LENGTH_BYTES};
use diglot_calls::message::{AbortReason, CALL_IDEMPOTENT, CALL_ITEMS, CALL_JSON, CallHead};
use diglot_calls::{Connection, Event, Output, Payload, Total};
use pyo3::create_exception;
use pyo3::exceptions::{PyConnectionError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyDict, PyList, PyString};
use rustc_hash::FxHashMap;
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};

use super::call::{Call, Head, Message};
use super::grants::{Grants, IDLE_SECONDS_MAX, STEP};
use crate::gil_cell::GilCell;
use crate::transport::{Input, PART_FLUSH_AFTER, Received};
use crate::values::{self, Codec};

create_exception!(
    diglot._native,
    TooLargeError,
    PyValueError,
    "A message longer than may be: its argument says by how much."
);

/// Reads of one wake: so much may be handled before other callbacks of the loop have their turn.
const READS_PER_WAKE_MAX: usize = 4;
/// With more bytes of items than this waiting, what sends them waits.
const ITEMS_BYTES_HIGH: usize = 64 * 1024;
/// With less than this waiting, it goes on.
const ITEMS_BYTES_LOW: usize = 16 * 1024;
/// With more than this waiting for the socket, it is written at once and not at the end of the tick.
const OUTPUT_BYTES_EAGER: usize = 64 * 1024;
/// A buffer for messages that grew beyond this is not kept.
const SCRATCH_BYTES_MAX: usize = 64 * 1024;
/// What the caller of a call is told that it aborted.
const CANCELLED: &[u8] = br#"{"code":"cancelled","message":"the caller waits no more"}"#;
/// Of an error's text, in a THROW that is made here.
const TEXT_CHARACTERS_MAX: usize = 1000;
/// Slices of one write.
const SLICES_MAX: usize = 64;

#[cfg(target_os = "linux")]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
/// Python ignores SIGPIPE.
#[cfg(not(target_os = "linux"))]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT;

/// The worker's end of the calls socket.
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct CallsLink {
    socket: OwnedFd,
    codec: Py<Codec>,
    host: Host,
    /// Of the loop: others write at once.
    thread: ThreadId,
    input: GilCell<Option<Input>>,
    state: GilCell<State>,
}

/// What the link calls in Python.
#[derive(Debug)]
struct Host {
    /// `call(id, function, caller, context, deadline_ms, depth, flags, arguments)` returns what is told of the call.
    call: Py<PyAny>,
    /// Has the loop call `flush()` when the present callback has returned.
    flush_soon: Py<PyAny>,
    /// The same, asked for by another thread.
    flush_from_thread: Py<PyAny>,
    /// Has the loop watch whether the socket takes more, or watch no more, as `watches_room` says. Any thread may call it.
    watch_room: Py<PyAny>,
    /// Has the loop call `tick()` in a second. Any thread may call it.
    tick_soon: Py<PyAny>,
    ended: Py<PyAny>,
    idle: Py<PyAny>,
}

#[derive(Debug)]
struct State {
    connection: Connection<()>,
    calls: FxHashMap<u32, Call>,
    grants: Grants,
    /// Calls with something in their outboxes that has not been looked at.
    dirty: Vec<u32>,
    /// Calls that are over: dropped when the state is not borrowed, for that may run Python code.
    over: Vec<Call>,
    scratch: Vec<u8>,
    flush_due: bool,
    /// When something was last written.
    written_at: Instant,
    watches_room: bool,
    /// The loop will call `tick()`.
    tick_due: bool,
    /// Functions were offered, and calls of them may be on their way.
    may_be_called: bool,
    /// DRAIN has come: no call follows.
    is_drained: bool,
    /// `idle` is to be called once no call is in this worker's hands, and none will be.
    waits_for_idle: bool,
}

/// What a frame, or a change in an outbox, means for Python: told when the state is no longer borrowed.
enum Told {
    Nothing,
    /// Without arguments.
    Word(Py<PyAny>, &'static str),
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
            state: GilCell::new(State {
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
            }),
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
        let message = self.encode(arguments)?;
        let mut state = self.state.borrow(py);
        let State { connection, grants, calls, .. } = &mut *state;
        let window = grants.answer_window();
        let head = CallHead {
            total: message.len() as u32,
            window: window as u32,
            deadline_ms,
            flags: if has_items { CALL_ITEMS } else { 0 } | if is_idempotent { CALL_IDEMPOTENT } else { 0 },
            depth,
            service,
            function,
            context,
        };
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

impl CallsLink {
    /// A value as a message, in a buffer that [`State::keep`] takes back.
    fn encode(&self, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        let py = value.py();
        let mut message = std::mem::take(&mut self.state.borrow(py).scratch);
        message.clear();
        self.codec.get().encoder.encode(value, &mut message)?;
        self.check_length(py, message.len())?;
        Ok(message)
    }

    fn check_length(&self, py: Python<'_>, bytes: usize) -> PyResult<()> {
        let bytes_max = self.state.borrow(py).connection.message_bytes_max();
        if bytes <= bytes_max as usize {
            return Ok(());
        }
        Err(TooLargeError::new_err(format!(
            "a message of {bytes} bytes is longer than the {bytes_max} that may be: message_bytes_max in [functions] says so"
        )))
    }

    fn answer_with(&self, py: Python<'_>, id: u32, message: Vec<u8>) -> PyResult<()> {
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

    fn send_encoded(&self, py: Python<'_>, id: u32, item: Vec<u8>) -> PyResult<bool> {
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

    fn read(&self, py: Python<'_>, input: &mut Input) -> PyResult<()> {
        let mut outcome = Ok(());
        for _ in 0..READS_PER_WAKE_MAX {
            let received = input.receive(self.socket.as_fd());
            loop {
                match self.handle_one(py, input) {
                    Ok(true) => {}
                    Ok(false) => break,
                    // What failed concerns one frame; those behind it are not to wait for the next read.
                    Err(error) => outcome = Err(error),
                }
            }
            match received {
                Ok(Received::More) => {}
                Ok(Received::Drained) => break,
                Ok(Received::End) => return self.end(py, None),
                Err(error) => return self.end(py, Some(&error.to_string())),
            }
        }
        outcome
    }

    /// Handles the first frame of the input. False if there is no whole one.
    fn handle_one(&self, py: Python<'_>, input: &mut Input) -> PyResult<bool> {
        let mut state = self.state.borrow(py);
        let handled = state.connection.handle(input.pending());
        drop(state);
        let (count, event) = match handled {
            Ok(Some(handled)) => handled,
            Ok(None) => return Ok(false),
            Err(violation) => {
                self.end(py, Some(&violation.to_string()))?;
                return Ok(false);
            }
        };
        let outcome = match event {
            Some(event) => self.act(py, event).or_else(|error| self.act_failed(py, id_of(&event), error)),
            None => Ok(()),
        };
        // Whatever came of it: a frame that stayed would be acted on by every later read.
        input.handled(count);
        outcome.map(|()| true)
    }

    /// What a frame meant has raised: the call it was about ends, and no other; the loop hears of the error.
    fn act_failed(&self, py: Python<'_>, id: Option<u32>, error: PyErr) -> PyResult<()> {
        if let Some(id) = id {
            self.refuse(py, id, None, "error", &format!("Diglot's worker has failed: {error}"))?;
        }
        Err(error)
    }

    /// Ends a call, whoever began it, and tells both ends why. `target` is who made it, where that is no longer kept with it.
    fn refuse(
        &self,
        py: Python<'_>,
        id: u32,
        target: Option<Py<PyAny>>,
        code: &str,
        message: &str,
    ) -> PyResult<()> {
        let told = PyDict::new(py);
        told.set_item("code", code)?;
        told.set_item("message", message.chars().take(TEXT_CHARACTERS_MAX).collect::<String>())?;
        let text = py.import("json")?.call_method1("dumps", (told,))?.call_method0("encode")?;
        let mut state = self.state.borrow(py);
        if state.connection.is_ours(id) {
            let kept = state.abort(id, AbortReason::GaveUp);
            drop(state);
            if let Some(target) = target.or(kept) {
                tell_caller(py, &target, intern!(py, "thrown"), text)?;
            }
        } else {
            state.connection.throw(id, text.cast::<PyBytes>()?.as_bytes());
            let call = state.forget(id);
            drop(state);
            if let Some(target) = call.and_then(|call| call.target) {
                target.call_method1(py, intern!(py, "aborted"), (AbortReason::GaveUp as u8,))?;
            }
        }
        self.wrote(py)
    }

    /// Gives buffers to those messages that may come now, and lets them come.
    fn admit(&self, py: Python<'_>) -> PyResult<()> {
        loop {
            let mut state = self.state.borrow(py);
            let Some(id) = state.grants.next() else {
                let is_due = !state.tick_due && state.grants.is_waited_for();
                state.tick_due |= is_due;
                drop(state);
                return if is_due { self.host.tick_soon.call0(py).map(drop) } else { Ok(()) };
            };
            let message = state.calls.get(&id).and_then(|call| call.message.as_ref());
            let bytes = message.map_or(0, Message::total);
            drop(state);
            self.give_buffer(py, id, bytes)?;
        }
    }

    /// Gives a call's message its buffer.
    fn give_buffer(&self, py: Python<'_>, id: u32, bytes: usize) -> PyResult<()> {
        match PyByteArray::new_with(py, bytes, |_| Ok(())) {
            Ok(buffer) => {
                let mut state = self.state.borrow(py);
                if let Some(message) = state.calls.get_mut(&id).and_then(|call| call.message.as_mut()) {
                    message.admit(py, buffer.unbind());
                    state.step(id);
                }
                Ok(())
            }
            Err(_) => {
                let message = format!("the worker has no memory for a message of {bytes} bytes");
                self.refuse(py, id, None, "too_large", &message)
            }
        }
    }

    fn act(&self, py: Python<'_>, event: Event<'_, ()>) -> PyResult<()> {
        match event {
            // Nobody offers functions to a worker.
            Event::Met | Event::Offer(_) => Ok(()),
            Event::Drain => {
                let mut state = self.state.borrow(py);
                state.is_drained = true;
                state.may_be_called = false;
                Ok(())
            }
            Event::Call { id, head, aboard, .. } => self.call_came(py, id, &head, aboard),
            Event::Return { id, total, aboard, end, .. } => self.return_came(py, id, total, aboard, end),
            Event::Data { id, bytes, end, .. } => self.data_came(py, id, bytes, end),
            Event::Throw { id, error, .. } => {
                let call = self.state.borrow(py).forget(id);
                let Some(target) = call.and_then(|call| call.target) else { return Ok(()) };
                tell_caller(py, &target, intern!(py, "thrown"), PyBytes::new(py, error).into_any())
            }
            Event::Granted { id, .. } => {
                let told = self.state.borrow(py).pump(py, id);
                self.tell(py, told)
            }
            Event::Stopped { id, .. } => self.tell_target(py, id, "stopped"),
            Event::Aborted { id, reason, .. } => {
                let mut state = self.state.borrow(py);
                let Some(call) = state.calls.get_mut(&id) else { return Ok(()) };
                call.is_unwanted = true;
                let target = call.target.as_ref().map(|target| target.clone_ref(py));
                // Nothing would be granted any more of an answer that waits for it. Where there is no answer yet, it is for
                // the function to end; without a target the arguments were not there.
                let is_answered = call.outbox.ends || call.outbox.error.is_some();
                let over = if is_answered || target.is_none() { state.cancel(id) } else { None };
                drop(state);
                drop(over);
                match target {
                    Some(target) => {
                        target.call_method1(py, intern!(py, "aborted"), (reason as u8,)).map(drop)
                    }
                    None => Ok(()),
                }
            }
            Event::Over { id, .. } => {
                let call = self.state.borrow(py).forget(id);
                drop(call);
                Ok(())
            }
        }
    }

    fn call_came(&self, py: Python<'_>, id: u32, head: &CallHead<'_>, aboard: &[u8]) -> PyResult<()> {
        let mut call = Call::new(None, head.is_json());
        let total = head.total as usize;
        let mut state = self.state.borrow(py);
        if head.has_items() {
            call.items = Some(Items::new(state.connection.message_bytes_max()));
            call.window = state.grants.stream_window();
        }
        if aboard.len() == total {
            let window = call.window;
            state.calls.insert(id, call);
            state.grant(id, window);
            drop(state);
            return self.begin_incoming(py, id, head, self.value(py, head.is_json(), aboard));
        }
        call.message = Some(Message::new(total, aboard));
        call.head = Some(Head {
            function: head.function.to_owned(),
            caller: head.service.to_owned(),
            context: head.context.to_vec(),
            deadline_ms: head.deadline_ms,
            flags: head.flags,
            depth: head.depth,
        });
        state.calls.insert(id, call);
        state.grants.ask(id, u64::from(head.total), head.service);
        Ok(())
    }

    /// The arguments of a call are there, or cannot be read.
    fn begin_incoming(
        &self,
        py: Python<'_>,
        id: u32,
        head: &CallHead<'_>,
        arguments: PyResult<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (arguments, problem) = match arguments {
            Ok(arguments) => (arguments, None),
            Err(error) => (py.None().into_bound(py), Some(error.value(py).to_string())),
        };
        let target = self.host.call.call1(
            py,
            (
                id,
                head.function,
                head.service,
                PyBytes::new(py, head.context),
                head.deadline_ms,
                head.depth,
                head.flags,
                arguments,
                problem,
            ),
        )?;
        if !target.is_none(py)
            && let Some(call) = self.state.borrow(py).calls.get_mut(&id)
        {
            call.target = Some(target);
        }
        Ok(())
    }

    fn return_came(&self, py: Python<'_>, id: u32, total: Total, aboard: &[u8], end: bool) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let Some(call) = state.calls.get_mut(&id) else { return Ok(()) };
        let is_json = call.is_json;
        match total {
            Total::Message(total) if aboard.len() == total as usize => {
                // END may stand in a frame of its own.
                let target =
                    if end { state.forget(id).and_then(|call| call.target) } else { call.target.take() };
                drop(state);
                let value = self.value(py, is_json, aboard);
                returned(py, target, value)
            }
            Total::Message(total) => {
                let bytes = total as usize;
                let is_granted = u64::from(total) <= aboard.len() as u64 + call.credit;
                call.message = Some(Message::new(bytes, aboard));
                let target = call.target.as_ref().map(|target| target.clone_ref(py));
                drop(state);
                if is_granted {
                    return self.give_buffer(py, id, bytes);
                }
                let Some(target) = target else { return Ok(()) };
                let service: String = target.getattr(py, intern!(py, "service"))?.extract(py)?;
                self.state.borrow(py).grants.ask(id, u64::from(total), &service);
                Ok(())
            }
            Total::Stream => {
                let State { connection, grants, calls, .. } = &mut *state;
                let Some(call) = calls.get_mut(&id) else { return Ok(()) };
                call.items = Some(Items::new(connection.message_bytes_max()));
                let is_granted = call.window > 0;
                if !is_granted {
                    call.window = grants.stream_window();
                }
                let more = if is_granted { 0 } else { call.window };
                let target = call.target.as_ref().map(|target| target.clone_ref(py));
                state.grant(id, more);
                drop(state);
                if let Some(target) = target {
                    target.call_method0(py, intern!(py, "began"))?;
                }
                self.data_came(py, id, aboard, end)
            }
        }
    }

    fn data_came(&self, py: Python<'_>, id: u32, bytes: &[u8], end: bool) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let State { calls, grants, connection, .. } = &mut *state;
        let Some(call) = calls.get_mut(&id) else { return Ok(()) };
        call.credit = call.credit.saturating_sub(bytes.len() as u64);
        let is_ours = connection.is_ours(id);
        let Some(message) = &mut call.message else {
            drop(state);
            return self.items_came(py, id, bytes, end);
        };
        let rest = &bytes[message.push(py, bytes)..];
        if message.missing() > 0 {
            grants.progressed(id);
            state.step(id);
            return Ok(());
        }
        let whole = call.message.take().and_then(Message::into_buffer);
        grants.came_whole(id);
        let head = call.head.take();
        let is_json = call.is_json;
        let mut target = if is_ours { call.target.take() } else { None };
        if end && is_ours {
            let forgotten = state.forget(id);
            target = target.or(forgotten.and_then(|call| call.target));
        } else if !is_ours {
            // Items may follow; until now nothing but the message was granted.
            let window = call.window;
            state.grant(id, window);
        }
        drop(state);
        let Some(whole) = whole else { return Ok(()) };
        let value = self.owned_value(py, is_json, whole);
        if is_ours {
            return returned(py, target, value);
        }
        if let Some(head) = head {
            self.begin_incoming(py, id, &head.borrowed(), value)?;
        }
        self.items_came(py, id, rest, end)
    }

    /// Bytes of items, perhaps none; `end`: the last.
    fn items_came(&self, py: Python<'_>, id: u32, bytes: &[u8], end: bool) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let is_ours = state.connection.is_ours(id);
        let Some(call) = state.calls.get_mut(&id) else { return Ok(()) };
        let is_json = call.is_json;
        let mut items = call.items.take();
        let target = call.target.as_ref().map(|target| target.clone_ref(py));
        drop(state);
        let list = PyList::empty(py);
        let mut problem = None;
        let mut cut = None;
        // Bytes of items that are whole; the others are kept here anyway, and more may come for them.
        let mut counted = 0;
        if let Some(items) = &mut items {
            let pushed = items.push(bytes, |item| {
                counted += item.len() + LENGTH_BYTES;
                if problem.is_none() {
                    let value = self.value(py, is_json, item).and_then(|value| list.append(value));
                    problem = value.err();
                }
            });
            cut = match pushed {
                Err(error) => Some(error.to_string()),
                Ok(()) if end && !items.is_whole() => Some("the stream ends within an item".to_owned()),
                Ok(()) => None,
            };
        }
        let counted = counted.min(bytes.len());
        let mut state = self.state.borrow(py);
        if let Some(call) = state.calls.get_mut(&id) {
            call.items = items;
        }
        let wrote = state.owe(id, (bytes.len() - counted) as u64);
        let forgotten = if end && is_ours { state.forget(id) } else { None };
        drop(state);
        drop(forgotten);
        if wrote {
            self.wrote(py)?;
        }
        let Some(target) = target else { return Ok(()) };
        if !list.is_empty() {
            target.call_method1(py, intern!(py, "items"), (list, counted))?;
        }
        if let Some(problem) = problem {
            target.call_method1(py, intern!(py, "broken"), (problem.value(py),))?;
        }
        if let Some(cut) = cut {
            let code = if is_ours { "invalid_result" } else { "invalid_arguments" };
            return self.refuse(py, id, Some(target), code, &cut);
        }
        if end {
            target.call_method0(py, intern!(py, "ended"))?;
        }
        Ok(())
    }

    /// A message that goes away: JSON's text stays text, Python reads it.
    fn value<'py>(&self, py: Python<'py>, is_json: bool, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        if is_json {
            return Ok(PyBytes::new(py, bytes).into_any());
        }
        values::decode(py, self.codec.get(), &values::Message::Borrowed(bytes))
    }

    fn owned_value<'py>(
        &self,
        py: Python<'py>,
        is_json: bool,
        buffer: Py<PyByteArray>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if is_json {
            return Ok(buffer.into_bound(py).into_any());
        }
        values::decode(py, self.codec.get(), &values::Message::Owned(buffer))
    }

    fn tell_target(&self, py: Python<'_>, id: u32, word: &'static str) -> PyResult<()> {
        let state = self.state.borrow(py);
        let target = state.calls.get(&id).and_then(|call| call.target.as_ref());
        let told = target.map_or(Told::Nothing, |target| Told::Word(target.clone_ref(py), word));
        drop(state);
        self.tell(py, told)
    }

    fn tell(&self, py: Python<'_>, told: Told) -> PyResult<()> {
        match told {
            Told::Nothing => Ok(()),
            Told::Word(target, word) => target.call_method0(py, word).map(drop),
        }
    }

    /// Something was added to the output, or to an outbox: sees to it that it leaves.
    fn wrote(&self, py: Python<'_>) -> PyResult<()> {
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

    fn write(&self, py: Python<'_>) -> PyResult<()> {
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

    fn end(&self, py: Python<'_>, reason: Option<&str>) -> PyResult<()> {
        let targets: Vec<_> = std::mem::take(&mut self.state.borrow(py).calls)
            .into_values()
            .filter_map(|call| call.target)
            .collect();
        self.host.ended.call1(py, (reason, targets)).map(drop)
    }
}

/// The answer to a call is there, or cannot be read.
fn returned(py: Python<'_>, target: Option<Py<PyAny>>, value: PyResult<Bound<'_, PyAny>>) -> PyResult<()> {
    let Some(target) = target else { return Ok(()) };
    match value {
        Ok(value) => tell_caller(py, &target, intern!(py, "returned"), value),
        Err(error) => target.call_method1(py, intern!(py, "broken"), (error.value(py),)).map(drop),
    }
}

/// Tells who made a call what came of it. Who cannot take that is told why, as nothing else will come.
fn tell_caller(
    py: Python<'_>,
    target: &Py<PyAny>,
    word: &Bound<'_, PyString>,
    argument: Bound<'_, PyAny>,
) -> PyResult<()> {
    let Err(error) = target.call_method1(py, word, (argument,)) else { return Ok(()) };
    target.call_method1(py, intern!(py, "broken"), (error.value(py),))?;
    Err(error)
}

/// The call an event is about.
fn id_of(event: &Event<'_, ()>) -> Option<u32> {
    match *event {
        Event::Met | Event::Offer(_) | Event::Drain => None,
        Event::Call { id, .. }
        | Event::Return { id, .. }
        | Event::Throw { id, .. }
        | Event::Data { id, .. }
        | Event::Granted { id, .. }
        | Event::Stopped { id, .. }
        | Event::Aborted { id, .. }
        | Event::Over { id, .. } => Some(id),
    }
}

impl Head {
    fn borrowed(&self) -> CallHead<'_> {
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

impl State {
    /// Takes a buffer back.
    fn keep(&mut self, message: Option<Vec<u8>>) {
        if let Some(message) = message
            && message.capacity() <= SCRATCH_BYTES_MAX
        {
            self.scratch = message;
        }
    }

    /// The call's outbox is looked at before the next write.
    fn touch(&mut self, id: u32) {
        if let Some(call) = self.calls.get_mut(&id)
            && !std::mem::replace(&mut call.outbox.is_dirty, true)
        {
            self.dirty.push(id);
        }
    }

    /// Queues what the call's credit allows of its outbox.
    fn pump(&mut self, py: Python<'_>, id: u32) -> Told {
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
    fn grant(&mut self, id: u32, bytes: u64) {
        if let Some(call) = self.calls.get_mut(&id)
            && bytes > 0
        {
            call.credit += bytes;
            self.connection.grant(id, u32::try_from(bytes).unwrap_or(u32::MAX));
        }
    }

    /// Grants more of a message that may come, if little of what was granted is left.
    fn step(&mut self, id: u32) {
        let Some(call) = self.calls.get(&id) else { return };
        let Some(message) = call.message.as_ref().filter(|message| message.is_admitted()) else { return };
        let wanted = (message.missing() as u64).saturating_sub(call.credit);
        if call.credit <= STEP / 2 {
            self.grant(id, wanted.min(STEP - call.credit));
        }
    }

    /// Waits no more for a call begun here. Returns who did.
    fn abort(&mut self, id: u32, reason: AbortReason) -> Option<Py<PyAny>> {
        self.connection.abort(id, reason);
        self.touch(id);
        let call = self.calls.get_mut(&id)?;
        if call.message.take().is_some() {
            call.stale += self.grants.dropped(id, call.credit);
        }
        call.target.take()
    }

    /// Answers a call that was aborted. What is returned is to be dropped when the state is no longer borrowed.
    fn cancel(&mut self, id: u32) -> Option<Call> {
        self.connection.throw(id, CANCELLED);
        self.forget(id)
    }

    /// Bytes of items need no room any more. True if that was told the peer.
    fn owe(&mut self, id: u32, bytes: u64) -> bool {
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
    fn forget(&mut self, id: u32) -> Option<Call> {
        let call = self.calls.remove(&id)?;
        self.grants.give_back(call.window);
        self.grants.over(id, call.stale);
        Some(call)
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
