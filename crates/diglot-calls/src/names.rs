//! Names as they cross from one language to the other.

/// The name in snake_case: `renderCard` → `render_card`, `HTTPServer` → `http_server`, `my-api` → `my_api`.
///
/// `_` is put between a lower-case letter or digit and a capital, and between a run of capitals and a capital that a
/// lower-case letter follows; then all is lower case. `-`, which only services' names have, becomes `_`.
pub fn crossing(name: &str) -> String {
    let bytes = name.as_bytes();
    let mut crossed = String::with_capacity(name.len() + 4);
    for (at, character) in name.char_indices() {
        if character.is_ascii_uppercase() && at > 0 {
            let before = bytes[at - 1];
            let next_is_lower = bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let is_border = before.is_ascii_lowercase()
                || before.is_ascii_digit()
                || (before.is_ascii_uppercase() && next_is_lower);
            if is_border {
                crossed.push('_');
            }
        }
        crossed.push(if character == '-' { '_' } else { character.to_ascii_lowercase() });
    }
    crossed
}

/// Most bytes of a function's name.
pub const FUNCTION_NAME_BYTES_MAX: usize = 128;

/// Whether a function can be offered under this name: `[a-z][a-z0-9_]*`, at most 128 characters.
pub fn is_function_name(name: &str) -> bool {
    let is_inner = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
    name.len() <= FUNCTION_NAME_BYTES_MAX
        && name.as_bytes().first().is_some_and(u8::is_ascii_lowercase)
        && name.as_bytes().iter().all(is_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cross_in_snake_case() {
        let golden: serde_json::Value =
            serde_json::from_str(include_str!("../golden/names.json")).expect("JSON");
        for (name, crosses) in golden["crossing"].as_object().expect("an object") {
            assert_eq!(crossing(name), crosses.as_str().expect("text"), "{name}");
        }
        let check = |name, expect| assert_eq!(crossing(name), expect, "{name}");
        check("my-api", "my_api");
        check("straßeÄndern", "straßeÄndern");
        check("", "");
    }

    #[test]
    fn what_can_be_offered() {
        let check = |name: &str, expect| assert_eq!(is_function_name(name), expect, "{name}");
        check("similar", true);
        check("s2_", true);
        check("_private", false);
        check("Similar", false);
        check("", false);
        check(&"a".repeat(128), true);
        check(&"a".repeat(129), false);
    }
}
