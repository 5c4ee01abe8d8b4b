//! The events applications pass to `send()`, read and checked.

use pyo3::exceptions::{PyRuntimeError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyString, PyTuple};

use super::file::Source;
use crate::errors::type_name;
use crate::response::Head;

/// An event an HTTP application may send.
#[derive(Debug)]
pub(crate) enum Event<'py> {
    Start {
        head: Head,
        trailers: bool,
    },
    Body {
        data: Bound<'py, PyBytes>,
        more: bool,
    },
    /// `http.response.pathsend` (never with `more`) or `http.response.zerocopysend`.
    File {
        source: Source<'py>,
        more: bool,
    },
    Trailers {
        lines: Vec<u8>,
        more: bool,
    },
    EarlyHint {
        lines: Vec<u8>,
    },
}

impl<'py> Event<'py> {
    /// Reads an event. `lines` is an empty buffer to write field lines to.
    pub(crate) fn read(event: &Bound<'py, PyAny>, lines: Vec<u8>) -> PyResult<Self> {
        let py = event.py();
        let event = event_dict(event)?;
        let kind = event_type(&event)?;
        match kind.to_str()? {
            "http.response.start" => Self::start(&event, lines),
            "http.response.body" => Self::body(&event),
            "http.response.pathsend" => Self::path(&event),
            "http.response.zerocopysend" => Self::open_file(&event),
            "http.response.trailers" => {
                let head = Head { lines, ..Head::default() };
                let head = read_fields(event.get_item(intern!(py, "headers"))?, head)?;
                Ok(Self::Trailers { lines: head.lines, more: flag(&event, intern!(py, "more_trailers"))? })
            }
            "http.response.early_hint" => {
                let mut head = Head { lines, ..Head::default() };
                if let Some(links) = event.get_item(intern!(py, "links"))? {
                    for link in links.try_iter()? {
                        let link = as_bytes(link?, "a link")?;
                        head.push(b"link", link.as_bytes())
                            .map_err(|bad| PyValueError::new_err(bad.to_string()))?;
                    }
                }
                Ok(Self::EarlyHint { lines: head.lines })
            }
            other => Err(PyValueError::new_err(format!("{other:?} is no ASGI event an HTTP response has"))),
        }
    }

    /// The head of a response. `lines` as in [`Self::read`].
    pub(crate) fn start(event: &Bound<'py, PyDict>, lines: Vec<u8>) -> PyResult<Self> {
        let py = event.py();
        let Some(status) = event.get_item(intern!(py, "status"))? else {
            return Err(PyValueError::new_err("http.response.start needs a \"status\""));
        };
        if !status.is_instance_of::<PyInt>() {
            return Err(PyTypeError::new_err(format!("\"status\" is an int, not {}", type_name(&status))));
        }
        let status = match status.extract::<u16>() {
            Ok(status @ 200..=999) => status,
            _ => {
                return Err(PyValueError::new_err(format!(
                    "status {status} cannot begin a response: it must be within 200 and 999"
                )));
            }
        };
        let head = read_fields(event.get_item(intern!(py, "headers"))?, Head::new(status, lines))?;
        Ok(Self::Start { head, trailers: flag(event, intern!(py, "trailers"))? })
    }

    /// A part of a response's body.
    pub(crate) fn body(event: &Bound<'py, PyDict>) -> PyResult<Self> {
        let py = event.py();
        let data = match event.get_item(intern!(py, "body"))? {
            Some(body) => as_bytes(body, "a body")?,
            None => PyBytes::new(py, b""),
        };
        Ok(Self::Body { data, more: flag(event, intern!(py, "more_body"))? })
    }

    /// A file by its path.
    fn path(event: &Bound<'py, PyDict>) -> PyResult<Self> {
        let py = event.py();
        let Some(path) = event.get_item(intern!(py, "path"))? else {
            return Err(PyValueError::new_err("http.response.pathsend needs a \"path\""));
        };
        let path = path.cast_into::<PyString>().map_err(|error| {
            let given = type_name(&error.into_inner());
            PyTypeError::new_err(format!("\"path\" is a str, not {given}"))
        })?;
        Ok(Self::File { source: Source::Path(path), more: false })
    }

    /// A file that the application has opened.
    fn open_file(event: &Bound<'py, PyDict>) -> PyResult<Self> {
        let py = event.py();
        let Some(file) = event.get_item(intern!(py, "file"))? else {
            return Err(PyValueError::new_err("http.response.zerocopysend needs a \"file\""));
        };
        let offset = byte_count(event, intern!(py, "offset"))?;
        let count = byte_count(event, intern!(py, "count"))?;
        Ok(Self::File {
            source: Source::Open { file, offset, count },
            more: flag(event, intern!(py, "more_body"))?,
        })
    }

    /// The event's name, for messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Start { .. } => "http.response.start",
            Self::Body { .. } => "http.response.body",
            Self::File { source: Source::Path(_), .. } => "http.response.pathsend",
            Self::File { source: Source::Open { .. }, .. } => "http.response.zerocopysend",
            Self::Trailers { .. } => "http.response.trailers",
            Self::EarlyHint { .. } => "http.response.early_hint",
        }
    }
}

