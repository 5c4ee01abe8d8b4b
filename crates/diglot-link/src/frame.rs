//! The frame: twelve bytes of header, then a payload.
//!
//! ```text
//!  0        4      5       6            8           12
//!  +--------+------+-------+------------+-----------+---------…
//!  | length | type | flags | generation | stream id | payload
//!  +--------+------+-------+------------+-----------+---------…
//!    u32 le   u8     u8      u16 le       u32 le
//! ```
//!
//! Every length has a maximum that is checked when the header is read, before anything is kept or allocated.

use crate::Violation;

/// Bytes of a frame's header.
pub const HEADER_BYTES: usize = 12;
/// Most bytes of a request's or response's text: target, names and values.
pub const TEXT_BYTES_MAX: usize = 96 * 1024;
/// Most fields in one head.
pub const FIELDS_MAX: usize = 1024;
/// Most bytes of a body that ride in the frame of their head. They cost no credit.
pub const ABOARD_BYTES_MAX: usize = 32 * 1024;
/// Most bytes of a BODY or WIRE frame's payload.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a CLOSE payload: those a control frame of WebSocket can have (RFC 6455 section 5.5).
pub const CLOSE_BYTES_MAX: usize = 125;
/// Most bytes of a READY or FAILED message.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a session's name.
pub const SESSION_BYTES_MAX: usize = 256;
/// Most bytes of an OPEN payload.
pub const OPEN_BYTES_MAX: usize = 512;
/// Most bytes of the name of what is wrong in a FAULT.
pub const RULE_BYTES_MAX: usize = 64;
/// Most bytes of a FAULT payload.
pub const FAULT_BYTES_MAX: usize = 8 + RULE_BYTES_MAX + ABOARD_BYTES_MAX;
/// Bytes of a LIMITS payload.
pub const LIMITS_BYTES: usize = 8;
/// Most bytes of the payload of any frame.
pub const PAYLOAD_BYTES_MAX: usize = 160 * 1024;

/// The last frame of this direction of the stream.
pub const FLAG_END: u8 = 0x01;
/// The last frame of a WebSocket message.
pub const FLAG_LAST: u8 = 0x02;

/// What a frame is for. The numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Type {
    /// Front to worker: a request's head, with the first bytes of its body aboard.
    Request = 0x01,
    /// Worker to front: a response's head, with the first bytes of its body aboard.
    Response = 0x02,
    /// Worker to front: bytes of a response as HTTP/1.1 has it on the wire.
    Wire = 0x03,
    /// Worker to front: an interim (1xx) response.
    Inform = 0x04,
    /// Both ways: bytes of a body.
    Body = 0x05,
    /// Both ways: the fields after a body; ends this direction.
    Trailers = 0x06,
    /// Both ways: the receiver may be sent this many bytes more (stream 0: on the whole link).
    Credit = 0x07,
    /// Worker to front: the rest of the request's body is not wanted.
    Stop = 0x08,
    /// Both ways: the stream ends here, incomplete. Carries no END: it ends more than one direction.
    Cancel = 0x09,
    /// Front to worker: what a client has sent is no request, or has not come in time. Begins a stream where that was to be
    /// its head; ends the request of one where it was to be its body.
    Fault = 0x0A,
    /// Front to worker: a client connection that requests will name. The stream id is the connection's.
    Open = 0x10,
    /// Front to worker: that connection is gone and its id may be used again.
    Closed = 0x11,
    /// Worker to front: the application has closed a client connection.
    HangUp = 0x12,
    /// Worker to front: what limits the application sets for a client connection.
    Limits = 0x13,
    /// Worker to front: the application closes a client connection unless a request has begun to come on it.
    CloseIdle = 0x14,
    /// Worker to front: the application is loaded; requests may come.
    Ready = 0x20,
    /// Worker to front: the application could not be loaded; why.
    Failed = 0x21,
    /// Front to worker: no more requests will come; finish and end.
    Drain = 0x22,
    /// Front to worker: answer with a PONG of the same payload.
    Ping = 0x23,
    /// Worker to front: the answer to a PING.
    Pong = 0x24,
    /// Worker to front: the application listens no more, requests should go elsewhere. Front to worker: none follows, until
    /// it is READY again.
    Pause = 0x25,
    /// Worker to front: requests of this session are to come to this worker.
    Claim = 0x28,
    /// Worker to front: that session is over.
    Release = 0x29,
    /// Front to worker: the server stops; DRAIN follows when requests are over. Streams without end should come to theirs.
    Farewell = 0x2A,
    /// Worker to front: OPEN is to come when a connection is accepted, and not with its first request only.
    Early = 0x2B,
    /// Worker to front: a WebSocket handshake is accepted; fields of the 101 response.
    Accept = 0x30,
    /// Both ways: a text message of a WebSocket, or a part of one.
    Text = 0x31,
    /// Both ways: a binary message of a WebSocket, or a part of one.
    Binary = 0x32,
    /// Both ways: the WebSocket is closed; ends this direction.
    Close = 0x33,
    /// Worker to front: from here the client's connection is the stream's, as raw bytes in BODY both ways. Front to
    /// worker: that is so; what came before was the request's body.
    Tunnel = 0x34,
}

