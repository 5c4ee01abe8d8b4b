//! The types of a service's functions beside those that its framework describes: what is the same has one name, and what differs
//! leaves the framework's its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::components::{Key, references, rename, rename_within, schema};
use crate::merge::Part;
use crate::named::INPUT;
use crate::operations::Placed;
use crate::reached::{leads_to, reach};
use crate::walk::Kind;

/// What is returned, where what is given has the plain name: as FastAPI calls it.
const OUTPUT: &str = "Output";

/// Names the types of functions anew, where their service has a document of its own.
pub(crate) fn name_beside(parts: &mut [Part<'_>], placed: &mut [Placed]) {
    for at in 0..parts.len() {
        let (functions, service) = (&parts[at], parts[at].service);
        let is_own = |part: &&Part<'_>| part.service == service && part.mount.is_some();
        let Some(own) = parts.iter().find(is_own).filter(|_| functions.mount.is_none()) else { continue };
        let names = names_beside(&own.document, &functions.document, &placed[at]);
        rename(&mut parts[at].document, &names);
        for operation in &mut placed[at].operations {
            rename_within(&mut operation.value, Kind::Operation, &names);
        }
    }
}

fn names_beside(own: &Value, functions: &Value, placed: &Placed) -> BTreeMap<Key, String> {
    let has = |of: &Value, name: &str| of["components"]["schemas"].get(name).is_some();
    let is_free = |name: &str| !has(own, name) && !has(functions, name);
    let schemas = functions["components"]["schemas"].as_object().into_iter().flatten();
    let shared: Vec<&str> = schemas.map(|(name, _)| name.as_str()).filter(|name| has(own, name)).collect();
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
        let mut named = functions.clone();
        rename(&mut named, &names);
        let is_same =
            |name: &&str| named["components"]["schemas"][*name] == own["components"]["schemas"][*name];
        let same: BTreeSet<&str> = shared.iter().copied().filter(is_same).collect();
        let count = both.len();
        both.retain(|name| same.contains(name));
        if both.len() == count {
            break (names, same);
        }
    };
    let leads_to = leads_to(&mut functions.clone());
    let [given, returned] = ["requestBody", "responses"].map(|member| {
        let of = placed.operations.iter().map(|operation| json!({ member: operation.value[member] }));
        reach(of.flat_map(|mut value| references(&mut value, Kind::Operation)).collect(), &leads_to)
    });
    for name in shared.into_iter().filter(|name| !same.contains(name)) {
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
    names
}
