//! Which changes break callers, type by type: as a parameter, and as a result.

use diglot_types::{Offers, compare};
use serde_json::{Value, json};

/// What a change of a type is told as: `None`, nothing; `Some(true)`, breaking.
fn told(was: &Value, now: &Value, is_result: bool) -> Option<bool> {
    let offers = |of: &Value| {
        let params = if is_result { json!({}) } else { json!({ "of": of }) };
        let result = if is_result { of.clone() } else { json!({ "type": "null" }) };
        let params = json!({ "type": "object", "properties": params, "required": [] });
        let offer = json!({ "name": "f", "params": params, "result": result, "file": "f.py" });
        Offers::read(&json!({ "model": [offer] })).expect("offers")
    };
    let changes = compare(&offers(was), &offers(now));
    // That a type with a name is gone is another matter.
    let of_types = |message: &str| message.starts_with("type `");
    let changes: Vec<_> = changes.iter().filter(|change| !of_types(&change.message)).collect();
    changes.iter().map(|change| change.breaks).max()
}

fn object(properties: Value, required: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

fn dict(of: &str) -> Value {
    json!({ "type": "object", "additionalProperties": { "type": of } })
}

fn tuple(items: Value, least: usize, rest: Value) -> Value {
    json!({ "type": "array", "prefixItems": items, "minItems": least, "items": rest })
}

#[test]
fn what_breaks() {
    let text = || json!({ "type": "string" });
    let number = || json!({ "type": "number" });
    let integer = || json!({ "type": "integer" });
    let bigint = || json!({ "type": "integer", "x-diglot": "bigint" });
    let one = |value: Value| json!({ "enum": [value, "x"] });
    let either = || json!({ "enum": [true, false] });
    let item = |of: &str| json!({ "$ref": "#/$defs/Item", "$defs": { "Item": object(json!({ "a": { "type": of } }), json!(["a"])) } });
    let a_text = || object(json!({ "a": text() }), json!([]));
    let a_integer = || object(json!({ "a": integer() }), json!([]));
    let of_both = || json!({ "allOf": [object(json!({ "a": text() }), json!(["a"])), object(json!({ "b": text() }), json!(["b"]))] });
    let both = || object(json!({ "a": text(), "b": text() }), json!(["a", "b"]));
    // Before, after; as a parameter, as a result.
    let (breaks, changes) = (Some(true), Some(false));
    let cases = [
        (dict("integer"), a_text(), breaks, breaks),
        (a_text(), dict("integer"), breaks, breaks),
        (dict("string"), a_integer(), breaks, breaks),
        (number(), bigint(), breaks, breaks),
        (integer(), bigint(), changes, breaks),
        (bigint(), number(), breaks, breaks),
        (bigint(), integer(), breaks, changes),
        (
            tuple(json!([text()]), 1, item("string")),
            tuple(json!([text()]), 1, item("integer")),
            breaks,
            breaks,
        ),
        (
            tuple(json!([item("string")]), 1, text()),
            tuple(json!([item("integer")]), 1, text()),
            breaks,
            breaks,
        ),
        (tuple(json!([text()]), 1, text()), tuple(json!([text()]), 0, text()), changes, breaks),
        (tuple(json!([text()]), 1, json!(false)), tuple(json!([text()]), 1, text()), changes, breaks),
        (
            tuple(json!([text(), number()]), 2, json!(false)),
            tuple(json!([text()]), 1, json!(false)),
            breaks,
            breaks,
        ),
        (tuple(json!([text()]), 1, text()), json!({ "type": "array", "items": text() }), changes, breaks),
        (either(), json!({ "type": "boolean" }), None, None),
        (one(json!(1)), one(json!(1.0)), None, None),
        (both(), of_both(), None, None),
        (of_both(), both(), None, None),
    ];
    for (was, now, as_parameter, as_result) in cases {
        // Where nothing is broken it may still be told that something is otherwise.
        let fits = |told: Option<bool>, expected: Option<bool>| match expected {
            None => told != Some(true),
            some => told == some,
        };
        let parameter = told(&was, &now, false);
        assert!(fits(parameter, as_parameter), "parameter: {was} -> {now}: {parameter:?}");
        let result = told(&was, &now, true);
        assert!(fits(result, as_result), "result: {was} -> {now}: {result:?}");
        assert_eq!(told(&was, &was, true), None, "{was}");
        assert_eq!(told(&now, &now, false), None, "{now}");
    }
}
