//! What the front makes of a WebSocket client's bytes, and the same bytes in pieces.
#![allow(dead_code, reason = "each target uses its part")]

use diglot_front::websocket::{Decoder, Deflate, Fault, Item, Kind, Limits};

pub const DEFLATE: Deflate = Deflate { server_max_window_bits: None, client_max_window_bits: None };

/// Small enough for inputs of a fuzzer to reach.
pub const LIMITS: Limits = Limits { message_bytes_max: 5000, message_frames_max: 20 };

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    Message(Kind, Vec<u8>),
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    Close(Option<u16>, String),
    Fault(Fault),
}

/// What comes of a client's bytes, with so much room for data at a step, and each message put together.
pub fn connection<'p>(
    pieces: impl IntoIterator<Item = &'p [u8]>,
    deflate: Option<Deflate>,
    room: usize,
) -> Vec<Seen> {
    let mut decoder = Decoder::new(deflate, &LIMITS);
    let (mut seen, mut buffer, mut scratch, mut message) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for piece in pieces {
        buffer.extend_from_slice(piece);
        let mut at = 0;
        let mut rooms = [0, room].into_iter().cycle();
        loop {
            let step_room = rooms.next().unwrap_or(room);
            let decoded = match decoder.decode(&mut buffer[at..], step_room, &mut scratch) {
                Ok(decoded) => decoded,
                Err(fault) => {
                    seen.push(Seen::Fault(fault));
                    return seen;
                }
            };
            at += decoded.consumed;
            match decoded.item {
                Item::NeedMore => break,
                Item::NeedRoom => assert_eq!(step_room, 0),
                Item::Data { kind, data, last } => {
                    assert!(data.len() <= step_room && (last || !data.is_empty()));
                    message.extend_from_slice(data);
                    assert!(message.len() as u64 <= LIMITS.message_bytes_max);
                    if last {
                        assert!(kind == Kind::Binary || std::str::from_utf8(&message).is_ok());
                        seen.push(Seen::Message(kind, std::mem::take(&mut message)));
                    }
                }
                Item::Ping(payload) => seen.push(Seen::Ping(payload.to_vec())),
                Item::Pong(payload) => seen.push(Seen::Pong(payload.to_vec())),
                Item::Close { code, reason } => seen.push(Seen::Close(code, reason.to_owned())),
            }
        }
        buffer.drain(..at);
        assert!(buffer.len() <= 131);
    }
    seen
}

/// A frame of a client.
pub fn frame(first: u8, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        0..=125 => frame.push(0x80 | payload.len() as u8),
        126..=65535 => {
            frame.push(0xfe);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        _ => {
            frame.push(0xff);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&key);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
    frame
}
