//! The kinds of values a file may hold. Each knows its own bounds, so that the message, the schema and the
//! reference say the same.

use std::time::Duration;

use toml::{Spanned, de::DeValue};

use crate::{
    config::{AccessLog, Limits, LogLevel},
    problem::{Flaw, closest},
    read::{FromToml, Located, Reader},
    service::{AsgiSpec, EventLoop, Interface, Lifespan},
    units::{parse_size, parse_wait, show_size},
};

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Whole<const MIN: u64, const MAX: u64>(pub(crate) u64);

/// A length in bytes from `MIN` to `MAX`, as a number or with a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size<const MIN: u64, const MAX: u64>(pub(crate) u64);

/// A span of time with a unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait(pub(crate) Duration);

/// A value, or `"none"` for no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OrNone<T>(pub(crate) Option<T>);

/// One value or an array of them, in their order.
#[derive(Debug)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<Located<T>>);

/// A table whose keys the user chooses, in the order written.
#[derive(Debug)]
pub(crate) struct Table<T>(pub(crate) Vec<(Located<String>, Located<T>)>);

/// One of a few words.
pub(crate) trait Choice: Copy + 'static {
    const CHOICES: &[(&str, Self)];
    /// Words that others have for them: taken, and not offered.
    const ALIASES: &[(&str, Self)] = &[];

    fn find(word: &str) -> Option<Self> {
        let words = Self::CHOICES.iter().chain(Self::ALIASES);
        words.into_iter().find(|(known, _)| *known == word).map(|(_, choice)| *choice)
    }
}

impl Choice for Interface {
    const CHOICES: &[(&str, Self)] = &[("asgi", Interface::Asgi), ("wsgi", Interface::Wsgi)];
}

impl Choice for EventLoop {
    const CHOICES: &[(&str, Self)] =
        &[("auto", EventLoop::Auto), ("uvloop", EventLoop::Uvloop), ("asyncio", EventLoop::Asyncio)];
}

impl Choice for Lifespan {
    const CHOICES: &[(&str, Self)] =
        &[("auto", Lifespan::Auto), ("on", Lifespan::On), ("off", Lifespan::Off)];
}

impl Choice for AsgiSpec {
    const CHOICES: &[(&str, Self)] =
        &[("2.3", AsgiSpec::V2_3), ("2.4", AsgiSpec::V2_4), ("2.5", AsgiSpec::V2_5)];
}

impl Choice for LogLevel {
    const CHOICES: &[(&str, Self)] = &[
        ("error", LogLevel::Error),
        ("warn", LogLevel::Warn),
        ("info", LogLevel::Info),
        ("debug", LogLevel::Debug),
        ("trace", LogLevel::Trace),
    ];
    const ALIASES: &[(&str, Self)] =
        &[("critical", LogLevel::Error), ("warning", LogLevel::Warn), ("notset", LogLevel::Trace)];
}

/// Permission bits in octal, `"660"`, as `chmod` takes them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mode(pub(crate) u32);

/// `true`, `false`, or the word `"json"`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AccessLogKey(pub(crate) AccessLog);

/// A [`Choice`] as a file holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OneOf<T>(pub(crate) T);

impl FromToml for String {
    fn expected() -> String {
        "a string".to_owned()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        match found {
            DeValue::Integer(number) => Some(format!("write it in quotes: \"{number}\"")),
            DeValue::Float(number) => Some(format!("write it in quotes: \"{number}\"")),
            DeValue::Boolean(value) => Some(format!("write it in quotes: \"{value}\"")),
            _ => None,
        }
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        match value.get_ref() {
            DeValue::String(text) => Some(text.to_string()),
            _ => reader.wrong_type(value),
        }
    }
}

impl FromToml for bool {
    fn expected() -> String {
        "true or false".to_owned()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        match found.as_str() {
            Some(text @ ("true" | "false")) => Some(format!("without quotes: {text}")),
            _ => None,
        }
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        value.get_ref().as_bool().or_else(|| reader.wrong_type(value))
    }
}

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// The bounds, for numbers from elsewhere than a file.
    pub(crate) fn check(number: i128) -> Result<u64, Flaw> {
        match u64::try_from(number) {
            Ok(number) if (MIN..=MAX).contains(&number) => Ok(number),
            _ if number < i128::from(MIN) => {
                Err(Flaw::new(format!("{number} is too small")).hint(format!("at least {MIN}")))
            }
            _ => Err(Flaw::new(format!("{number} is too large")).hint(format!("at most {MAX}"))),
        }
    }
}

