//! What changed between two states of what is offered, and whether it breaks those who call.
//!
//! A caller is not broken as long as all it may send is still taken, and all it may get is what it knows.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use crate::offers::{Function, Offers, Service};
use crate::schema::{Field, Type};

/// One difference.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Callers as they are may fail.
    pub breaks: bool,
    /// `model.similar`.
    pub function: String,
    /// What is different.
    pub message: String,
    /// Where the function stands now: `file:line`.
    pub place: Option<String>,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.function, self.message)?;
        self.place.iter().try_for_each(|place| write!(f, " ({place})"))
    }
}

/// All differences, function by function.
pub fn compare(before: &Offers, after: &Offers) -> Vec<Change> {
    let mut changes = Vec::new();
    for was in &before.services {
        let now = after.services.iter().find(|service| service.name == was.name);
        for function in &was.functions {
            match now.and_then(|now| now.functions.iter().find(|other| other.name == function.name)) {
                Some(same) => {
                    Comparison { before, after, service: was, function: same, changes: &mut changes }
                        .with(function)
                }
                None => changes.push(Change {
                    breaks: true,
                    function: format!("{}.{}", was.name, function.name),
                    message: "it is not offered any more".to_owned(),
                    place: None,
                }),
            }
        }
    }
    for now in &after.services {
        let was = before.services.iter().find(|service| service.name == now.name);
        let is_new = |function: &&Function| {
            !was.is_some_and(|was| was.functions.iter().any(|other| other.name == function.name))
        };
        changes.extend(now.functions.iter().filter(is_new).map(|function| Change {
            breaks: false,
            function: format!("{}.{}", now.name, function.name),
            message: "it is new".to_owned(),
            place: function.place.clone(),
        }));
    }
    changes
}

struct Comparison<'o> {
    before: &'o Offers,
    after: &'o Offers,
    service: &'o Service,
    function: &'o Function,
    changes: &'o mut Vec<Change>,
}

impl Comparison<'_> {
    fn with(&mut self, was: &Function) {
        let now = self.function;
        let all = |function: &Function| -> Vec<Field> {
            function.params.iter().chain(&function.input).cloned().collect()
        };
        let (params_before, params_now) = (all(was), all(now));
        for param in &params_before {
            match params_now.iter().find(|other| other.name == param.name) {
                None => self.say(true, format!("parameter `{}` is gone", param.name)),
                Some(same) => self.param(param, same),
            }
        }
        for param in params_now.iter().filter(|param| !params_before.iter().any(|was| was.name == param.name))
        {
            let kind = if param.required { "required" } else { "optional" };
            self.say(param.required, format!("parameter `{}` is new and {kind}", param.name));
        }
        if was.stream != now.stream {
            let message =
                if now.stream { "it returns a stream now" } else { "it returns no stream any more" };
            return self.say(true, message.to_owned());
        }
        let old = Side { offers: self.before, of: &was.result };
        let new = Side { offers: self.after, of: &now.result };
        match old.takes(new) {
            Err(why) => self.say(true, format!("what it returns{why}")),
            Ok(()) if new.takes(old).is_err() => {
                self.say(false, "what it returns is told more closely".to_owned())
            }
            Ok(()) => {}
        }
    }

    fn param(&mut self, was: &Field, now: &Field) {
        if now.required && !was.required {
            self.say(true, format!("parameter `{}` is required now", now.name));
        }
        let old = Side { offers: self.before, of: &was.of };
        let new = Side { offers: self.after, of: &now.of };
        match new.takes(old) {
            Err(why) => self.say(true, format!("parameter `{}`{why}", now.name)),
            Ok(()) if old.takes(new).is_err() => {
                self.say(false, format!("parameter `{}` takes more than it did", now.name));
            }
            Ok(()) => {}
        }
    }

    fn say(&mut self, breaks: bool, message: String) {
        let function = format!("{}.{}", self.service.name, self.function.name);
        self.changes.push(Change { breaks, function, message, place: self.function.place.clone() });
    }
}

/// A type where its names mean something.
#[derive(Clone, Copy)]
struct Side<'o> {
    offers: &'o Offers,
    of: &'o Type,
}

/// Where within a type, and what.
struct Why {
    path: String,
    what: String,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

impl Why {
    fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }
}

impl<'o> Side<'o> {
    /// Whether each value of the other is one of this.
    fn takes(self, other: Side<'_>) -> Result<(), Why> {
        Taking { assumed: BTreeSet::new() }.check(self, other)
    }

    fn at<'t>(&self, of: &'t Type) -> Side<'t>
    where
        'o: 't,
    {
        Side { offers: self.offers, of }
    }
}

struct Taking {
    /// Pairs of names that are being looked at: a type that holds itself is right if the rest of it is.
    assumed: BTreeSet<(String, String)>,
}

