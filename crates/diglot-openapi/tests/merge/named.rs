//! Types with a name, which functions bring one by one: what is one component, and what is two.

use diglot_openapi::functions;
use serde_json::{Value, json};

/// An offer of a function that takes the one, or returns it, by the name `Thing`.
fn offer(name: &str, way: &str, thing: &Value) -> Value {
    let of = json!({ "$ref": "#/$defs/Thing" });
    let types = json!({ "Thing": thing });
    match way {
        "takes" => {
            json!({ "name": name, "params": { "type": "object", "required": ["thing"], "properties": { "thing": of }, "$defs": types } })
        }
        _ => {
            json!({ "name": name, "params": { "type": "object" }, "result": { "$ref": "#/$defs/Thing", "$defs": types } })
        }
    }
}

fn components(offers: &[Value]) -> Value {
    let mut schemas = functions("/rpc/web", offers)["components"]["schemas"].take();
    schemas.as_object_mut().expect("schemas").retain(|name, _| name.starts_with("Thing"));
    schemas
}

fn names(offers: &[Value]) -> Vec<String> {
    components(offers).as_object().expect("schemas").keys().cloned().collect()
}

#[test]
fn the_order_of_fields_makes_no_other_type() {
    let thing = |fields: [&str; 2]| {
        let [a, b] = fields.map(|name| (name.to_owned(), json!({ "type": "integer" })));
        let properties: Value = [a, b].into_iter().collect();
        json!({ "type": "object", "properties": properties, "required": fields })
    };
    let offers =
        [offer("one", "returns", &thing(["id", "size"])), offer("other", "returns", &thing(["size", "id"]))];
    assert_eq!(names(&offers), ["Thing"]);
    let offers = [
        offer("one", "returns", &thing(["id", "size"])),
        offer("other", "returns", &thing(["id", "length"])),
    ];
    assert_eq!(names(&offers).len(), 2);
}

/// zod says of each object that it returns that it has no further fields, and takes objects that have some.
#[test]
fn what_is_closed_only_where_it_is_returned_is_one_type_and_open() {
    let properties = json!({ "id": { "type": "number" }, "of": { "$ref": "#/$defs/Thing" } });
    let open = json!({ "type": "object", "properties": properties, "required": ["id"] });
    let mut closed = open.clone();
    closed["additionalProperties"] = false.into();
    let one = components(&[offer("save", "takes", &open), offer("load", "returns", &closed)]);
    assert_eq!(one["Thing"]["additionalProperties"], Value::Null, "{one}");
    assert_eq!(one.as_object().map(serde_json::Map::len), Some(1), "{one}");
    // Less is asked of what is given than what is returned has: these are two.
    let mut less = open;
    less["required"] = json!([]);
    let offers = [offer("save", "takes", &less), offer("load", "returns", &closed)];
    assert_eq!(names(&offers), ["Thing", "ThingInput"]);
}
