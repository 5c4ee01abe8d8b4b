//! One request and its response: `start_response` and `write`.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use diglot_link::message::CancelReason;
use diglot_link::{StreamKey, Worker};
use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString, PyTuple};

use super::link::WsgiLink;
use super::permit::Permit;
use crate::calls::ServedRequest;
use crate::errors::{ClientDisconnected, type_name};
use crate::gil_cell::GilCell;
use crate::request_name::RequestName;
use crate::response::Head;

/// One request and its response.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct WsgiExchange {
    pub(crate) link: Py<WsgiLink>,
    pub(crate) key: StreamKey,
    name: RequestName,
    is_head: bool,
    /// Set where the program makes calls of functions.
    pub(crate) served: OnceLock<Py<ServedRequest>>,
    pub(crate) state: GilCell<State>,
}

#[derive(Debug)]
pub(crate) struct State {
    /// Parts of the body that have not been taken.
    pub(crate) inbox: VecDeque<Part>,
    pub(crate) request_ended: bool,
    /// The client waits for a 100 (Continue).
    pub(crate) continue_due: bool,
    /// Nobody waits for the response any more.
    pub(crate) gone: bool,
    /// A thread waits for anything that changes this state.
    pub(crate) waiting: Option<Arc<Permit>>,
    head: Option<Head>,
    head_sent: bool,
    /// The response has no body, whatever the application sends.
    bodiless: bool,
    /// The response is over for the front.
    over: bool,
    length_left: Option<u64>,
}

/// A part of a request's body.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) data: Vec<u8>,
    /// How much of it has been taken.
    pub(crate) taken: usize,
    /// It came as a BODY frame, and its bytes are credit to be given back.
    pub(crate) costs_credit: bool,
}

/// How a response stands after something was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// More may follow.
    Going,
    /// As much as was announced has been sent.
    Complete,
    /// What follows goes nowhere.
    Gone,
}

impl WsgiExchange {
    pub(crate) fn new(
        link: Py<WsgiLink>,
        key: StreamKey,
        name: RequestName,
        is_head: bool,
        state: State,
    ) -> Self {
        Self { link, key, name, is_head, served: OnceLock::new(), state: GilCell::new(state) }
    }

    /// Writes to the log what went wrong with this request, with the traceback of `exception`.
    pub(crate) fn report(
        &self,
        py: Python<'_>,
        message: &str,
        exception: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.link.get().report(py, &self.name.say(py, message), exception)
    }

