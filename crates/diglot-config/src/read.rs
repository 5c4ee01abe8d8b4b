//! From TOML to typed sections, with the place of every value kept and every mistake collected.
//!
//! serde would stop at the first mistake and forget where values stood. Instead `section!` declares a table once,
//! and from that one list come the struct, its reader, the keys that a misspelt one is compared with, and (in
//! tests) the JSON Schema.

use std::{borrow::Cow, ops::Range, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    meant::instead_of_key,
    problem::{Problem, Source, Span, closest},
};

const DUPLICATE_HINT: &str = "the name is taken further up: give this one another, or make one of the two";

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Located<T> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// Collects what is wrong with one source while it is read.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) source: Arc<Source>,
    pub(crate) problems: Vec<Problem>,
    /// The text is no TOML: parts of it may have gone unread.
    pub(crate) broken: bool,
    /// The entry of a table with names of the person's own that is being read: `api` in `[services.api]`.
    pub(crate) entry: Option<String>,
}

impl Reader {
    pub(crate) fn new(source: Arc<Source>) -> Reader {
        Reader { source, problems: Vec::new(), broken: false, entry: None }
    }

    /// The whole text as a `T`. What can be read is read even where the text is no TOML: a second mistake is
    /// better told now than after the first is mended.
    pub(crate) fn read<T: FromToml + Default>(&mut self) -> T {
        let source = Arc::clone(&self.source);
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        self.broken = !errors.is_empty();
        let broken_lines = self.tell_syntax_errors(&errors);
        let table = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
        let syntax = self.problems.len();
        let value = T::from_toml(&table, self).unwrap_or_default();
        // Recovery leaves a half-read value on a broken line; a complaint about that would only confuse.
        let told = self.problems.split_off(syntax);
        let whole = |problem: &Problem| problem.line().is_none_or(|line| !broken_lines.contains(&line));
        self.problems.extend(told.into_iter().filter(whole));
        value
    }

    /// Adds them, and gives the lines they are on. An open bracket breaks every line after it: of a run of lines
    /// only the first says something.
    fn tell_syntax_errors(&mut self, errors: &[toml::de::Error]) -> Vec<usize> {
        // At the end of the text the parser points past the last character.
        let end = self.source.text.trim_end().len();
        let mut errors: Vec<_> =
            errors.iter().map(|error| (error.span().unwrap_or(end..end), error)).collect();
        errors.sort_by_key(|(range, _)| range.start);
        let mut lines: Vec<usize> = Vec::new();
        for (range, error) in errors {
            let span = self.span(range);
            let line = span.line();
            if lines.last().is_none_or(|last| line > last + 1) {
                let message = error.message().trim_end().replace('\n', ", ");
                let duplicate = message.starts_with("duplicate key").then_some(DUPLICATE_HINT);
                let problem = Problem { hint: duplicate.map(str::to_owned), ..Problem::error(message) };
                self.problems.push(problem.at(&span));
            }
            lines.push(line);
        }
        lines
    }

    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        Span { source: Arc::clone(&self.source), range }
    }

    pub(crate) fn locate<T>(&self, value: T, range: Range<usize>) -> Located<T> {
        Located { value, span: self.span(range) }
    }

    pub(crate) fn wrong_type<T: FromToml>(&mut self, value: &Spanned<DeValue<'_>>) -> Option<T> {
        let found = match value.get_ref() {
            DeValue::String(_) => "a string",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "an array",
            DeValue::Table(_) => "a table",
        };
        let span = self.span(value.span());
        let mut problem = Problem::error(format!("expected {}, found {found}", T::expected())).at(&span);
        problem.hint = T::hint(value.get_ref());
        self.problems.push(problem);
        None
    }

    /// Says that this is no table; and where its key should have been, if it is one of such a table.
    pub(crate) fn no_table<T: FromToml>(
        &mut self,
        value: &Spanned<DeValue<'_>>,
        place: &str,
        keys: &[&str],
    ) -> Option<T> {
        let misplaced = self.entry.clone().filter(|key| keys.contains(&key.as_str()));
        self.wrong_type::<T>(value);
        if let (Some(key), Some(problem)) = (misplaced, self.problems.last_mut()) {
            problem.hint =
                Some(format!("`{key}` belongs {place}, below a line with a name of yours for NAME"));
        }
        None
    }

    /// Says of a key that there is none such here, and which one may have been meant.
    pub(crate) fn unknown_key(
        &mut self,
        key: &Spanned<Cow<'_, str>>,
        table: &DeTable<'_>,
        here: &str,
        known: &[&str],
    ) {
        let span = self.span(key.span());
        let key = key.get_ref().as_ref();
        let elsewhere: Vec<&str> = crate::file::SECTIONS
            .iter()
            .filter(|(_, keys)| keys.contains(&key))
            .map(|(place, _)| *place)
            .collect();
        let hint = match closest(key, known.iter().copied()) {
            _ if let Some(instead) = instead_of_key(key, here, table) => instead,
            Some(meant) => format!("did you mean `{meant}`?"),
            None if !elsewhere.is_empty() => format!("`{key}` belongs {}", elsewhere.join(" or ")),
            None => format!("known here: {}", known.join(", ")),
        };
        let here = match &self.entry {
            Some(name) if is_bare(name) => here.replace(crate::file::ENTRY_NAME, name),
            Some(name) => here.replace(crate::file::ENTRY_NAME, &format!("{name:?}")),
            None => here.to_owned(),
        };
        self.problems.push(Problem::error(format!("unknown key `{key}` {here}")).at(&span).hint(hint));
    }
}

