//! Types with a name, which functions bring one by one: what is one component, and what is two.

use diglot_openapi::{Part, functions};
use serde_json::{Value, json};

use super::{merge, part, routes, said};

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

#[test]
fn values_that_are_listed_are_one_type_whether_or_not_that_is_said() {
    let told = json!({ "enum": ["a", "b"], "type": "string" });
    let offers = [offer("one", "returns", &told), offer("other", "takes", &json!({ "enum": ["b", "a"] }))];
    assert_eq!(names(&offers), ["Thing"]);
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

/// A framework's `Thing`, of a route that takes and returns it, beside functions of the same service.
fn beside(thing: &Value, offers: &[Value]) -> Value {
    let body =
        json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } });
    let own = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
        "paths": { "/things": { "post": { "requestBody": body, "responses": { "200": body } } } },
        "components": { "schemas": { "Thing": thing } } });
    let functions = Part { service: "web", document: functions("/rpc/web", offers), mount: None };
    let merged = merge(vec![part("web", own), functions], routes(&[("/", "web"), ("/rpc", "")]));
    assert_eq!(said(&merged), [""; 0]);
    merged.document
}

/// Where functions return and take a type, as `{"$ref": …}`.
fn returned<'d>(document: &'d Value, function: &str) -> &'d Value {
    &document["paths"][format!("/rpc/web/{function}")]["post"]["responses"]["200"]["content"]["application/json"]
        ["schema"]["$ref"]
}

fn given<'d>(document: &'d Value, function: &str) -> &'d Value {
    let path = format!("/rpc/web/{function}");
    let body = &document["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"];
    &body["properties"]["thing"]["$ref"]
}

/// Those that the tests are about.
fn components_of(document: &Value) -> Vec<&str> {
    let schemas = document["components"]["schemas"].as_object().expect("schemas");
    schemas.keys().map(String::as_str).filter(|name| name.starts_with("Thing")).collect()
}

/// A type that is the same, but for what it leads to.
#[test]
fn types_that_lead_to_others_of_functions_are_others() {
    let of_part = |required: &[&str], size: &str| json!({ "type": "object", "properties": { "size": { "type": size } }, "required": required });
    let whole = |to: &str| json!({ "type": "object", "properties": { "part": { "$ref": format!("{to}ThingPart") } } });
    let of = |name: &str, way: &str, part: Value| {
        let mut offer = offer(name, way, &whole("#/$defs/"));
        let schema = if way == "takes" { "params" } else { "result" };
        offer[schema]["$defs"]["ThingPart"] = part;
        offer
    };
    let own = whole("#/components/schemas/");
    let document = |own_part: Value, offers: &[Value]| {
        let body = json!({ "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Thing" } } } });
        let described = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
            "paths": { "/things": { "post": { "requestBody": body, "responses": { "200": body } } } },
            "components": { "schemas": { "Thing": own, "ThingPart": own_part } } });
        let functions = Part { service: "web", document: functions("/rpc/web", offers), mount: None };
        let merged = merge(vec![part("web", described), functions], routes(&[("/", "web"), ("/rpc", "")]));
        assert_eq!(said(&merged), [""; 0]);
        merged.document
    };
    let load = of("load", "returns", of_part(&["size"], "integer"));
    let one = document(of_part(&[], "integer"), std::slice::from_ref(&load));
    assert_eq!(components_of(&one), ["Thing", "ThingPart", "ThingOutput", "ThingPartOutput"]);
    assert_eq!(returned(&one, "load"), "#/components/schemas/ThingOutput");
    let save = of("save", "takes", of_part(&[], "integer"));
    let both = document(of_part(&[], "integer"), &[save.clone(), load.clone()]);
    assert_eq!(given(&both, "save"), "#/components/schemas/Thing");
    assert_eq!(returned(&both, "load"), "#/components/schemas/ThingOutput");
    // The framework has another part altogether.
    let other = document(of_part(&[], "string"), &[save, load]);
    assert_eq!(given(&other, "save"), "#/components/schemas/ThingInput");
    assert_eq!(returned(&other, "load"), "#/components/schemas/ThingOutput");
}

#[test]
fn types_of_a_framework_keep_their_names_beside_functions() {
    let of = |required: &[&str]| {
        let properties = json!({ "id": { "type": "integer" }, "of": { "$ref": "#/$defs/Thing" } });
        json!({ "type": "object", "properties": properties, "required": required })
    };
    let own = |required: &[&str]| {
        let mut own = of(required);
        own["properties"]["of"]["$ref"] = json!("#/components/schemas/Thing");
        own
    };
    let (some, all) = (of(&["id"]), of(&["id", "of"]));
    // The framework has one, which is as it is given.
    let document = beside(&own(&["id"]), &[offer("save", "takes", &some), offer("load", "returns", &all)]);
    assert_eq!(document["components"]["schemas"]["Thing"], own(&["id"]));
    assert_eq!(given(&document, "save"), "#/components/schemas/Thing");
    assert_eq!(returned(&document, "load"), "#/components/schemas/ThingOutput");
    let output = &document["components"]["schemas"]["ThingOutput"];
    assert_eq!(output["properties"]["of"]["$ref"], "#/components/schemas/ThingOutput");
    // Whichever order it has.
    let document = beside(
        &own(&["of", "id"]),
        &[offer("save", "takes", &of(&["id", "of"])), offer("load", "returns", &all)],
    );
    assert_eq!(components_of(&document), ["Thing"]);
    // One that goes one way alone, and one that is another both ways.
    let document = beside(&own(&["id"]), &[offer("load", "returns", &all)]);
    assert_eq!(returned(&document, "load"), "#/components/schemas/ThingOutput");
    let document = beside(&own(&["id"]), &[offer("save", "takes", &all)]);
    assert_eq!(given(&document, "save"), "#/components/schemas/ThingInput");
    let document = beside(&own(&["id"]), &[offer("save", "takes", &all), offer("load", "returns", &all)]);
    assert_eq!(given(&document, "save"), "#/components/schemas/Thing_2");
    assert_eq!(returned(&document, "load"), given(&document, "save"));
    assert_eq!(document["components"]["schemas"]["Thing"], own(&["id"]));
}
