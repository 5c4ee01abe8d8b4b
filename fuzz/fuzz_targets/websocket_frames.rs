//! A WebSocket client that builds frames of any parts, so that what is wrong with them is not their masks and lengths.
//! Messages that are as they should be are echoed, and read as a client reads them.
#![no_main]

mod websocket_support;

use arbitrary::Arbitrary;
use diglot_front::websocket::{Encoder, Kind};
use libfuzzer_sys::fuzz_target;
use websocket_support::{DEFLATE, Seen, connection, frame};

#[derive(Debug, Arbitrary)]
struct Frame<'a> {
    first: u8,
    key: [u8; 4],
    payload: &'a [u8],
    repeated: u8,
}

fuzz_target!(|input: (bool, u8, Vec<Frame<'_>>)| {
    let (may_deflate, room, frames) = input;
    let deflate = may_deflate.then_some(DEFLATE);
    let mut sent = Vec::new();
    for part in &frames {
        sent.extend(frame(part.first, part.key, &part.payload.repeat(usize::from(part.repeated))));
    }
    let whole = connection([&sent[..]], deflate, usize::MAX);
    assert_eq!(connection(sent.chunks(3), deflate, usize::from(room) + 1), whole);

    let mut encoder = Encoder::new(deflate);
    for message in &whole {
        let Seen::Message(kind, data) = message else { continue };
        let mut out = Vec::new();
        for part in data.chunks(2000) {
            encoder.message_part(&mut out, *kind, part, false);
        }
        encoder.message_part(&mut out, *kind, b"", true);
        encoder.message_part(&mut out, Kind::Binary, data, true);
        // Masked anew with a key of zeros, a server's frames are a client's.
        let (mut back, mut rest) = (Vec::new(), &out[..]);
        while let [first, length, tail @ ..] = rest {
            let (length, tail) = match (length, tail) {
                (126, [high, low, tail @ ..]) => (usize::from(u16::from_be_bytes([*high, *low])), tail),
                _ => (usize::from(*length), tail),
            };
            back.extend(frame(*first, [0; 4], &tail[..length]));
            rest = &tail[length..];
        }
        let expected = [message.clone(), Seen::Message(Kind::Binary, data.clone())];
        assert_eq!(connection([&back[..]], deflate, usize::MAX), expected);
    }
});