/// A key that TOML has without quotes.
fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A type that can be read from one TOML value.
pub(crate) trait FromToml: Sized {
    /// What a person is told was expected: "a string".
    fn expected() -> String;

    /// What to do about a value of another type.
    fn hint(_found: &DeValue<'_>) -> Option<String> {
        None
    }

    /// `None` after the reader was told why.
    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self>;
}

/// The key a field is named after: a field that would be a Rust keyword is a raw identifier.
pub(crate) const fn key_name(field: &'static str) -> &'static str {
    match field.as_bytes() {
        [b'r', b'#', ..] => field.split_at(2).1,
        _ => field,
    }
}

/// Declares a table of the file. Every key is optional here, since a missing one is judged by `resolve`, which
/// knows what else was said. Doc comments become the schema's descriptions and the reference's text.
macro_rules! section {
    ($(#[$meta:meta])* $name:ident, $place:literal {
        $( $(#[$field_meta:meta])* $field:ident : $type:ty, )*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Default)]
        #[cfg_attr(test, derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
        pub(crate) struct $name {
            $( $(#[$field_meta])* pub(crate) $field: Option<$crate::read::Located<$type>>, )*
            /// Something here could not be read and has been told. What is missing may be just that, and a second
            /// complaint would only confuse.
            #[cfg_attr(test, schemars(skip))]
            pub(crate) misread: bool,
        }

        impl $name {
            /// Where a key of this table is, for a sentence.
            pub(crate) const PLACE: &str = $place;
            pub(crate) const KEYS: &[&str] = &[$($crate::read::key_name(stringify!($field))),*];
        }

        impl $crate::read::FromToml for $name {
            fn expected() -> String {
                "a table".to_owned()
            }

            fn from_toml(
                value: &toml::Spanned<toml::de::DeValue<'_>>,
                reader: &mut $crate::read::Reader,
            ) -> Option<Self> {
                let Some(table) = value.get_ref().as_table() else {
                    return reader.no_table(value, $name::PLACE, $name::KEYS);
                };
                let mut section = $name::default();
                for (key, value) in table {
                    let name = key.get_ref().as_ref();
                    $(
                        if name == $crate::read::key_name(stringify!($field)) {
                            section.$field = $crate::read::FromToml::from_toml(value, reader);
                            section.misread |= section.$field.is_none();
                            continue;
                        }
                    )*
                    reader.unknown_key(key, table, $name::PLACE, $name::KEYS);
                    section.misread = true;
                }
                Some(section)
            }
        }
    };
}
pub(crate) use section;

impl<T: FromToml> FromToml for Located<T> {
    fn expected() -> String {
        T::expected()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        T::hint(found)
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        T::from_toml(value, reader).map(|read| reader.locate(read, value.span()))
    }
}
