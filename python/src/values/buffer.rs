//! Python's buffer protocol.

use std::os::raw::c_int;

use pyo3::ffi::PyObject;
use pyo3::prelude::*;

/// `Py_buffer`. It and the two functions are of the stable ABI from 3.11 on; 3.10 has the same.
#[repr(C)]
struct View {
    buf: *mut u8,
    obj: *mut PyObject,
    len: isize,
    itemsize: isize,
    readonly: c_int,
    ndim: c_int,
    format: *mut u8,
    shape: *mut isize,
    strides: *mut isize,
    suboffsets: *mut isize,
    internal: *mut u8,
}

const PYBUF_SIMPLE: c_int = 0;

// SAFETY: these are the signatures of CPython's functions, whose `Py_buffer` is `View`.
#[allow(unsafe_code)]
unsafe extern "C" {
    fn PyObject_GetBuffer(object: *mut PyObject, view: *mut View, flags: c_int) -> c_int;
    fn PyBuffer_Release(view: *mut View);
}

/// Appends the bytes of an object that has them in a row, as C arrays do.
///
/// # Errors
/// `BufferError` or `TypeError`, as the object says.
pub(super) fn append(object: &Bound<'_, PyAny>, out: &mut Vec<u8>) -> PyResult<()> {
    with_bytes(object, |bytes| out.extend_from_slice(bytes))
}

/// Calls `act` with the bytes of an object that has them in a row. `act` must not call into Python.
pub(super) fn with_bytes<R>(object: &Bound<'_, PyAny>, act: impl FnOnce(&[u8]) -> R) -> PyResult<R> {
    let mut view = std::mem::MaybeUninit::<View>::zeroed();
    // SAFETY: the object is alive, the view has room for what is written, and the GIL is held.
    #[allow(unsafe_code)]
    let failed = unsafe { PyObject_GetBuffer(object.as_ptr(), view.as_mut_ptr(), PYBUF_SIMPLE) } != 0;
    if failed {
        return Err(PyErr::fetch(object.py()));
    }
    // SAFETY: the call has succeeded, so the view is filled in.
    #[allow(unsafe_code)]
    let view = unsafe { view.assume_init_mut() };
    let length = usize::try_from(view.len).unwrap_or(0);
    let result = if length == 0 {
        act(&[])
    } else {
        // SAFETY: `PYBUF_SIMPLE` grants `len` bytes in a row from `buf` until the release below. The GIL is held all the while,
        // and `act` runs no Python code.
        #[allow(unsafe_code)]
        act(unsafe { std::slice::from_raw_parts(view.buf, length) })
    };
    // SAFETY: the view was filled in above and is released once.
    #[allow(unsafe_code)]
    unsafe {
        PyBuffer_Release(view);
    }
    Ok(result)
}
