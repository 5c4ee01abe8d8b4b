//! Published functions as a document: each is `POST`ed a JSON object of its parameters.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::components::{escaped, unescaped};
use crate::named::{Schemas, Way};
use crate::walk::{ITEM_SCHEMA, Kind, walk};

/// Says of an operation that it is a function, by the name it is called by.
pub(crate) const FUNCTION: &str = "x-diglot-function";
/// Stands in a schema beside the nearest word that JSON Schema has.
pub(crate) const OURS: &str = "x-diglot";
/// Of a number: what else may be in its place are names of what JSON has no number for.
pub(crate) const FLOAT: &str = "float";
/// RFC 4648 section 4, of nothing but whole bytes.
const BASE64: &str = "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";
/// An integer beyond what a number of JavaScript's holds.
const DIGITS: &str = "^-?(?:0|[1-9][0-9]*)$";
/// One that is not negative, and one that is positive.
const NATURAL: &str = "^(?:0|[1-9][0-9]*)$";
const POSITIVE: &str = "^[1-9][0-9]*$";
/// Each integer up to this is a number of JavaScript's.
const SAFE_MAX: i128 = 9_007_199_254_740_991;
const DIGITS_MAX: usize = 4_000;
/// What JSON has no number for.
const UNUSUAL: [&str; 3] = ["NaN", "Infinity", "-Infinity"];
/// The keywords that speak of a number.
const OF_NUMBER: [&str; 6] =
    ["type", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const DECIMAL: &str = r"^[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]{1,3})?$";

/// The statuses of problems, with when they come.
const PROBLEMS: [(&str, &str); 9] = [
    ("400", "The body is no JSON."),
    ("404", "There is no such function."),
    ("413", "The body is longer than `message_bytes_max`."),
    ("415", "The body is not `application/json`."),
    ("422", "The arguments are not what the function takes: `issues` says which."),
    ("500", "The function failed. The server's log says why."),
    ("502", "The worker that ran the function ended."),
    ("503", "The service is busy, or cannot be started. It may be tried again."),
    ("504", "The function took too long."),
];

/// The document of the functions that a service offers (`docs/internals/calls.md`), each reached at `base/NAME`.
pub fn functions(base: &str, offers: &[Value]) -> Value {
    let mut schemas = Schemas::default();
    // What a stream of arguments would be is not for one JSON object.
    let offers = offers.iter().filter(|offer| offer["input"].is_null());
    let offers: Vec<(&str, &Value)> =
        offers.filter_map(|offer| Some((offer["name"].as_str()?, offer))).collect();
    let answers: Vec<Map<String, Value>> =
        offers.iter().map(|(_, offer)| responses(offer, &mut schemas)).collect();
    let mut paths = Map::new();
    for ((name, offer), responses) in offers.into_iter().zip(answers) {
        let operation = operation(name, offer, responses, &mut schemas);
        paths.insert(format!("{base}/{name}"), json!({ "post": operation }));
    }
    if paths.is_empty() {
        return json!({ "paths": {} });
    }
    schemas.all.insert("Problem".to_owned(), problem());
    let responses: Map<String, Value> =
        PROBLEMS.iter().map(|(status, text)| (format!("Problem{status}"), response(text))).collect();
    json!({
        "paths": paths,
        "tags": [{ "name": "functions" }],
        "components": { "schemas": schemas.all, "responses": responses },
    })
}

/// What a function answers, by status.
fn responses(offer: &Value, schemas: &mut Schemas) -> Map<String, Value> {
    let result = schemas.take(offer.get("result").cloned().unwrap_or_else(|| json!({})), Way::Returned);
    let content = match offer["stream"] == true {
        true => {
            json!({ "application/x-ndjson": { ITEM_SCHEMA: result }, "text/event-stream": { ITEM_SCHEMA: result } })
        }
        false => json!({ "application/json": { "schema": result } }),
    };
    let mut responses: Map<String, Value> = PROBLEMS
        .iter()
        .map(|(status, _)| {
            ((*status).to_owned(), json!({ "$ref": format!("#/components/responses/Problem{status}") }))
        })
        .collect();
    let description =
        if offer["stream"] == true { "Its items, one after another." } else { "What it returns." };
    responses.insert("200".to_owned(), json!({ "description": description, "content": content }));
    if let Some(thrown) = thrown(offer, schemas) {
        responses.insert("422".to_owned(), thrown);
    }
    responses
}

fn operation(name: &str, offer: &Value, responses: Map<String, Value>, schemas: &mut Schemas) -> Value {
    let params = offer.get("params").cloned().unwrap_or_else(|| json!({ "type": "object" }));
    let mut operation = json!({
        "operationId": name,
        "tags": ["functions"],
        "requestBody": {
            "required": true,
            "content": { "application/json": { "schema": schemas.take(params, Way::Given) } },
        },
        "responses": responses,
        FUNCTION: name,
    });
    if let Some(doc) = offer["doc"].as_str().map(str::trim).filter(|doc| !doc.is_empty()) {
        operation["summary"] = json!(doc.lines().next().unwrap_or_default().trim());
        operation["description"] = json!(doc);
    }
    operation
}

/// The problem of a function that says what it throws.
fn thrown(offer: &Value, schemas: &mut Schemas) -> Option<Value> {
    let errors = offer["errors"].as_array().filter(|errors| !errors.is_empty())?;
    let of = |error: &Value, schemas: &mut Schemas| {
        let mut properties = Map::from_iter([
            ("code".to_owned(), json!({ "const": "error" })),
            ("error".to_owned(), json!({ "const": error["type"] })),
        ]);
        let mut required = vec!["error"];
        if let Some(data) = error.get("data") {
            // Of an error that may carry nothing there is none.
            if data["required"].as_array().is_some_and(|required| !required.is_empty()) {
                required.push("data");
            }
            properties.insert("data".to_owned(), schemas.take(data.clone(), Way::Returned));
        }
        json!({ "type": "object", "properties": properties, "required": required })
    };
    let names: Vec<&str> = errors.iter().filter_map(|error| error["type"].as_str()).collect();
    let mut choices: Vec<Value> = errors.iter().map(|error| of(error, schemas)).collect();
    let invalid = json!({ "code": { "const": "invalid_arguments" } });
    choices.push(json!({ "type": "object", "properties": invalid, "required": ["issues"] }));
    let mut response = response(&format!(
        "The arguments are not what the function takes, or it threw what `error` names: {}.",
        names.join(", ")
    ));
    response["content"]["application/problem+json"]["schema"] =
        json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, { "anyOf": choices }] });
    Some(response)
}

