//! Which changes break callers, type by type: as a parameter, and as a result.

use diglot_types::{Change, Offers, compare};
use proptest::prelude::*;
use serde_json::{Value, json};

/// What a change of a type is told as: `None`, nothing; `Some(true)`, breaking.
fn told(was: &Value, now: &Value, is_result: bool) -> Option<bool> {
    changes(was, now, is_result).iter().map(|change| change.breaks).max()
}

/// The changes of a function whose parameter, or result, was of the one type and is of the other.
fn changes(was: &Value, now: &Value, is_result: bool) -> Vec<Change> {
    let offers = |of: &Value| {
        let params = if is_result { json!({}) } else { json!({ "of": of }) };
        let result = if is_result { of.clone() } else { json!({ "type": "null" }) };
        let params = json!({ "type": "object", "properties": params, "required": [] });
        let offer = json!({ "name": "f", "params": params, "result": result, "file": "f.py" });
        Offers::read(&json!({ "model": [offer] })).expect("offers")
    };
    let mut changes = compare(&offers(was), &offers(now));
    // That a type with a name is gone is another matter.
    changes.retain(|change| !change.message.starts_with("type `"));
    changes
}

/// The same, in words.
fn words(was: &Value, now: &Value, is_result: bool) -> Vec<(bool, String)> {
    changes(was, now, is_result).into_iter().map(|change| (change.breaks, change.message)).collect()
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

fn with(mut of: Value, members: &Value) -> Value {
    let members = members.as_object().expect("an object").clone();
    of.as_object_mut().expect("an object").extend(members);
    of
}

/// A type, what is asked of its values, and what tighter; how each of the changes is told.
fn tightened() -> Vec<(Value, Value, &'static str, &'static str)> {
    let kind = |name: &str, members: Value| with(json!({ "type": name }), &members);
    let integer = |members: Value| kind("integer", members);
    let text = |members: Value| kind("string", members);
    let list = |members: Value| with(json!({ "type": "array", "items": { "type": "boolean" } }), &members);
    let set = |members: Value| list(with(json!({ "x-diglot": "set", "uniqueItems": true }), &members));
    let dict = |members: Value| with(dict("boolean"), &members);
    let array =
        |shape: Value| json!({ "type": "array", "x-diglot": "array", "dtype": "float32", "shape": shape });
    let date = |from: &str| text(json!({ "format": "date", "minimum": from }));
    let decimal = |least: f64| text(json!({ "format": "decimal", "x-diglot": "decimal", "minimum": least }));
    let pair = |members: Value| {
        with(tuple(json!([{ "type": "boolean" }]), 1, json!({ "type": "boolean" })), &members)
    };
    vec![
        (
            integer(json!({ "minimum": 1 })),
            integer(json!({ "minimum": 10 })),
            "the minimum was 1 and is 10",
            "the minimum was 10 and is 1",
        ),
        (
            integer(json!({})),
            integer(json!({ "minimum": 10 })),
            "the minimum is 10, and there was none",
            "the minimum was 10, and there is none any more",
        ),
        (
            integer(json!({ "exclusiveMinimum": 0 })),
            integer(json!({ "minimum": 2 })),
            "the minimum was 1 and is 2",
            "the minimum was 2 and is 1",
        ),
        (
            integer(json!({ "maximum": 9.0 })),
            integer(json!({ "exclusiveMaximum": 9 })),
            "the maximum was 9.0 and is 8",
            "the maximum was 8 and is 9.0",
        ),
        (
            integer(json!({ "x-diglot": "bigint", "maximum": u64::MAX })),
            integer(json!({ "x-diglot": "bigint", "maximum": u64::MAX - 1 })),
            "the maximum was 18446744073709551615 and is 18446744073709551614",
            "the maximum was 18446744073709551614 and is 18446744073709551615",
        ),
        (
            kind("number", json!({ "minimum": 0 })),
            kind("number", json!({ "exclusiveMinimum": 0 })),
            "the minimum was 0 and is more than 0",
            "the minimum was more than 0 and is 0",
        ),
        (
            kind("number", json!({ "exclusiveMaximum": 1.5 })),
            kind("number", json!({ "exclusiveMaximum": 1.25 })),
            "the maximum was less than 1.5 and is less than 1.25",
            "the maximum was less than 1.25 and is less than 1.5",
        ),
        (
            integer(json!({ "multipleOf": 2 })),
            integer(json!({ "multipleOf": 6 })),
            "the number it is a multiple of was 2 and is 6",
            "the number it is a multiple of was 6 and is 2",
        ),
        (
            kind("number", json!({ "multipleOf": 0.1 })),
            kind("number", json!({ "multipleOf": 0.3 })),
            "the number it is a multiple of was 0.1 and is 0.3",
            "the number it is a multiple of was 0.3 and is 0.1",
        ),
        (
            text(json!({ "minLength": 1 })),
            text(json!({ "minLength": 2 })),
            "the minimum length was 1 and is 2",
            "the minimum length was 2 and is 1",
        ),
        (
            text(json!({ "maxLength": 100 })),
            text(json!({ "maxLength": 10 })),
            "the maximum length was 100 and is 10",
            "the maximum length was 10 and is 100",
        ),
        (
            text(json!({})),
            text(json!({ "pattern": "^a" })),
            "the pattern is `^a`, and there was none",
            "the pattern was `^a`, and there is none any more",
        ),
        (
            text(json!({ "pattern": "a" })),
            text(json!({ "allOf": [{ "pattern": "a" }, { "pattern": "b" }] })),
            "the pattern was `a` and is `a` and `b`",
            "the pattern was `a` and `b` and is `a`",
        ),
        (
            date("2026-01-02"),
            date("2026-02-01"),
            "the minimum was 2026-01-02 and is 2026-02-01",
            "the minimum was 2026-02-01 and is 2026-01-02",
        ),
        (decimal(0.5), decimal(1.5), "the minimum was 0.5 and is 1.5", "the minimum was 1.5 and is 0.5"),
        (
            list(json!({ "minItems": 0 })),
            list(json!({ "minItems": 1 })),
            "the minimum number of items is 1, and there was none",
            "the minimum number of items was 1, and there is none any more",
        ),
        (
            list(json!({ "maxItems": 3 })),
            list(json!({ "maxItems": 2 })),
            "the maximum number of items was 3 and is 2",
            "the maximum number of items was 2 and is 3",
        ),
        (
            list(json!({})),
            list(json!({ "uniqueItems": true })),
            "no item may be there twice now",
            "items may be there twice now",
        ),
        (
            set(json!({})),
            set(json!({ "maxItems": 2 })),
            "the maximum number of items is 2, and there was none",
            "the maximum number of items was 2, and there is none any more",
        ),
        (
            pair(json!({ "maxItems": 3 })),
            pair(json!({ "maxItems": 2 })),
            "the maximum number of items was 3 and is 2",
            "the maximum number of items was 2 and is 3",
        ),
        (
            dict(json!({ "minProperties": 1 })),
            dict(json!({ "minProperties": 2 })),
            "the minimum number of fields was 1 and is 2",
            "the minimum number of fields was 2 and is 1",
        ),
        (
            dict(json!({})),
            dict(json!({ "maxProperties": 2 })),
            "the maximum number of fields is 2, and there was none",
            "the maximum number of fields was 2, and there is none any more",
        ),
        (
            array(json!([null, null])),
            array(json!([null, 3])),
            "the shape was (?, ?) and is (?, 3)",
            "the shape was (?, 3) and is (?, ?)",
        ),
    ]
}

/// A type within another, and the way to it. `depth` tells names apart.
fn within(place: usize, depth: usize, of: Value) -> (Value, &'static str) {
    let name = format!("Named{depth}");
    let map = json!({ "prefixItems": [{ "type": "integer" }, of] });
    match place {
        0 => (json!({ "type": "array", "items": of }), "[]"),
        1 => (json!({ "type": "object", "additionalProperties": of }), "[]"),
        2 => (json!({ "type": "array", "x-diglot": "map", "items": map }), "[]"),
        3 => (json!({ "type": "array", "x-diglot": "set", "items": of }), "[]"),
        4 => (json!({ "anyOf": [of, { "type": "null" }] }), ""),
        5 => (object(json!({ "a": of }), json!([])), ".a"),
        6 => (tuple(json!([{ "type": "null" }, of]), 2, json!(false)), "[1]"),
        _ => (json!({ "$ref": format!("#/$defs/{name}"), "$defs": { name: of } }), ""),
    }
}

#[test]
fn what_is_asked_breaks_where_it_gets_tighter() {
    for (wide, tight, tighter, wider) in tightened() {
        for place in [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), Some(7)] {
            let put = |of: &Value| place.map_or((of.clone(), ""), |place| within(place, 0, of.clone()));
            let ((wide, path), (tight, _)) = (put(&wide), put(&tight));
            let said = |breaks: bool, subject: &str, said: &str| vec![(breaks, format!("{subject}: {said}"))];
            let (parameter, result) = (format!("parameter `of{path}`"), format!("result{path}"));
            assert_eq!(words(&wide, &tight, false), said(true, &parameter, tighter));
            assert_eq!(words(&tight, &wide, false), said(false, &parameter, wider));
            assert_eq!(words(&wide, &tight, true), said(false, &result, tighter));
            assert_eq!(words(&tight, &wide, true), said(true, &result, wider));
            assert_eq!((words(&wide, &wide, false), words(&tight, &tight, true)), (vec![], vec![]));
        }
    }
}

