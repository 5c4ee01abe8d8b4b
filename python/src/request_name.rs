//! What a request is called in the log.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

/// A request's method and target, kept as the objects that its scope or environ holds anyway.
#[derive(Debug)]
pub(crate) struct RequestName {
    method: Py<PyString>,
    /// Bytes or text, as it was sent: percent-encoded, so that nothing in it breaks a line of the log.
    target: Py<PyAny>,
}

impl RequestName {
    pub(crate) fn new(method: Py<PyString>, target: Py<PyAny>) -> Self {
        Self { method, target }
    }

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self { method: self.method.clone_ref(py), target: self.target.clone_ref(py) }
    }

    /// What is to be said about the request: `GET /path: …`. The query stays out: it may hold secrets.
    pub(crate) fn say(&self, py: Python<'_>, message: &str) -> String {
        let target = self.target.bind(py);
        let target = match target.cast::<PyBytes>() {
            Ok(bytes) => String::from_utf8_lossy(bytes.as_bytes()).into_owned(),
            Err(_) => target.to_string(),
        };
        let path = target.split('?').next().unwrap_or_default();
        format!("{} {path}: {message}", self.method.bind(py))
    }
}
