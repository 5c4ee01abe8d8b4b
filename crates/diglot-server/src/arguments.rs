//! Arguments of a call that come as JSON: names of parameters become what crosses.

use std::collections::BTreeMap;
use std::fmt;

use bytes::Bytes;
use diglot_calls::names::crossing;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How deep values may stand in one another, as elsewhere where JSON is read.
const DEPTH_MAX: usize = 128;

/// Why they are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// Of no use, whatever the function.
    #[error("the arguments are no JSON object: {0}")]
    NoObject(String),
    /// One name twice, or in two spellings.
    #[error("the parameter `{0}` is given twice")]
    Twice(String),
}

/// Arguments with the names of their parameters as they cross; their values stay as they are, to the last digit.
///
/// # Errors
/// [`Unfit`].
pub(crate) fn crossed(arguments: Bytes) -> Result<Bytes, Unfit> {
    if is_too_deep(&arguments) {
        return Err(Unfit::NoObject(format!("values stand in one another more than {DEPTH_MAX} deep")));
    }
    // Values are looked over, and not made: they may be large.
    let Members(read) =
        serde_json::from_slice(&arguments).map_err(|error| Unfit::NoObject(error.to_string()))?;
    let mut renamed = BTreeMap::new();
    let mut is_as_it_crosses = true;
    for (given, value) in read {
        let name = crossing(&given);
        is_as_it_crosses &= name == given;
        if renamed.contains_key(&name) {
            return Err(Unfit::Twice(name));
        }
        renamed.insert(name, value);
    }
    if is_as_it_crosses {
        return Ok(arguments);
    }
    serde_json::to_vec(&renamed).map(Bytes::from).map_err(|error| Unfit::NoObject(error.to_string()))
}

/// An object's members as they stand there, those that stand there twice too.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Object).map(Self)
    }
}

fn is_too_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_text => is_escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parameters_cross_and_values_stay() {
        let crossed = |text: &str| {
            crossed(Bytes::copy_from_slice(text.as_bytes()))
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        };
        assert_eq!(crossed(r#"{"item_id": 3}"#).expect("as it is"), r#"{"item_id": 3}"#);
        let digits = r#"{"itemId":9007199254740993.10,"someData":{"someKey":1}}"#;
        assert_eq!(
            crossed(digits).expect("renamed"),
            r#"{"item_id":9007199254740993.10,"some_data":{"someKey":1}}"#
        );
        for text in ["[1]", "", "{", "{}x", "null", "{\"a\": NaN}", "{\"a\": \"\u{1}\"}"] {
            assert!(matches!(crossed(text), Err(Unfit::NoObject(_))), "{text}");
        }
        for text in [r#"{"itemId": 1, "item_id": 2}"#, r#"{"item_id": 1, "item_id": 2}"#] {
            assert_eq!(crossed(text), Err(Unfit::Twice("item_id".to_owned())), "{text}");
        }
    }

    #[test]
    fn how_deep_values_stand_is_bounded() {
        let nested = |depth: usize| {
            Bytes::from(format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1)))
        };
        assert!(crossed(nested(DEPTH_MAX)).is_ok());
        assert!(crossed(nested(DEPTH_MAX + 1)).is_err());
        let text = Bytes::from(format!("{{\"a\": \"\\\"{}\"}}", "[".repeat(1_000)));
        assert_eq!(crossed(text.clone()), Ok(text), "in a text they mean nothing");
    }
}
