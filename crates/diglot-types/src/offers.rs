//! The offers of all services, read: functions with types instead of schemas, and the types with a name.

use std::collections::BTreeMap;

use diglot_calls::names::crossing;
use serde_json::Value;

use crate::naming::{Scope, name_all};
use crate::schema::{Definition, Definitions, Doc, Field, Form, Object, Reader, Type, doc};

/// What all services offer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offers {
    pub(crate) services: Vec<Service>,
    /// By the names they have in what is written, which no two share.
    pub(crate) types: Definitions,
    /// Types that are given, by those that services return under the same name (`docs/calls.md`, "Types").
    pub(crate) returned_as: BTreeMap<String, Vec<String>>,
    /// The same with all that is asked of values, to be compared. Its types may have other names: two of one name can
    /// differ in that alone.
    exact: Option<Box<Offers>>,
}

/// What one of them offers.
#[derive(Debug, Clone, PartialEq)]
pub struct Service {
    /// In snake_case, as it crosses.
    pub(crate) name: String,
    pub(crate) functions: Vec<Function>,
}

/// One function.
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    /// In snake_case, as it crosses.
    pub(crate) name: String,
    pub(crate) params: Vec<Field>,
    /// The parameter that is a stream of items.
    pub(crate) input: Option<Field>,
    pub(crate) result: Type,
    pub(crate) stream: bool,
    /// Those it says it throws.
    pub(crate) errors: Vec<Thrown>,
    pub(crate) doc: Option<String>,
    /// Where it stands, for messages: `file:line`.
    pub(crate) place: Option<String>,
}

/// An error that a function says it throws.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Thrown {
    pub(crate) class: String,
    /// One of the types with a name.
    pub(crate) of: Type,
}

/// Which way values go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// To the function.
    Given,
    /// From it.
    Returned,
    /// From it, with an error.
    Thrown,
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
    /// Of nothing but types.
    pub(crate) fn of_types(types: Definitions) -> Self {
        Self { types, ..Self::default() }
    }

    /// Reads `{"SERVICE": [OFFER, …], …}`.
    ///
    /// # Errors
    /// It is something else.
    pub fn read(offers: &Value) -> Result<Self, OffersError> {
        let exact = Some(Box::new(Self::read_as(offers, true)?));
        Ok(Self { exact, ..Self::read_as(offers, false)? })
    }

    fn read_as(offers: &Value, is_exact: bool) -> Result<Self, OffersError> {
        let mut services = Vec::new();
        let mut scopes = Vec::new();
        for (name, functions) in offers.as_object().ok_or(OffersError::NoServices)? {
            let mut read: Vec<Function> = Vec::new();
            for offer in functions.as_array().into_iter().flatten() {
                let (function, definitions) = function(name, offer, is_exact)?;
                scopes.extend(definitions.into_iter().map(|(way, definitions)| Scope {
                    service: crossing(name),
                    function: function.name.clone(),
                    way,
                    definitions,
                }));
                read.push(function);
            }
            read.sort_by(|one, other| one.name.cmp(&other.name));
            services.push(Service { name: crossing(name), functions: read });
        }
        services.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(name_all(services, &scopes))
    }

    /// With all that is asked of values.
    pub(crate) fn exact(&self) -> &Self {
        self.exact.as_deref().unwrap_or(self)
    }

    /// Whether there is nothing to call.
    pub fn is_empty(&self) -> bool {
        self.services.iter().all(|service| service.functions.is_empty())
    }

    /// How many functions there are.
    pub fn functions(&self) -> usize {
        self.services.iter().map(|service| service.functions.len()).sum()
    }

    /// That function of that service.
    pub(crate) fn function(&self, service: &Service, function: &Function) -> Option<&Function> {
        let service = self.services.iter().find(|other| other.name == service.name)?;
        service.functions.iter().find(|other| other.name == function.name)
    }

    /// Services that have something to call.
    pub(crate) fn offering(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|service| !service.functions.is_empty())
    }

    /// Whether such a type is anywhere within.
    pub(crate) fn any(&self, is_it: &dyn Fn(&Type) -> bool) -> bool {
        let functions = self.services.iter().flat_map(|service| &service.functions);
        let mut all = functions.flat_map(Function::types).chain(self.types.values().map(|one| &one.of));
        all.any(|of| of.any(is_it))
    }

    /// What a name stands for.
    pub(crate) fn named(&self, name: &str) -> &Type {
        self.types.get(name).map_or(&Type::Any, |definition| &definition.of)
    }
}

