//! Schemas as types of TypeScript.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Map, Value};

use super::{comment, doc_of, is_identifier, key};
use crate::functions::{FLOAT, OURS};
use crate::names::Names;
use crate::references::resolved;

/// How long a type may be on one line.
const LINE_MAX: usize = 88;
/// How often a reference into the midst of something is followed before anything is taken to be meant.
const DEPTH_MAX: usize = 16;
/// What the rest of the file means by these must stay what it is.
const RESERVED: [&str; 31] = [
    "AbortSignal",
    "Array",
    "AsyncGenerator",
    "AsyncIterable",
    "Blob",
    "BodyInit",
    "CallOptions",
    "Client",
    "ClientOptions",
    "Error",
    "FormData",
    "Headers",
    "HeadersInit",
    "HttpError",
    "JSON",
    "Object",
    "Omit",
    "ProblemDetails",
    "Promise",
    "Record",
    "Request",
    "RequestCredentials",
    "RequestInit",
    "Response",
    "ReturnType",
    "Sent",
    "ServerSentEvent",
    "String",
    "Style",
    "TypeError",
    "URLSearchParams",
];

/// The schemas of a document that have names.
pub(super) struct Types<'d> {
    document: &'d Value,
    /// As the document has them, with what they are called here.
    names: BTreeMap<&'d str, String>,
}

impl<'d> Types<'d> {
    pub(super) fn of(document: &'d Value) -> Self {
        let mut taken = Names::default();
        RESERVED.into_iter().for_each(|name| drop(taken.take(name)));
        let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
        let names = schemas.map(|(name, _)| (name.as_str(), taken.take(&type_name(name)))).collect();
        Self { document, names }
    }

    /// Declares all of them.
    pub(super) fn declare(&self, text: &mut String) {
        for (name, written) in &self.names {
            let schema = &self.document["components"]["schemas"][name];
            comment(text, "", &doc_of(schema));
            match plain_object(schema) {
                Some(properties) => {
                    let _ = write!(
                        text,
                        "export interface {written} {{\n{}}}\n\n",
                        self.members(schema, properties, "")
                    );
                }
                None => {
                    let _ = writeln!(text, "export type {written} = {};\n", self.spelled(schema, "", 0));
                }
            }
        }
    }

    /// A schema as a type, where `indent` is that of the line it begins in.
    pub(super) fn of_schema(&self, schema: &Value, indent: &str) -> String {
        self.spelled(schema, indent, 0)
    }

    /// A schema as the type of what is sent: without what only the server says.
    pub(super) fn sent(&self, schema: &Value, indent: &str) -> String {
        let whole = self.of_schema(schema, indent);
        let target = schema["$ref"].as_str().and_then(|to| resolved(self.document, to));
        let properties = target.and_then(|target| target["properties"].as_object()).into_iter().flatten();
        let read_only: Vec<String> = properties
            .filter(|(_, of)| of["readOnly"] == true)
            .map(|(name, _)| super::quoted(name))
            .collect();
        if read_only.is_empty() { whole } else { format!("Omit<{whole}, {}>", read_only.join(" | ")) }
    }

    fn spelled(&self, schema: &Value, indent: &str, depth: usize) -> String {
        let Some(object) = schema.as_object() else {
            return if schema == &Value::Bool(false) { "never".to_owned() } else { "unknown".to_owned() };
        };
        if let Some(reference) = schema["$ref"].as_str() {
            return self.referred(reference, indent, depth);
        }
        if let Some(value) = object.get("const") {
            return literal(value);
        }
        if let Some(values) = schema["enum"].as_array() {
            return union(values.iter().map(literal).collect());
        }
        let mut parts: Vec<String> = Vec::new();
        for choices in ["anyOf", "oneOf"] {
            if let Some(choices) = schema[choices].as_array() {
                // Who takes a number seldom means what JSON has none for.
                let is_number = choices.iter().any(|choice| choice[OURS] == FLOAT);
                let choices = choices.iter().filter(|choice| !is_number || choice.get("enum").is_none());
                parts.push(union(choices.map(|choice| self.spelled(choice, indent, depth)).collect()));
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            parts.push(self.spelled(part, indent, depth));
        }
        let is_object_too = object.contains_key("properties");
        if parts.is_empty() || is_object_too {
            parts.push(self.of_kind(schema, indent, depth));
        }
        parts.retain(|part| part != "unknown");
        parts.dedup();
        match parts.as_slice() {
            [] => "unknown".to_owned(),
            [only] => only.clone(),
            parts => parts.iter().map(|part| grouped(part)).collect::<Vec<_>>().join(" & "),
        }
    }

    fn referred(&self, reference: &str, indent: &str, depth: usize) -> String {
        let named = reference.strip_prefix("#/components/schemas/").map(crate::components::unescaped);
        if let Some(name) = named.and_then(|name| self.names.get(name.as_str()).cloned()) {
            return name;
        }
        match resolved(self.document, reference) {
            Some(target) if depth < DEPTH_MAX => self.spelled(target, indent, depth + 1),
            _ => "unknown".to_owned(),
        }
    }

    fn of_kind(&self, schema: &Value, indent: &str, depth: usize) -> String {
        match &schema["type"] {
            Value::String(kind) => self.of_one_kind(kind, schema, indent, depth),
            Value::Array(kinds) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                union(kinds.map(|kind| self.of_one_kind(kind, schema, indent, depth)).collect())
            }
            _ if schema["properties"].is_object() => self.object(schema, indent, depth),
            _ if schema.get("items").is_some() => self.array(schema, indent, depth),
            _ => "unknown".to_owned(),
        }
    }

