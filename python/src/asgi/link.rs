//! The loop's end of the link: frames in, Tasks started, frames out.

use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::time::Instant;

use diglot_link::message::{self, Interface, Ready, Request};
use diglot_link::{StreamKey, Worker, WorkerEvent};
use pyo3::exceptions::{PyKeyboardInterrupt, PyRuntimeError, PySystemExit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use rustc_hash::FxHashMap;

use super::awaitable::Sent;
use super::exchange::{Ended, Exchange, Traits, wake};
use crate::errors::ClientDisconnected;
use crate::gil_cell::GilCell;
use crate::scope::Scopes;
use crate::transport::{self, FLUSH_AFTER, Input, Received};

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
    host: Host,
    callbacks: PyOnceLock<Callbacks>,
    raises_after_disconnect: bool,
    sent: Py<PyAny>,
    input: GilCell<Option<Input>>,
    scopes: GilCell<Scopes>,
    state: GilCell<State>,
}

/// What the link calls in Python.
#[derive(Debug)]
struct Host {
    event_loop: Py<PyAny>,
    app: Py<PyAny>,
    task_type: Py<PyAny>,
    task_options: Py<PyDict>,
    has_eager_start: bool,
    report: Py<PyAny>,
    drained: Py<PyAny>,
    ended: Py<PyAny>,
}

/// The link's own methods, bound, for the loop and for Tasks.
#[derive(Debug)]
struct Callbacks {
    start: StartTasks,
    capture: Py<PyAny>,
    flush: Py<PyAny>,
    on_writable: Py<PyAny>,
    on_task_done: Py<PyAny>,
}

/// How requests become Tasks. A handler that never suspends is over when its Task has been made: it costs the loop no
/// callback, and its response leaves with those of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StartTasks {
    /// `Task(..., eager_start=True)`, from CPython 3.12 on.
    Eagerly,
    /// A Task asks its loop to `call_soon` its first step; that call is taken and done at once.
    ByCapture,
    /// The application has set a task factory: the loop makes the Task.
    ByFactory,
}

#[derive(Debug)]
struct State {
    worker: Worker<()>,
    exchanges: Vec<Option<Py<Exchange>>>,
    /// Tasks that have suspended, by their identity.
    tasks: FxHashMap<usize, (Py<PyAny>, Py<Exchange>)>,
    /// The `SystemExit` that ended a Task last: uvloop may call the Task back before it lets go of the loop for it.
    last_exit: Option<Py<PyAny>>,
    room_waiters: Vec<Py<PyAny>>,
    /// A Task's first step and its context, between the Task's making and that step.
    captured: Option<(Py<PyAny>, Py<PyAny>)>,
    spare_lines: Vec<Vec<u8>>,
    /// A flush follows anyway, before or when control returns to the loop.
    flush_due: bool,
    /// When something was last written.
    written_at: Instant,
    /// The loop says when the socket takes more.
    writer_added: bool,
    draining: bool,
}

