//! A project's offers as both languages read them, and what changes of them break.

use diglot_types::{Offers, compare, python, typescript};
use serde_json::{Value, json};

fn project() -> Value {
    json!({
        "model": [
            {
                "name": "similar",
                "errors": [{ "type": "NoVectors", "data": { "type": "object", "properties": { "since": { "type": "string", "format": "date-time" } } } }, { "type": "Busy" }],
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
                        "size": { "type": "object", "properties": { "list": { "type": "integer", "minimum": 1 } }, "required": ["list"] },
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
        "web-site": [
            {
                "name": "list",
                "file": "src/web.ts",
                "params": { "type": "object", "properties": { "from": { "type": "string", "format": "uuid" }, "a_b_c": { "type": "integer", "description": "Which */ one.", "default": 3 } }, "required": ["from"] },
                "result": { "type": "array", "items": { "anyOf": [{ "type": "string", "format": "date" }, { "type": "string", "const": "it's" }] } },
            },
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
                    "bigs": { "type": "array", "items": { "type": "integer", "x-diglot": "bigint" } },
                    "ten": { "type": "integer", "x-diglot": "bigint", "const": 10 },
                    "far": { "type": "integer", "x-diglot": "bigint", "const": 9_007_199_254_740_992_u64 },
                } },
                "result": { "type": "null", "x-diglot": "undefined" },
            },
            {
                "name": "then",
                "params": { "type": "object", "properties": { "then": { "type": "integer" } } },
                "file": "web/more.py", "line": 3,
                "result": { "type": "object", "properties": {
                    "id": { "type": "integer", "minimum": 0 },
                    "hash": { "type": "integer", "minimum": 0, "maximum": 18_446_744_073_709_551_615_u64 },
                    "safe": { "type": "integer", "exclusiveMaximum": 9_007_199_254_740_992_u64 },
                }, "required": ["id", "hash", "safe"] },
            },
            { "name": "to_string", "params": { "type": "object", "properties": {} }, "result": { "type": "string" } },
        ],
    })
}

fn offers(value: &Value) -> Offers {
    Offers::read(value).expect("offers")
}

#[test]
fn declarations_for_typescript() {
    insta::assert_snapshot!(typescript(&offers(&project()), "./diglot-package.d.ts"));
}

#[test]
fn a_module_for_python() {
    insta::assert_snapshot!(python(&offers(&project())));
}

#[test]
fn nothing_offered_is_still_a_file() {
    let none = offers(&json!({}));
    assert!(typescript(&none, "./diglot-package.d.ts").contains("interface Services"));
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
            "parameter `size` is new and optional: integer",
        ),
        (similar("/params/required", json!(["item_id", "k"])), true, "parameter `k` is required now"),
        (
            similar("/params/properties/item_id", json!({ "type": "string" })),
            true,
            "parameter `item_id` was integer and is string",
        ),
        (
            similar("/params/properties/item_id", json!({ "type": "number" })),
            false,
            "parameter `item_id` was integer and is number",
        ),
        (
            similar("/result/$defs/Item/properties/id", json!({ "type": "string" })),
            true,
            "result[].id was integer and is string",
        ),
        (
            similar("/result/$defs/Item/required", json!(["price", "kind"])),
            true,
            "result[].id may be missing now",
        ),
        (
            similar("/result/$defs/Item/properties/kind", json!({ "enum": ["book", "toy", "game"] })),
            true,
            "result[].kind may be \"game\", which it never was",
        ),
        (
            similar("/result/$defs/Item/properties/kind", json!({ "enum": ["book"] })),
            false,
            "result[].kind cannot be \"toy\" any more",
        ),
        (
            with("/result/$defs/Item/properties", "stock", json!({ "type": "integer" })),
            false,
            "result[].stock is new and optional: integer",
        ),
        (
            similar("/params/properties/k", json!({ "type": "integer", "default": 10, "minimum": 1 })),
            true,
            "parameter `k`: the minimum is 1, and there was none",
        ),
        (
            similar("/params/properties/k", json!({ "type": "integer", "default": 11 })),
            false,
            "what is said of it is different: documentation, defaults, order or names of types",
        ),
        (
            with("/result/$defs/Item/properties/size/properties/list", "minimum", json!(0)),
            true,
            "result[].size.list: the minimum was 1 and is 0",
        ),
        (with("", "stream", json!(true)), true, "it returns a stream now"),
        (
            similar("/result/$defs/Item/required", json!(["id", "price", "kind", "parts"])),
            false,
            "result[].parts is always there now",
        ),
        (
            similar("/result/$defs/Item/properties/seen", json!({ "type": "string", "format": "date-time" })),
            false,
            "result[].seen was date-time | null and is date-time",
        ),
        (
            with("", "doc", json!("Others.")),
            false,
            "what is said of it is different: documentation, defaults, order or names of types",
        ),
        (with("", "line", json!(99)), false, ""),
    ];
    for (changed, breaks, message) in cases {
        let changes = compare(&offers(&project()), &offers(&changed));
        let said: Vec<_> = changes.iter().map(|change| (change.breaks, change.message.as_str())).collect();
        let expected: &[(bool, &str)] = if message.is_empty() { &[] } else { &[(breaks, message)] };
        assert_eq!(said, expected);
    }
    assert_eq!(compare(&offers(&project()), &offers(&project())), []);
}

