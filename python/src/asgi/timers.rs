//! Timers of a loop whose own count whole milliseconds.
//!
//! libuv's timers, which are uvloop's, fire in the millisecond that follows the one they were set in, so that a wait of
//! 10 ms takes up to 11, and all that wait end at the same moments, in bursts. These take as long as was asked for: one
//! timer of the kernel's, which the loop watches as any descriptor, stands for the first of all that are set.

use std::collections::BTreeMap;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use pyo3::exceptions::{PyKeyboardInterrupt, PySystemExit, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};

use crate::gil_cell::GilCell;

const SECOND_NS: u64 = 1_000_000_000;
/// Deadlines are put off to multiples of this, so that those that are close share a turn of the loop. Linux puts off all
/// waits by as much, where nobody asks it not to.
const GRID_NS: u64 = 50_000;
/// A century: uvloop's bound for waits, infinity among them.
const WAIT_SECONDS_MAX: f64 = 100.0 * 365.0 * 24.0 * 3600.0;

/// `call_later` and `call_at` of a loop, in its own terms, but exact to 50 µs.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Timers {
    event_loop: Py<PyAny>,
    /// The loop's own `call_later`: for what is due now, for a loop that is closed and for one in debug mode, whose
    /// handles remember where they were made.
    own_call_later: Py<PyAny>,
    copy_context: Py<PyAny>,
    timer: OwnedFd,
    state: GilCell<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By deadline, and by the order in which they were set.
    handles: BTreeMap<Deadline, Py<TimerHandle>>,
    set: u64,
    /// When the kernel's timer fires, in nanoseconds of the monotonic clock: never after the first deadline.
    armed_ns: Option<u64>,
    closed: bool,
}

/// Nanoseconds of the monotonic clock, and a number that no other has.
type Deadline = (u64, u64);

#[pymethods]
impl Timers {
    /// For a loop, which is to watch [`Self::fileno`] and then call [`Self::fire`].
    #[new]
    fn new(py: Python<'_>, event_loop: Bound<'_, PyAny>) -> PyResult<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        Ok(Self {
            own_call_later: event_loop.getattr("call_later")?.unbind(),
            event_loop: event_loop.unbind(),
            copy_context: py.import("contextvars")?.getattr("copy_context")?.unbind(),
            timer: timerfd_create(TimerfdClockId::Monotonic, flags).map_err(std::io::Error::from)?,
            state: GilCell::new(State::default()),
        })
    }

    fn fileno(&self) -> RawFd {
        self.timer.as_raw_fd()
    }

    /// Calls `callback(*args)` in `delay` seconds.
    #[pyo3(signature = (delay, callback, /, *args, context=None))]
    fn call_later<'py>(
        slf: &Bound<'py, Self>,
        delay: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Self::schedule(slf, now_ns(), delay.extract()?, Call { callback, args, context })
    }

    /// Calls `callback(*args)` when the loop's clock, `time.monotonic()`, shows `when`.
    #[pyo3(signature = (when, callback, /, *args, context=None))]
    fn call_at<'py>(
        slf: &Bound<'py, Self>,
        when: &Bound<'py, PyAny>,
        callback: &Bound<'py, PyAny>,
        args: &Bound<'py, PyTuple>,
        context: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let when: f64 = when.extract()?;
        let now_ns = now_ns();
        #[allow(
            clippy::cast_precision_loss,
            reason = "a double counts nanoseconds for a hundred days of uptime"
        )]
        Self::schedule(slf, now_ns, when - now_ns as f64 / SECOND_NS as f64, Call { callback, args, context })
    }

    /// The loop's reader of the kernel's timer: calls all that is due, in the order of their deadlines.
    ///
    /// # Errors
    /// `SystemExit` and `KeyboardInterrupt` of a callback: what else is due is called in the loop's next turn.
    fn fire(&self, py: Python<'_>) -> PyResult<()> {
        let now_ns = now_ns();
        let mut outcome = Ok(());
        while outcome.is_ok() {
            let Some(handle) = self.state.borrow(py).take_due(now_ns) else { break };
            outcome = TimerHandle::run(handle.bind(py), &self.event_loop);
        }
        // To set it anew is to have read it.
        let mut state = self.state.borrow(py);
        state.armed_ns = None;
        self.arm(&mut state);
        outcome
    }

    /// Forgets all that is set: the loop is about to be closed.
    fn close(&self, py: Python<'_>) {
        let mut state = self.state.borrow(py);
        state.closed = true;
        let handles = std::mem::take(&mut state.handles);
        drop(state);
        for handle in handles.into_values() {
            handle.get().forget(py);
        }
    }
}

/// What is to be called.
struct Call<'a, 'py> {
    callback: &'a Bound<'py, PyAny>,
    args: &'a Bound<'py, PyTuple>,
    context: Option<Bound<'py, PyAny>>,
}

