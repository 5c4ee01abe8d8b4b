//! The errors that are the broker's own, as callers get them.

use diglot_calls::frame::THROW_BYTES_MAX;
use diglot_calls::message::Code;
use serde_json::{Map, Value, json};

use crate::advice::shortened;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_read_whatever_they_are() {
        assert_eq!(CallError::read(b"garbage").code, Code::Error);
        let error = CallError::new(Code::Overloaded, "full".to_owned(), "model", "similar");
        assert_eq!(CallError::read(&error.payload()), error);
    }
}
