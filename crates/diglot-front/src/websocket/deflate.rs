//! Compresses messages part by part (RFC 7692 section 7.2.1).

use std::cell::RefCell;
use std::thread::LocalKey;

use flate2::{Compress, Compression, FlushCompress};

use super::frame::FLUSH_TAIL;
use super::pool::{Lease, Lent, Shelf};

/// How hard zlib tries, of 9.
const LEVEL: u32 = 1;

/// What a flush may add to what cannot be compressed: the header of a block, and an empty one.
const FLUSH_BYTES_MAX: usize = 64;

/// A message that is being compressed.
#[derive(Debug)]
pub(super) struct Deflating {
    state: Compress,
    window_bits: u8,
}

thread_local! {
    static SHELF: Shelf<Deflating> = const { RefCell::new(Vec::new()) };
}

impl Lent for Deflating {
    const KEPT_MAX: usize = 4;

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
        let before = self.state.total_in();
        loop {
            let taken = (self.state.total_in() - before) as usize;
            let rest = &data[taken..];
            out.reserve(rest.len() + FLUSH_BYTES_MAX);
            // It fails only for states that were never made right.
            let flushed = self.state.compress_vec(rest, out, FlushCompress::Sync);
            debug_assert!(flushed.is_ok(), "{flushed:?}");
            // Room that was not needed means that all is out.
            if flushed.is_err() || out.len() < out.capacity() {
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