impl<const MIN: u64, const MAX: u64> Whole<MIN, MAX> {
    /// Every bound in use fits the address space.
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> Size<MIN, MAX> {
    pub(crate) fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u64, const MAX: u64> OrNone<Size<MIN, MAX>> {
    /// For a comparison: no limit is a limit nothing reaches.
    pub(crate) fn bytes_max(self) -> u64 {
        self.0.map_or(Limits::UNLIMITED, |size| size.0)
    }
}

impl OrNone<Wait> {
    pub(crate) fn wait(self) -> Option<Duration> {
        self.0.map(|wait| wait.0)
    }
}

impl<const MIN: u64, const MAX: u64> FromToml for Whole<MIN, MAX> {
    fn expected() -> String {
        "an integer".to_owned()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        let text = found.as_str()?;
        match text.parse::<u64>() {
            Ok(number) => Some(format!("without quotes: {number}")),
            Err(_) if matches!(text, "auto" | "max") => {
                Some("it is not chosen by itself: `nproc` tells how many cores there are".to_owned())
            }
            Err(_) => None,
        }
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        let number = integer(value.get_ref());
        let Some(number) = number else { return reader.wrong_type(value) };
        flawless(Self::check(number), value, reader).map(Whole)
    }
}

impl<const MIN: u64, const MAX: u64> FromToml for Size<MIN, MAX> {
    fn expected() -> String {
        "a size".to_owned()
    }

    fn hint(_: &DeValue<'_>) -> Option<String> {
        Some("write a number of bytes, or a number and a unit: \"64 KiB\", \"10 MiB\", \"1 GiB\"".to_owned())
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        let size = match value.get_ref() {
            DeValue::String(text) => flawless(parse_size(text), value, reader)?,
            number => match integer(number).and_then(|number| u64::try_from(number).ok()) {
                Some(bytes) => bytes,
                None => return reader.wrong_type(value),
            },
        };
        let bounded = match size {
            size if size < MIN => Err(Flaw::new(format!("{} is too small", show_size(size)))
                .hint(format!("at least {}", show_size(MIN)))),
            size if size > MAX => Err(Flaw::new(format!("{} is too large", show_size(size)))
                .hint(format!("at most {}", show_size(MAX)))),
            size => Ok(Size(size)),
        };
        flawless(bounded, value, reader)
    }
}

impl FromToml for Wait {
    fn expected() -> String {
        "a time with its unit".to_owned()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        Some(match found {
            DeValue::Integer(number) => format!("seconds are written \"{number}s\""),
            _ => "write \"500ms\", \"30s\", \"2m\" or \"1h\"".to_owned(),
        })
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        let Some(text) = value.get_ref().as_str() else { return reader.wrong_type(value) };
        flawless(parse_wait(text), value, reader).map(Wait)
    }
}

impl<T: FromToml> FromToml for OrNone<T> {
    fn expected() -> String {
        format!("{} or \"none\"", T::expected())
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        T::hint(found)
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        match value.get_ref().as_str() {
            Some("none") => Some(OrNone(None)),
            _ => T::from_toml(value, reader).map(|value| OrNone(Some(value))),
        }
    }
}

impl<T: Choice> FromToml for OneOf<T> {
    fn expected() -> String {
        choices::<T>()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        String::hint(found).filter(|_| found.is_float() || found.is_integer())
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        let Some(written) = value.get_ref().as_str() else { return reader.wrong_type(value) };
        if let Some(chosen) = T::find(written) {
            return Some(OneOf(chosen));
        }
        let mut problem = Flaw::new(format!("expected {}, found \"{written}\"", choices::<T>()));
        if let Some(meant) = closest(written, T::CHOICES.iter().map(|(word, _)| *word)) {
            problem = problem.hint(format!("did you mean \"{meant}\"?"));
        }
        flawless(Err(problem), value, reader)
    }
}

impl FromToml for Mode {
    fn expected() -> String {
        "permission bits in octal".to_owned()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        let digits = found.as_integer().map(|number| number.as_str().trim_start_matches('0'));
        Some(format!(
            "write them in quotes, as chmod takes them: \"{}\"",
            digits.filter(|d| is_mode(d)).unwrap_or("660")
        ))
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        let Some(text) = value.get_ref().as_str() else { return reader.wrong_type(value) };
        let digits = text.strip_prefix("0o").or(text.strip_prefix('0')).unwrap_or(text);
        if is_mode(digits)
            && let Ok(mode) = u32::from_str_radix(digits, 8)
        {
            return Some(Mode(mode));
        }
        let flaw = Flaw::new(format!("`{text}` is no set of permissions"));
        flawless(Err(flaw.hint("three octal digits, as chmod takes them: \"660\"")), value, reader)
    }
}

fn is_mode(digits: &str) -> bool {
    digits.len() == 3 && digits.bytes().all(|digit| matches!(digit, b'0'..=b'7'))
}

impl FromToml for AccessLogKey {
    fn expected() -> String {
        "true, false or \"json\"".to_owned()
    }

    fn hint(found: &DeValue<'_>) -> Option<String> {
        bool::hint(found).or_else(|| {
            found
                .as_str()
                .map(|_| "its format is fixed: true for text, \"json\" for one object each".to_owned())
        })
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        match value.get_ref() {
            DeValue::Boolean(true) => Some(AccessLogKey(AccessLog::Text)),
            DeValue::Boolean(false) => Some(AccessLogKey(AccessLog::Off)),
            DeValue::String(text) if text == "json" => Some(AccessLogKey(AccessLog::Json)),
            _ => reader.wrong_type(value),
        }
    }
}

/// `"a", "b" or "c"`.
fn choices<T: Choice>() -> String {
    let words: Vec<String> = T::CHOICES.iter().map(|(word, _)| format!("\"{word}\"")).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

impl<T: FromToml> FromToml for OneOrMany<T> {
    fn expected() -> String {
        format!("{} or an array", T::expected())
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        match value.get_ref() {
            DeValue::Array(items) => {
                Some(OneOrMany(items.iter().filter_map(|item| Located::from_toml(item, reader)).collect()))
            }
            _ => Located::from_toml(value, reader).map(|item| OneOrMany(vec![item])),
        }
    }
}

impl<T: FromToml> FromToml for Table<T> {
    fn expected() -> String {
        "a table".to_owned()
    }

    fn from_toml(value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<Self> {
        let Some(table) = value.get_ref().as_table() else { return reader.wrong_type(value) };
        let mut entries: Vec<_> = table
            .iter()
            .filter_map(|(key, value)| {
                let key = reader.locate(key.get_ref().to_string(), key.span());
                let outer = reader.entry.replace(key.value.clone());
                let value = Located::from_toml(value, reader);
                reader.entry = outer;
                Some((key, value?))
            })
            .collect();
        entries.sort_by_key(|(key, _)| key.span.range.start);
        Some(Table(entries))
    }
}

fn integer(value: &DeValue<'_>) -> Option<i128> {
    let number = value.as_integer()?;
    i128::from_str_radix(number.as_str(), number.radix()).ok()
}

fn flawless<T>(result: Result<T, Flaw>, value: &Spanned<DeValue<'_>>, reader: &mut Reader) -> Option<T> {
    let span = reader.span(value.span());
    result.map_err(|flaw| reader.problems.push(flaw.at(&span))).ok()
}

/// The same kinds, as a JSON Schema says them.
#[cfg(test)]
mod schema {
    use std::borrow::Cow;

    use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

    use super::*;

    /// All are said where they are used: a `$ref` for each bound would hide it from a reader.
    macro_rules! inline_schema {
        ([$($generics:tt)*] $type:ty, $generator:ident => $schema:expr) => {
            impl<$($generics)*> JsonSchema for $type {
                fn inline_schema() -> bool {
                    true
                }

                fn schema_name() -> Cow<'static, str> {
                    stringify!($type).into()
                }

                fn json_schema($generator: &mut SchemaGenerator) -> Schema {
                    $schema
                }
            }
        };
    }

    inline_schema!([T: JsonSchema] Located<T>, generator => generator.subschema_for::<T>());
    inline_schema!([const MIN: u64, const MAX: u64] Whole<MIN, MAX>, _generator => json_schema!({
        "type": "integer", "minimum": MIN, "maximum": MAX
    }));
    inline_schema!([const MIN: u64, const MAX: u64] Size<MIN, MAX>, _generator => json_schema!({
        "anyOf": [
            { "type": "integer", "minimum": MIN, "maximum": MAX },
            { "type": "string", "pattern": "^[0-9]+( *([KkMmGg][Ii]?)?[Bb])?$" }
        ]
    }));
    inline_schema!([] Mode, _generator => json_schema!({ "type": "string", "pattern": "^(0o?)?[0-7]{3}$" }));
    inline_schema!([] AccessLogKey, _generator => json_schema!({
        "anyOf": [{ "type": "boolean" }, { "const": "json" }]
    }));
    inline_schema!([] Wait, _generator => json_schema!({ "type": "string", "pattern": "^[0-9]+ *(ms|s|m|h)$" }));
    inline_schema!([T: JsonSchema] OrNone<T>, generator => {
        json_schema!({ "anyOf": [generator.subschema_for::<T>(), { "const": "none" }] })
    });
    inline_schema!([T: Choice] OneOf<T>, _generator => json_schema!({
        "enum": T::CHOICES.iter().chain(T::ALIASES).map(|(word, _)| *word).collect::<Vec<_>>()
    }));
    inline_schema!([T: JsonSchema] OneOrMany<T>, generator => {
        let one = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [one, { "type": "array", "items": one }] })
    });
    inline_schema!([T: JsonSchema] Table<T>, generator => json_schema!({
        "type": "object", "additionalProperties": generator.subschema_for::<T>()
    }));
}
