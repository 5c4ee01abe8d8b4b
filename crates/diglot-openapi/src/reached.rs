//! What of a document only those operations need that are left out: it is left out with them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::components::{Key, references};
use crate::discriminators::kinds;
use crate::operations::{Operation, Placed};
use crate::walk::{Kind, SECTIONS};

/// Drops the components that operations refer to which are left out, and nothing else does. What no operation refers to stays: its
/// author had a reason to write it down.
pub(crate) fn keep_reached(document: &mut Value, placed: &mut Placed) {
    if placed.left_out.is_empty() {
        return;
    }
    let of_all = |operations: &mut [Operation]| -> Vec<Key> {
        operations.iter_mut().flat_map(|each| references(&mut each.value, Kind::Operation)).collect()
    };
    let mut leads_to = leads_to(document);
    let left_out = reach(of_all(&mut placed.left_out), &leads_to);
    let mut needed = of_all(&mut placed.operations);
    let hooks = document.get_mut("webhooks").and_then(Value::as_object_mut).into_iter().flatten();
    hooks.for_each(|(_, hook)| needed.extend(references(hook, Kind::PathItem)));
    needed.extend(leads_to.keys().filter(|key| !left_out.contains(key)).cloned());
    let needed = reach(needed, &leads_to);
    leads_to.retain(|key, _| !needed.contains(key));
    for (section, _) in SECTIONS {
        let named = document["components"].get_mut(section).and_then(Value::as_object_mut);
        let is_left_out = |name: &str| leads_to.contains_key(&(section.to_owned(), name.to_owned()));
        named.into_iter().for_each(|named| named.retain(|name, _| !is_left_out(name)));
    }
}

/// What each component refers to, and of a schema that is told apart by a property those that are its kinds.
pub(crate) fn leads_to(document: &mut Value) -> BTreeMap<Key, Vec<Key>> {
    let mut found = BTreeMap::new();
    let kinds = kinds(document);
    for (section, kind) in SECTIONS {
        let named = document["components"].get_mut(section).and_then(Value::as_object_mut);
        for (name, value) in named.into_iter().flatten() {
            let mut targets = references(value, kind);
            let kinds = kinds.get(name).filter(|_| kind == Kind::Schema);
            targets.extend(kinds.into_iter().flatten().map(|name| ("schemas".to_owned(), name.clone())));
            found.insert((section.to_owned(), name.clone()), targets);
        }
    }
    found
}

/// These and all that they lead to.
pub(crate) fn reach(mut open: Vec<Key>, leads_to: &BTreeMap<Key, Vec<Key>>) -> BTreeSet<Key> {
    let mut found = BTreeSet::new();
    while let Some(key) = open.pop() {
        if !found.contains(&key) {
            open.extend(leads_to.get(&key).into_iter().flatten().cloned());
            found.insert(key);
        }
    }
    found
}
