//! From the broker to this worker: frames, and what each of them means.

use std::os::fd::AsFd;

use diglot_calls::items::{Items, LENGTH_BYTES};
use diglot_calls::message::CallHead;
use diglot_calls::{Event, Total};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes, PyList};

use super::call::{Call, Head, Message};
use super::link::CallsLink;
use super::state::State;
use super::telling::{returned, tell_caller};
use crate::transport::{Input, Received};
use crate::values;

/// Reads of one wake: so much may be handled before other callbacks of the loop have their turn.
const READS_PER_WAKE_MAX: usize = 4;

impl CallsLink {
    pub(super) fn read(&self, py: Python<'_>, input: &mut Input) -> PyResult<()> {
        let mut outcome = Ok(());
        for _ in 0..READS_PER_WAKE_MAX {
            let received = input.receive(self.socket.as_fd());
            loop {
                match self.handle_one(py, input) {
                    Ok(true) => {}
                    Ok(false) => break,
                    // What failed concerns one frame; those behind it are not to wait for the next read.
                    Err(error) => outcome = Err(error),
                }
            }
            match received {
                Ok(Received::More) => {}
                Ok(Received::Drained) => break,
                Ok(Received::End) => return self.end(py, None),
                Err(error) => return self.end(py, Some(&error.to_string())),
            }
        }
        outcome
    }

    /// Handles the first frame of the input. False if there is no whole one.
    fn handle_one(&self, py: Python<'_>, input: &mut Input) -> PyResult<bool> {
        let mut state = self.state.borrow(py);
        let handled = state.connection.handle(input.pending());
        drop(state);
        let (count, event) = match handled {
            Ok(Some(handled)) => handled,
            Ok(None) => return Ok(false),
            Err(violation) => {
                self.end(py, Some(&violation.to_string()))?;
                return Ok(false);
            }
        };
        let outcome = match event {
            Some(event) => self.act(py, event).or_else(|error| self.act_failed(py, id_of(&event), error)),
            None => Ok(()),
        };
        // Whatever came of it: a frame that stayed would be acted on by every later read.
        input.handled(count);
        outcome.map(|()| true)
    }

    /// What a frame meant has raised: the call it was about ends, and no other; the loop hears of the error.
    fn act_failed(&self, py: Python<'_>, id: Option<u32>, error: PyErr) -> PyResult<()> {
        if let Some(id) = id {
            self.refuse(py, id, None, "error", &format!("Diglot's worker has failed: {error}"))?;
        }
        Err(error)
    }

    fn act(&self, py: Python<'_>, event: Event<'_, ()>) -> PyResult<()> {
        match event {
            // Nobody offers functions to a worker.
            Event::Met | Event::Offer(_) => Ok(()),
            Event::Drain => {
                let mut state = self.state.borrow(py);
                state.is_drained = true;
                state.may_be_called = false;
                Ok(())
            }
            Event::Call { id, head, aboard, .. } => self.call_came(py, id, &head, aboard),
            Event::Return { id, total, aboard, end, .. } => self.return_came(py, id, total, aboard, end),
            Event::Data { id, bytes, end, .. } => self.data_came(py, id, bytes, end),
            Event::Throw { id, error, .. } => {
                let call = self.state.borrow(py).forget(id);
                let Some(target) = call.and_then(|call| call.target) else { return Ok(()) };
                tell_caller(py, &target, intern!(py, "thrown"), PyBytes::new(py, error).into_any())
            }
            Event::Granted { id, .. } => {
                let told = self.state.borrow(py).pump(py, id);
                self.tell(py, told)
            }
            Event::Stopped { id, .. } => self.tell_target(py, id, "stopped"),
            Event::Aborted { id, reason, .. } => {
                let mut state = self.state.borrow(py);
                let Some(call) = state.calls.get_mut(&id) else { return Ok(()) };
                call.is_unwanted = true;
                let target = call.target.as_ref().map(|target| target.clone_ref(py));
                // Nothing would be granted any more of an answer that waits for it. Where there is no answer yet, it is for
                // the function to end; without a target the arguments were not there.
                let is_answered = call.outbox.ends || call.outbox.error.is_some();
                let over = if is_answered || target.is_none() { state.cancel(id) } else { None };
                drop(state);
                drop(over);
                match target {
                    Some(target) => {
                        target.call_method1(py, intern!(py, "aborted"), (reason as u8,)).map(drop)
                    }
                    None => Ok(()),
                }
            }
            Event::Over { id, .. } => {
                let call = self.state.borrow(py).forget(id);
                drop(call);
                Ok(())
            }
        }
    }

