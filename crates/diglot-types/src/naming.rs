//! Gives each type with a name one that it alone has in all that is written.
//!
//! Schemas name their types function by function, and those that are given apart from those that are returned. Types of one
//! name that are the same are one, in whatever order their fields and choices stand. Where a service takes another than it
//! returns, the one that is given is `ItemInput`, and so it is where it takes what another service returns. One that errors alone
//! carry, as JSON has it, is `ItemData` beside others of its name. Others get their service's name before their own, and a number
//! behind it where that does not tell them apart.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::compare::takes;
use crate::offers::{Offers, Service, Way};
use crate::schema::{Definition, Definitions, Type};
use crate::spelling::{pascal, type_name};

/// The types that one function names, of what goes one way.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) service: String,
    pub(crate) function: String,
    pub(crate) way: Way,
    pub(crate) definitions: Definitions,
}

/// What stands behind the name of those that are given, and of those that errors carry.
const INPUT: &str = "Input";
const DATA: &str = "Data";

/// How many pairs of one name are compared, of what services return and others take. Where there are more, what another service
/// returns counts as another type.
const PAIRS_MAX: usize = 1_000;

/// Takes some out of those of one name.
type Take = for<'d> fn(&mut Vec<Known<'d>>, &[Scope]) -> Vec<Known<'d>>;

/// All that a definition leads to, itself included, with fields by their names: what tells it from another of its name.
type Closure = Definitions;

/// A type as one or more functions name it.
struct Known<'d> {
    closure: Closure,
    service: &'d str,
    definition: &'d Definition,
    /// In these scopes, under that name.
    keys: Vec<(usize, &'d str)>,
}

impl Known<'_> {
    /// Whether values of it go this way.
    fn goes(&self, way: Way, scopes: &[Scope]) -> bool {
        self.keys.iter().any(|(at, _)| scopes[*at].way == way)
    }
}

pub(crate) fn name_all(mut services: Vec<Service>, scopes: &[Scope]) -> Offers {
    let mut order: Vec<usize> = (0..scopes.len()).collect();
    order.sort_by_key(|at| (&scopes[*at].service, &scopes[*at].function));
    let mut by_name: BTreeMap<String, Vec<Known<'_>>> = BTreeMap::new();
    for at in order {
        let Scope { service, definitions, .. } = &scopes[at];
        for (key, definition) in definitions {
            let closure = closure_of(key, definitions);
            let same = by_name.entry(type_name(key.split('#').next().unwrap_or(key))).or_default();
            let known = same.iter_mut().find(|known| known.closure == closure && known.service == service);
            match known {
                Some(known) => known.keys.push((at, key)),
                None => same.push(Known { closure, service, definition, keys: vec![(at, key)] }),
            }
        }
    }

    let mut others = Vec::new();
    for (ending, take) in [(DATA, take_data as Take), (INPUT, take_inputs)] {
        let taken = by_name.iter_mut().map(|(name, all)| (name.clone(), ending, take(all, scopes)));
        others.extend(taken.filter(|(_, _, all)| !all.is_empty()));
    }
    let mut taken: BTreeSet<String> = service_classes(&services).into_values().collect();
    let mut names: HashMap<(usize, &str), String> = HashMap::new();
    let mut chosen: BTreeMap<String, (usize, &Definition)> = BTreeMap::new();
    // Names that are nobody else's come first, so that no type of another name takes them, and names that are made last.
    let is_one = |all: &[Known<'_>]| all.iter().all(|known| known.closure == all[0].closure);
    let (alone, shared): (Vec<_>, Vec<_>) = by_name.into_iter().partition(|(_, all)| is_one(all));
    let mut returned: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut given: Vec<(String, String)> = Vec::new();
    let as_they_are = alone.into_iter().chain(shared).map(|(name, all)| (name, "", all));
    for (name, ending, all) in as_they_are.chain(others) {
        let one = (is_one(&all) && !all.is_empty()).then(|| free(&format!("{name}{ending}"), &mut taken));
        for known in all {
            let own = one.clone();
            let own =
                own.unwrap_or_else(|| free(&format!("{}{name}{ending}", pascal(known.service)), &mut taken));
            if ending == INPUT {
                given.push((name.clone(), own.clone()));
            } else if ending.is_empty() && known.goes(Way::Returned, scopes) {
                let all = returned.entry(name.clone()).or_default();
                if !all.contains(&own) {
                    all.push(own.clone());
                }
            }
            chosen.entry(own.clone()).or_insert((known.keys[0].0, known.definition));
            names.extend(known.keys.into_iter().map(|key| (key, own.clone())));
        }
    }

    let renamed = |scope: usize, name: &str| names.get(&(scope, name)).cloned();
    let mut offers = Offers::default();
    for (name, own) in given {
        offers.returned_as.insert(own, returned.get(&name).cloned().unwrap_or_default());
    }
    for (own, (scope, definition)) in chosen {
        let mut definition = definition.clone();
        definition.of.rename(&mut |name| renamed(scope, name).unwrap_or_default());
        offers.types.insert(own, definition);
    }
    let of_each = scopes.iter().enumerate();
    let scope_of: HashMap<(&str, &str, Way), usize> =
        of_each.map(|(at, scope)| ((&*scope.service, &*scope.function, scope.way), at)).collect();
    for service in &mut services {
        for function in &mut service.functions {
            let name = function.name.clone();
            for (way, of) in function.types_mut() {
                let Some(&scope) = scope_of.get(&(&*service.name, &*name, way)) else { continue };
                of.rename(&mut |name| renamed(scope, name).unwrap_or_default());
            }
        }
    }
    offers.services = services;
    offers
}

/// Takes out those of one name that errors alone carry, as JSON has them, where others are given or returned.
fn take_data<'d>(all: &mut Vec<Known<'d>>, scopes: &[Scope]) -> Vec<Known<'d>> {
    let is_thrown = |known: &Known<'_>| {
        let is_class = matches!(known.definition.of, Type::Error { .. });
        !is_class && !known.goes(Way::Given, scopes) && !known.goes(Way::Returned, scopes)
    };
    let (thrown, others): (Vec<_>, Vec<_>) = all.iter().partition(|known| is_thrown(known));
    let is_other = |known: &Known<'_>| others.iter().any(|other| other.closure == known.closure);
    let data: Vec<Closure> =
        thrown.into_iter().filter(|known| !is_other(known)).map(|known| known.closure.clone()).collect();
    let has_others = !others.is_empty();
    let is_data = |known: &mut Known<'d>| has_others && is_thrown(known) && data.contains(&known.closure);
    all.extract_if(.., is_data).collect()
}

