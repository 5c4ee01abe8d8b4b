//! What follows where paths move, and components and operations get other names: references, discriminators, links.

use diglot_openapi::Remark;
use serde_json::{Map, Value, json};

use super::{merge, part, paths, routes, said};

fn schema_of(response: &Value) -> &Value {
    &response["content"]["application/json"]["schema"]
}

#[test]
fn references_into_paths_are_to_components() {
    let tree = json!({ "properties": { "id": { "type": "integer" },
        "more": { "items": { "$ref": "#/paths/~1items~1%7Bid%7D/get/responses/200/content/application~1json/schema" } } } });
    let of = |reference: &str| json!({ "$ref": reference });
    let content =
        |schema: Value| json!({ "description": "", "content": { "application/json": { "schema": schema } } });
    let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "servers": [{ "url": "/v1" }],
        "paths": {
            "/items/{id}": {
                "parameters": [{ "name": "id", "in": "path", "required": true, "schema": { "type": "integer" } }],
                "get": { "responses": { "200": {
                    "description": "", "headers": { "X-Left": { "schema": { "type": "integer" } } }, "content": content(tree)["content"] } } },
            },
            "/copies/{id}": {
                "parameters": [of("#/paths/~1items~1{id}/parameters/0")],
                "get": {
                    "parameters": [{ "name": "id", "in": "path", "required": true, "schema": of("#/paths/~1items~1{id}/parameters/0/schema") }],
                    "responses": { "200": {
                        "description": "",
                        "headers": {
                            "X-Left": of("#/paths/~1items~1{id}/get/responses/200/headers/X-Left"),
                            "X-None": of("#/paths/~1items~1{id}/get/responses/200/headers/X-None"),
                        } } } },
                "delete": { "responses": { "200": of("#/paths/~1admin/get/responses/200") } },
            },
            "/admin": { "get": { "responses": { "200": content(json!({ "$ref": "#/definitions/Item" })) } } },
        },
        "webhooks": { "sold": { "post": { "responses": { "200":
            content(of("#/paths/~1items~1{id}/get/responses/200/content/application~1json/schema/properties/id")) } } } },
        "definitions": { "Item": { "type": "string" } },
    });
    let merged = merge(vec![part("api", document)], routes(&[("/v1", "api"), ("/v1/admin", "")]));
    assert_eq!(paths(&merged), ["/v1/items/{id}", "/v1/copies/{id}"]);
    let components = &merged.document["components"];
    let copies = &merged.document["paths"]["/v1/copies/{id}"];
    assert_eq!(copies["delete"]["parameters"], json!([of("#/components/parameters/id")]));
    assert_eq!(components["parameters"]["id"]["schema"], json!({ "type": "integer" }));
    // Its own takes the place of the path's.
    assert_eq!(copies["get"]["parameters"].as_array().map(Vec::len), Some(1));
    assert_eq!(copies["get"]["parameters"][0]["schema"], of("#/components/schemas/items_id_0"));
    let headers = &copies["get"]["responses"]["200"]["headers"];
    assert_eq!(headers["X-Left"], of("#/components/headers/items_id_get_200_X_Left"));
    assert_eq!(headers["X-None"], json!({ "schema": {} }));
    assert_eq!(copies["delete"]["responses"]["200"], of("#/components/responses/admin_get_200"));
    assert_eq!(schema_of(&components["responses"]["admin_get_200"]), &of("#/components/schemas/Item"));
    // One that has itself in it.
    let tree = &components["schemas"]["items_id_get_200"];
    assert_eq!(tree["properties"]["more"]["items"], of("#/components/schemas/items_id_get_200"));
    let sold = schema_of(&merged.document["webhooks"]["sold"]["post"]["responses"]["200"]);
    assert_eq!(sold, &of("#/components/schemas/items_id_get_200_id"));
    assert_eq!(components["schemas"]["items_id_get_200_id"], json!({ "type": "integer" }));
    assert_eq!(
        said(&merged),
        [
            "the description of service \"api\" refers to #/paths/~1items~1{id}/get/responses/200/headers/X-None, which it does not \
             have; anything is taken to be allowed there",
            "GET /v1/admin of service \"api\" cannot be reached and is left out: the server itself answers there",
        ]
    );
}

/// Each of them is written another way, and all of them lead to the same.
#[test]
fn references_into_paths_cost_no_more_than_a_document_may_be_repeated() {
    let schemas: Map<String, Value> = (1..500)
        .map(|zeros| (format!("S{zeros}"), json!({ "$ref": format!("#/x-large/{}", "0".repeat(zeros)) })))
        .collect();
    let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "paths": {},
        "x-large": [{ "description": "x".repeat(100_000) }], "components": { "schemas": schemas } });
    let merged = merge(vec![part("api", document)], routes(&[("/", "api")]));
    assert!(merged.document.to_string().len() < 40_000_000);
    assert_eq!(merged.remarks[0], Remark::Repeated { service: "api".to_owned() });
}

