//! A WebSocket client (RFC 6455) as a bench needs it: one masked message written once, messages read by their headers.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use flate2::{Decompress, FlushDecompress};
use memchr::memmem;

use crate::Result;
use crate::connection::{READ_BYTES_MAX, Seen, connect};

/// What every message says.
pub(crate) const TEXT: &[u8] = b"thirty-two bytes of a text, sent";
/// Key and accept of RFC 6455, section 1.3: nothing here depends on the key's being random.
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
const HEAD_BYTES_MAX: usize = 16 * 1024;

const FIN: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const TEXT_OPCODE: u8 = 0x1;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
/// Nothing that is expected comes near it.
const PAYLOAD_BYTES_MAX: u64 = 64 * 1024;
/// RFC 6455, section 5.5.
const CONTROL_BYTES_MAX: usize = 125;

/// The bytes of a masked frame that is a whole message.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    debug_assert!(payload.len() <= CONTROL_BYTES_MAX, "longer ones have another header");
    let mut frame = vec![FIN | opcode, 0x80 | payload.len() as u8];
    frame.extend_from_slice(&MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// The message that is sent again and again.
pub(crate) fn message() -> Vec<u8> {
    frame(TEXT_OPCODE, TEXT)
}

/// The end of a connection in order: 1000.
pub(crate) fn close() -> Vec<u8> {
    frame(CLOSE, &1000_u16.to_be_bytes())
}

/// A connection before it is loaded: reads and writes block, and messages are looked at whole.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) stream: TcpStream,
    messages: Messages,
    unread: Vec<u8>,
    inflate: Decompress,
}

impl Opened {
    /// The opening handshake.
    ///
    /// # Errors
    /// It cannot connect, or the answer is not a 101 with the right accept.
    pub(crate) fn open(to: SocketAddr, path: &str, offer_deflate: bool) -> Result<Self> {
        let mut stream = connect(to)?;
        let extensions = if offer_deflate { "Sec-WebSocket-Extensions: permessage-deflate\r\n" } else { "" };
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {to}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{extensions}\r\n"
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        let end = loop {
            if let Some(end) = memmem::find(&answer, b"\r\n\r\n") {
                break end + 4;
            }
            if answer.len() > HEAD_BYTES_MAX {
                return Err("the answer to the handshake does not end".into());
            }
            read_more(&mut stream, &mut answer)?;
        };
        let unread = answer.split_off(end);
        let head = String::from_utf8_lossy(&answer);
        if !head.starts_with("HTTP/1.1 101 ") || !head.contains(ACCEPT) {
            let status = head.lines().next().unwrap_or_default();
            return Err(format!("`{path}` answered the handshake with `{status}`, expected a 101").into());
        }
        let messages = Messages { kept: Some(Vec::new()), ..Messages::default() };
        Ok(Self { stream, messages, unread, inflate: Decompress::new(false) })
    }

    pub(crate) fn send(&mut self, message: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(message)?)
    }

    /// Waits for the next message, which must be `text`.
    pub(crate) fn expect(&mut self, text: &[u8]) -> Result<()> {
        let mut seen = Seen::default();
        loop {
            let bytes = std::mem::take(&mut self.unread);
            self.messages.feed(&bytes, &mut seen)?;
            if seen.answers > 0 {
                break;
            }
            read_more(&mut self.stream, &mut self.unread)?;
        }
        let kept = self.messages.kept.replace(Vec::new()).unwrap_or_default();
        let got = if self.messages.is_compressed { self.inflated(kept)? } else { kept };
        if seen.answers > 1 || got != text {
            let (got, text) = (String::from_utf8_lossy(&got), String::from_utf8_lossy(text));
            return Err(format!("got `{got}` in {} messages, expected `{text}` in one", seen.answers).into());
        }
        Ok(())
    }

    /// RFC 7692, section 7.2.2.
    fn inflated(&mut self, mut compressed: Vec<u8>) -> Result<Vec<u8>> {
        compressed.extend_from_slice(&[0, 0, 0xff, 0xff]);
        let mut text = Vec::with_capacity(4 * TEXT.len());
        self.inflate.decompress_vec(&compressed, &mut text, FlushDecompress::Sync)?;
        Ok(text)
    }

    /// For the load: from here on messages are counted, each of which must be as long as [`TEXT`].
    pub(crate) fn into_loaded(self) -> (TcpStream, Messages) {
        (self.stream, Messages { kept: None, ..self.messages })
    }
}

fn read_more(stream: &mut TcpStream, to: &mut Vec<u8>) -> Result<()> {
    let mut buffer = vec![0; READ_BYTES_MAX];
    match stream.read(&mut buffer) {
        Ok(0) => Err("the server closed the connection before the load".into()),
        Ok(read) => {
            to.extend_from_slice(&buffer[..read]);
            Ok(())
        }
        Err(error) => Err(format!("no answer before the load: {error}").into()),
    }
}

/// Where a connection stands in what the server sends.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    /// A frame's header that is not complete: at most 10 bytes.
    header: Vec<u8>,
    /// The first byte of the frame under way.
    first: u8,
    payload_left: u64,
    in_payload: bool,
    message_bytes: u64,
    /// Of the message under way, or the last one.
    is_compressed: bool,
    /// The payload of a control frame.
    control: Vec<u8>,
    /// Payloads, while they are looked at.
    kept: Option<Vec<u8>>,
}

