//! Properties of any bytes and of any messages.

use diglot_front::websocket::{Deflate, Encoder, Kind, Limits, write_close, write_ping, write_pong};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::connection::{DEFLATE, Seen, drive};
use crate::peer::{self, frame, read_frames};

/// Cuts `bytes` at the given places, taken modulo its length.
fn cut<'b>(bytes: &'b [u8], places: &[usize]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// Something a client does.
#[derive(Debug, Clone)]
enum Act {
    Message { kind: Kind, data: Vec<u8>, cuts: Vec<usize>, pings: bool, deflate: Option<(u32, u8)> },
    Ping(Vec<u8>),
    Pong(Vec<u8>),
}

/// Data that compresses, or does not.
fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..300),
        vec(prop_oneof![Just("abc"), Just("abcd"), Just(" ")], 0..2000)
            .prop_map(|words| words.concat().into_bytes()),
        (any::<u8>(), 0..70_000usize).prop_map(|(byte, length)| vec![byte; length]),
    ]
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![".{0,200}", "[a-z ]{0,2000}", "[\u{80}-\u{10ffff}]{0,300}"].prop_map(String::into_bytes)
}

fn act() -> impl Strategy<Value = Act> {
    let payload =
        prop_oneof![data().prop_map(|data| (Kind::Binary, data)), text().prop_map(|text| (Kind::Text, text))];
    let deflate = proptest::option::of((0..=9u32, 9..=15u8));
    prop_oneof![
        4 => (payload, vec(any::<usize>(), 0..5), any::<bool>(), deflate)
            .prop_map(|((kind, data), cuts, pings, deflate)| Act::Message { kind, data, cuts, pings, deflate }),
        1 => vec(any::<u8>(), 0..=125).prop_map(Act::Ping),
        1 => vec(any::<u8>(), 0..=125).prop_map(Act::Pong),
    ]
}

/// What the client sends for it, and what must come out.
fn play(act: &Act, may_deflate: bool, key: [u8; 4], sent: &mut Vec<u8>, expected: &mut Vec<Seen>) {
    match act {
        Act::Ping(payload) => {
            sent.extend(frame(0x89, key, payload));
            expected.push(Seen::Ping(payload.clone()));
        }
        Act::Pong(payload) => {
            sent.extend(frame(0x8a, key, payload));
            expected.push(Seen::Pong(payload.clone()));
        }
        Act::Message { kind, data, cuts, pings, deflate } => {
            let (payload, rsv1) = match deflate {
                Some((level, window_bits)) if may_deflate => {
                    (peer::compress(data, *level, *window_bits), 0x40)
                }
                _ => (data.clone(), 0),
            };
            let fragments = cut(&payload, cuts);
            for (at, fragment) in fragments.iter().enumerate() {
                let opcode = if at > 0 { 0 } else { rsv1 | if *kind == Kind::Text { 1 } else { 2 } };
                let fin = if at + 1 == fragments.len() { 0x80 } else { 0 };
                sent.extend(frame(fin | opcode, key, fragment));
                if *pings && fin == 0 {
                    sent.extend(frame(0x89, key, b"between"));
                    expected.push(Seen::Ping(b"between".to_vec()));
                }
            }
            expected.push(Seen::Message(*kind, data.clone()));
        }
    }
}

