//! Several documents as one: each path where it is really reached, each component under a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::components::{self, escaped, unescaped};
use crate::flatten::flatten;
use crate::names::Names;
use crate::places::{Mount, Owner, Place};
use crate::remark::Remark;
use crate::walk::{Kind, METHODS, SECTIONS, walk};

/// The version of what comes of it.
const OPENAPI: &str = "3.1.1";
/// Says of an operation whose it is.
pub(crate) const OF_SERVICE: &str = "x-diglot-service";

/// A document and whose it is.
#[derive(Debug)]
pub struct Part<'a> {
    /// The service's name.
    pub service: &'a str,
    /// As [`crate::read`] or [`crate::functions`] gave it.
    pub document: Value,
    /// How requests come to the service; `None`: its paths are the server's own already.
    pub mount: Option<Mount<'a>>,
}

/// What came of several documents.
#[derive(Debug, PartialEq)]
pub struct Merged {
    pub document: Value,
    /// What it does not have, and why.
    pub remarks: Vec<Remark>,
}

/// Merges documents. `owner` says who answers a path.
pub fn merge(mut parts: Vec<Part<'_>>, owner: impl Fn(&str) -> Owner) -> Merged {
    let mut remarks = Vec::new();
    for part in &mut parts {
        if !flatten(&mut part.document) {
            remarks.push(Remark::Repeated { service: part.service.to_owned() });
        }
    }
    let renamed = components::renamed(&parts);
    for (part, names) in parts.iter_mut().zip(&renamed) {
        close(&mut part.document, part.service, &mut remarks);
        components::rename(&mut part.document, names);
    }
    let mut merging = Merging { owner: &owner, operations: Vec::new(), remarks };
    let mut components = Map::new();
    let mut tags: BTreeMap<String, (usize, Value)> = BTreeMap::new();
    let mut webhooks = Map::new();
    for part in &mut parts {
        merging.place(part);
        for (section, _) in SECTIONS {
            let Some(Value::Object(named)) = part.document["components"].get_mut(section).map(Value::take)
            else {
                continue;
            };
            let all = components.entry(section).or_insert_with(|| json!({}));
            all.as_object_mut().into_iter().for_each(|all| all.extend(named.clone()));
        }
        for tag in of_part(part) {
            let (at, name) = (tags.len(), tag["name"].as_str().unwrap_or_default().to_owned());
            tags.entry(name).or_insert((at, tag));
        }
        for (name, mut hook) in taken(&mut part.document, "webhooks") {
            let operations =
                METHODS.into_iter().filter_map(|method| Some((method, hook.get(method)?.clone())));
            for (method, mut operation) in operations.collect::<Vec<_>>() {
                sign(&mut operation, part.service);
                hook[method] = operation;
            }
            let name = if webhooks.contains_key(&name) { format!("{}_{name}", part.service) } else { name };
            webhooks.insert(name, hook);
        }
    }
    let Merging { operations, mut remarks, .. } = merging;
    let used: BTreeSet<String> = operations.iter().flat_map(|each| tags_of(&each.value)).collect();
    tags.retain(|name, _| used.contains(name));
    let mut tags: Vec<(usize, Value)> = tags.into_values().collect();
    tags.sort_by_key(|(at, _)| *at);
    let tags: Vec<Value> = tags.into_iter().map(|(_, tag)| tag).collect();
    let mut document = json!({ "openapi": OPENAPI, "info": info(&parts), "tags": tags, "paths": {} });
    if !components.is_empty() {
        document["components"] = Value::Object(components);
    }
    if !webhooks.is_empty() {
        document["webhooks"] = Value::Object(webhooks);
    }
    for Operation { path, method, value, root_path, .. } in with_ids(operations) {
        let item = &mut document["paths"][path];
        item[method] = value;
        if !root_path.is_empty() {
            item["servers"] = json!([{ "url": root_path }]);
        }
    }
    // Into operations that were left out.
    let all: Vec<&str> = parts.iter().map(|part| part.service).collect();
    close(&mut document, &all.join("\", \""), &mut remarks);
    Merged { document, remarks }
}

/// An operation at its place.
struct Operation {
    service: String,
    path: String,
    method: &'static str,
    root_path: String,
    value: Value,
}

