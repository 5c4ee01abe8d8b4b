//! The golden frames: bytes of the link with what they mean, read by the tests of every end in every language.
//!
//! `golden/*.json` is made here and committed. A test fails when what is committed is not what this crate would write
//! today; `DIGLOT_GOLDEN=write cargo test -p diglot-link --test golden` writes it anew. Texts of HTTP stand in the JSON
//! as latin-1: each byte is the character of the same number.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

mod frames;
mod malformed;
mod meaning;

use std::path::PathBuf;

use diglot_link::names;
use serde_json::{Value, json};

fn check_fresh(file: &str, fresh: &Value) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("golden").join(file);
    if std::env::var_os("DIGLOT_GOLDEN").is_some_and(|wish| wish == "write") {
        let text = serde_json::to_string_pretty(fresh).unwrap() + "\n";
        std::fs::write(&path, text).unwrap();
        return;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let committed: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(committed, *fresh, "golden/{file} is stale: DIGLOT_GOLDEN=write writes it anew");
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[test]
fn frames_are_fresh() {
    check_fresh("frames.json", &json!({ "prefaces": frames::prefaces(), "frames": frames::all() }));
}

#[test]
fn malformed_frames_are_fresh_and_refused() {
    check_fresh("malformed.json", &json!({ "malformed": malformed::all() }));
}

#[test]
fn names_are_fresh() {
    check_fresh("names.json", &json!({ "names": names::NAMES[..], "methods": names::METHODS[..] }));
}
