//! One request and its response, as the application sees them: its `receive` and its `send`. What becomes of that which it
//! sends is in `reply.rs`.

use std::collections::VecDeque;
use std::sync::OnceLock;

use diglot_link::StreamKey;
use diglot_link::message::CancelReason;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::awaitable::{Wait, WaitFor};
use super::conversation::{Conversation, Ended, Polled};
use super::event::Event;
use super::link::AsgiLink;
use super::outbox::{Outbox, Part};
use crate::calls::ServedRequest;
use crate::errors::ClientDisconnected;
use crate::gil_cell::GilCell;
use crate::request_name::RequestName;
use crate::response::Head;

/// One request and its response.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Exchange {
    pub(super) link: Py<AsgiLink>,
    pub(super) key: StreamKey,
    name: RequestName,
    pub(super) is_head: bool,
    /// Set where the program makes calls of functions.
    pub(super) served: OnceLock<Py<ServedRequest>>,
    pub(super) state: GilCell<State>,
}

#[derive(Debug)]
pub(super) struct State {
    /// Parts of the body that the application has not taken, each with the credit that is due for it.
    inbox: VecDeque<(Py<PyBytes>, usize)>,
    request_ended: bool,
    /// The application has been given the last `http.request`.
    request_taken: bool,
    /// The client waits for a 100 (Continue).
    continue_due: bool,
    /// Nobody waits for the response any more.
    pub(super) gone: bool,
    pub(super) phase: Phase,
    /// Of the response that has begun; 0 before.
    pub(super) status: u16,
    /// The response is one of server-sent events.
    pub(super) is_event_stream: bool,
    /// The server is about to stop, and the application of an event stream is told that its client left: it ends the
    /// response.
    pub(super) told_to_end: bool,
    /// It has asked, and so has heard of it, and may send its last events.
    end_heard: bool,
    /// The application has returned or raised.
    pub(super) app_done: bool,
    /// What is left of the Content-Length the application announced.
    pub(super) length_left: Option<u64>,
    /// The response has no body, whatever the application sends.
    pub(super) bodiless: bool,
    pub(super) trailers_due: bool,
    pub(super) trailer_lines: Vec<u8>,
    /// Parts of the response for which there was no credit.
    pub(super) outbox: Outbox,
    /// Why the rest of a file could not be sent, until the application has been told.
    pub(super) failure: Option<PyErr>,
    receivers: Vec<Py<PyAny>>,
    pub(super) senders: Vec<Py<PyAny>>,
}

#[derive(Debug)]
pub(super) enum Phase {
    /// `http.response.start` is due.
    Awaited,
    /// It came; it leaves with the first body, but that of an event stream at the end of the application's turn.
    Started(Head),
    /// The head has left; more body is due.
    Streaming,
    /// The body is over; trailers are due.
    Trailers,
    /// The application has given everything; some of it is in the outbox.
    Ending,
    /// Everything has been sent, or the response was given up.
    Complete,
}

/// What the head of a request says about its exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Traits {
    pub(crate) is_head: bool,
    pub(crate) expects_continue: bool,
    pub(crate) ended: bool,
}

