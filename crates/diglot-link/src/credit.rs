//! Credit: how a receiver holds a sender back.
//!
//! Payload bytes of BODY and WIRE frames cost credit, on their stream and on the link. A receiver gives credit
//! back when the bytes have left its memory, not when they arrived: so the bytes an end can be made to hold are
//! bounded by the windows, and a reader that does not read stops the writer at the far end. Bytes that ride
//! aboard a head cost nothing; their number is bounded by the number of streams.

use crate::Violation;

/// Bytes a sender may have under way on one stream.
pub const STREAM_WINDOW_BYTES: u32 = 128 * 1024;
/// Streams that may stand still with full windows while the link still carries others: as many as fit 32 bits.
pub const STANDING_STREAMS_MAX: u32 = 32_767;
/// Bytes a sender may have under way on the whole link. A smaller window would fill with the bytes of streams whose
/// readers stand still, and stop the streams of everybody else: a front that wants to hold less opens fewer streams.
pub const LINK_WINDOW_BYTES: u32 = STANDING_STREAMS_MAX * STREAM_WINDOW_BYTES;
/// Consumed bytes of a stream for which credit is given back at once.
const STREAM_QUANTUM_BYTES: u32 = STREAM_WINDOW_BYTES / 2;
/// The same for the link. Far less than half a window: streams that stand still may hold most of it for ever, and what
/// is left must go round among the others.
const LINK_QUANTUM_BYTES: u32 = 256 * 1024;

/// What a sender may still send.
#[derive(Debug)]
pub struct SendCredit {
    available: u32,
    window: u32,
}

impl SendCredit {
    /// A stream's full window.
    pub const fn of_stream() -> Self {
        Self::new(STREAM_WINDOW_BYTES)
    }

    /// The link's full window.
    pub const fn of_link() -> Self {
        Self::new(LINK_WINDOW_BYTES)
    }

    const fn new(window: u32) -> Self {
        Self { available: window, window }
    }

    /// Bytes that may be sent now.
    #[inline]
    pub const fn available(&self) -> usize {
        self.available as usize
    }

    /// `bytes` were sent; the caller asked [`Self::available`] before.
    #[inline]
    pub fn spend(&mut self, bytes: usize) {
        debug_assert!(bytes <= self.available());
        self.available = self.available.saturating_sub(bytes as u32);
    }

    /// The receiver gave `bytes` back.
    ///
    /// # Errors
    /// [`Violation::TooMuchCredit`] if that is more than was spent.
    pub fn grant(&mut self, stream: u32, bytes: u32) -> Result<(), Violation> {
        match self.available.checked_add(bytes) {
            Some(available) if available <= self.window => {
                self.available = available;
                Ok(())
            }
            _ => Err(Violation::TooMuchCredit { stream }),
        }
    }
}

/// What a receiver has promised to take, and what it has consumed without having said so yet.
#[derive(Debug)]
pub struct ReceiveWindow {
    promised: u32,
    consumed: u32,
    window: u32,
    quantum: u32,
}

impl ReceiveWindow {
    /// A stream's window. All of it is promised: both ends know its size beforehand.
    pub const fn of_stream() -> Self {
        Self::new(STREAM_WINDOW_BYTES, STREAM_QUANTUM_BYTES)
    }

    /// The link's window, promised likewise.
    pub const fn of_link() -> Self {
        Self::new(LINK_WINDOW_BYTES, LINK_QUANTUM_BYTES)
    }

    const fn new(window: u32, quantum: u32) -> Self {
        Self { promised: window, consumed: 0, window, quantum }
    }

    /// `bytes` arrived.
    ///
    /// # Errors
    /// [`Violation::NoCredit`] if they were not promised.
    #[inline]
    pub fn receive(&mut self, stream: u32, bytes: usize) -> Result<(), Violation> {
        match u32::try_from(bytes).ok().and_then(|count| self.promised.checked_sub(count)) {
            Some(promised) => {
                self.promised = promised;
                Ok(())
            }
            None => Err(Violation::NoCredit { stream, bytes }),
        }
    }

    /// `bytes` that had arrived are no longer held. Returns credit to send, now and then: half a stream's window, or
    /// 256 KiB of the link's, at a time.
    #[inline]
    pub fn consume(&mut self, bytes: usize) -> Option<u32> {
        let held = self.window - self.promised - self.consumed;
        debug_assert!(bytes <= held as usize, "consumed {bytes} of {held} bytes");
        self.consumed += u32::try_from(bytes).unwrap_or(u32::MAX).min(held);
        if self.consumed < self.quantum {
            return None;
        }
        let credit = std::mem::take(&mut self.consumed);
        self.promised += credit;
        Some(credit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credit_comes_back_by_halves() {
        let mut window = ReceiveWindow::new(100, 50);
        let mut sender = SendCredit::new(100);
        sender.spend(80);
        window.receive(1, 80).unwrap();
        assert_eq!(window.consume(49), None);
        assert_eq!(window.consume(1), Some(50));
        sender.grant(1, 50).unwrap();
        assert_eq!(sender.available(), 70);
        assert_eq!(window.receive(1, 71), Err(Violation::NoCredit { stream: 1, bytes: 71 }));
        window.receive(1, 70).unwrap();
    }

    #[test]
    fn credit_beyond_the_window_is_refused() {
        let mut sender = SendCredit::new(100);
        assert_eq!(sender.grant(4, 1), Err(Violation::TooMuchCredit { stream: 4 }));
        sender.spend(10);
        assert_eq!(sender.grant(4, u32::MAX), Err(Violation::TooMuchCredit { stream: 4 }));
        sender.grant(4, 10).unwrap();
    }

    #[test]
    fn streams_that_stand_still_leave_the_link_to_the_others() {
        let mut link = ReceiveWindow::of_link();
        link.receive(1, (STANDING_STREAMS_MAX as usize - 5) * STREAM_WINDOW_BYTES as usize).unwrap();
        for _ in 0..10_000 {
            link.receive(2, 65_536).unwrap();
            link.consume(65_536);
        }
    }
}