struct Merging<'o> {
    owner: &'o dyn Fn(&str) -> Owner,
    operations: Vec<Operation>,
    remarks: Vec<Remark>,
}

impl Merging<'_> {
    /// Takes the operations of a document that are reached.
    fn place(&mut self, part: &mut Part<'_>) {
        let service = part.service;
        let is_own = |path: &str| (self.owner)(path) == Owner::Service(service.to_owned());
        let paths = taken(&mut part.document, "paths");
        let find = |servers: &Value, paths: &[&str]| {
            let mount = part.mount.unwrap_or_default();
            Place::find(servers, mount, paths.iter().copied(), is_own)
        };
        let all: Vec<&str> = paths.keys().map(String::as_str).collect();
        let place = find(&part.document["servers"], &all);
        let moved = |path: &str| if part.mount.is_some() { place.of(path) } else { path.to_owned() };
        let mut kept: BTreeMap<(String, &str), String> = BTreeMap::new();
        for (path, item) in &paths {
            for method in METHODS {
                let Some(operation) = item.get(method).filter(|operation| operation.is_object()) else {
                    continue;
                };
                let mut operation = operation.clone();
                let servers = operation.as_object_mut().and_then(|it| it.remove("servers"));
                let servers = servers.unwrap_or_else(|| item["servers"].clone());
                let reached = match part.mount.is_some() && servers.is_array() {
                    true => find(&servers, &[path]).of(path),
                    false => moved(path),
                };
                let owner = match part.mount {
                    Some(_) => (self.owner)(&reached),
                    None => Owner::Service(service.to_owned()),
                };
                if owner != Owner::Service(service.to_owned()) {
                    let (service, method) = (service.to_owned(), method.to_uppercase());
                    self.remarks.push(Remark::Unreachable { service, method, path: reached, owner });
                    continue;
                }
                if let Some(kept) = kept.get(&(shape(&reached), method)) {
                    let (service, method, kept) = (service.to_owned(), method.to_uppercase(), kept.clone());
                    self.remarks.push(Remark::Twice { service, method, path: reached, kept });
                    continue;
                }
                kept.insert((shape(&reached), method), reached.clone());
                sign(&mut operation, service);
                let root_path = part.mount.map_or("", |mount| mount.root_path).to_owned();
                refer(&mut operation, Kind::Operation, &moved);
                self.operations.push(Operation {
                    service: service.to_owned(),
                    path: reached,
                    method,
                    root_path,
                    value: operation,
                });
            }
        }
        for (section, kind) in SECTIONS {
            let named = part.document["components"].get_mut(section).and_then(Value::as_object_mut);
            named.into_iter().flatten().for_each(|(_, value)| refer(value, kind, &moved));
        }
    }
}

