//! The types of a service's functions beside those that its framework describes: what is the same has one name, and what differs
//! leaves the framework's its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::components::{Key, references, rename, rename_within, schema};
use crate::merge::Part;
use crate::named::{INPUT, text};
use crate::operations::Placed;
use crate::reached::{leads_to, reach};
use crate::walk::Kind;

/// What is returned, where what is given has the plain name.
const OUTPUT: &str = "Output";

/// Names the types of functions anew, where their service has a document of its own.
pub(crate) fn name_beside(parts: &mut [Part<'_>], placed: &mut [Placed]) {
    for at in 0..parts.len() {
        let (functions, service) = (&parts[at], parts[at].service);
        let is_own = |part: &&Part<'_>| part.service == service && part.mount.is_some();
        let Some(own) = parts.iter().find(is_own).filter(|_| functions.mount.is_none()) else { continue };
        let (names, same) = names_beside(&own.document, &functions.document, &placed[at]);
        let schemas = |name: &String| (name.clone(), own.document["components"]["schemas"][name].clone());
        let same: Vec<(String, Value)> = same.iter().map(schemas).collect();
        rename(&mut parts[at].document, &names);
        // In the framework's words, whatever the order.
        for (name, of) in same {
            parts[at].document["components"]["schemas"][name] = of;
        }
        for operation in &mut placed[at].operations {
            rename_within(&mut operation.value, Kind::Operation, &names);
        }
    }
}

/// What types of functions are called, and which of them are the framework's then.
fn names_beside(
    own: &Value,
    functions: &Value,
    placed: &Placed,
) -> (BTreeMap<Key, String>, BTreeSet<String>) {
    let has = |of: &Value, name: &str| of["components"]["schemas"].get(name).is_some();
    let is_free = |name: &str| !has(own, name) && !has(functions, name);
    let schemas = functions["components"]["schemas"].as_object().into_iter().flatten();
    let shared: BTreeSet<&str> =
        schemas.map(|(name, _)| name.as_str()).filter(|name| has(own, name)).collect();
    let leads_to = leads_to(&mut functions.clone());
    // Frameworks describe a type as it is where it is given.
    let has_two =
        |name: &&str| has(functions, &format!("{name}{INPUT}")) && is_free(&format!("{name}{OUTPUT}"));
    let mut both: BTreeSet<&str> = shared.iter().copied().filter(has_two).collect();
    let (mut names, same) = loop {
        let names = both.iter().flat_map(|name| {
            let given = (schema(&format!("{name}{INPUT}")), (*name).to_owned());
            [given, (schema(name), format!("{name}{OUTPUT}"))]
        });
        let names: BTreeMap<Key, String> = names.collect();
        let same = same(own, functions, &shared, &names);
        let count = both.len();
        both.retain(|name| same.contains(name));
        if both.len() == count {
            break (names, same);
        }
    };
    let [given, returned] = ["requestBody", "responses"].map(|member| {
        let of = placed.operations.iter().map(|operation| json!({ member: operation.value[member] }));
        reach(of.flat_map(|mut value| references(&mut value, Kind::Operation)).collect(), &leads_to)
    });
    for name in shared.iter().filter(|name| !same.contains(*name)) {
        let key = schema(name);
        let ending = match (given.contains(&key), returned.contains(&key)) {
            (true, false) => Some(INPUT),
            (false, true) => Some(OUTPUT),
            _ => None,
        };
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let mut all = ending.map(|ending| format!("{name}{ending}")).into_iter().chain(numbered);
        let free = all.find(|name| is_free(name) && !names.values().any(|taken| taken == name));
        names.extend(free.map(|free| (key, free)));
    }
    (names, same.into_iter().map(str::to_owned).collect())
}

/// Those of the shared names by which both mean the same, with all that it leads to, once functions' types are called so.
fn same<'n>(
    own: &Value,
    functions: &Value,
    shared: &BTreeSet<&'n str>,
    names: &BTreeMap<Key, String>,
) -> BTreeSet<&'n str> {
    let mut named = functions.clone();
    rename(&mut named, names);
    let schemas = |of: &Value, name: &str| text(&of["components"]["schemas"][name]);
    let mut same: BTreeSet<&str> =
        shared.iter().copied().filter(|name| schemas(&named, name) == schemas(own, name)).collect();
    let leads_to = leads_to(&mut named);
    let is_other = |same: &BTreeSet<&str>, (section, name): &Key| {
        section == "schemas" && shared.contains(name.as_str()) && !same.contains(name.as_str())
    };
    loop {
        let leaves = |name: &&str| {
            let mut leads = leads_to.get(&schema(name)).into_iter().flatten();
            leads.any(|key| is_other(&same, key))
        };
        let leaving: Vec<&str> = same.iter().copied().filter(leaves).collect();
        if leaving.is_empty() {
            return same;
        }
        same.retain(|name| !leaving.contains(name));
    }
}
