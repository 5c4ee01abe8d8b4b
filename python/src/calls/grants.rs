//! How much others may send: windows of streams, and a budget for messages that are on their way.

use std::collections::VecDeque;

/// A call grants so much of its answer from the start while little is granted: a message of that length takes one turn less.
const ANSWER_WINDOW: u64 = 1024 * 1024;
/// With more than this granted and not received, calls grant nothing of their answers before those begin.
const EAGER_BYTES_MAX: u64 = 32 * 1024 * 1024;
/// With more than this granted and not received, whoever needs more waits. Half of what a worker may grant.
const GRANTED_BYTES_HIGH: u64 = diglot_calls::GRANTED_BYTES_MAX / 2;
/// What a stream of items may be ahead of its reader, while few streams are open.
const STREAM_WINDOW: u64 = 256 * 1024;
/// The same while many are.
const STREAM_WINDOW_SMALL: u64 = 16 * 1024;

/// What has been granted on one socket.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// Bytes granted and not received, of all calls.
    outstanding: u64,
    /// Calls whose grants wait for others to be used, the longest waiting first.
    waiting: VecDeque<(u32, u64)>,
}

impl Grants {
    /// What a call that is begun now grants of its answer.
    pub(super) fn answer_window(&mut self) -> u64 {
        let window = if self.outstanding < EAGER_BYTES_MAX { ANSWER_WINDOW } else { 0 };
        self.outstanding += window;
        window
    }

    /// The window of a stream that begins now.
    pub(super) fn stream_window(&self) -> u64 {
        if self.outstanding < EAGER_BYTES_MAX { STREAM_WINDOW } else { STREAM_WINDOW_SMALL }
    }

    /// Asks for `bytes` for a call: true if they are granted now, else [`Self::next`] says when.
    pub(super) fn ask(&mut self, id: u32, bytes: u64) -> bool {
        if self.waiting.is_empty() && self.fits(bytes) {
            self.outstanding += bytes;
            return true;
        }
        self.waiting.push_back((id, bytes));
        false
    }

    /// The next that may be granted.
    pub(super) fn next(&mut self) -> Option<(u32, u64)> {
        let &(_, bytes) = self.waiting.front()?;
        if !self.fits(bytes) {
            return None;
        }
        self.outstanding += bytes;
        self.waiting.pop_front()
    }

    /// So many bytes have come, or will not come any more.
    pub(super) fn settle(&mut self, bytes: u64) {
        self.outstanding = self.outstanding.saturating_sub(bytes);
    }

    /// The longest message fits on its own.
    fn fits(&self, bytes: u64) -> bool {
        self.outstanding == 0 || self.outstanding + bytes <= GRANTED_BYTES_HIGH
    }
}
