//! The types with a name of all functions of a service: each function brings those it leads to, and they are one set of components.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::components::unescaped;
use crate::functions::cross;
use crate::names::Names;
use crate::walk::{Kind, walk};

/// How often types are looked up to tell those of one name apart, in all functions of a service: a thousand functions with twenty
/// types each, and three references in each of these, need four fifths of it. What is beyond has components of its own.
const LOOKED_UP_MAX: usize = 2_000_000;

/// The types of one schema, by the names that it has for them.
type Types = BTreeMap<String, (usize, BTreeSet<String>)>;

/// What they are as components.
#[derive(Default)]
pub(crate) struct Schemas {
    pub(crate) all: Map<String, Value>,
    /// A number for each name and what was said under it.
    numbers: BTreeMap<(String, String), usize>,
    /// What a type is called. It is known by its own number, and those of all types that it leads to.
    known: BTreeMap<(usize, BTreeSet<usize>), String>,
    looked_up: usize,
    names: Names,
    /// What types of functions' results would be called if there were no others.
    returned: BTreeSet<String>,
}

/// Which way values of a schema go.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Returned,
    /// A type that is returned as well, and looks otherwise there, is `ItemInput`. So what is returned is taken first.
    Given,
}

impl Schemas {
    /// A schema of an offer as one of a document, with its types among the others.
    pub(crate) fn take(&mut self, mut schema: Value, way: Way) -> Value {
        let mut defined = match schema.as_object_mut().and_then(|schema| schema.shift_remove("$defs")) {
            Some(Value::Object(types)) => types,
            _ => Map::new(),
        };
        let types: Types = defined
            .iter_mut()
            .map(|(name, of)| {
                let next = self.numbers.len();
                let number = *self.numbers.entry((name.clone(), of.to_string())).or_insert(next);
                (name.clone(), (number, leads_to(of)))
            })
            .collect();
        let mut new = Vec::new();
        let mut chosen = BTreeMap::new();
        for (name, of) in defined {
            let key = self.closure(&name, &types);
            let known = key.as_ref().and_then(|key| self.known.get(key));
            let component = known.cloned().unwrap_or_else(|| {
                let plain = component_name(&name);
                let component = match way {
                    Way::Given if self.returned.contains(&plain) => self.names.take(&format!("{plain}Input")),
                    _ => self.names.take(&plain),
                };
                new.push((component.clone(), of));
                component
            });
            if way == Way::Returned {
                self.returned.insert(component_name(&name));
            }
            self.known.extend(key.map(|key| (key, component.clone())));
            chosen.insert(name, component);
        }
        for (name, mut of) in new {
            cross(&mut of, &chosen);
            self.all.insert(name, of);
        }
        cross(&mut schema, &chosen);
        schema
    }

    /// What tells a type from another of its name: all that it leads to. `None` where that is too much to find out.
    fn closure(&mut self, name: &str, types: &Types) -> Option<(usize, BTreeSet<usize>)> {
        let (own, _) = types.get(name)?;
        let mut found = BTreeSet::new();
        let mut open = vec![name];
        while let Some(name) = open.pop() {
            let Some((_, leads_to)) = types.get(name).filter(|(number, _)| found.insert(*number)) else {
                continue;
            };
            self.looked_up += 1 + leads_to.len();
            if self.looked_up > LOOKED_UP_MAX {
                return None;
            }
            open.extend(leads_to.iter().map(String::as_str));
        }
        Some((*own, found))
    }
}

/// The types that one refers to.
fn leads_to(of: &mut Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    walk(of, Kind::Schema, &mut |value, _| {
        let reference = value.get("$ref").and_then(Value::as_str);
        names.extend(reference.and_then(|to| to.strip_prefix("#/$defs/")).map(unescaped));
    });
    names
}

/// What a component may be called: `Page[Item]` as `PageItem`. `Problem` is ours.
fn component_name(name: &str) -> String {
    let plain: String =
        name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).collect();
    match plain.as_str() {
        "" => "Type".to_owned(),
        "Problem" => "ProblemType".to_owned(),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use serde_json::json;

    use super::*;

    fn page(of: Value) -> Value {
        json!({ "$ref": "#/$defs/Page[Item]", "$defs": { "Page[Item]": of } })
    }

    #[test]
    fn types_of_one_name_that_differ_are_two() {
        let mut schemas = Schemas::default();
        let mut taken = |of: &str| schemas.take(page(json!({ "type": of })), Way::Returned)["$ref"].clone();
        assert_eq!(taken("string"), "#/components/schemas/PageItem");
        assert_eq!(taken("string"), "#/components/schemas/PageItem");
        assert_eq!(taken("number"), "#/components/schemas/PageItem_2");
    }

    #[test]
    fn what_is_given_is_called_after_what_is_returned() {
        let mut schemas = Schemas::default();
        let mut taken = |of: &str, way| schemas.take(page(json!({ "type": of })), way)["$ref"].clone();
        assert_eq!(taken("string", Way::Returned), "#/components/schemas/PageItem");
        assert_eq!(taken("string", Way::Given), "#/components/schemas/PageItem");
        assert_eq!(taken("number", Way::Given), "#/components/schemas/PageItemInput");
        assert_eq!(taken("number", Way::Given), "#/components/schemas/PageItemInput");
        assert_eq!(taken("boolean", Way::Given), "#/components/schemas/PageItemInput_2");
    }

    #[test]
    fn types_that_lead_to_others_that_differ_are_two() {
        let mut schemas = Schemas::default();
        let mut taken = |of: &str| {
            let mut schema = page(json!({ "items": { "$ref": "#/$defs/Item" } }));
            schema["$defs"]["Item"] =
                json!({ "type": of, "properties": { "page": { "$ref": "#/$defs/Page[Item]" } } });
            schemas.take(schema, Way::Returned)["$ref"].clone()
        };
        assert_eq!(taken("string"), "#/components/schemas/PageItem");
        assert_eq!(taken("integer"), "#/components/schemas/PageItem_2");
        assert_eq!(taken("string"), "#/components/schemas/PageItem");
        assert_eq!(schemas.all["PageItem"]["items"]["$ref"], "#/components/schemas/Item");
        assert_eq!(schemas.all["PageItem_2"]["items"]["$ref"], "#/components/schemas/Item_2");
        let back = |name: &str| &schemas.all[name]["properties"]["page"]["$ref"];
        assert_eq!(
            (back("Item"), back("Item_2")),
            (&json!("#/components/schemas/PageItem"), &json!("#/components/schemas/PageItem_2"))
        );
        assert_eq!(schemas.all.len(), 4);
    }

    /// Each of them leads to all that follow.
    #[test]
    fn a_long_chain_of_types_costs_no_more_than_its_length_allows() {
        const MANY: usize = 20_000;
        let begun = Instant::now();
        let of =
            |at: usize| (format!("T{at}"), json!({ "items": { "$ref": format!("#/$defs/T{}", at + 1) } }));
        let types: Map<String, Value> = (0..MANY).map(of).collect();
        let mut schemas = Schemas::default();
        for _ in 0..2 {
            schemas.take(json!({ "$ref": "#/$defs/T0", "$defs": types }), Way::Returned);
        }
        assert!(schemas.all.len() >= MANY && schemas.known.len() < MANY);
        assert!(begun.elapsed() < Duration::from_secs(30), "it took {:?}", begun.elapsed());
    }
}
