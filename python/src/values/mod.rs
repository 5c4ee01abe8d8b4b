//! Values of calls: Python's objects as CBOR (RFC 8949) and back, by the table in `docs/internals/calls.md`.
//!
//! What is frequent is done here; for the rest `diglot/_calls/values/kinds.py` is asked, once for each class.

mod buffer;
mod decode;
mod encode;
mod heads;
mod names;

use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use pyo3::{create_exception, exceptions::PyValueError};

pub(crate) use decode::{Message, decode};
pub(crate) use encode::Encoder;

create_exception!(
    diglot._native,
    UnsupportedError,
    PyValueError,
    "A value that cannot cross: its arguments are a message and the path."
);
create_exception!(diglot._native, MalformedError, PyValueError, "Bytes that are no value.");

/// How many arrays, maps and sets may stand in one another.
const DEPTH_MAX: usize = 128;

/// What encodes and decodes values: made of the functions of `kinds.py`.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Codec {
    pub(crate) encoder: Encoder,
    kinds: Py<PyAny>,
    names: names::Names,
}

#[pymethods]
impl Codec {
    /// `kinds` has `classify(type)`, `array_parts(array)`, `typed_array(tag, buffer, offset, count, shape)` and `FROM_TAG`.
    #[new]
    fn new(py: Python<'_>, kinds: Py<PyAny>) -> PyResult<Self> {
        Ok(Self { encoder: Encoder::new(py, kinds.bind(py))?, kinds, names: names::Names::new() })
    }

    /// A value as one message.
    fn encode<'py>(&self, value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        let mut out = Vec::new();
        self.encoder.encode(value, &mut out)?;
        Ok(PyBytes::new(value.py(), &out))
    }

    /// The value of a message. Arrays in a `bytearray` stay where they are; those in `bytes` are copied.
    fn decode<'py>(&self, message: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = message.py();
        if let Ok(owned) = message.cast::<PyByteArray>() {
            return decode(py, self, &Message::Owned(owned.clone().unbind()));
        }
        decode(py, self, &Message::Borrowed(message.cast::<PyBytes>()?.as_bytes()))
    }
}
