//! What the encoder makes of messages.

use diglot_front::websocket::{COMPRESSED_BYTES_MIN, Deflate, Encoder, Kind, write_close};

use crate::connection::DEFLATE;
use crate::peer::{Frame, compress, inflate, read_frames};

fn parts(encoder: &mut Encoder, kind: Kind, parts: &[&[u8]]) -> Vec<Frame> {
    let mut out = b"what stood there before".to_vec();
    let before = out.len();
    for (at, part) in parts.iter().enumerate() {
        encoder.message_part(&mut out, kind, part, at + 1 == parts.len());
    }
    read_frames(&out[before..])
}

fn frame(first: u8, payload: &[u8]) -> Frame {
    Frame { first, payload: payload.to_vec() }
}

#[test]
fn a_message_of_one_part_is_one_frame() {
    for length in [0, 1, 125, 126, 127, 65_535, 65_536, 1_000_000] {
        let data = vec![b'a'; length];
        let mut encoder = Encoder::new(None);
        assert_eq!(parts(&mut encoder, Kind::Text, &[&data]), [frame(0x81, &data)]);
        assert_eq!(parts(&mut encoder, Kind::Binary, &[&data]), [frame(0x82, &data)]);
    }
}

#[test]
fn further_parts_are_continuations_and_empty_ones_are_left_out() {
    let mut encoder = Encoder::new(None);
    let frames = parts(&mut encoder, Kind::Text, &[b"", b"a", b"", b"b", b""]);
    assert_eq!(frames, [frame(0x01, b"a"), frame(0x00, b"b"), frame(0x80, b"")]);
    let frames = parts(&mut encoder, Kind::Binary, &[b"", b"a"]);
    assert_eq!(frames, [frame(0x82, b"a")]);
    assert_eq!(parts(&mut encoder, Kind::Binary, &[b"", b""]), [frame(0x82, b"")]);
}

#[test]
fn messages_are_compressed_where_it_is_worth_it() {
    let mut encoder = Encoder::new(Some(DEFLATE));
    let short = vec![b'a'; COMPRESSED_BYTES_MIN - 1];
    assert_eq!(parts(&mut encoder, Kind::Text, &[&short]), [frame(0x81, &short)]);
    let long = vec![b'a'; COMPRESSED_BYTES_MIN];
    let [compressed] = &parts(&mut encoder, Kind::Text, &[&long])[..] else { panic!() };
    assert_eq!(compressed.first, 0xc1);
    assert!(compressed.payload.len() < 50, "{} bytes", compressed.payload.len());
    assert_eq!(inflate(&compressed.payload, 15), long);
    // The same again: no context is kept.
    assert_eq!(parts(&mut encoder, Kind::Text, &[&long])[0], *compressed);
    // What cannot be compressed goes as it is.
    let mut number = 1u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (number >> 56) as u8
    })
    .take(200_000)
    .collect();
    assert_eq!(parts(&mut encoder, Kind::Binary, &[&noise]), [frame(0x82, &noise)]);
    // Unless a part of it is on its way already.
    let frames = parts(&mut encoder, Kind::Binary, &[&long, &noise]);
    assert_eq!((frames[0].first, frames[1].first), (0x42, 0x80));
}

#[test]
fn the_window_is_the_one_agreed_on_whatever_a_message_before_had() {
    // What repeats does so at distances that only the large window reaches.
    let data: Vec<u8> =
        (0..20_000u32).map(|n| (n % 3000).wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    assert!(compress(&data, 6, 15).len() * 2 < data.len());
    let lengths = [None, Some(9), Some(15), Some(9)].map(|server_max_window_bits| {
        let mut encoder = Encoder::new(Some(Deflate { server_max_window_bits, ..DEFLATE }));
        let frames = parts(&mut encoder, Kind::Binary, &[&data]);
        frames[0].payload.len()
    });
    assert!(lengths[0] * 2 < data.len(), "{lengths:?}");
    assert!(lengths[1] * 10 > data.len() * 9, "{lengths:?}");
    assert_eq!(lengths[..2], lengths[2..]);
}

#[test]
fn each_part_of_a_compressed_message_can_be_read_when_it_comes() {
    let mut encoder = Encoder::new(Some(DEFLATE));
    let long = vec![b'a'; COMPRESSED_BYTES_MIN];
    let frames = parts(&mut encoder, Kind::Text, &[&long, b"second", b"third", b""]);
    let firsts: Vec<u8> = frames.iter().map(|frame| frame.first).collect();
    assert_eq!(firsts, [0x41, 0x00, 0x00, 0x80]);
    let mut so_far = Vec::new();
    let mut expected = long.clone();
    for (frame, part) in frames.iter().zip([&b""[..], b"second", b"third"]) {
        so_far.extend_from_slice(&frame.payload);
        expected.extend_from_slice(part);
        assert!(so_far.ends_with(&[0, 0, 0xff, 0xff]));
        assert_eq!(inflate(&so_far[..so_far.len() - 4], 15), expected);
    }
    so_far.extend_from_slice(&frames[3].payload);
    assert_eq!(inflate(&so_far, 15), expected);
    // The next message is a new one.
    assert_eq!(parts(&mut encoder, Kind::Text, &[b"short"]), [frame(0x81, b"short")]);
}

#[test]
fn reasons_are_cut_between_characters() {
    for (reason, kept) in [("a".repeat(123), 123), ("a".repeat(124), 123), ("a\u{20ac}".repeat(40), 121)] {
        let mut out = Vec::new();
        write_close(&mut out, Some(1000), &reason);
        let expected = [&1000u16.to_be_bytes()[..], &reason.as_bytes()[..kept]].concat();
        assert_eq!(read_frames(&out), [frame(0x88, &expected)]);
    }
    let mut out = Vec::new();
    write_close(&mut out, None, "never sent");
    assert_eq!(out, [0x88, 0x00]);
}
