//! One call as one end of a socket knows it.

use crate::Violation;
use crate::frame::Type;
use crate::items::{Boundaries, ItemTooLarge};

/// One direction of a call: how much may still go that way.
///
/// The sender's and the receiver's are the same but for what is on its way.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Direction {
    /// Bytes of DATA that have been granted and have not gone.
    pub(crate) credit: u64,
    /// Bytes of the message that have not gone.
    pub(crate) left: u32,
    /// Items may follow the message.
    pub(crate) items: bool,
    /// Its head has gone: DATA may follow.
    pub(crate) begun: bool,
    /// END has gone.
    pub(crate) ended: bool,
    /// STOP has gone the other way: no more items are wanted.
    pub(crate) stopped: bool,
}

impl Direction {
    /// Begins with a message of `total` bytes of which `aboard` ride with the head.
    pub(crate) fn begin(&mut self, total: u32, aboard: usize, items: bool) {
        self.begun = true;
        self.left = total.saturating_sub(aboard as u32);
        self.items = items;
    }

    /// A frame's DATA goes this way: `bytes`, and END with `end`.
    pub(crate) fn advance(&mut self, id: u32, bytes: usize, end: bool) -> Result<(), Violation> {
        if !self.begun || self.ended {
            return Err(Violation::OutOfTurn { kind: Type::Data, id });
        }
        if bytes as u64 > self.credit {
            return Err(Violation::NoCredit { id, bytes });
        }
        self.credit -= bytes as u64;
        let of_message = bytes.min(self.left as usize);
        self.left -= of_message as u32;
        if of_message < bytes && !self.items {
            return Err(Violation::Excess { id });
        }
        self.end(id, end)
    }

    /// What has gone last carried END, or not.
    pub(crate) fn end(&mut self, id: u32, end: bool) -> Result<(), Violation> {
        if end && self.left > 0 {
            return Err(Violation::Incomplete { id, missing_bytes: self.left });
        }
        self.ended |= end;
        Ok(())
    }
}

/// A call that is open.
#[derive(Debug)]
pub(crate) struct Call<T> {
    pub(crate) owner: T,
    pub(crate) sending: Direction,
    pub(crate) receiving: Direction,
    /// Of what the peer may send, what it has not been told. Only the broker keeps some.
    pub(crate) untold: u64,
    /// Where in the items that come the broker is.
    boundaries: Boundaries,
    /// ABORT has gone from here.
    pub(crate) aborted: bool,
    /// ABORT has come.
    pub(crate) unwanted: bool,
}

impl<T> Call<T> {
    pub(crate) fn new(owner: T, sending: Direction, receiving: Direction) -> Self {
        let boundaries = Boundaries::default();
        Self { owner, sending, receiving, untold: 0, boundaries, aborted: false, unwanted: false }
    }

    /// Bytes of items have come, and with `end` the last: whoever reads them must be able to take them apart.
    pub(crate) fn items_pass(
        &mut self,
        id: u32,
        bytes: &[u8],
        bytes_max: u32,
        end: bool,
    ) -> Result<(), Violation> {
        self.boundaries
            .pass(bytes, bytes_max)
            .map_err(|ItemTooLarge { bytes, bytes_max }| Violation::ItemTooLarge { id, bytes, bytes_max })?;
        match end && !self.boundaries.is_whole() {
            true => Err(Violation::IncompleteItem { id }),
            false => Ok(()),
        }
    }
}

/// The ids of the calls that one end begins: 1 to 2³¹ − 1, over and over.
#[derive(Debug, Default)]
pub(crate) struct Ids {
    last: u32,
    /// Every id has been used.
    wrapped: bool,
    /// Calls begun that are not over.
    pub(crate) open: usize,
}

/// The highest number of a call, without the bit that says who began it.
const NUMBER_MAX: u32 = (1 << 31) - 1;

impl Ids {
    /// The number behind the last.
    pub(crate) fn advance(&mut self) -> u32 {
        if self.last == NUMBER_MAX {
            self.last = 0;
            self.wrapped = true;
        }
        self.last += 1;
        self.last
    }

    /// The peer begins a call with this number. Before every number has been used none is left out; then those are
    /// which the peer took for open, and they are no more than there can be.
    pub(crate) fn follow(&mut self, number: u32, passed_max: usize) -> bool {
        let ahead = match number > self.last {
            true => number - self.last,
            false => NUMBER_MAX - self.last + number,
        };
        let begins_anew = number <= self.last;
        let passed = (ahead - 1) as usize;
        if passed > passed_max || (passed > 0 && !self.wrapped && !begins_anew) {
            return false;
        }
        self.wrapped |= begins_anew;
        self.last = number;
        true
    }

    /// True if a call of this number has been begun at some time.
    pub(crate) fn was_begun(&self, number: u32) -> bool {
        self.wrapped || number <= self.last
    }

    #[cfg(test)]
    pub(crate) fn at(last: u32) -> Self {
        Self { last, wrapped: false, open: 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_begin_anew() {
        let mut ids = Ids::at(NUMBER_MAX - 1);
        assert_eq!(ids.advance(), NUMBER_MAX);
        assert!(!ids.was_begun(NUMBER_MAX) || ids.was_begun(1));
        assert_eq!(ids.advance(), 1);
        assert!(ids.was_begun(NUMBER_MAX));
    }

    #[test]
    fn none_is_left_out_before() {
        let mut ids = Ids::default();
        assert!(ids.follow(1, 10));
        assert!(!ids.follow(3, 10));
        assert!(!ids.follow(1, 10));
        assert!(ids.follow(2, 10));
        let mut ids = Ids::at(NUMBER_MAX - 1);
        assert!(ids.follow(3, 10), "past those that are open");
        assert!(ids.follow(14, 10));
        assert!(!ids.follow(26, 10));
        assert!(!ids.follow(13, 10));
    }
}
