//! A worker that writes any bytes: the front handles them or names the rule they break.
#![no_main]

use diglot_link::Front;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut front = Front::<()>::new(1, 4);
    let echo = front.output().pending().to_vec();
    front.handle(&echo).expect("the preface it sent itself");
    let mut rest = bytes;
    while let Ok(Some((count, _))) = front.handle(rest) {
        rest = &rest[count..];
    }
});
