//! Documents merged: where paths end up, what is renamed, what is left out and said.

mod follows;
mod left_out;
mod named;

use std::time::{Duration, Instant};

use diglot_openapi::{About, Merged, Mount, Owner, Part, Remark, functions, read};
use serde_json::{Map, Value, json};

/// What is merged of a project called "market".
fn merge(parts: Vec<Part<'_>>, owner: impl Fn(&str) -> Owner) -> Merged {
    diglot_openapi::merge(parts, About { project: "market", title: None, version: None }, owner)
}

fn document(of: Value) -> Value {
    read(of.to_string().as_bytes()).expect("a document")
}

fn part(service: &str, of: Value) -> Part<'_> {
    Part { service, document: document(of), mount: Some(Mount::default()) }
}

/// The service of the longest of these routes.
fn routes<'r>(routes: &'r [(&'r str, &'r str)]) -> impl Fn(&str) -> Owner + 'r {
    move |path| {
        let is_below =
            |route: &str| path == route || path.starts_with(&format!("{}/", route.trim_end_matches('/')));
        let found = routes.iter().filter(|(route, _)| is_below(route)).max_by_key(|(route, _)| route.len());
        match found {
            Some((_, "")) => Owner::Server,
            Some((_, service)) => Owner::Service((*service).to_owned()),
            None => Owner::Nobody,
        }
    }
}

fn ok() -> Value {
    json!({ "200": { "description": "ok" } })
}

fn said(merged: &Merged) -> Vec<String> {
    merged.remarks.iter().map(ToString::to_string).collect()
}

fn paths(merged: &Merged) -> Vec<&str> {
    merged.document["paths"].as_object().expect("paths").keys().map(String::as_str).collect()
}

#[test]
fn the_routing_decides_who_has_a_path() {
    let items = json!({ "openapi": "3.1.0", "info": { "title": "Api", "version": "1.2.0" }, "paths": {
        "/api/items": { "get": { "responses": ok() } },
        "/healthz": { "get": { "responses": ok() } },
        "/openapi.json": { "get": { "responses": ok() } },
    } });
    let pages = json!({ "openapi": "3.1.0", "info": { "title": "Web", "version": "3" }, "paths": {
        "/api/items": { "get": { "responses": ok() }, "post": { "responses": ok() } },
        "/": { "get": { "responses": ok() } },
    } });
    let owner = routes(&[("/api", "api"), ("/", "web"), ("/openapi.json", "")]);
    let merged = merge(vec![part("api", items), part("web", pages)], owner);
    assert_eq!(paths(&merged), ["/api/items", "/"]);
    assert_eq!(merged.document["paths"]["/api/items"]["get"]["x-diglot-service"], "api");
    assert_eq!(merged.document["paths"]["/api/items"].get("post"), None);
    assert_eq!(merged.document["info"], json!({ "title": "market", "version": "api 1.2.0, web 3" }));
    assert_eq!(
        said(&merged),
        [
            "GET /healthz of service \"api\" cannot be reached and is left out: the route of service \"web\" takes it",
            "GET /openapi.json of service \"api\" cannot be reached and is left out: the server itself answers there",
            "GET /api/items of service \"web\" cannot be reached and is left out: the route of service \"api\" takes it",
            "POST /api/items of service \"web\" cannot be reached and is left out: the route of service \"api\" takes it",
        ]
    );
}

#[test]
fn components_that_differ_get_their_services_name() {
    let with = |path: &str, id: Value| {
        json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
            "paths": { path: { "get": { "operationId": "items", "responses": { "200": { "description": "", "content": {
                "application/json": { "schema": { "$ref": "#/components/schemas/Page" } } } } } } } },
            "security": [{ "token": [] }],
            "components": {
                "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
                "schemas": {
                    "Page": { "type": "array", "items": { "$ref": "#/components/schemas/Item" } },
                    "Item": { "type": "object", "properties": { "id": id } },
                    "Same": { "type": "string" },
                },
            },
        })
    };
    let one = with("/api", json!({ "type": "integer" }));
    let other = with("/", json!({ "type": "string" }));
    let merged = merge(vec![part("api", one), part("web", other)], routes(&[("/api", "api"), ("/", "web")]));
    let schemas: Vec<&String> =
        merged.document["components"]["schemas"].as_object().expect("schemas").keys().collect();
    // A page is the same text in both, and another type, since its items are.
    assert_eq!(schemas, ["api_Page", "api_Item", "Same", "web_Page", "web_Item"]);
    let of = |path: &str| &merged.document["paths"][path]["get"];
    assert_eq!(
        of("/api")["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
        "#/components/schemas/api_Page"
    );
    assert_eq!(
        merged.document["components"]["schemas"]["web_Page"]["items"]["$ref"],
        "#/components/schemas/web_Item"
    );
    assert_eq!(
        (&of("/api")["operationId"], &of("/")["operationId"]),
        (&json!("api_items"), &json!("web_items"))
    );
    assert_eq!(of("/")["security"], json!([{ "token": [] }]));
    assert_eq!(of("/")["tags"], json!(["web"]));
    let told: Vec<String> = merged.remarks.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        ["services \"api\", \"web\" mean different things by Item: they are called api_Item, web_Item"]
    );
}

