//! The events a WebSocket's application passes to `send()`, read and checked.

use diglot_link::frame::Type;
use diglot_link::message::Close;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyString};

use super::event::{Event, as_bytes, event_dict, event_type, push_pair};
use crate::errors::type_name;
use crate::response::Head;

/// Fields of the 101 response that are the server's: the handshake's own, and those of one connection.
const FIELDS_OF_THE_HANDSHAKE: [&[u8]; 6] =
    [b"connection", b"upgrade", b"keep-alive", b"proxy-connection", b"content-length", b"transfer-encoding"];

/// An event a WebSocket's application may send.
#[derive(Debug)]
pub(crate) enum SocketEvent<'py> {
    /// With field lines of the 101 response.
    Accept {
        lines: Vec<u8>,
    },
    Send(Message<'py>),
    /// What it says is of use, and read, only where there is a WebSocket to be closed.
    Close(Closing<'py>),
    /// `websocket.http.response.start` or `.body`, as HTTP's.
    Response(Event<'py>),
}

/// A `websocket.close`.
#[derive(Debug)]
pub(crate) struct Closing<'py>(Bound<'py, PyDict>);

/// A message to a client: `bytes` or `str`.
#[derive(Debug)]
pub(crate) enum Message<'py> {
    Binary(Bound<'py, PyBytes>),
    Text(Bound<'py, PyString>),
}

impl<'py> Message<'py> {
    pub(crate) fn kind(&self) -> Type {
        match self {
            Self::Binary(_) => Type::Binary,
            Self::Text(_) => Type::Text,
        }
    }

    /// Its bytes on the wire; a `str` keeps its UTF-8, so that many clients cost one encoding.
    pub(crate) fn bytes(&self) -> PyResult<&[u8]> {
        match self {
            Self::Binary(bytes) => Ok(bytes.as_bytes()),
            Self::Text(text) => Ok(text.to_str()?.as_bytes()),
        }
    }
}

impl<'py> SocketEvent<'py> {
    pub(crate) fn read(event: &Bound<'py, PyAny>) -> PyResult<Self> {
        let event = event_dict(event)?;
        let kind = event_type(&event)?;
        match kind.to_str()? {
            "websocket.send" => Self::message(&event).map(Self::Send),
            "websocket.accept" => Ok(Self::Accept { lines: accepted_fields(&event)? }),
            "websocket.close" => Ok(Self::Close(Closing(event))),
            "websocket.http.response.start" => Event::start(&event, Vec::new()).map(Self::Response),
            "websocket.http.response.body" => Event::body(&event).map(Self::Response),
            other => Err(PyValueError::new_err(format!("{other:?} is no ASGI event a WebSocket has"))),
        }
    }

    fn message(event: &Bound<'py, PyDict>) -> PyResult<Message<'py>> {
        let py = event.py();
        let text = event.get_item(intern!(py, "text"))?.filter(|text| !text.is_none());
        let bytes = event.get_item(intern!(py, "bytes"))?.filter(|bytes| !bytes.is_none());
        match (text, bytes) {
            (Some(text), None) => match text.cast_into::<PyString>() {
                Ok(text) => Ok(Message::Text(text)),
                Err(error) => Err(PyTypeError::new_err(format!(
                    "the \"text\" of websocket.send is a str, not {}",
                    type_name(&error.into_inner())
                ))),
            },
            (None, Some(bytes)) => as_bytes(bytes, "the \"bytes\" of websocket.send").map(Message::Binary),
            (Some(_), Some(_)) => {
                Err(PyValueError::new_err("websocket.send has both \"text\" and \"bytes\": one must be None"))
            }
            (None, None) => Err(PyValueError::new_err("websocket.send needs \"text\" or \"bytes\"")),
        }
    }

    /// The event's name, for messages.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Accept { .. } => "websocket.accept",
            Self::Send(_) => "websocket.send",
            Self::Close(_) => "websocket.close",
            Self::Response(Event::Start { .. }) => "websocket.http.response.start",
            Self::Response(_) => "websocket.http.response.body",
        }
    }
}

impl<'py> Closing<'py> {
    /// Code and reason, checked.
    pub(crate) fn read(&self) -> PyResult<(u16, Option<Bound<'py, PyString>>)> {
        let Self(event) = self;
        let py = event.py();
        let code = match event.get_item(intern!(py, "code"))? {
            None => 1000,
            Some(code) if code.is_instance_of::<PyInt>() => match code.extract::<u16>() {
                Ok(code) if Close::is_sendable(code) => code,
                _ => {
                    return Err(PyValueError::new_err(format!(
                        "a WebSocket cannot be closed with code {code}: those that may be sent are \
                         1000-1003, 1007-1014 and 3000-4999"
                    )));
                }
            },
            Some(code) => {
                return Err(PyTypeError::new_err(format!(
                    "the \"code\" of websocket.close is an int, not {}",
                    type_name(&code)
                )));
            }
        };
        let reason = event.get_item(intern!(py, "reason"))?.filter(|reason| !reason.is_none());
        let reason = match reason.map(Bound::cast_into::<PyString>) {
            None => None,
            Some(Ok(reason)) => Some(reason),
            Some(Err(error)) => {
                return Err(PyTypeError::new_err(format!(
                    "the \"reason\" of websocket.close is a str, not {}",
                    type_name(&error.into_inner())
                )));
            }
        };
        if let Some(reason) = &reason {
            let length = reason.to_str()?.len();
            if length > Close::REASON_BYTES_MAX {
                return Err(PyValueError::new_err(format!(
                    "the \"reason\" of websocket.close has {length} bytes: a close frame holds {}",
                    Close::REASON_BYTES_MAX
                )));
            }
        }
        Ok((code, reason))
    }
}

/// The fields an application adds to the 101 response, as lines.
fn accepted_fields(event: &Bound<'_, PyDict>) -> PyResult<Vec<u8>> {
    let py = event.py();
    let mut head = Head::default();
    let subprotocol = event.get_item(intern!(py, "subprotocol"))?.filter(|value| !value.is_none());
    if let Some(subprotocol) = subprotocol {
        let Ok(subprotocol) = subprotocol.cast::<PyString>() else {
            return Err(PyTypeError::new_err(format!(
                "the \"subprotocol\" of websocket.accept is a str, not {}",
                type_name(&subprotocol)
            )));
        };
        let value = subprotocol.to_str()?;
        if !crate::response::is_token(value.as_bytes()) {
            return Err(PyValueError::new_err(format!("{value:?} is no name of a subprotocol")));
        }
        head.push(b"sec-websocket-protocol", value.as_bytes())
            .map_err(|bad| PyValueError::new_err(bad.to_string()))?;
    }
    let headers = event.get_item(intern!(py, "headers"))?.filter(|headers| !headers.is_none());
    if let Some(headers) = headers {
        for pair in headers.try_iter()? {
            push_pair(&mut head, &pair?, refuse_field_of_handshake)?;
        }
    }
    Ok(head.lines)
}

fn refuse_field_of_handshake(name: &[u8]) -> PyResult<()> {
    const PREFIX: &[u8] = b"sec-websocket-";
    if name.eq_ignore_ascii_case(b"sec-websocket-protocol") {
        return Err(PyValueError::new_err(
            "sec-websocket-protocol is no header of websocket.accept: name the protocol in \"subprotocol\"",
        ));
    }
    let is_of_websocket = name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    if is_of_websocket || FIELDS_OF_THE_HANDSHAKE.iter().any(|field| name.eq_ignore_ascii_case(field)) {
        return Err(PyValueError::new_err(format!(
            "header {:?} of websocket.accept is the server's to set",
            String::from_utf8_lossy(name)
        )));
    }
    Ok(())
}