#[test]
fn what_is_asked_otherwise_breaks_both_ways() {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let step = |of: u64| json!({ "type": "integer", "multipleOf": of });
    let array =
        |shape: Value| json!({ "type": "array", "x-diglot": "array", "dtype": "float32", "shape": shape });
    let lasting = |least: &str| json!({ "type": "string", "format": "duration", "minimum": least });
    let cases = [
        (text("^a"), text("^b"), "the pattern was `^a` and is `^b`"),
        (step(2), step(3), "the number it is a multiple of was 2 and is 3"),
        (array(json!([null, 3])), array(json!([null, 4])), "the shape was (?, 3) and is (?, 4)"),
        // Which is longer cannot be told by their text.
        (lasting("PT9M"), lasting("PT1H"), "the minimum was PT9M and is PT1H"),
    ];
    for (was, now, said) in cases {
        assert_eq!(words(&was, &now, false), [(true, format!("parameter `of`: {said}"))]);
        assert_eq!(words(&was, &now, true), [(true, format!("result: {said}"))]);
    }
}

#[test]
fn all_that_is_asked_otherwise_is_named() {
    let of = |least: u64, most: u64, name: &str, size: &str| {
        let count = json!({ "type": "integer", "minimum": least, "maximum": most });
        object(
            json!({ "count": count, "name": { "type": name }, "size": { "type": "string", "pattern": size } }),
            json!([]),
        )
    };
    let (was, now) = (of(1, 100, "string", "a"), of(2, 200, "integer", "b"));
    let said = [
        (true, "parameter `of.count`: the minimum was 1 and is 2"),
        (true, "parameter `of.name` was string and is integer"),
        (true, "parameter `of.size`: the pattern was `a` and is `b`"),
        (false, "parameter `of.count`: the maximum was 100 and is 200"),
    ];
    assert_eq!(words(&was, &now, false), said.map(|(breaks, said)| (breaks, said.to_owned())));
}