impl Exchange {
    pub(crate) fn new(
        link: Py<AsgiLink>,
        key: StreamKey,
        name: RequestName,
        traits: Traits,
        body: Option<Py<PyBytes>>,
    ) -> Self {
        let state = State {
            inbox: body.into_iter().map(|body| (body, 0)).collect(),
            request_ended: traits.ended,
            request_taken: false,
            continue_due: traits.expects_continue,
            gone: false,
            phase: Phase::Awaited,
            status: 0,
            is_event_stream: false,
            told_to_end: false,
            end_heard: false,
            app_done: false,
            length_left: None,
            bodiless: false,
            trailers_due: false,
            trailer_lines: Vec::new(),
            outbox: Outbox::new(),
            failure: None,
            receivers: Vec::new(),
            senders: Vec::new(),
        };
        let served = OnceLock::new();
        Self { link, key, name, is_head: traits.is_head, served, state: GilCell::new(state) }
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

    pub(crate) fn key(&self) -> StreamKey {
        self.key
    }

    /// True if neither application nor response need this any more.
    pub(crate) fn is_over(&self, py: Python<'_>) -> bool {
        let state = self.state.borrow(py);
        state.app_done && (state.gone || matches!(state.phase, Phase::Complete))
    }

    /// The application has been told, or will be, that its client left.
    pub(crate) fn is_left(&self, py: Python<'_>) -> bool {
        let state = self.state.borrow(py);
        state.gone || state.told_to_end
    }

    /// Everything has been sent, or the response was given up.
    pub(crate) fn is_complete(&self, py: Python<'_>) -> bool {
        matches!(self.state.borrow(py).phase, Phase::Complete)
    }

    /// The server will not wait much longer. An event stream may have no end: its application is told that the client left, and
    /// may still send its last events. What it does not end itself is cut, so that no client takes it for whole.
    pub(crate) fn server_stops(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        if !state.is_event_stream {
            return Ok(());
        }
        state.told_to_end = true;
        state.end_heard |= !state.receivers.is_empty();
        let waiting = std::mem::take(&mut state.receivers);
        drop(state);
        wake(py, waiting)
    }

    /// More of the request's body has come.
    pub(crate) fn body_came(&self, py: Python<'_>, data: &[u8], end: bool) -> PyResult<()> {
        let bytes = (!data.is_empty()).then(|| PyBytes::new(py, data).unbind());
        let mut state = self.state.borrow(py);
        state.request_ended |= end;
        if let Some(bytes) = bytes {
            state.inbox.push_back((bytes, data.len()));
        }
        let waiting = std::mem::take(&mut state.receivers);
        drop(state);
        wake(py, waiting)
    }

    /// Nobody waits for the response any more.
    pub(crate) fn client_gone(&self, py: Python<'_>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        state.gone = true;
        let app_done = state.app_done;
        let is_whole = state.request_ended;
        let unsent = (std::mem::take(&mut state.outbox), state.failure.take());
        let mut waiting = std::mem::take(&mut state.receivers);
        waiting.append(&mut state.senders);
        drop(state);
        drop(unsent);
        if app_done || !is_whole {
            self.drop_inbox(py);
        }
        if app_done {
            // The application ended while the end of its response waited for credit: nobody else will confirm.
            let link = self.link.get();
            link.worker(py, |worker| worker.cancel(self.key, CancelReason::Acknowledged));
            link.wrote(py)?;
        }
        wake(py, waiting)
    }

    /// The application has ended, by returning or (`failed`) by an exception.
    pub(crate) fn app_ended(&self, py: Python<'_>, failed: bool) -> PyResult<Ended> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        state.app_done = true;
        if state.gone {
            drop(state);
            self.drop_inbox(py);
            link.worker(py, |worker| worker.cancel(self.key, CancelReason::Acknowledged));
            link.wrote(py)?;
            return Ok(Ended::Well);
        }
        let ended = match state.phase {
            Phase::Ending | Phase::Complete => Ended::Well,
            Phase::Awaited | Phase::Started(_) => Ended::Unanswered,
            Phase::Trailers if !failed => Ended::Well,
            Phase::Streaming | Phase::Trailers => Ended::Incomplete,
        };
        let is_to_finish = matches!(state.phase, Phase::Trailers);
        let failure = state.failure.take();
        drop(state);
        if let Some(failure) = failure {
            self.report_failure(py, failure)?;
        }
        match ended {
            Ended::Well if is_to_finish => self.finish_response(py, Vec::new())?,
            Ended::Well | Ended::Closed1011 => {}
            Ended::Unanswered => {
                const BODY: &[u8] = b"Internal Server Error";
                const LINES: &[u8] = b"content-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n";
                let body = if self.is_head { b"" } else { BODY };
                let answered = link.worker(py, |worker| worker.respond(self.key, 500, LINES, body, true));
                debug_assert!(answered.is_ok(), "a few bytes are not too long");
                self.complete(py)?;
            }
            Ended::Incomplete => self.give_up(py)?,
        }
        Ok(ended)
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
        let is_taken = state.inbox.is_empty() && (state.request_taken || !state.request_ended);
        // A body that has come whole is the application's, though its client did not wait for the answer.
        let is_left_whole = state.gone && state.request_ended && !state.request_taken;
        if (state.gone && !is_left_whole)
            || (state.told_to_end && is_taken)
            || matches!(state.phase, Phase::Complete)
        {
            state.end_heard = true;
            drop(state);
            return Ok(Polled::Ready(disconnect(py)?));
        }
        if let Some((body, credit)) = state.inbox.pop_front() {
            let more = !(state.request_ended && state.inbox.is_empty());
            state.request_taken = !more;
            drop(state);
            if credit > 0 {
                link.worker(py, |worker| worker.consumed(self.key, credit));
                link.wrote(py)?;
            }
            return Ok(Polled::Ready(request(py, body.into_bound(py), more)?));
        }
        if state.request_ended && !state.request_taken {
            state.request_taken = true;
            drop(state);
            return Ok(Polled::Ready(request(py, PyBytes::new(py, b""), false)?));
        }
        let continue_due = std::mem::take(&mut state.continue_due) && !state.request_ended;
        drop(state);
        if continue_due {
            let sent = link.worker(py, |worker| worker.inform(self.key, 100, b""));
            debug_assert!(sent.is_ok(), "nothing is not too long");
            link.wrote(py)?;
        }
        let future = link.create_future(py)?;
        keep_waiting(py, &self.state, |state| &mut state.receivers, &future)?;
        Ok(Polled::Pending(future))
    }

    /// Ends the response so that it cannot be taken for whole.
    pub(super) fn give_up(&self, py: Python<'_>) -> PyResult<()> {
        self.link.get().worker(py, |worker| worker.cancel(self.key, CancelReason::AppFailed));
        self.complete(py)
    }

    pub(super) fn complete(&self, py: Python<'_>) -> PyResult<()> {
        let link = self.link.get();
        let mut state = self.state.borrow(py);
        state.phase = Phase::Complete;
        let request_open = !state.request_ended;
        let unsent = std::mem::take(&mut state.outbox);
        let waiting = std::mem::take(&mut state.receivers);
        drop(state);
        drop(unsent);
        if request_open {
            link.worker(py, |worker| worker.stop(self.key));
        }
        self.drop_inbox(py);
        link.wrote(py)?;
        wake(py, waiting)
    }

    fn drop_inbox(&self, py: Python<'_>) {
        let unread = std::mem::take(&mut self.state.borrow(py).inbox);
        let credit: usize = unread.iter().map(|(_, credit)| credit).sum();
        if credit > 0 {
            self.link.get().worker(py, |worker| worker.consumed(self.key, credit));
        }
    }
}

#[pymethods]
impl Exchange {
    /// The application's `receive`.
    fn receive(slf: Py<Self>) -> Wait {
        Wait::new(Conversation::Http(slf), WaitFor::Message)
    }

