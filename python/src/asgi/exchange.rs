//! One request and its response, as the application sees them: its `receive` and its `send`.

use std::collections::VecDeque;

use diglot_link::StreamKey;
use diglot_link::message::CancelReason;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use super::awaitable::{Wait, WaitFor};
use super::conversation::{Conversation, Ended, Polled};
use super::event::{Event, out_of_turn};
use super::link::AsgiLink;
use crate::errors::ClientDisconnected;
use crate::gil_cell::GilCell;
use crate::request_name::RequestName;
use crate::response::Head;

/// One request and its response.
#[derive(Debug)]
#[pyclass(frozen, module = "diglot._native")]
pub(crate) struct Exchange {
    link: Py<AsgiLink>,
    key: StreamKey,
    name: RequestName,
    is_head: bool,
    state: GilCell<State>,
}

#[derive(Debug)]
struct State {
    /// Parts of the body that the application has not taken, each with the credit that is due for it.
    inbox: VecDeque<(Py<PyBytes>, usize)>,
    request_ended: bool,
    /// The application has been given the last `http.request`.
    request_taken: bool,
    /// The client waits for a 100 (Continue).
    continue_due: bool,
    /// Nobody waits for the response any more.
    gone: bool,
    phase: Phase,
    /// The response is one of server-sent events.
    is_event_stream: bool,
    /// The server is about to stop, and the application of an event stream is told that its client left: it ends the
    /// response.
    told_to_end: bool,
    /// It has asked, and so has heard of it, and may send its last events.
    end_heard: bool,
    /// The application has returned or raised.
    app_done: bool,
    /// What is left of the Content-Length the application announced.
    length_left: Option<u64>,
    /// The response has no body, whatever the application sends.
    bodiless: bool,
    trailers_due: bool,
    trailer_lines: Vec<u8>,
    /// Parts of the response for which there was no credit, each with how much of it has been sent.
    outbox: VecDeque<(Py<PyBytes>, usize)>,
    receivers: Vec<Py<PyAny>>,
    senders: Vec<Py<PyAny>>,
}

