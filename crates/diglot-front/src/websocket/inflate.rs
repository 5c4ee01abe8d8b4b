//! Inflates a message while it comes (RFC 7692 section 7.2.2): never more than there is room for, and never more than
//! the limit says.

use std::thread::LocalKey;

use flate2::{Decompress, FlushDecompress, Status};

use super::frame::FLUSH_TAIL;
use super::pool::{Lent, Shelf};

/// Most bytes that are inflated in one step: what the caller's scratch can grow to.
pub(super) const STEP_BYTES_MAX: usize = 64 * 1024;

/// What is inflated behind a message's payload: the end that was left out, and an empty last block, which is
/// understood only if the payload did not stop in the midst of something.
const END: [u8; 9] = {
    let [a, b, c, d] = FLUSH_TAIL;
    [a, b, c, d, 0x01, 0x00, 0x00, 0xff, 0xff]
};

/// A message that is being inflated.
#[derive(Debug)]
pub(super) struct Inflating {
    state: Decompress,
    /// Bytes of message so far.
    pub(super) message_bytes: u64,
    /// Bytes at the front of the next input that are unmasked already: they did not fit into the last step.
    pub(super) unmasked_bytes: usize,
    /// The last step filled its room, so there may be more to come out though nothing goes in.
    pub(super) may_hold_more: bool,
    /// Nothing stands behind the beginning, or behind a block that says it is the last one.
    is_at_start: bool,
    /// How much of [`END`] is inflated.
    end_bytes: u8,
}

thread_local! {
    static SHELF: Shelf<Inflating> = const { Shelf::new() };
}

impl Lent for Inflating {
    const KEPT_MAX: usize = 16;
    /// What a client has compressed must be inflated.
    const LENT_MAX: usize = usize::MAX;

    fn shelf() -> &'static LocalKey<Shelf<Self>> {
        &SHELF
    }

    fn reset(&mut self) {
        self.state.reset(false);
        let Self { state: _, message_bytes, unmasked_bytes, may_hold_more, is_at_start, end_bytes } = self;
        (*message_bytes, *unmasked_bytes, *may_hold_more, *is_at_start, *end_bytes) = (0, 0, false, true, 0);
    }
}

/// What a step of inflating gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Step {
    /// Bytes of payload that are done with.
    pub(super) taken: usize,
    /// Bytes of message in front of the room.
    pub(super) given: usize,
    /// What stands behind them.
    pub(super) then: Then,
}

/// What comes behind the bytes a step gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    /// More of the message, once there is more payload or room.
    More,
    /// Nothing: the message is whole.
    End,
    /// Payload that is not DEFLATE. What was given before counts: it may be wrong by itself, and then that is the
    /// first thing that is.
    Broken,
}

impl Inflating {
    /// With a window of 15 bits, which understands what was compressed with a smaller one too.
    pub(super) fn new() -> Self {
        Self {
            state: Decompress::new(false),
            message_bytes: 0,
            unmasked_bytes: 0,
            may_hold_more: false,
            is_at_start: true,
            end_bytes: 0,
        }
    }

    /// Inflates `payload` into `room`, which is not empty. `is_last` says that no payload of the message comes behind
    /// it.
    ///
    /// All of `payload` is taken unless the room is filled; then call it again with what is left, and with more room.
    pub(super) fn step(&mut self, payload: &[u8], is_last: bool, room: &mut [u8]) -> Step {
        let mut step = Step { taken: 0, given: 0, then: Then::More };
        // Behind the payload the state is only asked for the end.
        while step.taken < payload.len() || (self.may_hold_more && self.end_bytes == 0) {
            let (taken, status) = self.inflate(&payload[step.taken..], room, &mut step.given);
            step.taken += taken;
            self.is_at_start = self.is_at_start && taken == 0;
            self.may_hold_more = step.given == room.len();
            match status {
                Some(Status::StreamEnd) => {
                    // A block that says it is the last one is allowed, and more behind it (section 7.2.3.4).
                    self.state.reset(false);
                    self.is_at_start = true;
                    self.may_hold_more = false;
                    if step.given == room.len() && step.taken < payload.len() {
                        return step;
                    }
                }
                Some(_) if self.may_hold_more => return step,
                Some(_) if step.taken == payload.len() => {}
                // zlib stops only for want of input or of room.
                _ => return Step { then: Then::Broken, ..step },
            }
        }
        if is_last {
            step.then = self.end(room, &mut step.given);
        }
        step
    }

    /// Inflates what stands behind the payload.
    fn end(&mut self, room: &mut [u8], given: &mut usize) -> Then {
        if self.is_at_start && self.end_bytes == 0 {
            return Then::End;
        }
        let (taken, status) = self.inflate(&END[usize::from(self.end_bytes)..], room, given);
        self.end_bytes += taken as u8;
        self.may_hold_more = *given == room.len();
        match status {
            Some(Status::StreamEnd) if usize::from(self.end_bytes) == END.len() => Then::End,
            Some(Status::Ok | Status::BufError) if self.may_hold_more => Then::More,
            _ => Then::Broken,
        }
    }

    /// Inflates into what is left of the room; how much it took, and `None` where that is not DEFLATE.
    fn inflate(&mut self, payload: &[u8], room: &mut [u8], given: &mut usize) -> (usize, Option<Status>) {
        let (taken_before, given_before) = (self.state.total_in(), self.state.total_out());
        let status = self.state.decompress(payload, &mut room[*given..], FlushDecompress::None);
        *given += (self.state.total_out() - given_before) as usize;
        ((self.state.total_in() - taken_before) as usize, status.ok())
    }
}