impl Type {
    /// The type of a number of this revision.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0x01 => Self::Request,
            0x02 => Self::Response,
            0x03 => Self::Wire,
            0x04 => Self::Inform,
            0x05 => Self::Body,
            0x06 => Self::Trailers,
            0x07 => Self::Credit,
            0x08 => Self::Stop,
            0x09 => Self::Cancel,
            0x0A => Self::Fault,
            0x10 => Self::Open,
            0x11 => Self::Closed,
            0x12 => Self::HangUp,
            0x13 => Self::Limits,
            0x14 => Self::CloseIdle,
            0x20 => Self::Ready,
            0x21 => Self::Failed,
            0x22 => Self::Drain,
            0x23 => Self::Ping,
            0x24 => Self::Pong,
            0x25 => Self::Pause,
            0x28 => Self::Claim,
            0x29 => Self::Release,
            0x2A => Self::Farewell,
            0x2B => Self::Early,
            0x30 => Self::Accept,
            0x31 => Self::Text,
            0x32 => Self::Binary,
            0x33 => Self::Close,
            0x34 => Self::Tunnel,
            _ => return None,
        })
    }

    /// Most bytes a payload of this type may have.
    pub const fn payload_bytes_max(self) -> usize {
        match self {
            Self::Request | Self::Response => PAYLOAD_BYTES_MAX,
            Self::Wire | Self::Body | Self::Text | Self::Binary => BODY_BYTES_MAX,
            Self::Inform | Self::Trailers => TEXT_BYTES_MAX + 8,
            Self::Accept => TEXT_BYTES_MAX,
            Self::Close => CLOSE_BYTES_MAX,
            Self::Claim | Self::Release => SESSION_BYTES_MAX,
            Self::Ready | Self::Failed => MESSAGE_BYTES_MAX,
            Self::Fault => FAULT_BYTES_MAX,
            Self::Open => OPEN_BYTES_MAX,
            Self::Limits => LIMITS_BYTES,
            Self::Credit => 4,
            Self::Cancel => 1,
            Self::Ping | Self::Pong => 8,
            Self::Stop
            | Self::Closed
            | Self::HangUp
            | Self::CloseIdle
            | Self::Drain
            | Self::Pause
            | Self::Farewell
            | Self::Early
            | Self::Tunnel => 0,
        }
    }

    /// True if `flags` are some that a frame of this type can have: END where a direction can end, and always where it
    /// must.
    const fn permits_flags(self, flags: u8) -> bool {
        match self {
            Self::Request | Self::Response | Self::Wire | Self::Body => flags & !FLAG_END == 0,
            Self::Trailers | Self::Close => flags == FLAG_END,
            Self::Text | Self::Binary => flags & !FLAG_LAST == 0,
            _ => flags == 0,
        }
    }

    /// True if a frame of this type can have this address: link frames have none, a connection has no generation.
    const fn permits_address(self, stream: u32, generation: u16) -> bool {
        match self {
            Self::Ready
            | Self::Failed
            | Self::Drain
            | Self::Ping
            | Self::Pong
            | Self::Pause
            | Self::Claim
            | Self::Release
            | Self::Farewell
            | Self::Early => stream == 0 && generation == 0,
            Self::Open | Self::Closed | Self::HangUp | Self::Limits | Self::CloseIdle => generation == 0,
            Self::Credit => stream != 0 || generation == 0,
            _ => true,
        }
    }
}

