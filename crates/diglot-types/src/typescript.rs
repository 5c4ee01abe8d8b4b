//! The declarations of all functions for TypeScript: one file that gives `services` of the package `diglot` its types.

use std::fmt::Write as _;

use serde_json::Value;

use crate::offers::{Function, Offers};
use crate::schema::{Definition, Doc, Field, Object, Type, is_safe};
use crate::spelling::{camel, is_identifier, member};
use crate::{UNLINTED, WRITTEN_BY};

/// A signature longer than this is broken, a line for each parameter.
const WIDTH_MAX: usize = 120;
/// A service that has to do with no table need not have installed what tables are.
const TABLES: &str = "// @ts-ignore: where apache-arrow is not installed, a table is anything\n\
     import type { Table } from \"apache-arrow\";\n";
/// Where the members of a service stand.
const FUNCTION: &str = "      ";
/// Where its parameters stand, when each has a line.
const PARAMETER: &str = "        ";

/// The text of a `.d.ts` file. `package` is the way from it to the declarations of the package `diglot`.
pub fn typescript(offers: &Offers, package: &str) -> String {
    let writer = Writer { offers };
    let mut body = String::from("\ndeclare module \"diglot\" {\n  interface Services {\n");
    for service in offers.offering() {
        let _ = writeln!(body, "    {}: {{", key(&member(&service.name)));
        service.functions.iter().for_each(|each| writer.function(&mut body, each));
        body.push_str("    };\n");
    }
    body.push_str("  }\n}\n");
    for (name, definition) in &offers.types {
        body.push('\n');
        writer.define(&mut body, name, definition);
    }
    let used = ["Call", "CallOptions", "Float16s", "NDArray", "RemoteError", "Stream", "TypedArrays"];
    let used: Vec<&str> = used.into_iter().filter(|name| mentions(&body, name)).collect();
    let has_tables = offers.any(&|of| *of == Type::Table);
    let tables = if has_tables { TABLES } else { "" };
    let import = match used.is_empty() {
        // Only a module can say more of another one.
        true => "export {};\n".to_owned(),
        false => format!("import type {{ {} }} from \"diglot\";\n", used.join(", ")),
    };
    let package = quoted(package);
    format!("// {WRITTEN_BY}\n{UNLINTED}/// <reference path={package} />\n\n{tables}{import}{body}")
}

/// Whether it stands there as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next())
    })
}

struct Writer<'o> {
    offers: &'o Offers,
}

