//! The types of all functions for Python: a module that gives `services` its types, and has the types with a name.

mod docstring;
mod error;
mod imports;
mod lifting;
mod spelled;

pub(crate) use lifting::lifted;

use std::fmt::Write as _;

use serde_json::Value;

use crate::WRITTEN_BY;
use crate::compare::takes;
use crate::naming::service_classes;
use crate::offers::{Function, Offers, Service};
use crate::schema::{Definition, Doc, Field, Object, Type};
use crate::spelling::{is_identifier, is_python_import, is_python_keyword, is_python_word};
use docstring::{docstring, said};
use error::error_class;
use imports::imports;
use spelled::Spelling;

/// The text of a module, for CPython from 3.10 on.
pub fn python(offers: &Offers) -> String {
    let mut offers = lifted(offers);
    let mut returned_as = std::mem::take(&mut offers.returned_as);
    for (given, returned) in &mut returned_as {
        returned.retain(|returned| takes((&offers, given), (&offers, returned)));
    }
    offers.returned_as = returned_as;
    let offers = &offers;
    let mut types = String::new();
    for (name, definition) in &offers.types {
        define(&mut types, offers, name, definition);
    }
    let services: Vec<&Service> = offers.offering().filter(|service| can_be_named(&service.name)).collect();
    let names = service_classes(&offers.services);
    let mut classes = String::new();
    for service in &services {
        class(&mut classes, offers, service, &names[service.name.as_str()]);
    }
    classes.push_str("\n    class Services:\n");
    for service in &services {
        let _ = writeln!(classes, "        {}: {}", service.name, names[service.name.as_str()]);
    }
    if services.is_empty() {
        classes.push_str("        pass\n");
    }
    let mut text = format!(
        "# {WRITTEN_BY}\n# ruff: noqa\n# fmt: off\n\
         \"\"\"The functions of this project's services, typed: `from diglot_services import services`.\"\"\"\n\n"
    );
    text.push_str(&imports(offers, &types, &classes));
    text.push_str(&classes);
    text.push_str(&types);
    text.push_str("\n\nservices: Services = cast(\"Services\", _services)\n");
    text
}

/// Whether an attribute can be called so.
fn can_be_named(name: &str) -> bool {
    is_identifier(name) && !is_python_keyword(name)
}

/// Whether a parameter of a method can be called so. Two underscores before a name stand for the class as well.
fn can_be_given(name: &str) -> bool {
    can_be_named(name) && name != "self" && !name.starts_with("__")
}

fn class(text: &mut String, offers: &Offers, service: &Service, name: &str) {
    let functions: Vec<&Function> =
        service.functions.iter().filter(|function| can_be_named(&function.name)).collect();
    let is_qualified = functions.iter().any(|function| is_python_word(&function.name));
    let spelling = Spelling { offers, is_qualified, is_sent: false, is_either: false };
    let _ = writeln!(text, "\n    class {name}:");
    if functions.is_empty() {
        text.push_str("        pass\n");
    }
    for (position, each) in functions.into_iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        function(text, spelling, each);
    }
}

fn function(text: &mut String, spelling: Spelling<'_>, function: &Function) {
    const INDENT: &str = "        ";
    let decorator = if function.stream { "remote_stream" } else { "remote" };
    let _ = writeln!(text, "{INDENT}@{decorator}");
    let sent = Spelling { is_sent: true, ..spelling };
    let mut params = Vec::new();
    for param in function.params.iter().filter(|param| can_be_given(&param.name)) {
        let default = if param.required { "" } else { " = ..." };
        params.push(format!("{}: {}{default}", param.name, sent.given(&param.of)));
    }
    if let Some(input) = function.input.iter().find(|input| can_be_given(&input.name)) {
        let of = sent.given(&input.of);
        params.push(format!("{}: AsyncIterable[{of}] | Iterator[{of}]", input.name));
    }
    if !params.is_empty() {
        params.insert(0, "*".to_owned());
    }
    let all = || function.params.iter().chain(&function.input);
    if !all().all(|param| can_be_given(&param.name)) {
        // A word of Python's is no name of a parameter, but one can be given: `**{"from": 1}`.
        let mut others = "others".to_owned();
        while all().any(|param| param.name == others) {
            others.push('_');
        }
        params.push(format!("**{others}: Any"));
    }
    let has_self = all().any(|param| param.name == "self");
    params.insert(0, if has_self { "self, /" } else { "self" }.to_owned());
    let result = spelling.of(&function.result);
    let result = if function.stream { format!("AsyncIterator[{result}]") } else { result };
    let head = format!("def {}({}) -> {result}:", function.name, params.join(", "));
    let raised: Vec<String> =
        function.errors.iter().map(|error| format!(":raises {}:", spelling.of(&error.of))).collect();
    let said: Vec<String> =
        function.doc.iter().cloned().chain((!raised.is_empty()).then(|| raised.join("\n"))).collect();
    if said.is_empty() {
        let _ = writeln!(text, "{INDENT}{head} ...");
        return;
    }
    let _ = writeln!(text, "{INDENT}{head}");
    docstring(text, "            ", &said.join("\n\n"));
    text.push_str("            ...\n");
}