#[test]
fn functions_come_and_go() {
    let mut fewer = project();
    fewer["model"].as_array_mut().expect("an array").remove(0);
    let gone = compare(&offers(&project()), &offers(&fewer));
    // The other `Item` has its name for itself then.
    let said: Vec<_> = gone.iter().map(|change| (change.breaks, change.to_string())).collect();
    let expected = [
        "web_site.render_card: type `WebSiteItem` is called `Item` now, and is imported by that name",
        "model.similar: it is not offered any more",
    ];
    assert_eq!(said, expected.map(|line| (true, line.to_owned())));
    let come = compare(&offers(&fewer), &offers(&project()));
    let new = come.iter().find(|change| change.function == "model.similar").expect("it is told");
    assert_eq!(
        (new.breaks, new.to_string().as_str()),
        (false, "model.similar: it is new (model/functions.py:12)")
    );
}

#[test]
fn a_type_that_cannot_be_imported_any_more_is_named() {
    let said = |was: &Value, now: &Value| -> Vec<(bool, String)> {
        let changes = compare(&offers(was), &offers(now));
        changes.into_iter().map(|change| (change.breaks, change.message)).collect()
    };
    let other =
        |from: &str, to: &str| serde_json::from_str(&project().to_string().replace(from, to)).expect("JSON");
    // Another class is another error.
    let mut of_another_class = said(&project(), &other("Busy", "Full"));
    of_another_class.retain(|(_, message)| message.starts_with("type `"));
    assert_eq!(of_another_class, [(true, "type `Busy` is gone, and cannot be imported any more".to_owned())]);

    let items = json!({ "model": [{
        "name": "all",
        "params": { "type": "object", "properties": {} },
        "result": { "anyOf": [{ "$ref": "#/$defs/Card" }, { "type": "null" }], "$defs": { "Card": {
            "type": "object", "properties": { "next": { "$ref": "#/$defs/Card" }, "size": { "type": "object", "properties": { "w": { "type": "integer" } } } },
        } } },
    }] });
    let kards: Value = serde_json::from_str(&items.to_string().replace("Card", "Kard")).expect("JSON");
    let named = |was: &str, now: &str| {
        (true, format!("type `{was}` is called `{now}` now, and is imported by that name"))
    };
    assert_eq!(said(&items, &kards), [named("Card", "Kard"), named("CardSize", "KardSize")]);
    assert_eq!(said(&kards, &kards), []);
    let mut plain = items.clone();
    plain["model"][0]["result"] = json!({ "type": "null" });
    let of_plain = said(&items, &plain);
    assert!(
        of_plain.contains(&(true, "type `Card` is gone, and cannot be imported any more".to_owned())),
        "{of_plain:?}"
    );
}

#[test]
fn several_types_at_once_are_themselves() {
    let named = |name: &str| json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] });
    let both = json!({ "allOf": [named("a"), named("b")] });
    let offered = |result: &Value| json!({ "model": [{ "name": "both", "params": { "type": "object", "properties": {} }, "result": result }] });
    let changes = |was: &Value, is: &Value| compare(&offers(&offered(was)), &offers(&offered(is)));
    assert_eq!(changes(&both, &both), []);
    assert!(changes(&both, &named("a")).iter().any(|change| change.breaks));
    assert!(changes(&named("a"), &both).iter().all(|change| !change.breaks));
}

#[test]
fn arrays_of_any_numbers() {
    let array = json!({ "type": "array", "x-diglot": "array" });
    let offered = json!({ "model": [{ "name": "norm", "params": { "type": "object", "properties": { "vector": array }, "required": ["vector"] }, "result": { "type": "number" } }] });
    let all = offers(&offered);
    let text = typescript(&all, "./diglot-package.d.ts");
    assert!(text.contains("norm(args: { vector: TypedArrays[keyof TypedArrays] | NDArray }"), "{text}");
    assert!(
        text.contains("import type { Call, CallOptions, NDArray, TypedArrays } from \"diglot\";"),
        "{text}"
    );
    let text = python(&all);
    assert!(
        text.contains("vector: npt.NDArray[Any]") && text.contains("    import numpy.typing as npt\n"),
        "{text}"
    );
    assert!(!text.contains("import numpy as np"), "nothing stands there that is not used: {text}");
    let mut narrower = offered.clone();
    narrower["model"][0]["params"]["properties"]["vector"]["dtype"] = json!("float32");
    let changes = compare(&all, &offers(&narrower));
    let said: Vec<_> = changes.iter().map(|change| (change.breaks, change.message.as_str())).collect();
    assert_eq!(said, [(true, "parameter `vector` was array of numbers and is array of float32")]);
}
