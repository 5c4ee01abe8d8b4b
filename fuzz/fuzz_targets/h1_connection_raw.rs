//! A client that writes any bytes: the same comes of them whole, cut in two, and byte by byte.
#![no_main]

mod h1_support;

use h1_support::{connection, cut};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((bytes, halves)) = cut(bytes) else { return };
    let whole = connection([bytes]);
    assert_eq!(connection(halves), whole);
    assert_eq!(connection(bytes.chunks(1)), whole);
});
