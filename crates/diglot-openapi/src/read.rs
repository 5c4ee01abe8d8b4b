//! The bytes that a service gave, as a document of OpenAPI 3.1.

use serde_json::Value;

use crate::raise::raise;
use crate::walk::{ITEM_SCHEMA, Kind, walk};

/// Why a document is none that can be merged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("it is no JSON: {0}")]
    NoJson(String),
    #[error("it is JSON, but no description: it has no member `openapi`")]
    NoOpenApi,
    #[error("it is Swagger {0}, and OpenAPI 3.0 or later can be read: most generators have an option for it")]
    Swagger(String),
    #[error("it is OpenAPI {0}, and 3.0 to 3.2 can be read")]
    Version(String),
}

/// Reads a document, and raises it to OpenAPI 3.1 if it is of 3.0.
///
/// # Errors
/// It is something else.
pub fn read(bytes: &[u8]) -> Result<Value, Unreadable> {
    let mut document: Value =
        serde_json::from_slice(bytes).map_err(|error| Unreadable::NoJson(error.to_string()))?;
    if let Some(version) = document["swagger"].as_str() {
        return Err(Unreadable::Swagger(version.to_owned()));
    }
    let version = document["openapi"].as_str().ok_or(Unreadable::NoOpenApi)?;
    if version.starts_with("3.0") {
        raise(&mut document);
    } else if !version.starts_with("3.1") && !version.starts_with("3.2") {
        return Err(Unreadable::Version(version.to_owned()));
    }
    walk(&mut document, Kind::Document, &mut lower);
    Ok(document)
}

/// What only 3.2 has a word for, also where a document of 3.1 uses it: under a name of ours, or not at all. And what has to be said
/// and can be nothing else: one service's slip would make the document of all invalid.
fn lower(value: &mut Value, kind: Kind) {
    let Some(object) = value.as_object_mut() else { return };
    match kind {
        Kind::Media => {
            let items = object.shift_remove("itemSchema");
            object.extend(items.map(|schema| (ITEM_SCHEMA.to_owned(), schema)));
        }
        Kind::PathItem => {
            object.shift_remove("query");
            object.shift_remove("additionalOperations");
        }
        Kind::Response if !object.contains_key("$ref") => {
            object.entry("description").or_insert_with(|| Value::String(String::new()));
            object.shift_remove("summary");
        }
        // @hono/zod-openapi leaves it out where a parameter is coerced.
        Kind::Parameter if object.get("in").is_some_and(|place| place == "path") => {
            object.insert("required".to_owned(), Value::Bool(true));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_description_says_so() {
        let said = |text: &str| read(text.as_bytes()).expect_err("refused").to_string();
        assert!(said("<html>").starts_with("it is no JSON"));
        assert_eq!(said("[]"), "it is JSON, but no description: it has no member `openapi`");
        assert!(said(r#"{"swagger": "2.0"}"#).starts_with("it is Swagger 2.0"));
        assert!(said(r#"{"openapi": "4.0.0"}"#).starts_with("it is OpenAPI 4.0.0"));
        assert!(read(br#"{"openapi": "3.1.0"}"#).is_ok());
    }

    #[test]
    fn a_parameter_of_the_path_is_required() {
        let document = read(
            br#"{"openapi": "3.1.0", "paths": {"/{id}": {"get": {"parameters": [{"name": "id", "in": "path"}, {"name": "q", "in": "query"}]}}}}"#,
        );
        let parameters = document.expect("a document")["paths"]["/{id}"]["get"]["parameters"].take();
        assert_eq!(
            (&parameters[0]["required"], &parameters[1]["required"]),
            (&Value::Bool(true), &Value::Null)
        );
    }
}
