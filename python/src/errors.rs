//! Errors both interfaces raise.

use pyo3::create_exception;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

create_exception!(
    diglot._native,
    ClientDisconnected,
    PyOSError,
    "The client left before the request or the response was complete."
);

/// The name of an object's type, for messages.
pub(crate) fn type_name(value: &Bound<'_, PyAny>) -> String {
    value.get_type().qualname().map_or_else(|_| "something else".to_owned(), |name| name.to_string())
}
