//! A worker, and a broker, that write any bytes: the other end handles them or names the rule they break.
#![no_main]

use diglot_calls::message::{CALL_ITEMS, CallHead};
use diglot_calls::preface::Preface;
use diglot_calls::{Connection, Payload};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for message_bytes_max in [0, 1000] {
        let mut end = match message_bytes_max {
            0 => Connection::<u32>::broker(1000),
            _ => Connection::worker(),
        };
        end.handle(&Preface { message_bytes_max }.encode()).expect("a right preface");
        let head = CallHead { window: 100, flags: CALL_ITEMS, ..CallHead::default() };
        end.begin(0, &head, Payload::Copied(b"")).expect("a short head");
        let mut rest = bytes;
        while let Ok(Some((count, _))) = end.handle(rest) {
            rest = &rest[count..];
        }
        assert_eq!(end.calls().count(), end.open_ours() + end.open_theirs());
    }
});
