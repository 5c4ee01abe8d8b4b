//! JSON as TypeScript reads it: with comments, and with commas before what closes.

use serde_json::Value;

/// # Errors
/// If it is not JSON with comments; the message has line and column.
pub(crate) fn parse(text: &str) -> Result<Value, serde_json::Error> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    serde_json::from_slice(&blanked(text))
}

/// The text with spaces in place of what JSON lacks, so that line and column stay.
fn blanked(text: &str) -> Vec<u8> {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    let mut comma = None;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => {
                at += 1;
                while at < bytes.len() && bytes[at] != b'"' {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                comma = None;
            }
            b'/' if bytes.get(at + 1) == Some(&b'/') => {
                while at < bytes.len() && bytes[at] != b'\n' {
                    bytes[at] = b' ';
                    at += 1;
                }
                continue;
            }
            b'/' if bytes.get(at + 1) == Some(&b'*') => {
                let end = find(&bytes, at + 2, b"*/").map_or(bytes.len(), |end| end + 2);
                bytes[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
                at = end;
                continue;
            }
            b',' => comma = Some(at),
            b'}' | b']' => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            byte if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        at += 1;
    }
    bytes
}

fn find(bytes: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    bytes.get(from..)?.windows(what.len()).position(|window| window == what).map(|at| from + at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn comments_and_commas() {
        let check = |text: &str, expect: Value| assert_eq!(parse(text).ok(), Some(expect), "{text}");
        check("\u{feff}{ // one\n \"a\": 1, /* two */ }", json!({ "a": 1 }));
        check(r#"{"a": ["//", "/* */", "\",]", ], }"#, json!({ "a": ["//", "/* */", "\",]"] }));
        check("[1, 2 /* , */, // x\n ]", json!([1, 2]));
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        let error = parse("{ /* \n */ \"a\" 1 }").unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 9));
        for text in ["", "{", "\"", "\"\\", "/*", "//", "{,}x", "[,"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
