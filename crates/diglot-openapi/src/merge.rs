//! Several documents as one: each path where it is really reached, each component under a name of its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::beside::name_beside;
use crate::components;
use crate::flatten::flatten;
use crate::links::name_operations;
use crate::operations::{Operation, Placed, place, sign, tag_of, taken};
use crate::places::{Mount, Owner};
use crate::reached::keep_reached;
use crate::references::close;
use crate::remark::Remark;
use crate::walk::{Kind, METHODS, SECTIONS};

/// The version of what comes of it.
const OPENAPI: &str = "3.1.1";

/// A document and whose it is.
#[derive(Debug)]
pub struct Part<'a> {
    /// The service's name.
    pub service: &'a str,
    /// As [`crate::read`] or [`crate::functions`] gave it.
    pub document: Value,
    /// How requests come to the service; `None`: the server itself answers them, at the paths that the document has.
    pub mount: Option<Mount<'a>>,
}

/// What the whole is called.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The name of the project, for an API of several services.
    pub project: &'a str,
    /// What its own people call it.
    pub title: Option<&'a str>,
    pub version: Option<&'a str>,
}

/// What came of several documents.
#[derive(Debug, PartialEq)]
pub struct Merged {
    pub document: Value,
    /// What it does not have, or has by another name, and why.
    pub remarks: Vec<Remark>,
}

/// Merges documents. `owner` says who answers a path.
pub fn merge(parts: Vec<Part<'_>>, about: About<'_>, owner: impl Fn(&str) -> Owner) -> Merged {
    let mut remarks = Vec::new();
    let (mut parts, mut all): (Vec<Part<'_>>, Vec<Placed>) = parts
        .into_iter()
        .map(|mut part| {
            flatten(&mut part.document, part.service, &mut remarks);
            close(&mut part.document, part.service, &mut remarks);
            let mut placed = place(&mut part, &owner, &mut remarks);
            keep_reached(&mut part.document, &mut placed);
            (part, placed)
        })
        // Of what nobody reaches there is nothing to say.
        .filter(|(_, placed)| placed.is_reached())
        .unzip();
    name_operations(&mut parts, &mut all);
    name_beside(&mut parts, &mut all);
    let renamed = components::renamed(&parts, &mut remarks);
    let mut components = Map::new();
    let mut tags: BTreeMap<String, (usize, Value)> = BTreeMap::new();
    let mut webhooks = Map::new();
    for ((part, placed), names) in parts.iter_mut().zip(&mut all).zip(&renamed) {
        components::rename(&mut part.document, names);
        for operation in &mut placed.operations {
            components::rename_within(&mut operation.value, Kind::Operation, names);
        }
        let mut of_part = taken(&mut part.document, "components");
        for (section, _) in SECTIONS {
            let Some(Value::Object(named)) = of_part.shift_remove(section) else { continue };
            if let Value::Object(all) = components.entry(section).or_insert_with(|| json!({})) {
                all.extend(named);
            }
        }
        for tag in tags_of_part(part) {
            let (at, name) = (tags.len(), tag["name"].as_str().unwrap_or_default().to_owned());
            tags.entry(name).or_insert((at, tag));
        }
        for (name, mut hook) in taken(&mut part.document, "webhooks") {
            for method in METHODS {
                hook.get_mut(method).into_iter().for_each(|operation| sign(operation, part.service));
            }
            let name = if webhooks.contains_key(&name) { format!("{}_{name}", part.service) } else { name };
            webhooks.insert(name, hook);
        }
    }
    let operations = || all.iter().flat_map(|placed| &placed.operations);
    let used: BTreeSet<String> = operations().flat_map(|each| tags_of(&each.value)).collect();
    tags.retain(|name, _| used.contains(name));
    let mut tags: Vec<(usize, Value)> = tags.into_values().collect();
    tags.sort_by_key(|(at, _)| *at);
    let tags: Vec<Value> = tags.into_iter().map(|(_, tag)| tag).collect();
    let mut document = json!({ "openapi": OPENAPI, "info": info(&parts, about), "tags": tags, "paths": {} });
    components.retain(|_, named| named.as_object().is_some_and(|named| !named.is_empty()));
    if !components.is_empty() {
        document["components"] = Value::Object(components);
    }
    if !webhooks.is_empty() {
        document["webhooks"] = Value::Object(webhooks);
    }
    for Operation { path, method, value, root_path, .. } in all.into_iter().flat_map(|it| it.operations) {
        let item = &mut document["paths"][path];
        item[method] = value;
        if !root_path.is_empty() {
            item["servers"] = json!([{ "url": root_path }]);
        }
    }
    // Into what no component can be made of.
    let services: Vec<&str> = parts.iter().map(|part| part.service).collect();
    close(&mut document, &services.join("\", \""), &mut remarks);
    Merged { document, remarks }
}

fn tags_of(operation: &Value) -> Vec<String> {
    operation["tags"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What is said of a document's tags, its service's first.
fn tags_of_part(part: &Part<'_>) -> Vec<Value> {
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

/// Of one service what it says of itself; of several the project's name, and their versions.
fn info(parts: &[Part<'_>], about: About<'_>) -> Value {
    let mut info = info_of(parts, about.project);
    for (name, said) in [("title", about.title), ("version", about.version)] {
        if let Some(said) = said {
            info[name] = json!(said);
        }
    }
    info
}

fn info_of(parts: &[Part<'_>], project: &str) -> Value {
    let mut infos: Vec<(&str, &Value)> = Vec::new();
    for part in parts.iter().filter(|part| part.document["info"].is_object()) {
        if !infos.iter().any(|(_, info)| *info == &part.document["info"]) {
            infos.push((part.service, &part.document["info"]));
        }
    }
    let mut services: Vec<&str> = parts.iter().map(|part| part.service).collect();
    services.dedup();
    if let ([(_, only)], [_]) = (infos.as_slice(), services.as_slice()) {
        let mut info = (*only).clone();
        for (name, default) in [("title", project), ("version", "1")] {
            if !info[name].is_string() {
                info[name] = json!(default);
            }
        }
        return info;
    }
    let versions: Vec<String> = infos
        .iter()
        .filter_map(|(service, info)| Some(format!("{service} {}", info["version"].as_str()?)))
        .collect();
    let version = if versions.is_empty() { "1".to_owned() } else { versions.join(", ") };
    json!({ "title": project, "version": version })
}
