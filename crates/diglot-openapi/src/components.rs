//! The components of all documents in one: what is the same keeps its name, what differs gets its service's before it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::discriminators::{kinds, name_values};
use crate::merge::Part;
use crate::names::Names;
use crate::remark::Remark;
use crate::walk::{Kind, SECTIONS, walk};

/// A component's section and name.
pub(crate) type Key = (String, String);

/// For each part, what its components are called in the merged document.
pub(crate) fn renamed(parts: &[Part<'_>], remarks: &mut Vec<Remark>) -> Vec<BTreeMap<Key, String>> {
    let different = different(parts);
    let differing = with_users(parts, &different);
    let mut names: BTreeMap<&str, Names> = BTreeMap::new();
    let mut all = vec![BTreeMap::new(); parts.len()];
    // Those that keep their names take them first.
    for differs in [false, true] {
        let mut shared: BTreeMap<Key, String> = BTreeMap::new();
        for (part, renamed) in parts.iter().zip(&mut all) {
            for (section, name) in keys(&part.document) {
                let key = (section.to_owned(), name.clone());
                if differing.contains(&key) != differs {
                    continue;
                }
                let names = names.entry(section).or_default();
                let chosen = match differs {
                    false => shared.entry(key.clone()).or_insert_with(|| names.take(&name)).clone(),
                    true => names.take(&format!("{}_{name}", part.service)),
                };
                renamed.insert(key, chosen);
            }
        }
    }
    remarks.extend(different.into_iter().map(|key| remark(key, parts, &all)));
    all
}

fn remark(key: Key, parts: &[Part<'_>], renamed: &[BTreeMap<Key, String>]) -> Remark {
    let owners = parts
        .iter()
        .zip(renamed)
        .filter_map(|(part, names)| Some((part.service.to_owned(), names.get(&key)?.clone())));
    let (services, names) = owners.unzip();
    Remark::Renamed { name: key.1, services, names }
}

/// The names by which two documents mean different things.
fn different(parts: &[Part<'_>]) -> BTreeSet<Key> {
    let mut first: BTreeMap<Key, &Value> = BTreeMap::new();
    let mut different = BTreeSet::new();
    for part in parts {
        for (section, name) in keys(&part.document) {
            let value = &part.document["components"][section][&name];
            let key = (section.to_owned(), name);
            if *first.entry(key.clone()).or_insert(value) != value {
                different.insert(key);
            }
        }
    }
    different
}

/// And those where only what they refer to differs.
fn with_users(parts: &[Part<'_>], different: &BTreeSet<Key>) -> BTreeSet<Key> {
    let mut differing = different.clone();
    let mut users: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for part in parts {
        for (parent, kinds) in kinds(&part.document) {
            for kind in kinds {
                users.entry(schema(&kind)).or_default().insert(schema(&parent));
            }
        }
        for (section, name) in keys(&part.document) {
            let value = &part.document["components"][section][&name];
            let key = (section.to_owned(), name);
            let kind = SECTIONS.iter().find(|(name, _)| *name == section).map(|(_, kind)| *kind);
            for target in kind.into_iter().flat_map(|kind| references(&mut value.clone(), kind)) {
                users.entry(target).or_default().insert(key.clone());
            }
        }
    }
    let mut told: Vec<Key> = differing.iter().cloned().collect();
    while let Some(key) = told.pop() {
        for user in users.get(&key).into_iter().flatten() {
            if differing.insert(user.clone()) {
                told.push(user.clone());
            }
        }
    }
    differing
}

fn keys(document: &Value) -> impl Iterator<Item = (&'static str, String)> {
    SECTIONS.into_iter().flat_map(move |(section, _)| {
        let named = document["components"][section].as_object().into_iter().flatten();
        named.map(move |(name, _)| (section, name.clone())).collect::<Vec<_>>()
    })
}

/// The components that something refers to, or names.
pub(crate) fn references(value: &mut Value, kind: Kind) -> Vec<Key> {
    let mut targets = Vec::new();
    walk(value, kind, &mut |value, kind| {
        targets.extend(value.get("$ref").and_then(Value::as_str).and_then(target));
        if kind == Kind::Schema {
            let mapped = value["discriminator"]["mapping"].as_object().into_iter().flatten();
            targets.extend(mapped.filter_map(|(_, to)| mapped_to(to.as_str()?)));
        }
        if kind == Kind::Operation {
            let schemes = value["security"].as_array().into_iter().flatten().filter_map(Value::as_object);
            targets
                .extend(schemes.flat_map(Map::keys).map(|name| ("securitySchemes".to_owned(), name.clone())));
        }
    });
    targets
}

/// The component that a reference is to, or into.
pub(crate) fn target(reference: &str) -> Option<Key> {
    let mut steps = reference.strip_prefix("#/components/")?.splitn(3, '/');
    Some((steps.next()?.to_owned(), unescaped(steps.next()?)))
}

/// A discriminator's mapping names a schema, or refers to one.
pub(crate) fn mapped_to(to: &str) -> Option<Key> {
    if to.contains('/') || to.contains('#') { target(to) } else { Some(schema(to)) }
}

/// The key of a schema.
pub(crate) fn schema(name: &str) -> Key {
    ("schemas".to_owned(), name.to_owned())
}

/// Follows the names of components, in all of a document.
pub(crate) fn rename(document: &mut Value, names: &BTreeMap<Key, String>) {
    for (parent, kinds) in kinds(document) {
        name_values(&mut document["components"]["schemas"][&parent], &kinds, names);
    }
    rename_within(document, Kind::Document, names);
    let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) else { return };
    for (section, _) in SECTIONS {
        let Some(Value::Object(named)) = components.get_mut(section) else { continue };
        *named = std::mem::take(named)
            .into_iter()
            .map(|(name, value)| {
                let key = (section.to_owned(), name);
                (names.get(&key).cloned().unwrap_or(key.1), value)
            })
            .collect::<Map<_, _>>();
    }
}

/// Follows the names of components in a part of a document.
pub(crate) fn rename_within(value: &mut Value, kind: Kind, names: &BTreeMap<Key, String>) {
    walk(value, kind, &mut |value, kind| {
        if kind == Kind::Schema && value["discriminator"].is_object() {
            let of = |choice: &Value| target(choice["$ref"].as_str()?).map(|(_, name)| name);
            let choices = ["oneOf", "anyOf"].map(|name| value[name].as_array().cloned());
            let choices: Vec<String> = choices.iter().flatten().flatten().filter_map(of).collect();
            name_values(value, &choices, names);
            let mapping = value.get_mut("discriminator").and_then(|it| it.get_mut("mapping"));
            for (_, to) in mapping.and_then(Value::as_object_mut).into_iter().flatten() {
                if let Value::String(text) = to
                    && let Some(name) = mapped_to(text).and_then(|key| names.get(&key))
                {
                    *text = format!("#/components/schemas/{}", escaped(name));
                }
            }
        }
        if let Some(Value::String(reference)) = value.get_mut("$ref") {
            follow(reference, names);
        }
        if matches!(kind, Kind::Document | Kind::Operation) {
            let required = value.get_mut("security").and_then(Value::as_array_mut);
            for requirement in required.into_iter().flatten().filter_map(Value::as_object_mut) {
                *requirement = std::mem::take(requirement)
                    .into_iter()
                    .map(|(name, scopes)| {
                        let key = ("securitySchemes".to_owned(), name);
                        (names.get(&key).cloned().unwrap_or(key.1), scopes)
                    })
                    .collect();
            }
        }
    });
}

fn follow(reference: &mut String, names: &BTreeMap<Key, String>) {
    let Some(key) = target(reference) else { return };
    let Some(name) = names.get(&key) else { return };
    let deeper = reference.splitn(5, '/').nth(4).map(|rest| format!("/{rest}")).unwrap_or_default();
    *reference = format!("#/components/{}/{}{deeper}", key.0, escaped(name));
}

/// RFC 6901 section 3, and the percent-encoding that a reference, which is a URL, may have.
pub(crate) fn unescaped(step: &str) -> String {
    let mut bytes = Vec::with_capacity(step.len());
    let mut rest = step.as_bytes();
    while let Some((&first, behind)) = rest.split_first() {
        let digits = behind.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte {
            Some(byte) if first == b'%' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(first);
                rest = behind;
            }
        }
    }
    String::from_utf8_lossy(&bytes).replace("~1", "/").replace("~0", "~")
}

/// RFC 6901 section 3.
pub(crate) fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
