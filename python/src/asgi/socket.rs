//! One WebSocket as its application sees it: its `receive` and its `send`.

use std::collections::VecDeque;
use std::sync::OnceLock;

use diglot_link::StreamKey;
use diglot_link::frame::Type;
use diglot_link::message::{CancelReason, Close};
use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use super::awaitable::{Wait, WaitFor};
use super::conversation::{Conversation, Ended, Polled};
use super::event::Event;
use super::exchange::{Exchange, Traits};
use super::inbox::{Inbox, Received};
use super::link::AsgiLink;
use super::socket_event::{Message, SocketEvent};
use super::waiter::{Waiter, Waiters};
use crate::calls::ServedRequest;
use crate::errors::ClientDisconnected;
use crate::gil_cell::GilCell;
use crate::request_name::RequestName;

/// One WebSocket.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Socket {
    link: Py<AsgiLink>,
    key: StreamKey,
    name: RequestName,
    /// Set where the program makes calls of functions.
    pub(super) served: OnceLock<Py<ServedRequest>>,
    state: GilCell<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    /// The application has been given `websocket.connect`.
    connect_taken: bool,
    /// The application has returned or raised.
    app_done: bool,
    /// The client is gone, and how the front said so.
    gone: Option<Gone>,
    /// What `websocket.disconnect` says, once the WebSocket is over: code and reason.
    over: Option<(u16, Box<str>)>,
    inbox: Inbox,
    /// Messages for which there was no credit, the first perhaps sent in part.
    outbox: VecDeque<Outgoing>,
    receivers: Waiters,
    senders: Waiters,
}

#[derive(Debug)]
enum Phase {
    /// `websocket.accept` is due, or a refusal.
    Connecting,
    /// It was accepted: messages go both ways.
    Open,
    /// The application answers the handshake with a response of HTTP.
    Denied(Py<Exchange>),
    /// The application has closed it; that leaves when the outbox has.
    Closing,
    /// Everything has been sent.
    Closed,
}

/// How the front says that a client is gone, which is how that is confirmed when the application has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gone {
    Closed,
    Cancelled,
}

#[derive(Debug)]
struct Outgoing {
    kind: Type,
    /// A `str` or `bytes` object of the application's.
    data: Py<PyAny>,
    sent: usize,
}

/// The code of a connection that fell, or never was one (RFC 6455 section 7.4.1).
const FELL: u16 = 1006;

impl Socket {
    pub(crate) fn new(link: Py<AsgiLink>, key: StreamKey, name: RequestName) -> Self {
        let state = State {
            phase: Phase::Connecting,
            connect_taken: false,
            app_done: false,
            gone: None,
            over: None,
            inbox: Inbox::default(),
            outbox: VecDeque::new(),
            receivers: Waiters::default(),
            senders: Waiters::default(),
        };
        Self { link, key, name, served: OnceLock::new(), state: GilCell::new(state) }
    }

    pub(crate) fn key(&self) -> StreamKey {
        self.key
    }

    /// Writes to the log what went wrong with this WebSocket, with the traceback of `exception`.
    pub(crate) fn report(
        &self,
        py: Python<'_>,
        message: &str,
        exception: Option<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        self.link.get().report(py, &self.name.say(py, message), exception)
    }

    /// True if neither application nor client need this any more.
    pub(crate) fn is_over(&self, py: Python<'_>) -> bool {
        let state = self.state.borrow(py);
        match &state.phase {
            Phase::Denied(denial) => {
                let denial = denial.clone_ref(py);
                drop(state);
                denial.get().is_over(py)
            }
            phase => state.app_done && matches!(phase, Phase::Closed),
        }
    }

    /// True if an exception that says so is nothing the application's author has to know of.
    pub(crate) fn is_left(&self, py: Python<'_>) -> bool {
        self.state.borrow(py).over.is_some()
    }

