//! What a check tells of two clients, and what of it breaks callers.

use diglot_openapi::{About, Owner, Part, client, differences, functions, merge};
use serde_json::{Map, Value, json};

/// The client of one service, of these functions.
fn of_functions(offers: &[Value]) -> String {
    let parts = vec![Part { service: "shop", document: functions("/rpc/shop", offers), mount: None }];
    let about = About { project: "shop", title: None, version: None };
    client(&merge(parts, about, |_| Owner::Server).document)
}

#[test]
fn what_is_different_is_told_by_operation() {
    let item = |fields: Value, required: Value| {
        let item = json!({ "type": "object", "description": "What is sold.", "properties": fields, "required": required });
        json!({ "$ref": "#/$defs/Item", "$defs": { "Item": item } })
    };
    let offer = |name: &str, params: Value, result: Value| json!({ "name": name, "doc": "Words.", "params": { "type": "object", "properties": params, "required": ["a"] }, "result": result });
    let (number, text) = (|| json!({ "type": "integer" }), || json!({ "type": "string" }));
    let one = || item(json!({ "id": number(), "note": text() }), json!(["id"]));
    let two = || item(json!({ "id": number(), "more": text() }), json!(["id", "more"]));
    let was = [
        offer("gone", json!({}), number()),
        offer("item", json!({}), one()),
        offer("kept", json!({ "a": number() }), number()),
        offer("moved", json!({ "a": number(), "b": text() }), number()),
    ];
    let mut kept = was[2].clone();
    kept["doc"] = json!("Other words.\n\n* of a list");
    let now = [
        offer("came", json!({}), number()),
        offer("item", json!({}), two()),
        kept,
        offer("moved", json!({ "a": text(), "b": text() }), number()),
    ];
    let expect = [
        (true, "shop.gone: it is gone"),
        (true, "shop.item: type `Item`: `note?: string` is gone"),
        (false, "shop.item: type `Item`: `more: string` is new"),
        (true, "shop.moved: parameter `a` was `number` and is `string`"),
        (false, "shop.came: it is new"),
    ];
    assert_eq!(told(&was, &now), expect.map(|(breaks, message)| (breaks, message.to_owned())));
    assert_eq!(told(&was, &was), []);
    // A field that is new breaks those alone who have to give it.
    let wider = item(json!({ "id": number(), "note": text(), "more": text() }), json!(["id", "more"]));
    let (answers, takes) = (
        |of| [offer("f", json!({}), of)],
        |of: Value| {
            let mut takes = offer("f", json!({ "a": { "$ref": "#/$defs/Item" } }), json!({ "type": "null" }));
            takes["params"]["$defs"] = of["$defs"].clone();
            [takes]
        },
    );
    let said = "shop.f: type `Item`: `more: string` is new".to_owned();
    assert_eq!(told(&answers(one()), &answers(wider.clone())), [(false, said.clone())]);
    assert_eq!(told(&takes(one()), &takes(wider)), [(true, said)]);
}

/// The differences of the clients of two offers, and which of them break callers.
fn told(was: &[Value], now: &[Value]) -> Vec<(bool, String)> {
    let all = differences(&of_functions(was), &of_functions(now)).expect("clients");
    all.into_iter().map(|one| (one.breaks, format!("{}: {}", one.operation, one.message))).collect()
}

/// A function `f` of these parameters, `a` among them required, and this result.
fn function(params: Value, result: Value) -> [Value; 1] {
    let params = json!({ "type": "object", "properties": params, "required": ["a"] });
    [json!({ "name": "f", "params": params, "result": result })]
}

fn check(was: &[Value], now: &[Value], expect: &[(bool, &str)]) {
    let expect: Vec<(bool, String)> =
        expect.iter().map(|(breaks, message)| (*breaks, format!("shop.f: {message}"))).collect();
    assert_eq!(told(was, now), expect);
}

