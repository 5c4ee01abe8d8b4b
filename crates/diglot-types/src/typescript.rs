//! The declarations of all functions for TypeScript: one file that gives `services` of the package `diglot` its types.

use std::fmt::Write as _;

use serde_json::Value;

use crate::offers::{Function, Offers};
use crate::schema::{Definition, Field, Object, Type};
use crate::spelling::{camel, is_identifier};
use crate::{WRITTEN_BY, schema};

/// The text of a `.d.ts` file.
pub fn typescript(offers: &Offers) -> String {
    let mut body = String::new();
    for (name, definition) in &offers.types {
        body.push('\n');
        define(&mut body, name, definition);
    }
    body.push_str("\ndeclare module \"diglot\" {\n  interface Services {\n");
    for service in offers.services.iter().filter(|service| !service.functions.is_empty()) {
        let name = if is_identifier(&service.name) { camel(&service.name) } else { quoted(&service.name) };
        let _ = writeln!(body, "    {name}: {{");
        for each in &service.functions {
            function(&mut body, each);
        }
        body.push_str("    };\n");
    }
    body.push_str("  }\n}\n");
    let used = ["Call", "CallOptions", "NDArray", "StreamCall", "Table"];
    let used: Vec<&str> = used.into_iter().filter(|name| mentions(&body, name)).collect();
    let import = match used.is_empty() {
        // Only a module can say more of another one.
        true => "export {};\n".to_owned(),
        false => format!("import type {{ {} }} from \"diglot\";\n", used.join(", ")),
    };
    format!("// {WRITTEN_BY}\n\n{import}{body}")
}

/// Whether it stands there as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| {
        !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next())
    })
}

fn define(text: &mut String, name: &str, Definition { of, doc }: &Definition) {
    comment(text, "", doc.as_deref());
    match of {
        Type::Object(object) if !object.fields.is_empty() => {
            let _ = writeln!(text, "export interface {name} {{");
            fields(text, "  ", object);
            text.push_str("}\n");
        }
        of => {
            let _ = writeln!(text, "export type {name} = {};", spelled(of));
        }
    }
}

fn fields(text: &mut String, indent: &str, object: &Object) {
    for field in &object.fields {
        comment(text, indent, field.doc.as_deref());
        let _ = writeln!(text, "{indent}{};", property(&field.name, field));
    }
    if let Some(others) = &object.others {
        let _ = writeln!(text, "{indent}[name: string]: {};", spelled(others));
    }
}

fn property(name: &str, field: &Field) -> String {
    let name = if is_identifier(name) { name.to_owned() } else { quoted(name) };
    let optional = if field.required { "" } else { "?" };
    format!("{name}{optional}: {}", spelled(&field.of))
}

fn function(text: &mut String, function: &Function) {
    const INDENT: &str = "      ";
    comment(text, INDENT, function.doc.as_deref());
    let mut params: Vec<String> =
        function.params.iter().map(|param| property(&camel(&param.name), param)).collect();
    if let Some(input) = &function.input {
        params.push(format!("{}: AsyncIterable<{}>", camel(&input.name), spelled(&input.of)));
    }
    let optional = function.input.is_none() && !function.params.iter().any(|param| param.required);
    let args = match params.is_empty() {
        true => "args?: Record<string, never>".to_owned(),
        false => format!("args{}: {{ {} }}", if optional { "?" } else { "" }, params.join("; ")),
    };
    let answer = if function.stream { "StreamCall" } else { "Call" };
    let result = spelled(&function.result);
    let _ = writeln!(
        text,
        "{INDENT}{}({args}, options?: CallOptions): {answer}<{result}>;",
        camel(&function.name)
    );
}

fn comment(text: &mut String, indent: &str, doc: Option<&str>) {
    let Some(doc) = doc else { return };
    let doc = doc.replace("*/", "*\u{200b}/");
    if !doc.contains('\n') {
        let _ = writeln!(text, "{indent}/** {doc} */");
        return;
    }
    let _ = writeln!(text, "{indent}/**");
    for line in doc.lines() {
        let _ = writeln!(text, "{}", format!("{indent} * {}", line.trim_end()).trim_end());
    }
    let _ = writeln!(text, "{indent} */");
}

fn spelled(of: &Type) -> String {
    match of {
        Type::Any => "unknown".to_owned(),
        Type::Never => "never".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Undefined => "undefined".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::BigInt => "bigint".to_owned(),
        Type::Text | Type::Date | Type::Time | Type::Duration | Type::Uuid | Type::Decimal => {
            "string".to_owned()
        }
        Type::Bytes => "Uint8Array".to_owned(),
        Type::DateTime => "Date".to_owned(),
        Type::Table => "Table".to_owned(),
        Type::Literals(values) => values.iter().map(literal).collect::<Vec<_>>().join(" | "),
        Type::Array(item) => format!("{}[]", grouped(item)),
        Type::Set(item) => format!("Set<{}>", spelled(item)),
        Type::Map(pair) => format!("Map<{}, {}>", spelled(&pair.0), spelled(&pair.1)),
        Type::Tuple { items, rest } => {
            let rest = rest.iter().map(|rest| format!("...{}[]", grouped(rest)));
            format!("[{}]", items.iter().map(spelled).chain(rest).collect::<Vec<_>>().join(", "))
        }
        Type::Numbers { dtype, dimensions } => numbers(dtype, *dimensions),
        Type::Object(object) => match (object.fields.as_slice(), &object.others) {
            ([], Some(others)) => format!("Record<string, {}>", spelled(others)),
            ([], None) => "{}".to_owned(),
            (fields, others) => {
                let fields = fields.iter().map(|field| property(&field.name, field));
                let others = others.iter().map(|others| format!("[name: string]: {}", spelled(others)));
                format!("{{ {} }}", fields.chain(others).collect::<Vec<_>>().join("; "))
            }
        },
        Type::Union(parts) => parts.iter().map(spelled).collect::<Vec<_>>().join(" | "),
        Type::All(parts) => parts.iter().map(grouped).collect::<Vec<_>>().join(" & "),
        Type::Named(name) => name.clone(),
    }
}

/// In parentheses where an operator behind it would take only its last part.
fn grouped(of: &Type) -> String {
    let text = spelled(of);
    let is_several = match of {
        Type::Union(_) | Type::All(_) => true,
        Type::Literals(values) => values.len() > 1,
        Type::Numbers { dimensions, .. } => dimensions.is_none(),
        _ => false,
    };
    if is_several { format!("({text})") } else { text }
}

/// One dimension is a typed array; what may have more is an `NDArray`.
fn numbers(dtype: &str, dimensions: Option<usize>) -> String {
    let array = match dtype {
        "int8" => "Int8Array",
        "uint8" => "Uint8Array",
        "int16" => "Int16Array",
        "uint16" => "Uint16Array",
        "int32" => "Int32Array",
        "uint32" => "Uint32Array",
        "int64" => "BigInt64Array",
        "uint64" => "BigUint64Array",
        "float16" => "Float16Array",
        "float32" => "Float32Array",
        "float64" => "Float64Array",
        "bool" => return "NDArray".to_owned(),
        _ => return "ArrayBufferView | NDArray".to_owned(),
    };
    match dimensions {
        Some(1) => array.to_owned(),
        Some(_) => "NDArray".to_owned(),
        None => format!("{array} | NDArray"),
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => spelled(&schema::Type::Any),
        value => value.to_string(),
    }
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
