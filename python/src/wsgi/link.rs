//! The pool's end of the link: frames in, the application called, responses out.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use diglot_link::message::{Interface, REQUEST_EXPECT_CONTINUE, Ready, Request};
use diglot_link::{StreamKey, Worker, WorkerEvent};
use pyo3::exceptions::{PyKeyboardInterrupt, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use rustix::event::PollFlags;
use rustix::net::Shutdown;

use super::environ::Environs;
use super::exchange::{Part, Sent, State as ExchangeState, WsgiExchange, not_bytes, not_parts};
use super::input::Input as WsgiInput;
use super::permit::Permit;
use super::pool::{Pool, STALLED_AFTER};
use crate::calls::ServedRequest;
use crate::gil_cell::GilCell;
use crate::transport::{self, BATCH_FLUSH_AFTER, Input, Received};

/// After a slow request, so many are taken for slow as well: the next thread is called without waiting for the watch.
const SLOW_REMEMBERED: u32 = 16;
/// A request that has waited longer than this for a thread is worth a warning.
const QUEUE_WAIT_WARNING: Duration = Duration::from_secs(1);
/// At most one such warning in this time.
const WARNING_INTERVAL: Duration = Duration::from_secs(60);
/// Buffers for heads that are kept to be used again.
const SPARE_LINES_MAX: usize = 16;
/// A buffer that grew beyond this is not kept.
const SPARE_LINES_BYTES_MAX: usize = 4096;

/// The worker's end of the link, driven by a pool of threads.
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct WsgiLink {
    /// One descriptor for all: a forked child closes it by its number.
    socket: Arc<OwnedFd>,
    app: Py<PyAny>,
    report: Py<PyAny>,
    draining: Py<PyAny>,
    ended: Py<PyAny>,
    spawn: Py<PyAny>,
    spawn_attendant: Py<PyAny>,
    threads_max: usize,
    pool: Arc<Pool>,
    /// The context variable of calls, once the program uses them.
    scope_variable: PyOnceLock<Py<PyAny>>,
    environs: GilCell<Environs>,
    state: GilCell<State>,
}

struct State {
    worker: Worker<()>,
    /// Whoever takes it is the link's reader.
    input: Option<Input>,
    queue: VecDeque<Job>,
    exchanges: Vec<Option<Py<WsgiExchange>>>,
    /// Threads inside of requests that wait for something to arrive.
    waiters: Vec<Arc<Permit>>,
    spare_lines: Vec<Vec<u8>>,
    threads: usize,
    has_attendant: bool,
    draining: bool,
    slow: u32,
    flushed_at: Instant,
    warned_at: Option<Instant>,
}

/// A request that waits for a thread.
struct Job {
    environ: Py<PyDict>,
    exchange: Py<WsgiExchange>,
    queued_at: Instant,
}

#[pymethods]
impl WsgiLink {
    /// Takes over the link of the descriptor `fd`, once the server's greeting is there.
    ///
    /// `options` hold: `app`, `environ` (what all requests share), `threads`, and the callables `spawn()` (starts a
    /// thread that calls [`Self::stand_by`]), `spawn_attendant()` (one that calls [`Self::attend`]),
    /// `report(message, exception)`, `draining()` (no more requests will come) and `ended(reason)`.
    #[new]
    fn new(py: Python<'_>, fd: RawFd, options: &Bound<'_, PyDict>) -> PyResult<Self> {
        let option = |name: &str| options.as_any().get_item(name);
        let environs = Environs::new(py, option("environ")?.cast_into()?.unbind())?;
        let mut worker = Worker::new();
        let socket = crate::own_fd(fd)?;
        let (socket, input) = py.detach(|| transport::greet(socket, &mut worker))?;
        let socket = Arc::new(socket);
        let pool = Pool::start(Arc::clone(&socket))?;
        Ok(Self {
            socket,
            app: option("app")?.unbind(),
            report: option("report")?.unbind(),
            draining: option("draining")?.unbind(),
            ended: option("ended")?.unbind(),
            spawn: option("spawn")?.unbind(),
            spawn_attendant: option("spawn_attendant")?.unbind(),
            threads_max: option("threads")?.extract()?,
            pool,
            scope_variable: PyOnceLock::new(),
            environs: GilCell::new(environs),
            state: GilCell::new(State {
                worker,
                input: Some(input),
                queue: VecDeque::new(),
                exchanges: Vec::new(),
                waiters: Vec::new(),
                spare_lines: Vec::new(),
                threads: 1,
                has_attendant: false,
                draining: false,
                slow: 0,
                flushed_at: Instant::now(),
                warned_at: None,
            }),
        })
    }

    /// The descriptor.
    fn fileno(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Says that requests may come.
    fn ready(&self, py: Python<'_>, runtime: &str) -> PyResult<()> {
        self.worker(py, |worker| worker.ready(&Ready { interface: Interface::Wsgi, runtime }));
        self.flush(py)?;
        self.provide_idle(py)
    }

    /// Asks for the requests that name this session. Said before the response that tells the client its name.
    fn claim(&self, py: Python<'_>, session: &str) -> PyResult<()> {
        self.worker(py, |worker| worker.claim(session.as_bytes()))
            .map_err(|too_long| PyValueError::new_err(too_long.to_string()))
    }

    /// Says that this session is over, when something is written next.
    fn release(&self, py: Python<'_>, session: &str) -> PyResult<()> {
        self.worker(py, |worker| worker.release(session.as_bytes()))
            .map_err(|too_long| PyValueError::new_err(too_long.to_string()))
    }

    /// From now on requests run with this context variable set to what their calls need to know of them.
    fn follow_calls(&self, py: Python<'_>, variable: Py<PyAny>) {
        // There is one such variable in a process.
        let _is_first = self.scope_variable.set(py, variable);
    }

    /// Serves on the calling thread until the server has said to end and everything is done.
    fn work(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        loop {
            let job = this.state.borrow(py).queue.pop_front();
            if let Some(job) = job {
                Self::run(slf, job)?;
                continue;
            }
            this.flush(py)?;
            if this.is_over(py) {
                this.dismiss();
                return Ok(());
            }
            // Those of the moments since Python's code ended, which would wait for the next request otherwise.
            py.check_signals()?;
            let input = this.state.borrow(py).input.take();
            match input {
                Some(input) => Self::read(slf, input, true)?,
                None => {
                    this.pool.becomes_idle();
                    take(py, &this.pool.work)?;
                    this.provide_idle(py)?;
                }
            }
        }
    }

    /// Waits until it is needed, then serves as [`Self::work`].
    fn stand_by(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        take(py, &this.pool.work)?;
        this.provide_idle(py)?;
        Self::work(slf)
    }

    /// Looks after the link while all threads are inside of requests: answers the server's heartbeat, queues requests, and
    /// says when they wait for long. Runs none. Returns when the process ends.
    fn attend(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        loop {
            take(py, &this.pool.attend)?;
            if this.pool.ending.load(Ordering::SeqCst) {
                return Ok(());
            }
            let input = this.state.borrow(py).input.take();
            if let Some(input) = input {
                let outcome = Self::read(slf, input, false);
                // A thread that came free meanwhile has found the link taken, and waits.
                this.pool.call_idle();
                outcome?;
                this.flush(py)?;
            }
            let queued_at = this.state.borrow(py).queue.front().map(|job| job.queued_at);
            if let Some(queued_at) = queued_at {
                this.warn_of_wait(py, queued_at.elapsed())?;
            }
        }
    }
}

impl WsgiLink {
    /// Does something with the protocol's state. `act` must not call into Python.
    #[inline]
    pub(crate) fn worker<R>(&self, py: Python<'_>, act: impl FnOnce(&mut Worker<()>) -> R) -> R {
        act(&mut self.state.borrow(py).worker)
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

    /// Writes an error to the log, with the traceback of `exception`.
    pub(crate) fn report(
        &self,
        py: Python<'_>,
        message: &str,
        exception: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.report.call1(py, (message, exception)).map(drop)
    }

    /// A part of a stream was sent and more will follow: it leaves, and what the front says meanwhile is heard.
    pub(crate) fn streamed(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.flush(py)?;
        let input = this.state.borrow(py).input.take();
        match input {
            Some(input) => Self::read(slf, input, false),
            None => Ok(()),
        }
    }

    /// A response is complete before its application is: what that does then, as in `close()`, may take its time.
    pub(crate) fn completed(slf: &Bound<'_, Self>) -> PyResult<()> {
        let this = slf.get();
        // An idle thread is called by the watch, and writes.
        if this.pool.has_idle() { Ok(()) } else { this.flush(slf.py()).map(drop) }
    }

    /// Waits, inside of a request, until something may have changed for it. Not to be called with the GIL given up since the
    /// caller has looked at its exchange.
    pub(crate) fn wait_for(slf: &Bound<'_, Self>, exchange: &WsgiExchange) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        if this.flush(py)? {
            // Another thread may have read meanwhile what this one would now wait for.
            return py.check_signals();
        }
        let mut state = this.state.borrow(py);
        if let Some(input) = state.input.take() {
            drop(state);
            Self::read(slf, input, true)?;
            if this.pool.queued.load(Ordering::Relaxed) > 0 {
                this.pool.call_idle();
            }
        } else {
            let permit = Arc::new(Permit::default());
            state.waiters.push(Arc::clone(&permit));
            drop(state);
            exchange.state.borrow(py).waiting = Some(Arc::clone(&permit));
            let taken = take(py, &permit);
            this.state.borrow(py).waiters.retain(|waiter| !Arc::ptr_eq(waiter, &permit));
            taken?;
        }
        py.check_signals()
    }

    /// Writes what there is to write; without the GIL where that takes time. True if it did: other threads may have run.
    fn flush(&self, py: Python<'_>) -> PyResult<bool> {
        let mut waited = false;
        loop {
            let mut state = self.state.borrow(py);
            let flushed = transport::flush(self.socket.as_fd(), state.worker.output());
            drop(state);
            match flushed {
                Ok(false) => py.detach(|| transport::wait_for(self.socket.as_fd(), PollFlags::OUT))?,
                // A write that failed needs no words: the reader sees the end of the link too.
                Ok(true) | Err(_) => return Ok(waited),
            }
            waited = true;
        }
    }

    /// Reads once as the link's reader, and gives the link back.
    fn read(slf: &Bound<'_, Self>, mut input: Input, wait: bool) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let unread_since = this.pool.take_unread_since();
        let received = if wait {
            this.pool.has_reader.store(true, Ordering::Relaxed);
            let (back, received) = py.detach(move || {
                let received = input.receive_blocking(this.socket.as_fd());
                (input, received)
            });
            this.pool.has_reader.store(false, Ordering::Relaxed);
            input = back;
            received
        } else {
            input.receive(this.socket.as_fd())
        };
        // What the watch noted meanwhile is about what has just been read.
        let unread_since = this.pool.take_unread_since().or(unread_since);
        let mut outcome = this.handle_all(slf, &mut input, unread_since.unwrap_or_else(Instant::now));
        let mut state = this.state.borrow(py);
        state.input = Some(input);
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        for waiter in waiters {
            waiter.give();
        }
        if outcome.is_ok() {
            outcome = this.after_read(py, received);
        }
        outcome
    }

    fn after_read(&self, py: Python<'_>, received: io::Result<Received>) -> PyResult<()> {
        match received {
            Ok(Received::End) if self.pool.ending.load(Ordering::SeqCst) => Ok(()),
            Ok(Received::End) => self.end(py, None),
            Ok(_) => Ok(()),
            Err(error) => self.end(py, Some(&error.to_string())),
        }
    }

    fn handle_all(&self, slf: &Bound<'_, Self>, input: &mut Input, arrived_at: Instant) -> PyResult<()> {
        let py = slf.py();
        loop {
            let handled = self.worker(py, |worker| worker.handle(input.pending()));
            let (count, event) = match handled {
                Ok(Some(handled)) => handled,
                Ok(None) => return Ok(()),
                Err(violation) => return self.end(py, Some(&violation.to_string())),
            };
            let outcome = self.act(slf, event, arrived_at);
            // Whatever came of it: a frame that stayed would be acted on by every later read.
            input.handled(count);
            outcome?;
        }
    }

    /// Does what a frame asks for.
    fn act(
        &self,
        slf: &Bound<'_, Self>,
        event: Option<WorkerEvent<'_, ()>>,
        arrived_at: Instant,
    ) -> PyResult<()> {
        let py = slf.py();
        match event {
            None => {}
            Some(WorkerEvent::Request { key, request, end }) => {
                self.queue(slf, key, &request, end, arrived_at)?
            }
            Some(WorkerEvent::Body { key, data, end, .. }) => {
                let part = Part { data: data.to_vec(), taken: 0, costs_credit: true };
                if !self.tell(py, key, |state| {
                    state.request_ended |= end;
                    state.inbox.push_back(part);
                }) {
                    self.worker(py, |worker| worker.consumed(key, data.len()));
                }
            }
            Some(WorkerEvent::Trailers { key, .. }) => {
                self.tell(py, key, |state| state.request_ended = true);
            }
            Some(WorkerEvent::Cancel { key, .. }) => {
                self.tell(py, key, |state| state.gone = true);
                self.calls_of_it_end(py, key)?;
            }
            Some(WorkerEvent::Credit { key, .. }) => {
                self.tell(py, key, |_| {});
            }
            // Whoever waits for credit is among those that are told when the read is over.
            Some(WorkerEvent::LinkCredit | WorkerEvent::Farewell) => {}
            // Only what was accepted has them, and nothing here accepts.
            Some(WorkerEvent::Message { .. } | WorkerEvent::Close { .. }) => {}
            Some(WorkerEvent::Open { connection, ends }) => {
                self.environs.borrow(py).open(py, connection, &ends)?;
            }
            Some(WorkerEvent::Closed { connection }) => self.environs.borrow(py).close(connection),
            Some(WorkerEvent::Drain) => {
                let is_told_again = std::mem::replace(&mut self.state.borrow(py).draining, true);
                if !is_told_again {
                    self.draining.call0(py)?;
                }
            }
        }
        Ok(())
    }

    /// A request: builds its environ and lets it wait for a thread.
    fn queue(
        &self,
        slf: &Bound<'_, Self>,
        key: StreamKey,
        request: &Request<'_>,
        end: bool,
        arrived_at: Instant,
    ) -> PyResult<()> {
        let py = slf.py();
        let (environ, name) = self.environs.borrow(py).build(py, request)?;
        let expects_continue = request.line.flags & REQUEST_EXPECT_CONTINUE != 0;
        let state = ExchangeState::new(request.body, end, expects_continue);
        let is_head = request.line.method == b"HEAD";
        let exchange = Py::new(py, WsgiExchange::new(slf.clone().unbind(), key, name, is_head, state))?;
        environ.set_item(intern!(py, "wsgi.input"), Py::new(py, WsgiInput::new(exchange.clone_ref(py)))?)?;
        let mut state = self.state.borrow(py);
        state.worker.attach(key, ());
        let index = key.stream as usize - 1;
        if state.exchanges.len() <= index {
            state.exchanges.resize_with(index + 1, || None);
        }
        let before = state.exchanges[index].replace(exchange.clone_ref(py));
        state.queue.push_back(Job { environ: environ.unbind(), exchange, queued_at: arrived_at });
        drop(state);
        drop(before);
        self.pool.queued.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Calls the application for a request.
    fn run(slf: &Bound<'_, Self>, job: Job) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        this.pool.queued.fetch_sub(1, Ordering::Relaxed);
        this.pool.begins();
        let began = Instant::now();
        this.warn_of_wait(py, began - job.queued_at)?;
        let slow = this.state.borrow(py).slow > 0;
        let called = slow && this.pool.call_idle();
        if !called && !this.pool.has_idle() {
            this.provide_attendant(py)?;
            // No other thread can do it while this one is inside of the request.
            this.flush(py)?;
        }
        let exchange = job.exchange.get();
        let variable = this.scope_variable.get(py);
        if let Some(variable) = variable {
            let served = ServedRequest::begin(py, variable, job.environ.bind(py))?;
            let _is_first = exchange.served.set(served);
        }
        let outcome = Self::respond(slf, &job);
        if let Some(variable) = variable {
            variable.call_method1(py, intern!(py, "set"), (py.None(),))?;
            if let Some(served) = exchange.served.get() {
                served.get().answered(py);
            }
        }
        let concluded = this.conclude(py, exchange, outcome);
        this.pool.completes();
        let now = Instant::now();
        let mut state = this.state.borrow(py);
        state.slow = if now - began > STALLED_AFTER { SLOW_REMEMBERED } else { state.slow.saturating_sub(1) };
        let flush_due = now - state.flushed_at > BATCH_FLUSH_AFTER;
        if flush_due {
            state.flushed_at = now;
        }
        drop(state);
        if flush_due {
            this.flush(py)?;
        }
        concluded
    }

    fn respond(slf: &Bound<'_, Self>, job: &Job) -> PyResult<()> {
        let py = slf.py();
        let this = slf.get();
        let exchange = job.exchange.bind(py);
        let start_response = exchange.getattr(intern!(py, "start_response"))?;
        let result = this.app.bind(py).call1((&job.environ, start_response))?;
        if result.is_exact_instance_of::<PyList>() || result.is_exact_instance_of::<PyTuple>() {
            return Self::send_all(slf, exchange.get(), &result);
        }
        let sent = Self::iterate(slf, exchange.get(), &result);
        match result.getattr(intern!(py, "close")) {
            Ok(close) => {
                let closed = close.call0();
                sent.and(closed.map(drop))
            }
            Err(_) => sent,
        }
    }

    /// A result whose parts are all there.
    fn send_all(slf: &Bound<'_, Self>, exchange: &WsgiExchange, result: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        let last = result.len()?.checked_sub(1);
        for (index, data) in result.try_iter()?.enumerate() {
            let data = data?;
            let data = data.cast::<PyBytes>().map_err(|_| not_bytes(&data))?;
            if exchange.send(py, data.as_bytes(), Some(index) == last)? == Sent::Gone {
                return Ok(());
            }
        }
        if last.is_none() { exchange.send(py, b"", true).map(drop) } else { Ok(()) }
    }

    /// A result that is made while it is sent: each part leaves before the next is asked for.
    fn iterate(slf: &Bound<'_, Self>, exchange: &WsgiExchange, result: &Bound<'_, PyAny>) -> PyResult<()> {
        let py = slf.py();
        if result.is_instance_of::<PyBytes>() || result.is_instance_of::<PyString>() {
            return Err(not_parts(result));
        }
        for data in result.try_iter()? {
            let data = data?;
            let data = data.cast::<PyBytes>().map_err(|_| not_bytes(&data))?;
            // An empty part asks for nothing to be sent. It is where an application that waits looks after its client.
            let sent = match data.as_bytes() {
                b"" => Sent::Going,
                data => exchange.send(py, data, false)?,
            };
            match sent {
                Sent::Going => Self::streamed(slf)?,
                Sent::Complete => Self::completed(slf)?,
                Sent::Gone => return Ok(()),
            }
            if exchange.is_gone(py) {
                return Ok(());
            }
        }
        exchange.send(py, b"", true).map(drop)
    }

    /// The application has ended: sees to the end of its response, and says what went wrong.
    fn conclude(&self, py: Python<'_>, exchange: &WsgiExchange, outcome: PyResult<()>) -> PyResult<()> {
        let gone = exchange.is_gone(py);
        let said = exchange.ended(py, outcome.is_err())?;
        let index = exchange.key.stream as usize - 1;
        let mut state = self.state.borrow(py);
        let slot = state.exchanges.get_mut(index);
        let dropped = slot.and_then(|slot| {
            slot.take_if(|current| std::ptr::eq(std::ptr::from_ref(current.get()), exchange))
        });
        drop(state);
        drop(dropped);
        match outcome {
            Err(error) if error.is_instance_of::<PyKeyboardInterrupt>(py) => Err(error),
            Err(error) if gone && error.is_instance_of::<crate::errors::ClientDisconnected>(py) => Ok(()),
            Err(error) => {
                let message = said.unwrap_or("the application failed after its client had left");
                exchange.report(py, message, Some(error.into_value(py).into_bound(py).into_any()))
            }
            Ok(()) => match said {
                Some(message) => exchange.report(py, message, None),
                None => Ok(()),
            },
        }
    }

    /// Sees to it that another thread stands by, as far as the service's number of threads goes.
    fn provide_idle(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let ending = self.pool.ending.load(Ordering::SeqCst);
        if ending || self.pool.has_idle() || state.threads >= self.threads_max {
            return Ok(());
        }
        state.threads += 1;
        drop(state);
        self.pool.becomes_idle();
        self.spawn.call0(py).map(drop)
    }

    /// The last thread begins with a request: sees to it that somebody can look after the link.
    fn provide_attendant(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        if state.has_attendant || state.threads < self.threads_max {
            return Ok(());
        }
        state.has_attendant = true;
        drop(state);
        match self.spawn_attendant.call0(py) {
            Ok(_) => Ok(()),
            // Requests can be served without it.
            Err(error) => {
                let message = "no thread could be started to answer the server while all threads are busy";
                self.report(py, message, Some(error.into_value(py).into_bound(py).into_any()))
            }
        }
    }

    fn warn_of_wait(&self, py: Python<'_>, waited: Duration) -> PyResult<()> {
        if waited < QUEUE_WAIT_WARNING {
            return Ok(());
        }
        let mut state = self.state.borrow(py);
        let now = Instant::now();
        if state.warned_at.is_some_and(|before| now - before < WARNING_INTERVAL) {
            return Ok(());
        }
        state.warned_at = Some(now);
        drop(state);
        let message = format!(
            "a request waited {:.1} s for a thread: all {} are busy; raise `threads` or `workers` of the service",
            waited.as_secs_f64(),
            self.threads_max
        );
        self.report(py, &message, None)
    }

    /// Changes an exchange's state, and wakes the thread that waits for that. False if the exchange is over.
    fn tell(&self, py: Python<'_>, key: StreamKey, change: impl FnOnce(&mut ExchangeState)) -> bool {
        let state = self.state.borrow(py);
        let slot = state.exchanges.get(key.stream as usize - 1).and_then(Option::as_ref);
        let Some(exchange) = slot.filter(|exchange| exchange.get().key == key) else { return false };
        let mut exchange_state = exchange.get().state.borrow(py);
        change(&mut exchange_state);
        if let Some(waiting) = exchange_state.waiting.take() {
            waiting.give();
        }
        true
    }

    /// A request's client has left: so end the calls that were made for it.
    fn calls_of_it_end(&self, py: Python<'_>, key: StreamKey) -> PyResult<()> {
        let state = self.state.borrow(py);
        let slot = state.exchanges.get(key.stream as usize - 1).and_then(Option::as_ref);
        let exchange =
            slot.filter(|exchange| exchange.get().key == key).map(|exchange| exchange.clone_ref(py));
        drop(state);
        match exchange.as_ref().and_then(|exchange| exchange.get().served.get()) {
            Some(served) => served.get().left(py),
            None => Ok(()),
        }
    }

    /// The server has said to end, and everything is done.
    fn is_over(&self, py: Python<'_>) -> bool {
        let state = self.state.borrow(py);
        state.draining && state.worker.open_streams() == 0 && state.queue.is_empty() && self.pool.is_at_rest()
    }

    /// Lets all threads see that it is over.
    fn dismiss(&self) {
        self.pool.ending.store(true, Ordering::SeqCst);
        while self.pool.call_idle() {}
        self.pool.attend.give();
        // The reader, if there is one, waits for frames that will not come. If this fails, the link has ended already.
        let _ended = rustix::net::shutdown(&self.socket, Shutdown::Read);
    }

    fn end(&self, py: Python<'_>, reason: Option<&str>) -> PyResult<()> {
        self.ended.call1(py, (reason,)).map(drop)
    }
}

/// Waits for a permit without the GIL. On the main thread, Python's handlers of signals that come meanwhile are run.
fn take(py: Python<'_>, permit: &Permit) -> PyResult<()> {
    while py.detach(|| permit.take()).is_err() {
        py.check_signals()?;
    }
    Ok(())
}