#[derive(Debug)]
enum Phase {
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
            is_event_stream: false,
            told_to_end: false,
            end_heard: false,
            app_done: false,
            length_left: None,
            bodiless: false,
            trailers_due: false,
            trailer_lines: Vec::new(),
            outbox: VecDeque::new(),
            receivers: Vec::new(),
            senders: Vec::new(),
        };
        Self { link, key, name, is_head: traits.is_head, state: GilCell::new(state) }
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

    /// The server is about to stop. An event stream would keep it for as long as it is patient: its application is told
    /// that the client left, and may still send its last events.
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
        let unsent = std::mem::take(&mut state.outbox);
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

    /// There may be credit again: sends what waits for it.
    pub(crate) fn pump(&self, py: Python<'_>) -> PyResult<()> {
        let link = self.link.get();
        loop {
            let mut state = self.state.borrow(py);
            let Some((data, sent)) = state.outbox.pop_front() else { return Ok(()) };
            let ends = state.outbox.is_empty() && matches!(state.phase, Phase::Ending);
            let ends_here = ends && state.trailer_lines.is_empty();
            let rest = &data.as_bytes(py)[sent..];
            let taken = link.worker(py, |worker| worker.body(self.key, rest, ends_here));
            if taken < rest.len() {
                state.outbox.push_front((data, sent + taken));
                return Ok(());
            }
            let waiting =
                if state.outbox.is_empty() { std::mem::take(&mut state.senders) } else { Vec::new() };
            drop(state);
            drop(data);
            link.wrote(py)?;
            if ends {
                self.end(py)?;
            }
            wake(py, waiting)?;
        }
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
        let is_last_event = state.told_to_end && state.length_left.is_none_or(|left| left == 0);
        let ended = match state.phase {
            Phase::Ending | Phase::Complete => Ended::Well,
            Phase::Awaited | Phase::Started(_) => Ended::Unanswered,
            Phase::Trailers if !failed => Ended::Well,
            Phase::Streaming if !failed && is_last_event => Ended::Well,
            Phase::Streaming | Phase::Trailers => Ended::Incomplete,
        };
        let is_to_finish = matches!(state.phase, Phase::Streaming | Phase::Trailers);
        drop(state);
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

    fn poll_room(&self, py: Python<'_>) -> PyResult<Polled> {
        let link = self.link.get();
        let state = self.state.borrow(py);
        let waits = !state.gone && !state.outbox.is_empty();
        drop(state);
        if waits {
            let future = link.create_future(py)?;
            keep_waiting(py, &self.state, |state| &mut state.senders, &future)?;
            return Ok(Polled::Pending(future));
        }
        match link.room_future(py)? {
            Some(future) => Ok(Polled::Pending(future)),
            None => Ok(Polled::Ready(py.None())),
        }
    }

    /// The application's next event.
    pub(crate) fn take(slf: &Bound<'_, Self>, event: Event<'_>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let mut state = this.state.borrow(py);
        match (std::mem::replace(&mut state.phase, Phase::Awaited), event) {
            (Phase::Awaited, Event::Start { head, trailers }) => {
                state.trailers_due = trailers;
                let is_event_stream = head.is_event_stream;
                state.is_event_stream = is_event_stream;
                state.told_to_end = is_event_stream && link.is_stopping(py);
                state.phase = Phase::Started(head);
                drop(state);
                if is_event_stream {
                    link.call_soon(py, &slf.getattr(intern!(py, "leave_without_event"))?)?;
                }
                Ok(link.sent(py))
            }
            (Phase::Started(head), Event::Body { data, more }) => {
                drop(state);
                Self::respond(slf, head, data, more)
            }
            (Phase::Streaming, Event::Body { data, more }) => {
                state.phase = Phase::Streaming;
                drop(state);
                Self::send_body(slf, data, more)
            }
            (Phase::Awaited, Event::EarlyHint { lines }) => {
                drop(state);
                if !lines.is_empty() {
                    let sent = link.worker(py, |worker| worker.inform(this.key, 103, &lines));
                    debug_assert!(sent.is_ok(), "a head limits its lines");
                    link.wrote(py)?;
                }
                Ok(link.sent(py))
            }
            (Phase::Trailers, Event::Trailers { lines, more }) => {
                state.trailer_lines.extend_from_slice(&lines);
                let lines = std::mem::take(&mut state.trailer_lines);
                state.phase = Phase::Trailers;
                if more {
                    state.trailer_lines = lines;
                    drop(state);
                } else {
                    drop(state);
                    this.finish_response(py, lines)?;
                }
                Ok(link.sent(py))
            }
            (phase, event) => {
                let expected = match phase {
                    Phase::Awaited => "http.response.start",
                    Phase::Trailers => "http.response.trailers",
                    _ => "http.response.body",
                };
                state.phase = phase;
                Err(out_of_turn(expected, event.name()))
            }
        }
    }

    /// The head leaves, with as much of `data` as there is credit for.
    fn respond(
        slf: &Bound<'_, Self>,
        mut head: Head,
        data: Bound<'_, PyBytes>,
        more: bool,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let bodiless = this.is_head || head.has_no_body();
        let mut state = this.state.borrow(py);
        state.bodiless = bodiless;
        state.length_left = if bodiless { None } else { head.length };
        let trailers_due = state.trailers_due;
        if this.is_head && !more && !head.has_no_body() && head.length.is_none() {
            head.lines.extend_from_slice(format!("content-length: {}\r\n", data.as_bytes().len()).as_bytes());
        }
        state.phase = Phase::Streaming;
        drop(state);
        let data = if bodiless { PyBytes::new(py, b"") } else { data };
        let (data, short) = this.measured(py, data, more)?;
        if short {
            link.spare(py, head.lines);
            this.give_up(py)?;
            return Ok(link.sent(py));
        }
        let bytes = data.as_bytes();
        let ends = !more && !trailers_due;
        let taken = link.worker(py, |worker| worker.respond(this.key, head.status, &head.lines, bytes, ends));
        let taken = taken.unwrap_or(bytes.len());
        let all = taken == bytes.len();
        link.spare(py, head.lines);
        Self::given(slf, data, if all { None } else { Some(taken) }, more)
    }

    /// More of the body.
    fn send_body(slf: &Bound<'_, Self>, data: Bound<'_, PyBytes>, more: bool) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let state = this.state.borrow(py);
        let (bodiless, trailers_due) = (state.bodiless, state.trailers_due);
        drop(state);
        let data = if bodiless { PyBytes::new(py, b"") } else { data };
        let (data, short) = this.measured(py, data, more)?;
        if short {
            this.give_up(py)?;
            return Ok(link.sent(py));
        }
        let bytes = data.as_bytes();
        if bytes.is_empty() && more {
            return Ok(link.sent(py));
        }
        let must_queue = !this.state.borrow(py).outbox.is_empty();
        let ends = !more && !trailers_due;
        let taken = match must_queue {
            true => 0,
            false => link.worker(py, |worker| worker.body(this.key, bytes, ends)),
        };
        let all = !must_queue && taken == bytes.len();
        Self::given(slf, data, if all { None } else { Some(taken) }, more)
    }

    /// After a part of the body was sent, or (`sent`) only some of it.
    fn given(
        slf: &Bound<'_, Self>,
        data: Bound<'_, PyBytes>,
        sent: Option<usize>,
        more: bool,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let mut state = this.state.borrow(py);
        if let Some(sent) = sent {
            state.outbox.push_back((data.unbind(), sent));
        }
        let queued = !state.outbox.is_empty();
        let trailers_due = state.trailers_due;
        if !more {
            state.phase = match (trailers_due, queued) {
                (true, _) => Phase::Trailers,
                (false, true) => Phase::Ending,
                (false, false) => Phase::Complete,
            };
        }
        drop(state);
        if !more && !queued && !trailers_due {
            this.complete(py)?;
        } else if more {
            link.streamed(py)?;
        } else {
            link.wrote(py)?;
        }
        if queued || link.is_congested(py) {
            let conversation = Conversation::Http(slf.clone().unbind());
            return Ok(Py::new(py, Wait::new(conversation, WaitFor::Room))?.into_any());
        }
        Ok(link.sent(py))
    }

    /// Cuts what exceeds the announced length; true if, at the end, something is missing.
    fn measured<'py>(
        &self,
        py: Python<'py>,
        data: Bound<'py, PyBytes>,
        more: bool,
    ) -> PyResult<(Bound<'py, PyBytes>, bool)> {
        let mut state = self.state.borrow(py);
        let Some(left) = state.length_left else { return Ok((data, false)) };
        let length = data.as_bytes().len() as u64;
        state.length_left = Some(left.saturating_sub(length));
        let missing = if more { 0 } else { left.saturating_sub(length) };
        drop(state);
        if length > left {
            let excess = length - left;
            self.report(
                py,
                &format!(
                    "the response's body is longer than its Content-Length: {excess} bytes were cut off"
                ),
                None,
            )?;
            return Ok((PyBytes::new(py, &data.as_bytes()[..left as usize]), false));
        }
        if missing > 0 {
            self.report(
                py,
                &format!(
                    "the response's body is {missing} bytes shorter than its Content-Length: it was given up"
                ),
                None,
            )?;
        }
        Ok((data, missing > 0))
    }

    /// The body is over and `lines` are the trailer fields.
    fn finish_response(&self, py: Python<'_>, lines: Vec<u8>) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let queued = !state.outbox.is_empty();
        state.phase = Phase::Ending;
        state.trailer_lines = lines;
        drop(state);
        if queued {
            return Ok(());
        }
        self.end_with_trailers(py)
    }

    fn end_with_trailers(&self, py: Python<'_>) -> PyResult<()> {
        let lines = std::mem::take(&mut self.state.borrow(py).trailer_lines);
        self.link.get().worker(py, |worker| {
            if lines.is_empty() {
                worker.body(self.key, b"", true);
            } else if worker.trailers(self.key, &lines).is_err() {
                worker.cancel(self.key, CancelReason::AppFailed);
            }
        });
        self.complete(py)
    }

    /// The outbox has run empty at the end of the response.
    fn end(&self, py: Python<'_>) -> PyResult<()> {
        if self.state.borrow(py).trailer_lines.is_empty() {
            return self.complete(py);
        }
        self.end_with_trailers(py)
    }

    /// Ends the response so that it cannot be taken for whole.
    fn give_up(&self, py: Python<'_>) -> PyResult<()> {
        self.link.get().worker(py, |worker| worker.cancel(self.key, CancelReason::AppFailed));
        self.complete(py)
    }

    fn complete(&self, py: Python<'_>) -> PyResult<()> {
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
        Self::respond(slf, head, PyBytes::new(py, b""), true).map(drop)
    }

    /// The application's `send`.
    fn send(slf: &Bound<'_, Self>, event: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let state = this.state.borrow(py);
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
fn keep_waiting(
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