    pub(crate) fn is_gone(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).gone
    }

    /// Sends a part of the body, after the head if that has not left; `end` if it is the last.
    pub(crate) fn send(&self, py: Python<'_>, data: &[u8], end: bool) -> PyResult<Sent> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        if state.gone {
            return Ok(Sent::Gone);
        }
        if state.over {
            let cut = if state.bodiless { 0 } else { data.len() };
            drop(state);
            self.report_cut(py, cut as u64)?;
            return Ok(Sent::Complete);
        }
        let head = if state.head_sent { None } else { Some(state.take_head(self.is_head, data, end)?) };
        let mut data = if state.bodiless { b"" } else { data };
        let (mut cut, mut missing) = (0, 0);
        let mut ends = end;
        if let Some(left) = state.length_left {
            let length = data.len() as u64;
            cut = length.saturating_sub(left);
            missing = if end { left.saturating_sub(length) } else { 0 };
            data = &data[..length.min(left) as usize];
            state.length_left = Some(left.saturating_sub(length));
            // Everything that was announced is there: the response need not wait for the iterator's end.
            ends |= left > 0 && length >= left;
        }
        state.over = ends;
        drop(state);
        self.report_cut(py, cut)?;
        if missing > 0 {
            self.report(
                py,
                &format!(
                    "the response's body is {missing} bytes shorter than its Content-Length: it was given up"
                ),
                None,
            )?;
            link.worker(py, |worker| worker.cancel(self.key, CancelReason::AppFailed));
            return Ok(Sent::Gone);
        }
        let mut taken = match head {
            Some(head) => {
                let respond =
                    |worker: &mut Worker<()>| worker.respond(self.key, head.status, &head.lines, data, ends);
                let taken = link.worker(py, respond).unwrap_or(data.len());
                link.spare(py, head.lines);
                taken
            }
            None if data.is_empty() && !ends => data.len(),
            None => link.worker(py, |worker| worker.body(self.key, data, ends)),
        };
        while taken < data.len() {
            WsgiLink::wait_for(self.link.bind(py), self)?;
            if self.is_gone(py) {
                return Ok(Sent::Gone);
            }
            taken += link.worker(py, |worker| worker.body(self.key, &data[taken..], ends));
        }
        Ok(if ends { Sent::Complete } else { Sent::Going })
    }

    fn report_cut(&self, py: Python<'_>, cut: u64) -> PyResult<()> {
        if cut == 0 {
            return Ok(());
        }
        let message =
            format!("the response's body is longer than its Content-Length: {cut} bytes were cut off");
        self.report(py, &message, None)
    }

    /// The application has ended. Returns what there is to say about its response.
    pub(crate) fn ended(&self, py: Python<'_>, failed: bool) -> PyResult<Option<&'static str>> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        let (gone, head_sent, over) = (state.gone, state.head_sent, state.over);
        let request_open = !state.request_ended;
        let unread: usize = std::mem::take(&mut state.inbox).iter().map(Part::credit).sum();
        state.over = true;
        drop(state);
        let said = link.worker(py, |worker| {
            if unread > 0 {
                worker.consumed(self.key, unread);
            }
            if gone {
                worker.cancel(self.key, CancelReason::Acknowledged);
                return None;
            }
            let said = if over {
                failed.then_some("the application failed after its response")
            } else if !head_sent {
                const BODY: &[u8] = b"Internal Server Error";
                const LINES: &[u8] = b"content-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n";
                let body = if self.is_head { b"" } else { BODY };
                let answered = worker.respond(self.key, 500, LINES, body, true);
                debug_assert!(answered.is_ok(), "a few bytes are not too long");
                Some(match failed {
                    true => "the application failed: sent 500",
                    false => "the application returned without a response: sent 500",
                })
            } else {
                worker.cancel(self.key, CancelReason::AppFailed);
                Some("the application failed in the middle of its response")
            };
            if request_open {
                worker.stop(self.key);
            }
            said
        });
        Ok(said)
    }
}

impl State {
    pub(crate) fn new(body: &[u8], ended: bool, continue_due: bool) -> Self {
        let mut inbox = VecDeque::new();
        if !body.is_empty() {
            inbox.push_back(Part { data: body.to_vec(), taken: 0, costs_credit: false });
        }
        Self {
            inbox,
            request_ended: ended,
            continue_due,
            gone: false,
            waiting: None,
            head: None,
            head_sent: false,
            bodiless: false,
            over: false,
            length_left: None,
        }
    }

    /// The head, when the first part of the body (`data`, the only one if `end`) makes it leave.
    fn take_head(&mut self, is_head: bool, data: &[u8], end: bool) -> PyResult<Head> {
        let Some(mut head) = self.head.take() else {
            let message = "the application sent a body before start_response() was called";
            return Err(PyRuntimeError::new_err(message));
        };
        self.head_sent = true;
        self.bodiless = is_head || head.has_no_body();
        self.length_left = if self.bodiless { None } else { head.length };
        if is_head && end && head.length.is_none() && !head.has_no_body() && !data.is_empty() {
            head.lines.extend_from_slice(format!("content-length: {}\r\n", data.len()).as_bytes());
        }
        Ok(head)
    }
}

impl Part {
    /// The credit that is due for what has not been taken.
    fn credit(&self) -> usize {
        if self.costs_credit { self.data.len() - self.taken } else { 0 }
    }
}

#[pymethods]
impl WsgiExchange {
    /// The application's `start_response(status, headers, exc_info=None)`.
    #[pyo3(signature = (status, headers, exc_info = None))]
    fn start_response(
        slf: &Bound<'_, Self>,
        status: &Bound<'_, PyAny>,
        headers: &Bound<'_, PyAny>,
        exc_info: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let exc_info = exc_info.filter(|exc_info| !exc_info.is_none());
        let state = this.state.borrow(py);
        let (started, head_sent) = (state.head.is_some() || state.head_sent, state.head_sent);
        drop(state);
        match exc_info {
            Some(exc_info) if head_sent => return Err(raised(exc_info)),
            None if started => {
                return Err(PyRuntimeError::new_err(
                    "start_response() was called again without exc_info: a response has one status",
                ));
            }
            _ => {}
        }
        let head = read_head(status, headers, this.link.get().spare_lines(py))?;
        this.state.borrow(py).head = Some(head);
        Ok(slf.getattr(pyo3::intern!(py, "write"))?.unbind())
    }