impl Writer<'_> {
    fn define(&self, text: &mut String, name: &str, Definition { of, doc }: &Definition) {
        comment(text, "", &remarks(doc));
        match of {
            Type::Object(object) if is_interface(object) => {
                let _ = writeln!(text, "export interface {name} {{");
                for field in &object.fields {
                    comment(text, "  ", &remarks(&field.doc));
                    let _ = writeln!(text, "  {};", self.property(&field.name, field));
                }
                text.push_str("}\n");
            }
            Type::Error { class, data } => {
                let _ = writeln!(text, "export interface {name} extends RemoteError {{");
                let _ = writeln!(text, "  type: {};", quoted(class));
                if **data != Type::Any {
                    let _ = writeln!(text, "  data: {};", self.spelled(data));
                }
                text.push_str("}\n");
            }
            of => {
                let _ = writeln!(text, "export type {name} = {};", self.spelled(of));
            }
        }
    }

    fn property(&self, name: &str, field: &Field) -> String {
        let optional = if field.required { "" } else { "?" };
        format!("{}{optional}: {}", key(name), self.spelled(&field.of))
    }

    fn function(&self, text: &mut String, function: &Function) {
        let thrown = function.errors.iter().map(|error| format!("@throws {{{}}}", self.spelled(&error.of)));
        comment(text, FUNCTION, &function.doc.iter().cloned().chain(thrown).collect::<Vec<_>>());
        let mut params: Vec<(Vec<String>, String)> = function
            .params
            .iter()
            .map(|param| (remarks(&param.doc), self.property(&camel(&param.name), param)))
            .collect();
        if let Some(input) = &function.input {
            let items = format!("{}: AsyncIterable<{}>", key(&camel(&input.name)), self.spelled(&input.of));
            params.push((remarks(&input.doc), items));
        }
        let is_optional = function.input.is_none() && !function.params.iter().any(|param| param.required);
        let answer = if function.stream { "Stream" } else { "Call" };
        let result = match &function.result {
            Type::Undefined => "void".to_owned(),
            result => self.spelled(result),
        };
        let head = format!(
            "{FUNCTION}{}(args{}: ",
            key(&member(&function.name)),
            if is_optional { "?" } else { "" }
        );
        let tail = format!(", options?: CallOptions): {answer}<{result}>;");
        let flat = match params.is_empty() {
            true => "Record<string, never>".to_owned(),
            false => {
                let all: Vec<&str> = params.iter().map(|(_, param)| param.as_str()).collect();
                format!("{{ {} }}", all.join("; "))
            }
        };
        let is_plain = params.iter().all(|(remarks, _)| remarks.is_empty());
        let width = head.chars().count() + flat.chars().count() + tail.chars().count();
        if is_plain && width <= WIDTH_MAX {
            let _ = writeln!(text, "{head}{flat}{tail}");
            return;
        }
        let _ = writeln!(text, "{head}{{");
        for (remarks, param) in &params {
            comment(text, PARAMETER, remarks);
            let _ = writeln!(text, "{PARAMETER}{param};");
        }
        let _ = writeln!(text, "{FUNCTION}}}{tail}");
    }

    fn spelled(&self, of: &Type) -> String {
        self.union(of).0
    }

    /// As it can stand before `[]` and between `&`.
    fn grouped(&self, of: &Type) -> String {
        let (text, is_several) = self.union(of);
        if is_several { format!("({text})") } else { text }
    }

    /// Its text, and whether an operator behind it would take only its last part.
    fn union(&self, of: &Type) -> (String, bool) {
        let mut parts: Vec<String> = Vec::new();
        let mut is_joined = false;
        self.collect(of, &mut parts, &mut is_joined);
        // Nothing more can be said of what may be anything.
        if parts.iter().any(|part| part == "unknown") {
            return ("unknown".to_owned(), false);
        }
        match parts.len() {
            0 => ("never".to_owned(), false),
            1 => (parts.remove(0), is_joined),
            _ => (parts.join(" | "), true),
        }
    }

    /// The members of the union that it is. `is_joined`: one of them has an operator.
    fn collect(&self, of: &Type, parts: &mut Vec<String>, is_joined: &mut bool) {
        let mut push = |text: String| {
            if !parts.contains(&text) {
                parts.push(text);
            }
        };
        match of {
            Type::Union(of) => of.iter().for_each(|part| self.collect(part, parts, is_joined)),
            Type::Literals(values) => values.iter().map(literal).for_each(push),
            Type::Numbers { dtype, dimensions } => numbers(dtype, *dimensions).into_iter().for_each(push),
            // What a number holds arrives as one.
            Type::BigInt => ["number", "bigint"].map(str::to_owned).into_iter().for_each(push),
            Type::BigLiteral(digits) => {
                if is_safe(digits) {
                    push(digits.clone());
                }
                push(format!("{digits}n"));
            }
            Type::Object(object) => {
                let (text, is_several) = self.object(object);
                *is_joined |= is_several;
                push(text);
            }
            Type::All(all) => {
                *is_joined |= all.len() > 1;
                push(all.iter().map(|part| self.grouped(part)).collect::<Vec<_>>().join(" & "));
            }
            Type::Never => {}
            Type::Constrained { of, .. } => self.collect(of, parts, is_joined),
            of => push(self.one(of)),
        }
    }

    fn one(&self, of: &Type) -> String {
        match of {
            Type::Null => "null".to_owned(),
            Type::Undefined => "undefined".to_owned(),
            Type::Bool => "boolean".to_owned(),
            Type::Integer | Type::Number => "number".to_owned(),
            Type::Text | Type::Date | Type::Time | Type::Duration | Type::Uuid | Type::Decimal => {
                "string".to_owned()
            }
            Type::Bytes => "Uint8Array".to_owned(),
            Type::DateTime => "Date".to_owned(),
            Type::Table => "Table".to_owned(),
            Type::AnyObject => "object".to_owned(),
            Type::Array(item) => format!("{}[]", self.grouped(item)),
            Type::Set(item) => format!("Set<{}>", self.spelled(item)),
            Type::Map(pair) => format!("Map<{}, {}>", self.spelled(&pair.0), self.spelled(&pair.1)),
            Type::Tuple { items, required, rest } => {
                let items = items.iter().enumerate().map(|(at, item)| match at < *required {
                    true => self.spelled(item),
                    false => format!("{}?", self.grouped(item)),
                });
                let rest = rest.iter().map(|rest| format!("...{}[]", self.grouped(rest)));
                format!("[{}]", items.chain(rest).collect::<Vec<_>>().join(", "))
            }
            Type::Named(name) if self.offers.types.contains_key(name) => name.clone(),
            _ => "unknown".to_owned(),
        }
    }

    /// An object without a name, and whether it is several types at once: not all of its fields are of one type.
    fn object(&self, object: &Object) -> (String, bool) {
        let Object { fields, others, numbered, .. } = object;
        let index = |key: &str, of: &Type| format!("{{ [key: {key}]: {} }}", self.spelled(of));
        let mut parts: Vec<String> = Vec::new();
        if !fields.is_empty() {
            let fields: Vec<String> = fields.iter().map(|field| self.property(&field.name, field)).collect();
            parts.push(format!("{{ {} }}", fields.join("; ")));
        }
        parts.extend(numbered.iter().map(|of| index("number", of)));
        parts.extend(others.iter().map(|of| index("string", of)));
        match parts.len() {
            0 => ("Record<string, never>".to_owned(), false),
            1 => (parts.remove(0), false),
            _ => (parts.join(" & "), true),
        }
    }
}