fn response(description: &str) -> Value {
    json!({
        "description": description,
        "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
    })
}

fn problem() -> Value {
    json!({
        "type": "object",
        "description": "Why there is no answer (RFC 9457).",
        "properties": {
            "type": { "type": "string" },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string" },
            "code": { "type": "string", "description": "What kind of error it is, in one word." },
            "issues": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "path": { "type": "array", "items": { "type": ["string", "integer"] } },
                        "message": { "type": "string" },
                    },
                    "required": ["path", "message"],
                },
            },
        },
        "required": ["title", "status", "code", "detail"],
    })
}

/// Makes a schema say what crosses as JSON, and has its references follow.
pub(crate) fn cross(schema: &mut Value, chosen: &BTreeMap<String, String>) {
    walk(schema, Kind::Schema, &mut |value, _| {
        let Some(schema) = value.as_object_mut() else { return };
        if let Some(Value::String(reference)) = schema.get_mut("$ref")
            && let Some(name) = reference.strip_prefix("#/$defs/").map(unescaped)
            && let Some(name) = chosen.get(&name)
        {
            *reference = format!("#/components/schemas/{}", escaped(name));
        }
        match schema.get(OURS).and_then(Value::as_str).unwrap_or_default() {
            "bytes" | "table" => drop(schema.insert("pattern".to_owned(), json!(BASE64))),
            "decimal" => drop(schema.insert("pattern".to_owned(), json!(DECIMAL))),
            "bigint" => {
                if let Some((pattern, longest)) = digits(schema) {
                    let text = json!({ "type": "string", "pattern": pattern, "maxLength": longest });
                    or_text(schema, None, text);
                }
            }
            "map" => {
                if let Some(pair) = schema.get_mut("items").and_then(Value::as_object_mut) {
                    pair.extend(
                        [("type", json!("array")), ("minItems", json!(2)), ("maxItems", json!(2))]
                            .map(|(name, value)| (name.to_owned(), value)),
                    );
                }
            }
            "array" => {
                let dtype = schema.shift_remove("dtype");
                let shape = schema.shift_remove("shape");
                let shape = shape.as_ref().and_then(Value::as_array).cloned();
                let rows =
                    numbers(dtype.as_ref().and_then(Value::as_str).unwrap_or_default(), shape.as_deref());
                schema.extend(rows);
            }
            "" => {
                let unusual = unusual(schema);
                if !unusual.is_empty() {
                    or_text(schema, Some(FLOAT), json!({ "enum": unusual }));
                }
            }
            _ => {}
        }
    });
}

