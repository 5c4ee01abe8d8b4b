//! The loop's end of the link: frames in, frames out. What runs in between is in `tasks.rs`.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Instant;

use diglot_link::message::{Interface, Ready};
use diglot_link::{StreamKey, Worker, WorkerEvent};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use super::awaitable::Sent;
use super::conversation::Conversation;
use super::exchange::wake;
use super::tasks::{StartTasks, Tasks, ends_the_process};
use crate::gil_cell::GilCell;
use crate::scope::Scopes;
use crate::transport::{self, BATCH_FLUSH_AFTER, Input, PART_FLUSH_AFTER, Received};

/// Reads of one wake: so much may be handled before other callbacks of the loop have their turn.
const READS_PER_WAKE_MAX: usize = 4;
/// With more than this waiting for the socket, `send()` waits too.
const OUTPUT_BYTES_HIGH: usize = 1024 * 1024;
/// With less than this waiting, `send()` goes on.
const OUTPUT_BYTES_LOW: usize = 256 * 1024;
/// With more than this waiting, it is written at once and not at the end of the tick.
const OUTPUT_BYTES_EAGER: usize = 64 * 1024;
/// Buffers for heads that are kept to be used again.
const SPARE_LINES_MAX: usize = 64;
/// A buffer that grew beyond this is not kept.
const SPARE_LINES_BYTES_MAX: usize = 4096;

/// The worker's end of the link, driven by an event loop.
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct AsgiLink {
    socket: OwnedFd,
    pub(super) host: Host,
    callbacks: PyOnceLock<Callbacks>,
    raises_after_disconnect: bool,
    /// The context variable of calls, once the program uses them.
    pub(super) scope_variable: PyOnceLock<Py<PyAny>>,
    sent: Py<PyAny>,
    done_future: Py<PyAny>,
    input: GilCell<Option<Input>>,
    pub(super) scopes: GilCell<Scopes>,
    pub(super) tasks: GilCell<Tasks>,
    state: GilCell<State>,
}

/// What the link calls in Python.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) event_loop: Py<PyAny>,
    pub(super) app: Py<PyAny>,
    pub(super) task_type: Py<PyAny>,
    pub(super) task_options: Py<PyDict>,
    has_eager_start: bool,
    report: Py<PyAny>,
    draining: Py<PyAny>,
    drained: Py<PyAny>,
    expired: Py<PyAny>,
    ended: Py<PyAny>,
}

/// The link's own methods, bound, for the loop and for Tasks.
#[derive(Debug)]
pub(super) struct Callbacks {
    pub(super) start: StartTasks,
    pub(super) capture: Py<PyAny>,
    pub(super) on_task_done: Py<PyAny>,
    flush: Py<PyAny>,
    on_writable: Py<PyAny>,
}

#[derive(Debug)]
struct State {
    worker: Worker<()>,
    conversations: Vec<Option<Conversation>>,
    room_waiters: Vec<Py<PyAny>>,
    spare_lines: Vec<Vec<u8>>,
    /// A flush follows anyway, before or when control returns to the loop.
    flush_due: bool,
    /// When something was last written.
    written_at: Instant,
    /// The loop says when the socket takes more.
    writer_added: bool,
    draining: bool,
    /// Streams without end are told to come to one.
    stopping: bool,
    /// What still runs has been cancelled.
    time_is_over: bool,
}

