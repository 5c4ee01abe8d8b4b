//! OpenAPI 3.0 as 3.1: its schemas were a dialect of their own, and are JSON Schema 2020-12 now.

use serde_json::{Map, Value, json};

use crate::walk::{Kind, walk};

/// Makes a document of 3.0 one of 3.1. The version itself is the merged document's.
pub(crate) fn raise(document: &mut Value) {
    walk(document, Kind::Document, &mut |value, kind| match (kind, value) {
        (Kind::Schema, Value::Object(schema)) => raise_schema(schema),
        // A file as a body: 3.1 says nothing of its content, which is all that `binary` said.
        (Kind::Media, Value::Object(media)) if is_binary(media.get("schema")) => {
            media.insert("schema".to_owned(), json!({}));
        }
        _ => {}
    });
}

fn is_binary(schema: Option<&Value>) -> bool {
    schema.is_some_and(|schema| schema["type"] == "string" && schema["format"] == "binary")
}

fn raise_schema(schema: &mut Map<String, Value>) {
    let nullable = schema.shift_remove("nullable") == Some(Value::Bool(true));
    if schema.get("$ref").is_some_and(Value::is_string) {
        // Siblings of a reference meant nothing in 3.0, and people wrote some of them nevertheless.
        schema.retain(|name, _| matches!(name.as_str(), "$ref" | "description"));
    }
    exclusive(schema, "exclusiveMinimum", "minimum");
    exclusive(schema, "exclusiveMaximum", "maximum");
    if let Some(example) = schema.shift_remove("example") {
        schema.insert("examples".to_owned(), json!([example]));
    }
    match schema.get("format").and_then(Value::as_str) {
        Some("binary") => {
            schema.shift_remove("format");
            schema.insert("contentMediaType".to_owned(), json!("application/octet-stream"));
        }
        Some("byte") => {
            schema.shift_remove("format");
            schema.insert("contentEncoding".to_owned(), json!("base64"));
        }
        _ => {}
    }
    if nullable {
        take_null(schema);
    }
}

/// `exclusiveMinimum` was said of `minimum`, and is a limit itself.
fn exclusive(schema: &mut Map<String, Value>, exclusive: &str, limit: &str) {
    match schema.get(exclusive) {
        Some(Value::Bool(true)) => {
            let limit = schema.shift_remove(limit);
            schema.shift_remove(exclusive);
            schema.extend(limit.map(|limit| (exclusive.to_owned(), limit)));
        }
        Some(Value::Bool(false)) => drop(schema.shift_remove(exclusive)),
        _ => {}
    }
}

/// Lets a schema take `null` as well.
fn take_null(schema: &mut Map<String, Value>) {
    if let Some(kind @ Value::String(_)) = schema.get_mut("type") {
        let plain = kind.take();
        *kind = json!([plain, "null"]);
        if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut)
            && !values.contains(&Value::Null)
        {
            values.push(Value::Null);
        }
        return;
    }
    const CHOOSE: [&str; 4] = ["$ref", "allOf", "anyOf", "oneOf"];
    let Some(chooses) = CHOOSE.into_iter().find(|name| schema.contains_key(*name)) else { return };
    let Some(of) = schema.shift_remove(chooses) else { return };
    let null = json!({ "type": "null" });
    let choices = match (chooses, of) {
        ("anyOf" | "oneOf", Value::Array(mut choices)) => {
            if !choices.contains(&null) {
                choices.push(null);
            }
            return drop(schema.insert(chooses.to_owned(), Value::Array(choices)));
        }
        ("allOf", Value::Array(mut only)) if only.len() == 1 => vec![only.remove(0), null],
        (chooses, of) => vec![json!({ chooses: of }), null],
    };
    schema.insert("anyOf".to_owned(), Value::Array(choices));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raised(mut schema: Value) -> Value {
        raise_schema(schema.as_object_mut().expect("an object"));
        schema
    }

    #[test]
    fn null_is_a_type() {
        assert_eq!(
            raised(json!({ "type": "string", "nullable": true })),
            json!({ "type": ["string", "null"] })
        );
        assert_eq!(
            raised(json!({ "type": "string", "nullable": true, "enum": ["a"] })),
            json!({ "type": ["string", "null"], "enum": ["a", null] })
        );
        assert_eq!(raised(json!({ "type": "string", "nullable": false })), json!({ "type": "string" }));
        let reference = json!({ "$ref": "#/components/schemas/A" });
        let either = json!({ "anyOf": [reference, { "type": "null" }] });
        assert_eq!(raised(json!({ "$ref": "#/components/schemas/A", "nullable": true })), either);
        assert_eq!(raised(json!({ "allOf": [reference], "nullable": true })), either);
        assert_eq!(raised(json!({ "anyOf": [reference], "nullable": true })), either);
        assert_eq!(
            raised(json!({ "allOf": [reference, { "type": "object" }], "nullable": true })),
            json!({ "anyOf": [{ "allOf": [reference, { "type": "object" }] }, { "type": "null" }] })
        );
    }

    #[test]
    fn limits_are_numbers() {
        assert_eq!(
            raised(
                json!({ "minimum": 1, "exclusiveMinimum": true, "maximum": 9, "exclusiveMaximum": false })
            ),
            json!({ "exclusiveMinimum": 1, "maximum": 9 })
        );
        assert_eq!(raised(json!({ "exclusiveMinimum": 3 })), json!({ "exclusiveMinimum": 3 }));
    }

    #[test]
    fn what_else_has_another_name() {
        assert_eq!(raised(json!({ "example": [1] })), json!({ "examples": [[1]] }));
        assert_eq!(
            raised(json!({ "type": "string", "format": "byte" })),
            json!({ "type": "string", "contentEncoding": "base64" })
        );
        assert_eq!(
            raised(json!({ "$ref": "#/x", "maximum": 3, "description": "d" })),
            json!({ "$ref": "#/x", "description": "d" })
        );
        let mut document = json!({ "paths": { "/f": { "post": { "requestBody": { "content": {
            "application/octet-stream": { "schema": { "type": "string", "format": "binary" } },
            "multipart/form-data": { "schema": { "properties": { "file": { "type": "string", "format": "binary" } } } },
        } } } } } });
        raise(&mut document);
        let content = &document["paths"]["/f"]["post"]["requestBody"]["content"];
        assert_eq!(content["application/octet-stream"]["schema"], json!({}));
        assert_eq!(
            content["multipart/form-data"]["schema"]["properties"]["file"],
            json!({ "type": "string", "contentMediaType": "application/octet-stream" })
        );
    }
}
