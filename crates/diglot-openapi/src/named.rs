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

/// What stands behind the name of a type that is given, and is another where it is returned.
pub(crate) const INPUT: &str = "Input";

/// The types of one schema, by the names that it has for them.
type Types = BTreeMap<String, (usize, BTreeSet<String>)>;

/// What they are as components.
#[derive(Default)]
pub(crate) struct Schemas {
    pub(crate) all: Map<String, Value>,
    /// A number for each name and what was said under it.
    numbers: BTreeMap<(String, String), usize>,
    counted: usize,
    /// What is returned, as it is where it may have fields of other names: with its number, and what was said of it.
    opened: BTreeMap<(String, String), (usize, String)>,
    /// Those of them that are given as well, and are open there.
    wider: BTreeSet<usize>,
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
            .map(|(name, of)| (name.clone(), (self.number(name, of, way), leads_to(of))))
            .collect();
        let mut new = Vec::new();
        let mut chosen = BTreeMap::new();
        for (name, of) in defined {
            let key = self.closure(&name, &types);
            let known = key.as_ref().and_then(|key| self.known.get(key)).cloned();
            let is_wider = way == Way::Given && key.as_ref().is_some_and(|(own, _)| self.wider.contains(own));
            if let Some(component) = known.as_ref().filter(|_| is_wider) {
                new.push((component.clone(), of.clone()));
            }
            let component = known.unwrap_or_else(|| {
                let plain = component_name(&name);
                let component = match way {
                    Way::Given if self.returned.contains(&plain) => {
                        self.names.take(&format!("{plain}{INPUT}"))
                    }
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

    /// The number of a type, by its name and what is said of it. Libraries say of what they return that it has no further fields, and take
    /// them: such a type is one, which may have some.
    fn number(&mut self, name: &str, of: &Value, way: Way) -> usize {
        let mut key = (name.to_owned(), text(of));
        if let Some(number) = self.numbers.get(&key) {
            return *number;
        }
        if way == Way::Given
            && let Some((number, closed)) = self.opened.remove(&key)
        {
            self.wider.insert(number);
            self.numbers.remove(&(name.to_owned(), closed));
            self.numbers.insert(key, number);
            return number;
        }
        let number = self.counted;
        self.counted += 1;
        self.numbers.insert(key.clone(), number);
        if way == Way::Returned {
            let closed = std::mem::take(&mut key.1);
            let mut open = of.clone();
            walk(&mut open, Kind::Schema, &mut |value, _| {
                let Some(schema) = value.as_object_mut() else { return };
                if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
                    schema.shift_remove("additionalProperties");
                }
            });
            key.1 = text(&open);
            self.opened.entry(key).or_insert((number, closed));
        }
        number
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

/// What is said of a type, however its author put fields and choices in order, and whether or not values that are listed have their
/// type said as well.
pub(crate) fn text(of: &Value) -> String {
    let mut of = of.clone();
    walk(&mut of, Kind::Schema, &mut |value, _| {
        let Some(schema) = value.as_object_mut() else { return };
        for word in ["required", "enum", "anyOf", "oneOf"] {
            let list = schema.get_mut(word).and_then(Value::as_array_mut);
            list.into_iter().for_each(|list| list.sort_by_cached_key(Value::to_string));
        }
        if schema.contains_key("enum") {
            schema.shift_remove("type");
        }
    });
    of.sort_all_objects();
    of.to_string()
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

    /// As zod has them, of which each object that is returned is closed, and each that is given is open.
    #[test]
    fn what_may_have_further_fields_where_it_is_given_is_no_other_type() {
        let of = |is_closed: bool, kind: &str| {
            let close = |mut object: Value| {
                if is_closed {
                    object["additionalProperties"] = json!(false);
                }
                object
            };
            let part = close(json!({ "type": "object", "properties": { "id": { "type": kind } } }));
            let within =
                close(json!({ "type": "object", "properties": { "part": { "$ref": "#/$defs/Part" } } }));
            let all = json!({ "type": "object", "properties": { "within": within } });
            json!({ "$ref": "#/$defs/All", "$defs": { "All": all, "Part": part } })
        };
        let taken = |all: &[(bool, &str, Way)]| {
            let mut schemas = Schemas::default();
            let mut name = |(is_closed, kind, way): &(bool, &str, Way)| {
                let to = schemas.take(of(*is_closed, kind), *way)["$ref"].clone();
                to.as_str().and_then(|to| to.rsplit('/').next()).expect("a name").to_owned()
            };
            let names: Vec<String> = all.iter().map(&mut name).collect();
            (names, schemas.all)
        };
        let (names, all) = taken(&[(true, "string", Way::Returned), (false, "string", Way::Given)]);
        assert_eq!(names, ["All", "All"]);
        assert_eq!(all.keys().collect::<Vec<_>>(), ["All", "Part"]);
        assert!(!json!(all).to_string().contains("additionalProperties"), "{all:?}");
        assert_eq!(
            all["All"]["properties"]["within"]["properties"]["part"]["$ref"],
            "#/components/schemas/Part"
        );
        // What takes less than is returned is another, and so is what is closed where another is open.
        let returned = (false, "string", Way::Returned);
        assert_eq!(taken(&[returned, (true, "string", Way::Given)]).0, ["All", "AllInput"]);
        let all = [true, false, true].map(|is_closed| (is_closed, "string", Way::Given));
        let returned = (true, "string", Way::Returned);
        assert_eq!(taken(&[&[returned], &all[..]].concat()).0[2..], ["All", "AllInput"]);
        assert_eq!(taken(&[returned, (false, "number", Way::Given)]).0, ["All", "AllInput"]);
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
