//! What a document says of many operations at once, said of each of them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::references::{followed, into_components};
use crate::remark::Remark;
use crate::walk::METHODS;

/// Bytes that are repeated in one document. Real ones repeat a few parameters; one of 16 MiB could ask for terabytes.
const REPEATED_BYTES_MAX: usize = 32 * 1024 * 1024;
/// What holds path items.
const ITEMS: [&str; 2] = ["paths", "webhooks"];

/// Leaves each path item with nothing but its operations and their servers, and no reference into it.
pub(crate) fn flatten(document: &mut Value, service: &str, remarks: &mut Vec<Remark>) {
    let mut copies = Copies { left: Some(REPEATED_BYTES_MAX) };
    replace(document, service, &mut copies, remarks);
    into_components(document, &mut copies);
    let security = document.get("security").filter(|security| security.is_array()).cloned();
    // Parameters refer to nothing else any more.
    let known = json!({ "components": { "parameters": document["components"]["parameters"] } });
    for section in ITEMS {
        let items = document.get_mut(section).and_then(Value::as_object_mut);
        for (_, item) in items.into_iter().flatten() {
            flatten_item(item, security.as_ref(), &known, &mut copies);
        }
    }
    if copies.left.is_none() {
        remarks.push(Remark::Repeated { service: service.to_owned() });
    }
}

/// Puts what they refer to in the place of path items.
fn replace(document: &mut Value, service: &str, copies: &mut Copies, remarks: &mut Vec<Remark>) {
    let mut replaced = Vec::new();
    for section in ITEMS {
        for (path, item) in document[section].as_object().into_iter().flatten() {
            let Some(reference) = item["$ref"].as_str() else { continue };
            let target = followed(document, item);
            if target.is_none() {
                let (service, path, reference) = (service.to_owned(), path.clone(), reference.to_owned());
                remarks.push(Remark::NoItem { service, path, reference });
            }
            let target = target.and_then(|target| copies.of(target));
            replaced.push((section, path.clone(), target.unwrap_or_default()));
        }
    }
    for (section, path, target) in replaced {
        document[section][path] = target;
    }
}

fn flatten_item(item: &mut Value, security: Option<&Value>, known: &Value, copies: &mut Copies) {
    let shared = item["parameters"].as_array().cloned().unwrap_or_default();
    let description = item["description"].clone();
    for method in METHODS {
        let Some(operation) = item.get_mut(method).and_then(Value::as_object_mut) else { continue };
        if let Some(security) = security.filter(|_| !operation.contains_key("security")) {
            operation.extend(copies.of(security).map(|security| ("security".to_owned(), security)));
        }
        if description.is_string() && !operation.contains_key("description") {
            operation.insert("description".to_owned(), description.clone());
        }
        if shared.is_empty() {
            continue;
        }
        let own = operation.entry("parameters").or_insert_with(|| Value::Array(Vec::new()));
        let Some(own) = own.as_array_mut() else { continue };
        let identity = |parameter: &Value| {
            let parameter = followed(known, parameter).unwrap_or(parameter);
            let text = |name: &str| parameter[name].as_str().unwrap_or_default().to_owned();
            (text("name"), text("in"))
        };
        let named: BTreeSet<_> = own.iter().map(&identity).collect();
        own.extend(shared.iter().filter(|each| !named.contains(&identity(each))).cloned());
    }
    if let Some(item) = item.as_object_mut() {
        item.retain(|name, _| METHODS.contains(&name.as_str()) || name == "servers");
    }
}

/// What may be repeated yet.
pub(crate) struct Copies {
    /// Bytes; `None` as soon as something was too much.
    left: Option<usize>,
}

impl Copies {
    pub(crate) fn of(&mut self, value: &Value) -> Option<Value> {
        self.left = self.left?.checked_sub(length(value));
        self.left.map(|_| value.clone())
    }
}

/// About as many bytes as a value has as text.
pub(crate) fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(length).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + 4 + length(value)).sum::<usize>() + 2
        }
        _ => 5,
    }
}
