//! What a message costs the WebSocket codec: reading it as a client masked it, and writing it back.
//!
//! `cargo run --profile bench --example websocket_cost`, in this folder. Each figure is the least of many rounds, in
//! nanoseconds; the results are in `docs/internals/websocket.md`.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::hint::black_box;
use std::time::Instant;

use diglot_front::h1::{self, Scratch, Status, parse_request};
use diglot_front::websocket::{Decoder, Encoder, Handshake, Item, Kind, Limits};

const HANDSHAKE: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

/// The least time of one call, over rounds of `calls` calls.
fn measure(name: &str, rounds: u32, calls: u32, mut round: impl FnMut()) {
    let mut best_ns = f64::MAX;
    for _ in 0..rounds {
        let start = Instant::now();
        round();
        best_ns = best_ns.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    println!("{name:<60}{best_ns:>10.0} ns");
}

/// A frame of a client, with a payload of less than 64 KiB.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    let mut frame = vec![first];
    match payload.len() {
        0..=125 => frame.push(0x80 | payload.len() as u8),
        _ => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
    }
    frame.extend_from_slice(&KEY);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ KEY[at % 4]));
    frame
}

/// Text such as applications send.
fn json(bytes: usize) -> Vec<u8> {
    let mut text = String::from("[");
    let mut number = 12_345u32;
    while text.len() < bytes {
        number = number.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        text += &format!(
            "{{\"id\":{number},\"user\":\"user{}\",\"price\":{}.{:02},\"ok\":true}},",
            number % 97,
            number % 1000,
            number % 100
        );
    }
    text.truncate(bytes);
    text.into_bytes()
}

fn negotiated() -> Handshake {
    let mut scratch = Scratch::new();
    let Ok(Status::Complete(head)) = parse_request(HANDSHAKE, &mut scratch, &h1::Limits::default()) else {
        panic!()
    };
    Handshake::check(&head, true).expect("a handshake")
}

/// Echoes all messages of the input.
fn echo(
    decoder: &mut Decoder,
    encoder: &mut Encoder,
    input: &mut [u8],
    scratch: &mut Vec<u8>,
    out: &mut Vec<u8>,
) {
    let mut at = 0;
    loop {
        let decoded = decoder.decode(&mut input[at..], usize::MAX, scratch).expect("valid frames");
        at += decoded.consumed;
        match decoded.item {
            Item::Data { kind, data, last } => encoder.message_part(out, kind, data, last),
            _ => return,
        }
    }
}

fn main() {
    const CALLS: u32 = 1000;
    let handshake = negotiated();
    let (mut scratch, mut out) = (Vec::new(), Vec::new());
    let mut head_scratch = Scratch::new();
    measure("check a handshake and write its fields", 300, CALLS, || {
        let Ok(Status::Complete(head)) = parse_request(HANDSHAKE, &mut head_scratch, &h1::Limits::default())
        else {
            panic!()
        };
        for _ in 0..CALLS {
            out.clear();
            Handshake::check(black_box(&head), true).expect("a handshake").write_fields(&mut out);
            black_box(&out);
        }
    });
    for (name, first, bytes) in [
        ("text", 0x81, 32),
        ("binary", 0x82, 32),
        ("text", 0x81, 1024),
        ("text", 0x81, 16 * 1024),
        ("binary", 0x82, 16 * 1024),
    ] {
        let mut decoder = Decoder::new(None, &Limits::default());
        let mut encoder = Encoder::new(None);
        let input = frame(first, &json(bytes)).repeat(100);
        let mut work = input.clone();
        measure(&format!("read {bytes} bytes of {name}, write them back"), 3000, 100, || {
            work.copy_from_slice(&input);
            out.clear();
            echo(&mut decoder, &mut encoder, &mut work, &mut scratch, &mut out);
            black_box(&out);
        });
    }
    for bytes in [1024, 4096, 16 * 1024, 60_000] {
        let data = json(bytes);
        let mut encoder = Encoder::new(handshake.deflate());
        out.clear();
        encoder.message_part(&mut out, Kind::Text, &data, true);
        let payload = out[if out.len() > 127 { 4 } else { 2 }..].to_vec();
        let rsv1 = out[0] & 0x40;
        measure(&format!("compress {bytes} bytes of text to {}", payload.len()), 300, 100, || {
            for _ in 0..100 {
                out.clear();
                encoder.message_part(&mut out, Kind::Text, black_box(&data), true);
                black_box(&out);
            }
        });
        let mut decoder = Decoder::new(handshake.deflate(), &Limits::default());
        let input = frame(0x81 | rsv1, &payload).repeat(100);
        let mut work = input.clone();
        measure(&format!("inflate them"), 300, 100, || {
            work.copy_from_slice(&input);
            out.clear();
            let mut at = 0;
            loop {
                let decoded =
                    decoder.decode(&mut work[at..], usize::MAX, &mut scratch).expect("valid frames");
                at += decoded.consumed;
                if matches!(decoded.item, Item::NeedMore) {
                    break;
                }
            }
        });
    }
}
