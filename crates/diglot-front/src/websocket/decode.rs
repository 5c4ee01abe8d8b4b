//! Reads what a client sends behind its handshake (RFC 6455 sections 5 to 8), in pieces of any size.

use diglot_link::message;

use super::fault::Fault;
use super::frame::{CLOSE, CONTINUATION, Kind, PING, TEXT};
use super::header::{self, Header, Place};
use super::inflate::{Inflating, STEP_BYTES_MAX, Then};
use super::mask::Key;
use super::offer::Deflate;
use super::pool::Lease;
use super::utf8::{NotUtf8, Utf8};

/// How much of a message is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a message, after inflating; beyond it 1009. A header that announces more is refused before its payload
    /// comes.
    pub message_bytes_max: u64,
    /// Frames of a message; beyond it 1009. Frames may be empty, so that without it a message could go on for ever.
    pub message_frames_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_bytes_max: 16 * 1024 * 1024, message_frames_max: 128 * 1024 }
    }
}

/// What [`Decoder::decode`] took from its input, and what that was.
#[derive(Debug)]
pub struct Decoded<'b> {
    /// Bytes at the front of the input that are done with; the next call begins behind them.
    pub consumed: usize,
    /// What they held.
    pub item: Item<'b>,
}

/// One step of a connection.
#[derive(Debug, PartialEq, Eq)]
pub enum Item<'b> {
    /// There is nothing whole in what is left. It is at most a frame's header or a control frame, 131 bytes.
    NeedMore,
    /// A message's data is next, and there is no room for it.
    NeedRoom,
    /// A part of a message, as it came: not empty, unless it is the last one. Parts of a text may be cut within a
    /// character.
    Data {
        /// What the message is.
        kind: Kind,
        /// At most as much as there was room for.
        data: &'b [u8],
        /// The message is whole.
        last: bool,
    },
    /// A ping with its payload, to be answered with [`super::write_pong`].
    Ping(&'b [u8]),
    /// A pong with its payload.
    Pong(&'b [u8]),
    /// The client closes. Whatever it sends behind this is taken and ignored.
    Close {
        /// Its status code, which is a valid one; `None` where it sent no payload (1005 in the words of section 7.4.1).
        code: Option<u16>,
        /// Why, at most 123 bytes.
        reason: &'b str,
    },
}

/// Reads the frames of one connection.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// Bytes of payload that the frames of this message have announced so far.
    message_bytes: u64,
    /// Bytes of payload of this frame that have not been handed out.
    frame_bytes: u64,
    /// The message's state, where it is compressed.
    inflating: Lease<Inflating>,
    message_frames: u32,
    key: Key,
    utf8: Utf8,
    state: State,
    /// The message that has begun and not ended.
    message: Option<Kind>,
    is_final: bool,
    may_deflate: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Header,
    /// Within a data frame.
    Payload,
    Closed,
    Failed(Fault),
}

impl Decoder {
    /// For the connection behind a handshake.
    pub fn new(deflate: Option<Deflate>, limits: &Limits) -> Self {
        Self {
            limits: *limits,
            message_bytes: 0,
            frame_bytes: 0,
            inflating: Lease::default(),
            message_frames: 0,
            key: Key::default(),
            utf8: Utf8::default(),
            state: State::Header,
            message: None,
            is_final: false,
            may_deflate: deflate.is_some(),
        }
    }

    /// Whether a message has begun and not ended.
    pub fn is_within_message(&self) -> bool {
        self.message.is_some()
    }

    /// Whether the client has closed, or broken a rule: nothing comes any more.
    pub fn is_finished(&self) -> bool {
        matches!(self.state, State::Closed | State::Failed(_))
    }

