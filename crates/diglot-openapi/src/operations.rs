//! The operations of a document at the places where they are reached.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::merge::Part;
use crate::places::{Owner, Place, here, hosts};
use crate::remark::Remark;
use crate::walk::METHODS;

/// Says of an operation whose it is.
pub(crate) const OF_SERVICE: &str = "x-diglot-service";

/// An operation at its place.
pub(crate) struct Operation {
    /// The path by which its document has it.
    pub(crate) described: String,
    /// The path by which it is reached.
    pub(crate) path: String,
    pub(crate) method: &'static str,
    pub(crate) root_path: String,
    pub(crate) value: Value,
}

/// What became of a document's operations.
#[derive(Default)]
pub(crate) struct Placed {
    pub(crate) operations: Vec<Operation>,
    /// Those that are left out, their paths those of the document.
    pub(crate) left_out: Vec<Operation>,
}

impl Placed {
    /// Whether anybody comes to the service by this server, as far as its document says.
    pub(crate) fn is_reached(&self) -> bool {
        !self.operations.is_empty() || self.left_out.is_empty()
    }
}

/// Takes a document's operations out of its paths, and tells of those that nobody can ask for.
pub(crate) fn place(
    part: &mut Part<'_>,
    owner: &impl Fn(&str) -> Owner,
    remarks: &mut Vec<Remark>,
) -> Placed {
    let service = part.service;
    let its_owner = if part.mount.is_some() { Owner::Service(service.to_owned()) } else { Owner::Server };
    let mount = part.mount.unwrap_or_default();
    let paths = taken(&mut part.document, "paths");
    let find = |servers: &Value, paths: &[&str]| {
        Place::find(servers, mount, paths.iter().copied(), |path| owner(path) == its_owner)
    };
    let known = hosts(&part.document["servers"]);
    let all: Vec<&str> = paths.keys().map(String::as_str).collect();
    let place = find(&part.document["servers"], &all);
    let mut placed = Placed::default();
    let mut kept: BTreeMap<(String, &str), String> = BTreeMap::new();
    for (path, mut item) in paths {
        let of_item = item.get_mut("servers").map(Value::take).unwrap_or_default();
        for method in METHODS {
            let Some(mut value) = item.get_mut(method).map(Value::take).filter(Value::is_object) else {
                continue;
            };
            let own = value.as_object_mut().and_then(|operation| operation.shift_remove("servers"));
            let servers = own.as_ref().unwrap_or(&of_item);
            let (reached, elsewhere) = match part.mount {
                Some(_) if servers.is_array() => match here(servers, &known, mount) {
                    Ok(servers) => (find(&servers, &[&path]).of(&path), None),
                    Err(server) => (path.clone(), Some(server)),
                },
                Some(_) => (place.of(&path), None),
                None => (path.clone(), None),
            };
            let named = || (service.to_owned(), method.to_uppercase());
            let why_not = match (elsewhere, owner(&reached), kept.get(&(shape(&reached), method))) {
                (Some(server), ..) => {
                    let (service, method) = named();
                    Some(Remark::Elsewhere { service, method, path: path.clone(), server })
                }
                (_, owner, _) if owner != its_owner => {
                    let (service, method) = named();
                    Some(Remark::Unreachable { service, method, path: reached.clone(), owner })
                }
                (_, _, Some(kept)) => {
                    let (service, method) = named();
                    Some(Remark::Twice { service, method, path: reached.clone(), kept: kept.clone() })
                }
                _ => None,
            };
            let root_path = part.mount.map_or("", |mount| mount.root_path).to_owned();
            let mut operation =
                Operation { described: path.clone(), path: reached, method, root_path, value };
            match why_not {
                Some(remark) => {
                    remarks.push(remark);
                    placed.left_out.push(operation);
                }
                None => {
                    kept.insert((shape(&operation.path), method), operation.path.clone());
                    sign(&mut operation.value, service);
                    placed.operations.push(operation);
                }
            }
        }
    }
    placed
}

/// A path without the names of its parameters.
fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut depth = 0;
    for letter in path.chars() {
        depth -= i32::from(letter == '}');
        if depth == 0 {
            shape.push(letter);
        }
        depth += i32::from(letter == '{');
    }
    shape
}

/// Whose an operation is, said of itself.
pub(crate) fn sign(operation: &mut Value, service: &str) {
    let Some(operation) = operation.as_object_mut() else { return };
    let tags: Vec<Value> = match operation.get("tags").and_then(Value::as_array) {
        Some(tags) if !tags.is_empty() => {
            tags.iter().filter_map(Value::as_str).map(|tag| json!(tag_of(service, tag))).collect()
        }
        _ => vec![json!(service)],
    };
    operation.insert("tags".to_owned(), Value::Array(tags));
    operation.insert(OF_SERVICE.to_owned(), json!(service));
}

/// A service's own tag.
pub(crate) fn tag_of(service: &str, tag: &str) -> String {
    if tag == service { tag.to_owned() } else { format!("{service}: {tag}") }
}

/// A member that is an object, without which the document is from then on.
pub(crate) fn taken(document: &mut Value, name: &str) -> Map<String, Value> {
    match document.get_mut(name).map(Value::take) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}
