//! Buffers that connections borrow while they have bytes in hand.
//!
//! An idle connection holds none; a thread keeps a few for the next that needs one.

use std::cell::RefCell;

/// Bytes a buffer has room for: a request head with a body of common size, or a frame of a response.
pub(crate) const BUFFER_BYTES: usize = 64 * 1024;
/// Buffers a thread keeps.
const KEPT_MAX: usize = 32;
/// A buffer that grew beyond this is not kept.
const KEPT_BYTES_MAX: usize = 4 * BUFFER_BYTES;

thread_local! {
    static POOL: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer with room for [`BUFFER_BYTES`].
#[inline]
pub(crate) fn borrow() -> Vec<u8> {
    POOL.with_borrow_mut(Vec::pop).unwrap_or_else(|| Vec::with_capacity(BUFFER_BYTES))
}

/// Gives a buffer back and leaves one without memory in its place.
#[inline]
pub(crate) fn give_back(buffer: &mut Vec<u8>) {
    if buffer.capacity() == 0 {
        return;
    }
    let mut given = std::mem::take(buffer);
    if (BUFFER_BYTES..=KEPT_BYTES_MAX).contains(&given.capacity()) {
        given.clear();
        POOL.with_borrow_mut(|pool| {
            if pool.len() < KEPT_MAX {
                pool.push(given);
            }
        });
    }
}