#[test]
fn what_callers_can_live_with_is_not_breaking() {
    let (number, text) = (|| json!({ "type": "integer" }), || json!({ "type": "string" }));
    let nothing = || json!({ "type": "null" });
    let was = function(json!({ "a": number(), "b": text() }), nothing());
    let now = function(json!({ "a": number(), "b": text(), "c": text() }), nothing());
    check(&was, &now, &[(false, "parameter `c?: string` is new")]);
    check(&now, &was, &[(true, "parameter `c?: string` is gone")]);
    check(&was, &function(json!({ "b": text(), "a": number() }), nothing()), &[]);
    let mut optional = was.clone();
    optional[0]["params"]["required"] = json!([]);
    check(&was, &optional, &[(false, "parameter `a` may be left out now")]);
    check(&optional, &was, &[(true, "parameter `a` is required now")]);
    let maybe = json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] });
    let maybe = function(json!({ "a": maybe, "b": text() }), nothing());
    check(&was, &maybe, &[(false, "parameter `a` was `number` and is `number | null`")]);
    check(&maybe, &was, &[(true, "parameter `a` was `number | null` and is `number`")]);

    let of = |required: Value, kinds: Value| {
        let fields = json!({ "id": number(), "note": text(), "kind": { "enum": kinds } });
        let item = json!({ "type": "object", "properties": fields, "required": required });
        function(json!({ "a": number() }), json!({ "$ref": "#/$defs/Item", "$defs": { "Item": item } }))
    };
    let (was, now) = (of(json!(["id"]), json!(["x"])), of(json!(["id", "note"]), json!(["x"])));
    check(&was, &now, &[(false, "type `Item`: `note` is always there now")]);
    check(&now, &was, &[(true, "type `Item`: `note` may be missing now")]);
    let more = of(json!(["id"]), json!(["x", "y"]));
    check(&was, &more, &[(true, "type `Item`: `kind` was `\"x\"` and is `\"x\" | \"y\"`")]);
    check(&more, &was, &[(false, "type `Item`: `kind` was `\"x\" | \"y\"` and is `\"x\"`")]);
}

#[test]
fn what_errors_carry_is_compared() {
    let data = |name: &str| json!({ "type": "object", "properties": { name: { "type": "integer" } }, "required": [name] });
    let of = |errors: Value| {
        let mut offers = function(json!({ "a": { "type": "integer" } }), json!({}));
        offers[0]["errors"] = errors;
        offers
    };
    let was = of(json!([{ "type": "OutOfStock", "data": data("left") }, { "type": "Busy" }]));
    let now = of(json!([{ "type": "OutOfStock", "data": data("missing") }]));
    let expect = [
        (true, "it does not say any more that it throws Busy, and nothing else does"),
        (true, "data of OutOfStock: `left: number` is gone"),
        (false, "data of OutOfStock: `missing: number` is new"),
    ];
    check(&was, &now, &expect);
    let mut may_be_missing = data("left");
    may_be_missing["required"] = json!([]);
    let expect = [
        (true, "data of OutOfStock: `left` may be missing now"),
        (true, "data of OutOfStock was `{ left: number }` and is `{ left?: number } | undefined`"),
        (false, "it says that it throws Busy"),
    ];
    let now = of(json!([{ "type": "OutOfStock", "data": may_be_missing }, { "type": "Busy" }]));
    check(&of(json!([{ "type": "OutOfStock", "data": data("left") }])), &now, &expect);
}

#[test]
fn fields_are_those_of_the_object_they_are_in() {
    let address = |fax: bool| {
        let names =
            ["street_and_number", "postal_code_and_town", "country_by_its_code", "fax_number_of_office"];
        let names = names.into_iter().take(if fax { 4 } else { 3 });
        let fields: Map<String, Value> = names
            .map(|name| (name.to_owned(), json!({ "type": "string", "description": "Words." })))
            .collect();
        json!({ "type": "object", "properties": fields })
    };
    let of = |fax: bool| {
        let ship = json!({ "type": "object", "properties": { "from_address": address(fax), "to_address": address(true) } });
        function(json!({ "a": {} }), json!({ "$ref": "#/$defs/Ship", "$defs": { "Ship": ship } }))
    };
    check(
        &of(true),
        &of(false),
        &[(true, "type `Ship`: `from_address.fax_number_of_office?: string` is gone")],
    );
    check(
        &of(false),
        &of(true),
        &[(false, "type `Ship`: `from_address.fax_number_of_office?: string` is new")],
    );
}

