//! Writes what a client gets behind its handshake (RFC 6455 section 5): frames that are not masked, of messages that
//! are compressed where it was agreed on and is worth it (RFC 7692 section 7.2.1).

use super::deflate::Deflating;
use super::frame::{
    BINARY, CLOSE, CONTINUATION, CONTROL_BYTES_MAX, FIN, Kind, LENGTH_16, LENGTH_64, PING, PONG, RSV1, TEXT,
};
use super::offer::Deflate;
use super::pool::Lease;

/// A message whose first part is shorter is sent as it is. To begin and to end one costs zlib some 7 microseconds however
/// short it is, in which a server echoes a few hundred others.
pub const COMPRESSED_BYTES_MIN: usize = 1024;

/// Bytes of the longest header, with 64 bits of length.
const HEADER_BYTES_MAX: usize = 10;

/// Writes the messages of one connection.
#[derive(Debug)]
pub struct Encoder {
    /// The state of a compressed message of which a part is still to come.
    deflating: Lease<Deflating>,
    /// A part of the message is still to come.
    is_within_message: bool,
    deflate: Option<Deflate>,
}

impl Encoder {
    /// For the connection behind a handshake.
    pub fn new(deflate: Option<Deflate>) -> Self {
        Self { deflating: Lease::default(), is_within_message: false, deflate }
    }

    /// Whether a part of a message is still to come.
    pub fn is_within_message(&self) -> bool {
        self.is_within_message
    }

    /// Appends a part of a message as one frame; a message of one part is one frame. What is compressed is flushed, so
    /// that the client can read each part when it comes. A part that is empty and not the last one writes nothing.
    ///
    /// `kind` is the same for all parts of a message, and for text all parts together are UTF-8; neither is checked.
    #[inline]
    pub fn message_part(&mut self, out: &mut Vec<u8>, kind: Kind, data: &[u8], last: bool) {
        if data.is_empty() && !last {
            return;
        }
        let opcode = match kind {
            _ if self.is_within_message => CONTINUATION,
            Kind::Text => TEXT,
            Kind::Binary => BINARY,
        };
        let first = opcode | if last { FIN } else { 0 };
        let is_whole = last && !self.is_within_message;
        self.is_within_message = !last;
        match self.deflate {
            Some(deflate) if opcode != CONTINUATION && data.len() >= COMPRESSED_BYTES_MIN => {
                self.deflating = Deflating::begin(deflate.server_window_bits());
            }
            _ if self.deflating.is_some() => {}
            _ => return write_frame(out, first, data),
        }
        if !self.deflating.is_some() {
            return write_frame(out, first, data);
        }
        let rsv1 = if opcode == CONTINUATION { 0 } else { RSV1 };
        let start = out.len();
        let is_shorter = self.write_deflated(out, first | rsv1, data, last);
        if is_whole && !is_shorter {
            // What cannot be compressed costs the client nothing to read as it is.
            out.truncate(start);
            write_frame(out, first, data);
        }
        if last {
            self.deflating.end();
        }
    }

    /// Appends a frame of compressed payload; whether it is shorter than the data.
    fn write_deflated(&mut self, out: &mut Vec<u8>, first: u8, data: &[u8], last: bool) -> bool {
        let Some(deflating) = self.deflating.get() else { return false };
        // The length is known behind the payload, so there is room for the header it will probably have.
        let start = out.len();
        let reserved = header_bytes(data.len());
        out.resize(start + reserved, 0);
        deflating.write(out, data, last);
        let payload_bytes = out.len() - start - reserved;
        let header = header(first, payload_bytes);
        let header = &header[..header_bytes(payload_bytes)];
        out.splice(start..start + reserved, header.iter().copied());
        payload_bytes < data.len()
    }
}

/// Appends a ping. Of the payload at most 125 bytes are sent.
pub fn write_ping(out: &mut Vec<u8>, payload: &[u8]) {
    write_frame(out, FIN | PING, &payload[..payload.len().min(CONTROL_BYTES_MAX)]);
}

/// Appends a pong, with the payload of the ping it answers (RFC 6455 section 5.5.3). Of it at most 125 bytes are sent.
pub fn write_pong(out: &mut Vec<u8>, payload: &[u8]) {
    write_frame(out, FIN | PONG, &payload[..payload.len().min(CONTROL_BYTES_MAX)]);
}

/// Appends a close frame, behind which nothing may be sent (RFC 6455 section 5.5.1). Without a code there is no reason
/// either. The code is one of [`diglot_link::message::Close::is_sendable`], which is not checked; of the reason at most 123 bytes are sent,
/// cut between two characters.
pub fn write_close(out: &mut Vec<u8>, code: Option<u16>, reason: &str) {
    let Some(code) = code else { return write_frame(out, FIN | CLOSE, b"") };
    let code = code.to_be_bytes();
    let reason = &reason[..reason.floor_char_boundary(CONTROL_BYTES_MAX - code.len())];
    write_header(out, FIN | CLOSE, code.len() + reason.len());
    out.extend_from_slice(&code);
    out.extend_from_slice(reason.as_bytes());
}

#[inline]
fn write_frame(out: &mut Vec<u8>, first: u8, payload: &[u8]) {
    out.reserve(HEADER_BYTES_MAX + payload.len());
    write_header(out, first, payload.len());
    out.extend_from_slice(payload);
}

#[inline]
fn write_header(out: &mut Vec<u8>, first: u8, payload_bytes: usize) {
    out.extend_from_slice(&header(first, payload_bytes)[..header_bytes(payload_bytes)]);
}

/// Length of the header that announces so much payload.
#[inline]
fn header_bytes(payload_bytes: usize) -> usize {
    match payload_bytes {
        0..=CONTROL_BYTES_MAX => 2,
        126..=0xffff => 4,
        _ => HEADER_BYTES_MAX,
    }
}

/// The header, in the first [`header_bytes`] of the array.
#[inline]
fn header(first: u8, payload_bytes: usize) -> [u8; HEADER_BYTES_MAX] {
    let mut header = [0; HEADER_BYTES_MAX];
    header[0] = first;
    match payload_bytes {
        0..=CONTROL_BYTES_MAX => header[1] = payload_bytes as u8,
        126..=0xffff => {
            header[1] = LENGTH_16;
            header[2..4].copy_from_slice(&(payload_bytes as u16).to_be_bytes());
        }
        _ => {
            header[1] = LENGTH_64;
            header[2..].copy_from_slice(&(payload_bytes as u64).to_be_bytes());
        }
    }
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_connection_holds_little() {
        assert!(size_of::<Encoder>() <= 24, "{} bytes", size_of::<Encoder>());
    }
}
