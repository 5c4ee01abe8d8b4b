//! Shared state that the GIL guards.

use std::cell::{RefCell, RefMut};

use pyo3::Python;

/// State of a Python object that is only touched while the GIL is held.
///
/// A lock would be taken and released several times a request to exclude threads that the GIL excludes already.
/// What is left of the danger is re-entry: an allocation may run the finaliser of any object, and that may call
/// back. So a borrow never spans a call into Python; one that does panics, which Python sees as an exception.
#[derive(Debug)]
pub(crate) struct GilCell<T>(RefCell<T>);

// In a free-threaded CPython a token proves that a thread is attached, not that no other is. An object's head is larger
// there, which tells the builds apart without a build script.
const _: () = assert!(
    size_of::<pyo3::ffi::PyObject>() == 2 * size_of::<usize>(),
    "a free-threaded Python was found, and this module needs the GIL: build with PYO3_NO_PYTHON=1"
);

// SAFETY: every access goes through `borrow`, whose caller proves by its token that it holds the GIL; and the
// GIL of the one interpreter this module can be loaded in orders the accesses of all threads, those to the borrow
// flag included. Builds of CPython without a GIL do not load the stable ABI this crate is built for, and a module built
// for one of them is ruled out above.
#[allow(unsafe_code)]
unsafe impl<T: Send> Sync for GilCell<T> {}

impl<T> GilCell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(RefCell::new(value))
    }

    /// The value, until the guard is dropped. Drop it before anything can run Python code.
    #[inline]
    pub(crate) fn borrow<'a>(&'a self, _py: Python<'a>) -> RefMut<'a, T> {
        self.0.borrow_mut()
    }
}
