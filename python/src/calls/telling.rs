//! What Python is told: who has made a call, or serves one, and both ends where it comes to nothing.

use diglot_calls::message::AbortReason;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::link::CallsLink;
use super::state::Told;

/// Of an error's text, in a THROW that is made here.
const TEXT_CHARACTERS_MAX: usize = 1000;

impl CallsLink {
    /// Ends a call, whoever began it, and tells both ends why. `target` is who made it, where that is no longer kept with it.
    pub(super) fn refuse(
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

    pub(super) fn tell_target(&self, py: Python<'_>, id: u32, word: &'static str) -> PyResult<()> {
        let state = self.state.borrow(py);
        let target = state.calls.get(&id).and_then(|call| call.target.as_ref());
        let told = target.map_or(Told::Nothing, |target| Told::Word(target.clone_ref(py), word));
        drop(state);
        self.tell(py, told)
    }

    pub(super) fn tell(&self, py: Python<'_>, told: Told) -> PyResult<()> {
        match told {
            Told::Nothing => Ok(()),
            Told::Word(target, word) => target.call_method0(py, word).map(drop),
        }
    }

    pub(super) fn end(&self, py: Python<'_>, reason: Option<&str>) -> PyResult<()> {
        let targets: Vec<_> = std::mem::take(&mut self.state.borrow(py).calls)
            .into_values()
            .filter_map(|call| call.target)
            .collect();
        self.host.ended.call1(py, (reason, targets)).map(drop)
    }
}

/// The answer to a call is there, or cannot be read.
pub(super) fn returned(
    py: Python<'_>,
    target: Option<Py<PyAny>>,
    value: PyResult<Bound<'_, PyAny>>,
) -> PyResult<()> {
    let Some(target) = target else { return Ok(()) };
    match value {
        Ok(value) => tell_caller(py, &target, intern!(py, "returned"), value),
        Err(error) => target.call_method1(py, intern!(py, "broken"), (error.value(py),)).map(drop),
    }
}

/// Tells who made a call what came of it. Who cannot take that is told why, as nothing else will come.
pub(super) fn tell_caller(
    py: Python<'_>,
    target: &Py<PyAny>,
    word: &Bound<'_, PyString>,
    argument: Bound<'_, PyAny>,
) -> PyResult<()> {
    let Err(error) = target.call_method1(py, word, (argument,)) else { return Ok(()) };
    target.call_method1(py, intern!(py, "broken"), (error.value(py),))?;
    Err(error)
}