#[pymethods]
impl AsgiLink {
    /// Takes over the link of the descriptor `fd`, once the server's greeting is there.
    ///
    /// `options` hold: `loop`, `app`, `task_type`, `has_eager_start` (of that type), `spec_version`, `pathsend` (whether it is offered),
    /// `state`, and the callables `report(message, exception)`, `draining()` (no more requests will come), `drained()` (and all are
    /// done), `expired()` (what runs is not waited for any more) and `ended(reason)`.
    #[new]
    fn new(py: Python<'_>, fd: RawFd, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let option = |name: &str| options.as_any().get_item(name);
        let spec_version: String = option("spec_version")?.extract()?;
        let event_loop = option("loop")?.unbind();
        let has_eager_start: bool = option("has_eager_start")?.extract()?;
        let task_options = PyDict::new(py);
        task_options.set_item("loop", &event_loop)?;
        if has_eager_start {
            task_options.set_item("eager_start", true)?;
        }
        let done_future = event_loop.call_method0(py, "create_future")?;
        done_future.call_method1(py, "set_result", (py.None(),))?;
        let state = option("state")?.cast_into()?.unbind();
        let scopes = Scopes::new(py, &spec_version, option("pathsend")?.extract()?, state)?;
        let mut worker = Worker::new();
        let socket = crate::own_fd(fd)?;
        let (socket, input) = py.detach(|| transport::greet(socket, &mut worker))?;
        Ok(Self {
            socket,
            host: Host {
                event_loop,
                app: option("app")?.unbind(),
                task_type: option("task_type")?.unbind(),
                task_options: task_options.unbind(),
                has_eager_start,
                report: option("report")?.unbind(),
                draining: option("draining")?.unbind(),
                drained: option("drained")?.unbind(),
                expired: option("expired")?.unbind(),
                ended: option("ended")?.unbind(),
            },
            callbacks: PyOnceLock::new(),
            raises_after_disconnect: raises_after_disconnect(&spec_version),
            scope_variable: PyOnceLock::new(),
            sent: Py::new(py, Sent)?.into_any(),
            done_future,
            input: GilCell::new(Some(input)),
            scopes: GilCell::new(scopes),
            tasks: GilCell::new(Tasks::default()),
            state: GilCell::new(State {
                worker,
                conversations: Vec::new(),
                room_waiters: Vec::new(),
                spare_lines: Vec::new(),
                flush_due: false,
                written_at: Instant::now(),
                writer_added: false,
                draining: false,
                stopping: false,
                time_is_over: false,
            }),
        })
    }