    fn call_came(&self, py: Python<'_>, id: u32, head: &CallHead<'_>, aboard: &[u8]) -> PyResult<()> {
        let mut call = Call::new(None, head.is_json());
        let total = head.total as usize;
        let mut state = self.state.borrow(py);
        if head.has_items() {
            call.items = Some(Items::new(state.connection.message_bytes_max()));
            call.window = state.grants.stream_window();
        }
        if aboard.len() == total {
            let window = call.window;
            state.calls.insert(id, call);
            state.grant(id, window);
            drop(state);
            return self.begin_incoming(py, id, head, self.value(py, head.is_json(), aboard));
        }
        call.message = Some(Message::new(total, aboard));
        call.head = Some(Head {
            function: head.function.to_owned(),
            caller: head.service.to_owned(),
            context: head.context.to_vec(),
            deadline_ms: head.deadline_ms,
            flags: head.flags,
            depth: head.depth,
        });
        state.calls.insert(id, call);
        state.grants.ask(id, u64::from(head.total), head.service);
        Ok(())
    }

    /// The arguments of a call are there, or cannot be read.
    fn begin_incoming(
        &self,
        py: Python<'_>,
        id: u32,
        head: &CallHead<'_>,
        arguments: PyResult<Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (arguments, problem) = match arguments {
            Ok(arguments) => (arguments, None),
            Err(error) => (py.None().into_bound(py), Some(error.value(py).to_string())),
        };
        let target = self.host.call.call1(
            py,
            (
                id,
                head.function,
                head.service,
                PyBytes::new(py, head.context),
                head.deadline_ms,
                head.depth,
                head.flags,
                arguments,
                problem,
            ),
        )?;
        if !target.is_none(py)
            && let Some(call) = self.state.borrow(py).calls.get_mut(&id)
        {
            call.target = Some(target);
        }
        Ok(())
    }

    fn return_came(&self, py: Python<'_>, id: u32, total: Total, aboard: &[u8], end: bool) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let Some(call) = state.calls.get_mut(&id) else { return Ok(()) };
        let is_json = call.is_json;
        match total {
            Total::Message(total) if aboard.len() == total as usize => {
                // END may stand in a frame of its own.
                let target =
                    if end { state.forget(id).and_then(|call| call.target) } else { call.target.take() };
                drop(state);
                let value = self.value(py, is_json, aboard);
                returned(py, target, value)
            }
            Total::Message(total) => {
                let bytes = total as usize;
                let is_granted = u64::from(total) <= aboard.len() as u64 + call.credit;
                call.message = Some(Message::new(bytes, aboard));
                let target = call.target.as_ref().map(|target| target.clone_ref(py));
                drop(state);
                if is_granted {
                    return self.give_buffer(py, id, bytes);
                }
                let Some(target) = target else { return Ok(()) };
                let service: String = target.getattr(py, intern!(py, "service"))?.extract(py)?;
                self.state.borrow(py).grants.ask(id, u64::from(total), &service);
                Ok(())
            }
            Total::Stream => {
                let State { connection, grants, calls, .. } = &mut *state;
                let Some(call) = calls.get_mut(&id) else { return Ok(()) };
                call.items = Some(Items::new(connection.message_bytes_max()));
                let is_granted = call.window > 0;
                if !is_granted {
                    call.window = grants.stream_window();
                }
                let more = if is_granted { 0 } else { call.window };
                let target = call.target.as_ref().map(|target| target.clone_ref(py));
                state.grant(id, more);
                drop(state);
                if let Some(target) = target {
                    target.call_method0(py, intern!(py, "began"))?;
                }
                self.data_came(py, id, aboard, end)
            }
        }
    }