/// A function, and the types that it names for what goes each way.
fn function(
    service: &str,
    offer: &Value,
    is_exact: bool,
) -> Result<(Function, [(Way, Definitions); 3]), OffersError> {
    let name = offer["name"].as_str().ok_or_else(|| OffersError::NoName { service: service.to_owned() })?;
    let file = offer["file"].as_str();
    let is_python = file.is_none_or(|file| file.ends_with(".py"));
    let reader = || Reader::new(if is_python { Form::Rich } else { Form::Plain }, is_exact);
    let (mut given, mut returned, mut of_errors) = (reader(), reader(), Definitions::new());
    let params = match given.read(&offer["params"]).unconstrained() {
        Type::Object(Object { fields, .. }) => fields.clone(),
        _ => Vec::new(),
    };
    let input = offer["input"]["name"].as_str().map(|name| Field {
        name: name.to_owned(),
        of: offer["input"].get("schema").map_or(Type::Any, |schema| given.read(schema)),
        required: true,
        doc: doc(&offer["input"]["schema"]),
    });
    let result = offer.get("result").map_or(Type::Any, |result| returned.read(result));
    let errors = offer["errors"].as_array().into_iter().flatten();
    let errors = errors.filter_map(|error| thrown(error, &mut of_errors, is_exact)).collect();
    let function = Function {
        name: name.to_owned(),
        params,
        input,
        result,
        stream: offer["stream"] == true,
        errors,
        doc: offer["doc"].as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()),
        place: file.map(|file| match offer["line"].as_u64() {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        }),
    };
    let definitions =
        [(Way::Given, given.definitions), (Way::Returned, returned.definitions), (Way::Thrown, of_errors)];
    Ok((function, definitions))
}

/// An error becomes a type with a name, that of its class.
fn thrown(error: &Value, definitions: &mut Definitions, is_exact: bool) -> Option<Thrown> {
    let class = error["type"].as_str()?.to_owned();
    let mut of_data = Reader::new(Form::Json, is_exact);
    let mut data = match error.get("data").map(|schema| of_data.read(schema)) {
        None | Some(Type::AnyObject) => Type::Any,
        Some(data) => data,
    };
    let differs = |(name, definition): (&String, &Definition)| {
        definitions.get(name).is_some_and(|present| present != definition)
    };
    if of_data.definitions.iter().any(differs) {
        // Another error has others of these names. `#` stands in no name of a type.
        let mut own = |name: &str| format!("{name}#{class}");
        data.rename(&mut own);
        for (name, mut definition) in of_data.definitions {
            definition.of.rename(&mut own);
            definitions.insert(own(&name), definition);
        }
    } else {
        definitions.extend(of_data.definitions);
    }
    let key = format!("{class}#");
    let of = Type::Error { class: class.clone(), data: Box::new(data) };
    definitions.insert(key.clone(), Definition { of, doc: Doc::default() });
    Some(Thrown { class, of: Type::Named(key) })
}

impl Function {
    /// Each type that it is made of.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Type> {
        self.given().chain([&self.result]).chain(self.errors.iter().map(|error| &error.of))
    }

    /// Those of what is given to it.
    pub(crate) fn given(&self) -> impl Iterator<Item = &Type> {
        self.params.iter().chain(&self.input).map(|field| &field.of)
    }

    /// The same, to change them.
    pub(crate) fn types_mut(&mut self) -> impl Iterator<Item = (Way, &mut Type)> {
        let fields = self.params.iter_mut().chain(&mut self.input).map(|field| (Way::Given, &mut field.of));
        let errors = self.errors.iter_mut().map(|error| (Way::Thrown, &mut error.of));
        fields.chain([(Way::Returned, &mut self.result)]).chain(errors)
    }
}
