//! A WebSocket's messages between their arrival and `receive()`.
//!
//! Credit decides how much of them there can be. A message must be whole before the application can have it, and may be far
//! longer than a stream's window; so the parts of the next one are given back as they come. What is behind that waits for the
//! client's window, until the application has taken what is before it. So a worker holds one message, as long as the front lets
//! it be, and one window.

use std::collections::VecDeque;

use diglot_link::frame::Type;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

/// A message as `websocket.receive` has it.
#[derive(Debug)]
pub(crate) enum Received {
    Text(Py<PyString>),
    Binary(Py<PyBytes>),
}

/// Messages that the application has not taken.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    /// Whole ones, each with the credit that is due for it.
    whole: VecDeque<(Received, usize)>,
    /// The one of which more is to come.
    partial: Option<Partial>,
}

/// The start of a message.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    data: Vec<u8>,
    /// Credit that is due for it.
    credit: usize,
}

impl Inbox {
    pub(crate) fn is_empty(&self) -> bool {
        self.whole.is_empty()
    }

    /// A part that is not the last. Returns how much of its `credit` is given back at once.
    pub(crate) fn add_part(&mut self, data: &[u8], credit: usize) -> usize {
        let is_next = self.whole.is_empty();
        let partial = self.partial.get_or_insert_default();
        partial.data.extend_from_slice(data);
        if is_next {
            return credit;
        }
        partial.credit += credit;
        0
    }

    /// What came before the last part, for [`Received::whole`].
    pub(crate) fn take_partial(&mut self) -> Option<Partial> {
        self.partial.take()
    }

    /// A whole message, for which `credit` is due when it is taken.
    pub(crate) fn add(&mut self, received: Received, credit: usize) {
        self.whole.push_back((received, credit));
    }

    /// The next message, and the credit that is given back.
    pub(crate) fn take(&mut self) -> Option<(Received, usize)> {
        let (received, mut credit) = self.whole.pop_front()?;
        if self.whole.is_empty()
            && let Some(partial) = &mut self.partial
        {
            credit += std::mem::take(&mut partial.credit);
        }
        Some((received, credit))
    }

    /// The credit that is due for everything in it.
    pub(crate) fn credit(&self) -> usize {
        let partial = self.partial.as_ref().map_or(0, |partial| partial.credit);
        self.whole.iter().map(|(_, credit)| credit).sum::<usize>() + partial
    }
}

impl Partial {
    pub(crate) fn credit(&self) -> usize {
        self.credit
    }
}

impl Received {
    /// A message of what came before and its last part, with the credit that is due for it.
    ///
    /// # Errors
    /// `UnicodeDecodeError` for a text that is not UTF-8: the front has checked that it is.
    pub(crate) fn whole(
        py: Python<'_>,
        kind: Type,
        before: Option<Partial>,
        data: &[u8],
        credit: usize,
    ) -> PyResult<(Self, usize)> {
        match before {
            None => Ok((Self::new(py, kind, data)?, credit)),
            Some(mut partial) => {
                partial.data.extend_from_slice(data);
                Ok((Self::new(py, kind, &partial.data)?, partial.credit + credit))
            }
        }
    }

    fn new(py: Python<'_>, kind: Type, data: &[u8]) -> PyResult<Self> {
        Ok(match kind {
            Type::Text => Self::Text(PyString::from_bytes(py, data)?.unbind()),
            _ => Self::Binary(PyBytes::new(py, data).unbind()),
        })
    }

    pub(crate) fn into_event(self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let message = PyDict::new(py);
        message.set_item(intern!(py, "type"), intern!(py, "websocket.receive"))?;
        match self {
            Self::Text(text) => message.set_item(intern!(py, "text"), text)?,
            Self::Binary(bytes) => message.set_item(intern!(py, "bytes"), bytes)?,
        }
        Ok(message.into_any().unbind())
    }
}
