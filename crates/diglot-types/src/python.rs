//! The types of all functions for Python: a module that gives `services` its types, and has the types with a name.

use std::fmt::Write as _;

use serde_json::Value;

use crate::WRITTEN_BY;
use crate::offers::{Function, Offers};
use crate::schema::{Definition, Field, Object, Type};
use crate::spelling::{is_identifier, is_python_keyword, pascal};

/// Behind the class of a service, so that no type is called the same.
const SERVICE_SUFFIX: &str = "Service";

/// The text of a module, for CPython from 3.10 on.
pub fn python(offers: &Offers) -> String {
    let mut types = String::new();
    for (name, definition) in &offers.types {
        types.push_str("\n\n");
        define(&mut types, offers, name, definition);
    }
    let offering = || offers.services.iter().filter(|service| !service.functions.is_empty());
    let mut classes = String::new();
    for service in offering() {
        let name = format!("{}{SERVICE_SUFFIX}", pascal(&service.name));
        let _ = write!(classes, "\n    class {name}:\n");
        for (position, each) in service.functions.iter().enumerate() {
            if position > 0 {
                classes.push('\n');
            }
            function(&mut classes, offers, each);
        }
    }
    classes.push_str("\n    class Services:\n");
    for service in offering().filter(|service| is_identifier(&service.name)) {
        let _ = writeln!(classes, "        {}: {}{SERVICE_SUFFIX}", service.name, pascal(&service.name));
    }
    if offering().next().is_none() {
        classes.push_str("        pass\n");
    }

    let said = format!("{types}{classes}");
    let mut text = format!(
        "# {WRITTEN_BY}\n\"\"\"The functions of this project's services, typed: `from diglot_services import services`.\"\"\"\n\n\
         from __future__ import annotations\n\n"
    );
    for module in ["datetime", "decimal", "uuid"] {
        if said.contains(&format!("{module}.")) {
            let _ = writeln!(text, "import {module}");
        }
    }
    if said.contains("AsyncIterable[") {
        text.push_str("from collections.abc import AsyncIterable\n");
    }
    let typing: Vec<&str> = ["Any", "Literal", "TypeAlias", "TypedDict", "cast"]
        .into_iter()
        .filter(|name| *name == "cast" || said.contains(name))
        .collect();
    let _ = writeln!(text, "from typing import TYPE_CHECKING, {}\n", typing.join(", "));
    const NUMPY: [&str; 2] = ["import numpy as np", "import numpy.typing as npt"];
    // A field's type is looked up when the program runs, a function's only by who checks it.
    let (runs, is_checked) = (types.contains("npt."), classes.contains("npt."));
    if runs {
        NUMPY.iter().for_each(|line| text.extend([line, "\n"]));
    }
    text.push_str("from diglot import services as _services\n\nif TYPE_CHECKING:\n");
    if is_checked && !runs {
        NUMPY.iter().for_each(|line| text.extend(["    ", line, "\n"]));
    }
    let decorators: Vec<&str> = ["remote", "remote_stream"]
        .into_iter()
        .filter(|name| classes.contains(&format!("@{name}\n")))
        .collect();
    if !decorators.is_empty() {
        let _ = writeln!(text, "    from diglot.typing import {}", decorators.join(", "));
    }
    text.push_str(&classes);
    text.push_str(&types);
    text.push_str("\n\nservices: Services = cast(\"Services\", _services)\n");
    text
}

fn define(text: &mut String, offers: &Offers, name: &str, Definition { of, doc }: &Definition) {
    match of {
        Type::Object(object) if !object.fields.is_empty() => {
            typed_dict(text, offers, name, object, doc.as_deref())
        }
        of => {
            comment(text, "", doc.as_deref());
            let _ = write!(text, "{name}: TypeAlias = \"{}\"", spelled(offers, of).replace('"', "'"));
            text.push('\n');
        }
    }
}

/// Fields that may be missing stand in a class of their own: `NotRequired` came with CPython 3.11.
fn typed_dict(text: &mut String, offers: &Offers, name: &str, object: &Object, doc: Option<&str>) {
    let is_plain = |field: &Field| is_identifier(&field.name) && !is_python_keyword(&field.name);
    if !object.fields.iter().all(is_plain) {
        comment(text, "", doc);
        let fields: Vec<String> = object
            .fields
            .iter()
            .map(|field| {
                format!("{}: \"{}\"", quoted(&field.name), spelled(offers, &field.of).replace('"', "'"))
            })
            .collect();
        let total = if object.fields.iter().all(|field| field.required) { "" } else { ", total=False" };
        let _ = writeln!(text, "{name} = TypedDict(\"{name}\", {{{}}}{total})", fields.join(", "));
        return;
    }
    let (required, optional): (Vec<&Field>, Vec<&Field>) =
        object.fields.iter().partition(|field| field.required);
    let mut class = |head: String, doc: Option<&str>, fields: &[&Field]| {
        let _ = writeln!(text, "{head}");
        docstring(text, "    ", doc);
        if doc.is_some() {
            text.push('\n');
        }
        for field in fields {
            comment(text, "    ", field.doc.as_deref());
            let _ = writeln!(text, "    {}: {}", field.name, spelled(offers, &field.of));
        }
    };
    match (required.as_slice(), optional.as_slice()) {
        (_, []) => class(format!("class {name}(TypedDict):"), doc, &required),
        ([], _) => class(format!("class {name}(TypedDict, total=False):"), doc, &optional),
        _ => {
            class(format!("class _{name}Required(TypedDict):"), None, &required);
            class(format!("\n\nclass {name}(_{name}Required, total=False):"), doc, &optional);
        }
    }
}

