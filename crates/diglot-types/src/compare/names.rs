//! Types that are called otherwise than before, or are no more: programs import them by their names.

use std::collections::{BTreeMap, BTreeSet};

use super::{Change, takes};
use crate::offers::{Function, Offers};
use crate::python::lifted;
use crate::schema::{Definitions, Type};

/// What types that had a name are called now.
pub(super) struct Renamed(BTreeMap<String, String>);

impl Renamed {
    pub(super) fn now<'n>(&'n self, name: &'n str) -> &'n str {
        self.0.get(name).map_or(name, String::as_str)
    }
}

/// What has become of the names, and a change for each that is no more.
pub(super) fn names(before: &Offers, after: &Offers) -> (Renamed, Vec<Change>) {
    // Those that only Python has a name for are imported as well.
    let (before, after) = (&lifted(before), &lifted(after));
    let mut gone: BTreeSet<&str> =
        before.types.keys().map(String::as_str).filter(|name| !after.types.contains_key(*name)).collect();
    let mut following = Following { before: &before.types, after: &after.types, found: BTreeMap::new() };
    let mut changes = Vec::new();
    let mut moved = BTreeSet::new();
    for (service, was, now) in pairs(before, after) {
        for (one, other) in was.types().zip(now.types()) {
            following.follow(one, other);
        }
        for (one, other) in was.given().zip(now.given()) {
            for (name, own) in following.follow(one, other) {
                // Callers name so what they give, and by that name more is asked of it.
                let is_returned = after.returned_as.get(&own).is_some_and(|all| all.contains(&name));
                if is_returned && !takes((after, &name), (before, &name)) && moved.insert(name.clone()) {
                    let message =
                        format!("what is given is called `{own}` now: `{name}` is what is returned");
                    let function = format!("{service}.{}", was.name);
                    changes.push(Change { breaks: true, function, message, place: now.place.clone() });
                }
            }
        }
    }
    let renamed = Renamed(following.found);
    for service in &before.services {
        let now = after.services.iter().find(|other| other.name == service.name);
        for function in &service.functions {
            let same = now.and_then(|now| now.functions.iter().find(|other| other.name == function.name));
            // That a function is gone is told as such.
            let Some(same) = same else { continue };
            for name in super::leads_to(&before.types, function).into_keys() {
                if !gone.remove(name) {
                    continue;
                }
                let message = match renamed.0.get(name) {
                    Some(other) => {
                        format!("type `{name}` is called `{other}` now, and is imported by that name")
                    }
                    None => format!("type `{name}` is gone, and cannot be imported any more"),
                };
                changes.push(Change {
                    breaks: true,
                    function: format!("{}.{}", service.name, function.name),
                    message,
                    place: same.place.clone(),
                });
            }
        }
    }
    (renamed, changes)
}

/// The functions that were there before and still are. Parameters are put side by side by their names.
fn pairs<'o>(before: &'o Offers, after: &Offers) -> Vec<(&'o str, Function, Function)> {
    let mut pairs = Vec::new();
    for was in &before.services {
        let Some(now) = after.services.iter().find(|service| service.name == was.name) else { continue };
        for function in &was.functions {
            let Some(same) = now.functions.iter().find(|other| other.name == function.name) else { continue };
            let (mut one, mut other) = (function.clone(), same.clone());
            one.params.retain(|param| same.params.iter().any(|present| present.name == param.name));
            other.params.retain(|param| function.params.iter().any(|present| present.name == param.name));
            one.params.sort_by(|a, b| a.name.cmp(&b.name));
            other.params.sort_by(|a, b| a.name.cmp(&b.name));
            if one.input.is_none() != other.input.is_none() {
                (one.input, other.input) = (None, None);
            }
            one.errors.retain(|error| same.errors.iter().any(|present| present.class == error.class));
            other.errors.retain(|error| function.errors.iter().any(|present| present.class == error.class));
            one.errors.sort_by(|a, b| a.class.cmp(&b.class));
            other.errors.sort_by(|a, b| a.class.cmp(&b.class));
            pairs.push((was.name.as_str(), one, other));
        }
    }
    pairs
}

/// Goes through two states of a type side by side.
struct Following<'o> {
    before: &'o Definitions,
    after: &'o Definitions,
    /// The names that are no more, and those in their place.
    found: BTreeMap<String, String>,
}

impl Following<'_> {
    /// Returns the names that are others now, with these.
    fn follow(&mut self, was: &Type, now: &Type) -> Vec<(String, String)> {
        let mut others = Vec::new();
        let mut open = vec![(was.clone(), now.clone())];
        let mut seen = BTreeSet::new();
        while let Some((was, now)) = open.pop() {
            match (unless_null(was), unless_null(now)) {
                (Type::Named(was), Type::Named(now)) => {
                    if !seen.insert((was.clone(), now.clone())) {
                        continue;
                    }
                    if was != now {
                        others.push((was.clone(), now.clone()));
                    }
                    if !self.after.contains_key(&was) && !self.before.contains_key(&now) {
                        self.found.entry(was.clone()).or_insert_with(|| now.clone());
                    }
                    let of = |types: &Definitions, name: &str| types.get(name).map(|one| one.of.clone());
                    open.extend(of(self.before, &was).zip(of(self.after, &now)));
                }
                (Type::Object(one), Type::Object(other)) => {
                    for field in one.fields {
                        let same = other.fields.iter().find(|present| present.name == field.name);
                        open.extend(same.map(|same| (field.of, same.of.clone())));
                    }
                    open.extend(one.others.zip(other.others).map(|(one, other)| (*one, *other)));
                    open.extend(one.numbered.zip(other.numbered).map(|(one, other)| (*one, *other)));
                }
                (one, other) => {
                    let parts = one.parts().into_iter().zip(other.parts());
                    open.extend(parts.map(|(one, other)| (one.clone(), other.clone())));
                }
            }
        }
        others
    }
}

/// Of a type or null: the type.
fn unless_null(of: Type) -> Type {
    match of {
        Type::Union(mut parts) if parts.len() == 2 && parts.contains(&Type::Null) => {
            let at = usize::from(parts[0] == Type::Null);
            parts.swap_remove(at)
        }
        of => of,
    }
}