#[test]
fn discriminators_and_security_follow_a_new_name() {
    let with = |path: &str, format: &str, flow: &str| {
        json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
            "paths": { path: { "get": { "security": [{ "auth": [] }], "responses": { "200": { "description": "", "content": {
                "application/json": { "schema": { "oneOf": [{ "$ref": "#/components/schemas/Cat" }],
                    "discriminator": { "propertyName": "kind",
                        "mapping": { "cat": "#/components/schemas/Cat", "tom": "Cat" } } } } } } } } } },
            "components": {
                "securitySchemes": { "auth": { "type": "http", "scheme": flow } },
                "schemas": { "Cat": { "type": "string", "format": format } },
            },
        })
    };
    let merged = merge(
        vec![part("a", with("/a", "x", "basic")), part("b", with("/b", "y", "bearer"))],
        routes(&[("/a", "a"), ("/b", "b")]),
    );
    let get = &merged.document["paths"]["/b"]["get"];
    assert_eq!(get["security"], json!([{ "b_auth": [] }]));
    let schema = &get["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(
        schema["discriminator"]["mapping"],
        json!({ "cat": "#/components/schemas/b_Cat", "tom": "#/components/schemas/b_Cat" })
    );
}

#[test]
fn what_a_path_says_is_said_of_each_operation() {
    let merged = merge(
        vec![part(
            "api",
            json!({ "openapi": "3.0.3", "info": { "title": "t", "version": "1" },
                "servers": [{ "url": "/v1" }],
                "paths": {
                    "/items/{id}": {
                        "parameters": [
                            { "name": "id", "in": "path", "required": true, "schema": { "type": "string" } },
                            { "$ref": "#/components/parameters/Trace" },
                        ],
                        "get": { "responses": ok(), "parameters": [{ "name": "trace", "in": "header", "schema": {} }] },
                        "servers": [{ "url": "/v2" }],
                    },
                    "/plain/{id}": { "$ref": "#/components/pathItems/Plain" },
                    "/plain/{name}": { "get": { "responses": ok() } },
                    "/broken": { "get": { "responses": { "200": { "$ref": "#/components/responses/None" } } } },
                },
                "components": {
                    "parameters": { "Trace": { "name": "trace", "in": "header", "schema": { "type": "integer" } } },
                    "pathItems": { "Plain": { "get": { "responses": ok() } } },
                },
            }),
        )],
        routes(&[("/", "api")]),
    );
    assert_eq!(paths(&merged), ["/v2/items/{id}", "/v1/plain/{id}", "/v1/broken"]);
    let parameters =
        merged.document["paths"]["/v2/items/{id}"]["get"]["parameters"].as_array().expect("a list");
    let names: Vec<&Value> = parameters.iter().map(|parameter| &parameter["name"]).collect();
    assert_eq!(names, ["trace", "id"]);
    assert_eq!(
        merged.document["paths"]["/v1/broken"]["get"]["responses"]["200"],
        json!({ "description": "" })
    );
    assert_eq!(
        said(&merged),
        [
            "the description of service \"api\" refers to #/components/responses/None, which it does not have; anything is taken to be allowed there",
            "GET /v1/plain/{name} of service \"api\" is left out: it is the same path as /v1/plain/{id}",
        ]
    );
}

#[test]
fn what_a_proxy_cuts_off_is_a_server_of_the_path() {
    let mut part = part(
        "api",
        json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
        "servers": [{ "url": "/shop" }], "paths": { "/items": { "get": { "responses": ok() } } } }),
    );
    part.mount = Some(Mount { root_path: "/shop", is_known: true, ..Mount::default() });
    let merged = merge(vec![part], routes(&[("/", "api")]));
    assert_eq!(merged.document["paths"]["/items"]["servers"], json!([{ "url": "/shop" }]));
}

#[test]
fn what_refers_to_itself_is_as_it_was() {
    let person = json!({ "type": "object", "properties": { "friends": { "type": "array", "items": { "$ref": "#/components/schemas/Person" } } } });
    let merged = merge(
        vec![part(
            "api",
            json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
                "paths": {
                    "/people": { "get": { "parameters": [{ "$ref": "#/components/parameters/Itself" }], "responses": ok() } },
                    "/itself": { "$ref": "#/paths/~1itself" },
                    "/one": { "$ref": "#/paths/~1other" },
                    "/other": { "$ref": "#/paths/~1one" },
                },
                "components": {
                    "parameters": { "Itself": { "$ref": "#/components/parameters/Itself" } },
                    "schemas": { "Person": person, "Loop": { "$ref": "#/components/schemas/Loop" } },
                },
            }),
        )],
        routes(&[("/", "api")]),
    );
    assert_eq!(paths(&merged), ["/people"]);
    assert_eq!(merged.document["components"]["schemas"]["Person"], person);
    assert_eq!(
        said(&merged),
        [
            "/itself of service \"api\" is left out: it refers to #/paths/~1itself, and no path is there",
            "/one of service \"api\" is left out: it refers to #/paths/~1other, and no path is there",
            "/other of service \"api\" is left out: it refers to #/paths/~1one, and no path is there",
        ]
    );
}

