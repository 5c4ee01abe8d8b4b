//! A WebSocket client that writes any bytes: the same comes of them whole, cut in two, byte by byte, and with little room.
#![no_main]

mod websocket_support;

use libfuzzer_sys::fuzz_target;
use websocket_support::{DEFLATE, connection};

fuzz_target!(|bytes: &[u8]| {
    let Some((&[choice, place], bytes)) = bytes.split_first_chunk() else { return };
    let deflate = (choice & 1 != 0).then_some(DEFLATE);
    let room = usize::from(choice / 2) + 1;
    let (front, back) = bytes.split_at(usize::from(place) * bytes.len() / 255);
    let whole = connection([bytes], deflate, usize::MAX);
    assert_eq!(connection([front, back], deflate, room), whole);
    assert_eq!(connection(bytes.chunks(1), deflate, usize::MAX), whole);
});