#[test]
fn what_says_the_same_in_other_words_breaks_nobody() {
    let integer = |members: Value| with(json!({ "type": "integer" }), &members);
    let named = |own: Value, beside: Value| {
        with(json!({ "$ref": "#/$defs/Age", "$defs": { "Age": integer(own) } }), &beside)
    };
    let five = || json!({ "minimum": 5 });
    let cases = [
        (integer(json!({ "minimum": 1 })), integer(json!({ "exclusiveMinimum": 0 }))),
        (integer(json!({ "minimum": 1 })), integer(json!({ "minimum": 1.0 }))),
        (integer(json!({ "multipleOf": 1 })), integer(json!({}))),
        // Beside a name, and beside several types.
        (named(five(), json!({})), named(json!({ "minimum": 1 }), five())),
        (
            json!({ "anyOf": [integer(json!({})), { "type": "string" }], "minimum": 5 }),
            json!({ "anyOf": [integer(five()), { "type": "string" }] }),
        ),
        (
            json!({ "anyOf": [integer(json!({ "maximum": -1 })), integer(five())] }),
            json!({ "anyOf": [integer(five()), integer(json!({ "maximum": -1 }))] }),
        ),
        (
            tuple(json!([{}]), 1, json!(false)),
            with(tuple(json!([{}]), 1, json!(false)), &json!({ "maxItems": 1 })),
        ),
    ];
    for (was, now) in cases {
        for is_result in [false, true] {
            assert_ne!(told(&was, &now, is_result), Some(true), "{was} -> {now}");
            assert_ne!(told(&now, &was, is_result), Some(true), "{now} -> {was}");
        }
    }
    let values = |values: Value| json!({ "enum": values });
    let least = |least: u64| integer(json!({ "minimum": least }));
    assert_eq!(told(&values(json!([5, 6])), &least(5), false), Some(false));
    assert_eq!(
        words(&values(json!([5, 6])), &least(6), false),
        [(true, "parameter `of` cannot be 5 any more".to_owned())]
    );
}