#[test]
fn components_that_cannot_be_are_none() {
    for components in [json!("none"), json!({ "schemas": ["none"] })] {
        let document = json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
            "x-parts": { "A": { "type": "string" } }, "components": components,
            "paths": { "/": { "get": { "responses": { "200": { "description": "", "content": { "application/json": {
                "schema": { "$ref": "#/x-parts/A" } } } } } } } } });
        let merged = merge(vec![part("api", document)], routes(&[("/", "api")]));
        assert_eq!(merged.document["components"], json!({ "schemas": { "A": { "type": "string" } } }));
    }
}

#[test]
fn values_that_are_names_of_schemas_stay_what_they_are() {
    let of = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let with = |path: &str, format: &str| {
        json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" },
            "paths": { path: { "get": { "responses": { "200": { "description": "", "content": { "application/json": { "schema": {
                "anyOf": [of("Cat"), of("Dog"), of("Fish")],
                "discriminator": { "propertyName": "kind", "mapping": { "wet": "Fish" } } } } } } } } } },
            "components": { "schemas": {
                "Pet": { "oneOf": [of("Cat"), of("Dog")], "discriminator": { "propertyName": "kind" } },
                "Base": { "type": "object", "discriminator": { "propertyName": "kind" } },
                "Cat": { "type": "string", "format": format },
                "Dog": { "type": "string" },
                "Fish": { "type": "string", "format": format },
                "Small": { "allOf": [of("Base")], "format": format },
                "Large": { "allOf": [of("Base")] },
            } } })
    };
    let merged = merge(
        vec![part("a", with("/a", "x")), part("b", with("/b", "y"))],
        routes(&[("/a", "a"), ("/b", "b")]),
    );
    let schemas = &merged.document["components"]["schemas"];
    let to = |name: &str| format!("#/components/schemas/{name}");
    assert_eq!(schemas["a_Pet"]["discriminator"]["mapping"], json!({ "Cat": to("a_Cat"), "Dog": to("Dog") }));
    assert_eq!(schemas["b_Pet"]["discriminator"]["mapping"], json!({ "Cat": to("b_Cat"), "Dog": to("Dog") }));
    assert_eq!(schemas["b_Pet"]["oneOf"], json!([of("b_Cat"), of("Dog")]));
    // What is of its kind says so itself.
    assert_eq!(
        schemas["b_Base"]["discriminator"]["mapping"],
        json!({ "Large": to("b_Large"), "Small": to("b_Small") })
    );
    assert_eq!(schemas["b_Large"]["allOf"], json!([of("b_Base")]));
    let inline = schema_of(&merged.document["paths"]["/b"]["get"]["responses"]["200"]);
    assert_eq!(
        inline["discriminator"]["mapping"],
        json!({ "Cat": to("b_Cat"), "Dog": to("Dog"), "wet": to("b_Fish") })
    );
}

#[test]
fn links_lead_to_their_own_services_operations() {
    let with = |path: &str| {
        let other = format!("{path}/{{id}}");
        let read = format!("#/paths/{}/get", other.replace('/', "~1"));
        json!({ "openapi": "3.1.0", "info": { "title": "t", "version": "1" }, "servers": [{ "url": "/v1" }],
            "paths": {
                path: { "get": { "operationId": "list", "responses": {
                    "200": { "description": "", "links": {
                        "next": { "$ref": "#/components/links/Next" }, "read": { "operationRef": read }, "only": { "operationId": format!("read{}", path.len()) },
                        "hidden": { "operationId": "hidden" }, "by": { "$ref": "#/components/links/Hidden" }, "at": { "operationRef": "#/paths/~1hidden/get" },
                        "none": { "$ref": "#/components/links/None" } } },
                    "4XX": { "$ref": "#/components/responses/Wrong" } } } },
                other: { "get": { "operationId": format!("read{}", path.len()), "responses": { "200": { "description": "" } } } },
                "/hidden": { "get": { "operationId": "hidden", "responses": { "200": { "description": "" } } } },
            },
            "components": {
                "links": { "Next": { "operationId": "list" }, "Hidden": { "$ref": "#/components/links/There" }, "There": { "operationId": "hidden" } },
                "responses": { "Wrong": { "description": "", "links": { "list": { "operationId": "list" } } } },
            } })
    };
    let merged = merge(
        vec![part("a", with("/a")), part("bc", with("/bc"))],
        routes(&[("/v1/a", "a"), ("/v1/bc", "bc")]),
    );
    let components = &merged.document["components"];
    assert_eq!(
        components["links"],
        json!({ "a_Next": { "operationId": "a_list" }, "bc_Next": { "operationId": "bc_list" } })
    );
    assert_eq!(components["responses"]["bc_Wrong"]["links"]["list"]["operationId"], "bc_list");
    let list = &merged.document["paths"]["/v1/bc"]["get"];
    assert_eq!(list["operationId"], "bc_list");
    assert_eq!(
        list["responses"]["200"]["links"],
        json!({
            "next": { "$ref": "#/components/links/bc_Next" },
            "only": { "operationId": "read3" },
            "read": { "operationRef": "#/paths/~1v1~1bc~1{id}/get" },
        })
    );
}
