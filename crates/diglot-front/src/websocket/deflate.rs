//! Compresses messages part by part (RFC 7692 section 7.2.1).

use std::thread::LocalKey;

use flate2::{Compress, Compression, FlushCompress};

use super::frame::FLUSH_TAIL;
use super::pool::{Lease, Lent, Shelf};

/// How hard zlib tries, of 9. From 1 to 2 messages become a quarter to a third shorter in less than twice the time;
/// beyond, only the time grows.
const LEVEL: u32 = 2;

/// Room that is enough for a flush of so much data, or nearly always: codes of 9 bits for 8, and an empty block.
const fn flushed_bytes_max(data_bytes: usize) -> usize {
    data_bytes + data_bytes / 8 + 64
}

/// A message that is being compressed.
#[derive(Debug)]
pub(super) struct Deflating {
    state: Compress,
    window_bits: u8,
}

thread_local! {
    static SHELF: Shelf<Deflating> = const { Shelf::new() };
}

impl Lent for Deflating {
    const KEPT_MAX: usize = 4;
    /// Clients that read slowly hold theirs from the first to the last part: further messages go as they are.
    const LENT_MAX: usize = 64;

    fn shelf() -> &'static LocalKey<Shelf<Self>> {
        &SHELF
    }

    fn reset(&mut self) {
        self.state.reset();
    }
}

impl Deflating {
    /// Begins a message in a window of 2 to the power of `window_bits`, 9 to 15.
    pub(super) fn begin(window_bits: u8) -> Lease<Self> {
        Lease::begin(
            |kept: &Self| kept.window_bits == window_bits,
            || Self {
                state: Compress::new_with_window_bits(Compression::new(LEVEL), false, window_bits),
                window_bits,
            },
        )
    }

    /// Appends a part of the message, flushed; behind the last one without the bytes that each message ends with.
    pub(super) fn write(&mut self, out: &mut Vec<u8>, data: &[u8], last: bool) {
        let start = out.len();
        let taken_before = self.state.total_in();
        loop {
            let rest = &data[(self.state.total_in() - taken_before) as usize..];
            let written = out.len();
            // A slice and not the vector's whole spare room, all of which flate2 would fill with zeros first.
            out.resize(written + flushed_bytes_max(rest.len()), 0);
            let before = self.state.total_out();
            let flushed = self.state.compress(rest, &mut out[written..], FlushCompress::Sync);
            let given = (self.state.total_out() - before) as usize;
            let is_room_left = written + given < out.len();
            out.truncate(written + given);
            // It fails only for states that were never made right.
            debug_assert!(flushed.is_ok(), "{flushed:?}");
            if is_room_left || flushed.is_err() {
                break;
            }
        }
        if !last {
            return;
        }
        if out[start..].ends_with(&FLUSH_TAIL) {
            out.truncate(out.len() - FLUSH_TAIL.len());
        }
        if out.len() == start {
            // There was nothing to flush: the first byte of the empty block whose others are left out.
            out.push(0);
        }
    }
}
