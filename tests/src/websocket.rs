//! A WebSocket client that sends exactly the frames a test wants.

use std::io;
use std::net::SocketAddr;

use crate::client::{Client, Response};

/// The key of RFC 6455 section 1.3, and what a server makes of it.
pub const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// See [`KEY`].
pub const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// Opcodes (RFC 6455 section 5.2).
pub mod opcode {
    /// More of a message.
    pub const CONTINUATION: u8 = 0;
    /// A text message.
    pub const TEXT: u8 = 1;
    /// A binary message.
    pub const BINARY: u8 = 2;
    /// The end.
    pub const CLOSE: u8 = 8;
    /// Are you there?
    pub const PING: u8 = 9;
    /// Yes.
    pub const PONG: u8 = 10;
}

/// The first byte's bit that says that a message ends.
pub const FIN: u8 = 0x80;

/// A client's end of a WebSocket.
#[derive(Debug)]
pub struct Socket {
    client: Client,
}

/// A frame as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WsFrame {
    /// FIN, the reserved bits and the opcode.
    pub first: u8,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Socket {
    /// Asks for a WebSocket, with further field lines (`name: value\r\n`), and returns the answer too.
    ///
    /// # Panics
    /// If there is no answer.
    pub fn ask(address: SocketAddr, path: &str, lines: &str) -> (Self, Response) {
        let mut client = Client::connect(address);
        client.send(format!(
            "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n{lines}\r\n"
        ));
        let answer = client.response();
        (Self { client }, answer)
    }

    /// Opens a WebSocket.
    ///
    /// # Panics
    /// If the server does not accept it.
    pub fn open(address: SocketAddr, path: &str) -> Self {
        let (socket, answer) = Self::ask(address, path, "");
        assert_eq!((answer.status, answer.field("sec-websocket-accept")), (101, Some(ACCEPT)), "{answer:?}");
        socket
    }

    /// The connection below it.
    pub fn client(&mut self) -> &mut Client {
        &mut self.client
    }

    /// Sends a frame of this first byte, masked.
    pub fn send(&mut self, first: u8, payload: &[u8]) -> &mut Self {
        self.client.send(masked(first, payload));
        self
    }

    /// Sends a text message.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.send(FIN | opcode::TEXT, text.as_bytes())
    }

    /// Sends a close frame.
    pub fn close(&mut self, code: u16, reason: &str) -> &mut Self {
        let payload = [&code.to_be_bytes(), reason.as_bytes()].concat();
        self.send(FIN | opcode::CLOSE, &payload)
    }

    /// The next frame.
    ///
    /// # Errors
    /// If the connection ends before it is whole.
    pub fn frame(&mut self) -> io::Result<WsFrame> {
        let head = self.client.take(2)?;
        assert_eq!(head[1] & 0x80, 0, "a server does not mask");
        let length = match head[1] {
            126 => self.client.take(2)?.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
            127 => self.client.take(8)?.iter().fold(0, |sum, &byte| sum << 8 | usize::from(byte)),
            length => usize::from(length),
        };
        Ok(WsFrame { first: head[0], payload: self.client.take(length)? })
    }

    /// The next message: its opcode and content. Pings are answered, pongs skipped.
    ///
    /// # Panics
    /// If something else comes.
    pub fn message(&mut self) -> (u8, Vec<u8>) {
        let (mut kind, mut content) = (None, Vec::new());
        loop {
            let frame = self.frame().expect("a frame");
            match frame.first & 0x0F {
                opcode::PING => {
                    self.send(FIN | opcode::PONG, &frame.payload);
                    continue;
                }
                opcode::PONG => continue,
                opcode::CONTINUATION => assert!(kind.is_some(), "{frame:?} outside of a message"),
                opcode @ (opcode::TEXT | opcode::BINARY) => {
                    assert_eq!(kind.replace(opcode), None, "a message within a message");
                }
                _ => panic!("expected a message, got {frame:?}"),
            }
            content.extend(&frame.payload);
            if frame.first & FIN != 0 {
                return (kind.expect("a message has a kind"), content);
            }
        }
    }

    /// The next message, which is a text.
    ///
    /// # Panics
    /// If it is none.
    pub fn next_text(&mut self) -> String {
        let (kind, content) = self.message();
        assert_eq!(kind, opcode::TEXT);
        String::from_utf8(content).expect("UTF-8")
    }

    /// Reads up to the close frame: its code (1005 where it has none) and reason.
    ///
    /// # Errors
    /// If the connection ends before.
    pub fn closed(&mut self) -> io::Result<(u16, String)> {
        loop {
            let frame = self.frame()?;
            if frame.first & 0x0F == opcode::CLOSE {
                let code = frame.payload.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                let reason = frame.payload.get(2..).unwrap_or_default();
                return Ok((code, String::from_utf8_lossy(reason).into_owned()));
            }
        }
    }
}

/// A client's frame.
pub fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        length @ 0..=125 => frame.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}
