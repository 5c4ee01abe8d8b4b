//! How parts of a type are put together.

use std::collections::BTreeSet;

use serde_json::Value;

use super::is_identifier;

pub(super) fn literal(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => "unknown".to_owned(),
        value => value.to_string(),
    }
}

/// One of several, each named once.
pub(super) fn union(mut parts: Vec<String>) -> String {
    let mut seen = BTreeSet::new();
    parts.retain(|part| seen.insert(part.clone()));
    match parts.as_slice() {
        [] => "never".to_owned(),
        parts if parts.iter().any(|part| part == "unknown") => "unknown".to_owned(),
        [only] => only.clone(),
        parts => parts
            .iter()
            .map(|part| if part.contains(" & ") { grouped(part) } else { part.clone() })
            .collect::<Vec<_>>()
            .join(" | "),
    }
}

/// In parentheses where an operator behind it would take only its last part.
pub(super) fn grouped(text: &str) -> String {
    let mut depth = 0_i32;
    let is_several = text.char_indices().any(|(at, letter)| {
        match letter {
            '{' | '[' | '<' | '(' => depth += 1,
            '}' | ']' | '>' | ')' => depth -= 1,
            _ => {}
        }
        depth == 0 && (text[at..].starts_with(" | ") || text[at..].starts_with(" & "))
    });
    if is_several { format!("({text})") } else { text.to_owned() }
}

/// The name of a component as one of a type: `Page[Item]` as `PageItem`.
pub(super) fn type_name(name: &str) -> String {
    let mut text = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    if is_identifier(&text) { text } else { format!("Type{text}") }
}
