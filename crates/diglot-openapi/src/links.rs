//! Ids of operations that no two share, and the links from one operation to another, which follow.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::components::{escaped, unescaped};
use crate::merge::Part;
use crate::names::Names;
use crate::operations::{Operation, Placed};
use crate::references::followed;
use crate::walk::{Kind, walk};

/// Gives every operation an id that no other has, and has the links of its document follow.
pub(crate) fn name_operations(parts: &mut [Part<'_>], all: &mut [Placed]) {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for operation in all.iter().flat_map(|placed| &placed.operations) {
        if let Some(id) = operation.value["operationId"].as_str() {
            *counts.entry(id.to_owned()).or_default() += 1;
        }
    }
    let mut names = Names::default();
    counts.iter().filter(|(_, count)| **count == 1).for_each(|(id, _)| drop(names.take(id)));
    for (part, placed) in parts.iter_mut().zip(all) {
        let mut targets = Targets::of(placed, &part.document);
        for operation in &mut placed.operations {
            let Some(id) = operation.value["operationId"].as_str().map(str::to_owned) else { continue };
            let is_shared = counts.get(&id).is_some_and(|count| *count > 1);
            let own = if is_shared { names.take(&format!("{}_{id}", part.service)) } else { id.clone() };
            operation.value["operationId"] = json!(own);
            targets.by_id.entry(id).or_insert(Some(own));
        }
        for operation in &placed.left_out {
            if let Some(id) = operation.value["operationId"].as_str() {
                targets.by_id.entry(id.to_owned()).or_insert(None);
            }
        }
        targets.follow(&mut part.document, &mut placed.operations);
    }
}

/// What links of a document may lead to.
struct Targets {
    /// What an operation's id is now; `None`: it is left out.
    by_id: BTreeMap<String, Option<String>>,
    /// Where an operation is now, by the path that its document has and its method.
    by_place: BTreeMap<(String, String), String>,
    /// The links that have names, as a document of their own.
    named: Value,
}

impl Targets {
    fn of(placed: &Placed, document: &Value) -> Self {
        let place = |it: &Operation| ((it.described.clone(), it.method.to_owned()), it.path.clone());
        Self {
            by_id: BTreeMap::new(),
            by_place: placed.operations.iter().map(place).collect(),
            named: json!({ "components": { "links": document["components"]["links"] } }),
        }
    }

    fn follow(&self, document: &mut Value, operations: &mut [Operation]) {
        let named = document.get_mut("components").and_then(|components| components.get_mut("links"));
        if let Some(Value::Object(links)) = named {
            links.retain(|_, link| self.is_there(link));
        }
        let mut visit = |value: &mut Value, kind| match (kind, value) {
            (Kind::Response, Value::Object(response)) => {
                if let Some(Value::Object(links)) = response.get_mut("links") {
                    links.retain(|_, link| self.is_there(link));
                }
            }
            (Kind::Link, link) => self.lead(link),
            _ => {}
        };
        walk(document, Kind::Document, &mut visit);
        operations.iter_mut().for_each(|each| walk(&mut each.value, Kind::Operation, &mut visit));
    }

    /// Whether the operation that a link leads to is not left out.
    fn is_there(&self, link: &Value) -> bool {
        let Some(link) = followed(&self.named, link) else { return true };
        match (link["operationId"].as_str(), link["operationRef"].as_str()) {
            (Some(id), _) => self.by_id.get(id) != Some(&None),
            (None, Some(reference)) => {
                place_of(reference).is_none_or(|place| self.by_place.contains_key(&place))
            }
            // What is left of one that led nowhere.
            (None, None) => false,
        }
    }

    fn lead(&self, link: &mut Value) {
        if let Some(Value::String(id)) = link.get_mut("operationId")
            && let Some(Some(own)) = self.by_id.get(id.as_str())
        {
            id.clone_from(own);
        }
        if let Some(Value::String(reference)) = link.get_mut("operationRef")
            && let Some(place) = place_of(reference)
            && let Some(path) = self.by_place.get(&place)
        {
            *reference = format!("#/paths/{}/{}", escaped(path), place.1);
        }
    }
}

/// The path and the method that a reference to an operation has.
fn place_of(reference: &str) -> Option<(String, String)> {
    let (path, method) = reference.strip_prefix("#/paths/")?.split_once('/')?;
    Some((unescaped(path), method.to_owned()))
}