fn function(text: &mut String, offers: &Offers, function: &Function) {
    const INDENT: &str = "        ";
    let decorator = if function.stream { "remote_stream" } else { "remote" };
    let _ = writeln!(text, "{INDENT}@{decorator}");
    let mut params = vec!["self".to_owned()];
    if !function.params.is_empty() || function.input.is_some() {
        params.push("*".to_owned());
    }
    for param in &function.params {
        let default = if param.required { "" } else { " = ..." };
        params.push(format!("{}: {}{default}", param.name, spelled(offers, &param.of)));
    }
    if let Some(input) = &function.input {
        params.push(format!("{}: AsyncIterable[{}]", input.name, spelled(offers, &input.of)));
    }
    let head =
        format!("def {}({}) -> {}:", function.name, params.join(", "), spelled(offers, &function.result));
    match &function.doc {
        None => {
            let _ = writeln!(text, "{INDENT}{head} ...");
        }
        doc => {
            let _ = writeln!(text, "{INDENT}{head}");
            docstring(text, "            ", doc.as_deref());
            text.push_str("            ...\n");
        }
    }
}

fn docstring(text: &mut String, indent: &str, doc: Option<&str>) {
    let Some(doc) = doc else { return };
    let doc = doc.replace('\\', "\\\\").replace("\"\"\"", "\\\"\\\"\\\"");
    // A quotation mark before the last three would be one of them.
    let doc = doc.strip_suffix('"').map_or(doc.clone(), |start| format!("{start}\\\""));
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

fn comment(text: &mut String, indent: &str, doc: Option<&str>) {
    for line in doc.into_iter().flat_map(str::lines) {
        let _ = writeln!(text, "{}", format!("{indent}# {}", line.trim_end()).trim_end());
    }
}

fn spelled(offers: &Offers, of: &Type) -> String {
    let inner = |of: &Type| spelled(offers, of);
    match of {
        Type::Any | Type::Table => "Any".to_owned(),
        Type::Never => "Never".to_owned(),
        Type::Null | Type::Undefined => "None".to_owned(),
        Type::Bool => "bool".to_owned(),
        Type::Integer | Type::BigInt => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::Text => "str".to_owned(),
        Type::Bytes => "bytes".to_owned(),
        Type::DateTime => "datetime.datetime".to_owned(),
        Type::Date => "datetime.date".to_owned(),
        Type::Time => "datetime.time".to_owned(),
        Type::Duration => "datetime.timedelta".to_owned(),
        Type::Uuid => "uuid.UUID".to_owned(),
        Type::Decimal => "decimal.Decimal".to_owned(),
        Type::Literals(values) => literals(values),
        Type::Array(item) => format!("list[{}]", inner(item)),
        Type::Set(item) => format!("set[{}]", inner(item)),
        Type::Map(pair) => format!("dict[{}, {}]", inner(&pair.0), inner(&pair.1)),
        Type::Tuple { items, rest: None } => {
            let items: Vec<String> = items.iter().map(inner).collect();
            format!("tuple[{}]", if items.is_empty() { "()".to_owned() } else { items.join(", ") })
        }
        Type::Tuple { items, rest: Some(rest) } => {
            let all: Vec<String> = items.iter().chain([&**rest]).map(inner).collect();
            format!("list[{}]", deduplicated(all).join(" | "))
        }
        Type::Numbers { dtype, .. } => match dtype.as_str() {
            "bool" => "npt.NDArray[np.bool_]".to_owned(),
            "" => "npt.NDArray[Any]".to_owned(),
            dtype => format!("npt.NDArray[np.{dtype}]"),
        },
        Type::Object(object) => match (object.fields.as_slice(), &object.others) {
            ([], Some(others)) => format!("dict[str, {}]", inner(others)),
            // A type without a name of its own: what its fields hold is told by the schema alone.
            _ => "dict[str, Any]".to_owned(),
        },
        Type::Union(parts) => deduplicated(parts.iter().map(inner).collect()).join(" | "),
        // Python has no intersections.
        Type::All(_) => "Any".to_owned(),
        Type::Named(name) => match offers.types.contains_key(name) {
            true => name.clone(),
            false => "Any".to_owned(),
        },
    }
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

/// `Literal` takes text, integers, booleans and None; other values are told by their type.
fn literals(values: &[Value]) -> String {
    let mut literals = Vec::new();
    let mut others: Vec<String> = Vec::new();
    for value in values {
        match value {
            Value::String(text) => literals.push(quoted(text)),
            Value::Bool(true) => literals.push("True".to_owned()),
            Value::Bool(false) => literals.push("False".to_owned()),
            Value::Null => literals.push("None".to_owned()),
            Value::Number(number) if number.is_f64() => others.push("float".to_owned()),
            Value::Number(number) => literals.push(number.to_string()),
            Value::Array(_) | Value::Object(_) => others.push("Any".to_owned()),
        }
    }
    if !literals.is_empty() {
        others.insert(0, format!("Literal[{}]", literals.join(", ")));
    }
    deduplicated(others).join(" | ")
}

/// JSON's escapes are Python's as well.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
