//! What a worker that is not trusted may offer: none of it becomes more than a name, a type or a comment.

use diglot_types::{Offers, compare, python, typescript};
use serde_json::{Value, json};

fn written(services: &Value) -> (String, String) {
    let offers = Offers::read(services).expect("offers");
    (typescript(&offers, "./diglot-package.d.ts"), python(&offers))
}

/// Of a service `model` with one function.
fn of_function(function: &Value) -> (String, String) {
    let mut offer = json!({ "name": "f", "params": { "type": "object", "properties": {} }, "file": "f.py" });
    offer.as_object_mut().expect("an object").extend(function.as_object().expect("an object").clone());
    written(&json!({ "model": [offer] }))
}

fn params(names: &[&str]) -> Value {
    let properties: serde_json::Map<String, Value> =
        names.iter().map(|name| ((*name).to_owned(), json!({ "type": "integer" }))).collect();
    json!({ "params": { "type": "object", "properties": properties } })
}

#[test]
fn nothing_is_executed() {
    const EVIL: &str = "Any]'\nimport os\nos.system('x')\n#";
    let array = json!({ "type": "array", "x-diglot": "array", "dtype": EVIL });
    let big = json!({ "type": "integer", "x-diglot": "bigint", "const": EVIL });
    let number = json!({ "type": "integer", "x-diglot": "bigint", "enum": [1.5, 7, "08", "-9"] });
    for result in [array, big, number] {
        let named = json!({ "$ref": "#/$defs/T", "$defs": { "T": result } });
        let (typescript, python) = of_function(&json!({ "result": named }));
        assert!(!typescript.contains("import os") && !python.contains("import os"), "{python}");
        assert!(!typescript.contains("08") && !python.contains("1.5"), "{python}");
    }
}

#[test]
fn types_that_lead_far_and_limits_of_no_sense_are_compared() {
    let link = |at: usize| {
        let next = json!({ "$ref": format!("#/$defs/T{}", at + 1), "minProperties": 1 });
        (format!("T{at}"), json!({ "type": "object", "properties": { "next": next } }))
    };
    let chain: serde_json::Map<String, Value> = (0..400).map(link).collect();
    let senseless = json!({
        "minimum": "a", "exclusiveMinimum": true, "maximum": i64::MIN, "exclusiveMaximum": i64::MIN, "multipleOf": 0,
        "minLength": -1, "maxItems": 1.5, "pattern": "(", "uniqueItems": 3, "shape": ["x", -1], "minProperties": u64::MAX,
    });
    let of_kind = |kind: &str| {
        let mut of = senseless.clone();
        of["type"] = kind.into();
        of
    };
    let of_array = json!({ "type": "array", "x-diglot": "array", "shape": ["x", -1, u64::MAX] });
    let all: Vec<Value> =
        ["integer", "number", "string", "array", "object"].map(of_kind).into_iter().collect();
    let offers = |result: &Value| {
        let params = json!({ "type": "object", "properties": { "of": result } });
        Offers::read(&json!({ "model": [{ "name": "f", "params": params, "result": result }] }))
            .expect("offers")
    };
    for of in all.iter().chain([&senseless, &of_array]) {
        assert_eq!(compare(&offers(of), &offers(of)), [], "{of}");
        compare(&offers(of), &offers(&json!({ "type": "integer", "minimum": 1 })));
        compare(&offers(&json!({ "anyOf": all })), &offers(of));
    }
    let far = offers(&json!({ "$ref": "#/$defs/T0", "$defs": chain }));
    assert!(compare(&far, &far).iter().all(|change| change.breaks), "what is too deep counts as different");
}

#[test]
fn comments_stay_comments() {
    let doc = "a\u{0}b \u{7} \\ */ \"\"\" \"\nimport os \"\"\"";
    let (typescript, python) = of_function(&json!({ "doc": doc }));
    assert!(!typescript.contains('\u{0}') && !python.contains('\u{0}'), "{python}");
    assert!(python.contains(r#""""a\x00b \x07 \\ */ \"\"\" \""#), "{python}");
    assert!(python.contains("import os \\\"\\\"\\\"\n"), "{python}");
    assert!(typescript.contains("*\\/ "), "{typescript}");
    let (_, python) = of_function(&json!({ "doc": "say \\\"\"" }));
    assert!(python.contains(r#""""say \\\"\"""""#), "{python}");
}

#[test]
fn parameters_that_python_cannot_name_are_given_all_the_same() {
    let head = |names: &[&str]| -> String {
        let (_, python) = of_function(&params(names));
        python.lines().find(|line| line.contains("def f(")).expect("the function").trim().to_owned()
    };
    assert_eq!(head(&["self"]), "def f(self, /, **others: Any) -> Any: ...");
    assert_eq!(head(&["a", "self"]), "def f(self, /, *, a: int = ..., **others: Any) -> Any: ...");
    assert_eq!(head(&["from", "others"]), "def f(self, *, others: int = ..., **others_: Any) -> Any: ...");
    assert_eq!(head(&["__debug__", "__x"]), "def f(self, **others: Any) -> Any: ...");
}

#[test]
fn types_are_not_called_what_something_else_is() {
    for name in ["enum", "never", "undefined", "null", "Iterator", "NoReturn", "cast", "builtins", "keyof"] {
        let of = json!({ "type": "object", "properties": { "a": { "type": "integer" } } });
        let (typescript, python) =
            of_function(&json!({ "result": { "$ref": format!("#/$defs/{name}"), "$defs": { name: of } } }));
        assert!(typescript.contains(&format!("export interface {name}_ {{")), "{typescript}");
        assert!(python.contains(&format!("class {name}_(TypedDict")), "{python}");
    }
    // Parts of a class that a type is called like; a field that stands for a class's own; one that hides an import.
    let item = json!({
        "type": "object",
        "properties": { "a": { "type": "integer" }, "b": { "type": "integer" }, "__c": { "type": "integer" } },
        "required": ["a", "__c"],
    });
    let plain = json!({ "type": "object", "properties": { "Any": {} }, "required": ["Any"] });
    let (_, python) = of_function(&json!({ "result": {
        "type": "array",
        "prefixItems": [{ "$ref": "#/$defs/Item" }, { "$ref": "#/$defs/_ItemRequired" }],
        "$defs": { "Item": item, "_ItemRequired": plain },
    } }));
    assert!(python.contains("_ItemRequired_ = TypedDict(\"_ItemRequired_\", {"), "{python}");
    assert!(python.contains("class Item(_ItemRequired_, total=False):"), "{python}");
    assert!(python.contains("_ItemRequired = TypedDict(\"_ItemRequired\", {\"Any\": 'Any'})"), "{python}");
}

#[test]
fn services_of_nearly_one_name_are_two() {
    let offer = |name: &str| json!([{ "name": name, "params": { "type": "object", "properties": {} } }]);
    let (_, python) = written(&json!({ "model_2": offer("one"), "model2": offer("two") }));
    assert!(python.contains("model2: Model2Service\n"), "{python}");
    assert!(python.contains("model_2: Model2Service2\n"), "{python}");
    assert!(python.contains("class Model2Service:\n        @remote\n        def two("), "{python}");
    assert!(python.contains("class Model2Service2:\n        @remote\n        def one("), "{python}");
}

#[test]
fn a_tuple_may_be_given_and_a_list_arrives() {
    let pair = json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "integer" }], "minItems": 2, "items": false });
    let (_, python) = of_function(&json!({
        "params": { "type": "object", "properties": { "pair": pair }, "required": ["pair"] },
        "result": pair,
    }));
    assert!(python.contains("def f(self, *, pair: tuple[str, int]) -> list[str | int]: ..."), "{python}");
}