    /// A message has come, or a part of one.
    pub(crate) fn message_came(
        &self,
        py: Python<'_>,
        kind: Type,
        data: &[u8],
        last: bool,
        credit: usize,
    ) -> PyResult<()> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        if state.over.is_some() || state.app_done {
            drop(state);
            return link.consumed(py, self.key, credit);
        }
        if !last {
            let due = state.inbox.add_part(data, credit);
            drop(state);
            return link.consumed(py, self.key, due);
        }
        let before = state.inbox.take_partial();
        drop(state);
        let (received, due) = Received::whole(py, kind, before, data, credit)?;
        self.state.borrow(py).inbox.add(received, due);
        loop {
            let mut state = self.state.borrow(py);
            if state.inbox.is_empty() {
                return Ok(());
            }
            let Some(waiter) = state.receivers.first(py) else { return Ok(()) };
            drop(state);
            Waiter::wake_now(waiter.bind(py), link.done_future())?;
        }
    }

    /// The WebSocket is over: the client has closed it or fell, or the server stops.
    pub(crate) fn close_came(&self, py: Python<'_>, close: &Close<'_>) -> PyResult<()> {
        self.client_gone(py, Gone::Closed, close)
    }

    /// The front has given the stream up: before the WebSocket was accepted, or at the end of the server's patience.
    pub(crate) fn cancel_came(&self, py: Python<'_>) -> PyResult<()> {
        let denial = match &self.state.borrow(py).phase {
            Phase::Denied(denial) => Some(denial.clone_ref(py)),
            _ => None,
        };
        if let Some(denial) = denial {
            denial.get().client_gone(py)?;
        }
        self.client_gone(py, Gone::Cancelled, &Close::new(FELL, ""))
    }

    fn client_gone(&self, py: Python<'_>, gone: Gone, close: &Close<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        state.gone = Some(gone);
        let unsent = std::mem::take(&mut state.outbox);
        let senders = std::mem::take(&mut state.senders);
        let confirms = state.app_done && matches!(state.phase, Phase::Closing);
        drop(state);
        drop(unsent);
        if confirms {
            // The application ended while its close waited for credit: nobody else will confirm.
            self.confirm(py, gone)?;
        }
        self.is_now_over(py, close.code, close.reason)?;
        senders.wake_soon(py)
    }

    /// `receive()` has nothing but what has come, and a disconnect.
    fn is_now_over(&self, py: Python<'_>, code: u16, reason: &str) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        state.over.get_or_insert_with(|| (code, reason.into()));
        let unfinished = state.inbox.take_partial();
        let receivers = std::mem::take(&mut state.receivers);
        drop(state);
        if let Some(partial) = unfinished {
            self.link.get().consumed(py, self.key, partial.credit())?;
        }
        receivers.wake_soon(py)
    }

    fn confirm(&self, py: Python<'_>, gone: Gone) -> PyResult<()> {
        self.state.borrow(py).phase = Phase::Closed;
        let link = self.link.get();
        link.worker(py, |worker| match gone {
            Gone::Closed => worker.close(self.key, &Close::new(1000, "")),
            Gone::Cancelled => worker.cancel(self.key, CancelReason::Acknowledged),
        });
        link.wrote(py)
    }

    /// There may be credit again: sends what waits for it.
    pub(crate) fn pump(&self, py: Python<'_>) -> PyResult<()> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        if let Phase::Denied(denial) = &state.phase {
            let denial = denial.clone_ref(py);
            drop(state);
            denial.get().pump(py)?;
            return self.after_denial(py, denial.get());
        }
        if state.outbox.is_empty() {
            return Ok(());
        }
        while let Some(Outgoing { kind, data, sent }) = state.outbox.front() {
            let rest = &bytes_of(data.bind(py))?[*sent..];
            let length = rest.len();
            match link.worker(py, |worker| worker.message(self.key, *kind, rest, true)) {
                Some(taken) if taken == length => {}
                taken => {
                    if let Some(outgoing) = state.outbox.front_mut() {
                        outgoing.sent += taken.unwrap_or(0);
                    }
                    drop(state);
                    return link.wrote(py);
                }
            }
            let done = state.outbox.pop_front();
            drop(state);
            drop(done);
            state = self.state.borrow(py);
        }
        let senders = std::mem::take(&mut state.senders);
        let closes = matches!(state.phase, Phase::Closing);
        drop(state);
        if closes {
            self.send_close(py)?;
        }
        link.wrote(py)?;
        senders.wake_soon(py)
    }

    /// The application has ended, by returning or (`failed`) by an exception.
    pub(crate) fn app_ended(&self, py: Python<'_>, failed: bool) -> PyResult<Ended> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        state.app_done = true;
        let unread = std::mem::take(&mut state.inbox);
        let denial = match &state.phase {
            Phase::Denied(denial) => Some(denial.clone_ref(py)),
            _ => None,
        };
        let gone = state.gone;
        let is_connecting = matches!(state.phase, Phase::Connecting);
        let is_open = matches!(state.phase, Phase::Open);
        drop(state);
        link.consumed(py, self.key, unread.credit())?;
        drop(unread);
        let ended = if let Some(denial) = denial {
            denial.get().app_ended(py, failed)?
        } else if let Some(gone) = gone {
            self.confirm(py, gone)?;
            Ended::Well
        } else if is_connecting {
            self.refuse(py, 500, b"content-type: text/plain; charset=utf-8\r\n", b"Internal Server Error")?;
            Ended::Unanswered
        } else if is_open {
            self.close(py, if failed { 1011 } else { 1000 }, "")?;
            if failed { Ended::Closed1011 } else { Ended::Well }
        } else {
            Ended::Well
        };
        self.is_now_over(py, FELL, "")?;
        Ok(ended)
    }

    /// Answers a handshake that was not accepted.
    fn refuse(&self, py: Python<'_>, status: u16, lines: &[u8], body: &[u8]) -> PyResult<()> {
        let link = self.link.get();
        self.state.borrow(py).phase = Phase::Closed;
        let answered = link.worker(py, |worker| {
            worker.stop(self.key);
            worker.respond(self.key, status, lines, body, true)
        });
        debug_assert!(answered.is_ok(), "a few bytes are not too long");
        link.wrote(py)?;
        self.is_now_over(py, FELL, "")
    }

    /// Closes the WebSocket, behind the messages that wait for credit. True if it waits, too.
    fn close(&self, py: Python<'_>, code: u16, reason: &str) -> PyResult<bool> {
        let mut state = self.state.borrow(py);
        let waits = !state.outbox.is_empty();
        state.phase = Phase::Closing;
        drop(state);
        self.is_now_over(py, code, reason)?;
        if !waits {
            self.send_close(py)?;
        }
        Ok(waits)
    }

    fn send_close(&self, py: Python<'_>) -> PyResult<()> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        state.phase = Phase::Closed;
        if let Some((code, reason)) = &state.over {
            link.worker(py, |worker| worker.close(self.key, &Close::new(*code, reason)));
        }
        drop(state);
        link.wrote(py)
    }

    /// What there is of `what` now.
    pub(crate) fn poll(&self, py: Python<'_>, what: WaitFor) -> PyResult<Polled> {
        match what {
            WaitFor::Message => self.poll_message(py),
            WaitFor::Room => self.poll_room(py),
        }
    }

    fn poll_message(&self, py: Python<'_>) -> PyResult<Polled> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        if !std::mem::replace(&mut state.connect_taken, true) {
            drop(state);
            let message = PyDict::new(py);
            message.set_item(intern!(py, "type"), intern!(py, "websocket.connect"))?;
            return Ok(Polled::Ready(message.into_any().unbind()));
        }
        if let Some((received, credit)) = state.inbox.take() {
            drop(state);
            link.consumed(py, self.key, credit)?;
            return Ok(Polled::Ready(received.into_event(py)?));
        }
        if let Some((code, reason)) = state.over.clone() {
            drop(state);
            let message = PyDict::new(py);
            message.set_item(intern!(py, "type"), intern!(py, "websocket.disconnect"))?;
            message.set_item(intern!(py, "code"), code)?;
            message.set_item(intern!(py, "reason"), reason.as_ref())?;
            return Ok(Polled::Ready(message.into_any().unbind()));
        }
        drop(state);
        self.wait(py, |state| &mut state.receivers)
    }

    fn poll_room(&self, py: Python<'_>) -> PyResult<Polled> {
        let state = self.state.borrow(py);
        if state.gone.is_some() {
            // A close that waited is as good as done.
            let lost = matches!(state.phase, Phase::Open);
            drop(state);
            return if lost { Err(client_is_gone()) } else { Ok(Polled::Ready(py.None())) };
        }
        let waits = !state.outbox.is_empty();
        drop(state);
        if waits {
            return self.wait(py, |state| &mut state.senders);
        }
        match self.link.get().room_future(py)? {
            Some(future) => Ok(Polled::Pending(future)),
            None => Ok(Polled::Ready(py.None())),
        }
    }

    fn wait(&self, py: Python<'_>, among: impl Fn(&mut State) -> &mut Waiters) -> PyResult<Polled> {
        let waiter = Py::new(py, Waiter::new(self.link.get().event_loop(py)))?;
        among(&mut self.state.borrow(py)).add(py, waiter.clone_ref(py));
        Ok(Polled::Waiting(waiter))
    }

    fn send_message(slf: &Bound<'_, Self>, message: Message<'_>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let bytes = message.bytes()?;
        let kind = message.kind();
        let must_queue = !this.state.borrow(py).outbox.is_empty();
        let taken = match must_queue {
            true => None,
            false => link.worker(py, |worker| worker.message(this.key, kind, bytes, true)),
        };
        let waits = taken != Some(bytes.len());
        if waits {
            let data = match message {
                Message::Binary(data) => data.into_any().unbind(),
                Message::Text(data) => data.into_any().unbind(),
            };
            let outgoing = Outgoing { kind, data, sent: taken.unwrap_or(0) };
            this.state.borrow(py).outbox.push_back(outgoing);
        }
        link.streamed(py)?;
        if waits || link.is_congested(py) { Self::wait_for_room(slf) } else { Ok(link.sent(py)) }
    }

    fn wait_for_room(slf: &Bound<'_, Self>) -> PyResult<Py<PyAny>> {
        let conversation = Conversation::WebSocket(slf.clone().unbind());
        Ok(Py::new(slf.py(), Wait::new(conversation, WaitFor::Room))?.into_any())
    }

    /// The first event of a response of HTTP that is given instead of accepting.
    fn deny(slf: &Bound<'_, Self>, start: Event<'_>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let traits = Traits { is_head: false, expects_continue: false, ended: false };
        let denial = Exchange::new(this.link.clone_ref(py), this.key, this.name.clone_ref(py), traits, None);
        let denial = Bound::new(py, denial)?;
        this.state.borrow(py).phase = Phase::Denied(denial.clone().unbind());
        Exchange::take(&denial, start)
    }

    /// When the response that was given instead of accepting is complete, the WebSocket is over.
    fn after_denial(&self, py: Python<'_>, denial: &Exchange) -> PyResult<()> {
        if denial.is_complete(py) { self.is_now_over(py, FELL, "") } else { Ok(()) }
    }
}

