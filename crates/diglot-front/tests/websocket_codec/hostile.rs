//! Clients that mean harm: what they can make the codec hold, and how soon it stops them.

use diglot_front::websocket::{Decoded, Decoder, Fault, Item, Kind, Limits};

use crate::connection::{Connection, DEFLATE, Seen, drive};
use crate::peer::{compress, frame};

const KEY: [u8; 4] = [0; 4];

#[test]
fn endless_fragments_end_at_the_limit() {
    let limits = Limits::default();
    for payload in [&b""[..], b"x"] {
        let mut connection = Connection::new(false, &limits);
        assert!(connection.push(&frame(0x02, KEY, payload), usize::MAX));
        let fragments = frame(0x00, KEY, payload).repeat(1000);
        let mut pushed = 1;
        while connection.push(&fragments, usize::MAX) {
            pushed += 1000;
            assert!(pushed <= limits.message_frames_max, "{pushed} frames were taken");
        }
        assert_eq!(connection.seen, [Seen::Fault(Fault::TooManyFrames)]);
        assert_eq!(connection.begun().len(), limits.message_frames_max as usize * payload.len());
    }
}

#[test]
fn a_bomb_costs_what_the_limit_says() {
    const MESSAGE_BYTES_MAX: u64 = 100_000;
    let limits = Limits { message_bytes_max: MESSAGE_BYTES_MAX, ..Limits::default() };
    let bomb = compress(&vec![0; 50_000_000], 9, 15);
    assert!(bomb.len() < 60_000, "{} bytes", bomb.len());
    let mut sent = frame(0xc2, KEY, &bomb);
    let mut decoder = Decoder::new(Some(DEFLATE), &limits);
    let (mut at, mut given, mut scratch) = (0, 0, Vec::new());
    let fault = loop {
        match decoder.decode(&mut sent[at..], usize::MAX, &mut scratch) {
            Ok(Decoded { consumed, item: Item::Data { data, last: false, .. } }) => {
                at += consumed;
                given += data.len() as u64;
            }
            Ok(other) => panic!("{other:?}"),
            Err(fault) => break fault,
        }
    };
    assert_eq!(fault, Fault::MessageTooLarge);
    assert!(given <= MESSAGE_BYTES_MAX, "{given} bytes were handed out");
    assert!(at < 1000, "{at} bytes of the bomb were read");
    assert!(scratch.capacity() <= 64 * 1024, "{} bytes of scratch", scratch.capacity());
}