    /// The callable `start_response` returns: sends `data` at once. Raises [`ClientDisconnected`] once the client has left:
    /// there is no iterator whose `close()` could tell the application.
    #[pyo3(signature = (data, /))]
    fn write(&self, py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<()> {
        let data = data.cast::<PyBytes>().map_err(|_| not_bytes(data))?;
        match self.send(py, data.as_bytes(), false)? {
            Sent::Going => WsgiLink::streamed(self.link.bind(py)),
            Sent::Complete => WsgiLink::completed(self.link.bind(py)),
            Sent::Gone => {
                Err(ClientDisconnected::new_err("the client left before its response was complete"))
            }
        }
    }
}

/// The error for a part of a body that is no bytes object.
pub(crate) fn not_bytes(data: &Bound<'_, PyAny>) -> PyErr {
    PyTypeError::new_err(format!("a body is made of bytes objects, not {}", type_name(data)))
}

/// The error for a body that is one object instead of an iterable of them.
pub(crate) fn not_parts(body: &Bound<'_, PyAny>) -> PyErr {
    let name = type_name(body);
    PyTypeError::new_err(format!(
        "a body is an iterable of bytes objects, not {name}: return a list, [b\"...\"]"
    ))
}

fn raised(exc_info: &Bound<'_, PyAny>) -> PyErr {
    let parts = exc_info.extract::<(Bound<'_, PyAny>, Bound<'_, PyAny>, Bound<'_, PyAny>)>();
    match parts {
        Ok((_, value, traceback)) => match value.setattr("__traceback__", traceback) {
            Ok(()) => PyErr::from_value(value),
            Err(error) => error,
        },
        Err(_) => PyTypeError::new_err("exc_info is what sys.exc_info() returns"),
    }
}

fn read_head(status: &Bound<'_, PyAny>, headers: &Bound<'_, PyAny>, lines: Vec<u8>) -> PyResult<Head> {
    let text = status.cast::<PyString>().map_err(|_| {
        PyTypeError::new_err(format!("status is a str as \"200 OK\", not {}", type_name(status)))
    })?;
    let code = status_code(text.to_str()?).ok_or_else(|| {
        PyValueError::new_err(format!("status {status:?} is not one as \"200 OK\", within 200 and 999"))
    })?;
    let mut head = Head::new(code, lines);
    let headers = headers.cast::<PyList>().map_err(|_| {
        PyTypeError::new_err(format!("headers are a list of tuples, not {}", type_name(headers)))
    })?;
    for pair in headers {
        let (name, value) = match pair.cast::<PyTuple>() {
            Ok(pair) if pair.len() == 2 => (pair.get_item(0)?, pair.get_item(1)?),
            _ => return Err(PyTypeError::new_err(format!("a header is a tuple of two str, not {pair:?}"))),
        };
        let (Ok(name), Ok(value)) = (name.cast::<PyString>(), value.cast::<PyString>()) else {
            return Err(PyTypeError::new_err(format!(
                "the name and the value of a header are str, not {} and {}",
                type_name(&name),
                type_name(&value)
            )));
        };
        let bad = |bad: crate::response::BadField| PyValueError::new_err(bad.to_string());
        let (name, value) = (name.to_str()?, value.to_str()?);
        if value.is_ascii() {
            head.push(name.as_bytes(), value.as_bytes()).map_err(bad)?;
        } else {
            let bytes: Option<Vec<u8>> =
                value.chars().map(|char| u8::try_from(u32::from(char)).ok()).collect();
            let bytes = bytes.ok_or_else(|| {
                PyValueError::new_err(format!("the value of header {name:?} holds characters beyond latin-1"))
            })?;
            head.push(name.as_bytes(), &bytes).map_err(bad)?;
        }
    }
    Ok(head)
}

/// `"200 OK"` is 200. The reason may be missing; what a status line cannot have is refused.
fn status_code(text: &str) -> Option<u16> {
    let (digits, rest) = text.split_at_checked(3)?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let separated = rest.is_empty() || rest.starts_with(' ');
    let clean = !rest.bytes().any(|byte| byte.is_ascii_control());
    digits.parse().ok().filter(|code| plain && separated && clean && (200..=999).contains(code))
}