    /// The head of an event stream leaves once the application waits for something, not for its first event: that may
    /// be long in coming, and a browser's `EventSource` is open when it has the head.
    fn leave_without_event(slf: &Bound<'_, Self>) -> PyResult<()> {
        let py = slf.py();
        let mut state = slf.get().state.borrow(py);
        if state.gone || !matches!(state.phase, Phase::Started(_)) {
            return Ok(());
        }
        let Phase::Started(head) = std::mem::replace(&mut state.phase, Phase::Awaited) else { return Ok(()) };
        drop(state);
        Self::respond(slf, head, Part::empty(py), true).map(drop)
    }

    /// The application's `send`.
    fn send(slf: &Bound<'_, Self>, event: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let mut state = this.state.borrow(py);
        if let Some(failure) = state.failure.take() {
            return Err(failure);
        }
        if state.gone {
            drop(state);
            if link.raises_after_disconnect() {
                return Err(ClientDisconnected::new_err("the client is gone"));
            }
            return Ok(link.sent(py));
        }
        if matches!(state.phase, Phase::Ending | Phase::Complete) {
            return Ok(link.sent(py));
        }
        // From ASGI 2.4 on an application may rely on `send()` to tell it, and never ask.
        if state.told_to_end && !state.end_heard && link.raises_after_disconnect() {
            return Err(ClientDisconnected::new_err("the server stops"));
        }
        drop(state);
        Self::take(slf, Event::read(event, link.spare_lines(py))?)
    }
}

fn disconnect(py: Python<'_>) -> PyResult<Py<PyAny>> {
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), intern!(py, "http.disconnect"))?;
    Ok(message.into_any().unbind())
}

fn request(py: Python<'_>, body: Bound<'_, PyBytes>, more: bool) -> PyResult<Py<PyAny>> {
    let message = PyDict::new(py);
    message.set_item(intern!(py, "type"), intern!(py, "http.request"))?;
    message.set_item(intern!(py, "body"), body)?;
    message.set_item(intern!(py, "more_body"), more)?;
    Ok(message.into_any().unbind())
}

/// Adds a future to those that wait, in place of those that wait no more.
pub(super) fn keep_waiting(
    py: Python<'_>,
    state: &GilCell<State>,
    list: impl Fn(&mut State) -> &mut Vec<Py<PyAny>>,
    future: &Py<PyAny>,
) -> PyResult<()> {
    let mut kept = Vec::new();
    let before = std::mem::take(list(&mut state.borrow(py)));
    for waiting in before {
        if !waiting.call_method0(py, intern!(py, "done"))?.is_truthy(py)? {
            kept.push(waiting);
        }
    }
    kept.push(future.clone_ref(py));
    list(&mut state.borrow(py)).append(&mut kept);
    Ok(())
}

/// Lets those that wait look again.
pub(crate) fn wake(py: Python<'_>, waiting: Vec<Py<PyAny>>) -> PyResult<()> {
    for future in waiting {
        if !future.call_method0(py, intern!(py, "done"))?.is_truthy(py)? {
            future.call_method1(py, intern!(py, "set_result"), (py.None(),))?;
        }
    }
    Ok(())
}