    /// The descriptor, for the loop.
    fn fileno(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Says that requests may come, and has the loop read them. Their Tasks have copies of the current context.
    /// With `functions_only` none will come: there are functions to call.
    #[pyo3(signature = (runtime, functions_only = false))]
    fn ready(slf: &Bound<'_, Self>, runtime: &str, functions_only: bool) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let event_loop = this.host.event_loop.bind(py);
        let start = match event_loop.call_method0("get_task_factory")?.is_none() {
            false => StartTasks::ByFactory,
            true if this.host.has_eager_start => StartTasks::Eagerly,
            true => StartTasks::ByCapture,
        };
        let callbacks = Callbacks {
            start,
            capture: slf.getattr("capture")?.unbind(),
            flush: slf.getattr("flush")?.unbind(),
            on_writable: slf.getattr("on_writable")?.unbind(),
            on_task_done: slf.getattr("on_task_done")?.unbind(),
        };
        if this.callbacks.set(py, callbacks).is_err() {
            return Err(PyRuntimeError::new_err("ready() is called once"));
        }
        let interface = if functions_only { Interface::Functions } else { Interface::Asgi };
        this.worker(py, |worker| worker.ready(&Ready { interface, runtime }));
        this.flush_blocking(py)?;
        event_loop.call_method1("add_reader", (this.fileno(), slf.getattr("on_readable")?)).map(drop)
    }

    /// Says why the application could not be started.
    fn failed(&self, py: Python<'_>, reason: &str) -> PyResult<()> {
        self.worker(py, |worker| worker.failed(reason));
        self.flush_blocking(py)
    }

    /// Says that the worker lives though its loop stands still. Any thread may say so.
    fn breathe(&self, py: Python<'_>) {
        let mut state = self.state.borrow(py);
        state.worker.breathe();
        // What the socket does not take now waits for the loop.
        let _ = transport::flush(self.socket.as_fd(), state.worker.output());
    }

    /// Asks for the requests that name this session.
    fn claim(&self, py: Python<'_>, session: &str) -> PyResult<()> {
        self.worker(py, |worker| worker.claim(session.as_bytes()))
            .map_err(|long| PyValueError::new_err(long.to_string()))?;
        self.wrote(py)
    }

    /// Says that this session is over.
    fn release(&self, py: Python<'_>, session: &str) -> PyResult<()> {
        self.worker(py, |worker| worker.release(session.as_bytes()))
            .map_err(|long| PyValueError::new_err(long.to_string()))?;
        self.wrote(py)
    }

    /// Writes what is left, waiting for the front to take it.
    fn flush_blocking(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        Ok(transport::flush_blocking(self.socket.as_fd(), state.worker.output())?)
    }

    /// From now on each request's Task has this context variable set to what its calls need to know of it.
    fn follow_calls(&self, py: Python<'_>, variable: Py<PyAny>) {
        // There is one such variable in a process.
        let _is_first = self.scope_variable.set(py, variable);
    }

    /// The loop's reader: handles what the front has sent, and answers.
    fn on_readable(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        // An application that runs the loop inside of a handler gets here again: it sees no new requests.
        let Some(mut input) = this.input.borrow(py).take() else { return Ok(()) };
        let flush_was_due = std::mem::replace(&mut this.state.borrow(py).flush_due, true);
        let outcome = Self::read(slf, &mut input);
        *this.input.borrow(py) = Some(input);
        this.state.borrow(py).flush_due = flush_was_due;
        if !flush_was_due {
            this.write(py)?;
        }
        outcome
    }

    /// True if a request's Task has just ended with this very exception: the client is, or will be, answered.
    fn is_of_request(&self, py: Python<'_>, error: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.is_of_task(py, error)
    }

    /// The loop's writer: the socket takes more.
    fn on_writable(&self, py: Python<'_>) -> PyResult<()> {
        self.write(py)
    }

    /// Writes what this tick has produced.
    fn flush(&self, py: Python<'_>) -> PyResult<()> {
        self.state.borrow(py).flush_due = false;
        self.write(py)
    }

    /// Stands in for the loop's `call_soon` while a Task is made: takes the Task's first step.
    #[pyo3(signature = (callback, /, *, context))]
    fn capture(&self, py: Python<'_>, callback: Py<PyAny>, context: Py<PyAny>) {
        self.tasks.borrow(py).captured = Some((callback, context));
    }

    /// A Task that had suspended is done.
    fn on_task_done(&self, task: &Bound<'_, PyAny>) -> PyResult<()> {
        self.task_is_done(task)
    }
}

impl AsgiLink {
    /// Does something with the protocol's state. `act` must not call into Python.
    #[inline]
    pub(crate) fn worker<R>(&self, py: Python<'_>, act: impl FnOnce(&mut Worker<()>) -> R) -> R {
        act(&mut self.state.borrow(py).worker)
    }

    /// The awaitable of a `send()` that is done.
    #[inline]
    pub(crate) fn sent(&self, py: Python<'_>) -> Py<PyAny> {
        self.sent.clone_ref(py)
    }

    /// The grace period is over, and what still ran has been cancelled.
    pub(super) fn is_time_over(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).time_is_over
    }

    /// From ASGI 2.4 on, `send()` raises once the client is gone.
    pub(crate) fn raises_after_disconnect(&self) -> bool {
        self.raises_after_disconnect
    }

