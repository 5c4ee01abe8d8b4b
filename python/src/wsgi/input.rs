//! `wsgi.input`: the request's body as a file.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PySlice};

use super::exchange::WsgiExchange;
use super::link::WsgiLink;
use crate::errors::ClientDisconnected;

/// `wsgi.input`. It waits, without the GIL, for what has not arrived; after the body's end it is at its end as a file.
///
/// PEP 3333 asks for four methods. The others are what `io.BufferedReader` and `io.TextIOWrapper` ask of a raw stream. Closing
/// it, which a wrapper does when it is collected, leaves it open: what is behind the wrapper may still read.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Input {
    exchange: Py<WsgiExchange>,
}

impl Input {
    pub(crate) fn new(exchange: Py<WsgiExchange>) -> Self {
        Self { exchange }
    }

    /// Takes up to `limit` bytes, and no more than to the first byte `stop`. `Ok(false)`: the body is over.
    fn take(&self, py: Python<'_>, into: &mut Vec<u8>, limit: usize, stop: Option<u8>) -> PyResult<bool> {
        let exchange = self.exchange.get();
        let link = exchange.link.get();
        loop {
            let mut state = exchange.state.borrow(py);
            if let Some(part) = state.inbox.front_mut() {
                let rest = &part.data[part.taken..];
                let mut count = rest.len().min(limit);
                if let Some(stop) = stop
                    && let Some(at) = rest[..count].iter().position(|&byte| byte == stop)
                {
                    count = at + 1;
                }
                into.extend_from_slice(&rest[..count]);
                part.taken += count;
                let credit = if part.costs_credit { count } else { 0 };
                if part.taken == part.data.len() {
                    state.inbox.pop_front();
                }
                drop(state);
                if credit > 0 {
                    link.worker(py, |worker| worker.consumed(exchange.key, credit));
                }
                return Ok(true);
            }
            if state.request_ended {
                return Ok(false);
            }
            if state.gone {
                return Err(ClientDisconnected::new_err("the client left before its request was complete"));
            }
            let continue_due = std::mem::take(&mut state.continue_due);
            drop(state);
            if continue_due {
                let sent = link.worker(py, |worker| worker.inform(exchange.key, 100, b""));
                debug_assert!(sent.is_ok(), "nothing is not too long");
            }
            WsgiLink::wait_for(exchange.link.bind(py), exchange)?;
        }
    }

    fn read_some(&self, py: Python<'_>, limit: usize) -> PyResult<Vec<u8>> {
        let mut data = Vec::new();
        // A frame that only ends the body is a part without bytes.
        while data.is_empty() && limit > 0 && self.take(py, &mut data, limit, None)? {}
        Ok(data)
    }

    fn read_line(&self, py: Python<'_>, size: Option<isize>) -> PyResult<Vec<u8>> {
        let limit = limit(size);
        let mut line = Vec::new();
        while line.len() < limit && line.last() != Some(&b'\n') {
            let room = limit - line.len();
            if !self.take(py, &mut line, room, Some(b'\n'))? {
                break;
            }
        }
        Ok(line)
    }
}

/// A size as file objects have it: negative or None is all there is.
fn limit(size: Option<isize>) -> usize {
    size.and_then(|size| usize::try_from(size).ok()).unwrap_or(usize::MAX)
}

#[pymethods]
impl Input {
    #[pyo3(signature = (size = None, /))]
    fn read<'py>(&self, py: Python<'py>, size: Option<isize>) -> PyResult<Bound<'py, PyBytes>> {
        let limit = limit(size);
        let mut data = Vec::new();
        while data.len() < limit {
            let room = limit - data.len();
            if !self.take(py, &mut data, room, None)? {
                break;
            }
        }
        Ok(PyBytes::new(py, &data))
    }

    #[pyo3(signature = (size = None, /))]
    fn readline<'py>(&self, py: Python<'py>, size: Option<isize>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read_line(py, size)?))
    }

    /// All lines, or, with a hint, as many as have that many bytes together.
    #[pyo3(signature = (hint = None, /))]
    fn readlines<'py>(&self, py: Python<'py>, hint: Option<isize>) -> PyResult<Bound<'py, PyList>> {
        let enough = match hint {
            Some(hint) if hint > 0 => limit(Some(hint)),
            _ => usize::MAX,
        };
        let lines = PyList::empty(py);
        let mut total = 0;
        while total < enough {
            let line = self.read_line(py, None)?;
            if line.is_empty() {
                break;
            }
            total += line.len();
            lines.append(PyBytes::new(py, &line))?;
        }
        Ok(lines)
    }

    /// What is there, up to `size` bytes; waits only if that is nothing. `io.TextIOWrapper` prefers it.
    #[pyo3(signature = (size = None, /))]
    fn read1<'py>(&self, py: Python<'py>, size: Option<isize>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.read_some(py, limit(size))?))
    }

    /// Reads what is there into a writable buffer, as `io.BufferedReader` does with its raw stream.
    fn readinto(&self, py: Python<'_>, buffer: &Bound<'_, PyAny>) -> PyResult<usize> {
        let data = self.read_some(py, buffer.len()?)?;
        let slice = PySlice::new(py, 0, data.len() as isize, 1);
        buffer.set_item(slice, PyBytes::new(py, &data))?;
        Ok(data.len())
    }

    fn readable(&self) -> bool {
        true
    }

    fn writable(&self) -> bool {
        false
    }

    fn seekable(&self) -> bool {
        false
    }

    fn isatty(&self) -> bool {
        false
    }

    #[getter]
    fn closed(&self) -> bool {
        false
    }

    fn flush(&self) {}

    fn close(&self) {}

    fn __iter__(slf: Py<Self>) -> Py<Self> {
        slf
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let line = self.read_line(py, None)?;
        Ok((!line.is_empty()).then(|| PyBytes::new(py, &line)))
    }
}
