//! The client, as text. That a compiler takes it and a server answers it is tested with real ones, in `tests/tests/types`.

use diglot_openapi::{Mount, Owner, Part, client, functions, is_client, merge, operations, read};
use serde_json::json;

/// What is written before the part that every client has.
fn written(parts: Vec<Part<'_>>) -> String {
    let owner = |path: &str| match path.starts_with("/rpc/") {
        true => Owner::Server,
        false => Owner::Service("shop".to_owned()),
    };
    let text = client(&merge(parts, owner).document);
    assert!(is_client(&text) && !is_client(text.trim_start_matches("// ")));
    let (own, _) =
        text.split_once("/** What all calls of a client have in common. */").expect("what all have");
    own.to_owned()
}

#[test]
fn a_function_for_each_operation() {
    let shop = json!({ "openapi": "3.1.0", "info": { "title": "Shop", "version": "1" },
        "paths": {
            "/items/{item_id}": {
                "parameters": [{ "name": "item_id", "in": "path", "required": true, "schema": { "type": "integer" } }],
                "get": {
                    "operationId": "read_item_items__item_id__get", "summary": "Read an item", "description": "Of the shop.",
                    "parameters": [
                        { "name": "fields", "in": "query", "description": "Only these.", "explode": false,
                          "schema": { "type": "array", "items": { "type": "string" } } },
                        { "name": "x-trace", "in": "header", "schema": { "type": ["string", "null"] } },
                        { "name": "session", "in": "cookie", "schema": {} },
                    ],
                    "responses": {
                        "200": { "description": "", "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Item" } } } },
                        "404": { "description": "" },
                    },
                },
                "delete": { "deprecated": true, "responses": { "204": { "description": "" } } },
            },
            "/items": { "post": {
                "operationId": "ItemsController_create",
                "requestBody": { "required": true, "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Item" } } } },
                "responses": { "201": { "description": "", "content": { "application/json": { "schema": {
                    "anyOf": [{ "$ref": "#/components/schemas/Item" }, { "type": "null" }] } } } } },
            } },
            "/upload": { "post": {
                "operationId": "upload",
                "requestBody": { "required": true, "content": { "multipart/form-data": { "schema": {
                    "type": "object", "required": ["file"],
                    "properties": { "file": { "type": "string", "contentMediaType": "application/octet-stream" } } } } } },
                "responses": { "200": { "description": "", "content": { "text/plain": {} } } },
            } },
            "/feed": { "get": { "operationId": "feed", "responses": { "200": { "description": "", "content": { "text/event-stream": {} } } } } },
        },
        "components": { "schemas": {
            "Item": {
                "type": "object", "description": "What is sold.", "required": ["id", "price", "kind"],
                "properties": {
                    "id": { "type": "integer", "readOnly": true },
                    "price": { "type": "number", "description": "In euros.\nWith tax." },
                    "kind": { "enum": ["small", "large"] },
                    "added": { "type": "string", "format": "date-time", "description": "For the first time." },
                    "cover": { "type": "string", "contentEncoding": "base64" },
                    "in-stock": { "type": "boolean" },
                    "parts": { "type": "array", "items": { "oneOf": [{ "$ref": "#/components/schemas/Item" }, { "type": "string" }] } },
                    "at": { "type": "array", "prefixItems": [{ "type": "number" }, { "type": "number" }], "items": false },
                    "more": { "type": "object", "additionalProperties": { "type": "integer" } },
                },
            },
            "Error": { "type": "object", "properties": { "detail": {} }, "additionalProperties": true },
            "Both": { "allOf": [{ "$ref": "#/components/schemas/Item" }, { "type": "object", "properties": { "x": { "type": "null" } } }] },
        } },
    });
    let offers = [
        json!({ "name": "similar_items", "doc": "Items like this one.",
            "params": { "type": "object", "required": ["item_id"], "properties": {
                "item_id": { "type": "integer" }, "k": { "type": "integer", "description": "How many." } } },
            "result": { "type": "array", "items": { "type": "integer" } } }),
        json!({ "name": "watch", "params": { "type": "object" }, "result": { "type": "string" }, "stream": true }),
        json!({ "name": "score", "params": { "type": "object", "properties": { "at": { "type": "integer", "x-diglot": "bigint" } } },
            "result": { "anyOf": [{ "type": "number" }, { "type": "null" }] } }),
    ];
    let document = read(shop.to_string().as_bytes()).expect("a document");
    let shop = Part { service: "shop", document, mount: Some(Mount::default()) };
    let model =
        Part { service: "digit-model", document: functions("/rpc/digit_model", &offers), mount: None };
    insta::assert_snapshot!(written(vec![shop, model]));
}

#[test]
fn operations_are_counted() {
    let document =
        json!({ "paths": { "/a": { "get": {}, "post": {}, "servers": [] }, "/b": { "put": {} } } });
    assert_eq!((operations(&document), operations(&json!({}))), (3, 0));
}

#[test]
fn an_api_of_nothing_is_a_client_of_nothing() {
    assert!(written(Vec::new()).contains("export function createClient"));
}