/// A frame's header without its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the frame is for.
    pub kind: Type,
    /// [`FLAG_END`], [`FLAG_LAST`] or nothing; which of them a type can have is checked by [`decode`].
    pub flags: u8,
    /// How often the stream's id had been used before this stream, modulo 2¹⁶.
    pub generation: u16,
    /// The stream's id, a connection's id (OPEN, CLOSED, HANGUP, LIMITS, CLOSEIDLE), or 0 for the link itself.
    pub stream: u32,
}

impl Header {
    /// True if this direction of the stream ends with this frame.
    #[inline]
    pub const fn ends(&self) -> bool {
        self.flags & FLAG_END != 0
    }

    /// True if a message of a WebSocket ends with this frame.
    #[inline]
    pub const fn is_last(&self) -> bool {
        self.flags & FLAG_LAST != 0
    }
}

/// One frame, borrowed from the bytes it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'b> {
    /// Its header.
    pub header: Header,
    /// Its payload, at most [`Type::payload_bytes_max`] long.
    pub payload: &'b [u8],
}

impl Frame<'_> {
    /// Bytes of the whole frame.
    #[inline]
    pub const fn len(&self) -> usize {
        HEADER_BYTES + self.payload.len()
    }

    /// The credit it costs: the payload's bytes of BODY and WIRE, all bytes of TEXT and BINARY (an empty message is a
    /// message to be kept, too), none of the others.
    #[inline]
    pub const fn credit(&self) -> usize {
        match self.header.kind {
            Type::Body | Type::Wire => self.payload.len(),
            Type::Text | Type::Binary => self.len(),
            _ => 0,
        }
    }

    /// Never true: a frame has at least its header.
    pub const fn is_empty(&self) -> bool {
        false
    }
}

/// Reads the frame at the start of `bytes`. `Ok(None)`: it is not whole yet; read more and call again.
///
/// # Errors
/// A header that no conforming peer sends: an unknown type, flags or an address that its type cannot have, or a length
/// above the type's maximum.
#[inline]
pub fn decode(bytes: &[u8]) -> Result<Option<Frame<'_>>, Violation> {
    let Some(header_bytes) = bytes.first_chunk::<HEADER_BYTES>() else { return Ok(None) };
    let [l0, l1, l2, l3, number, flags, g0, g1, s0, s1, s2, s3] = *header_bytes;
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let kind = Type::from_number(number).ok_or(Violation::UnknownType { number })?;
    if !kind.permits_flags(flags) {
        return Err(Violation::WrongFlags { kind, flags });
    }
    let (generation, stream) = (u16::from_le_bytes([g0, g1]), u32::from_le_bytes([s0, s1, s2, s3]));
    if !kind.permits_address(stream, generation) {
        return Err(Violation::Misaddressed { kind, stream, generation });
    }
    if length > kind.payload_bytes_max() {
        return Err(Violation::TooLong { kind, length, length_max: kind.payload_bytes_max() });
    }
    let header = Header { kind, flags, generation, stream };
    match bytes.get(HEADER_BYTES..HEADER_BYTES + length) {
        Some(payload) => Ok(Some(Frame { header, payload })),
        None => Ok(None),
    }
}

