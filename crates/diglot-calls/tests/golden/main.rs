//! The golden frames: bytes of a calls socket with what they mean, read by the tests of every end in every language.
//!
//! `golden/frames.json` is made here and committed. A test fails when what is committed is not what this crate would write
//! today; `DIGLOT_GOLDEN=write cargo test -p diglot-calls --test golden` writes it anew.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

mod frames;
mod malformed;

use std::path::PathBuf;

use diglot_calls::{Connection, Event, Role};
use serde_json::{Value, json};

/// Hexadecimal; `(07*40000)` is 40,000 times the byte 7.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const RUN_MIN: usize = 64;
    let runs = bytes.chunk_by(|one, next| one == next);
    runs.map(|run| match run.len() {
        length if length >= RUN_MIN => format!("({:02x}*{length})", run[0]),
        length => format!("{:02x}", run[0]).repeat(length),
    })
    .collect()
}

pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Broker => "broker",
        Role::Worker => "worker",
    }
}

/// The end that receives what the other role sends.
pub(crate) fn receiver(from: Role) -> Connection<()> {
    match from {
        Role::Broker => Connection::worker(),
        Role::Worker => Connection::broker(diglot_calls::MESSAGE_BYTES_MAX),
    }
}

/// Everything in `bytes`, taken in at once.
pub(crate) fn take(
    connection: &mut Connection<()>,
    bytes: &[u8],
    mut see: impl FnMut(&Event<'_, ()>),
) -> Result<(), diglot_calls::Violation> {
    let mut rest = bytes;
    while let Some((count, event)) = connection.handle(rest)? {
        rest = &rest[count..];
        event.iter().for_each(&mut see);
    }
    assert_eq!(rest, b"", "a frame is not whole");
    Ok(())
}

#[test]
fn frames_are_fresh() {
    let fresh = json!({
        "about": "(07*40000) in hexadecimal text is 40,000 times the byte 07. Malformed: `before` is taken, `hex` refused; \
                  `begun` is the call that the receiver has begun before, with the first call's arguments and window, \
                  `items` if items follow those.",
        "prefaces": frames::prefaces(),
        "frames": frames::all(),
        "malformed": malformed::all(),
    });
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden/frames.json");
    if std::env::var_os("DIGLOT_GOLDEN").is_some_and(|wish| wish == "write") {
        std::fs::write(&path, serde_json::to_string_pretty(&fresh).unwrap() + "\n").unwrap();
        return;
    }
    let committed: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(committed, fresh, "golden/frames.json is stale: DIGLOT_GOLDEN=write writes it anew");
}
