//! The response's half of an [`Exchange`]: what the application sends, in the order it may come, on its way to the front.

use diglot_link::message::CancelReason;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::awaitable::{Wait, WaitFor};
use super::conversation::{Conversation, Polled};
use super::event::{Event, out_of_turn};
use super::exchange::{Exchange, Phase, keep_waiting, wake};
use crate::response::Head;

impl Exchange {
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
    pub(super) fn respond(
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
    pub(super) fn finish_response(&self, py: Python<'_>, lines: Vec<u8>) -> PyResult<()> {
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

    pub(super) fn poll_room(&self, py: Python<'_>) -> PyResult<Polled> {
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
}