/// How an integer of any length stands as text, and in how many characters; `None`: within its bounds all are numbers.
fn digits(schema: &Map<String, Value>) -> Option<(&'static str, usize)> {
    let bound = |name: &str, round: fn(f64) -> f64, step: i128| {
        let number = schema.get(name)?.as_number()?;
        // One with a fraction, or longer than any other.
        let whole = number.as_i128().or_else(|| Some(round(number.as_f64()?) as i128))?;
        Some(whole.saturating_add(step))
    };
    let least = bound("minimum", f64::ceil, 0).max(bound("exclusiveMinimum", f64::floor, 1));
    let most = [bound("maximum", f64::floor, 0), bound("exclusiveMaximum", f64::ceil, -1)];
    let most = most.into_iter().flatten().min();
    let longest = match (least, most) {
        (Some(least), Some(most)) if least >= -SAFE_MAX && most <= SAFE_MAX => return None,
        (Some(least), Some(most)) if least > i128::MIN && most < i128::MAX => {
            least.to_string().len().max(most.to_string().len())
        }
        _ => DIGITS_MAX,
    };
    let pattern = match least {
        Some(1..) => POSITIVE,
        Some(0) => NATURAL,
        _ => DIGITS,
    };
    Some((pattern, longest))
}

/// The names of what is no number in JSON and may stand in the place of one.
fn unusual(schema: &Map<String, Value>) -> &'static [&'static str] {
    let has = |names: [&str; 2]| names.iter().any(|name| schema.contains_key(*name));
    let is_number = match schema.get("type") {
        Some(Value::Array(types)) => types.iter().any(|of| of == "number"),
        of => of.is_some_and(|of| of == "number"),
    };
    if !is_number || has(["enum", "const"]) || has(["multipleOf", "anyOf"]) {
        return &[];
    }
    match (has(["minimum", "exclusiveMinimum"]), has(["maximum", "exclusiveMaximum"])) {
        (false, false) => &UNUSUAL,
        (true, false) => &UNUSUAL[1..2],
        (false, true) => &UNUSUAL[2..],
        (true, true) => &[],
    }
}

/// A number that may come as text as well.
fn or_text(schema: &mut Map<String, Value>, mark: Option<&str>, text: Value) {
    let mut number: Map<String, Value> = OF_NUMBER
        .iter()
        .filter_map(|name| schema.shift_remove(*name).map(|value| ((*name).to_owned(), value)))
        .collect();
    number.extend(mark.map(|mark| (OURS.to_owned(), json!(mark))));
    schema.insert("anyOf".to_owned(), json!([number, text]));
}

/// Numbers in rows, nested as deep as there are dimensions; where that is not known, to any depth.
fn numbers(dtype: &str, shape: Option<&[Value]>) -> Map<String, Value> {
    let number = number(dtype);
    let Some(shape) = shape else {
        return Map::from_iter([("items".to_owned(), json!({ "anyOf": [number, { "type": "array" }] }))]);
    };
    let mut nested = number;
    for length in shape.iter().rev() {
        let mut row = json!({ "type": "array", "items": nested });
        if let Some(length) = length.as_u64() {
            (row["minItems"], row["maxItems"]) = (json!(length), json!(length));
        }
        nested = row;
    }
    match nested {
        Value::Object(row) => row,
        _ => Map::new(),
    }
}

