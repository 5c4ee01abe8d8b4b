//! What `receive()` and `send()` return.
//!
//! Both are coroutines as far as anyone can tell: they can be awaited, and also given to `create_task` or
//! `ensure_future`. None of them suspends unless there is something to wait for.

use pyo3::exceptions::{PyRuntimeError, PyStopIteration, PyTypeError};
use pyo3::intern;
use pyo3::prelude::*;

use super::conversation::{Conversation, Polled};
use super::waiter::Waiter;
use crate::gil_cell::GilCell;

/// A `send()` whose work is done. It has no state: one object serves all.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Sent;

#[pymethods]
impl Sent {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self) -> Option<Py<PyAny>> {
        None
    }

    fn send(&self, _value: &Bound<'_, PyAny>) -> PyResult<()> {
        Err(PyStopIteration::new_err(()))
    }

    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw(
        &self,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        Err(thrown(kind, value, traceback))
    }

    fn close(&self) {}

    /// As coroutines have it, for the `repr` of Tasks.
    #[getter]
    fn __qualname__(&self) -> &'static str {
        "send"
    }
}

/// What a conversation can be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitFor {
    /// The next event for the application.
    Message,
    /// Room for more of what it sends.
    Room,
}

/// A `receive()`, or a `send()` that must wait for room.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Wait {
    conversation: Conversation,
    what: WaitFor,
    suspended: GilCell<Option<Suspended>>,
}

/// What is being waited for.
#[derive(Debug)]
enum Suspended {
    /// The iterator of a future.
    Future(Py<PyAny>),
    Waiter(Py<Waiter>),
}

impl Wait {
    pub(crate) fn new(conversation: Conversation, what: WaitFor) -> Self {
        Self { conversation, what, suspended: GilCell::new(None) }
    }

    /// One step: `Ok` is what the Task is to wait for, `Err` holds the result as StopIteration.
    fn step(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let suspended = self.suspended.borrow(py).take();
        match suspended {
            None => {}
            Some(Suspended::Future(iterator)) => match iterator.call_method0(py, intern!(py, "__next__")) {
                Err(error) if error.is_instance_of::<PyStopIteration>(py) => {}
                other => {
                    *self.suspended.borrow(py) = Some(Suspended::Future(iterator));
                    return other;
                }
            },
            Some(Suspended::Waiter(waiter)) if waiter.get().is_done(py) => {}
            Some(waiting) => {
                *self.suspended.borrow(py) = Some(waiting);
                return Err(PyRuntimeError::new_err("await wasn't used with future"));
            }
        }
        match self.conversation.poll(py, self.what)? {
            // A dict or None: either becomes the exception's only argument, if there ever is need of the exception.
            Polled::Ready(value) => Err(PyStopIteration::new_err(value)),
            Polled::Pending(future) => {
                let iterator = future.call_method0(py, intern!(py, "__await__"))?;
                let waited_for = iterator.call_method0(py, intern!(py, "__next__"));
                *self.suspended.borrow(py) = Some(Suspended::Future(iterator));
                waited_for
            }
            Polled::Waiting(waiter) => {
                *self.suspended.borrow(py) = Some(Suspended::Waiter(waiter.clone_ref(py)));
                Ok(waiter.into_any())
            }
        }
    }
}

#[pymethods]
impl Wait {
    fn __await__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        self.step(py)
    }

    fn send(&self, py: Python<'_>, _value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        self.step(py)
    }

    #[pyo3(signature = (kind, value = None, traceback = None))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let suspended = self.suspended.borrow(py).take();
        drop(suspended);
        Err(thrown(kind, value, traceback))
    }

    fn close(&self, py: Python<'_>) {
        let suspended = self.suspended.borrow(py).take();
        drop(suspended);
    }

    /// As coroutines have it, for the `repr` of Tasks.
    #[getter]
    fn __qualname__(&self) -> &'static str {
        match self.what {
            WaitFor::Message => "receive",
            WaitFor::Room => "send",
        }
    }
}

/// The exception of a `throw(type, value, traceback)`, which may also be called with an instance alone.
fn thrown(
    kind: Bound<'_, PyAny>,
    value: Option<Bound<'_, PyAny>>,
    traceback: Option<Bound<'_, PyAny>>,
) -> PyErr {
    let exception = match value {
        Some(value) if value.is_instance(&kind).unwrap_or(false) => value,
        Some(value) => match kind.call1((value,)) {
            Ok(exception) => exception,
            Err(error) => return error,
        },
        None if kind.is_callable() => match kind.call0() {
            Ok(exception) => exception,
            Err(error) => return error,
        },
        None => kind,
    };
    if let Some(traceback) = traceback
        && exception.setattr("__traceback__", traceback).is_err()
    {
        return PyTypeError::new_err("throw() takes a traceback as its third argument");
    }
    PyErr::from_value(exception)
}
