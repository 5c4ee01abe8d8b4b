//! The names of entries that came before: maps have the same ones again and again.
//!
//! Python's own table of interned strings is no place for what comes from outside: from 3.12 on it keeps them for ever.

use std::hash::Hasher;

use pyo3::prelude::*;
use pyo3::types::PyString;
use rustc_hash::FxHasher;

use crate::gil_cell::GilCell;

/// Longer names are not kept.
const NAME_BYTES_MAX: usize = 32;
/// Names that are kept: each has one place, which the next of the same place takes over. A power of two.
const PLACES: usize = 512;

/// Names that came, as Python's strings with their hashes.
#[derive(Debug)]
pub(crate) struct Names(GilCell<Vec<Option<Py<PyString>>>>);

impl Names {
    pub(super) fn new() -> Self {
        Self(GilCell::new((0..PLACES).map(|_| None).collect()))
    }

    /// The string of a name.
    pub(super) fn get<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyString>> {
        if name.len() > NAME_BYTES_MAX {
            return Ok(PyString::new(py, name));
        }
        let mut hasher = FxHasher::default();
        hasher.write(name.as_bytes());
        let place = (hasher.finish() >> (u64::BITS - PLACES.trailing_zeros())) as usize;
        if let Some(known) = &self.0.borrow(py)[place] {
            let known = known.bind(py);
            if known.to_str()? == name {
                return Ok(known.clone());
            }
        }
        let made = PyString::new(py, name);
        let before = self.0.borrow(py)[place].replace(made.clone().unbind());
        drop(before);
        Ok(made)
    }
}