/// An event that came when another was due.
pub(crate) fn out_of_turn(expected: &str, got: &str) -> PyErr {
    PyRuntimeError::new_err(format!("expected the ASGI event {expected:?}, got {got:?}"))
}

fn read_fields(headers: Option<Bound<'_, PyAny>>, mut head: Head) -> PyResult<Head> {
    let Some(headers) = headers else { return Ok(head) };
    if let Ok(list) = headers.cast_exact::<PyList>() {
        for pair in list {
            push_pair(&mut head, &pair, |_| Ok(()))?;
        }
    } else if !headers.is_none() {
        for pair in headers.try_iter()? {
            push_pair(&mut head, &pair?, |_| Ok(()))?;
        }
    }
    Ok(head)
}

/// Appends a field of an application, unless `check` refuses its name.
pub(crate) fn push_pair(
    head: &mut Head,
    pair: &Bound<'_, PyAny>,
    check: impl Fn(&[u8]) -> PyResult<()>,
) -> PyResult<()> {
    let (name, value) = if let Ok(pair) = pair.cast::<PyTuple>()
        && pair.len() == 2
    {
        (pair.get_item(0)?, pair.get_item(1)?)
    } else if pair.len().is_ok_and(|length| length == 2) {
        (pair.get_item(0)?, pair.get_item(1)?)
    } else {
        return Err(PyTypeError::new_err(format!(
            "a header is a pair of bytes objects, not {}",
            type_name(pair)
        )));
    };
    let (Ok(name), Ok(value)) = (name.cast::<PyBytes>(), value.cast::<PyBytes>()) else {
        return Err(PyTypeError::new_err(format!(
            "the name and the value of a header are bytes objects, not {} and {}",
            type_name(&name),
            type_name(&value)
        )));
    };
    check(name.as_bytes())?;
    head.push(name.as_bytes(), value.as_bytes()).map_err(|bad| PyValueError::new_err(bad.to_string()))
}

fn flag(event: &Bound<'_, PyDict>, key: &Bound<'_, PyString>) -> PyResult<bool> {
    match event.get_item(key)? {
        Some(value) => value.is_truthy(),
        None => Ok(false),
    }
}

/// A number of bytes of a file, if it is there.
fn byte_count(event: &Bound<'_, PyDict>, key: &Bound<'_, PyString>) -> PyResult<Option<u64>> {
    let Some(value) = event.get_item(key)?.filter(|value| !value.is_none()) else { return Ok(None) };
    if !value.is_instance_of::<PyInt>() {
        return Err(PyTypeError::new_err(format!("\"{key}\" is an int, not {}", type_name(&value))));
    }
    match value.extract::<u64>() {
        Ok(count) if i64::try_from(count).is_ok() => Ok(Some(count)),
        _ => Err(PyValueError::new_err(format!("\"{key}\" is {value}: no file has so many bytes"))),
    }
}

/// An event as the dict it is.
pub(crate) fn event_dict<'py>(event: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyDict>> {
    if let Ok(event) = event.cast::<PyDict>() {
        return Ok(event.clone());
    }
    let wrong = || PyTypeError::new_err(format!("an ASGI event is a dict, not {}", type_name(event)));
    let dict = event.py().get_type::<PyDict>().call1((event,)).map_err(|_| wrong())?;
    dict.cast_into::<PyDict>().map_err(|_| wrong())
}

/// An event's type.
pub(crate) fn event_type<'py>(event: &Bound<'py, PyDict>) -> PyResult<Bound<'py, PyString>> {
    let Some(kind) = event.get_item(intern!(event.py(), "type"))? else {
        return Err(PyValueError::new_err("an ASGI event needs a \"type\""));
    };
    kind.cast_into::<PyString>().map_err(|error| {
        let given = type_name(&error.into_inner());
        PyTypeError::new_err(format!("the \"type\" of an ASGI event is a str, not {given}"))
    })
}

/// `bytes` as they are; other buffers are copied. `what` it is, for messages.
pub(crate) fn as_bytes<'py>(body: Bound<'py, PyAny>, what: &str) -> PyResult<Bound<'py, PyBytes>> {
    let body = match body.cast_into::<PyBytes>() {
        Ok(bytes) => return Ok(bytes),
        Err(error) => error.into_inner(),
    };
    let py = body.py();
    let copied = if body.is_instance_of::<PyString>() || body.is_instance_of::<PyInt>() {
        None
    } else {
        let memory =
            py.import(intern!(py, "builtins"))?.getattr(intern!(py, "memoryview"))?.call1((&body,)).ok();
        memory.and_then(|memory| memory.call_method0(intern!(py, "tobytes")).ok())
    };
    match copied.map(Bound::cast_into::<PyBytes>) {
        Some(Ok(bytes)) => Ok(bytes),
        _ => Err(PyTypeError::new_err(format!("{what} is a bytes object, not {}", type_name(&body)))),
    }
}