impl Messages {
    /// # Errors
    /// A close frame, or a message that cannot be an echo of [`TEXT`].
    pub(crate) fn feed(&mut self, mut bytes: &[u8], seen: &mut Seen) -> Result<()> {
        while !bytes.is_empty() || self.in_payload && self.payload_left == 0 {
            if !self.in_payload {
                bytes = self.feed_header(bytes)?;
                continue;
            }
            let taken = bytes.len().min(usize::try_from(self.payload_left).unwrap_or(usize::MAX));
            let (payload, rest) = bytes.split_at(taken);
            bytes = rest;
            self.payload_left -= taken as u64;
            let is_control = self.first & 0x08 != 0;
            if is_control {
                self.control.extend_from_slice(payload);
            } else if let Some(kept) = &mut self.kept {
                kept.extend_from_slice(payload);
            }
            if self.payload_left == 0 {
                self.in_payload = false;
                match is_control {
                    true => self.end_control(seen)?,
                    false if self.first & FIN != 0 => self.end_message(seen)?,
                    false => {}
                }
            }
        }
        Ok(())
    }

    /// Takes a header, or the part of one; returns what follows it.
    fn feed_header<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        let mut rest = bytes;
        loop {
            let wanted = match self.header.get(1) {
                None => 2,
                Some(126) => 4,
                Some(127) => 10,
                Some(length) if length & 0x80 != 0 => return Err("the server masks its frames".into()),
                Some(_) => 2,
            };
            if self.header.len() == wanted {
                break;
            }
            let taken = rest.len().min(wanted - self.header.len());
            if taken == 0 {
                return Ok(&[]);
            }
            self.header.extend_from_slice(&rest[..taken]);
            rest = &rest[taken..];
        }
        self.first = self.header[0];
        self.payload_left = match self.header[1..] {
            [length] => u64::from(length),
            _ => self.header[2..].iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        self.header.clear();
        if self.payload_left > PAYLOAD_BYTES_MAX {
            return Err(format!("the server sent a frame of {} bytes", self.payload_left).into());
        }
        self.in_payload = true;
        match self.first & 0x0f {
            0x0 => self.message_bytes += self.payload_left,
            TEXT_OPCODE => {
                self.message_bytes = self.payload_left;
                self.is_compressed = self.first & COMPRESSED != 0;
            }
            CLOSE | PING | PONG if self.payload_left <= CONTROL_BYTES_MAX as u64 => {}
            other => return Err(format!("the server sent a frame of type {other:#x}").into()),
        }
        Ok(rest)
    }

    fn end_message(&mut self, seen: &mut Seen) -> Result<()> {
        if self.kept.is_none() && !self.is_compressed && self.message_bytes != TEXT.len() as u64 {
            return Err(format!("a message has {} bytes, expected {}", self.message_bytes, TEXT.len()).into());
        }
        seen.answers += 1;
        Ok(())
    }

    fn end_control(&mut self, seen: &mut Seen) -> Result<()> {
        let payload = std::mem::take(&mut self.control);
        match self.first & 0x0f {
            CLOSE => {
                let code = payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                Err(format!("the server closed the WebSocket with {code}").into())
            }
            PING => {
                seen.reply.extend(frame(PONG, &payload));
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in two reads, at every place they can be cut.
    fn check(bytes: &[u8], kept: bool, expect: std::result::Result<(usize, &[u8]), &str>) {
        for cut in 0..=bytes.len() {
            let mut messages = Messages { kept: kept.then(Vec::new), ..Messages::default() };
            let mut seen = Seen::default();
            let (one, other) = bytes.split_at(cut);
            let fed = messages.feed(one, &mut seen).and_then(|()| messages.feed(other, &mut seen));
            let fed = fed.map(|()| (seen.answers, seen.reply.as_slice())).map_err(|error| error.to_string());
            assert_eq!(fed, expect.map_err(str::to_owned), "cut at {cut}");
        }
    }

    #[test]
    fn messages_are_counted_however_they_arrive() {
        let whole = [&[0x81, 32], TEXT].concat();
        check(&whole, false, Ok((1, &[])));
        check(&[whole.clone(), whole.clone()].concat(), false, Ok((2, &[])));
        let fragments = [&[0x01, 30], &TEXT[..30], &[0x89, 1, b'p'], &[0x80, 2], &TEXT[30..]].concat();
        check(&fragments, false, Ok((1, &[0x8a, 0x81, 0x37, 0xfa, 0x21, 0x3d, b'p' ^ 0x37])));
        check(&[&[0x81, 126, 0, 32], TEXT].concat(), false, Ok((1, &[])));
        check(&[&[0x81, 127, 0, 0, 0, 0, 0, 0, 0, 32], TEXT].concat(), false, Ok((1, &[])));
        check(&[0x81, 0], true, Ok((1, &[])));
    }

    #[test]
    fn what_is_no_echo_is_an_error() {
        check(&[0x81, 1, b'x'], false, Err("a message has 1 bytes, expected 32"));
        check(&[0x88, 2, 0x03, 0xf3], false, Err("the server closed the WebSocket with 1011"));
        check(&[0x88, 0], false, Err("the server closed the WebSocket with 1005"));
        check(&[0x82, 0], false, Err("the server sent a frame of type 0x2"));
        check(&[0x81, 0xa0], false, Err("the server masks its frames"));
    }
}