impl Taking {
    fn check(&mut self, wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        if let (Type::Named(one), Type::Named(other)) = (wide.of, narrow.of)
            && !self.assumed.insert((one.clone(), other.clone()))
        {
            return Ok(());
        }
        if let Type::Named(name) = narrow.of {
            let of = narrow.offers.types.get(name).map_or(&Type::Any, |definition| &definition.of);
            return self.check(wide, narrow.at(of));
        }
        if let Type::Named(name) = wide.of {
            let of = wide.offers.types.get(name).map_or(&Type::Any, |definition| &definition.of);
            return self.check(wide.at(of), narrow);
        }
        let differ = || {
            Err(Why {
                path: String::new(),
                what: format!("{} instead of {}", kind(narrow.of), kind(wide.of)),
            })
        };
        match (wide.of, narrow.of) {
            (Type::Any, _) | (_, Type::Never) => Ok(()),
            (_, Type::Union(parts)) => parts.iter().try_for_each(|part| self.check(wide, narrow.at(part))),
            (_, Type::Literals(values)) if !matches!(wide.of, Type::Union(_)) => {
                values.iter().find(|value| !takes_literal(wide.of, value)).map_or(Ok(()), |value| {
                    Err(Why { path: String::new(), what: format!("{value}, which was none of it") })
                })
            }
            (Type::Union(parts), Type::Literals(values)) => values
                .iter()
                .find(|value| !parts.iter().any(|part| takes_literal(part, value)))
                .map_or(Ok(()), |value| {
                    Err(Why { path: String::new(), what: format!("{value}, which was none of it") })
                }),
            (Type::Union(parts), _) => {
                let taken = parts.iter().any(|part| self.check(wide.at(part), narrow).is_ok());
                if taken { Ok(()) } else { differ() }
            }
            (_, Type::All(parts)) => {
                let taken = parts.iter().any(|part| self.check(wide, narrow.at(part)).is_ok());
                if taken { Ok(()) } else { differ() }
            }
            (Type::All(parts), _) => parts.iter().try_for_each(|part| self.check(wide.at(part), narrow)),
            (Type::Number | Type::BigInt, Type::Integer) | (Type::Number, Type::BigInt) => Ok(()),
            (Type::Null, Type::Undefined) | (Type::Undefined, Type::Null) => Ok(()),
            (Type::Array(one), Type::Array(other)) | (Type::Set(one), Type::Set(other)) => {
                self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below("[]"))
            }
            (Type::Map(one), Type::Map(other)) => {
                self.check(wide.at(&one.0), narrow.at(&other.0)).map_err(|why| why.below(".key"))?;
                self.check(wide.at(&one.1), narrow.at(&other.1)).map_err(|why| why.below("[]"))
            }
            (Type::Tuple { items: one, rest: None }, Type::Tuple { items: other, rest: None })
                if one.len() == other.len() =>
            {
                one.iter().zip(other).enumerate().try_for_each(|(at, (one, other))| {
                    self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below(&format!("[{at}]")))
                })
            }
            (
                Type::Numbers { dtype: one, dimensions: wanted },
                Type::Numbers { dtype: other, dimensions },
            ) => {
                let fits = one == other && (wanted.is_none() || wanted == dimensions);
                if fits { Ok(()) } else { differ() }
            }
            (Type::Object(one), Type::Object(other)) => {
                for field in &one.fields {
                    let step = format!(".{}", field.name);
                    match other.fields.iter().find(|present| present.name == field.name) {
                        Some(present) if field.required && !present.required => {
                            return Err(Why { path: step, what: "may be missing".to_owned() });
                        }
                        Some(present) => {
                            self.check(wide.at(&field.of), narrow.at(&present.of))
                                .map_err(|why| why.below(&step))?;
                        }
                        None if field.required => {
                            return Err(Why { path: step, what: "is missing".to_owned() });
                        }
                        None => {}
                    }
                }
                match (&one.others, &other.others) {
                    (Some(one), Some(other)) => {
                        self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below("[]"))
                    }
                    _ => Ok(()),
                }
            }
            (one, other) if one == other => Ok(()),
            _ => differ(),
        }
    }
}

fn takes_literal(of: &Type, value: &Value) -> bool {
    match (of, value) {
        (Type::Any, _) => true,
        (Type::Literals(values), value) => values.contains(value),
        (Type::Text, Value::String(_)) | (Type::Bool, Value::Bool(_)) => true,
        (Type::Null | Type::Undefined, Value::Null) => true,
        (Type::Number, Value::Number(_)) => true,
        (Type::Integer | Type::BigInt, Value::Number(number)) => !number.is_f64(),
        (Type::Union(parts), value) => parts.iter().any(|part| takes_literal(part, value)),
        _ => false,
    }
}

/// A type in a word or two, for a message.
fn kind(of: &Type) -> String {
    match of {
        Type::Any => "anything",
        Type::Never => "nothing",
        Type::Null | Type::Undefined => "null",
        Type::Bool => "boolean",
        Type::Integer => "integer",
        Type::BigInt => "bigint",
        Type::Number => "number",
        Type::Text => "string",
        Type::Bytes => "bytes",
        Type::DateTime => "date-time",
        Type::Date => "date",
        Type::Time => "time",
        Type::Duration => "duration",
        Type::Uuid => "uuid",
        Type::Decimal => "decimal",
        Type::Table => "table",
        Type::Literals(values) => return values.iter().map(Value::to_string).collect::<Vec<_>>().join(" | "),
        Type::Array(_) => "array",
        Type::Set(_) => "set",
        Type::Map(_) => "map",
        Type::Tuple { .. } => "tuple",
        Type::Numbers { dtype, dimensions } => {
            return dimensions.map_or(format!("array of {dtype}"), |count| {
                format!("array of {dtype} in {count} dimensions")
            });
        }
        Type::Object(_) => "object",
        Type::Union(parts) => return parts.iter().map(kind).collect::<Vec<_>>().join(" | "),
        Type::All(_) => "several types at once",
        Type::Named(name) => return name.clone(),
    }
    .to_owned()
}
