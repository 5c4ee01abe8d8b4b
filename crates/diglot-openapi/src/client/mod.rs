//! A client for browsers: one file of TypeScript without dependencies, with a function for each operation.

mod differences;
mod operation;
mod path;
mod spelling;
mod types;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

pub use differences::{Difference, differences};

use crate::names::Names;
use crate::operations::OF_SERVICE;
use crate::walk::METHODS;
use operation::{Operation, Thrown};
use spelling::union;
use types::{Types, is_file};

/// The first line of what is written. A file that begins otherwise is somebody's own.
const WRITTEN_BY: &str =
    "// Written by `diglot types --client`. Do not edit: it is written anew when the API changes.";
/// What is the same in every client.
const RUNTIME: &str = include_str!("runtime.ts");

/// What is there where functions say what they throw.
const THROWN: &str = "\
/** Whether it is an error of that class, which a function says it throws. */
export function isThrown<Class extends keyof Thrown>(
  error: unknown,
  name: Class,
): error is HttpError & { readonly problem: ProblemDetails & { error: Class; data: Thrown[Class] } } {
  return error instanceof HttpError && error.problem?.code === \"error\" && error.problem.error === name;
}

";

/// Whether a file has been written here, and may be written anew.
pub fn is_client(text: &str) -> bool {
    text.starts_with("// Written by `diglot types --client`")
}

/// How many operations a document has.
pub fn operations(document: &Value) -> usize {
    let items = document["paths"].as_object().into_iter().flatten();
    items.map(|(_, item)| METHODS.iter().filter(|method| item.get(**method).is_some()).count()).sum()
}

/// The client of a merged document.
pub fn client(document: &Value) -> String {
    let mut text = format!("{WRITTEN_BY}\n\n");
    let types = Types::of(document);
    let mut services: BTreeMap<&str, Vec<Operation<'_>>> = BTreeMap::new();
    // By their paths, so that of two of one name the same one has it, in whichever order they stand.
    let paths: BTreeMap<&String, &Value> = document["paths"].as_object().into_iter().flatten().collect();
    for (path, item) in paths {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            let service = operation[OF_SERVICE].as_str().unwrap_or("api");
            let operation = Operation { document, method, path, item, value: operation, service };
            services.entry(service).or_default().push(operation);
        }
    }
    types.declare(&mut text);
    thrown(&mut text, services.values().flatten(), &types);
    text.push_str(
        "/** A client of the API, by service. */\nexport type Client = ReturnType<typeof createClient>;\n\n",
    );
    text.push_str(
        "/** Makes a client. Where none of its options is needed, calls go to the origin of the page. */\n",
    );
    text.push_str(
        "export function createClient(options: ClientOptions = {}) {\n  const http = connect(options);\n",
    );
    text.push_str("  return {\n");
    let mut groups = Names::default();
    for (service, operations) in services {
        let _ = writeln!(text, "    {}: {{", groups.take(&camel(service)));
        let mut names = Names::default();
        for operation in operations {
            operation.write(&mut text, &mut names, &types);
        }
        text.push_str("    },\n");
    }
    text.push_str("  };\n}\n\n");
    text.push_str(RUNTIME);
    text
}

/// What errors carry that functions say they throw, by their classes, and what tells them from others.
fn thrown<'d>(text: &mut String, operations: impl Iterator<Item = &'d Operation<'d>>, types: &Types<'_>) {
    let mut classes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Thrown { class, data, may_be_missing } in operations.flat_map(Operation::throws) {
        let of = classes.entry(class).or_default();
        of.push(data.map_or("unknown".to_owned(), |data| types.of_schema(data, "  ")));
        of.extend(may_be_missing.then(|| "undefined".to_owned()));
    }
    if classes.is_empty() {
        return;
    }
    text.push_str("/** What the errors carry that functions say they throw, by their classes. */\nexport interface Thrown {\n");
    for (class, data) in classes {
        let _ = writeln!(text, "  {}: {};", key(class), union(data));
    }
    text.push_str("}\n\n");
    text.push_str(THROWN);
}

/// Words in any spelling as `renderCard`.
fn camel(name: &str) -> String {
    let mut text = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        let mut letters = word.chars();
        let first = letters.next().into_iter();
        match text.is_empty() {
            true => text.extend(first.map(|first| first.to_ascii_lowercase())),
            false => text.extend(first.map(|first| first.to_ascii_uppercase())),
        }
        text.push_str(letters.as_str());
    }
    if text.is_empty() || text.starts_with(|c: char| c.is_ascii_digit()) {
        text.insert(0, '_');
    }
    text
}

/// Whether it can be written without quotes.
fn is_identifier(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '$'))
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$'))
}

fn quoted(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

/// A property's name as it is written.
fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

/// What is said of a schema, and of text which form it has: the type does not tell.
fn doc_of(schema: &Value) -> String {
    let said = schema["description"].as_str().unwrap_or_default().trim();
    let of_text =
        |name: &str| schema[name].as_str().filter(|_| schema["type"] == "string" && !is_file(schema));
    match of_text("format").or(of_text("contentEncoding")) {
        Some(form) => format!("{said}\n\n@format {form}").trim().to_owned(),
        None => said.to_owned(),
    }
}

/// A doc comment of what is there to say.
fn comment(text: &mut String, indent: &str, doc: &str) {
    let doc = doc.trim().replace("*/", "*\u{200b}/");
    if doc.is_empty() {
        return;
    }
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
