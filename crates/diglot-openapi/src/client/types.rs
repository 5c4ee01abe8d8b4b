//! Schemas as types of TypeScript.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ptr;

use serde_json::{Map, Value};

use super::spelling::{grouped, literal, type_name, union};
use super::{comment, doc_of, key};
use crate::flatten::length;
use crate::functions::{FLOAT, OURS};
use crate::names::Names;
use crate::references::resolved;

/// How long a type may be on one line.
const LINE_MAX: usize = 88;
/// How many schemas without a name, each in the one before, are written out where they are referred to.
const DEPTH_MAX: usize = 16;
/// Bytes of such schemas, in the whole of a client. What is beyond that may be anything.
const UNNAMED_BYTES_MAX: usize = 1024 * 1024;
/// What the rest of the file means by these must stay what it is.
const RESERVED: [&str; 33] = [
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
    "TextDecoder",
    "Thrown",
    "TypeError",
    "URLSearchParams",
];

/// The schemas of a document that have names.
pub(super) struct Types<'d> {
    document: &'d Value,
    /// As the document has them, with what they are called here.
    names: BTreeMap<&'d str, String>,
    /// Of [`UNNAMED_BYTES_MAX`], those that are left; `None` as soon as something was too much.
    left: Cell<Option<usize>>,
}

/// A schema without a name that is being written out, and that in which it is.
struct Within<'w> {
    schema: &'w Value,
    outer: Option<&'w Within<'w>>,
}

/// A property, as it is declared.
struct Member {
    doc: String,
    declared: String,
}

impl<'d> Types<'d> {
    pub(super) fn of(document: &'d Value) -> Self {
        let mut taken = Names::default();
        RESERVED.into_iter().for_each(|name| drop(taken.take(name)));
        let schemas = document["components"]["schemas"].as_object().into_iter().flatten();
        let names = schemas.map(|(name, _)| (name.as_str(), taken.take(&type_name(name)))).collect();
        Self { document, names, left: Cell::new(Some(UNNAMED_BYTES_MAX)) }
    }

    /// Declares all of them.
    pub(super) fn declare(&self, text: &mut String) {
        for (name, written) in &self.names {
            let schema = &self.document["components"]["schemas"][name];
            comment(text, "", &doc_of(schema));
            match plain_object(schema) {
                Some(properties) => {
                    let members = self.members(schema, properties, "", None);
                    let _ = writeln!(text, "export interface {written} {}\n", body(schema, &members, ""));
                }
                None => {
                    let _ = writeln!(text, "export type {written} = {};\n", self.spelled(schema, "", None));
                }
            }
        }
    }

    /// A schema as a type, where `indent` is that of the line it begins in.
    pub(super) fn of_schema(&self, schema: &Value, indent: &str) -> String {
        self.spelled(schema, indent, None)
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

    fn spelled(&self, schema: &Value, indent: &str, within: Option<&Within<'_>>) -> String {
        let Some(object) = schema.as_object() else {
            return if schema == &Value::Bool(false) { "never".to_owned() } else { "unknown".to_owned() };
        };
        if let Some(reference) = schema["$ref"].as_str() {
            return self.referred(reference, indent, within);
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
                parts.push(union(choices.map(|choice| self.spelled(choice, indent, within)).collect()));
            }
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            parts.push(self.spelled(part, indent, within));
        }
        let is_object_too = object.contains_key("properties");
        if parts.is_empty() || is_object_too {
            parts.push(self.of_kind(schema, indent, within));
        }
        parts.retain(|part| part != "unknown");
        parts.dedup();
        match parts.as_slice() {
            [] => "unknown".to_owned(),
            [only] => only.clone(),
            parts => parts.iter().map(|part| grouped(part)).collect::<Vec<_>>().join(" & "),
        }
    }

    fn referred(&self, reference: &str, indent: &str, within: Option<&Within<'_>>) -> String {
        let named = reference.strip_prefix("#/components/schemas/").map(crate::components::unescaped);
        if let Some(name) = named.and_then(|name| self.names.get(name.as_str()).cloned()) {
            return name;
        }
        match resolved(self.document, reference).filter(|target| self.may_be_written(target, within)) {
            Some(schema) => self.spelled(schema, indent, Some(&Within { schema, outer: within })),
            None => "unknown".to_owned(),
        }
    }

