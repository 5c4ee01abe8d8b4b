//! A function as its worker offers it.

use std::borrow::Cow;
use std::time::Duration;

use diglot_calls::Violation;
use diglot_calls::frame::Type;
use diglot_calls::names::is_function_name;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::advice::shortened;

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
    /// One of its parameters is a stream.
    pub takes_items: bool,
    /// The classes of the exceptions it says it throws.
    pub throws: Box<[Box<str>]>,
    /// All that was offered: the JSON of one object.
    pub json: Box<str>,
}

/// Calls of a function that wait, whatever its offer says.
const QUEUE_MAX: u64 = 65_536;
/// The longest deadline that a CALL can carry: 49 days.
const TIMEOUT_MS_MAX: u64 = u32::MAX as u64;

#[derive(Deserialize)]
struct Read<'j> {
    #[serde(borrow)]
    name: Cow<'j, str>,
    concurrency: Option<Value>,
    queue: Option<Value>,
    timeout_ms: Option<Value>,
    idempotent: Option<Value>,
    input: Option<IgnoredAny>,
    errors: Option<Value>,
}

impl Offer {
    /// Reads the payload of an OFFER. Numbers that are larger than what can be kept count as the largest that can.
    ///
    /// # Errors
    /// [`Violation::Malformed`] if it is no JSON object with a name; [`Violation::UnfitOffer`] if the name cannot cross, or another
    /// member is not what it has to be.
    pub fn parse(payload: &[u8]) -> Result<Self, Violation> {
        const MALFORMED: Violation = Violation::Malformed { kind: Type::Offer };
        let json = str::from_utf8(payload).map_err(|_| MALFORMED)?;
        let Read { name, concurrency, queue, timeout_ms, idempotent, input, errors } =
            serde_json::from_str(json).map_err(|_| MALFORMED)?;
        let unfit = |problem| Violation::UnfitOffer { function: shortened(&name).into(), problem };
        if !is_function_name(&name) {
            return Err(unfit("a name is [a-z][a-z0-9_]*, of at most 128 characters"));
        }
        let concurrency = whole(concurrency).filter(|calls| *calls != Some(0));
        let concurrency = concurrency.ok_or_else(|| unfit("its `concurrency` is no whole number above 0"))?;
        let queue = whole(queue).ok_or_else(|| unfit("its `queue` is no whole number"))?;
        let timeout_ms = whole(timeout_ms).ok_or_else(|| unfit("its `timeout_ms` is no whole number"))?;
        let idempotent = match idempotent {
            None => false,
            Some(idempotent) => {
                idempotent.as_bool().ok_or_else(|| unfit("its `idempotent` is no boolean"))?
            }
        };
        let to_timeout = |ms: u64| Duration::from_millis(ms.min(TIMEOUT_MS_MAX));
        Ok(Self {
            concurrency: concurrency.map_or(usize::MAX, |calls| usize::try_from(calls).unwrap_or(usize::MAX)),
            queue: queue.map(|calls| calls.min(QUEUE_MAX) as usize),
            timeout: timeout_ms.filter(|ms| *ms > 0).map(to_timeout),
            idempotent,
            takes_items: input.is_some(),
            throws: classes(errors.as_ref()),
            name: name.into(),
            json: json.into(),
        })
    }
}

/// The names in `errors`: what has none is none.
fn classes(errors: Option<&Value>) -> Box<[Box<str>]> {
    let errors = errors.and_then(Value::as_array).into_iter().flatten();
    errors.filter_map(|error| error["type"].as_str()).map(Box::from).collect()
}

/// A whole number that is not negative, also where it is written as `1e9`. `Some(None)`: it is absent.
fn whole(value: Option<Value>) -> Option<Option<u64>> {
    let Some(value) = value else { return Some(None) };
    let float = value.as_f64().filter(|number| *number >= 0.0 && number.fract() == 0.0);
    // What is too large for the type becomes its largest.
    value.as_u64().or(float.map(|number| number as u64)).map(Some)
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
        assert!(!offer.idempotent && !offer.takes_items);
        let total = Offer::parse(br#"{"name":"total","input":{"name":"numbers","schema":{}}}"#).unwrap();
        assert!(total.takes_items && total.throws.is_empty());
        let errors = r#"[{"type":"SoldOut","data":{"type":"object"}},{"type":5},null,{"type":"Closed"}]"#;
        let buy = Offer::parse(format!(r#"{{"name":"buy","errors":{errors}}}"#).as_bytes()).unwrap();
        assert_eq!(buy.throws.iter().map(|class| &**class).collect::<Vec<_>>(), ["SoldOut", "Closed"]);
        assert!(Offer::parse(br#"{"name":"buy","errors":5}"#).unwrap().throws.is_empty());
        assert!(!Offer::parse(br#"{"name":"total","input":null}"#).unwrap().takes_items);
    }

    #[test]
    fn what_is_too_large_is_as_large_as_can_be() {
        let fifty_days = 50 * 86_400_000_u64;
        for number in [fifty_days.to_string(), u64::MAX.to_string(), "4.32e9".into(), "1e30".into()] {
            let json =
                format!(r#"{{"name":"slow","timeout_ms":{number},"queue":{number},"concurrency":{number}}}"#);
            let offer = Offer::parse(json.as_bytes()).unwrap();
            assert_eq!(offer.timeout, Some(Duration::from_millis(u64::from(u32::MAX))), "{number}");
            assert_eq!(offer.queue, Some(65_536), "{number}");
            assert!(offer.concurrency >= fifty_days as usize, "{number}");
        }
    }

    #[test]
    fn what_is_refused() {
        for json in ["", "[]", "{}", r#"{"name":3}"#] {
            let refused = Offer::parse(json.as_bytes());
            assert_eq!(refused, Err(Violation::Malformed { kind: Type::Offer }), "{json}");
        }
        assert!(Offer::parse(b"{\"name\":\"\xFF\"}").is_err());
        let check = |json: &str, name: &str, member: &str| {
            let said = Offer::parse(json.as_bytes()).unwrap_err().to_string();
            assert!(said.contains(&format!("function \"{name}\"")) && said.contains(member), "{said}");
        };
        check(r#"{"name":"A"}"#, "A", "a name is");
        check(r#"{"name":"a","queue":-1}"#, "a", "`queue`");
        check(r#"{"name":"a","queue":"1"}"#, "a", "`queue`");
        check(r#"{"name":"a","timeout_ms":0.5}"#, "a", "`timeout_ms`");
        check(r#"{"name":"a","concurrency":0}"#, "a", "`concurrency`");
        check(r#"{"name":"a","concurrency":[]}"#, "a", "`concurrency`");
        check(r#"{"name":"a","idempotent":1}"#, "a", "`idempotent`");
    }
}
