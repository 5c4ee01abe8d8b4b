//! Types that are given and types that are returned: of one name they may be two.

use diglot_types::{Offers, compare, python, typescript};
use serde_json::{Value, json};

/// An `Item` in whose fields a tag is, of which these are always there.
fn item(required: &[&str], of_tag: &[&str]) -> Value {
    json!({
        "Item": {
            "type": "object",
            "properties": { "id": { "type": "integer" }, "tag": { "$ref": "#/$defs/Tag" } },
            "required": required,
        },
        "Tag": { "type": "object", "properties": { "text": { "type": "string" } }, "required": of_tag },
    })
}

fn takes(name: &str, types: &Value) -> Value {
    let items = json!({ "type": "array", "items": { "$ref": "#/$defs/Item" } });
    let of = json!({ "item": { "$ref": "#/$defs/Item" }, "items": items });
    json!({ "name": name, "params": { "type": "object", "properties": of, "required": ["item"], "$defs": types },
            "result": { "type": "null", "x-diglot": "undefined" }, "file": "f.py" })
}

fn returns(name: &str, types: &Value) -> Value {
    json!({ "name": name, "params": { "type": "object", "properties": {} },
            "result": { "$ref": "#/$defs/Item", "$defs": types }, "file": "f.py" })
}

fn offers(services: Value) -> Offers {
    Offers::read(&services).expect("offers")
}

fn declared(offers: &Offers) -> String {
    typescript(offers, "./diglot-package.d.ts")
}

/// The names of the interfaces that are written.
fn interfaces(offers: &Offers) -> Vec<String> {
    let text = declared(offers);
    let names = text.lines().filter_map(|line| line.strip_prefix("export interface "));
    names.map(|line| line.trim_end_matches(" {").to_owned()).collect()
}

#[test]
fn what_is_the_same_both_ways_is_one_type() {
    let types = item(&["id"], &["text"]);
    let both = offers(json!({ "model": [takes("save", &types), returns("load", &types)] }));
    assert_eq!(interfaces(&both), ["Item", "Tag"]);
    // A name that is only given is its own, whatever may be left out.
    let given = offers(json!({ "model": [takes("save", &types)] }));
    assert_eq!(interfaces(&given), ["Item", "Tag"]);
}

#[test]
fn where_less_may_be_given_than_is_returned_there_are_two() {
    let both = offers(json!({ "model": [
        takes("save", &item(&["id"], &[])),
        returns("load", &item(&["id", "tag"], &["text"])),
    ] }));
    let text = declared(&both);
    for said in [
        "save(args: { item: ItemInput; items?: ItemInput[] }",
        "load(args?: Record<string, never>, options?: CallOptions): Call<Item>;",
        "export interface Item {\n  id: number;\n  tag: Tag;\n}",
        "export interface ItemInput {\n  id: number;\n  tag?: TagInput;\n}",
        "export interface Tag {\n  text: string;\n}",
        "export interface TagInput {\n  text?: string;\n}",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    let text = python(&both);
    for said in [
        "item: Item | ItemInput, items: Sequence[Item | ItemInput] = ...",
        "def load(self) -> Item:",
        "class Item(TypedDict):\n    id: int\n    tag: Tag\n",
        "class ItemInput(_ItemInputRequired, total=False):\n    tag: Tag | TagInput\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn the_order_of_choices_makes_no_other_type() {
    let of = |choices: Value| {
        let mut types = item(&["id"], &[]);
        types["Tag"]["properties"]["text"] = choices;
        types
    };
    let pairs = [
        [json!({ "enum": ["a", "b"] }), json!({ "enum": ["b", "a"] })],
        [
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "anyOf": [{ "type": "null" }, { "type": "string" }] }),
        ],
    ];
    for [one, other] in pairs {
        let both = json!({ "model": [returns("load", &of(one))], "web": [returns("load", &of(other))] });
        assert_eq!(interfaces(&offers(both)), ["Item", "Tag"]);
    }
}

/// An error carries what JSON has of a type: that is neither what is returned nor what is given.
#[test]
fn what_an_error_carries_takes_no_name_from_others() {
    let carried = json!({ "Tag": { "type": "object", "properties": { "text": { "type": "string" }, "at": {} }, "required": ["at"] } });
    let data =
        json!({ "type": "object", "properties": { "tag": { "$ref": "#/$defs/Tag" } }, "$defs": carried });
    let mut save = takes("save", &item(&["id"], &[]));
    save["errors"] = json!([{ "type": "Sold", "data": data }]);
    let all = offers(json!({ "model": [save.clone(), returns("load", &item(&["id"], &["text"]))] }));
    assert_eq!(
        interfaces(&all),
        ["Item", "ItemInput", "Sold extends RemoteError", "Tag", "TagData", "TagInput"]
    );
    assert!(declared(&all).contains("data: { tag?: TagData };"), "{}", declared(&all));
    // What another service returns alike is no reason to call it what is given.
    let mut own = returns("load", &item(&["id"], &["text"]));
    let as_json = json!({ "Item": { "type": "object", "properties": { "at": {} }, "required": ["at"] } });
    let data =
        json!({ "type": "object", "properties": { "item": { "$ref": "#/$defs/Item" } }, "$defs": as_json });
    own["errors"] = json!([{ "type": "Gone", "data": data }]);
    let mut alike = returns("load", &as_json);
    alike["name"] = json!("like");
    let two = offers(json!({ "web": [own], "model": [alike] }));
    assert_eq!(interfaces(&two), ["Gone extends RemoteError", "ModelItem", "Tag", "WebItem", "WebItem2"]);
    // Where nothing else has the name it is its own.
    save["params"] = json!({ "type": "object" });
    let alone = offers(json!({ "model": [save] }));
    assert_eq!(interfaces(&alone), ["Sold extends RemoteError", "Tag"]);
}

