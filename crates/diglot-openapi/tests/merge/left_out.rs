//! What the merged document does not have: operations that nobody can ask for, and what nothing else needs.

use diglot_openapi::{Merged, Owner, Part, functions};
use serde_json::{Value, json};

use super::{merge, ok, part, paths, routes, said};

/// Responses with this schema as their content.
fn answers(schema: &str) -> Value {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    json!({ "200": { "description": "", "content": { "application/json": { "schema": schema } } } })
}

fn names<'m>(merged: &'m Merged, section: &str) -> Vec<&'m str> {
    merged.document["components"][section]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect()
}

#[test]
fn what_only_operations_that_are_left_out_need_is_left_out() {
    let kind = |of: &str| json!({ "allOf": [{ "$ref": format!("#/components/schemas/{of}") }, { "type": "object" }] });
    let told_apart = |name: &str| json!({ "type": "object", "discriminator": { "propertyName": name } });
    let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
        "paths": {
            "/items": { "get": { "responses": answers("Page"), "security": [{ "key": [] }] } },
            "/pets": { "get": { "responses": answers("Pet") } },
            "/admin": {
                "get": { "responses": answers("Secret"), "security": [{ "admin": [] }] },
                "put": { "responses": { "200": { "$ref": "#/components/responses/Done" } }, "requestBody": { "$ref": "#/components/requestBodies/Job" } },
            },
        },
        "components": {
            "schemas": {
                "Page": { "items": { "$ref": "#/components/schemas/Item" } },
                "Item": { "type": "string" },
                "Secret": { "properties": { "more": { "$ref": "#/components/schemas/Inner" }, "item": { "$ref": "#/components/schemas/Item" } } },
                "Inner": { "properties": { "of": { "$ref": "#/components/schemas/Secret" } } },
                "Pet": told_apart("kind"), "Cat": kind("Pet"), "Lion": kind("Cat"),
                "Task": told_apart("task"), "Night": kind("Task"),
                "Message": { "properties": { "of": { "$ref": "#/components/schemas/Author" } } },
                "Author": { "type": "string" },
            },
            "requestBodies": { "Job": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Task" } } } } },
            "responses": { "Done": { "description": "", "headers": { "X": { "$ref": "#/components/headers/X" } } } },
            "headers": { "X": { "schema": { "type": "string" } } },
            "securitySchemes": {
                "key": { "type": "http", "scheme": "bearer" },
                "admin": { "type": "http", "scheme": "basic" },
                "unused": { "type": "http", "scheme": "digest" },
            },
        },
    });
    let all = merge(vec![part("api", document.clone())], routes(&[("/", "api")]));
    let merged = merge(vec![part("api", document)], routes(&[("/", "api"), ("/admin", "")]));
    assert_eq!(paths(&merged), ["/items", "/pets"]);
    // What no operation refers to has been written down for somebody.
    assert_eq!(names(&merged, "schemas"), ["Page", "Item", "Pet", "Cat", "Lion", "Message", "Author"]);
    assert_eq!(names(&merged, "securitySchemes"), ["key", "unused"]);
    let sections: Vec<&String> =
        merged.document["components"].as_object().expect("components").keys().collect();
    assert_eq!(sections, ["schemas", "securitySchemes"]);
    assert_eq!((names(&all, "schemas").len(), names(&all, "headers")), (11, vec!["X"]));
    assert!(
        merged.remarks.iter().all(|remark| remark.to_string().contains("/admin")),
        "{:?}",
        merged.remarks
    );
}

#[test]
fn a_service_that_nobody_reaches_says_nothing() {
    let hook = json!({ "post": { "responses": ok(), "requestBody": { "content": { "application/json": {
        "schema": { "$ref": "#/components/schemas/Event" } } } } } });
    let described = |title: &str, path: &str| {
        json!({ "openapi": "3.1.0", "info": { "title": title, "version": "1" }, "tags": [{ "name": title }],
            "paths": { path: { "get": { "responses": ok() } } }, "webhooks": { title: hook },
            "components": { "schemas": { "Event": { "title": title } } } })
    };
    let parts = || vec![part("api", described("Api", "/items")), part("inner", described("Inner", "/inner"))];
    let merged = merge(parts(), routes(&[("/items", "api")]));
    let text = merged.document.to_string();
    assert!(!text.to_lowercase().contains("inner"), "{text}");
    assert_eq!(merged.document["components"]["schemas"], json!({ "Event": { "title": "Api" } }));
    assert_eq!(
        said(&merged),
        ["GET /inner of service \"inner\" cannot be reached and is left out: no route leads there"]
    );
    let both = merge(parts(), routes(&[("/items", "api"), ("/inner", "inner")]));
    assert_eq!(names(&both, "schemas"), ["api_Event", "inner_Event"]);
}

#[test]
fn functions_that_a_route_takes_are_not_reached() {
    let offers = ["echo", "add"].map(|name| json!({ "name": name, "params": { "type": "object" } }));
    let part = Part { service: "calls", document: functions("/rpc/calls", &offers), mount: None };
    let merged = merge(vec![part], routes(&[("/rpc", ""), ("/rpc/calls/echo", "shadow")]));
    assert_eq!(paths(&merged), ["/rpc/calls/add"]);
    assert_eq!(
        said(&merged),
        [
            "POST /rpc/calls/echo of service \"calls\" cannot be reached and is left out: the route of service \"shadow\" takes it"
        ]
    );
}

#[test]
fn what_other_servers_answer_is_left_out() {
    let at = |servers: &[&str]| {
        let servers: Vec<Value> = servers.iter().map(|url| json!({ "url": url })).collect();
        json!({ "responses": ok(), "servers": servers })
    };
    let mut elsewhere = at(&["https://files.example.com/v2"]);
    elsewhere["get"] = json!({ "responses": ok() });
    let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
        "servers": [{ "url": "https://api.example.com/v1" }],
        "paths": {
            "/upload": { "post": at(&["https://uploads.example.com", "https://uploads.example.org"]), "get": { "responses": ok() } },
            "/files": elsewhere,
            "/old": { "get": at(&["https://api.example.com/v0"]) },
            "/both": { "get": at(&["https://uploads.example.com", "/v2"]) },
        } });
    let merged = merge(vec![part("api", document)], routes(&[("/", "api")]));
    assert_eq!(paths(&merged), ["/v1/upload", "/v0/old", "/v2/both"]);
    assert_eq!(merged.document["paths"]["/v1/upload"].get("post"), None);
    assert_eq!(
        said(&merged),
        [
            "POST /upload of service \"api\" is left out: its document says that https://uploads.example.com answers it",
            "GET /files of service \"api\" is left out: its document says that https://files.example.com/v2 answers it",
        ]
    );
}

#[test]
fn a_path_is_looked_for_behind_all_references() {
    let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
        "paths": {
            "/chain": { "$ref": "#/components/pathItems/First" },
            "/other": { "$ref": "#/paths/~1chain" },
            "/none": { "$ref": "#/components/pathItems/None" },
            "/file": { "$ref": "./paths.json#/file" },
        },
        "components": { "pathItems": {
            "First": { "$ref": "#/components/pathItems/Second" },
            "Second": { "get": { "responses": ok() } },
        } } });
    let merged = merge(vec![part("api", document)], |_| Owner::Service("api".to_owned()));
    assert_eq!(paths(&merged), ["/chain", "/other"]);
    assert_eq!(
        said(&merged),
        [
            "/none of service \"api\" is left out: it refers to #/components/pathItems/None, and no path is there",
            "/file of service \"api\" is left out: it refers to ./paths.json#/file, and no path is there",
        ]
    );
}
