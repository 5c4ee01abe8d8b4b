//! A worker whose raw response is any bytes, to each of the methods that change its meaning.
#![no_main]

mod h1_support;

use h1_support::{cut, response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((bytes, halves)) = cut(bytes) else { return };
    for method in [&b"GET"[..], b"HEAD", b"CONNECT"] {
        let whole = response(method, [bytes]);
        assert_eq!(response(method, halves), whole);
        assert_eq!(response(method, bytes.chunks(1)), whole);
    }
});
