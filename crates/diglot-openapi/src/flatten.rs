//! What a document says of many operations at once, said of each of them.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::merge::resolved;
use crate::walk::METHODS;

/// Bytes that are repeated in one document. Real ones repeat a few parameters; one of 16 MiB could ask for terabytes.
const REPEATED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// Leaves each path item with nothing but its operations and their servers. `false`: not all could be repeated.
pub(crate) fn flatten(document: &mut Value) -> bool {
    let whole = document.clone();
    let security = whole.get("security").filter(|security| security.is_array());
    let mut copies = Copies { left: Some(REPEATED_BYTES_MAX) };
    for section in ["paths", "webhooks"] {
        let items = document.get_mut(section).and_then(Value::as_object_mut);
        for (_, item) in items.into_iter().flatten() {
            let target = item["$ref"].as_str().and_then(|reference| resolved(&whole, reference));
            if let Some(target) = target.and_then(|target| copies.of(target)) {
                *item = target;
            }
            flatten_item(item, security, &whole, &mut copies);
        }
    }
    copies.left.is_some()
}

fn flatten_item(item: &mut Value, security: Option<&Value>, whole: &Value, copies: &mut Copies) {
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
            let parameter =
                parameter["$ref"].as_str().and_then(|to| resolved(whole, to)).unwrap_or(parameter);
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
struct Copies {
    /// Bytes; `None` as soon as something was too much.
    left: Option<usize>,
}

impl Copies {
    fn of(&mut self, value: &Value) -> Option<Value> {
        self.left = self.left?.checked_sub(length(value));
        self.left.map(|_| value.clone())
    }
}

/// About as many bytes as a value has as text.
fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(length).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + 4 + length(value)).sum::<usize>() + 2
        }
        _ => 5,
    }
}
