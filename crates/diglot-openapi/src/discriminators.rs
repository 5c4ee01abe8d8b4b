//! Schemas that are told apart by a property whose value is the name of one: names change, and what is sent does not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::components::{Key, escaped, mapped_to, schema, target};

/// Of schemas that are told apart by a property the names of those that say by `allOf` that they are one of their kind; nothing else
/// names these.
pub(crate) fn kinds(document: &Value) -> BTreeMap<String, Vec<String>> {
    let schemas = || document["components"]["schemas"].as_object().into_iter().flatten();
    let mut parents: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, of) in schemas() {
        for base in of["allOf"].as_array().into_iter().flatten() {
            let base = base["$ref"].as_str().and_then(target);
            if let Some((_, base)) = base.filter(|(section, _)| section == "schemas") {
                parents.entry(base).or_default().push(name.clone());
            }
        }
    }
    let is_told_apart = |of: &Value| of["discriminator"].is_object();
    let mut open: Vec<&str> =
        schemas().filter(|(_, of)| is_told_apart(of)).map(|(name, _)| name.as_str()).collect();
    let mut told_apart = BTreeSet::new();
    while let Some(name) = open.pop() {
        if told_apart.insert(name.to_owned()) {
            open.extend(parents.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    parents.retain(|name, _| told_apart.contains(name));
    parents
}

/// Writes down which value means which schema, where some of those that are told apart by their names get others.
pub(crate) fn name_values(of: &mut Value, choices: &[String], names: &BTreeMap<Key, String>) {
    let Some(discriminator) = of.get_mut("discriminator").and_then(Value::as_object_mut) else { return };
    let mapping = discriminator.get("mapping").and_then(Value::as_object).into_iter().flatten();
    let mapped: BTreeSet<Key> = mapping.filter_map(|(_, to)| mapped_to(to.as_str()?)).collect();
    let unnamed = || choices.iter().filter(|name| !mapped.contains(&schema(name)));
    if !unnamed().any(|name| names.get(&schema(name)).is_some_and(|new| new != name)) {
        return;
    }
    let Value::Object(mapping) = discriminator.entry("mapping").or_insert_with(|| json!({})) else { return };
    for name in unnamed() {
        // As it is called here: the reference follows with all others.
        let reference = || json!(format!("#/components/schemas/{}", escaped(name)));
        mapping.entry(name.as_str()).or_insert_with(reference);
    }
}