#[test]
fn what_is_asked_beside_a_type_is_the_same_wherever_it_stands() {
    let beside = |least: u32| json!({ "type": "string", "minLength": least });
    let apart = |least: u32| json!({ "allOf": [{ "type": "string" }, { "minLength": least }] });
    let other_words = "what is said of it is different: documentation, defaults, order or names of types";
    assert_eq!(words(&apart(2), &beside(2), false), vec![(false, other_words.to_owned())]);
    assert_eq!(words(&beside(2), &apart(2), false), vec![(false, other_words.to_owned())]);
    let tighter = vec![(true, "parameter `of`: the minimum length was 2 and is 5".to_owned())];
    assert_eq!(words(&apart(2), &apart(5), false), tighter);
    assert_eq!(words(&beside(2), &apart(5), false), tighter);
}

#[test]
fn a_field_that_comes_or_goes_is_named() {
    let of = |fields: &[&str], is_closed: bool| {
        let fields: Value =
            fields.iter().map(|name| ((*name).to_owned(), json!({ "type": "integer" }))).collect();
        with(
            object(fields, json!([])),
            &if is_closed { json!({ "additionalProperties": false }) } else { json!({}) },
        )
    };
    let (one, two) = (of(&["a"], false), of(&["a", "b"], false));
    let said = |breaks: bool, said: &str| vec![(breaks, said.to_owned())];
    assert_eq!(words(&one, &two, true), said(false, "result.b is new and optional: integer"));
    assert_eq!(words(&two, &one, true), said(false, "result.b is gone: it was integer"));
    assert_eq!(words(&one, &two, false), said(false, "parameter `of.b` is new and optional: integer"));
    assert_eq!(words(&two, &one, false), said(false, "parameter `of.b` is gone: it was integer"));
    // One that is sent all the same is refused.
    let (one, two) = (of(&["a"], true), of(&["a", "b"], true));
    assert_eq!(words(&two, &one, false), said(true, "parameter `of.b` is gone: it was integer"));
    assert_eq!(words(&one, &two, false), said(false, "parameter `of.b` is new and optional: integer"));
    assert_eq!(words(&one, &two, true), said(false, "result.b is new and optional: integer"));
}

/// Schemas of all kinds, with what may be asked of their values; some contain themselves.
fn schemas() -> impl Strategy<Value = Value> {
    let asked = prop::sample::select(vec![
        json!({}),
        json!({ "minimum": 1 }),
        json!({ "exclusiveMinimum": 0.5, "maximum": 9 }),
        json!({ "multipleOf": 0.1 }),
        json!({ "minLength": 2, "pattern": "^a" }),
        json!({ "minItems": 1, "maxItems": 2, "uniqueItems": true }),
        json!({ "minProperties": 1, "maxProperties": 3 }),
    ]);
    let leaf = prop::sample::select(vec![
        json!({}),
        json!({ "type": "integer" }),
        json!({ "type": "integer", "x-diglot": "bigint" }),
        json!({ "type": ["number", "null"] }),
        json!({ "type": "string" }),
        json!({ "type": "string", "format": "date" }),
        json!({ "enum": ["a", 1, null] }),
        json!({ "type": "array", "x-diglot": "array", "dtype": "float32", "shape": [null, 3] }),
        json!({ "type": "object" }),
        json!({ "$ref": "#/$defs/Tree" }),
    ]);
    let leaf = (leaf, asked.clone()).prop_map(|(of, asked)| with(of, &asked));
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        let of = prop_oneof![
            (0..8_usize, 0..1000_usize, inner).prop_map(|(place, depth, of)| within(place, depth, of).0),
            several.clone().prop_map(|all| json!({ "anyOf": all })),
            several.clone().prop_map(|all| json!({ "allOf": all })),
            several.prop_map(|all| tuple(Value::Array(all.clone()), all.len(), all[0].clone())),
        ];
        (of, asked.clone()).prop_map(|(of, asked)| with(of, &asked))
    })
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(of in schemas(), tree in schemas()) {
        let tree = object(json!({ "tree": tree, "size": { "type": "integer" } }), json!(["size"]));
        let of = json!({ "anyOf": [of, { "type": "null" }], "$defs": { "Tree": tree } });
        for is_result in [false, true] {
            prop_assert_eq!(words(&of, &of, is_result), vec![]);
        }
    }

    #[test]
    fn what_gets_tighter_is_told_wherever_it_stands(
        case in prop::sample::select(tightened()),
        places in prop::collection::vec(0..8_usize, 0..6),
    ) {
        let put = |of: Value| places.iter().enumerate().fold((of, String::new()), |(of, path), (depth, place)| {
            let (of, step) = within(*place, depth, of);
            (of, format!("{step}{path}"))
        });
        let (wide, tight, tighter, _) = case;
        let ((wide, path), (tight, _)) = (put(wide), put(tight));
        prop_assert_eq!(words(&wide, &tight, false), vec![(true, format!("parameter `of{path}`: {tighter}"))]);
        prop_assert_eq!(told(&tight, &wide, false), Some(false));
        prop_assert_eq!(told(&wide, &tight, true), Some(false));
        prop_assert_eq!(told(&tight, &wide, true), Some(true));
    }
}