/// A document of 16 MiB may ask for terabytes, or for years.
#[test]
fn a_document_costs_no_more_than_its_length_allows() {
    const MANY: usize = 20_000;
    let begun = Instant::now();
    let operation = || json!({ "operationId": "same", "responses": { "200": { "$ref": "#/nowhere" } } });
    let mut paths: Map<String, Value> = (0..MANY)
        .map(|number| {
            (format!("/items/{number}"), json!({ "get": operation(), "put": { "responses": ok() } }))
        })
        .collect();
    paths.extend(
        (0..MANY)
            .map(|number| (format!("/copies/{number}"), json!({ "$ref": "#/components/pathItems/Large" }))),
    );
    let large = json!({ "get": { "description": "x".repeat(100_000), "responses": ok() } });
    let server =
        json!({ "url": "/{a}".repeat(1_000), "variables": { "a": { "default": "{a}".repeat(1_000) } } });
    let tags: Vec<Value> = (0..MANY).map(|number| json!({ "name": format!("tag {number}") })).collect();
    let dangling: Map<String, Value> = (0..MANY)
        .map(|number| (format!("S{number}"), json!({ "$ref": format!("#/nowhere/{number}") })))
        .collect();
    let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "paths": paths, "tags": tags,
        "servers": vec![server; 1_000], "components": { "pathItems": { "Large": large }, "schemas": dangling } });
    let merged = merge(vec![part("api", document)], routes(&[("/", "api")]));
    let copies = merged.document["paths"].as_object().expect("paths").keys();
    assert!(copies.filter(|path| path.starts_with("/copies/")).count() < 400);
    assert_eq!(merged.document["paths"]["/items/1"]["get"]["operationId"], "api_same_2");
    assert!(merged.remarks.contains(&Remark::Repeated { service: "api".to_owned() }));
    assert!(begun.elapsed() < Duration::from_secs(60), "it took {:?}", begun.elapsed());
}

#[test]
fn functions_stand_beside_what_services_say() {
    let offers = [
        json!({
            "name": "render_card", "doc": "A card.\n\nOf an item.", "line": 3, "file": "cards.ts",
            "params": { "type": "object", "additionalProperties": false, "required": ["item"],
                "properties": { "item": { "$ref": "#/$defs/Item" }, "picture": { "type": "string", "contentEncoding": "base64", "x-diglot": "bytes" } },
                "$defs": { "Item": { "type": "object", "properties": { "id": { "type": "integer" } } } } },
            "result": { "type": "array", "x-diglot": "array", "dtype": "float32", "shape": [null, 3] },
            "errors": [{ "type": "OutOfStock", "data": { "type": "object" } }],
        }),
        json!({ "name": "fill", "params": { "type": "object" }, "input": { "name": "rows", "schema": {} } }),
    ];
    let functions = Part { service: "web", document: functions("/rpc/web", &offers), mount: None };
    let pages = json!({ "openapi": "3.1.0", "info": { "title": "Web", "version": "3" }, "paths": {
        "/": { "get": { "responses": ok() } },
        "/rpc/web/x": { "get": { "responses": ok() } },
    }, "components": { "schemas": { "Item": { "type": "string" } } } });
    let merged = merge(vec![part("web", pages), functions], routes(&[("/", "web"), ("/rpc", "")]));
    assert_eq!(paths(&merged), ["/", "/rpc/web/render_card"]);
    insta::assert_snapshot!(serde_json::to_string_pretty(&merged.document).expect("JSON"));
}

#[test]
fn the_whole_is_called_what_its_project_is() {
    let shop = || {
        json!({ "openapi": "3.1.0", "info": { "title": "FastAPI", "version": "0.1.0", "contact": { "name": "a" } },
        "paths": { "/items": { "get": { "responses": {} } } } })
    };
    let functions = |service| {
        let document = functions("/rpc/x", &[json!({ "name": service, "params": { "type": "object" } })]);
        Part { service, document, mount: None }
    };
    let owner = routes(&[("/", "shop"), ("/rpc", "")]);
    let about = |title, version| About { project: "market", title, version };
    let info = |parts, about| diglot_openapi::merge(parts, about, &owner).document["info"].clone();
    // A service alone is the whole.
    let alone = || vec![part("shop", shop()), functions("shop")];
    assert_eq!(info(alone(), about(None, None)), shop()["info"]);
    let said = info(alone(), about(Some("Market"), Some("3")));
    assert_eq!(said, json!({ "title": "Market", "version": "3", "contact": { "name": "a" } }));
    // Of several, none is.
    let several = || vec![part("shop", shop()), functions("web")];
    assert_eq!(info(several(), about(None, None)), json!({ "title": "market", "version": "shop 0.1.0" }));
    assert_eq!(
        info(several(), about(Some("Market"), Some("3"))),
        json!({ "title": "Market", "version": "3" })
    );
    assert_eq!(info(Vec::new(), about(None, None)), json!({ "title": "market", "version": "1" }));
}
