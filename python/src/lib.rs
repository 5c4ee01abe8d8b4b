//! The native half of a Python worker.
//!
//! What happens once a request is here: reading the link, building scopes and environs, encoding responses. What
//! happens once a worker is Python, in `diglot/_worker`: loading the application, its loop, its lifespan, errors.
//!
//! `diglot_worker.py` loads this library by its path as the module `diglot._native`.

mod asgi;
mod calls;
mod errors;
mod gil_cell;
mod request_name;
mod response;
mod scope;
mod transport;
mod values;
mod wsgi;

use std::io;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};

use diglot_link::Worker;
use pyo3::prelude::*;

/// Takes ownership of a file descriptor that Python passed as a number.
fn own_fd(fd: RawFd) -> io::Result<OwnedFd> {
    if fd < 0 {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    // SAFETY: the number is that of the link, which the server has made for this process and which nothing else
    // here owns; it is taken once, by whichever of `AsgiLink`, `WsgiLink` and `fail` the worker calls.
    #[allow(unsafe_code)]
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Tells the server why the application could not be loaded.
#[pyfunction]
fn fail(py: Python<'_>, fd: RawFd, reason: &str) -> PyResult<()> {
    let socket = own_fd(fd)?;
    Ok(py.detach(move || -> io::Result<()> {
        let mut worker = Worker::<()>::new();
        let (socket, _) = transport::greet(socket, &mut worker)?;
        worker.failed(reason);
        transport::flush_blocking(socket.as_fd(), worker.output())
    })?)
}

#[pymodule(gil_used = true)]
#[pyo3(name = "_native")]
fn native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(fail, module)?)?;
    module.add_class::<asgi::AsgiLink>()?;
    #[cfg(target_os = "linux")]
    module.add_class::<asgi::Timers>()?;
    module.add_class::<wsgi::WsgiLink>()?;
    module.add_class::<calls::CallsLink>()?;
    module.add_class::<calls::ServedRequest>()?;
    module.add_class::<values::Codec>()?;
    module.add("TooLargeError", module.py().get_type::<calls::TooLargeError>())?;
    module.add("MalformedError", module.py().get_type::<values::MalformedError>())?;
    module.add("UnsupportedError", module.py().get_type::<values::UnsupportedError>())?;
    module.add("ClientDisconnected", module.py().get_type::<errors::ClientDisconnected>())?;
    Ok(())
}