    /// The server stops, or replaces this worker, and will not wait much longer.
    pub(crate) fn is_stopping(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).stopping
    }

    /// Bytes that cost `credit` are no longer held.
    pub(crate) fn consumed(&self, py: Python<'_>, key: StreamKey, credit: usize) -> PyResult<()> {
        if credit == 0 {
            return Ok(());
        }
        let mut state = self.state.borrow(py);
        state.worker.consumed(key, credit);
        let is_due = !state.worker.output().is_empty();
        drop(state);
        if is_due { self.wrote(py) } else { Ok(()) }
    }

    /// A buffer for field lines, empty.
    pub(crate) fn spare_lines(&self, py: Python<'_>) -> Vec<u8> {
        self.state.borrow(py).spare_lines.pop().unwrap_or_default()
    }

    /// Takes a buffer back.
    pub(crate) fn spare(&self, py: Python<'_>, mut lines: Vec<u8>) {
        let mut state = self.state.borrow(py);
        if state.spare_lines.len() < SPARE_LINES_MAX && lines.capacity() <= SPARE_LINES_BYTES_MAX {
            lines.clear();
            state.spare_lines.push(lines);
        }
    }

    /// Has the loop call `callback` when the present callback has returned.
    pub(crate) fn call_soon(&self, py: Python<'_>, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        self.host.event_loop.call_method1(py, intern!(py, "call_soon"), (callback,)).map(drop)
    }

    pub(crate) fn event_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.host.event_loop.clone_ref(py)
    }

    /// A future that is done.
    pub(crate) fn done_future(&self) -> &Py<PyAny> {
        &self.done_future
    }

    pub(crate) fn create_future(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.host.event_loop.call_method0(py, intern!(py, "create_future"))
    }

    /// True if the socket takes less than applications send.
    pub(crate) fn is_congested(&self, py: Python<'_>) -> bool {
        self.worker(py, |worker| worker.output().pending().len() > OUTPUT_BYTES_HIGH)
    }

    /// A future that is done when the output has shrunk, if it is too long now.
    pub(crate) fn room_future(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        if !self.is_congested(py) {
            return Ok(None);
        }
        let future = self.create_future(py)?;
        self.state.borrow(py).room_waiters.push(future.clone_ref(py));
        Ok(Some(future))
    }

    /// Writes an error to the log, with the traceback of `exception`.
    pub(crate) fn report(
        &self,
        py: Python<'_>,
        message: &str,
        exception: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.host.report.call1(py, (message, exception)).map(drop)
    }

    /// A part of a response, or a message, was added to the output, and more will follow: it leaves at once unless something
    /// left just now. What makes the parts may compute for long without ever returning to the loop; and parts made faster than
    /// [`PART_FLUSH_AFTER`], or for many clients in one tick, still share their writes.
    pub(crate) fn streamed(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.state.borrow(py);
        let write_now = !state.writer_added && state.written_at.elapsed() > PART_FLUSH_AFTER;
        drop(state);
        if write_now { self.write(py) } else { self.wrote(py) }
    }

    /// Something was added to the output: sees to it that it leaves.
    pub(crate) fn wrote(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        if state.worker.output().pending().len() > OUTPUT_BYTES_EAGER && !state.writer_added {
            drop(state);
            return self.write(py);
        }
        if state.flush_due || state.writer_added {
            return Ok(());
        }
        state.flush_due = true;
        drop(state);
        let flush = &self.callbacks(py)?.flush;
        self.host.event_loop.call_method1(py, intern!(py, "call_soon"), (flush,)).map(drop)
    }

    fn read(slf: &Bound<'_, Self>, input: &mut Input) -> PyResult<()> {
        let this = slf.get();
        let mut flushed_at = Instant::now();
        let mut outcome = Ok(());
        for _ in 0..READS_PER_WAKE_MAX {
            let received = input.receive(this.socket.as_fd());
            loop {
                match Self::handle_one(slf, input) {
                    Ok(true) => {}
                    Ok(false) => break,
                    Err(error) if ends_the_process(slf.py(), &error) => return Err(error),
                    // What failed concerns one frame; those behind it are not to wait for the next read.
                    Err(error) => outcome = Err(error),
                }
                if flushed_at.elapsed() > BATCH_FLUSH_AFTER {
                    this.write(slf.py())?;
                    flushed_at = Instant::now();
                }
            }
            match received {
                Ok(Received::More) => {}
                Ok(Received::Drained) => break,
                Ok(Received::End) => return this.end(slf.py(), None),
                Err(error) => return this.end(slf.py(), Some(&error.to_string())),
            }
        }
        outcome
    }

    /// Handles the first frame of the input. False if there is no whole one.
    fn handle_one(slf: &Bound<'_, Self>, input: &mut Input) -> PyResult<bool> {
        let py = slf.py();
        let this = slf.get();
        let handled = this.worker(py, |worker| worker.handle(input.pending()));
        let (count, event) = match handled {
            Ok(Some(handled)) => handled,
            Ok(None) => return Ok(false),
            Err(violation) => {
                this.end(py, Some(&violation.to_string()))?;
                return Ok(false);
            }
        };
        let outcome = this.act(slf, event);
        // Whatever came of it: a frame that stayed would be acted on by every later read.
        input.handled(count);
        outcome.map(|()| true)
    }

    /// Does what a frame asks for.
    fn act(&self, slf: &Bound<'_, Self>, event: Option<WorkerEvent<'_, ()>>) -> PyResult<()> {
        let py = slf.py();
        match event {
            None => {}
            Some(WorkerEvent::Request { key, request, end }) => Self::start(slf, key, &request, end)?,
            Some(WorkerEvent::Body { key, data, end, .. }) => match self.conversation(py, key) {
                Some(Conversation::Http(exchange)) => exchange.get().body_came(py, data, end)?,
                // The front's own rules let no body into a WebSocket.
                Some(Conversation::WebSocket(_)) | None => {
                    self.worker(py, |worker| worker.consumed(key, data.len()));
                }
            },
            Some(WorkerEvent::Trailers { key, .. }) => {
                if let Some(Conversation::Http(exchange)) = self.conversation(py, key) {
                    exchange.get().body_came(py, b"", true)?;
                }
            }
            Some(WorkerEvent::Message { key, kind, data, last, credit, .. }) => match self
                .conversation(py, key)
            {
                Some(Conversation::WebSocket(socket)) => {
                    socket.get().message_came(py, kind, data, last, credit)?;
                }
                Some(Conversation::Http(_)) | None => self.worker(py, |worker| worker.consumed(key, credit)),
            },
            Some(WorkerEvent::Close { key, close, .. }) => {
                if let Some(Conversation::WebSocket(socket)) = self.conversation(py, key) {
                    socket.get().close_came(py, &close)?;
                    let conversation = Conversation::WebSocket(socket);
                    conversation.left(py)?;
                    self.forget_if_over(py, &conversation)?;
                }
            }
            Some(WorkerEvent::Cancel { key, .. }) => {
                if let Some(conversation) = self.conversation(py, key) {
                    conversation.cancel_came(py)?;
                    self.forget_if_over(py, &conversation)?;
                }
            }
            Some(WorkerEvent::Credit { key, .. }) => {
                if let Some(conversation) = self.conversation(py, key) {
                    conversation.pump(py)?;
                    self.forget_if_over(py, &conversation)?;
                }
            }
            Some(WorkerEvent::LinkCredit) => {
                for conversation in self.conversations(py) {
                    conversation.pump(py)?;
                    self.forget_if_over(py, &conversation)?;
                }
            }
            Some(WorkerEvent::Open { connection, ends }) => {
                self.scopes.borrow(py).open(py, connection, &ends)?;
            }
            Some(WorkerEvent::Closed { connection }) => self.scopes.borrow(py).close(connection),
            Some(WorkerEvent::Farewell) => self.server_stops(py)?,
            Some(WorkerEvent::Drain) => {
                if std::mem::replace(&mut self.state.borrow(py).draining, true) {
                    self.state.borrow(py).time_is_over = true;
                    self.cancel_tasks(py)?;
                    self.host.expired.call0(py)?;
                } else {
                    self.host.draining.call0(py)?;
                }
                self.check_drained(py)?;
            }
        }
        Ok(())
    }

    /// The server stops, or replaces this worker, and will not wait much longer.
    fn server_stops(&self, py: Python<'_>) -> PyResult<()> {
        self.state.borrow(py).stopping = true;
        self.conversations(py).iter().try_for_each(|conversation| conversation.server_stops(py))
    }

    /// What the frames of a stream are for from now on.
    pub(super) fn remember(&self, py: Python<'_>, conversation: Conversation) {
        let key = conversation.key();
        let mut state = self.state.borrow(py);
        state.worker.attach(key, ());
        let index = key.stream as usize - 1;
        if state.conversations.len() <= index {
            state.conversations.resize_with(index + 1, || None);
        }
        let before = state.conversations[index].replace(conversation);
        drop(state);
        drop(before);
    }

    /// Lets go of a conversation unless its application runs, or some of what it has sent still waits for credit.
    pub(super) fn forget_if_over(&self, py: Python<'_>, conversation: &Conversation) -> PyResult<()> {
        if !conversation.is_over(py) {
            return Ok(());
        }
        let key = conversation.key();
        let mut state = self.state.borrow(py);
        let slot = state.conversations.get_mut(key.stream as usize - 1);
        let dropped = slot.and_then(|slot| slot.take_if(|current| current.key() == key));
        drop(state);
        drop(dropped);
        self.check_drained(py)
    }

    /// Says so if the server wants the worker to end and nothing is left to do.
    pub(super) fn check_drained(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.state.borrow(py);
        let over = state.draining && state.worker.open_streams() == 0;
        drop(state);
        if over && self.tasks.borrow(py).is_empty() {
            self.host.drained.call0(py)?;
        }
        Ok(())
    }

    fn conversation(&self, py: Python<'_>, key: StreamKey) -> Option<Conversation> {
        let state = self.state.borrow(py);
        let conversation = state.conversations.get(key.stream as usize - 1)?.as_ref()?;
        (conversation.key() == key).then(|| conversation.clone_ref(py))
    }

    fn conversations(&self, py: Python<'_>) -> Vec<Conversation> {
        let state = self.state.borrow(py);
        state.conversations.iter().flatten().map(|conversation| conversation.clone_ref(py)).collect()
    }

    fn write(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        if !state.worker.output().is_empty() {
            state.written_at = Instant::now();
        }
        let flushed = transport::flush(self.socket.as_fd(), state.worker.output());
        let below_low = state.worker.output().pending().len() < OUTPUT_BYTES_LOW;
        let waiting = if below_low { std::mem::take(&mut state.room_waiters) } else { Vec::new() };
        let add_writer = matches!(flushed, Ok(false)) && !state.writer_added;
        let remove_writer = matches!(flushed, Ok(true)) && state.writer_added;
        state.writer_added = (state.writer_added || add_writer) && !remove_writer;
        drop(state);
        let event_loop = &self.host.event_loop;
        if add_writer {
            let callback = &self.callbacks(py)?.on_writable;
            event_loop.call_method1(py, intern!(py, "add_writer"), (self.fileno(), callback))?;
        }
        if remove_writer {
            event_loop.call_method1(py, intern!(py, "remove_writer"), (self.fileno(),))?;
        }
        wake(py, waiting)
        // A write that failed needs no words: the reader sees the end of the link too.
    }

    fn end(&self, py: Python<'_>, reason: Option<&str>) -> PyResult<()> {
        self.host.ended.call1(py, (reason,)).map(drop)
    }

    pub(super) fn callbacks(&self, py: Python<'_>) -> PyResult<&Callbacks> {
        self.callbacks.get(py).ok_or_else(|| PyRuntimeError::new_err("ready() has not been called"))
    }
}

/// `spec_version` is 2.4 or later.
fn raises_after_disconnect(spec_version: &str) -> bool {
    let mut parts = spec_version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (2, 4)
}
