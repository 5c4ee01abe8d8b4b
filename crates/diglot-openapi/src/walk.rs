//! The objects of OpenAPI, and what each holds: so that a `$ref` is told from a property or an example of that name.

use serde_json::Value;

/// What an object of a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Document,
    Components,
    PathItem,
    Operation,
    Parameter,
    /// As a parameter, without a name and a place.
    Header,
    Body,
    Response,
    Media,
    Encoding,
    Callback,
    Schema,
    Example,
    Link,
    SecurityScheme,
}

/// How a member holds its objects.
#[derive(Debug, Clone, Copy)]
enum Held {
    One,
    /// As the values of an object with names of the author's own.
    Named,
    List,
}

/// Of a media type that is a stream: the schema of an item. OpenAPI has a word for it from 3.2 on, `itemSchema`.
pub(crate) const ITEM_SCHEMA: &str = "x-item-schema";

/// The methods of a path item.
pub(crate) const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// The members of [`Kind::Components`], each with what it holds.
pub(crate) const SECTIONS: [(&str, Kind); 10] = [
    ("schemas", Kind::Schema),
    ("responses", Kind::Response),
    ("parameters", Kind::Parameter),
    ("examples", Kind::Example),
    ("requestBodies", Kind::Body),
    ("headers", Kind::Header),
    ("securitySchemes", Kind::SecurityScheme),
    ("links", Kind::Link),
    ("callbacks", Kind::Callback),
    ("pathItems", Kind::PathItem),
];

/// Where components of a kind stand, if there are any.
pub(crate) fn section_of(kind: Kind) -> Option<&'static str> {
    SECTIONS.into_iter().find(|(_, of)| *of == kind).map(|(section, _)| section)
}

const fn members(kind: Kind) -> &'static [(&'static str, Held, Kind)] {
    use Held::{List, Named, One};
    match kind {
        Kind::Document => &[
            ("paths", Named, Kind::PathItem),
            ("webhooks", Named, Kind::PathItem),
            ("components", One, Kind::Components),
        ],
        Kind::Operation => &[
            ("parameters", List, Kind::Parameter),
            ("requestBody", One, Kind::Body),
            ("responses", Named, Kind::Response),
            ("callbacks", Named, Kind::Callback),
        ],
        Kind::Parameter | Kind::Header => &[
            ("schema", One, Kind::Schema),
            ("content", Named, Kind::Media),
            ("examples", Named, Kind::Example),
        ],
        Kind::Body => &[("content", Named, Kind::Media)],
        Kind::Response => {
            &[("content", Named, Kind::Media), ("headers", Named, Kind::Header), ("links", Named, Kind::Link)]
        }
        Kind::Media => &[
            ("schema", One, Kind::Schema),
            ("itemSchema", One, Kind::Schema),
            (ITEM_SCHEMA, One, Kind::Schema),
            ("encoding", Named, Kind::Encoding),
            ("examples", Named, Kind::Example),
        ],
        Kind::Encoding => &[("headers", Named, Kind::Header)],
        Kind::Schema => &[
            ("properties", Named, Kind::Schema),
            ("patternProperties", Named, Kind::Schema),
            ("dependentSchemas", Named, Kind::Schema),
            ("$defs", Named, Kind::Schema),
            ("definitions", Named, Kind::Schema),
            ("allOf", List, Kind::Schema),
            ("anyOf", List, Kind::Schema),
            ("oneOf", List, Kind::Schema),
            ("prefixItems", List, Kind::Schema),
            ("items", One, Kind::Schema),
            ("additionalProperties", One, Kind::Schema),
            ("propertyNames", One, Kind::Schema),
            ("contains", One, Kind::Schema),
            ("unevaluatedItems", One, Kind::Schema),
            ("unevaluatedProperties", One, Kind::Schema),
            ("contentSchema", One, Kind::Schema),
            ("not", One, Kind::Schema),
            ("if", One, Kind::Schema),
            ("then", One, Kind::Schema),
            ("else", One, Kind::Schema),
        ],
        Kind::PathItem
        | Kind::Components
        | Kind::Callback
        | Kind::Example
        | Kind::Link
        | Kind::SecurityScheme => &[],
    }
}

/// Shows `visit` an object and, behind it, all that it holds.
pub(crate) fn walk(value: &mut Value, kind: Kind, visit: &mut impl FnMut(&mut Value, Kind)) {
    visit(value, kind);
    let Some(object) = value.as_object_mut() else { return };
    for (name, held, of) in members(kind) {
        let Some(member) = object.get_mut(*name) else { continue };
        match (held, member) {
            (Held::One, member) => walk(member, *of, visit),
            (Held::Named, Value::Object(named)) => {
                named.values_mut().for_each(|value| walk(value, *of, visit));
            }
            (Held::List, Value::Array(list)) => list.iter_mut().for_each(|value| walk(value, *of, visit)),
            _ => {}
        }
    }
    match kind {
        Kind::PathItem => {
            for method in METHODS {
                if let Some(operation) = object.get_mut(method) {
                    walk(operation, Kind::Operation, visit);
                }
            }
            let parameters = object.get_mut("parameters").and_then(Value::as_array_mut);
            parameters.into_iter().flatten().for_each(|value| walk(value, Kind::Parameter, visit));
        }
        Kind::Callback => {
            object.values_mut().for_each(|value| walk(value, Kind::PathItem, visit));
        }
        Kind::Components => {
            for (section, of) in SECTIONS {
                let named = object.get_mut(section).and_then(Value::as_object_mut);
                named.into_iter().flatten().for_each(|(_, value)| walk(value, of, visit));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_property_called_ref_is_no_reference() {
        let mut document = json!({ "paths": { "/x": { "get": { "responses": { "200": {
            "content": { "application/json": {
                "schema": { "properties": { "$ref": { "$ref": "#/one" }, "default": { "$ref": "#/two" } },
                            "default": { "$ref": "#/no" } },
                "example": { "$ref": "#/no" },
            } },
        } } } } } });
        let mut seen = Vec::new();
        walk(&mut document, Kind::Document, &mut |value, _| {
            seen.extend(value.get("$ref").and_then(Value::as_str).map(str::to_owned));
        });
        assert_eq!(seen, ["#/one", "#/two"]);
    }
}
