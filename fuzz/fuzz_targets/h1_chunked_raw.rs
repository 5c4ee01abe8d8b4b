//! A client whose content in chunks is any bytes.
#![no_main]

mod h1_support;

use h1_support::{connection, cut};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((bytes, [front, back])) = cut(bytes) else { return };
    let head = &b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
    let whole = connection([head, bytes]);
    assert_eq!(connection([head, front, back]), whole);
    assert_eq!(connection([head].into_iter().chain(bytes.chunks(1))), whole);
});