#[test]
fn errors_are_classes_whatever_they_are_called() {
    const EVIL: &str = "Out\"):\nimport os\n#";
    let data = json!({
        "type": "object",
        "properties": {
            "missing": { "type": "integer", "description": "How many." },
            "at": { "type": "string", "format": "date-time" },
            "where": { "type": "object", "properties": { "shelf": { "type": "integer" } } },
            "list": { "type": "integer" }, "code": { "type": "string" }, "args": {}, "a b": {}, "_x": {},
        },
        "required": ["missing", "list", "code"],
    });
    let (_, python) = of_function(
        &json!({ "errors": [{ "type": EVIL, "data": data }, { "type": "Full", "data": { "type": "integer" } }] }),
    );
    let class = r#"class OutImportOs(RemoteError, service="model", type="Out\"):\nimport os\n#"):
    """Raised by `model.f`."""

    data: OutImportOsData
    missing: int
    """How many."""
    at: str | None = None
    where: OutImportOsDataWhere | None = None

"#;
    assert!(python.contains(class), "{python}");
    assert!(python.contains("    data: int\n"), "{python}");
    assert!(python.contains(":raises OutImportOs:\n            :raises Full:\n"), "{python}");
    assert!(python.contains("from diglot import RemoteError, services as _services\n"), "{python}");
}

#[test]
fn an_error_of_several_services_is_one_class() {
    let data =
        json!({ "type": "object", "properties": { "left": { "type": "integer" } }, "required": ["left"] });
    let offer = |data: &Value| json!([{ "name": "f", "params": { "type": "object", "properties": {} }, "errors": [{ "type": "Full", "data": data }] }]);
    let (_, python) = written(&json!({ "shop": offer(&data), "stock": offer(&data) }));
    assert!(python.contains("class Full(RemoteError, service=(\"shop\", \"stock\")):"), "{python}");
    assert!(python.contains("Raised by `shop.f`, `stock.f`."), "{python}");
    // Others of that name have a class each.
    let (_, python) = written(&json!({ "shop": offer(&data), "stock": offer(&json!({})) }));
    for class in [
        "ShopFull(RemoteError, service=\"shop\", type=\"Full\")",
        "StockFull(RemoteError, service=\"stock\", type=\"Full\")",
    ] {
        assert!(python.contains(class), "{python}");
    }
}

#[test]
fn what_few_projects_have_is_in_nobodys_way() {
    let table = json!({ "type": "string", "contentEncoding": "base64", "x-diglot": "table" });
    let halves = json!({ "type": "array", "x-diglot": "array", "dtype": "float16" });
    let (typescript, python) = of_function(&json!({
        "params": { "type": "object", "properties": { "rows": table, "halves": halves }, "required": ["rows", "halves"] },
        "result": { "$ref": "#/$defs/Found", "$defs": { "Found": { "type": "object", "properties": { "rows": table } } } },
    }));
    assert!(
        typescript.contains("f(args: { rows: Table; halves: Float16s | NDArray<\"float16\"> }"),
        "{typescript}"
    );
    assert!(!typescript.contains("Float16Array"), "{typescript}");
    assert!(
        typescript.contains(
            "// @ts-ignore: where apache-arrow is not installed, a table is anything\nimport type { Table }"
        ),
        "{typescript}"
    );
    assert!(python.contains("rows: AnyTable, halves: npt.NDArray[np.float16]) -> Found: ..."), "{python}");
    assert!(python.contains("    from diglot.tables import AnyTable, Table\n"), "{python}");
    assert!(python.contains("else:\n    from diglot.tables import Table\n\nif TYPE_CHECKING:\n"), "{python}");
    assert!(python.contains("    rows: Table\n"), "{python}");
}