    fn data_came(&self, py: Python<'_>, id: u32, bytes: &[u8], end: bool) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let State { calls, grants, connection, .. } = &mut *state;
        let Some(call) = calls.get_mut(&id) else { return Ok(()) };
        call.credit = call.credit.saturating_sub(bytes.len() as u64);
        let is_ours = connection.is_ours(id);
        let Some(message) = &mut call.message else {
            drop(state);
            return self.items_came(py, id, bytes, end);
        };
        let rest = &bytes[message.push(py, bytes)..];
        if message.missing() > 0 {
            grants.progressed(id);
            state.step(id);
            return Ok(());
        }
        let whole = call.message.take().and_then(Message::into_buffer);
        grants.came_whole(id);
        let head = call.head.take();
        let is_json = call.is_json;
        let mut target = if is_ours { call.target.take() } else { None };
        if end && is_ours {
            let forgotten = state.forget(id);
            target = target.or(forgotten.and_then(|call| call.target));
        } else if !is_ours {
            // Items may follow; until now nothing but the message was granted.
            let window = call.window;
            state.grant(id, window);
        }
        drop(state);
        let Some(whole) = whole else { return Ok(()) };
        let value = self.owned_value(py, is_json, whole);
        if is_ours {
            return returned(py, target, value);
        }
        if let Some(head) = head {
            self.begin_incoming(py, id, &head.borrowed(), value)?;
        }
        self.items_came(py, id, rest, end)
    }

    /// Bytes of items, perhaps none; `end`: the last.
    fn items_came(&self, py: Python<'_>, id: u32, bytes: &[u8], end: bool) -> PyResult<()> {
        let mut state = self.state.borrow(py);
        let is_ours = state.connection.is_ours(id);
        let Some(call) = state.calls.get_mut(&id) else { return Ok(()) };
        let is_json = call.is_json;
        let mut items = call.items.take();
        let target = call.target.as_ref().map(|target| target.clone_ref(py));
        drop(state);
        let list = PyList::empty(py);
        let mut problem = None;
        let mut cut = None;
        // Bytes of items that are whole; the others are kept here anyway, and more may come for them.
        let mut counted = 0;
        if let Some(items) = &mut items {
            let pushed = items.push(bytes, |item| {
                counted += item.len() + LENGTH_BYTES;
                if problem.is_none() {
                    let value = self.value(py, is_json, item).and_then(|value| list.append(value));
                    problem = value.err();
                }
            });
            cut = match pushed {
                Err(error) => Some(error.to_string()),
                Ok(()) if end && !items.is_whole() => Some("the stream ends within an item".to_owned()),
                Ok(()) => None,
            };
        }
        let counted = counted.min(bytes.len());
        let mut state = self.state.borrow(py);
        if let Some(call) = state.calls.get_mut(&id) {
            call.items = items;
        }
        let wrote = state.owe(id, (bytes.len() - counted) as u64);
        let forgotten = if end && is_ours { state.forget(id) } else { None };
        drop(state);
        drop(forgotten);
        if wrote {
            self.wrote(py)?;
        }
        let Some(target) = target else { return Ok(()) };
        if !list.is_empty() {
            target.call_method1(py, intern!(py, "items"), (list, counted))?;
        }
        if let Some(problem) = problem {
            target.call_method1(py, intern!(py, "broken"), (problem.value(py),))?;
        }
        if let Some(cut) = cut {
            let code = if is_ours { "invalid_result" } else { "invalid_arguments" };
            return self.refuse(py, id, Some(target), code, &cut);
        }
        if end {
            target.call_method0(py, intern!(py, "ended"))?;
        }
        Ok(())
    }

    /// A message that goes away: JSON's text stays text, Python reads it.
    fn value<'py>(&self, py: Python<'py>, is_json: bool, bytes: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        if is_json {
            return Ok(PyBytes::new(py, bytes).into_any());
        }
        values::decode(py, self.codec.get(), &values::Message::Borrowed(bytes))
    }

    fn owned_value<'py>(
        &self,
        py: Python<'py>,
        is_json: bool,
        buffer: Py<PyByteArray>,
    ) -> PyResult<Bound<'py, PyAny>> {
        if is_json {
            return Ok(buffer.into_bound(py).into_any());
        }
        values::decode(py, self.codec.get(), &values::Message::Owned(buffer))
    }
}

/// The call an event is about.
fn id_of(event: &Event<'_, ()>) -> Option<u32> {
    match *event {
        Event::Met | Event::Offer(_) | Event::Drain => None,
        Event::Call { id, .. }
        | Event::Return { id, .. }
        | Event::Throw { id, .. }
        | Event::Data { id, .. }
        | Event::Granted { id, .. }
        | Event::Stopped { id, .. }
        | Event::Aborted { id, .. }
        | Event::Over { id, .. } => Some(id),
    }
}