/// Takes out those of one name that are given where another is returned: what may be left out is there then.
fn take_inputs<'d>(all: &mut Vec<Known<'d>>, scopes: &[Scope]) -> Vec<Known<'d>> {
    let goes = |known: &Known<'_>, way| known.goes(way, scopes);
    let is_given = |known: &Known<'_>| goes(known, Way::Given) && !goes(known, Way::Returned);
    let given: Vec<_> = all.iter().filter(|known| is_given(known)).collect();
    let returned: Vec<_> = all.iter().filter(|known| goes(known, Way::Returned)).collect();
    let types = |known: &Known<'_>| (Offers::of_types(known.closure.clone()), known.keys[0].1.to_owned());
    let are_few = given.len() * returned.len() <= PAIRS_MAX;
    let of_returned: Vec<(Offers, String)> =
        returned.iter().filter(|_| are_few).map(|known| types(known)).collect();
    let is_returned = |known: &Known<'_>| returned.iter().any(|other| other.closure == known.closure);
    // What another service returns may be of another kind altogether.
    let takes_one = |known: &Known<'_>| {
        let (ours, own) = types(known);
        of_returned.iter().any(|(theirs, other)| takes((&ours, &own), (theirs, other)))
    };
    let is_less = |known: &Known<'_>| {
        returned.iter().any(|other| other.service == known.service) || !is_returned(known) && takes_one(known)
    };
    let inputs: Vec<Closure> =
        given.into_iter().filter(|known| is_less(known)).map(|known| known.closure.clone()).collect();
    // Another service that takes the same takes it by the same name.
    let is_input = |known: &mut Known<'d>| is_given(known) && inputs.contains(&known.closure);
    all.extract_if(.., is_input).collect()
}

/// The classes of services, by the names of these. Two services whose names differ only by what stands between words have two.
pub(crate) fn service_classes(services: &[Service]) -> BTreeMap<String, String> {
    let mut taken = BTreeSet::new();
    let own = |service: &Service| free(&format!("{}Service", pascal(&service.name)), &mut taken);
    let classes: Vec<String> = services.iter().map(own).collect();
    services.iter().map(|service| service.name.clone()).zip(classes).collect()
}

fn free(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut own = name.to_owned();
    let mut number = 2;
    while !taken.insert(own.clone()) {
        own = format!("{name}{number}");
        number += 1;
    }
    own
}

fn closure_of(key: &str, definitions: &Definitions) -> Closure {
    let mut found = Closure::new();
    let mut open = vec![key];
    while let Some(name) = open.pop() {
        let Some(definition) = definitions.get(name).filter(|_| !found.contains_key(name)) else { continue };
        let mut named = Vec::new();
        collect(&definition.of, &mut named);
        open.extend(named);
        let mut definition = definition.clone();
        by_name(&mut definition.of);
        found.insert(name.to_owned(), definition);
    }
    found
}

/// Another order of fields or of choices makes no other type.
fn by_name(of: &mut Type) {
    of.parts_mut(&mut by_name);
    match of {
        Type::Object(object) => object.fields.sort_by(|one, other| one.name.cmp(&other.name)),
        Type::Union(parts) => parts.sort_by_cached_key(|part| format!("{part:?}")),
        Type::Literals(values) => values.sort_by_cached_key(Value::to_string),
        _ => {}
    }
}

fn collect<'d>(of: &'d Type, names: &mut Vec<&'d str>) {
    if let Type::Named(name) = of {
        names.push(name);
    }
    of.parts().into_iter().for_each(|part| collect(part, names));
}
