//! A type as an annotation of Python.

use serde_json::Value;

use crate::offers::Offers;
use crate::schema::{Object, Type};

/// How annotations are written in one place.
#[derive(Clone, Copy)]
pub(super) struct Spelling<'o> {
    pub(super) offers: &'o Offers,
    /// A function is called as a type is: `list` is `builtins.list`, `uuid.UUID` is `_uuid.UUID`.
    pub(super) is_qualified: bool,
    /// It is for what is given, where a tuple may be one. What arrives is a list.
    pub(super) is_sent: bool,
    /// What was returned under the name of what is given may be in it as well. What holds both is read and not written, to a type
    /// checker: a list of the one is no list of both.
    pub(super) is_either: bool,
}

impl Spelling<'_> {
    pub(super) fn of(self, of: &Type) -> String {
        match of {
            Type::Any => "Any".to_owned(),
            Type::Table if self.is_sent => "AnyTable".to_owned(),
            Type::Table => "Table".to_owned(),
            Type::Never => "NoReturn".to_owned(),
            Type::Null | Type::Undefined => "None".to_owned(),
            Type::Bool => self.builtin("bool"),
            Type::Integer | Type::BigInt => self.builtin("int"),
            Type::Number => self.builtin("float"),
            Type::Text => self.builtin("str"),
            Type::Bytes => self.builtin("bytes"),
            Type::DateTime => self.of_module("datetime.datetime"),
            Type::Date => self.of_module("datetime.date"),
            Type::Time => self.of_module("datetime.time"),
            Type::Duration => self.of_module("datetime.timedelta"),
            Type::Uuid => self.of_module("uuid.UUID"),
            Type::Decimal => self.of_module("decimal.Decimal"),
            Type::Literals(values) => self.literals(values),
            Type::BigLiteral(digits) => format!("Literal[{digits}]"),
            Type::Array(item) => self.list(&self.of(item)),
            Type::Set(item) => format!("{}[{}]", self.builtin("set"), self.of(item)),
            Type::Map(pair) => self.dict(&self.of(&pair.0), &self.of(&pair.1)),
            Type::Tuple { items, required, rest: None } if self.is_sent && *required == items.len() => {
                let items: Vec<String> = items.iter().map(|item| self.of(item)).collect();
                let items = if items.is_empty() { "()".to_owned() } else { items.join(", ") };
                format!("{}[{items}]", self.builtin("tuple"))
            }
            Type::Tuple { items, rest, .. } => {
                let all = items.iter().chain(rest.as_deref()).cloned().collect();
                self.list(&self.of(&Type::Union(all)))
            }
            Type::Numbers { dtype, .. } => match dtype.as_str() {
                "bool" => "npt.NDArray[np.bool_]".to_owned(),
                "uint8_clamped" => "npt.NDArray[np.uint8]".to_owned(),
                "" => "npt.NDArray[Any]".to_owned(),
                dtype => format!("npt.NDArray[np.{dtype}]"),
            },
            Type::Object(Object { fields, others: Some(others), .. }) if fields.is_empty() => {
                self.dict(&self.builtin("str"), &self.of(others))
            }
            Type::Object(Object { fields, numbered: Some(numbered), .. }) if fields.is_empty() => {
                self.dict(&self.builtin("str"), &self.of(numbered))
            }
            Type::Object(_) | Type::AnyObject => self.dict(&self.builtin("str"), "Any"),
            Type::Error { data: of, .. } | Type::Constrained { of, .. } => self.of(of),
            Type::Union(parts) => {
                let parts = deduplicated(parts.iter().map(|part| self.of(part)).collect());
                match parts.is_empty() || parts.iter().any(|part| part == "Any") {
                    true => "Any".to_owned(),
                    false => parts.join(" | "),
                }
            }
            Type::Named(name) if self.offers.types.contains_key(name) => self.named(name),
            // Python has no intersections.
            Type::All(_) | Type::Named(_) => "Any".to_owned(),
        }
    }

    /// Of what is given: of what a function has returned as well, where that is called otherwise.
    pub(super) fn given(self, of: &Type) -> String {
        let is_either = of.any(&|part| match part {
            Type::Named(name) => self.offers.returned_as.get(name).is_some_and(|all| !all.is_empty()),
            _ => false,
        });
        Spelling { is_either, ..self }.of(of)
    }

    /// A type by its name. A dict of what a function has returned is no dict of which less is asked, to a type checker.
    fn named(self, name: &str) -> String {
        let returned = self.offers.returned_as.get(name).filter(|_| self.is_either);
        let all = returned.into_iter().flatten().map(String::as_str).chain([name]);
        all.collect::<Vec<_>>().join(" | ")
    }

    fn builtin(self, name: &str) -> String {
        if self.is_qualified { format!("builtins.{name}") } else { name.to_owned() }
    }

    fn of_module(self, name: &str) -> String {
        if self.is_qualified { format!("_{name}") } else { name.to_owned() }
    }

    fn list(self, item: &str) -> String {
        let list = if self.is_either { "Sequence".to_owned() } else { self.builtin("list") };
        format!("{list}[{item}]")
    }

    fn dict(self, key: &str, value: &str) -> String {
        let dict = if self.is_either { "Mapping".to_owned() } else { self.builtin("dict") };
        format!("{dict}[{key}, {value}]")
    }

    /// `Literal` takes text, integers, booleans and None; other values are told by their type.
    fn literals(self, values: &[Value]) -> String {
        let mut literals = Vec::new();
        let mut others: Vec<String> = Vec::new();
        for value in values {
            match value {
                Value::String(text) if needs_escapes(text) => others.push(self.builtin("str")),
                Value::String(text) => literals.push(format!("\"{text}\"")),
                Value::Bool(true) => literals.push("True".to_owned()),
                Value::Bool(false) => literals.push("False".to_owned()),
                Value::Null => literals.push("None".to_owned()),
                Value::Number(number) if number.is_f64() => others.push(self.builtin("float")),
                Value::Number(number) => literals.push(number.to_string()),
                Value::Array(_) | Value::Object(_) => others.push("Any".to_owned()),
            }
        }
        if !literals.is_empty() {
            others.insert(0, format!("Literal[{}]", literals.join(", ")));
        }
        deduplicated(others).join(" | ")
    }
}

/// Type checkers take no escapes in annotations that stand in quotes.
fn needs_escapes(text: &str) -> bool {
    text.contains(|c: char| matches!(c, '"' | '\'' | '\\') || c.is_control())
}

fn deduplicated(parts: Vec<String>) -> Vec<String> {
    let mut unique: Vec<String> = Vec::new();
    for part in parts {
        if !unique.contains(&part) {
            unique.push(part);
        }
    }
    unique
}
