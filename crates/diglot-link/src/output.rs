//! Bytes that wait to be written to the link's socket.

/// A queue of bytes: frames are appended behind, the socket takes from the front.
///
/// Its length is bounded by the credit and by the number of streams; [`crate::Front`] ends a link whose worker
/// makes it grow beyond that.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    sent: usize,
}

/// An empty queue keeps no more than this, so that one large burst does not stay in memory.
const KEPT_BYTES_MAX: usize = 256 * 1024;

impl Output {
    /// What is still to be written.
    #[inline]
    pub fn pending(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// True if nothing waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    /// The socket took `count` bytes of [`Self::pending`].
    pub fn sent(&mut self, count: usize) {
        self.sent += count;
        debug_assert!(self.sent <= self.bytes.len());
        if self.sent == self.bytes.len() {
            self.sent = 0;
            self.bytes.clear();
            self.bytes.shrink_to(KEPT_BYTES_MAX);
        } else if self.sent >= KEPT_BYTES_MAX && self.sent >= self.bytes.len() / 2 {
            // Never before half is sent: each byte is then moved once at most, on average.
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
    }

    /// Where frames are appended.
    #[inline]
    pub(crate) fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}
