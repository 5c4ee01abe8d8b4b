//! Messages of the lengths and in the pieces of the Autobahn test suite's sections 9, 10, 12 and 13, through decoder
//! and encoder as an echo server uses them.

use diglot_front::websocket::{Decoder, Deflate, Encoder, Item, Kind, Limits};

use crate::connection::DEFLATE;
use crate::peer::{compress, frame, inflate, read_frames};

const KEY: [u8; 4] = [0xa5, 0x01, 0x7f, 0xfe];

/// Text with a grain of repetition, or the same letter over and over.
fn text(bytes: usize) -> Vec<u8> {
    let mut number = bytes as u32;
    let mut text = String::new();
    while text.len() < bytes {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text += &format!("{{\"id\":{},\"name\":\"m\u{fc}ller {}\"}},", number % 100_000, number % 97);
    }
    let end = text.floor_char_boundary(bytes);
    let mut text = text.into_bytes();
    text.truncate(end);
    text
}

/// A client's message in frames of at most so many bytes.
fn frames(kind: Kind, payload: &[u8], frame_bytes_max: usize, rsv1: u8) -> Vec<u8> {
    let mut sent = Vec::new();
    let count = payload.len().div_ceil(frame_bytes_max).max(1);
    for at in 0..count {
        let part = &payload[at * frame_bytes_max..payload.len().min((at + 1) * frame_bytes_max)];
        let opcode = if at > 0 { 0 } else { rsv1 | if kind == Kind::Text { 1 } else { 2 } };
        let fin = if at + 1 == count { 0x80 } else { 0 };
        sent.extend(frame(fin | opcode, KEY, part));
    }
    sent
}

/// Echoes what comes in pieces of so many bytes.
fn echo(deflate: Option<Deflate>, sent: &[u8], piece_bytes: usize) -> Vec<u8> {
    let mut decoder = Decoder::new(deflate, &Limits::default());
    let mut encoder = Encoder::new(deflate);
    let (mut buffer, mut scratch, mut out) = (Vec::new(), Vec::new(), Vec::new());
    for piece in sent.chunks(piece_bytes) {
        buffer.extend_from_slice(piece);
        let mut at = 0;
        loop {
            let decoded = decoder.decode(&mut buffer[at..], 64 * 1024, &mut scratch).unwrap();
            at += decoded.consumed;
            match decoded.item {
                Item::NeedMore => break,
                Item::Data { kind, data, last } => encoder.message_part(&mut out, kind, data, last),
                other => panic!("{other:?}"),
            }
        }
        buffer.drain(..at);
    }
    out
}

/// The message in a server's frames.
fn read(out: &[u8], window_bits: u8) -> (u8, Vec<u8>) {
    let frames = read_frames(out);
    assert!(frames.iter().rev().skip(1).all(|frame| frame.first & 0x80 == 0));
    assert!(frames.last().unwrap().first & 0x80 != 0);
    let first = frames[0].first & 0x7f;
    let payload: Vec<u8> = frames.into_iter().flat_map(|frame| frame.payload).collect();
    (first & 0x0f, if first & 0x40 != 0 { inflate(&payload, window_bits) } else { payload })
}

#[test]
fn large_messages_come_back() {
    const MIB: usize = 1024 * 1024;
    for (bytes, frame_bytes_max, piece_bytes) in [
        (65_536, usize::MAX, 1000),
        (16 * MIB, usize::MAX, 64 * 1024),
        (4 * MIB, 64, 64 * 1024),
        (4 * MIB, 4096, 100_000),
        (MIB, usize::MAX, 64),
        (MIB, MIB, 2048),
        // Section 10: fragmented by the sender's own habit.
        (65_536, 1300, usize::MAX),
    ] {
        for (kind, opcode) in [(Kind::Text, 1), (Kind::Binary, 2)] {
            let message = text(bytes);
            let sent = frames(kind, &message, frame_bytes_max.min(message.len()), 0);
            let back = read(&echo(None, &sent, piece_bytes), 15);
            assert!(back == (opcode, message), "{bytes} bytes in frames of {frame_bytes_max}");
        }
    }
}

#[test]
fn compressed_messages_of_all_lengths_and_windows_come_back() {
    for server_max_window_bits in [None, Some(9), Some(10), Some(12), Some(15)] {
        let deflate = Deflate { server_max_window_bits, ..DEFLATE };
        let server_bits = server_max_window_bits.unwrap_or(15);
        for client_bits in [9, 15] {
            for bytes in [0, 1, 16, 64, 256, 1023, 1024, 4096, 8192, 16_384, 32_768, 65_536, 131_072] {
                for frame_bytes_max in [usize::MAX, 1024] {
                    let message = text(bytes);
                    let payload = compress(&message, 6, client_bits);
                    let sent = frames(Kind::Text, &payload, frame_bytes_max.min(payload.len()), 0x40);
                    let out = echo(Some(deflate), &sent, 1460);
                    if bytes >= 4096 {
                        assert!(out.len() < bytes / 2, "{} of {bytes} bytes", out.len());
                    }
                    assert!(read(&out, server_bits) == (1, message), "{bytes} bytes, {server_bits} bits");
                }
            }
        }
    }
}