/// What is returned can be given where all that is asked is there.
#[test]
fn what_is_returned_is_no_input_where_it_does_not_fit() {
    let mut other = item(&["id"], &[]);
    other["Item"]["properties"]["id"] = json!({ "type": "string" });
    let both = offers(json!({ "model": [takes("save", &other), returns("load", &item(&["id"], &[]))] }));
    let text = python(&both);
    assert!(text.contains("item: ItemInput, items: list[ItemInput] = ..."), "{text}");
}

#[test]
fn names_of_what_is_given_take_no_name_from_others() {
    let (some, all) = (item(&["id"], &["text"]), item(&["id", "tag"], &["text"]));
    let mut own = returns("own", &json!({ "ItemInput": { "type": "object", "properties": { "a": {} } } }));
    own["result"]["$ref"] = json!("#/$defs/ItemInput");
    let taken = offers(json!({ "model": [takes("save", &some), returns("load", &all), own] }));
    assert_eq!(interfaces(&taken), ["Item", "ItemInput", "ItemInput2", "Tag"]);
    // Who takes the same in another service takes it by that name, whether or not the first one takes it.
    let passed = offers(
        json!({ "model": [takes("save", &some), returns("load", &all)], "web": [takes("render", &some)] }),
    );
    assert_eq!(interfaces(&passed), ["Item", "ItemInput", "Tag"]);
    let between = offers(json!({ "model": [returns("load", &all)], "web": [takes("render", &some)] }));
    assert_eq!(interfaces(&between), ["Item", "ItemInput", "Tag"]);
    let module = python(&between);
    assert!(module.contains("def render(self, *, item: Item | ItemInput, "), "{module}");
    // What takes none of it is another type, and has its service's name.
    let mut strange = item(&["id"], &["text"]);
    strange["Item"]["properties"]["id"] = json!({ "type": "string" });
    let others = offers(json!({ "model": [returns("load", &all)], "web": [takes("render", &strange)] }));
    assert_eq!(interfaces(&others), ["ModelItem", "Tag", "WebItem"]);
    // Two return what a third takes, each in its way.
    let mut more = item(&["id"], &["text"]);
    more["Item"]["properties"]["size"] = json!({ "type": "integer" });
    let third = offers(json!({
        "model": [returns("load", &all)], "shop": [returns("find", &more)], "web": [takes("render", &some)],
    }));
    let module = python(&third);
    assert!(module.contains("def render(self, *, item: ModelItem | ShopItem | ItemInput, "), "{module}");
    let text = declared(&offers(json!({
        "model": [takes("save", &some), returns("load", &all)],
        "web": [takes("save", &item(&[], &["text"])), returns("load", &all)],
    })));
    assert!(
        text.contains("interface ModelItemInput {") && text.contains("interface WebItemInput {"),
        "{text}"
    );
    assert!(text.contains("interface Item {"), "{text}");
}

#[test]
fn another_order_of_fields_is_no_other_type() {
    let one = json!({ "Item": { "type": "object", "properties": { "id": { "type": "integer" }, "name": { "type": "string" } }, "required": ["id", "name"] } });
    let other = json!({ "Item": { "type": "object", "properties": { "name": { "type": "string" }, "id": { "type": "integer" } }, "required": ["name", "id"] } });
    let was = offers(json!({ "model": [returns("load", &one)], "web": [takes("render", &one)] }));
    let now = offers(json!({ "model": [returns("load", &other)], "web": [takes("render", &one)] }));
    assert_eq!(interfaces(&now), ["Item"]);
    let said = compare(&was, &now);
    assert!(said.iter().all(|change| !change.breaks), "{said:?}");
    assert!(
        declared(&now).contains("export interface Item {\n  name: string;\n  id: number;\n}"),
        "{}",
        declared(&now)
    );
}

#[test]
fn a_field_with_a_default_is_new_and_breaks_those_alone_who_name_what_they_give() {
    let with = |fields: &[&str], required: &[&str], is_given: bool| {
        let properties: serde_json::Map<String, Value> =
            fields.iter().map(|name| ((*name).to_owned(), json!({ "type": "integer" }))).collect();
        let types = json!({ "Item": { "type": "object", "properties": properties, "required": required } });
        if is_given { takes("save", &types) } else { returns("load", &types) }
    };
    let project = |given: Value, returned: Value| offers(json!({ "model": [given, returned] }));
    let was = project(with(&["id"], &["id"], true), with(&["id"], &["id"], false));
    let now = project(with(&["id", "size"], &["id"], true), with(&["id", "size"], &["id", "size"], false));
    let said: Vec<String> = compare(&was, &now).iter().map(ToString::to_string).collect();
    let breaking: Vec<_> = compare(&was, &now).into_iter().filter(|change| change.breaks).collect();
    assert_eq!(breaking.len(), 1, "{said:?}");
    let expect = [
        "model.save: what is given is called `ItemInput` now: `Item` is what is returned (f.py)",
        "model.load: result.size is new: integer (f.py)",
        "model.save: parameter `item.size` is new and optional: integer (f.py)",
        "model.save: parameter `items[].size` is new and optional: integer (f.py)",
    ];
    assert_eq!(said, expect);
    // Who may leave it out where it was required is told so, and nobody else is.
    let required =
        project(with(&["id", "size"], &["id", "size"], true), with(&["id", "size"], &["id", "size"], false));
    let said: Vec<_> =
        compare(&required, &now).into_iter().map(|change| (change.breaks, change.message)).collect();
    assert_eq!(said[0], (false, "parameter `item.size` may be left out now".to_owned()));
    assert!(said.iter().all(|(_, message)| message.starts_with("parameter")), "{said:?}");
}