    /// Takes one step from the front of `input`, which is unmasked in place.
    ///
    /// What is left behind [`Decoded::consumed`] must stand, as this call left it, at the front of the next call's
    /// input. `room` is how many bytes of data there is room for; without any, control frames still pass where they
    /// come next, and all data waits, empty messages too. Data is borrowed from `input`, or from `scratch` where it was
    /// compressed: scratch grows up to 64 KiB, holds nothing between two calls and can serve many connections.
    ///
    /// # Errors
    /// The rule that the client broke; every further call answers the same.
    #[inline]
    pub fn decode<'b>(
        &mut self,
        input: &'b mut [u8],
        room: usize,
        scratch: &'b mut Vec<u8>,
    ) -> Result<Decoded<'b>, Fault> {
        self.step(input, room, scratch).inspect_err(|&fault| {
            self.inflating.end();
            self.state = State::Failed(fault);
        })
    }

    #[inline]
    fn step<'b>(
        &mut self,
        input: &'b mut [u8],
        room: usize,
        scratch: &'b mut Vec<u8>,
    ) -> Result<Decoded<'b>, Fault> {
        let mut at = 0;
        loop {
            match self.state {
                State::Payload if self.frame_bytes == 0 && !self.is_final && !self.holds_data() => {
                    self.state = State::Header;
                }
                State::Payload if room == 0 => {
                    let waits = self.frame_bytes == 0 || at < input.len() || self.holds_data();
                    let item = if waits { Item::NeedRoom } else { Item::NeedMore };
                    return Ok(Decoded { consumed: at, item });
                }
                State::Payload if self.inflating.is_some() => {
                    let step = self.inflate(&mut input[at..], room, scratch)?;
                    at += step.consumed;
                    match step.next {
                        Next::Frame => self.state = State::Header,
                        Next::NeedMore => return Ok(Decoded { consumed: at, item: Item::NeedMore }),
                        Next::Data { kind, data_bytes, last } => {
                            let item = Item::Data { kind, data: &scratch[..data_bytes], last };
                            return Ok(Decoded { consumed: at, item });
                        }
                    }
                }
                State::Payload => return self.plain(input, at, room),
                State::Header => {
                    let Some(header) = self.read_header(&input[at..])? else {
                        return Ok(Decoded { consumed: at, item: Item::NeedMore });
                    };
                    if header::is_control(header.opcode) {
                        return self.control(input, at, header);
                    }
                    self.begin_frame(&header);
                    at += header.header_bytes;
                }
                State::Closed => return Ok(Decoded { consumed: input.len(), item: Item::NeedMore }),
                State::Failed(fault) => return Err(fault),
            }
        }
    }

    #[inline]
    fn read_header(&self, bytes: &[u8]) -> Result<Option<Header>, Fault> {
        let place = Place { is_within_message: self.message.is_some(), may_deflate: self.may_deflate };
        header::read(bytes, place, |payload_bytes, is_compressed| {
            if self.message_frames >= self.limits.message_frames_max {
                return Err(Fault::TooManyFrames);
            }
            let message_bytes_max = if is_compressed || self.inflating.is_some() {
                compressed_bytes_max(self.limits.message_bytes_max)
            } else {
                self.limits.message_bytes_max
            };
            if payload_bytes > message_bytes_max.saturating_sub(self.message_bytes) {
                return Err(Fault::MessageTooLarge);
            }
            Ok(())
        })
    }

    #[inline]
    fn begin_frame(&mut self, header: &Header) {
        if header.opcode != CONTINUATION {
            self.message = Some(if header.opcode == TEXT { Kind::Text } else { Kind::Binary });
            if header.is_compressed {
                self.inflating = Lease::begin(|_| true, Inflating::new);
            }
        }
        self.message_frames += 1;
        self.message_bytes += header.payload_bytes;
        self.frame_bytes = header.payload_bytes;
        self.key = header.key;
        self.is_final = header.is_final;
        self.state = State::Payload;
    }

    /// Hands out what has come of a frame that is not compressed.
    #[inline]
    fn plain<'b>(&mut self, input: &'b mut [u8], at: usize, room: usize) -> Result<Decoded<'b>, Fault> {
        let arrived = input.len() - at;
        if arrived == 0 && self.frame_bytes > 0 {
            return Ok(Decoded { consumed: at, item: Item::NeedMore });
        }
        let taken = arrived.min(room).min(usize::try_from(self.frame_bytes).unwrap_or(usize::MAX));
        let end = at + taken;
        let data = &mut input[at..end];
        self.key.apply(data);
        self.frame_bytes -= taken as u64;
        let last = self.is_final && self.frame_bytes == 0;
        let kind = self.check(data, last)?;
        if self.frame_bytes == 0 {
            self.state = State::Header;
        }
        Ok(Decoded { consumed: end, item: Item::Data { kind, data, last } })
    }

    /// Inflates what has come of a frame.
    fn inflate(&mut self, input: &mut [u8], room: usize, scratch: &mut Vec<u8>) -> Result<Inflated, Fault> {
        let message_bytes_max = self.limits.message_bytes_max;
        let Some(inflating) = self.inflating.get() else { return Ok(Inflated::NOTHING) };
        let arrived = input.len().min(usize::try_from(self.frame_bytes).unwrap_or(usize::MAX));
        if arrived == 0 && self.frame_bytes > 0 && !inflating.may_hold_more {
            return Ok(Inflated::NOTHING);
        }
        let payload = &mut input[..arrived];
        self.key.apply(&mut payload[inflating.unmasked_bytes..]);
        // One byte beyond the limit tells a message that is too long from one that is just as long.
        let up_to_limit = message_bytes_max.saturating_sub(inflating.message_bytes).saturating_add(1);
        let room = room.min(STEP_BYTES_MAX).min(usize::try_from(up_to_limit).unwrap_or(usize::MAX));
        if scratch.len() < room {
            scratch.resize(room, 0);
        }
        let is_last = self.is_final && self.frame_bytes == arrived as u64;
        let step = inflating.step(payload, is_last, &mut scratch[..room]);
        inflating.unmasked_bytes = arrived - step.taken;
        inflating.message_bytes += step.given as u64;
        let is_too_large = inflating.message_bytes > message_bytes_max;
        let holds_more = inflating.may_hold_more;
        self.frame_bytes -= step.taken as u64;
        // What comes first in the message is found first, however the payload was cut.
        let data = &scratch[..step.given - usize::from(is_too_large)];
        let is_end = step.then == Then::End && !is_too_large;
        let kind = self.check(data, is_end)?;
        if is_too_large {
            return Err(Fault::MessageTooLarge);
        }
        let next = match step.then {
            Then::Broken => return Err(Fault::DeflateInvalid),
            Then::End => {
                self.inflating.end();
                self.state = State::Header;
                Next::Data { kind, data_bytes: step.given, last: true }
            }
            Then::More if step.given > 0 => Next::Data { kind, data_bytes: step.given, last: false },
            Then::More if self.frame_bytes == 0 && !holds_more => Next::Frame,
            Then::More => Next::NeedMore,
        };
        Ok(Inflated { consumed: step.taken, next })
    }

    /// Whether there may be data, or the end of a message, to come out though no input comes.
    pub fn holds_data(&self) -> bool {
        self.inflating.peek().is_some_and(|inflating| inflating.may_hold_more)
    }

    /// Checks a part of the message as it is handed out.
    #[inline]
    fn check(&mut self, data: &[u8], last: bool) -> Result<Kind, Fault> {
        // Within a frame of data there is a message.
        let kind = self.message.unwrap_or(Kind::Binary);
        if kind == Kind::Text {
            self.utf8.check(data, last).map_err(|NotUtf8| Fault::TextUtf8)?;
        }
        if last {
            self.message = None;
            self.message_bytes = 0;
            self.message_frames = 0;
        }
        Ok(kind)
    }

    /// Hands out a control frame as soon as it is whole.
    fn control<'b>(
        &mut self,
        input: &'b mut [u8],
        at: usize,
        mut header: Header,
    ) -> Result<Decoded<'b>, Fault> {
        let start = at + header.header_bytes;
        let end = start + header.payload_bytes as usize;
        if input.len() < end {
            return Ok(Decoded { consumed: at, item: Item::NeedMore });
        }
        let payload = &mut input[start..end];
        header.key.apply(payload);
        let item = match header.opcode {
            CLOSE => {
                let item = close(payload)?;
                self.inflating.end();
                self.state = State::Closed;
                item
            }
            PING => Item::Ping(payload),
            _ => Item::Pong(payload),
        };
        Ok(Decoded { consumed: end, item })
    }
}

