//! The frame: twelve bytes of header, then a payload.
//!
//! ```text
//!  0        4      5       6      8         12
//!  +--------+------+-------+------+---------+---------…
//!  | length | type | flags |  0   | call id | payload
//!  +--------+------+-------+------+---------+---------…
//!    u32 le   u8     u8     u16    u32 le
//! ```
//!
//! Every length has a maximum that is checked when the header is read, before anything is kept or allocated.

use crate::Violation;

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 12;
/// Most bytes of a function as JSON.
pub const OFFER_BYTES_MAX: usize = 1024 * 1024;
/// Most bytes of a CALL or RETURN payload.
pub const HEAD_BYTES_MAX: usize = 128 * 1024;
/// Most bytes of an error as JSON.
pub const THROW_BYTES_MAX: usize = 256 * 1024;
/// Most bytes of a DATA payload.
pub const DATA_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a message that ride in the frame of its head. They cost no credit.
pub const ABOARD_BYTES_MAX: usize = 32 * 1024;

/// The last frame of this direction of the call.
pub const FLAG_END: u8 = 0x01;
/// The bit that ids of calls have which a worker began.
pub const WORKER_ID: u32 = 1 << 31;

/// What a frame is for. The numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Type {
    /// Worker to broker: a function, as JSON.
    Offer = 0x01,
    /// Broker to worker: no CALL follows.
    Drain = 0x02,
    /// Caller to callee: a call begins; its head, and the start of its arguments.
    Call = 0x10,
    /// Callee to caller: the head of the answer, and its start.
    Return = 0x11,
    /// Callee to caller: the call ends with this error.
    Throw = 0x12,
    /// Both: bytes of a message or of items.
    Data = 0x13,
    /// Both: the receiver may send this many bytes of DATA more.
    Grant = 0x14,
    /// Callee to caller: no more items are wanted.
    Stop = 0x15,
    /// Caller to callee: nobody waits for the answer any more.
    Abort = 0x16,
}

impl Type {
    /// Every type of this revision.
    pub const ALL: [Self; 9] = [
        Self::Offer,
        Self::Drain,
        Self::Call,
        Self::Return,
        Self::Throw,
        Self::Data,
        Self::Grant,
        Self::Stop,
        Self::Abort,
    ];

    /// The type of a number of this revision.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0x01 => Self::Offer,
            0x02 => Self::Drain,
            0x10 => Self::Call,
            0x11 => Self::Return,
            0x12 => Self::Throw,
            0x13 => Self::Data,
            0x14 => Self::Grant,
            0x15 => Self::Stop,
            0x16 => Self::Abort,
            _ => return None,
        })
    }

    /// Most bytes a payload of this type may have.
    pub const fn payload_bytes_max(self) -> usize {
        match self {
            Self::Offer => OFFER_BYTES_MAX,
            Self::Call | Self::Return => HEAD_BYTES_MAX,
            Self::Throw => THROW_BYTES_MAX,
            Self::Data => DATA_BYTES_MAX,
            Self::Grant => 4,
            Self::Abort => 1,
            Self::Drain | Self::Stop => 0,
        }
    }

    const fn permits_flags(self, flags: u8) -> bool {
        match self {
            Self::Call | Self::Return | Self::Data => flags & !FLAG_END == 0,
            Self::Throw => flags == FLAG_END,
            _ => flags == 0,
        }
    }

    /// True if it concerns the socket and no call.
    const fn is_of_the_socket(self) -> bool {
        matches!(self, Self::Offer | Self::Drain)
    }
}

/// A frame's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the payload, at most [`Type::payload_bytes_max`].
    pub length: usize,
    /// What the frame is for.
    pub kind: Type,
    /// This direction of the call ends with it.
    pub end: bool,
    /// The call's id; 0 where the frame concerns the socket.
    pub id: u32,
}

impl Header {
    /// Its bytes.
    #[inline]
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let [l0, l1, l2, l3] = (self.length as u32).to_le_bytes();
        let [i0, i1, i2, i3] = self.id.to_le_bytes();
        let flags = if self.end { FLAG_END } else { 0 };
        [l0, l1, l2, l3, self.kind as u8, flags, 0, 0, i0, i1, i2, i3]
    }

    /// Reads a header from the start of `input`; `None`: more bytes are needed.
    ///
    /// # Errors
    /// A [`Violation`] where no frame has such a header.
    #[inline]
    pub fn decode(input: &[u8]) -> Result<Option<Self>, Violation> {
        let Some((bytes, _)) = input.split_first_chunk::<HEADER_BYTES>() else { return Ok(None) };
        let [l0, l1, l2, l3, number, flags, z0, z1, i0, i1, i2, i3] = *bytes;
        let kind = Type::from_number(number).ok_or(Violation::UnknownType { number })?;
        let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
        if length > kind.payload_bytes_max() {
            return Err(Violation::TooLong { kind, length, length_max: kind.payload_bytes_max() });
        }
        if !kind.permits_flags(flags) {
            return Err(Violation::WrongFlags { kind, flags });
        }
        let id = u32::from_le_bytes([i0, i1, i2, i3]);
        if [z0, z1] != [0; 2] || (id == 0) != kind.is_of_the_socket() || id == WORKER_ID {
            return Err(Violation::Misaddressed { kind, id });
        }
        Ok(Some(Self { length, kind, end: flags & FLAG_END != 0, id }))
    }
}
