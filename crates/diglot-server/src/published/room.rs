//! How many bytes the server holds for all clients together.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Arguments of all calls, and answers of all calls, that the server holds.
const HELD_BYTES_MAX: u64 = 256 << 20;

/// Room for bytes of one kind. Only what is there, or is about to come, takes some of it.
#[derive(Debug, Default)]
pub(super) struct Room(AtomicU64);

/// What one call takes of it, until this is dropped.
#[derive(Debug)]
pub(super) struct Held {
    room: Arc<Room>,
    bytes: u64,
}

impl Held {
    pub(super) fn none_of(room: &Arc<Room>) -> Self {
        Self { room: Arc::clone(room), bytes: 0 }
    }

    /// Holds so many more. False: there is no room, unless they are of the only call.
    pub(super) fn hold(&mut self, bytes: u64) -> bool {
        let before = self.room.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        before + bytes <= HELD_BYTES_MAX || before + bytes == self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// An answer that takes room until the client has read it.
pub(super) struct HeldAnswer {
    pub(super) bytes: Vec<u8>,
    pub(super) _held: Held,
}

impl AsRef<[u8]> for HeldAnswer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_calls_share_the_room_and_one_alone_has_what_it_needs() {
        let room = Arc::default();
        let mut alone = Held::none_of(&room);
        assert!(alone.hold(HELD_BYTES_MAX * 2));
        let mut other = Held::none_of(&room);
        assert!(!other.hold(1));
        drop(alone);
        drop(other);
        let (mut one, mut two) = (Held::none_of(&room), Held::none_of(&room));
        assert!(one.hold(HELD_BYTES_MAX / 2) && two.hold(HELD_BYTES_MAX / 2));
        assert!(!two.hold(1));
        drop(one);
        assert!(two.hold(1));
    }
}