/// Whether an interface can say it.
fn is_interface(object: &Object) -> bool {
    !object.fields.is_empty() && object.others.is_none() && object.numbered.is_none()
}

/// One dimension is a typed array, but for booleans; what may have more is an `NDArray`, and either may come where the
/// number of dimensions is not known.
fn numbers(dtype: &str, dimensions: Option<usize>) -> Vec<String> {
    let array = match dtype {
        "int8" => "Int8Array",
        "uint8" => "Uint8Array",
        "uint8_clamped" => "Uint8ClampedArray",
        "int16" => "Int16Array",
        "uint16" => "Uint16Array",
        "int32" => "Int32Array",
        "uint32" => "Uint32Array",
        "int64" => "BigInt64Array",
        "uint64" => "BigUint64Array",
        // A name of the package: that of the array is known to few projects.
        "float16" => "Float16s",
        "float32" => "Float32Array",
        "float64" => "Float64Array",
        "bool" => return vec!["NDArray<\"bool\">".to_owned()],
        // Booleans may be among them.
        _ if dimensions.is_none_or(|dimensions| dimensions == 1) => {
            return vec!["TypedArrays[keyof TypedArrays]".to_owned(), "NDArray".to_owned()];
        }
        _ => return vec!["NDArray".to_owned()],
    };
    let of_any_shape = format!("NDArray<{}>", quoted(dtype));
    match dimensions {
        Some(1) => vec![array.to_owned()],
        Some(_) => vec![of_any_shape],
        None => vec![array.to_owned(), of_any_shape],
    }
}

/// Lines of a comment.
fn remarks(doc: &Doc) -> Vec<String> {
    let notes = doc.notes.iter().map(|(name, value)| format!("@{name} {value}").trim_end().to_owned());
    doc.text.iter().cloned().chain(notes).collect()
}

fn comment(text: &mut String, indent: &str, said: &[String]) {
    let mut said = said.join("\n").replace("*/", "*\\/").replace("\r\n", "\n");
    if said.contains(is_hidden) {
        said = said.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).collect();
    }
    if said.is_empty() {
        return;
    }
    if !said.contains('\n') {
        let _ = writeln!(text, "{indent}/** {said} */");
        return;
    }
    let _ = writeln!(text, "{indent}/**");
    for line in said.lines() {
        let _ = writeln!(text, "{}", format!("{indent} * {}", line.trim_end()).trim_end());
    }
    let _ = writeln!(text, "{indent} */");
}

/// What no editor shows, and no compiler has to take.
fn is_hidden(letter: char) -> bool {
    letter.is_control() && !matches!(letter, '\n' | '\t')
}

fn literal(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => "unknown".to_owned(),
        value => value.to_string(),
    }
}

fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