fn define(text: &mut String, offers: &Offers, name: &str, Definition { of, doc }: &Definition) {
    text.push_str("\n\n");
    match of {
        Type::Error { class, data } => error_class(text, offers, name, class, data),
        Type::Object(object) if !object.fields.is_empty() => typed_dict(text, offers, name, object, doc),
        of => {
            let spelled =
                Spelling { offers, is_qualified: false, is_sent: false, is_either: false }.given(of);
            let _ = writeln!(text, "{name}: TypeAlias = '{spelled}'");
            if let Some(said) = said(doc) {
                docstring(text, "", &said);
            }
        }
    }
}

/// Fields that may be missing stand in a class of their own: `NotRequired` came with CPython 3.11.
fn typed_dict(text: &mut String, offers: &Offers, name: &str, object: &Object, doc: &Doc) {
    let (required, optional): (Vec<&Field>, Vec<&Field>) =
        object.fields.iter().partition(|field| field.required);
    match (required.as_slice(), optional.as_slice()) {
        (_, []) => dict(text, offers, name, "TypedDict", doc, &required),
        ([], _) => dict(text, offers, name, "TypedDict, total=False", doc, &optional),
        _ if optional.iter().all(|field| is_plain(offers, field)) => {
            let base = base(offers, name, "Required");
            dict(text, offers, &base, "TypedDict", &Doc::default(), &required);
            text.push_str("\n\n");
            dict(text, offers, name, &format!("{base}, total=False"), doc, &optional);
        }
        _ => {
            let bases = ["Required", "Optional"].map(|kind| base(offers, name, kind));
            dict(text, offers, &bases[0], "TypedDict", &Doc::default(), &required);
            text.push_str("\n\n");
            dict(text, offers, &bases[1], "TypedDict, total=False", &Doc::default(), &optional);
            text.push_str("\n\n");
            dict(text, offers, name, &bases.join(", "), doc, &[]);
        }
    }
}

/// A name for a part of a class, which no type has.
fn base(offers: &Offers, name: &str, kind: &str) -> String {
    let mut base = format!("_{name}{kind}");
    while offers.types.contains_key(&base) {
        base.push('_');
    }
    base
}

/// Whether a class can have it, without its name hiding a type from the others.
fn is_plain(offers: &Offers, field: &Field) -> bool {
    let is_taken = is_python_word(&field.name) || is_python_import(&field.name);
    is_identifier(&field.name)
        && !is_taken
        && !field.name.starts_with("__")
        && !offers.types.contains_key(&field.name)
}

fn dict(text: &mut String, offers: &Offers, name: &str, bases: &str, doc: &Doc, fields: &[&Field]) {
    let spelling = Spelling { offers, is_qualified: false, is_sent: false, is_either: false };
    if !fields.iter().all(|field| is_plain(offers, field)) {
        let fields: Vec<String> = fields
            .iter()
            .map(|field| format!("{}: '{}'", quoted(&field.name), spelling.given(&field.of)))
            .collect();
        let total = bases.strip_prefix("TypedDict").unwrap_or_default();
        let _ = writeln!(text, "{name} = TypedDict(\"{name}\", {{{}}}{total})", fields.join(", "));
        if let Some(said) = said(doc) {
            docstring(text, "", &said);
        }
        return;
    }
    let _ = writeln!(text, "class {name}({bases}):");
    if let Some(said) = said(doc) {
        docstring(text, "    ", &said);
        if !fields.is_empty() {
            text.push('\n');
        }
    } else if fields.is_empty() {
        text.push_str("    pass\n");
    }
    for field in fields {
        let _ = writeln!(text, "    {}: {}", field.name, spelling.given(&field.of));
        if let Some(said) = self::said(&field.doc) {
            docstring(text, "    ", &said);
        }
    }
}

/// JSON's escapes are Python's as well.
fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}
