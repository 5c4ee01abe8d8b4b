//! Names as each language writes them.

/// Types of TypeScript and of the package that mean something in what is written.
const TYPES: [&str; 29] = [
    "Array",
    "AsyncIterable",
    "BigInt64Array",
    "BigUint64Array",
    "Call",
    "CallOptions",
    "Date",
    "Float16Array",
    "Float16s",
    "Float32Array",
    "Float64Array",
    "Int16Array",
    "Int32Array",
    "Int8Array",
    "Map",
    "NDArray",
    "Never",
    "Promise",
    "Record",
    "RemoteError",
    "Services",
    "Set",
    "Stream",
    "Table",
    "TypedArrays",
    "Uint16Array",
    "Uint32Array",
    "Uint8Array",
    "Uint8ClampedArray",
];
/// TypeScript's own words, and what no type can be called there.
const WORDS: [&str; 51] = [
    "abstract",
    "any",
    "asserts",
    "await",
    "bigint",
    "boolean",
    "break",
    "case",
    "catch",
    "const",
    "debugger",
    "default",
    "delete",
    "do",
    "enum",
    "export",
    "extends",
    "false",
    "function",
    "implements",
    "infer",
    "instanceof",
    "interface",
    "keyof",
    "let",
    "never",
    "new",
    "null",
    "number",
    "object",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "services",
    "static",
    "string",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "true",
    "typeof",
    "undefined",
    "unique",
    "unknown",
    "var",
    "void",
    "yield",
];
/// What the module of Python imports.
const PYTHON_IMPORTS: [&str; 16] = [
    "Any",
    "AnyTable",
    "AsyncIterable",
    "AsyncIterator",
    "Iterator",
    "Literal",
    "Mapping",
    "NoReturn",
    "Sequence",
    "TYPE_CHECKING",
    "TypeAlias",
    "TypedDict",
    "builtins",
    "cast",
    "remote",
    "remote_stream",
];
/// Python's own words.
const KEYWORDS: [&str; 36] = [
    "False",
    "None",
    "True",
    "__debug__",
    "and",
    "as",
    "assert",
    "async",
    "await",
    "break",
    "class",
    "continue",
    "def",
    "del",
    "elif",
    "else",
    "except",
    "finally",
    "for",
    "from",
    "global",
    "if",
    "import",
    "in",
    "is",
    "lambda",
    "nonlocal",
    "not",
    "or",
    "pass",
    "raise",
    "return",
    "try",
    "while",
    "with",
    "yield",
];
/// Its types that are written here, and the modules of others.
const PYTHON_TYPES: [&str; 14] = [
    "bool", "bytes", "datetime", "decimal", "dict", "float", "int", "list", "np", "npt", "set", "str",
    "tuple", "uuid",
];

/// `render_card` as `renderCard`, in a form that crosses as the same name again: of `a_b_c` that is `aB_c`, for `aBC`
/// would be `a_bc`.
pub(crate) fn camel(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        let follows_word = text.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit());
        match letters.peek() {
            Some(next) if letter == '_' && follows_word && next.is_ascii_lowercase() => {
                text.push(next.to_ascii_uppercase());
                letters.next();
            }
            _ => text.push(letter),
        }
    }
    text
}

/// What JavaScript and its tools ask every object for, so that no function and no service has these names there
/// (`node/lib/calls/services.cjs`).
const ASKED_OF_ALL: [&str; 9] = [
    "then",
    "constructor",
    "prototype",
    "toJSON",
    "toString",
    "valueOf",
    "hasOwnProperty",
    "asymmetricMatch",
    "nodeType",
];

/// A function or a service as a member of an object in JavaScript: as [`camel`], but `then` as `Then`, and `to_string` as it
/// is.
pub(crate) fn member(name: &str) -> String {
    let written = camel(name);
    match ASKED_OF_ALL.contains(&written.as_str()) {
        false => written,
        true if written == name => pascal(name),
        true => name.to_owned(),
    }
}

/// `render_card` and `render-card` as `RenderCard`.
pub(crate) fn pascal(name: &str) -> String {
    let mut text = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
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
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = name.split(|c: char| !is_part(c)).filter(|word| !word.is_empty());
    let mut text = words.next().unwrap_or_default().to_owned();
    words.for_each(|word| push_capitalised(&mut text, word));
    if text.starts_with(|first: char| first.is_ascii_digit()) || text.is_empty() {
        return format!("Type{text}");
    }
    let is_taken = TYPES.contains(&text.as_str()) || WORDS.contains(&text.as_str());
    match is_taken || is_python_word(&text) || is_python_import(&text) {
        true => format!("{text}_"),
        false => text,
    }
}

/// Whether it can be written without quotes, in either language.
pub(crate) fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Whether Python takes it for no name.
pub(crate) fn is_python_keyword(name: &str) -> bool {
    KEYWORDS.contains(&name)
}

/// What no field of a class in Python can be called without harm: a keyword, or a type that other fields have.
pub(crate) fn is_python_word(name: &str) -> bool {
    is_python_keyword(name) || PYTHON_TYPES.contains(&name)
}

/// Whether the module of Python has something else by this name.
pub(crate) fn is_python_import(name: &str) -> bool {
    PYTHON_IMPORTS.contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Of the names that every language reads.
    fn golden(part: &str) -> Vec<(String, String)> {
        let golden: Value =
            serde_json::from_str(include_str!("../../diglot-calls/golden/names.json")).expect("JSON");
        let pairs = golden[part].as_object().expect("an object");
        pairs
            .iter()
            .map(|(name, written)| (name.clone(), written.as_str().expect("text").to_owned()))
            .collect()
    }

    #[test]
    fn names_come_back_as_they_were() {
        for (name, written) in golden("camel") {
            assert_eq!(camel(&name), written);
            assert_eq!(diglot_calls::names::crossing(&written), name);
        }
    }

    #[test]
    fn members_are_those_that_can_be_called() {
        for (name, written) in golden("members") {
            assert_eq!(member(&name), written);
            assert_eq!(diglot_calls::names::crossing(&written), name);
        }
    }

    #[test]
    fn names_in_each_language() {
        assert_eq!(camel("render_card"), "renderCard");
        assert_eq!(camel("sha256"), "sha256");
        // As they come back: these would not.
        assert_eq!(camel("top_10_items_"), "top_10Items_");
        assert_eq!(camel("a__b"), "a__b");
        assert_eq!(camel("_private_x"), "_privateX");
        assert_eq!(camel("a_b_c"), "aB_c");
        assert_eq!(pascal("digit-model"), "DigitModel");
        assert_eq!(type_name("Page[Item]"), "PageItem");
        assert_eq!(type_name("3D"), "Type3D");
        assert_eq!(type_name("Any"), "Any_");
        for word in ["import", "enum", "never", "undefined", "Iterator", "NoReturn", "cast", "list"] {
            assert_eq!(type_name(word), format!("{word}_"));
        }
    }
}
