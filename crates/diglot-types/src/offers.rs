//! The offers of all services, read: functions with types instead of schemas, and the types with a name.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::schema::{Definition, Definitions, Field, Object, Type, doc, read};
use crate::spelling::{pascal, type_name};

/// What all services offer.
#[derive(Debug, Default, PartialEq)]
pub struct Offers {
    pub(crate) services: Vec<Service>,
    /// By the names they have in what is written, which no two share.
    pub(crate) types: BTreeMap<String, Definition>,
}

/// What one of them offers.
#[derive(Debug, PartialEq)]
pub struct Service {
    pub(crate) name: String,
    pub(crate) functions: Vec<Function>,
}

/// One function.
#[derive(Debug, PartialEq)]
pub struct Function {
    /// In snake_case, as it crosses.
    pub(crate) name: String,
    pub(crate) params: Vec<Field>,
    /// The parameter that is a stream of items.
    pub(crate) input: Option<Field>,
    pub(crate) result: Type,
    pub(crate) stream: bool,
    pub(crate) doc: Option<String>,
    /// Where it stands, for messages: `file:line`.
    pub(crate) place: Option<String>,
}

/// Why offers cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum OffersError {
    #[error("the offers are no JSON object of services")]
    NoServices,
    #[error("a function of service \"{service}\" has no name")]
    NoName { service: String },
}

impl Offers {
    /// Reads `{"SERVICE": [OFFER, …], …}`.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(offers: &Value) -> Result<Self, OffersError> {
        let mut services: Vec<(Service, Definitions)> = Vec::new();
        for (name, functions) in offers.as_object().ok_or(OffersError::NoServices)? {
            let mut definitions = Definitions::new();
            let mut read: Vec<Function> = Vec::new();
            for offer in functions.as_array().into_iter().flatten() {
                read.push(function(name, offer, &mut definitions)?);
            }
            read.sort_by(|one, other| one.name.cmp(&other.name));
            services.push((Service { name: name.clone(), functions: read }, definitions));
        }
        services.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
        Ok(named(services))
    }
}

fn function(service: &str, offer: &Value, definitions: &mut Definitions) -> Result<Function, OffersError> {
    let name = offer["name"].as_str().ok_or_else(|| OffersError::NoName { service: service.to_owned() })?;
    let params = match read(&offer["params"], definitions) {
        Type::Object(Object { fields, .. }) => fields,
        _ => Vec::new(),
    };
    let input = offer["input"]["name"].as_str().map(|name| Field {
        name: name.to_owned(),
        of: offer["input"].get("schema").map_or(Type::Any, |schema| read(schema, definitions)),
        required: true,
        doc: doc(&offer["input"]["schema"]),
    });
    let file = offer["file"].as_str();
    Ok(Function {
        name: name.to_owned(),
        params,
        input,
        result: offer.get("result").map_or(Type::Any, |result| read(result, definitions)),
        stream: offer["stream"] == true,
        doc: offer["doc"].as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        place: file.map(|file| match offer["line"].as_u64() {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        }),
    })
}

/// Gives each type one name in all that is written: its own, or behind its service's where two services mean different
/// things by it.
fn named(services: Vec<(Service, Definitions)>) -> Offers {
    let mut by_name: BTreeMap<String, Vec<&Definition>> = BTreeMap::new();
    for (name, definition) in services.iter().flat_map(|(_, definitions)| definitions) {
        let same = by_name.entry(type_name(name)).or_default();
        if !same.contains(&definition) {
            same.push(definition);
        }
    }
    let shared: Vec<String> =
        by_name.iter().filter(|(_, same)| same.len() > 1).map(|(name, _)| name.clone()).collect();
    let mut offers = Offers::default();
    for (mut service, definitions) in services {
        let prefix = pascal(&service.name);
        let rename = |name: &str| {
            let name = type_name(name);
            if shared.contains(&name) { format!("{prefix}{name}") } else { name }
        };
        for (name, mut definition) in definitions {
            rename_all(&mut definition.of, &rename);
            offers.types.insert(rename(&name), definition);
        }
        for function in &mut service.functions {
            let fields = function.params.iter_mut().chain(&mut function.input);
            fields.for_each(|field| rename_all(&mut field.of, &rename));
            rename_all(&mut function.result, &rename);
        }
        offers.services.push(service);
    }
    offers
}

fn rename_all(of: &mut Type, rename: &impl Fn(&str) -> String) {
    match of {
        Type::Named(name) => *name = rename(name),
        Type::Array(item) | Type::Set(item) => rename_all(item, rename),
        Type::Map(pair) => {
            rename_all(&mut pair.0, rename);
            rename_all(&mut pair.1, rename);
        }
        Type::Tuple { items, rest } => {
            items.iter_mut().for_each(|item| rename_all(item, rename));
            if let Some(rest) = rest {
                rename_all(rest, rename);
            }
        }
        Type::Object(object) => {
            object.fields.iter_mut().for_each(|field| rename_all(&mut field.of, rename));
            if let Some(others) = &mut object.others {
                rename_all(others, rename);
            }
        }
        Type::Union(parts) | Type::All(parts) => parts.iter_mut().for_each(|part| rename_all(part, rename)),
        _ => {}
    }
}