#[pymethods]
impl Socket {
    /// The application's `receive`.
    fn receive(slf: Py<Self>) -> Wait {
        Wait::new(Conversation::WebSocket(slf), WaitFor::Message)
    }

    /// The application's `send`.
    fn send(slf: &Bound<'_, Self>, event: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let event = SocketEvent::read(event)?;
        let state = this.state.borrow(py);
        if state.gone.is_some() && matches!(state.phase, Phase::Connecting | Phase::Open | Phase::Denied(_)) {
            return match event {
                SocketEvent::Close(_) => Ok(link.sent(py)),
                _ => Err(client_is_gone()),
            };
        }
        match (&state.phase, event) {
            (Phase::Open, SocketEvent::Send(message)) => {
                drop(state);
                Self::send_message(slf, message)
            }
            (Phase::Open, SocketEvent::Close(closing)) => {
                drop(state);
                let (code, reason) = closing.read()?;
                let reason = reason.as_ref().map_or(Ok(""), |reason| reason.to_str())?;
                if this.close(py, code, reason)? { Self::wait_for_room(slf) } else { Ok(link.sent(py)) }
            }
            (Phase::Connecting, SocketEvent::Accept { lines }) => {
                drop(state);
                let accepted = link.worker(py, |worker| worker.accept(this.key, &lines));
                debug_assert!(accepted.is_ok(), "a head limits its lines");
                this.state.borrow(py).phase = Phase::Open;
                link.wrote(py)?;
                Ok(link.sent(py))
            }
            (Phase::Connecting, SocketEvent::Close(_)) => {
                drop(state);
                this.refuse(py, 403, b"", b"")?;
                Ok(link.sent(py))
            }
            (Phase::Connecting, SocketEvent::Response(start @ Event::Start { .. })) => {
                drop(state);
                Self::deny(slf, start)
            }
            (Phase::Denied(denial), SocketEvent::Response(body @ Event::Body { .. }))
                if state.over.is_none() =>
            {
                let denial = denial.clone_ref(py);
                drop(state);
                let sent = Exchange::take(denial.bind(py), body)?;
                this.after_denial(py, denial.get())?;
                Ok(sent)
            }
            (phase, event) => Err(out_of_turn(phase, state.over.is_some(), event.name())),
        }
    }
}

/// What is sent of a `str` or `bytes` object.
fn bytes_of<'a>(data: &'a Bound<'_, PyAny>) -> PyResult<&'a [u8]> {
    match data.cast::<PyBytes>() {
        Ok(bytes) => Ok(bytes.as_bytes()),
        Err(_) => Ok(data.cast::<PyString>()?.to_str()?.as_bytes()),
    }
}

fn client_is_gone() -> PyErr {
    ClientDisconnected::new_err("the client is gone")
}

/// An event that came when another was due.
fn out_of_turn(phase: &Phase, is_over: bool, got: &str) -> PyErr {
    let expected = match phase {
        Phase::Connecting => "'websocket.accept', 'websocket.close' or 'websocket.http.response.start'",
        Phase::Open => "'websocket.send' or 'websocket.close'",
        Phase::Denied(_) if !is_over => "'websocket.http.response.body'",
        Phase::Denied(_) | Phase::Closing | Phase::Closed => {
            return PyRuntimeError::new_err(format!(
                "Unexpected ASGI message '{got}', after sending 'websocket.close' or response already completed."
            ));
        }
    };
    PyRuntimeError::new_err(format!("Expected ASGI message {expected}, but got '{got}'."))
}