/// Bytes that look enough like frames to come far before they are wrong.
fn nearly_frames() -> impl Strategy<Value = Vec<u8>> {
    let payload = prop_oneof![
        vec(any::<u8>(), 0..8),
        Just(b"text".to_vec()),
        Just(b"\xe2\x82".to_vec()),
        Just(vec![0x03, 0xe8]),
        Just(peer::compress(b"hello hello hello", 6, 15)),
        Just(peer::compress(&[b'a'; 5000], 6, 15)),
        Just(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00".to_vec()),
        Just(vec![0x03, 0x00]),
    ];
    let piece = prop_oneof![
        8 => (
            prop_oneof![Just(0x81u8), Just(0x01), Just(0x00), Just(0x80), Just(0xc1), Just(0xc2), Just(0x41), Just(0x89)],
            payload
        )
            .prop_map(|(first, payload)| frame(first, [1, 2, 3, 4], &payload)),
        1 => (any::<u8>(), vec(any::<u8>(), 0..4)).prop_map(|(first, payload)| frame(first, [9; 4], &payload)),
        1 => vec(any::<u8>(), 0..6),
    ];
    vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

fn limits() -> impl Strategy<Value = Limits> {
    prop_oneof![
        Just(Limits::default()),
        (0..60u64, 0..5u32).prop_map(|(message_bytes_max, message_frames_max)| Limits {
            message_bytes_max,
            message_frames_max
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        bytes in prop_oneof![4 => nearly_frames(), 1 => vec(any::<u8>(), 0..200)],
        places in vec(any::<usize>(), 0..6),
        room in 1..50usize,
        may_deflate in any::<bool>(),
        limits in limits(),
    ) {
        let whole = drive([&bytes[..]], may_deflate, usize::MAX, &limits);
        prop_assert_eq!(&drive(cut(&bytes, &places), may_deflate, room, &limits), &whole);
        prop_assert_eq!(&drive(bytes.chunks(1), may_deflate, usize::MAX, &limits), &whole);
        prop_assert_eq!(&drive(bytes.chunks(1), may_deflate, 1, &limits), &whole);
    }

    #[test]
    fn what_a_client_sends_comes_out_as_it_went_in(
        acts in vec(act(), 0..5),
        key in any::<[u8; 4]>(),
        may_deflate in any::<bool>(),
        places in vec(any::<usize>(), 0..8),
        room in prop_oneof![1..20usize, Just(4096), Just(usize::MAX)],
    ) {
        let (mut sent, mut expected) = (Vec::new(), Vec::new());
        for act in &acts {
            play(act, may_deflate, key, &mut sent, &mut expected);
        }
        sent.extend(frame(0x88, key, &[&1000u16.to_be_bytes()[..], "done".as_bytes()].concat()));
        expected.push(Seen::Close(Some(1000), "done".to_owned()));
        prop_assert_eq!(drive(cut(&sent, &places), may_deflate, room, &Limits::default()), expected);
    }

    #[test]
    fn what_the_encoder_writes_a_client_reads(
        messages in vec((any::<bool>(), vec(data(), 1..5)), 0..4),
        window_bits in proptest::option::of(proptest::option::of(9..=15u8)),
    ) {
        let deflate = window_bits.map(|server_max_window_bits| Deflate { server_max_window_bits, ..DEFLATE });
        let mut encoder = Encoder::new(deflate);
        for (is_text, parts) in &messages {
            let kind = if *is_text { Kind::Text } else { Kind::Binary };
            let mut out = Vec::new();
            for (at, part) in parts.iter().enumerate() {
                encoder.message_part(&mut out, kind, part, at + 1 == parts.len());
                write_ping(&mut out, b"between");
            }
            prop_assert!(!encoder.is_within_message());
            let mut frames = read_frames(&out);
            frames.retain(|frame| frame.first != 0x89);
            let first = frames[0].first;
            prop_assert_eq!(first & 0x0f, if *is_text { 1 } else { 2 });
            for (at, frame) in frames.iter().enumerate() {
                let fin = if at + 1 == frames.len() { 0x80 } else { 0 };
                prop_assert_eq!(frame.first & !0x40, fin | if at == 0 { first & 0x0f } else { 0 });
                prop_assert!(at == 0 || frame.first & 0x40 == 0);
            }
            let payload: Vec<u8> = frames.into_iter().flat_map(|frame| frame.payload).collect();
            let read = if first & 0x40 != 0 {
                peer::inflate(&payload, window_bits.unwrap().unwrap_or(15))
            } else {
                payload
            };
            prop_assert_eq!(read, parts.concat());
        }
    }

    #[test]
    fn control_frames_are_written_as_they_are_given(
        payload in vec(any::<u8>(), 0..200),
        code in any::<u16>(),
        reason in ".{0,140}",
    ) {
        let mut out = Vec::new();
        write_ping(&mut out, &payload);
        write_pong(&mut out, &payload);
        write_close(&mut out, Some(code), &reason);
        write_close(&mut out, None, &reason);
        let [ping, pong, close, bare] = &read_frames(&out)[..] else { panic!("{out:?}") };
        let sent = &payload[..payload.len().min(125)];
        prop_assert_eq!((ping.first, &ping.payload[..]), (0x89, sent));
        prop_assert_eq!((pong.first, &pong.payload[..]), (0x8a, sent));
        prop_assert_eq!((bare.first, &bare.payload[..]), (0x88, &b""[..]));
        prop_assert_eq!(close.first, 0x88);
        prop_assert_eq!(&close.payload[..2], &code.to_be_bytes()[..]);
        let sent = std::str::from_utf8(&close.payload[2..]).unwrap();
        prop_assert!(close.payload.len() <= 125 && reason.starts_with(sent));
        prop_assert!(sent == reason || sent.len() > 119, "{} of {} bytes", sent.len(), reason.len());
    }
}
