//! Parts of a response, whole or what is left of them when credit ran out.

use std::collections::VecDeque;

use diglot_link::StreamKey;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::file::FilePart;
use super::link::AsgiLink;

/// What has been sent by the application and not yet to the front, in its order.
pub(super) type Outbox = VecDeque<Part>;

/// A part of a response's body.
#[derive(Debug)]
pub(super) enum Part {
    /// The application's own object, from `sent` to `end`.
    Bytes {
        data: Py<PyBytes>,
        sent: usize,
        end: usize,
    },
    File(FilePart),
}

impl Part {
    pub(super) fn of_bytes(data: Bound<'_, PyBytes>) -> Self {
        let end = data.as_bytes().len();
        Self::Bytes { data: data.unbind(), sent: 0, end }
    }

    pub(super) fn empty(py: Python<'_>) -> Self {
        Self::of_bytes(PyBytes::new(py, b""))
    }

    /// Bytes still to be sent.
    pub(super) fn left(&self) -> u64 {
        match self {
            Self::Bytes { sent, end, .. } => (end - sent) as u64,
            Self::File(file) => file.left(),
        }
    }

    /// Those of them that are in memory.
    pub(super) fn at_hand<'a>(&'a self, py: Python<'a>) -> &'a [u8] {
        match self {
            Self::Bytes { data, sent, end } => &data.as_bytes(py)[*sent..*end],
            Self::File(file) => file.at_hand(),
        }
    }

    /// Sees to it that bytes are in memory if any are left and there is `room`, and no more than that.
    ///
    /// # Errors
    /// What a file says to that.
    pub(super) fn read(&mut self, py: Python<'_>, room: usize) -> PyResult<()> {
        match self {
            Self::Bytes { .. } => Ok(()),
            Self::File(file) => file.read(py, room),
        }
    }

    /// `count` of the bytes at hand have been sent.
    pub(super) fn sent(&mut self, count: usize) {
        match self {
            Self::Bytes { sent, .. } => *sent += count,
            Self::File(file) => file.sent(count),
        }
    }

    /// No more than `length` bytes are to be sent.
    pub(super) fn cut_to(&mut self, length: u64) {
        match self {
            Self::Bytes { sent, end, .. } => {
                *end = (*end).min(sent.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)));
            }
            Self::File(file) => file.cut_to(length),
        }
    }

    /// Sends as much as there is credit for, and returns true if that was all; `ends` takes effect then.
    ///
    /// That is a window at most before the loop has its turn: credit comes back through the loop's reader.
    ///
    /// # Errors
    /// A file that cannot be read; what was read before that has been sent.
    pub(super) fn send_on(
        &mut self,
        py: Python<'_>,
        link: &AsgiLink,
        key: StreamKey,
        ends: bool,
    ) -> PyResult<bool> {
        loop {
            let room = link.worker(py, |worker| worker.body_room(key));
            self.read(py, room)?;
            let bytes = self.at_hand(py);
            let ends_here = ends && bytes.len() as u64 == self.left();
            let taken = link.worker(py, |worker| worker.body(key, bytes, ends_here));
            self.sent(taken);
            if self.left() == 0 {
                return Ok(true);
            }
            if taken == 0 {
                return Ok(false);
            }
            link.wrote(py)?;
        }
    }
}
