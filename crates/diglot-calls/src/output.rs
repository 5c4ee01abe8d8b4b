//! Bytes that wait to be written to the socket: small frames in common buffers, large payloads by reference.

use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::Bytes;

/// A payload of at least so many bytes is kept by reference where it can be.
pub(crate) const SHARED_BYTES_MIN: usize = 16 * 1024;
/// A common buffer that has grown to this gets no more frames; it also bounds what an idle socket keeps.
const BUFFER_BYTES_MAX: usize = 128 * 1024;

/// The bytes of a message, or of a part of one.
#[derive(Debug, Clone, Copy)]
pub enum Payload<'b> {
    /// To be copied.
    Copied(&'b [u8]),
    /// To be kept by reference where that is cheaper; may be a part of the buffer it lies in.
    Shared(&'b Bytes, &'b [u8]),
}

impl<'b> Payload<'b> {
    /// The bytes.
    #[inline]
    pub fn bytes(&self) -> &'b [u8] {
        match *self {
            Self::Copied(bytes) | Self::Shared(_, bytes) => bytes,
        }
    }

    /// The same with a part of the bytes.
    #[inline]
    pub(crate) fn part(self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::Copied(bytes) => Self::Copied(&bytes[range]),
            Self::Shared(whole, bytes) => Self::Shared(whole, &bytes[range]),
        }
    }
}

impl<'b> From<&'b [u8]> for Payload<'b> {
    fn from(bytes: &'b [u8]) -> Self {
        Self::Copied(bytes)
    }
}

impl<'b> From<&'b Bytes> for Payload<'b> {
    fn from(bytes: &'b Bytes) -> Self {
        Self::Shared(bytes, bytes)
    }
}

#[derive(Debug)]
enum Segment {
    Buffer(Vec<u8>),
    Shared(Bytes),
}

impl Segment {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Buffer(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// A queue of bytes: frames are appended behind, the socket takes from the front.
///
/// Its length is bounded by the credit and by the number of calls; the broker ends a worker that makes it grow beyond.
#[derive(Debug, Default)]
pub struct Output {
    segments: VecDeque<Segment>,
    /// Of the first segment.
    sent: usize,
    pending: usize,
    spare: Vec<u8>,
}

impl Output {
    /// How many bytes wait.
    #[inline]
    pub fn pending_bytes(&self) -> usize {
        self.pending
    }

    /// True if nothing waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.pending == 0
    }

    /// Fills `slices` with what is to be written next, for `writev`; returns how many it filled.
    pub fn slices<'s>(&'s self, slices: &mut [IoSlice<'s>]) -> usize {
        let mut skip = self.sent;
        let mut count = 0;
        for (slice, segment) in slices.iter_mut().zip(&self.segments) {
            *slice = IoSlice::new(&segment.bytes()[skip..]);
            skip = 0;
            count += 1;
        }
        count
    }

    /// The first bytes to be written; empty if nothing waits.
    pub fn first(&self) -> &[u8] {
        self.segments.front().map_or(&[], |segment| &segment.bytes()[self.sent..])
    }

    /// The socket took `count` bytes.
    pub fn sent(&mut self, count: usize) {
        debug_assert!(count <= self.pending);
        self.pending -= count;
        self.sent += count;
        while let Some(segment) = self.segments.front() {
            let length = segment.bytes().len();
            if self.sent < length {
                break;
            }
            self.sent -= length;
            if let Some(Segment::Buffer(mut buffer)) = self.segments.pop_front()
                && buffer.capacity() <= 2 * BUFFER_BYTES_MAX
            {
                buffer.clear();
                self.spare = buffer;
            }
        }
    }

    /// Appends a copy.
    #[inline]
    pub(crate) fn copy(&mut self, bytes: &[u8]) {
        self.write(bytes.len(), |buffer| buffer.extend_from_slice(bytes));
    }

    /// Appends what `write` appends: `length` bytes.
    #[inline]
    pub(crate) fn write(&mut self, length: usize, write: impl FnOnce(&mut Vec<u8>)) {
        self.pending += length;
        if let Some(Segment::Buffer(buffer)) = self.segments.back_mut()
            && buffer.len() < BUFFER_BYTES_MAX
        {
            return write(buffer);
        }
        let mut buffer = std::mem::take(&mut self.spare);
        write(&mut buffer);
        self.segments.push_back(Segment::Buffer(buffer));
    }

    /// Appends a payload, by reference where that is cheaper.
    #[inline]
    pub(crate) fn append(&mut self, payload: Payload<'_>) {
        match payload {
            Payload::Shared(whole, part) if part.len() >= SHARED_BYTES_MIN => {
                self.pending += part.len();
                self.segments.push_back(Segment::Shared(whole.slice_ref(part)));
            }
            payload if payload.bytes().is_empty() => {}
            payload => self.copy(payload.bytes()),
        }
    }
}
