//! A project's offers as both languages read them, and what changes of them break.

use diglot_types::{Offers, compare, python, typescript};
use serde_json::{Value, json};

fn project() -> Value {
    json!({
        "model": [
            {
                "name": "similar",
                "doc": "Items like this one.\n\nBy their vectors.",
                "params": {
                    "type": "object",
                    "properties": { "item_id": { "type": "integer" }, "k": { "type": "integer", "default": 10 } },
                    "required": ["item_id"],
                },
                "result": { "type": "array", "items": { "$ref": "#/$defs/Item" }, "$defs": { "Item": {
                    "title": "Item", "type": "object", "description": "What is sold.",
                    "properties": {
                        "id": { "type": "integer", "description": "Its number." },
                        "price": { "type": "string", "format": "decimal", "x-diglot": "decimal" },
                        "kind": { "enum": ["book", "toy"] },
                        "seen": { "anyOf": [{ "type": "string", "format": "date-time" }, { "type": "null" }] },
                        "parts": { "type": "array", "items": { "$ref": "#/$defs/Item" } },
                    },
                    "required": ["id", "price", "kind"],
                } } },
                "file": "model/functions.py", "line": 12,
            },
            {
                "name": "embed",
                "params": {
                    "type": "object",
                    "properties": { "x": { "type": "array", "x-diglot": "array", "dtype": "float32", "shape": [null, 3] } },
                    "required": ["x"],
                },
                "result": { "type": "array", "x-diglot": "array", "dtype": "float32" },
            },
            { "name": "watch", "params": { "type": "object", "properties": {} }, "stream": true, "result": { "type": "integer" } },
        ],
        "web": [
            {
                "name": "render_card",
                "params": {
                    "type": "object",
                    "properties": { "item": { "$ref": "#/$defs/Item" } },
                    "required": ["item"],
                    "$defs": { "Item": { "type": "object", "properties": { "class": { "type": "string" } }, "required": ["class"] } },
                },
                "input": { "name": "lines", "schema": { "type": "string" } },
                "result": { "type": "object", "additionalProperties": { "type": "string" } },
            },
            {
                "name": "seen",
                "params": { "type": "object", "properties": {
                    "by": { "type": "array", "x-diglot": "map", "items": { "prefixItems": [{ "type": "integer" }, { "type": "string", "format": "uuid" }] } },
                    "tags": { "type": "array", "x-diglot": "set", "uniqueItems": true, "items": { "type": "string" } },
                    "big": { "type": "integer", "x-diglot": "bigint" },
                } },
                "result": { "type": "null", "x-diglot": "undefined" },
            },
        ],
    })
}

fn offers(value: &Value) -> Offers {
    Offers::read(value).expect("offers")
}

#[test]
fn declarations_for_typescript() {
    insta::assert_snapshot!(typescript(&offers(&project())));
}

#[test]
fn a_module_for_python() {
    insta::assert_snapshot!(python(&offers(&project())));
}

#[test]
fn nothing_offered_is_still_a_file() {
    let none = offers(&json!({}));
    assert!(typescript(&none).contains("interface Services"));
    assert!(python(&none).contains("class Services:\n        pass"));
}

#[test]
fn what_is_no_object_of_services_is_refused() {
    assert!(Offers::read(&json!([])).is_err());
    assert!(Offers::read(&json!({ "model": [{}] })).is_err());
}

/// Each change, and what is said of it.
#[test]
fn what_a_change_breaks_is_named() {
    let similar = |path: &str, value: Value| {
        let mut changed = project();
        *changed["model"][0].pointer_mut(path).expect("it is there") = value;
        changed
    };
    let with = |path: &str, name: &str, value: Value| {
        let mut changed = project();
        changed["model"][0].pointer_mut(path).expect("it is there")[name] = value;
        changed
    };
    let cases = [
        (
            with("/params/properties", "size", json!({ "type": "integer" })),
            false,
            "parameter `size` is new and optional",
        ),
        (similar("/params/required", json!(["item_id", "k"])), true, "parameter `k` is required now"),
        (
            similar("/params/properties/item_id", json!({ "type": "string" })),
            true,
            "parameter `item_id`: integer instead of string",
        ),
        (
            similar("/params/properties/item_id", json!({ "type": "number" })),
            false,
            "parameter `item_id` takes more than it did",
        ),
        (
            similar("/result/$defs/Item/properties/id", json!({ "type": "string" })),
            true,
            "what it returns[].id: string instead of integer",
        ),
        (
            similar("/result/$defs/Item/required", json!(["price", "kind"])),
            true,
            "what it returns[].id: may be missing",
        ),
        (
            similar("/result/$defs/Item/properties/kind", json!({ "enum": ["book", "toy", "game"] })),
            true,
            "what it returns[].kind: \"game\", which was none of it",
        ),
        (
            similar("/result/$defs/Item/properties/kind", json!({ "enum": ["book"] })),
            false,
            "what it returns is told more closely",
        ),
        (
            with("/result/$defs/Item/properties", "stock", json!({ "type": "integer" })),
            false,
            "what it returns is told more closely",
        ),
        (with("", "stream", json!(true)), true, "it returns a stream now"),
    ];
    for (changed, breaks, message) in cases {
        let changes = compare(&offers(&project()), &offers(&changed));
        let said: Vec<_> = changes.iter().map(|change| (change.breaks, change.message.as_str())).collect();
        if message.contains("told more closely") && said.is_empty() {
            // A field more that may be missing, and that nobody asks for, is no difference.
            continue;
        }
        assert_eq!(said, [(breaks, message)]);
    }
    assert_eq!(compare(&offers(&project()), &offers(&project())), []);
}

#[test]
fn functions_come_and_go() {
    let mut fewer = project();
    fewer["model"].as_array_mut().expect("an array").remove(0);
    let gone = compare(&offers(&project()), &offers(&fewer));
    assert_eq!(
        (gone.len(), gone[0].breaks, gone[0].to_string().as_str()),
        (1, true, "model.similar: it is not offered any more")
    );
    let come = compare(&offers(&fewer), &offers(&project()));
    assert_eq!(
        (come.len(), come[0].breaks, come[0].to_string().as_str()),
        (1, false, "model.similar: it is new (model/functions.py:12)")
    );
}
