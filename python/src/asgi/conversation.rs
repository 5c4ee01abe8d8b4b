//! What a stream of the link is to the worker: a request with its response, or a WebSocket.

use std::sync::OnceLock;

use diglot_link::StreamKey;
use pyo3::prelude::*;

use super::awaitable::WaitFor;
use super::exchange::Exchange;
use super::socket::Socket;
use super::waiter::Waiter;
use crate::calls::ServedRequest;

/// What one call of the application serves.
#[derive(Debug)]
pub(crate) enum Conversation {
    Http(Py<Exchange>),
    WebSocket(Py<Socket>),
}

/// What the application can have at once, or what to wait for.
#[derive(Debug)]
pub(crate) enum Polled {
    Ready(Py<PyAny>),
    /// A future of the loop.
    Pending(Py<PyAny>),
    Waiting(Py<Waiter>),
}

/// How a conversation stands when its application has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Everything was sent, or nobody waited for it.
    Well,
    /// There was no response at all, and no WebSocket was accepted; a 500 was sent instead.
    Unanswered,
    /// The response had begun and was given up.
    Incomplete,
    /// The WebSocket was closed with 1011.
    Closed1011,
}

impl Conversation {
    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        match self {
            Self::Http(exchange) => Self::Http(exchange.clone_ref(py)),
            Self::WebSocket(socket) => Self::WebSocket(socket.clone_ref(py)),
        }
    }

    pub(crate) fn key(&self) -> StreamKey {
        match self {
            Self::Http(exchange) => exchange.get().key(),
            Self::WebSocket(socket) => socket.get().key(),
        }
    }

    /// What there is of `what` now.
    #[inline]
    pub(crate) fn poll(&self, py: Python<'_>, what: WaitFor) -> PyResult<Polled> {
        match self {
            Self::Http(exchange) => exchange.get().poll(py, what),
            Self::WebSocket(socket) => socket.get().poll(py, what),
        }
    }

    /// There may be credit again: sends what waits for it.
    pub(crate) fn pump(&self, py: Python<'_>) -> PyResult<()> {
        match self {
            Self::Http(exchange) => exchange.get().pump(py),
            Self::WebSocket(socket) => socket.get().pump(py),
        }
    }

    /// The front has given the stream up.
    pub(crate) fn cancel_came(&self, py: Python<'_>) -> PyResult<()> {
        match self {
            Self::Http(exchange) => exchange.get().client_gone(py)?,
            Self::WebSocket(socket) => socket.get().cancel_came(py)?,
        }
        self.left(py)
    }

    /// What knows of the calls that are made while it is served.
    pub(super) fn set_served(&self, served: Py<ServedRequest>) {
        let cell = self.served();
        // A conversation begins once.
        let _is_first = cell.set(served);
    }

    /// The client has left: so end the calls that were made for it.
    pub(super) fn left(&self, py: Python<'_>) -> PyResult<()> {
        match self.served().get() {
            Some(served) => served.get().left(py),
            None => Ok(()),
        }
    }

    /// The application has ended.
    pub(super) fn answered(&self, py: Python<'_>) {
        if let Some(served) = self.served().get() {
            served.get().answered(py);
        }
    }

    fn served(&self) -> &OnceLock<Py<ServedRequest>> {
        match self {
            Self::Http(exchange) => &exchange.get().served,
            Self::WebSocket(socket) => &socket.get().served,
        }
    }

    /// The server is about to stop.
    pub(crate) fn server_stops(&self, py: Python<'_>) -> PyResult<()> {
        match self {
            Self::Http(exchange) => exchange.get().server_stops(py),
            // The front closes it, and that arrives as any client's close.
            Self::WebSocket(_) => Ok(()),
        }
    }

    /// The application has nobody to talk to any more.
    pub(crate) fn is_left(&self, py: Python<'_>) -> bool {
        match self {
            Self::Http(exchange) => exchange.get().is_left(py),
            Self::WebSocket(socket) => socket.get().is_left(py),
        }
    }

    /// True if neither application nor client need this any more.
    pub(crate) fn is_over(&self, py: Python<'_>) -> bool {
        match self {
            Self::Http(exchange) => exchange.get().is_over(py),
            Self::WebSocket(socket) => socket.get().is_over(py),
        }
    }

    /// The application has returned. Says in the log what it has left undone.
    pub(crate) fn app_returned(&self, py: Python<'_>) -> PyResult<()> {
        let message = match (self.app_ended(py, false)?, self) {
            (Ended::Well, _) => return Ok(()),
            // The application did as it was told.
            (Ended::Incomplete, _) if self.is_left(py) => return Ok(()),
            (Ended::Unanswered, Self::Http(_)) => "the application returned without a response: sent 500",
            (Ended::Unanswered, Self::WebSocket(_)) => {
                "the application returned without accepting the WebSocket or refusing it: sent 500"
            }
            (Ended::Incomplete | Ended::Closed1011, _) => {
                "the application returned in the middle of its response"
            }
        };
        self.report(py, message, None)
    }

    /// The application has raised an exception: that goes to the log, unless (`is_quiet`) it only says that the client left.
    pub(crate) fn app_raised(
        &self,
        py: Python<'_>,
        exception: &Bound<'_, PyAny>,
        is_quiet: bool,
    ) -> PyResult<()> {
        let message = match (self.app_ended(py, !is_quiet)?, self) {
            _ if is_quiet => return Ok(()),
            // A framework answers for the application, and passes the exception on for the log.
            (Ended::Well, Self::Http(exchange)) => match exchange.get().status(py) {
                status @ 500..=599 => {
                    let message = format!("the application failed: it answered {status}");
                    return self.report(py, &message, Some(exception.clone()));
                }
                _ => "the application failed after its response",
            },
            (Ended::Well, Self::WebSocket(_)) => "the application failed after the WebSocket had been closed",
            (Ended::Unanswered, _) => "the application failed: sent 500",
            (Ended::Incomplete, _) => "the application failed in the middle of its response",
            (Ended::Closed1011, _) => "the application failed: the WebSocket was closed with 1011",
        };
        self.report(py, message, Some(exception.clone()))
    }

    fn app_ended(&self, py: Python<'_>, failed: bool) -> PyResult<Ended> {
        match self {
            Self::Http(exchange) => exchange.get().app_ended(py, failed),
            Self::WebSocket(socket) => socket.get().app_ended(py, failed),
        }
    }

    fn report(&self, py: Python<'_>, message: &str, exception: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        match self {
            Self::Http(exchange) => exchange.get().report(py, message, exception),
            Self::WebSocket(socket) => socket.get().report(py, message, exception),
        }
    }
}