#[test]
fn what_is_asked_beside_an_enumeration_leaves_fewer_values() {
    let of = |values: Value, members: Value| with(json!({ "enum": values }), &members);
    let wide = of(json!([1, 2, 3]), json!({ "type": "integer" }));
    let tight = of(json!([1, 2, 3]), json!({ "type": "integer", "minimum": 2 }));
    let said = |breaks: bool, message: &str| vec![(breaks, message.to_owned())];
    assert_eq!(words(&wide, &tight, false), said(true, "parameter `of` cannot be 1 any more"));
    assert_eq!(words(&tight, &wide, false), said(false, "parameter `of` may be 1 now"));
    assert_eq!(words(&wide, &tight, true), said(false, "result cannot be 1 any more"));
    assert_eq!(words(&tight, &wide, true), said(true, "result may be 1, which it never was"));
    // Of the same values it may be told that people are told something else of them.
    let is_same = |was: &Value, now: &Value| {
        words(was, now, false).iter().all(|(_, message)| message.starts_with("what is said of it"))
    };
    assert!(is_same(&tight, &of(json!([2, 3]), json!({}))));
    // Text has a length, and no limit of numbers or of items is one of it.
    let texts = of(json!(["a", "bcd"]), json!({ "minItems": 9, "minimum": 9 }));
    assert!(is_same(&texts, &of(json!(["a", "bcd"]), json!({}))));
    let short = of(json!(["a", "bcd"]), json!({ "maxLength": 2 }));
    assert_eq!(words(&texts, &short, false), said(true, "parameter `of` cannot be \"bcd\" any more"));
    let one = |members: Value| with(json!({ "const": 7 }), &members);
    assert_eq!(told(&one(json!({})), &one(json!({ "maximum": 6 })), false), Some(true));
    let big = |members: Value| {
        with(json!({ "type": "integer", "x-diglot": "bigint", "const": "18446744073709551615" }), &members)
    };
    assert_eq!(told(&big(json!({})), &big(json!({ "maximum": 5 })), false), Some(true));
    assert!(is_same(&big(json!({})), &big(json!({ "minimum": 5 }))));
}

#[test]
fn a_field_that_is_required_and_another_type_is_told_as_both() {
    let of = |kind: &str, required: Value| object(json!({ "a": { "type": kind } }), required);
    let (was, now) = (of("string", json!([])), of("integer", json!(["a"])));
    let said = |all: &[(bool, &str)]| -> Vec<(bool, String)> {
        all.iter().map(|(breaks, message)| (*breaks, (*message).to_owned())).collect()
    };
    assert_eq!(
        words(&was, &now, false),
        said(&[
            (true, "parameter `of.a` is required now"),
            (true, "parameter `of.a` was string and is integer")
        ])
    );
    assert_eq!(
        words(&was, &now, true),
        said(&[(true, "result.a was string and is integer"), (false, "result.a is always there now")])
    );
    assert_eq!(
        words(&now, &was, true),
        said(&[(true, "result.a may be missing now"), (true, "result.a was integer and is string")])
    );
    // Wider, and required.
    let wider = of("number", json!(["a"]));
    assert_eq!(
        words(&of("integer", json!([])), &wider, false),
        said(&[
            (true, "parameter `of.a` is required now"),
            (false, "parameter `of.a` was integer and is number")
        ])
    );
}
