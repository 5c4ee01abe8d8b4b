//! The client, as text. That a compiler takes it and a server answers it is tested with real ones, in `tests/tests/types`.

use diglot_openapi::{About, Mount, Owner, Part, client, functions, is_client, merge, operations, read};
use serde_json::{Map, Value, json};

/// What is written before the part that every client has.
fn written(parts: Vec<Part<'_>>) -> String {
    let owner = |path: &str| match path.starts_with("/rpc/") {
        true => Owner::Server,
        false => Owner::Service("shop".to_owned()),
    };
    let about = About { project: "shop", title: None, version: None };
    let text = client(&merge(parts, about, owner).document);
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
        json!({ "name": "score", "params": { "type": "object", "required": ["at"],
            "properties": { "at": { "type": "integer", "x-diglot": "bigint" } } },
            "result": { "anyOf": [{ "type": "number" }, { "type": "null" }] } }),
    ];
    let document = read(shop.to_string().as_bytes()).expect("a document");
    let shop = Part { service: "shop", document, mount: Some(Mount::default()) };
    let model =
        Part { service: "digit-model", document: functions("/rpc/digit_model", &offers), mount: None };
    insta::assert_snapshot!(written(vec![shop, model]));
}

#[test]
fn names_that_would_be_the_same_are_two() {
    let offers =
        [json!({ "name": "move", "params": { "type": "object", "required": ["to_x", "toX"], "properties": {
        "to_x": { "type": "integer" }, "to__x": { "type": "string" }, "toX": { "type": "boolean" } } } })];
    let text =
        written(vec![Part { service: "shop", document: functions("/rpc/shop", &offers), mount: None }]);
    assert!(text.contains("args: { toX_3: number; toX_2?: string; toX: boolean }"), "{text}");
    assert!(text.contains("body: { to_x: args.toX_3, to__x: args.toX_2, toX: args.toX }"), "{text}");
}

/// A service's document.
fn described(document: &Value) -> Part<'static> {
    let document = read(document.to_string().as_bytes()).expect("a document");
    Part { service: "shop", document, mount: Some(Mount::default()) }
}

#[test]
fn what_a_path_has_is_asked_for_also_where_nobody_describes_it() {
    let shop = json!({ "openapi": "3.1.0", "info": { "title": "Shop", "version": "1" }, "paths": {
        "/{body}/{id}/`": { "get": { "operationId": "read", "responses": {}, "parameters": [
            { "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } },
            { "name": "http.segment(args.id)", "in": "path", "required": true, "schema": {} } ] } },
    } });
    let text = written(vec![described(&shop)]);
    assert!(text.contains(r"path: `/${http.segment(args.body_)}/${http.segment(args.id)}/\``"), "{text}");
    assert!(text.contains("body_: string | number"), "{text}");
}

/// Each of them twice within the one before, and the last in itself.
#[test]
fn types_without_names_are_written_out_as_far_as_they_are_short() {
    let to = |at: usize| json!({ "$ref": format!("#/components/schemas/All/properties/p{at}") });
    let of = |at: usize| {
        let next = to(if at < 40 { at + 1 } else { at });
        (format!("p{at}"), json!({ "type": "object", "properties": { "left": next, "right": next } }))
    };
    let all: Map<String, Value> = (0..=40).map(of).collect();
    let mut deep = json!({ "type": "string" });
    for _ in 0..50 {
        deep =
            json!({ "type": ["object", "object"], "description": "Deep.", "properties": { "deeper": deep } });
    }
    let answers = |schema: &Value| json!({ "responses": { "200": { "description": "", "content": { "application/json": { "schema": schema } } } } });
    let shop = json!({ "openapi": "3.1.0", "info": { "title": "Shop", "version": "1" }, "paths": {
        "/all": { "get": answers(&to(0)) }, "/deep": { "get": answers(&deep) } },
        "components": { "schemas": { "All": { "type": "object", "properties": all } } } });
    let text = written(vec![described(&shop)]);
    assert!(text.len() < 20_000_000, "{} bytes", text.len());
    let list = json!({ "type": "array", "items": { "type": "object", "properties": {
        "next": { "$ref": "#/components/schemas/List/items" } } } });
    let shop = json!({ "openapi": "3.1.0", "info": { "title": "Shop", "version": "1" }, "paths": {
        "/list": { "get": answers(&json!({ "$ref": "#/components/schemas/List" })) } }, "components": { "schemas": { "List": list } } });
    let text = written(vec![described(&shop)]);
    assert!(text.contains("export type List = { next?: { next?: unknown } }[];"), "{text}");
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

/// One service, of these functions.
fn of_functions(offers: &[Value]) -> String {
    written(vec![Part { service: "shop", document: functions("/rpc/shop", offers), mount: None }])
}

#[test]
fn errors_have_the_type_of_what_they_carry() {
    let data =
        json!({ "type": "object", "properties": { "left": { "type": "integer" } }, "required": ["left"] });
    let may_be_missing = json!({ "type": "object", "properties": { "after": { "type": "integer" } } });
    let offer = json!({ "name": "reserve", "params": { "type": "object" }, "result": {},
        "errors": [{ "type": "OutOfStock", "data": data }, { "type": "Closed" }, { "type": "Busy", "data": may_be_missing }] });
    let document = functions("/rpc/shop", std::slice::from_ref(&offer));
    let problem = &document["paths"]["/rpc/shop/reserve"]["post"]["responses"]["422"]["content"]["application/problem+json"];
    let choices = problem["schema"]["allOf"][1]["anyOf"].as_array().expect("choices");
    assert_eq!(choices.len(), 4);
    assert_eq!(
        (&choices[0]["properties"]["data"], &choices[0]["required"]),
        (&data, &json!(["error", "data"]))
    );
    assert_eq!((choices[1]["properties"].get("data"), &choices[1]["required"]), (None, &json!(["error"])));
    assert_eq!(
        (&choices[2]["properties"]["data"], &choices[2]["required"]),
        (&may_be_missing, &json!(["error"]))
    );
    assert_eq!(choices[3]["required"], json!(["issues"]), "nothing else is answered so");
    let text = of_functions(&[offer]);
    for said in [
        "export interface Thrown {\n  Busy: { after?: number } | undefined;\n  Closed: unknown;\n  OutOfStock: { left: number };\n}\n",
        "export function isThrown<Class extends keyof Thrown>(",
        "       * @throws OutOfStock\n       * @throws Closed\n       * @throws Busy\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let none = of_functions(&[json!({ "name": "f", "params": { "type": "object" } })]);
    assert!(!none.contains("Thrown"), "{none}");
}
