//! The response's half of an [`Exchange`]: what the application sends, in the order it may come, on its way to the front.

use diglot_link::message::CancelReason;
use pyo3::intern;
use pyo3::prelude::*;

use super::awaitable::{Wait, WaitFor};
use super::conversation::{Conversation, Polled};
use super::event::{Event, out_of_turn};
use super::exchange::{Exchange, Phase, keep_waiting, wake};
use super::file::{FilePart, Source};
use super::outbox::Part;
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
                Self::respond(slf, head, Part::of_bytes(data), more)
            }
            (Phase::Streaming, Event::Body { data, more }) => {
                state.phase = Phase::Streaming;
                drop(state);
                Self::send_part(slf, Part::of_bytes(data), more)
            }
            (phase @ (Phase::Started(_) | Phase::Streaming), Event::File { source, more }) => {
                state.phase = phase;
                drop(state);
                Self::take_file(slf, source, more)
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

    /// The status of the response that has begun, 0 before.
    pub(crate) fn status(&self, py: Python<'_>) -> u16 {
        self.state.borrow(py).status
    }

    /// A file as the next part of the body.
    fn take_file(slf: &Bound<'_, Self>, source: Source<'_>, more: bool) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        // What cannot be opened leaves everything as it was: the application may still answer in another way.
        let file = Part::File(FilePart::open(source)?);
        let mut state = this.state.borrow(py);
        match std::mem::replace(&mut state.phase, Phase::Streaming) {
            Phase::Started(head) => {
                drop(state);
                Self::respond(slf, head, file, more)
            }
            Phase::Streaming => {
                drop(state);
                Self::send_part(slf, file, more)
            }
            // The application's own file object has sent something when it was asked for its position.
            phase => {
                state.phase = phase;
                drop(state);
                Ok(this.link.get().sent(py))
            }
        }
    }

    /// The head leaves, with as much of `part` as there is credit for.
    pub(super) fn respond(
        slf: &Bound<'_, Self>,
        mut head: Head,
        mut part: Part,
        more: bool,
    ) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let bodiless = this.is_head || head.has_no_body();
        if !bodiless && let Err(failure) = part.read(py, usize::MAX) {
            this.state.borrow(py).phase = Phase::Started(head);
            return Err(failure);
        }
        let mut state = this.state.borrow(py);
        let trailers_due = state.trailers_due;
        let is_known = this.is_head || (matches!(part, Part::File(_)) && !trailers_due);
        if is_known && !more && !head.has_no_body() && head.length.is_none() {
            // Where the fields are too long for it already, the front frames the body without.
            head.push(b"content-length", part.left().to_string().as_bytes()).ok();
        }
        state.status = head.status;
        state.bodiless = bodiless;
        state.length_left = if bodiless { None } else { head.length };
        state.phase = Phase::Streaming;
        drop(state);
        let mut part = if bodiless { Part::empty(py) } else { part };
        if this.measure(py, &mut part, more)? {
            link.spare(py, head.lines);
            this.give_up(py)?;
            return Ok(link.sent(py));
        }
        let ends = !more && !trailers_due;
        let bytes = part.at_hand(py);
        let ends_here = ends && bytes.len() as u64 == part.left();
        let taken =
            link.worker(py, |worker| worker.respond(this.key, head.status, &head.lines, bytes, ends_here));
        let taken = taken.unwrap_or(bytes.len());
        part.sent(taken);
        link.spare(py, head.lines);
        let is_whole = part.left() == 0 || this.send_now(py, &mut part, ends)?;
        Self::given(slf, (!is_whole).then_some(part), more)
    }

    /// More of the body.
    fn send_part(slf: &Bound<'_, Self>, part: Part, more: bool) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let state = this.state.borrow(py);
        let (bodiless, trailers_due) = (state.bodiless, state.trailers_due);
        let must_queue = !state.outbox.is_empty();
        drop(state);
        let mut part = if bodiless { Part::empty(py) } else { part };
        if this.measure(py, &mut part, more)? {
            this.give_up(py)?;
            return Ok(link.sent(py));
        }
        if part.left() == 0 && more {
            return Ok(link.sent(py));
        }
        let is_whole = !must_queue && this.send_now(py, &mut part, !more && !trailers_due)?;
        Self::given(slf, (!is_whole).then_some(part), more)
    }

    /// Sends of `part` what there is credit for; true if that was all.
    fn send_now(&self, py: Python<'_>, part: &mut Part, ends: bool) -> PyResult<bool> {
        let sent = part.send_on(py, self.link.get(), self.key, ends);
        if sent.is_err() {
            self.is_owed(py, part.left());
        }
        sent
    }

    /// After a part of the body was sent, but for its `rest`.
    fn given(slf: &Bound<'_, Self>, rest: Option<Part>, more: bool) -> PyResult<Py<PyAny>> {
        let py = slf.py();
        let this = slf.get();
        let link = this.link.get();
        let mut state = this.state.borrow(py);
        state.outbox.extend(rest);
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
    fn measure(&self, py: Python<'_>, part: &mut Part, more: bool) -> PyResult<bool> {
        let mut state = self.state.borrow(py);
        let Some(left) = state.length_left else { return Ok(false) };
        let length = part.left();
        state.length_left = Some(left.saturating_sub(length));
        drop(state);
        let missing = if more { 0 } else { left.saturating_sub(length) };
        let message = if length > left {
            let excess = length - left;
            part.cut_to(left);
            format!("the response's body is longer than its Content-Length: {excess} bytes were cut off")
        } else if missing > 0 {
            format!("the response's body is {missing} bytes shorter than its Content-Length: it was given up")
        } else {
            return Ok(false);
        };
        self.report(py, &message, None)?;
        Ok(missing > 0)
    }

    /// So many bytes that counted as sent will not be.
    fn is_owed(&self, py: Python<'_>, unsent: u64) {
        let mut state = self.state.borrow(py);
        state.length_left = state.length_left.map(|left| left + unsent);
    }

    /// The rest of a file, `unsent` bytes, cannot be sent: the application hears of it by the `send()` that waits, or by its
    /// next. The body is not over, then; what was to follow the file is not sent.
    fn file_failed(&self, py: Python<'_>, unsent: u64, failure: PyErr) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let behind = std::mem::take(&mut state.outbox);
        let waiting = std::mem::take(&mut state.senders);
        let app_done = state.app_done;
        state.phase = Phase::Streaming;
        state.trailer_lines.clear();
        let failure = if app_done { Some(failure) } else { state.failure.replace(failure) };
        drop(state);
        self.is_owed(py, unsent + behind.iter().map(Part::left).sum::<u64>());
        drop(behind);
        if app_done && let Some(failure) = failure {
            self.report_failure(py, failure)?;
            self.give_up(py)?;
        }
        wake(py, waiting)
    }

    /// Says in the log what nobody was told.
    pub(super) fn report_failure(&self, py: Python<'_>, failure: PyErr) -> PyResult<()> {
        self.report(
            py,
            "a file could not be sent whole",
            Some(failure.into_value(py).into_bound(py).into_any()),
        )
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
        let mut state = self.state.borrow(py);
        let failure = state.failure.take();
        let waits = !state.gone && !state.outbox.is_empty();
        drop(state);
        if let Some(failure) = failure {
            return Err(failure);
        }
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
            let Some(mut part) = state.outbox.pop_front() else { return Ok(()) };
            let ends = state.outbox.is_empty() && matches!(state.phase, Phase::Ending);
            let ends_here = ends && state.trailer_lines.is_empty();
            drop(state);
            let is_whole = match part.send_on(py, link, self.key, ends_here) {
                Ok(is_whole) => is_whole,
                Err(failure) => return self.file_failed(py, part.left(), failure),
            };
            let mut state = self.state.borrow(py);
            if !is_whole {
                state.outbox.push_front(part);
                return Ok(());
            }
            let waiting =
                if state.outbox.is_empty() { std::mem::take(&mut state.senders) } else { Vec::new() };
            drop(state);
            drop(part);
            link.wrote(py)?;
            if ends {
                self.end(py)?;
            }
            wake(py, waiting)?;
        }
    }
}
