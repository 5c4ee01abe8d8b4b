//! The request in which a call is made: its head, for what a call takes along of it, and whether its client still waits.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::gil_cell::GilCell;

/// What the context variable of calls is set to while an application serves a request: only in programs that use calls.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct ServedRequest {
    /// The ASGI scope, or WSGI's environ.
    #[pyo3(get)]
    described: Py<PyDict>,
    state: GilCell<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What Python made of it when the first call was made in it.
    call_scope: Option<Py<PyAny>>,
    is_left: bool,
    is_answered: bool,
}

impl ServedRequest {
    /// Sets the context variable to a request that is about to be served.
    pub(crate) fn begin(
        py: Python<'_>,
        variable: &Py<PyAny>,
        described: &Bound<'_, PyDict>,
    ) -> PyResult<Py<Self>> {
        let served = Py::new(
            py,
            Self { described: described.clone().unbind(), state: GilCell::new(State::default()) },
        )?;
        variable.call_method1(py, intern!(py, "set"), (&served,))?;
        Ok(served)
    }

    /// The client has left: the calls that were made for it are aborted.
    pub(crate) fn left(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        state.is_left = true;
        let call_scope = state.call_scope.as_ref().map(|scope| scope.clone_ref(py));
        drop(state);
        match call_scope {
            Some(scope) => scope.call_method0(py, intern!(py, "leave_by_client")).map(drop),
            None => Ok(()),
        }
    }

    /// The application has returned, or raised: what it has left running is on its own.
    pub(crate) fn answered(&self, py: Python<'_>) {
        self.state.borrow(py).is_answered = true;
    }
}

#[pymethods]
impl ServedRequest {
    #[getter]
    fn call_scope(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.state.borrow(py).call_scope.as_ref().map(|scope| scope.clone_ref(py))
    }

    #[setter]
    fn set_call_scope(&self, py: Python<'_>, scope: Py<PyAny>) {
        let before = self.state.borrow(py).call_scope.replace(scope);
        drop(before);
    }

    #[getter]
    fn is_left(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).is_left
    }

    #[getter]
    fn is_answered(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).is_answered
    }
}
