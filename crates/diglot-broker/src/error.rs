//! The errors that are the broker's own, as callers get them.

use diglot_calls::frame::THROW_BYTES_MAX;
use diglot_calls::message::Code;
use serde_json::{Map, Value, json};

/// A call that failed, as its caller is told.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct CallError {
    /// What kind it is; one that this revision does not know counts as [`Code::Error`].
    pub code: Code,
    /// In words.
    pub message: String,
    /// All that was said: `type`, `data`, `stack`, `issues`.
    pub details: Map<String, Value>,
}

impl CallError {
    pub(crate) fn new(code: Code, message: String, service: &str, function: &str) -> Self {
        let mut details = Map::new();
        details.insert("code".to_owned(), json!(code.as_str()));
        details.insert("message".to_owned(), json!(message));
        if !service.is_empty() {
            details.insert("service".to_owned(), json!(shortened(service)));
        }
        if !function.is_empty() {
            details.insert("function".to_owned(), json!(shortened(function)));
        }
        Self { code, message, details }
    }

    /// The payload of THROW.
    pub(crate) fn payload(&self) -> Vec<u8> {
        let payload = serde_json::to_vec(&self.details).unwrap_or_default();
        debug_assert!(payload.len() <= THROW_BYTES_MAX);
        payload
    }

    /// Reads the payload of a THROW: what is not as it should be is an [`Code::Error`].
    pub(crate) fn read(payload: &[u8]) -> Self {
        let details: Map<String, Value> = serde_json::from_slice(payload).unwrap_or_default();
        let text = |name: &str| details.get(name).and_then(Value::as_str);
        let code = text("code").and_then(Code::from_name).unwrap_or(Code::Error);
        let message = text("message").unwrap_or("the function threw, and did not say why").to_owned();
        Self { code, message, details }
    }
}

/// A name a caller made up, for people: names that exist are shorter.
const SHOWN_BYTES_MAX: usize = 128;

pub(crate) fn shortened(name: &str) -> &str {
    &name[..name.floor_char_boundary(SHOWN_BYTES_MAX)]
}

/// Names listed where none is near.
const LISTED_MAX: usize = 8;
/// How alike names are that one was meant for the other (Jaro and Winkler, 1 is the same).
const NEAR: f64 = 0.8;

/// `: did you mean "x"?`, or `; it offers "x", "y"`, or nothing.
pub(crate) fn advice<'n>(missing: &str, names: impl Iterator<Item = &'n str>, has: &str) -> String {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    let likeness = |name: &&&str| strsim::jaro_winkler(missing, name);
    let nearest = names.iter().max_by(|one, other| likeness(one).total_cmp(&likeness(other)));
    match nearest {
        None => String::new(),
        Some(near) if likeness(&near) >= NEAR => format!(": did you mean \"{near}\"?"),
        Some(_) => {
            let more = if names.len() > LISTED_MAX { ", …" } else { "" };
            let listed: Vec<String> =
                names.iter().take(LISTED_MAX).map(|name| format!("\"{name}\"")).collect();
            format!("; {has} {}{more}", listed.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near_are_said() {
        let check = |missing, names: &[&str], expect: &str| {
            assert_eq!(advice(missing, names.iter().copied(), "it offers"), expect);
        };
        check("similr", &["similar", "train"], ": did you mean \"similar\"?");
        check("xyz", &["similar", "train"], "; it offers \"similar\", \"train\"");
        check("xyz", &[], "");
    }

    #[test]
    fn errors_are_read_whatever_they_are() {
        assert_eq!(CallError::read(b"garbage").code, Code::Error);
        let error = CallError::new(Code::Overloaded, "full".to_owned(), "model", "similar");
        assert_eq!(CallError::read(&error.payload()), error);
    }
}
