//! A function as its worker offers it.

use std::time::Duration;

use diglot_calls::Violation;
use diglot_calls::frame::Type;
use diglot_calls::names::is_function_name;
use serde::Deserialize;

/// What the broker reads of an OFFER, and the whole of it for those who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// As it crosses, in snake_case.
    pub name: Box<str>,
    /// Calls at a time in one worker.
    pub concurrency: usize,
    /// Calls that wait beyond these, in all; `None`: as many as the server lets wait.
    pub queue: Option<usize>,
    /// The deadline of callers that set none; `None`: the server's.
    pub timeout: Option<Duration>,
    /// It may be begun once more when its worker was lost.
    pub idempotent: bool,
    /// All that was offered: the JSON of one object.
    pub json: Box<str>,
}

#[derive(Deserialize)]
struct Read<'j> {
    #[serde(borrow)]
    name: std::borrow::Cow<'j, str>,
    concurrency: Option<u32>,
    queue: Option<u32>,
    timeout_ms: Option<u32>,
    #[serde(default)]
    idempotent: bool,
}

impl Offer {
    /// Reads the payload of an OFFER.
    ///
    /// # Errors
    /// [`Violation::Malformed`] if it is no JSON object, its name cannot cross, or a number is none.
    pub fn parse(payload: &[u8]) -> Result<Self, Violation> {
        const MALFORMED: Violation = Violation::Malformed { kind: Type::Offer };
        let json = str::from_utf8(payload).map_err(|_| MALFORMED)?;
        let read: Read<'_> = serde_json::from_str(json).map_err(|_| MALFORMED)?;
        if !is_function_name(&read.name) || read.concurrency == Some(0) {
            return Err(MALFORMED);
        }
        Ok(Self {
            name: read.name.into(),
            concurrency: read.concurrency.map_or(usize::MAX, |calls| calls as usize),
            queue: read.queue.map(|calls| calls as usize),
            timeout: read.timeout_ms.filter(|ms| *ms > 0).map(|ms| Duration::from_millis(ms.into())),
            idempotent: read.idempotent,
            json: json.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        let offer =
            Offer::parse(br#"{"name":"similar","concurrency":4,"timeout_ms":500,"doc":"x"}"#).unwrap();
        assert_eq!((&*offer.name, offer.concurrency, offer.queue), ("similar", 4, None));
        assert_eq!(offer.timeout, Some(Duration::from_millis(500)));
        assert!(!offer.idempotent);
    }

    #[test]
    fn what_is_refused() {
        for json in ["", "[]", "{}", r#"{"name":"A"}"#, r#"{"name":3}"#, r#"{"name":"a","queue":-1}"#] {
            assert!(Offer::parse(json.as_bytes()).is_err(), "{json}");
        }
        assert!(Offer::parse(br#"{"name":"a","concurrency":0}"#).is_err());
        assert!(Offer::parse(b"{\"name\":\"\xFF\"}").is_err());
    }
}