#[pymethods]
impl AsgiLink {
    /// Takes over the link of the descriptor `fd`, once the server's greeting is there.
    ///
    /// `options` hold: `loop`, `app`, `task_type`, `has_eager_start` (of that type), `spec_version`, `state`, and the callables
    /// `report(message, exception)`, `drained()` and `ended(reason)`.
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
        let scopes = Scopes::new(py, &spec_version, option("state")?.cast_into()?.unbind())?;
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
                drained: option("drained")?.unbind(),
                ended: option("ended")?.unbind(),
            },
            callbacks: PyOnceLock::new(),
            raises_after_disconnect: raises_after_disconnect(&spec_version),
            sent: Py::new(py, Sent)?.into_any(),
            input: GilCell::new(Some(input)),
            scopes: GilCell::new(scopes),
            state: GilCell::new(State {
                worker,
                exchanges: Vec::new(),
                tasks: FxHashMap::default(),
                last_exit: None,
                room_waiters: Vec::new(),
                captured: None,
                spare_lines: Vec::new(),
                flush_due: false,
                written_at: Instant::now(),
                writer_added: false,
                draining: false,
            }),
        })
    }

    /// The descriptor, for the loop.
    fn fileno(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Says that requests may come, and has the loop read them. Their Tasks have copies of the current context.
    fn ready(slf: &Bound<'_, Self>, runtime: &str) -> PyResult<()> {
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
        this.worker(py, |worker| worker.ready(&Ready { interface: Interface::Asgi, runtime }));
        this.flush_blocking(py)?;
        event_loop.call_method1("add_reader", (this.fileno(), slf.getattr("on_readable")?)).map(drop)
    }

    /// Says why the application could not be started.
    fn failed(&self, py: Python<'_>, reason: &str) -> PyResult<()> {
        self.worker(py, |worker| worker.failed(reason));
        self.flush_blocking(py)
    }

    /// Writes what is left, waiting for the front to take it.
    fn flush_blocking(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        Ok(transport::flush_blocking(self.socket.as_fd(), state.worker.output())?)
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
        let mut state = self.state.borrow(py);
        let answered = state.last_exit.take();
        if answered.as_ref().is_some_and(|answered| answered.is(error)) {
            drop(state);
            return Ok(true);
        }
        let tasks: Vec<Py<PyAny>> = state.tasks.values().map(|(task, _)| task.clone_ref(py)).collect();
        drop(state);
        drop(answered);
        for task in tasks {
            let task = task.bind(py);
            let done = task.call_method0(intern!(py, "done"))?.is_truthy()?;
            // `exception()` of a Task that was cancelled raises.
            if done && task.call_method0(intern!(py, "exception")).is_ok_and(|own| own.is(error)) {
                return Ok(true);
            }
        }
        Ok(false)
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
        self.state.borrow(py).captured = Some((callback, context));
    }

    /// A Task that had suspended is done.
    fn on_task_done(slf: &Bound<'_, Self>, task: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let entry = slf.get().state.borrow(py).tasks.remove(&(task.as_ptr() as usize));
        match entry {
            Some((_, exchange)) => {
                slf.get().note_exit(py, task);
                slf.get().conclude(py, task, exchange.get())
            }
            None => Ok(()),
        }
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

    /// From ASGI 2.4 on, `send()` raises once the client is gone.
    pub(crate) fn raises_after_disconnect(&self) -> bool {
        self.raises_after_disconnect
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

    /// A part of a response was added to the output, and more will follow: it leaves at once unless something left just
    /// now. What makes the parts may compute for long without ever returning to the loop; and parts made faster than
    /// [`FLUSH_AFTER`], or for many clients in one tick, still share their writes.
    pub(crate) fn streamed(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.state.borrow(py);
        let write_now = !state.writer_added && state.written_at.elapsed() > FLUSH_AFTER;
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
                if flushed_at.elapsed() > FLUSH_AFTER {
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
            Some(WorkerEvent::Body { key, data, end, .. }) => match self.exchange(py, key) {
                Some(exchange) => exchange.get().body_came(py, data, end)?,
                None => self.worker(py, |worker| worker.consumed(key, data.len())),
            },
            Some(WorkerEvent::Trailers { key, .. }) => {
                if let Some(exchange) = self.exchange(py, key) {
                    exchange.get().body_came(py, b"", true)?;
                }
            }
            Some(WorkerEvent::Cancel { key, .. }) => {
                if let Some(exchange) = self.exchange(py, key) {
                    exchange.get().client_gone(py)?;
                    if exchange.get().is_over(py) {
                        self.forget(py, exchange.get())?;
                    }
                }
            }
            Some(WorkerEvent::Credit { key, .. }) => {
                if let Some(exchange) = self.exchange(py, key) {
                    self.pump(py, exchange.get())?;
                }
            }
            Some(WorkerEvent::Message { .. } | WorkerEvent::Close { .. }) => {}
            Some(WorkerEvent::LinkCredit) => {
                let exchanges: Vec<Py<Exchange>> = {
                    let state = self.state.borrow(py);
                    state.exchanges.iter().flatten().map(|exchange| exchange.clone_ref(py)).collect()
                };
                for exchange in exchanges {
                    self.pump(py, exchange.get())?;
                }
            }
            Some(WorkerEvent::Open { connection, ends }) => {
                self.scopes.borrow(py).open(py, connection, &ends)?;
            }
            Some(WorkerEvent::Closed { connection }) => self.scopes.borrow(py).close(connection),
            Some(WorkerEvent::Drain) => {
                self.state.borrow(py).draining = true;
                self.check_drained(py)?;
            }
        }
        Ok(())
    }

    /// A request: builds its scope and starts its Task.
    fn start(slf: &Bound<'_, Self>, key: StreamKey, request: &Request<'_>, end: bool) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let (scope, name) = this.scopes.borrow(py).build(py, request)?;
        let traits = Traits {
            is_head: request.line.method == b"HEAD",
            expects_continue: request.line.flags & message::REQUEST_EXPECT_CONTINUE != 0,
            ended: end,
        };
        let body = (!request.body.is_empty()).then(|| PyBytes::new(py, request.body).unbind());
        let exchange = Bound::new(py, Exchange::new(slf.clone().unbind(), key, name, traits, body))?;
        {
            let mut state = this.state.borrow(py);
            state.worker.attach(key, ());
            let index = key.stream as usize - 1;
            if state.exchanges.len() <= index {
                state.exchanges.resize_with(index + 1, || None);
            }
            let before = state.exchanges[index].replace(exchange.clone().unbind());
            drop(state);
            drop(before);
        }
        let receive = exchange.getattr(intern!(py, "receive"))?;
        let send = exchange.getattr(intern!(py, "send"))?;
        let task = this
            .host
            .app
            .bind(py)
            .call1((scope, receive, send))
            .and_then(|coroutine| this.create_task(py, coroutine));
        let task = match task {
            Ok(task) => task,
            Err(error) if ends_the_process(py, &error) => return Err(error),
            Err(error) => return this.app_failed(py, exchange.get(), error.value(py).as_any()),
        };
        let eager = this.callbacks(py)?.start != StartTasks::ByFactory;
        if eager && task.call_method0(intern!(py, "done"))?.is_truthy()? {
            return this.conclude(py, &task, exchange.get());
        }
        let identity = task.as_ptr() as usize;
        let entry = (task.clone().unbind(), exchange.unbind());
        this.state.borrow(py).tasks.insert(identity, entry);
        let on_done = &this.callbacks(py)?.on_task_done;
        task.call_method1(intern!(py, "add_done_callback"), (on_done,)).map(drop)
    }

    /// There may be credit again.
    fn pump(&self, py: Python<'_>, exchange: &Exchange) -> PyResult<()> {
        exchange.pump(py)?;
        if exchange.is_over(py) { self.forget(py, exchange) } else { Ok(()) }
    }

    fn create_task<'py>(&self, py: Python<'py>, coroutine: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let callbacks = self.callbacks(py)?;
        let event_loop = self.host.event_loop.bind(py);
        let make = |coroutine| {
            self.host.task_type.bind(py).call((coroutine,), Some(self.host.task_options.bind(py)))
        };
        match callbacks.start {
            StartTasks::ByFactory => event_loop.call_method1(intern!(py, "create_task"), (coroutine,)),
            StartTasks::Eagerly => make(coroutine),
            StartTasks::ByCapture => {
                let call_soon = intern!(py, "call_soon");
                event_loop.setattr(call_soon, &callbacks.capture)?;
                let task = make(coroutine);
                event_loop.delattr(call_soon)?;
                let captured = self.state.borrow(py).captured.take();
                if let Some((step, context)) = captured {
                    match context.call_method1(py, intern!(py, "run"), (step,)) {
                        // The Task has it, and is done.
                        Err(error) if error.is_instance_of::<PySystemExit>(py) => {}
                        outcome => drop(outcome?),
                    }
                }
                task
            }
        }
    }

    /// Remembers the `SystemExit` that ended a Task, if one did.
    fn note_exit(&self, py: Python<'_>, task: &Bound<'_, PyAny>) {
        // `exception()` of a Task that was cancelled raises.
        let Ok(exception) = task.call_method0(intern!(py, "exception")) else { return };
        if exception.is_instance_of::<PySystemExit>() {
            let before = self.state.borrow(py).last_exit.replace(exception.unbind());
            drop(before);
        }
    }

    /// The application has ended.
    fn conclude(&self, py: Python<'_>, task: &Bound<'_, PyAny>, exchange: &Exchange) -> PyResult<()> {
        let exception = match task.call_method0(intern!(py, "exception")) {
            Ok(exception) if exception.is_none() => {
                let ended = exchange.app_ended(py, false)?;
                match ended {
                    Ended::Well => {}
                    Ended::Unanswered => {
                        exchange.report(py, "the application returned without a response: sent 500", None)?;
                    }
                    Ended::Incomplete => {
                        exchange.report(
                            py,
                            "the application returned in the middle of its response",
                            None,
                        )?;
                    }
                }
                return self.forget(py, exchange);
            }
            Ok(exception) => exception,
            // `exception()` of a Task that was cancelled raises.
            Err(error) => error.into_value(py).into_bound(py).into_any(),
        };
        self.app_failed(py, exchange, &exception)
    }

    fn app_failed(&self, py: Python<'_>, exchange: &Exchange, exception: &Bound<'_, PyAny>) -> PyResult<()> {
        let was_left = exchange.client_is_gone(py);
        let ended = exchange.app_ended(py, true)?;
        let message = match ended {
            Ended::Well => "the application failed after its response",
            Ended::Unanswered => "the application failed: sent 500",
            Ended::Incomplete => "the application failed in the middle of its response",
        };
        if !(was_left && is_about_disconnect(exception)) {
            exchange.report(py, message, Some(exception.clone()))?;
        }
        self.forget(py, exchange)
    }

    /// The exchange's application is over: lets go of it unless some of the response still waits for credit.
    fn forget(&self, py: Python<'_>, exchange: &Exchange) -> PyResult<()> {
        let index = exchange.key().stream as usize - 1;
        let mut state = self.state.borrow(py);
        let done = exchange.is_over(py);
        let slot = state.exchanges.get_mut(index);
        let dropped = slot.and_then(|slot| {
            slot.take_if(|current| done && std::ptr::eq(std::ptr::from_ref(current.get()), exchange))
        });
        let draining = state.draining;
        drop(state);
        drop(dropped);
        if draining { self.check_drained(py) } else { Ok(()) }
    }

    fn check_drained(&self, py: Python<'_>) -> PyResult<()> {
        let state = self.state.borrow(py);
        let over = state.draining && state.tasks.is_empty() && state.worker.open_streams() == 0;
        drop(state);
        if over {
            self.host.drained.call0(py)?;
        }
        Ok(())
    }

    fn exchange(&self, py: Python<'_>, key: StreamKey) -> Option<Py<Exchange>> {
        let state = self.state.borrow(py);
        let exchange = state.exchanges.get(key.stream as usize - 1)?.as_ref()?;
        (exchange.get().key() == key).then(|| exchange.clone_ref(py))
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

    fn callbacks(&self, py: Python<'_>) -> PyResult<&Callbacks> {
        self.callbacks.get(py).ok_or_else(|| PyRuntimeError::new_err("ready() has not been called"))
    }
}

/// This ends a program wherever it is raised. `SystemExit` in a handler does not: it fails one request.
fn ends_the_process(py: Python<'_>, error: &PyErr) -> bool {
    error.is_instance_of::<PyKeyboardInterrupt>(py)
}

/// True if the exception only says that the client left, or was raised to stop a handler because of it; a group of
/// exceptions if each of them does.
fn is_about_disconnect(exception: &Bound<'_, PyAny>) -> bool {
    let group = exception.getattr(intern!(exception.py(), "exceptions"));
    if let Some(parts) = group.ok().and_then(|parts| parts.cast_into::<PyTuple>().ok()) {
        return !parts.is_empty() && parts.iter().all(|part| is_about_disconnect(&part));
    }
    let name = exception.get_type().name();
    exception.is_instance_of::<ClientDisconnected>()
        || name.is_ok_and(|name| matches!(name.to_str(), Ok("CancelledError" | "ClientDisconnect")))
}

/// `spec_version` is 2.4 or later.
fn raises_after_disconnect(spec_version: &str) -> bool {
    let mut parts = spec_version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) >= (2, 4)
}