/// References into paths follow these.
fn refer(value: &mut Value, kind: Kind, moved: &impl Fn(&str) -> String) {
    walk(value, kind, &mut |value, _| {
        for name in ["$ref", "operationRef"] {
            let Some(Value::String(reference)) = value.get_mut(name) else { continue };
            let Some(behind) = reference.strip_prefix("#/paths/") else { continue };
            let (path, rest) = behind.split_at(behind.find('/').unwrap_or(behind.len()));
            *reference = format!("#/paths/{}{rest}", escaped(&moved(&unescaped(path))));
        }
    });
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
fn sign(operation: &mut Value, service: &str) {
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
fn tag_of(service: &str, tag: &str) -> String {
    if tag == service { tag.to_owned() } else { format!("{service}: {tag}") }
}

fn tags_of(operation: &Value) -> Vec<String> {
    operation["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What is said of a document's tags, its service's first.
fn of_part(part: &Part<'_>) -> Vec<Value> {
    let info = &part.document["info"];
    let description = info["description"].as_str().or(info["title"].as_str());
    let own = match description.map(str::trim).filter(|text| !text.is_empty()) {
        Some(text) => json!({ "name": part.service, "description": text }),
        None => json!({ "name": part.service }),
    };
    let mut tags = vec![own];
    for tag in part.document["tags"].as_array().into_iter().flatten() {
        let Some(name) = tag["name"].as_str() else { continue };
        let mut tag = tag.clone();
        tag["name"] = json!(tag_of(part.service, name));
        tags.push(tag);
    }
    tags
}

fn taken(document: &mut Value, name: &str) -> Map<String, Value> {
    match document.get_mut(name).map(Value::take) {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

/// Of one document its own, of several their names.
fn info(parts: &[Part<'_>]) -> Value {
    let mut infos: Vec<(&str, &Value)> = Vec::new();
    for part in parts.iter().filter(|part| part.document["info"].is_object()) {
        if !infos.iter().any(|(_, info)| *info == &part.document["info"]) {
            infos.push((part.service, &part.document["info"]));
        }
    }
    if let [(_, only)] = infos.as_slice() {
        let mut info = (*only).clone();
        for (name, default) in [("title", "API"), ("version", "1")] {
            if !info[name].is_string() {
                info[name] = json!(default);
            }
        }
        return info;
    }
    let mut services: Vec<&str> = parts.iter().map(|part| part.service).collect();
    services.dedup();
    let versions: Vec<String> = infos
        .iter()
        .filter_map(|(service, info)| Some(format!("{service} {}", info["version"].as_str()?)))
        .collect();
    let title = if services.is_empty() { "API".to_owned() } else { services.join(", ") };
    let version = if versions.is_empty() { "1".to_owned() } else { versions.join(", ") };
    json!({ "title": title, "version": version })
}

/// What a reference within `document` is to.
pub(crate) fn resolved<'d>(document: &'d Value, reference: &str) -> Option<&'d Value> {
    let steps = reference.strip_prefix('#')?;
    if steps.is_empty() {
        return Some(document);
    }
    steps.strip_prefix('/')?.split('/').try_fold(document, |value, step| {
        let step = unescaped(step);
        match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            value => value.get(step),
        }
    })
}

/// Gives every operation an id that no other has, and has links follow.
fn with_ids(mut operations: Vec<Operation>) -> Vec<Operation> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for operation in &operations {
        if let Some(id) = operation.value["operationId"].as_str() {
            *counts.entry(id.to_owned()).or_default() += 1;
        }
    }
    let mut names = Names::default();
    counts.iter().filter(|(_, count)| **count == 1).for_each(|(id, _)| drop(names.take(id)));
    let mut changed: BTreeMap<(String, String), String> = BTreeMap::new();
    for Operation { service, value, .. } in &mut operations {
        let Some(id) = value["operationId"].as_str().map(str::to_owned) else { continue };
        if counts[&id] > 1 {
            let new = names.take(&format!("{service}_{id}"));
            value["operationId"] = json!(new);
            changed.entry((service.clone(), id)).or_insert(new);
        }
    }
    for Operation { service, value, .. } in &mut operations {
        walk(value, Kind::Operation, &mut |value, kind| {
            if kind == Kind::Plain
                && let Some(Value::String(id)) = value.get_mut("operationId")
                && let Some(new) = changed.get(&(service.clone(), id.clone()))
            {
                id.clone_from(new);
            }
        });
    }
    operations
}

/// Replaces references that lead nowhere: one of them would make the whole document unreadable to most tools.
fn close(document: &mut Value, service: &str, remarks: &mut Vec<Remark>) {
    let whole = document.clone();
    let mut told = BTreeSet::new();
    walk(document, Kind::Document, &mut |value, kind| {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return };
        let is_elsewhere = reference.starts_with("http://") || reference.starts_with("https://");
        // A schema with an id of its own is what its references start from.
        let is_anchor = kind == Kind::Schema && !reference.starts_with("#/") && reference.starts_with('#');
        if is_elsewhere || is_anchor || resolved(&whole, reference).is_some() {
            return;
        }
        if told.insert(reference.to_owned()) {
            let (service, reference) = (service.to_owned(), reference.to_owned());
            remarks.push(Remark::Dangling { service, reference });
        }
        *value = match kind {
            Kind::Response => json!({ "description": "" }),
            Kind::Body => json!({ "content": {} }),
            Kind::Parameter => json!({ "name": "unknown", "in": "query", "schema": {} }),
            _ => json!({}),
        };
    });
}