#[test]
fn names_of_types_are_what_callers_import() {
    let of = |name: &str| {
        let item =
            json!({ "type": "object", "properties": { "next": { "$ref": format!("#/$defs/{name}") } } });
        function(json!({ "a": {} }), json!({ "$ref": format!("#/$defs/{name}"), "$defs": { name: item } }))
    };
    check(&of("Item"), &of("Article"), &[(true, "type `Item` is called `Article` now")]);
    // What is given has a default now, and what is returned has it always: who wrote `Item` of what is given has too few fields.
    let both = |given: Value, returned: Value| {
        let item = |required| json!({ "Item": { "type": "object", "properties": { "id": {}, "size": {} }, "required": required } });
        let to = json!({ "$ref": "#/$defs/Item" });
        let mut offers = function(json!({ "a": to }), to.clone());
        (offers[0]["params"]["$defs"], offers[0]["result"]["$defs"]) = (item(given), item(returned));
        offers
    };
    let (was, now) = (both(json!(["id"]), json!(["id"])), both(json!(["id"]), json!(["id", "size"])));
    let expect =
        [(false, "type `Item`: `size` is always there now"), (true, "where `Item` was is `ItemInput` now")];
    check(&was, &now, &expect);
    // One type both ways: what is new and required in it has to be given.
    let now = both(json!(["id", "size"]), json!(["id", "size"]));
    let plain = both(json!(["id"]), json!(["id"]));
    let expect =
        [(false, "type `Item`: `size` is always there now"), (true, "type `Item`: `size` is required now")];
    check(&plain, &now, &expect);
    let more = |fields: Value| {
        let item = json!({ "Item": { "type": "object", "properties": fields, "required": ["id", "more"] } });
        let to = json!({ "$ref": "#/$defs/Item" });
        let mut offers = function(json!({ "a": to }), to.clone());
        (offers[0]["params"]["$defs"], offers[0]["result"]["$defs"]) = (item.clone(), item);
        offers
    };
    let (few, many) = (more(json!({ "id": {} })), more(json!({ "id": {}, "more": {} })));
    check(&few, &many, &[(true, "type `Item`: `more: unknown` is new")]);
    assert_eq!(differences("export {};", &of_functions(&was)), None, "that was no client");
    let arrays = |of: String, count| format!("{of}{}", "[]".repeat(count));
    let wrapped = |of: String, _| format!("({})", arrays(of, 100));
    for (of, is_read) in [
        (arrays("A".to_owned(), 200), true),
        (arrays("A".to_owned(), 100_000), false),
        ((0..100).fold("A".to_owned(), wrapped), false),
        ((0..100).fold("A".to_owned(), |of, _| format!("{{ a: {} }}", arrays(of, 100))), false),
    ] {
        let text = of_functions(&was).replace("id: unknown", &format!("id: {of}"));
        assert_eq!(differences(&text, &of_functions(&was)).is_some(), is_read);
    }
}

#[test]
fn types_that_lead_to_themselves_are_compared() {
    let of = |kind: &str| {
        let all = json!({ "A": { "allOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/A" }] }, "B": { "$ref": "#/$defs/B" },
            "C": { "anyOf": [{ "type": kind }, { "type": "array", "items": { "$ref": "#/$defs/C" } }] } });
        let refs: Vec<Value> =
            ["A", "B", "C"].iter().map(|name| json!({ "$ref": format!("#/$defs/{name}") })).collect();
        function(
            json!({ "a": {} }),
            json!({ "type": "array", "prefixItems": refs, "items": false, "$defs": all }),
        )
    };
    check(&of("string"), &of("string"), &[]);
    let said = "type `C` was `string | C[]` and is `number | C[]`";
    check(&of("string"), &of("number"), &[(true, said)]);
}

/// All that a client may have, and none of it different.
#[test]
fn what_is_written_is_read() {
    let text = include_str!("snapshots/client__a_function_for_each_operation.snap");
    let now = text.replace("/items/${http.segment(args.item_id)}", "/things/${http.segment(args.item_id)}");
    let now = now.replace("[[\"fields\", args.fields, \"comma\"]]", "[[\"fields\", args.fields]]");
    assert_eq!(differences(text, text), Some(Vec::new()));
    let all: Vec<String> =
        differences(text, &now).expect("clients").into_iter().map(|one| one.message).collect();
    let expect = [
        "its request was `DELETE /items/{}` and is `DELETE /things/{}`",
        "its request was `GET /items/{}` and is `GET /things/{}`",
        "`args.fields` was \"fields\" of the query, \"comma\" and is \"fields\" of the query",
    ];
    assert_eq!(all, expect);
}