impl Timers {
    /// Schedules a call in `delay` seconds from `now_ns`.
    fn schedule<'py>(
        slf: &Bound<'py, Self>,
        now_ns: u64,
        delay: f64,
        call: Call<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let this = slf.get();
        if delay.is_nan() {
            return Err(PyValueError::new_err("a delay is a number of seconds, got nan"));
        }
        let is_debug = || this.event_loop.call_method0(py, intern!(py, "get_debug"))?.is_truthy(py);
        if delay <= 0.0 || this.state.borrow(py).closed || is_debug()? {
            return this.call_by_loop(py, delay, &call);
        }
        let context = match call.context {
            Some(context) => context,
            None => this.copy_context.bind(py).call0()?,
        };
        let with_args = call.args.as_sequence();
        let call = PyTuple::new(py, [call.callback])?.as_sequence().concat(with_args)?.to_tuple()?;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "positive, a century at most"
        )]
        let delay_ns = (delay.min(WAIT_SECONDS_MAX) * SECOND_NS as f64).ceil() as u64;
        let due_ns = (now_ns + delay_ns).next_multiple_of(GRID_NS);
        let number = this.state.borrow(py).next_number();
        let handle = Bound::new(
            py,
            TimerHandle {
                timers: slf.clone().unbind(),
                deadline: (due_ns, number),
                state: GilCell::new(HandleState {
                    call: Some((call.unbind(), context.unbind())),
                    cancelled: false,
                }),
            },
        )?;
        let mut state = this.state.borrow(py);
        state.handles.insert((due_ns, number), handle.clone().unbind());
        if state.armed_ns.is_none_or(|armed_ns| due_ns < armed_ns) {
            this.arm(&mut state);
        }
        Ok(handle.into_any())
    }

    fn call_by_loop<'py>(
        &self,
        py: Python<'py>,
        delay: f64,
        call: &Call<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let delay = PyTuple::new(py, [delay])?;
        let callback = PyTuple::new(py, [call.callback])?;
        let args = delay.as_sequence().concat(callback.as_sequence())?.concat(call.args.as_sequence())?;
        let options = PyDict::new(py);
        options.set_item(intern!(py, "context"), call.context.as_ref())?;
        self.own_call_later.bind(py).call(args.to_tuple()?, Some(&options))
    }

    /// Has the kernel's timer fire at the first deadline, or never.
    fn arm(&self, state: &mut State) {
        let first_ns = state.handles.first_key_value().map(|((due_ns, _), _)| *due_ns);
        let zero = Timespec { tv_sec: 0, tv_nsec: 0 };
        let it_value = first_ns.map_or(zero, timespec);
        let once = Itimerspec { it_interval: zero, it_value };
        // A deadline is always a valid time, and the descriptor is a timer's.
        let set = timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &once);
        debug_assert!(set.is_ok(), "timerfd_settime: {set:?}");
        state.armed_ns = first_ns;
    }
}

impl State {
    fn next_number(&mut self) -> u64 {
        self.set += 1;
        self.set
    }

    fn take_due(&mut self, now_ns: u64) -> Option<Py<TimerHandle>> {
        let first = self.handles.first_entry()?;
        (first.key().0 <= now_ns).then(|| first.remove())
    }
}

/// What `call_later` and `call_at` return: asyncio's `TimerHandle`, as much of it as uvloop has.
#[derive(Debug)]
#[pyclass(frozen, weakref, module = "diglot._native")]
pub(crate) struct TimerHandle {
    timers: Py<Timers>,
    deadline: Deadline,
    state: GilCell<HandleState>,
}

#[derive(Debug)]
struct HandleState {
    /// `(callback, *args)` and the context, until it has run or will not.
    call: Option<(Py<PyTuple>, Py<PyAny>)>,
    cancelled: bool,
}

#[pymethods]
impl TimerHandle {
    /// The callback will not be called; no harm if it has been.
    fn cancel(&self, py: Python<'_>) {
        self.state.borrow(py).cancelled = true;
        let handle = self.timers.get().state.borrow(py).handles.remove(&self.deadline);
        drop(handle);
        self.forget(py);
    }

    fn cancelled(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).cancelled
    }

    /// When it is due, by the loop's clock, in seconds.
    #[allow(clippy::cast_precision_loss, reason = "a double counts nanoseconds for a hundred days of uptime")]
    fn when(&self) -> f64 {
        self.deadline.0 as f64 / SECOND_NS as f64
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let state = self.state.borrow(py);
        let cancelled = if state.cancelled { " cancelled" } else { "" };
        let call = state.call.as_ref().map(|(call, _)| call.clone_ref(py));
        drop(state);
        let callback = match call {
            Some(call) => format!(" {}", call.bind(py).get_item(0)?.repr()?),
            None => String::new(),
        };
        Ok(format!("<TimerHandle{cancelled}{callback}>"))
    }
}

impl TimerHandle {
    fn forget(&self, py: Python<'_>) {
        let call = self.state.borrow(py).call.take();
        drop(call);
    }

    /// Calls the callback. What it raises is the loop's to handle, as it is for any callback.
    fn run(slf: &Bound<'_, Self>, event_loop: &Py<PyAny>) -> PyResult<()> {
        let py = slf.py();
        let Some((call, context)) = slf.get().state.borrow(py).call.take() else { return Ok(()) };
        let Err(error) = context.bind(py).getattr(intern!(py, "run"))?.call1(call.bind(py)) else {
            return Ok(());
        };
        if error.is_instance_of::<PySystemExit>(py) || error.is_instance_of::<PyKeyboardInterrupt>(py) {
            return Err(error);
        }
        let told = PyDict::new(py);
        told.set_item("message", format!("Exception in callback {}", call.bind(py).get_item(0)?.repr()?))?;
        told.set_item("exception", error)?;
        told.set_item("handle", slf)?;
        event_loop.call_method1(py, "call_exception_handler", (told,)).map(drop)
    }
}

fn timespec(ns: u64) -> Timespec {
    // Both fit: the seconds are fewer than 2^34, the rest is below a second.
    Timespec { tv_sec: (ns / SECOND_NS).cast_signed(), tv_nsec: (ns % SECOND_NS).cast_signed() }
}

/// The monotonic clock.
fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec.cast_unsigned() * SECOND_NS + now.tv_nsec.cast_unsigned()
}
