//! Messages that may come, and get their memory.

use pyo3::prelude::*;
use pyo3::types::PyByteArray;

use super::call::Message;
use super::link::CallsLink;

impl CallsLink {
    /// Gives buffers to those messages that may come now, and lets them come.
    pub(super) fn admit(&self, py: Python<'_>) -> PyResult<()> {
        loop {
            let mut state = self.state.borrow(py);
            let Some(id) = state.grants.next() else {
                let is_due = !state.tick_due && state.grants.is_waited_for();
                state.tick_due |= is_due;
                drop(state);
                return if is_due { self.host.tick_soon.call0(py).map(drop) } else { Ok(()) };
            };
            let message = state.calls.get(&id).and_then(|call| call.message.as_ref());
            let bytes = message.map_or(0, Message::total);
            drop(state);
            self.give_buffer(py, id, bytes)?;
        }
    }

    /// Gives a call's message its buffer.
    pub(super) fn give_buffer(&self, py: Python<'_>, id: u32, bytes: usize) -> PyResult<()> {
        match PyByteArray::new_with(py, bytes, |_| Ok(())) {
            Ok(buffer) => {
                let mut state = self.state.borrow(py);
                if let Some(message) = state.calls.get_mut(&id).and_then(|call| call.message.as_mut()) {
                    message.admit(py, buffer.unbind());
                    state.step(id);
                }
                Ok(())
            }
            Err(_) => {
                let message = format!("the worker has no memory for a message of {bytes} bytes");
                self.refuse(py, id, None, "too_large", &message)
            }
        }
    }
}
