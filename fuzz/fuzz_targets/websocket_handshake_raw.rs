//! A client that offers any extensions under any key.
#![no_main]

use diglot_front::h1::{FieldScratch, Limits, Scratch, Status, WorkerFields, parse_request};
use diglot_front::websocket::{Handshake, is_handshake};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|fields: (&[u8], Option<[u8; 24]>)| {
    let (extensions, key) = fields;
    let key = key.unwrap_or(*b"dGhlIHNhbXBsZSBub25jZQ==");
    let request = [
        b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n",
        &b"Sec-WebSocket-Key: "[..],
        &key,
        b"\r\nSec-WebSocket-Extensions: ",
        extensions,
        b"\r\n\r\n",
    ]
    .concat();
    let mut scratch = Scratch::new();
    let Ok(Status::Complete(head)) = parse_request(&request, &mut scratch, &Limits::default()) else {
        return;
    };
    assert!(is_handshake(&head));
    let Ok(handshake) = Handshake::check(&head, true) else { return };
    let mut out = Vec::new();
    handshake.write_fields(&mut out);
    let mut fields = FieldScratch::default();
    assert!(WorkerFields::parse(&out, &mut fields, 10).is_ok());
    if let Some(deflate) = handshake.deflate() {
        assert!(deflate.server_max_window_bits.is_none_or(|bits| (9..=15).contains(&bits)));
        assert!(deflate.client_max_window_bits.is_none_or(|bits| (8..=15).contains(&bits)));
    }
});
