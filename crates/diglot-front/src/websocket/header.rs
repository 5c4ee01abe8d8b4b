//! The header of a client's frame (RFC 6455 section 5.2), and the rules one shows by itself.

use super::fault::Fault;
use super::frame::{
    BINARY, CLOSE, CONTINUATION, CONTROL_BYTES_MAX, FIN, LENGTH_16, LENGTH_64, MASKED, PING, PONG, RSV1,
    RSV2_AND_3, TEXT,
};
use super::mask::Key;

/// A whole header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Not a reserved one.
    pub(super) opcode: u8,
    pub(super) is_final: bool,
    /// RSV1 is set: the message is compressed.
    pub(super) is_compressed: bool,
    /// Bytes of payload; at most 125 of a control frame.
    pub(super) payload_bytes: u64,
    pub(super) key: Key,
    /// Length of the header itself; the payload begins there.
    pub(super) header_bytes: usize,
}

/// What of the connection decides whether a header is right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// A message has begun and not ended.
    pub(super) is_within_message: bool,
    /// permessage-deflate was agreed on.
    pub(super) may_deflate: bool,
}

/// Whether the opcode is that of a control frame.
#[inline]
pub(super) fn is_control(opcode: u8) -> bool {
    opcode & 0x8 != 0
}

/// Reads a header from the front of `bytes`; `None` while its end has not come.
///
/// `check_length` gets a data frame's payload length, and whether RSV1 is set, before the masking key has come.
///
/// # Errors
/// The first rule it breaks, in the order of its bytes.
#[inline]
pub(super) fn read(
    bytes: &[u8],
    place: Place,
    check_length: impl FnOnce(u64, bool) -> Result<(), Fault>,
) -> Result<Option<Header>, Fault> {
    let Some(&first) = bytes.first() else { return Ok(None) };
    let (opcode, is_final, is_compressed) = (first & 0x0f, first & FIN != 0, first & RSV1 != 0);
    let begins_message = matches!(opcode, TEXT | BINARY);
    if first & RSV2_AND_3 != 0 || is_compressed && !(place.may_deflate && begins_message) {
        return Err(Fault::ReservedBits);
    }
    match opcode {
        TEXT | BINARY if place.is_within_message => return Err(Fault::MessageWithinMessage),
        CONTINUATION if !place.is_within_message => return Err(Fault::ContinuationUnexpected),
        CLOSE | PING | PONG if !is_final => return Err(Fault::ControlFragmented),
        CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG => {}
        _ => return Err(Fault::ReservedOpcode),
    }
    let Some(&second) = bytes.get(1) else { return Ok(None) };
    if second & MASKED == 0 {
        return Err(Fault::Unmasked);
    }
    let short = second & !MASKED;
    let (payload_bytes, key_start) = if is_control(opcode) {
        if usize::from(short) > CONTROL_BYTES_MAX {
            return Err(Fault::ControlTooLong);
        }
        if opcode == CLOSE && short == 1 {
            return Err(Fault::ClosePayloadCut);
        }
        (u64::from(short), 2)
    } else {
        let Some(length) = length(short, &bytes[2..])? else { return Ok(None) };
        check_length(length.0, is_compressed)?;
        length
    };
    let Some(&key) = bytes[key_start..].first_chunk() else { return Ok(None) };
    let header_bytes = key_start + key.len();
    Ok(Some(Header { opcode, is_final, is_compressed, payload_bytes, key: Key::new(key), header_bytes }))
}

/// The payload's length, and where the masking key begins.
#[inline]
fn length(short: u8, behind: &[u8]) -> Result<Option<(u64, usize)>, Fault> {
    match short {
        LENGTH_16 => {
            let Some(&bytes) = behind.first_chunk::<2>() else { return Ok(None) };
            let length = u16::from_be_bytes(bytes);
            if length < u16::from(LENGTH_16) {
                return Err(Fault::LengthNotMinimal);
            }
            Ok(Some((length.into(), 4)))
        }
        LENGTH_64 => {
            if behind.first().is_some_and(|top| top & 0x80 != 0) {
                return Err(Fault::LengthTopBit);
            }
            let Some(&bytes) = behind.first_chunk::<8>() else { return Ok(None) };
            let length = u64::from_be_bytes(bytes);
            if length <= u16::MAX.into() {
                return Err(Fault::LengthNotMinimal);
            }
            Ok(Some((length, 10)))
        }
        short => Ok(Some((short.into(), 2))),
    }
}
