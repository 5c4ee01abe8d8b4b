//! References within a document: what they lead to, and what becomes of those that lead nowhere or into its midst.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use crate::components::{target, unescaped};
use crate::flatten::Copies;
use crate::names::Names;
use crate::remark::Remark;
use crate::walk::{Kind, SECTIONS, section_of, walk};

/// How often a reference to a reference is followed.
const CHAIN_MAX: usize = 16;
/// Bytes of a name that is made of the way to what it is for.
const NAME_BYTES_MAX: usize = 64;

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

/// What stands behind all references that `value` begins with; `None` where they lead nowhere, or to each other.
pub(crate) fn followed<'d>(document: &'d Value, mut value: &'d Value) -> Option<&'d Value> {
    for _ in 0..CHAIN_MAX {
        let Some(reference) = value["$ref"].as_str() else { return Some(value) };
        value = resolved(document, reference)?;
    }
    None
}

/// Replaces references that lead nowhere: one of them would make the whole document unreadable to most tools.
pub(crate) fn close(document: &mut Value, service: &str, remarks: &mut Vec<Remark>) {
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
            Kind::Header => json!({ "schema": {} }),
            _ => json!({}),
        };
    });
}

/// Makes components of what is referred to within paths, or wherever else a document has it: its paths get other names and other
/// parameters, and some of them are left out.
pub(crate) fn into_components(document: &mut Value, copies: &mut Copies) {
    let mut open = VecDeque::new();
    walk(document, Kind::Document, &mut |value, kind| open.extend(into_midst(value, kind)));
    if open.is_empty() {
        return;
    }
    let mut names: BTreeMap<&'static str, Names> = BTreeMap::new();
    for (section, _) in SECTIONS {
        let named = document["components"][section].as_object().into_iter().flatten();
        named.for_each(|(name, _)| drop(names.entry(section).or_default().take(name)));
    }
    let mut chosen: BTreeMap<(&'static str, String), String> = BTreeMap::new();
    let mut new = Vec::new();
    while let Some((section, kind, reference)) = open.pop_front() {
        if chosen.contains_key(&(section, reference.clone())) {
            continue;
        }
        let Some(mut copy) = resolved(document, &reference).and_then(|target| copies.of(target)) else {
            continue;
        };
        let name = names.entry(section).or_default().take(&name_of(&reference, &copy, kind));
        walk(&mut copy, kind, &mut |value, kind| open.extend(into_midst(value, kind)));
        chosen.insert((section, reference), format!("#/components/{section}/{name}"));
        new.push((section, name, copy));
    }
    let components = object_in(document, "components");
    for (section, name, copy) in new {
        object_in(components, section)[name] = copy;
    }
    walk(document, Kind::Document, &mut |value, kind| {
        let Some((section, _, reference)) = into_midst(value, kind) else { return };
        if let Some(chosen) = chosen.get(&(section, reference)) {
            value["$ref"] = json!(chosen);
        }
    });
}

/// A member that is an object, whatever it was before.
fn object_in<'v>(value: &'v mut Value, name: &str) -> &'v mut Value {
    if !value[name].is_object() {
        value[name] = json!({});
    }
    &mut value[name]
}

/// A reference to what is no component and may be one: of which section and kind.
fn into_midst(value: &Value, kind: Kind) -> Option<(&'static str, Kind, String)> {
    let reference = value.get("$ref")?.as_str()?;
    let is_known = |(section, _): (String, String)| SECTIONS.iter().any(|(known, _)| *known == section);
    let is_midst = reference.starts_with("#/") && !target(reference).is_some_and(is_known);
    section_of(kind).filter(|_| is_midst).map(|section| (section, kind, reference.to_owned()))
}

/// What a parameter is called by itself, and all else by the words of the way to it.
fn name_of(reference: &str, of: &Value, kind: Kind) -> String {
    const STRUCTURE: [&str; 9] = [
        "application",
        "content",
        "headers",
        "json",
        "parameters",
        "properties",
        "requestBody",
        "responses",
        "schema",
    ];
    let way = reference.splitn(3, '/').nth(2).map(unescaped).unwrap_or_default();
    let own = of["name"].as_str().filter(|_| kind == Kind::Parameter);
    let words = own.unwrap_or(&way).split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let mut name = String::new();
    for word in words.filter(|word| !word.is_empty() && (own.is_some() || !STRUCTURE.contains(word))) {
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(word);
    }
    name.truncate(NAME_BYTES_MAX);
    if name.is_empty() { "Part".to_owned() } else { name }
}
