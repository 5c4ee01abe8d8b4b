//! What the Task of an application waits for until something has come: as much of a future as Tasks use.
//!
//! A future of the loop lets its Task go on in the loop's next turn. What the reader brings can have its Task go on at once,
//! as if the loop had called it there: no handle is made and queued for each message, and what the application answers leaves
//! with the answers to the rest of what was read.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::gil_cell::GilCell;

pyo3::import_exception!(asyncio, CancelledError);

/// Something that has not come yet.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Waiter {
    event_loop: Py<PyAny>,
    state: GilCell<State>,
}

#[derive(Debug)]
struct State {
    /// A Task sees by this that it was given something to wait for; it then takes the mark away.
    is_new: bool,
    callbacks: Vec<Callback>,
    outcome: Option<Outcome>,
}

#[derive(Debug)]
struct Callback {
    function: Py<PyAny>,
    context: Option<Py<PyAny>>,
}

#[derive(Debug)]
enum Outcome {
    Come,
    /// With what `cancel()` was given to say.
    Cancelled(Option<Py<PyAny>>),
}

impl Waiter {
    pub(crate) fn new(event_loop: Py<PyAny>) -> Self {
        let state = State { is_new: true, callbacks: Vec::new(), outcome: None };
        Self { event_loop, state: GilCell::new(state) }
    }

    /// It has come, or nobody waits for it any more.
    pub(crate) fn is_done(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).outcome.is_some()
    }

    /// It has come, and who waits for it goes on before this returns. Only for the loop's reader: a Task cannot run inside
    /// of another. `done` is a future of the loop's that is done: a Task that is called with one asks for its result without
    /// looking for a method.
    ///
    /// # Errors
    /// `SystemExit` and `KeyboardInterrupt`, if they are what the Task ends with.
    pub(crate) fn wake_now(slf: &Bound<'_, Self>, done: &Py<PyAny>) -> PyResult<()> {
        let py = slf.py();
        let mut outcome = Ok(());
        for Callback { function, context } in slf.get().settle(py, Outcome::Come) {
            let called = match context {
                Some(context) => context.call_method1(py, intern!(py, "run"), (function, done)).map(drop),
                None => slf.get().call_soon(slf, function, None),
            };
            outcome = outcome.and(called);
        }
        outcome
    }

    /// It has come, and who waits for it goes on in the loop's next turn.
    pub(crate) fn wake_soon(slf: &Bound<'_, Self>) -> PyResult<()> {
        Self::finish(slf, Outcome::Come)
    }

    fn finish(slf: &Bound<'_, Self>, outcome: Outcome) -> PyResult<()> {
        for Callback { function, context } in slf.get().settle(slf.py(), outcome) {
            slf.get().call_soon(slf, function, context)?;
        }
        Ok(())
    }

    /// The callbacks to call now that the outcome is known; none if it was before.
    fn settle(&self, py: Python<'_>, outcome: Outcome) -> Vec<Callback> {
        let mut state = self.state.borrow(py);
        if state.outcome.is_some() {
            return Vec::new();
        }
        state.outcome = Some(outcome);
        std::mem::take(&mut state.callbacks)
    }

    fn call_soon(
        &self,
        slf: &Bound<'_, Self>,
        function: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let options = PyDict::new(py);
        options.set_item(intern!(py, "context"), context)?;
        let call_soon = self.event_loop.bind(py).getattr(intern!(py, "call_soon"))?;
        call_soon.call((function, slf), Some(&options)).map(drop)
    }
}

#[pymethods]
impl Waiter {
    #[getter]
    fn _asyncio_future_blocking(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).is_new
    }

    #[setter(_asyncio_future_blocking)]
    fn set_asyncio_future_blocking(&self, py: Python<'_>, is_new: bool) {
        self.state.borrow(py).is_new = is_new;
    }

    fn get_loop(&self, py: Python<'_>) -> Py<PyAny> {
        self.event_loop.clone_ref(py)
    }

    #[pyo3(signature = (function, /, *, context = None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        function: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let mut state = slf.get().state.borrow(slf.py());
        if state.outcome.is_none() {
            state.callbacks.push(Callback { function, context });
            return Ok(());
        }
        drop(state);
        slf.get().call_soon(slf, function, context)
    }

    /// Who waits is cancelled. False if it had come, or was cancelled, before.
    #[pyo3(signature = (msg = None))]
    fn cancel(slf: &Bound<'_, Self>, msg: Option<Py<PyAny>>) -> PyResult<bool> {
        if slf.get().is_done(slf.py()) {
            return Ok(false);
        }
        Self::finish(slf, Outcome::Cancelled(msg)).map(|()| true)
    }

    fn cancelled(&self, py: Python<'_>) -> bool {
        matches!(self.state.borrow(py).outcome, Some(Outcome::Cancelled(_)))
    }

    fn done(&self, py: Python<'_>) -> bool {
        self.is_done(py)
    }

    fn result(&self, py: Python<'_>) -> PyResult<()> {
        match &self.state.borrow(py).outcome {
            Some(Outcome::Come) => Ok(()),
            Some(Outcome::Cancelled(None)) => Err(CancelledError::new_err(())),
            Some(Outcome::Cancelled(Some(message))) => Err(CancelledError::new_err((message.clone_ref(py),))),
            None => Err(PyRuntimeError::new_err("what is waited for has not come yet")),
        }
    }
}

/// Those who wait for the same.
#[derive(Debug, Default)]
pub(crate) struct Waiters(Vec<Py<Waiter>>);

impl Waiters {
    /// Adds one, in place of those that wait no more.
    pub(crate) fn add(&mut self, py: Python<'_>, waiter: Py<Waiter>) {
        self.0.retain(|waiter| !waiter.get().is_done(py));
        self.0.push(waiter);
    }

    /// The one that has waited longest.
    pub(crate) fn first(&mut self, py: Python<'_>) -> Option<Py<Waiter>> {
        self.0.retain(|waiter| !waiter.get().is_done(py));
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Lets all look again, in the loop's next turn.
    pub(crate) fn wake_soon(self, py: Python<'_>) -> PyResult<()> {
        self.0.into_iter().try_for_each(|waiter| Waiter::wake_soon(waiter.bind(py)))
    }
}