    fn of_one_kind(&self, kind: &str, schema: &Value, indent: &str, depth: usize) -> String {
        match kind {
            "null" => "null".to_owned(),
            "boolean" => "boolean".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "string" if is_file(schema) => "Blob".to_owned(),
            "string" => "string".to_owned(),
            "array" => self.array(schema, indent, depth),
            "object" => self.object(schema, indent, depth),
            _ => "unknown".to_owned(),
        }
    }

    fn array(&self, schema: &Value, indent: &str, depth: usize) -> String {
        let item = |schema: &Value| self.spelled(schema, indent, depth);
        match schema["prefixItems"].as_array() {
            Some(first) => {
                let rest = match schema.get("items") {
                    Some(Value::Bool(false)) => None,
                    rest if schema["maxItems"].as_u64() == Some(first.len() as u64) => rest.and(None),
                    rest => Some(format!("...{}[]", grouped(&rest.map_or("unknown".to_owned(), item)))),
                };
                format!("[{}]", first.iter().map(item).chain(rest).collect::<Vec<_>>().join(", "))
            }
            None => format!("{}[]", grouped(&schema.get("items").map_or("unknown".to_owned(), item))),
        }
    }

    fn object(&self, schema: &Value, indent: &str, depth: usize) -> String {
        let properties = schema["properties"].as_object().filter(|properties| !properties.is_empty());
        let Some(properties) = properties else {
            return match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => "Record<string, never>".to_owned(),
                Some(others) => format!("Record<string, {}>", self.spelled(others, indent, depth)),
                None => "Record<string, unknown>".to_owned(),
            };
        };
        let line: Vec<String> =
            properties.iter().map(|(name, of)| self.property(schema, name, of, indent, depth)).collect();
        let line = format!("{{ {} }}", line.join("; "));
        if line.len() <= LINE_MAX && !line.contains('\n') {
            return line;
        }
        format!("{{\n{}{indent}}}", self.members(schema, properties, indent))
    }

    /// A line for each property.
    fn members(&self, schema: &Value, properties: &Map<String, Value>, indent: &str) -> String {
        let mut text = String::new();
        let deeper = format!("{indent}  ");
        for (name, of) in properties {
            comment(&mut text, &deeper, &doc_of(of));
            let _ = writeln!(text, "{deeper}{};", self.property(schema, name, of, &deeper, 0));
        }
        let others = &schema["additionalProperties"];
        if others.is_object() || others == &Value::Bool(true) {
            let _ = writeln!(text, "{deeper}[name: string]: unknown;");
        }
        text
    }

    fn property(&self, schema: &Value, name: &str, of: &Value, indent: &str, depth: usize) -> String {
        let required = schema["required"].as_array().is_some_and(|names| names.iter().any(|it| it == name));
        let optional = if required { "" } else { "?" };
        format!("{}{optional}: {}", key(name), self.spelled(of, indent, depth))
    }
}

/// The properties of what is an object and nothing else.
fn plain_object(schema: &Value) -> Option<&Map<String, Value>> {
    const MORE: [&str; 6] = ["$ref", "allOf", "anyOf", "oneOf", "enum", "const"];
    let is_more = MORE.iter().any(|name| schema.get(name).is_some()) || schema["type"].is_array();
    schema["properties"].as_object().filter(|properties| !properties.is_empty() && !is_more)
}

/// A part of a form that is a file.
pub(super) fn is_file(schema: &Value) -> bool {
    schema["format"] == "binary"
        || (schema["contentMediaType"] == "application/octet-stream"
            && schema.get("contentEncoding").is_none())
}

fn literal(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => "unknown".to_owned(),
        value => value.to_string(),
    }
}

/// One of several, each named once.
fn union(mut parts: Vec<String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    parts.retain(|part| {
        !seen.contains(part) && {
            seen.push(part.clone());
            true
        }
    });
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
fn grouped(text: &str) -> String {
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
fn type_name(name: &str) -> String {
    let mut text = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    if is_identifier(&text) { text } else { format!("Type{text}") }
}
