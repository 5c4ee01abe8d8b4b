//! Names as each language writes them.

/// `render_card` as `renderCard`.
pub(crate) fn camel(name: &str) -> String {
    let mut words = name.split('_').filter(|word| !word.is_empty());
    let mut text = words.next().unwrap_or_default().to_owned();
    words.for_each(|word| push_capitalised(&mut text, word));
    text
}

/// `render_card` and `render-card` as `RenderCard`.
pub(crate) fn pascal(name: &str) -> String {
    let mut text = String::new();
    for word in name.split(['_', '-', '.', ' ']).filter(|word| !word.is_empty()) {
        push_capitalised(&mut text, word);
    }
    text
}

fn push_capitalised(text: &mut String, word: &str) {
    let mut letters = word.chars();
    text.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
    text.push_str(letters.as_str());
}

/// The name of a type, whatever its schema called it: `Page[Item]` as `PageItem`.
pub(crate) fn type_name(name: &str) -> String {
    let words: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { ' ' }).collect();
    let text: String =
        words.split(' ').filter(|word| !word.is_empty()).fold(String::new(), |mut text, word| {
            match text.is_empty() {
                true => text.push_str(word),
                false => push_capitalised(&mut text, word),
            }
            text
        });
    match text.starts_with(|first: char| first.is_ascii_digit()) || text.is_empty() {
        true => format!("Type{text}"),
        false => text,
    }
}

/// Whether it can be written without quotes, in either language.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Python's own words, which no field of a class can be called by.
pub(crate) fn is_python_keyword(name: &str) -> bool {
    const KEYWORDS: [&str; 35] = [
        "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
        "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in",
        "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
    ];
    KEYWORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_each_language() {
        assert_eq!(camel("render_card"), "renderCard");
        assert_eq!(camel("sha256"), "sha256");
        assert_eq!(pascal("digit-model"), "DigitModel");
        assert_eq!(type_name("Page[Item]"), "PageItem");
        assert_eq!(type_name("3D"), "Type3D");
    }
}
