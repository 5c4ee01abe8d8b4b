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
        "item: Item | ItemInput, items: list[Item] | list[ItemInput] = ...",
        "def load(self) -> Item:",
        "class Item(TypedDict):\n    id: int\n    tag: Tag\n",
        "class ItemInput(_ItemInputRequired, total=False):\n    tag: Tag | TagInput\n",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
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
    // Who takes the same in another service takes it by that name; what is another type there has the service's.
    let passed = offers(
        json!({ "model": [takes("save", &some), returns("load", &all)], "web": [takes("render", &some)] }),
    );
    assert_eq!(interfaces(&passed), ["Item", "ItemInput", "Tag"]);
    let others = offers(json!({ "model": [returns("load", &all)], "web": [takes("render", &some)] }));
    assert_eq!(interfaces(&others), ["ModelItem", "Tag", "WebItem"]);
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
fn a_field_with_a_default_is_new_and_breaks_nobody() {
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
    assert!(compare(&was, &now).iter().all(|change| !change.breaks), "{said:?}");
    let expect = [
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