#[test]
fn inflating_makes_no_more_than_there_is_room_for() {
    let data: Vec<u8> = (0..200_000u32).map(|n| (n / 700) as u8).collect();
    let mut sent = frame(0xc2, KEY, &compress(&data, 6, 15));
    let mut decoder = Decoder::new(Some(DEFLATE), &Limits::default());
    let (mut at, mut scratch, mut read) = (0, Vec::new(), Vec::new());
    for room in [0, 1, 100, 0, 1000].into_iter().cycle() {
        let decoded = decoder.decode(&mut sent[at..], room, &mut scratch).unwrap();
        at += decoded.consumed;
        match decoded.item {
            Item::NeedRoom => assert_eq!(room, 0),
            Item::Data { data, last, .. } => {
                assert!(data.len() <= room);
                read.extend_from_slice(data);
                if last {
                    break;
                }
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(scratch.len() <= 1000, "{} bytes of scratch", scratch.len());
    assert_eq!(at, sent.len());
    assert!(read == data);
}

#[test]
fn control_frames_pass_where_there_is_no_room_and_data_waits() {
    let mut sent = [frame(0x89, KEY, b"1"), frame(0x82, KEY, b""), frame(0x89, KEY, b"2")].concat();
    let mut decoder = Decoder::new(None, &Limits::default());
    let mut scratch = Vec::new();
    let decoded = decoder.decode(&mut sent, 0, &mut scratch).unwrap();
    assert_eq!(decoded.item, Item::Ping(b"1"));
    let mut at = decoded.consumed;
    for _ in 0..3 {
        let decoded = decoder.decode(&mut sent[at..], 0, &mut scratch).unwrap();
        assert_eq!(decoded.item, Item::NeedRoom);
        at += decoded.consumed;
    }
    let decoded = decoder.decode(&mut sent[at..], 1, &mut scratch).unwrap();
    assert_eq!(decoded.item, Item::Data { kind: Kind::Binary, data: b"", last: true });
    at += decoded.consumed;
    let decoded = decoder.decode(&mut sent[at..], 0, &mut scratch).unwrap();
    assert_eq!(decoded.item, Item::Ping(b"2"));
    // A header without payload waits for bytes, not for room.
    let mut header = vec![0x82, 0x81, 0, 0, 0, 0];
    let decoded = decoder.decode(&mut header, 0, &mut scratch).unwrap();
    assert_eq!((decoded.consumed, decoded.item), (6, Item::NeedMore));
}

#[test]
fn a_frame_is_handed_on_before_it_is_whole() {
    let mut decoder = Decoder::new(None, &Limits::default());
    let sent = frame(0x82, [1, 2, 3, 4], &[7; 1000]);
    let mut scratch = Vec::new();
    let mut piece = sent[..10].to_vec();
    let decoded = decoder.decode(&mut piece, usize::MAX, &mut scratch).unwrap();
    assert_eq!(decoded.item, Item::Data { kind: Kind::Binary, data: &[7, 7], last: false });
    assert_eq!(decoded.consumed, 10);
    assert!(decoder.is_within_message());
}

#[test]
fn a_compressed_part_is_handed_on_before_the_message_is_whole() {
    let part = [&compress(b"first part", 6, 15)[..], &[0, 0, 0xff, 0xff]].concat();
    let mut connection = Connection::new(true, &Limits::default());
    assert!(connection.push(&frame(0x41, KEY, &part), usize::MAX));
    assert_eq!(connection.begun(), b"first part");
    assert!(connection.push(&frame(0x80, KEY, &compress(b", last part", 6, 15)), usize::MAX));
    assert_eq!(connection.seen, [Seen::Message(Kind::Text, b"first part, last part".to_vec())]);
}

#[test]
fn what_is_inflated_and_did_not_fit_waits_for_room_and_not_for_bytes() {
    let sent = frame(0xc2, KEY, &compress(&[b'a'; 1000], 6, 15));
    for end in 6..sent.len() {
        let [little, much] = [1, usize::MAX].map(|room| {
            let mut connection = Connection::new(true, &Limits::default());
            assert!(connection.push(&sent[..end], room));
            connection.begun().len()
        });
        assert_eq!(little, much, "the first {end} bytes of {}", sent.len());
    }
}

#[test]
fn states_of_compression_come_back_clean() {
    let good = frame(0xc1, KEY, &compress(b"hello hello hello", 6, 15));
    let begun = frame(0x41, KEY, &compress(&[b'x'; 100_000], 6, 15));
    let broken = frame(0xc1, KEY, b"\x07\x07\x07");
    let text = Seen::Message(Kind::Text, b"hello hello hello".to_vec());
    for _ in 0..100 {
        // A connection that falls with a message half read, with output half taken, and with a broken one.
        let mut connection = Connection::new(true, &Limits::default());
        assert!(connection.push(&begun, 10));
        drop(connection);
        let mut decoder = Decoder::new(Some(DEFLATE), &Limits::default());
        decoder.decode(&mut begun.clone(), 10, &mut Vec::new()).unwrap();
        drop(decoder);
        assert_eq!(drive([&broken[..]], true, 10, &Limits::default()), [Seen::Fault(Fault::DeflateInvalid)]);
        assert_eq!(drive([&good[..]], true, 10, &Limits::default()), std::slice::from_ref(&text));
    }
}
