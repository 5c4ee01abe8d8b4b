//! A JSON Schema as the type it stands for.
//!
//! Constraints (`minimum`, `pattern`, …) do not change a type: who is called checks them.

use std::collections::BTreeMap;

use serde_json::Value;

/// What values a schema takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    Any,
    /// No value at all.
    Never,
    Null,
    /// Nothing is returned.
    Undefined,
    Bool,
    Integer,
    BigInt,
    Number,
    Text,
    Bytes,
    DateTime,
    Date,
    Time,
    Duration,
    Uuid,
    Decimal,
    Table,
    /// These values and no others.
    Literals(Vec<Value>),
    Array(Box<Type>),
    Set(Box<Type>),
    Map(Box<(Type, Type)>),
    Tuple {
        items: Vec<Type>,
        /// What may follow.
        rest: Option<Box<Type>>,
    },
    /// Numbers of one type; how many dimensions, if that is known.
    Numbers {
        dtype: String,
        dimensions: Option<usize>,
    },
    Object(Object),
    Union(Vec<Type>),
    /// All of them at once.
    All(Vec<Type>),
    /// One of those with a name.
    Named(String),
}

/// An object's fields, and what else it may hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object {
    pub(crate) fields: Vec<Field>,
    /// What fields of other names hold; `None`: there are no others that anybody reads.
    pub(crate) others: Option<Box<Type>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) of: Type,
    pub(crate) required: bool,
    pub(crate) doc: Option<String>,
}

/// A type with a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    pub(crate) of: Type,
    pub(crate) doc: Option<String>,
}

pub(crate) type Definitions = BTreeMap<String, Definition>;

/// The type of a schema; those in its `$defs` go into `definitions`.
pub(crate) fn read(schema: &Value, definitions: &mut Definitions) -> Type {
    for (name, defined) in schema["$defs"].as_object().into_iter().flatten() {
        let of = read(defined, definitions);
        definitions.insert(name.clone(), Definition { of, doc: doc(defined) });
    }
    read_one(schema, definitions)
}

/// What people are told of it.
pub(crate) fn doc(schema: &Value) -> Option<String> {
    schema["description"].as_str().filter(|text| !text.trim().is_empty()).map(|text| text.trim().to_owned())
}

fn read_one(schema: &Value, definitions: &mut Definitions) -> Type {
    if let Some(all) = schema.as_bool() {
        return if all { Type::Any } else { Type::Never };
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return match reference.strip_prefix("#/$defs/") {
            Some(name) => Type::Named(unescaped(name)),
            None => Type::Any,
        };
    }
    if let Some(value) = schema.get("const") {
        return Type::Literals(vec![value.clone()]);
    }
    if let Some(values) = schema["enum"].as_array() {
        return Type::Literals(values.clone());
    }
    if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        return union(choices.iter().map(|choice| read(choice, definitions)).collect());
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut parts: Vec<Type> = parts.iter().map(|part| read(part, definitions)).collect();
        if schema.get("properties").is_some() {
            parts.push(Type::Object(object(schema, definitions)));
        }
        return if parts.len() == 1 { parts.remove(0) } else { Type::All(parts) };
    }
    match &schema["type"] {
        Value::String(name) => of_kind(name, schema, definitions),
        Value::Array(names) => union(
            names.iter().filter_map(Value::as_str).map(|name| of_kind(name, schema, definitions)).collect(),
        ),
        _ if schema.get("properties").is_some() => Type::Object(object(schema, definitions)),
        _ => Type::Any,
    }
}

fn of_kind(kind: &str, schema: &Value, definitions: &mut Definitions) -> Type {
    let ours = schema["x-diglot"].as_str().unwrap_or_default();
    match (kind, ours) {
        ("null", "undefined") => Type::Undefined,
        ("null", _) => Type::Null,
        ("boolean", _) => Type::Bool,
        ("integer", "bigint") => Type::BigInt,
        ("integer", _) => Type::Integer,
        ("number", _) => Type::Number,
        ("string", "bytes") => Type::Bytes,
        ("string", "decimal") => Type::Decimal,
        ("string", "table") => Type::Table,
        ("string", _) => match schema["format"].as_str() {
            Some("date-time") => Type::DateTime,
            Some("date") => Type::Date,
            Some("time") => Type::Time,
            Some("duration") => Type::Duration,
            Some("uuid") => Type::Uuid,
            _ => Type::Text,
        },
        ("array", "array") => Type::Numbers {
            dtype: schema["dtype"].as_str().unwrap_or_default().to_owned(),
            dimensions: schema["shape"].as_array().map(Vec::len),
        },
        ("array", "set") => Type::Set(Box::new(items(schema, definitions))),
        ("array", "map") => {
            let pair = schema["items"]["prefixItems"].as_array().cloned().unwrap_or_default();
            let mut part = |at: usize| pair.get(at).map_or(Type::Any, |schema| read(schema, definitions));
            Type::Map(Box::new((part(0), part(1))))
        }
        ("array", _) => match schema["prefixItems"].as_array() {
            Some(first) => Type::Tuple {
                items: first.iter().map(|item| read(item, definitions)).collect(),
                rest: match schema.get("items") {
                    None | Some(Value::Bool(false)) => None,
                    Some(rest) => Some(Box::new(read(rest, definitions))),
                },
            },
            None => Type::Array(Box::new(items(schema, definitions))),
        },
        ("object", _) => Type::Object(object(schema, definitions)),
        _ => Type::Any,
    }
}

fn items(schema: &Value, definitions: &mut Definitions) -> Type {
    schema.get("items").map_or(Type::Any, |items| read(items, definitions))
}

fn object(schema: &Value, definitions: &mut Definitions) -> Object {
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let fields = properties.map(|(name, of)| Field {
        required: required.contains(&name.as_str()),
        doc: doc(of),
        of: read(of, definitions),
        name: name.clone(),
    });
    let fields: Vec<Field> = fields.collect();
    let others = match schema.get("additionalProperties") {
        Some(Value::Bool(false)) => None,
        Some(Value::Bool(true)) => Some(Box::new(Type::Any)),
        Some(others) => Some(Box::new(read(others, definitions))),
        None if fields.is_empty() => Some(Box::new(Type::Any)),
        None => None,
    };
    Object { fields, others }
}

/// One type of several, each named once.
fn union(choices: Vec<Type>) -> Type {
    let mut flat: Vec<Type> = Vec::new();
    for choice in choices {
        let parts = match choice {
            Type::Union(parts) => parts,
            one => vec![one],
        };
        for part in parts {
            if flat.contains(&part) {
                continue;
            }
            match (flat.last_mut(), part) {
                (Some(Type::Literals(present)), Type::Literals(more)) => present.extend(more),
                (_, part) => flat.push(part),
            }
        }
    }
    match flat.len() {
        0 => Type::Never,
        1 => flat.remove(0),
        _ => Type::Union(flat),
    }
}

/// RFC 6901 section 3.
fn unescaped(name: &str) -> String {
    name.replace("~1", "/").replace("~0", "~")
}