/// What came of the payload of a compressed frame.
struct Inflated {
    /// Bytes of it that are done with.
    consumed: usize,
    next: Next,
}

enum Next {
    /// The frame is done with, and gave nothing.
    Frame,
    NeedMore,
    Data {
        kind: Kind,
        data_bytes: usize,
        last: bool,
    },
}

impl Inflated {
    const NOTHING: Self = Self { consumed: 0, next: Next::NeedMore };
}

/// Most bytes of a message's compressed payload. What cannot be compressed becomes a little longer, and what is flushed
/// often may double; beyond that it is there to be endless, for DEFLATE has blocks that hold nothing.
fn compressed_bytes_max(message_bytes_max: u64) -> u64 {
    message_bytes_max.saturating_mul(2).saturating_add(1024)
}

/// Reads a close frame's payload (RFC 6455 section 5.5.1), which is not one byte.
fn close(payload: &[u8]) -> Result<Item<'_>, Fault> {
    let Some((&code, reason)) = payload.split_first_chunk() else {
        return Ok(Item::Close { code: None, reason: "" });
    };
    let code = u16::from_be_bytes(code);
    if !message::Close::is_sendable(code) {
        return Err(Fault::CloseCodeInvalid);
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Fault::CloseReasonUtf8)?;
    Ok(Item::Close { code: Some(code), reason })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_holds_little() {
        assert!(size_of::<Decoder>() <= 64, "{} bytes", size_of::<Decoder>());
    }
}