/// Appends a whole frame.
///
/// The caller keeps `payload` within the type's maximum.
pub fn encode(out: &mut Vec<u8>, header: Header, payload: &[u8]) {
    let mark = begin(out, header);
    out.extend_from_slice(payload);
    finish(out, mark);
}

/// Where a frame that is being written begins.
#[derive(Debug)]
#[must_use = "a frame that is begun must be finished, or its length is wrong"]
pub struct Mark(usize);

/// Appends a frame's header; the payload follows by appending to `out`, then [`finish`].
#[inline]
pub fn begin(out: &mut Vec<u8>, header: Header) -> Mark {
    let mark = Mark(out.len());
    let [g0, g1] = header.generation.to_le_bytes();
    let [s0, s1, s2, s3] = header.stream.to_le_bytes();
    out.extend_from_slice(&[0, 0, 0, 0, header.kind as u8, header.flags, g0, g1, s0, s1, s2, s3]);
    mark
}

/// Writes the length of the frame begun at `mark`, now that its payload is known.
#[inline]
pub fn finish(out: &mut [u8], mark: Mark) {
    let length = out.len() - mark.0 - HEADER_BYTES;
    debug_assert!(length <= PAYLOAD_BYTES_MAX, "a payload of {length} bytes is above every maximum");
    out[mark.0..mark.0 + 4].copy_from_slice(&(length as u32).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: Header = Header { kind: Type::Body, flags: FLAG_END, generation: 7, stream: 258 };

    #[test]
    fn a_frame_round_trips() {
        let mut out = vec![];
        encode(&mut out, BODY, b"hello");
        assert_eq!(out, b"\x05\0\0\0\x05\x01\x07\0\x02\x01\0\0hello");
        assert_eq!(decode(&out), Ok(Some(Frame { header: BODY, payload: b"hello" })));
    }

    #[test]
    fn every_prefix_of_a_frame_is_incomplete() {
        let mut out = vec![];
        encode(&mut out, BODY, b"hello");
        for length in 0..out.len() {
            assert_eq!(decode(&out[..length]), Ok(None), "{length}");
        }
    }

    #[test]
    fn a_header_is_refused_before_its_payload_arrives() {
        let too_long = (BODY_BYTES_MAX as u32 + 1).to_le_bytes();
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&too_long);
        bytes[4] = Type::Body as u8;
        assert!(matches!(decode(&bytes), Err(Violation::TooLong { kind: Type::Body, .. })));
        bytes[4] = 0xEE;
        assert_eq!(decode(&bytes), Err(Violation::UnknownType { number: 0xEE }));
        bytes[4] = Type::Body as u8;
        bytes[5] = 0x80;
        assert_eq!(decode(&bytes), Err(Violation::WrongFlags { kind: Type::Body, flags: 0x80 }));
    }

    #[test]
    fn end_stands_only_where_a_direction_can_end() {
        for (kind, flags) in [(Type::Inform, FLAG_END), (Type::Cancel, FLAG_END), (Type::Trailers, 0)] {
            let mut out = vec![];
            encode(&mut out, Header { kind, flags, generation: 0, stream: 1 }, &[]);
            assert_eq!(decode(&out), Err(Violation::WrongFlags { kind, flags }));
        }
    }

    #[test]
    fn what_concerns_the_link_has_no_stream() {
        for (kind, stream, generation) in
            [(Type::Ping, 1, 0), (Type::Ready, 0, 1), (Type::Credit, 0, 7), (Type::Open, 5, 1)]
        {
            let mut out = vec![];
            encode(&mut out, Header { kind, flags: 0, generation, stream }, &[]);
            assert_eq!(decode(&out), Err(Violation::Misaddressed { kind, stream, generation }));
        }
    }
}
