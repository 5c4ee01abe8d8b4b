//! What people are told, in quotation marks of Python's.

use std::fmt::Write as _;

use crate::schema::Doc;

/// The text, and a line for each constraint that the type does not say.
pub(super) fn said(doc: &Doc) -> Option<String> {
    let notes = doc.notes.iter().filter(|(name, _)| *name != "format");
    let notes = notes.map(|(name, value)| format!("{name} {value}").trim_end().to_owned());
    let lines: Vec<String> = doc.text.iter().cloned().chain(notes).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

pub(super) fn docstring(text: &mut String, indent: &str, doc: &str) {
    let doc = escaped(doc.trim_end());
    let mut lines = doc.lines();
    let _ = write!(text, "{indent}\"\"\"{}", lines.next().unwrap_or_default().trim_end());
    let mut is_long = false;
    for line in lines {
        is_long = true;
        let line = line.trim_end();
        let _ = write!(text, "\n{}{line}", if line.is_empty() { "" } else { indent });
    }
    let _ = writeln!(text, "{}\"\"\"", if is_long { format!("\n{indent}") } else { String::new() });
}

/// As it can stand between three quotation marks on each side.
fn escaped(doc: &str) -> String {
    let mut text = String::with_capacity(doc.len());
    let mut letters = doc.chars().peekable();
    let mut last = None;
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => text.push_str("\\\\"),
            // Beside another, or before the last three, it could be one of those.
            '"' if last == Some('"') || letters.peek().is_none_or(|next| ['"', '\n'].contains(next)) => {
                text.push_str("\\\"");
            }
            '\n' | '\t' => text.push(letter),
            // A line ends with both of them, or it is one of its own within a line.
            '\r' if letters.peek() == Some(&'\n') => {}
            letter if letter.is_control() => {
                let _ = write!(text, "\\x{:02x}", u32::from(letter));
            }
            letter => text.push(letter),
        }
        last = Some(letter);
    }
    text
}