    /// Whether a schema without a name, which may be within itself, has an end that is near.
    fn may_be_written(&self, schema: &Value, within: Option<&Within<'_>>) -> bool {
        let outer: Vec<&Within<'_>> = std::iter::successors(within, |within| within.outer).collect();
        if outer.len() >= DEPTH_MAX || outer.iter().any(|within| ptr::eq(within.schema, schema)) {
            return false;
        }
        self.left.set(self.left.get().and_then(|left| left.checked_sub(length(schema))));
        self.left.get().is_some()
    }

    fn of_kind(&self, schema: &Value, indent: &str, within: Option<&Within<'_>>) -> String {
        match &schema["type"] {
            Value::String(kind) => self.of_one_kind(kind, schema, indent, within),
            Value::Array(kinds) => {
                let mut seen = BTreeSet::new();
                let kinds = kinds.iter().filter_map(Value::as_str).filter(|kind| seen.insert(*kind));
                union(kinds.map(|kind| self.of_one_kind(kind, schema, indent, within)).collect())
            }
            _ if schema["properties"].is_object() => self.object(schema, indent, within),
            _ if schema.get("items").is_some() => self.array(schema, indent, within),
            _ => "unknown".to_owned(),
        }
    }

    fn of_one_kind(&self, kind: &str, schema: &Value, indent: &str, within: Option<&Within<'_>>) -> String {
        match kind {
            "null" => "null".to_owned(),
            "boolean" => "boolean".to_owned(),
            "integer" | "number" => "number".to_owned(),
            "string" if is_file(schema) => "Blob".to_owned(),
            "string" => "string".to_owned(),
            "array" => self.array(schema, indent, within),
            "object" => self.object(schema, indent, within),
            _ => "unknown".to_owned(),
        }
    }

    fn array(&self, schema: &Value, indent: &str, within: Option<&Within<'_>>) -> String {
        let item = |schema: &Value| self.spelled(schema, indent, within);
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

    fn object(&self, schema: &Value, indent: &str, within: Option<&Within<'_>>) -> String {
        let properties = schema["properties"].as_object().filter(|properties| !properties.is_empty());
        let Some(properties) = properties else {
            return match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => "Record<string, never>".to_owned(),
                Some(others) => format!("Record<string, {}>", self.spelled(others, indent, within)),
                None => "Record<string, unknown>".to_owned(),
            };
        };
        let members = self.members(schema, properties, indent, within);
        let line: Vec<&str> = members.iter().map(|member| member.declared.as_str()).collect();
        let line = format!("{{ {} }}", line.join("; "));
        if line.len() <= LINE_MAX && !line.contains('\n') { line } else { body(schema, &members, indent) }
    }

    fn members(
        &self,
        schema: &Value,
        properties: &Map<String, Value>,
        indent: &str,
        within: Option<&Within<'_>>,
    ) -> Vec<Member> {
        let deeper = format!("{indent}  ");
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let required: BTreeSet<&str> = required.collect();
        let member = |(name, of): (&String, &Value)| {
            let optional = if required.contains(name.as_str()) { "" } else { "?" };
            let of_it = self.spelled(of, &deeper, within);
            Member { doc: doc_of(of), declared: format!("{}{optional}: {of_it}", key(name)) }
        };
        properties.iter().map(member).collect()
    }
}

/// A line for each property.
fn body(schema: &Value, members: &[Member], indent: &str) -> String {
    let mut text = "{\n".to_owned();
    let deeper = format!("{indent}  ");
    for Member { doc, declared } in members {
        comment(&mut text, &deeper, doc);
        let _ = writeln!(text, "{deeper}{declared};");
    }
    let others = &schema["additionalProperties"];
    if others.is_object() || others == &Value::Bool(true) {
        let _ = writeln!(text, "{deeper}[name: string]: unknown;");
    }
    format!("{text}{indent}}}")
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

#[cfg(test)]
mod tests {
    use super::super::RUNTIME;
    use super::*;

    #[test]
    fn what_the_file_calls_its_own_is_no_type_of_the_api() {
        let is_code =
            |line: &&str| !["/**", "*", "//"].iter().any(|begin| line.trim_start().starts_with(begin));
        // One letter is a parameter of its function.
        let is_type =
            |word: &&str| word.len() > 1 && word.starts_with(|first: char| first.is_ascii_uppercase());
        let words =
            RUNTIME.lines().filter(is_code).flat_map(|line| line.split(|c: char| !c.is_alphanumeric()));
        let missing: BTreeSet<&str> = words.filter(is_type).filter(|word| !RESERVED.contains(word)).collect();
        assert_eq!(missing, BTreeSet::new());
    }
}