fn number(dtype: &str) -> Value {
    let bits = |prefix: &str| dtype.strip_prefix(prefix).and_then(|bits| bits.parse::<u32>().ok());
    if dtype == "bool" {
        return json!({ "type": "boolean" });
    }
    if let Some(bits @ 1..=64) = bits("uint") {
        return json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX >> (64 - bits) });
    }
    if let Some(bits @ 1..=64) = bits("int") {
        return json!({ "type": "integer", "minimum": i64::MIN >> (64 - bits), "maximum": i64::MAX >> (64 - bits) });
    }
    json!({ "type": "number" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_many_and_as_large_as_they_may_be() {
        assert_eq!(
            Value::Object(numbers("int8", Some(&[Value::Null, json!(3)]))),
            json!({ "type": "array", "items": { "type": "array", "minItems": 3, "maxItems": 3,
                    "items": { "type": "integer", "minimum": -128, "maximum": 127 } } })
        );
        assert_eq!(number("uint64"), json!({ "type": "integer", "minimum": 0, "maximum": u64::MAX }));
        assert_eq!(number("float32"), json!({ "type": "number" }));
    }

    #[test]
    fn numbers_say_when_they_may_be_text() {
        let crossed = |mut schema: Value| {
            cross(&mut schema, &BTreeMap::new());
            schema
        };
        let number = |mut of: Value| {
            of[OURS] = json!(FLOAT);
            of
        };
        assert_eq!(
            crossed(json!({ "type": "number", "title": "Score" })),
            json!({ "title": "Score", "anyOf": [number(json!({ "type": "number" })), { "enum": UNUSUAL }] })
        );
        let above = json!({ "type": ["number", "null"], "exclusiveMinimum": 0 });
        assert_eq!(crossed(above.clone()), json!({ "anyOf": [number(above), { "enum": ["Infinity"] }] }));
        for plain in [
            json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            json!({ "type": "number", "multipleOf": 0.5 }),
            json!({ "type": "number", "enum": [1, 2] }),
            json!({ "type": "integer" }),
        ] {
            assert_eq!(crossed(plain.clone()), plain);
        }
        let big = crossed(json!({ "type": "integer", "minimum": 0, OURS: "bigint" }));
        assert_eq!(big["anyOf"][0], json!({ "type": "integer", "minimum": 0 }));
        assert_eq!(big["anyOf"][1]["pattern"], NATURAL);
        let id = crossed(json!({ "type": "integer", "exclusiveMinimum": 0, OURS: "bigint" }));
        assert_eq!(id["anyOf"][1]["pattern"], POSITIVE);
        let small = json!({ "type": "integer", "minimum": 0, "maximum": 9, OURS: "bigint" });
        assert_eq!(crossed(small.clone()), small);
        let held = json!({ "type": "integer", "exclusiveMinimum": -(1i64 << 53), "exclusiveMaximum": 1i64 << 53, OURS: "bigint" });
        assert_eq!(crossed(held.clone()), held);
        let longest = |bounds: Value| {
            let mut far = json!({ "type": "integer", OURS: "bigint" });
            far.as_object_mut().unwrap().extend(bounds.as_object().unwrap().clone());
            crossed(far)["anyOf"][1]["maxLength"].clone()
        };
        assert_eq!(longest(json!({ "minimum": 0, "maximum": 1i64 << 53 })), 16);
        assert_eq!(longest(json!({ "minimum": 0, "exclusiveMaximum": (1i64 << 53) + 1 })), 16);
        assert_eq!(longest(json!({ "minimum": 0, "maximum": 999_999_999_999_999_999i64 })), 18);
        assert_eq!(longest(json!({ "minimum": -10_000_000_000_000_000_000_000.0, "maximum": 9 })), 24);
        for open in [json!({}), json!({ "minimum": 0 }), json!({ "minimum": 0, "maximum": 1e50 })] {
            assert_eq!(longest(open), DIGITS_MAX);
        }
        let row = crossed(json!({ "type": "array", OURS: "array", "dtype": "float32", "shape": [null] }));
        assert_eq!(row["items"]["anyOf"][1], json!({ "enum": UNUSUAL }));
    }
}
