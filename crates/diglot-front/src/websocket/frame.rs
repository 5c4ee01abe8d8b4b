//! The words of the framing (RFC 6455 sections 5.2 and 7.4) that both directions share.

/// Most bytes of a control frame's payload (RFC 6455 section 5.5).
pub const CONTROL_BYTES_MAX: usize = 125;

/// The frame is the last one of its message.
pub(super) const FIN: u8 = 0x80;
/// The message is compressed (RFC 7692 section 6); only on its first frame.
pub(super) const RSV1: u8 = 0x40;
/// What nothing this codec speaks gives a meaning.
pub(super) const RSV2_AND_3: u8 = 0x30;
/// The payload is masked.
pub(super) const MASKED: u8 = 0x80;

pub(super) const CONTINUATION: u8 = 0x0;
pub(super) const TEXT: u8 = 0x1;
pub(super) const BINARY: u8 = 0x2;
pub(super) const CLOSE: u8 = 0x8;
pub(super) const PING: u8 = 0x9;
pub(super) const PONG: u8 = 0xa;

/// In the place of a length: 16 bits of length follow.
pub(super) const LENGTH_16: u8 = 126;
/// In the place of a length: 64 bits of length follow.
pub(super) const LENGTH_64: u8 = 127;

/// What a compressed message ends with, and what is left out of it (RFC 7692 section 7.2.1): all of an empty stored
/// block but its first byte, as a flush writes it.
pub(super) const FLUSH_TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}
