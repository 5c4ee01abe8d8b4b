//! What changed between two states of what is offered, and whether it breaks those who call.
//!
//! A caller is not broken as long as all it may send is still taken, and all it may get is what it knows.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

use crate::offers::{Function, Offers, Service};
use crate::schema::{Definition, Field, Object, Type};

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
        let said = self.changes.len();
        self.params(was);
        self.result(was);
        self.errors(was);
        if self.changes.len() == said && told(self.before, was) != told(self.after, self.function) {
            self.say(
                false,
                "what is said of it is different: documentation, constraints or names of types".to_owned(),
            );
        }
    }

    fn params(&mut self, was: &Function) {
        let all = |function: &Function| -> Vec<Field> {
            function.params.iter().chain(&function.input).cloned().collect()
        };
        let (before, now) = (all(was), all(self.function));
        for param in &before {
            match now.iter().find(|other| other.name == param.name) {
                None => self.say(true, format!("parameter `{}` is gone", param.name)),
                Some(same) => self.param(param, same),
            }
        }
        for param in now.iter().filter(|param| !before.iter().any(|was| was.name == param.name)) {
            let kind = if param.required { "required" } else { "optional" };
            let of = kind_of(self.after, &param.of);
            self.say(param.required, format!("parameter `{}` is new and {kind}: {of}", param.name));
        }
        let name = |function: &Function| function.input.as_ref().map(|input| input.name.clone());
        if let (Some(stream), None) | (None, Some(stream)) = (name(was), name(self.function))
            && before.iter().chain(&now).filter(|param| param.name == stream).count() == 2
        {
            let now = if self.function.input.is_some() { "a stream now" } else { "no stream any more" };
            self.say(true, format!("parameter `{stream}` is {now}"));
        }
    }

    fn param(&mut self, was: &Field, now: &Field) {
        if now.required && !was.required {
            self.say(true, format!("parameter `{}` is required now", now.name));
        }
        if was.required && !now.required {
            self.say(false, format!("parameter `{}` may be left out now", now.name));
        }
        let old = Side { offers: self.before, of: &was.of };
        let new = Side { offers: self.after, of: &now.of };
        if let Err(why) = new.takes(old) {
            let message = format!("parameter `{}{}` {}", now.name, why.path, why.what.of_parameter());
            self.say(true, message);
        } else if let Err(why) = old.takes(new) {
            let message = format!("parameter `{}{}` {}", now.name, why.path, why.what.of_wider_parameter());
            self.say(false, message);
        }
    }

    fn result(&mut self, was: &Function) {
        let now = self.function;
        if was.stream != now.stream {
            let message =
                if now.stream { "it returns a stream now" } else { "it returns no stream any more" };
            return self.say(true, message.to_owned());
        }
        let name = if now.stream { "item" } else { "result" };
        let old = Side { offers: self.before, of: &was.result };
        let new = Side { offers: self.after, of: &now.result };
        if let Err(why) = old.takes(new) {
            self.say(true, format!("{name}{} {}", why.path, why.what.of_result()));
        } else if let Err(why) = new.takes(old) {
            self.say(false, format!("{name}{} {}", why.path, why.what.of_narrower_result()));
        }
    }

    fn errors(&mut self, was: &Function) {
        for error in &self.function.errors {
            let Some(same) = was.errors.iter().find(|other| other.class == error.class) else {
                self.say(false, format!("it says that it throws {}", error.class));
                continue;
            };
            let old = Side { offers: self.before, of: &same.of };
            let new = Side { offers: self.after, of: &error.of };
            if let Err(why) = old.takes(new) {
                self.say(true, format!("data of {}{} {}", error.class, why.path, why.what.of_result()));
            }
        }
        let gone = |class: &str| !self.function.errors.iter().any(|error| error.class == class);
        let gone: Vec<String> =
            was.errors.iter().filter(|error| gone(&error.class)).map(|error| error.class.clone()).collect();
        for class in gone {
            self.say(false, format!("it does not say any more that it throws {class}"));
        }
    }

    fn say(&mut self, breaks: bool, message: String) {
        let function = format!("{}.{}", self.service.name, self.function.name);
        self.changes.push(Change { breaks, function, message, place: self.function.place.clone() });
    }
}

/// All that is written of a function.
fn told<'o>(offers: &'o Offers, function: &Function) -> (Function, BTreeMap<&'o str, &'o Definition>) {
    let mut found = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    function.types().for_each(|of| names(of, &mut open));
    while let Some(name) = open.pop() {
        let Some((name, definition)) = offers.types.get_key_value(&name) else { continue };
        if found.insert(name.as_str(), definition).is_none() {
            names(&definition.of, &mut open);
        }
    }
    (Function { place: None, ..function.clone() }, found)
}

fn names(of: &Type, found: &mut Vec<String>) {
    if let Type::Named(name) = of {
        found.push(name.clone());
    }
    of.parts().into_iter().for_each(|part| names(part, found));
}

/// A type where its names mean something.
#[derive(Clone, Copy)]
struct Side<'o> {
    offers: &'o Offers,
    of: &'o Type,
}

/// Where within a type, and what: why the values of the one, `has`, are not all taken by the other, `takes`.
struct Why {
    path: String,
    what: What,
}

enum What {
    Differ { has: String, takes: String },
    Value(String),
    MayBeMissing,
    Missing(String),
}

impl What {
    /// What is new has to be taken by those who know what was.
    fn of_result(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {takes} and is {has}"),
            Self::Value(value) => format!("may be {value}, which it never was"),
            Self::MayBeMissing => "may be missing now".to_owned(),
            Self::Missing(of) => format!("is gone: it was {of}"),
        }
    }

    /// What was given has to be taken by what is new.
    fn of_parameter(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {has} and is {takes}"),
            Self::Value(value) => format!("cannot be {value} any more"),
            Self::MayBeMissing => "is required now".to_owned(),
            Self::Missing(of) => format!("is new and required: {of}"),
        }
    }

    /// What is new takes all that was given, and this beside it.
    fn of_wider_parameter(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {takes} and is {has}"),
            Self::Value(value) => format!("may be {value} now"),
            Self::MayBeMissing => "may be left out now".to_owned(),
            Self::Missing(_) => "need not be given any more".to_owned(),
        }
    }

    /// What is new is known to those who know what was, and there is less of it.
    fn of_narrower_result(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {has} and is {takes}"),
            Self::Value(value) => format!("cannot be {value} any more"),
            Self::MayBeMissing => "is always there now".to_owned(),
            Self::Missing(of) => format!("is new: {of}"),
        }
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
        Taking { assumed: Vec::new(), depth: 0, steps: 0 }.check(self, other)
    }

    fn at<'t>(&self, of: &'t Type) -> Side<'t>
    where
        'o: 't,
    {
        Side { offers: self.offers, of }
    }

    fn kind(self) -> String {
        kind_of(self.offers, self.of)
    }
}

struct Taking {
    /// Pairs of names that are being looked at: a type that holds itself is right if the rest of it is.
    assumed: Vec<(String, String)>,
    depth: usize,
    steps: usize,
}

/// Types that are nested deeper, or take longer to compare, count as different.
const DEPTH_MAX: usize = 256;
const STEPS_MAX: usize = 100_000;

impl Taking {
    fn check(&mut self, wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        self.steps += 1;
        if self.depth == DEPTH_MAX || self.steps > STEPS_MAX {
            return Err(differ(wide, narrow));
        }
        self.depth += 1;
        let found = self.check_one(wide, narrow);
        self.depth -= 1;
        found
    }

    fn check_one(&mut self, wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        if let (Type::Named(one), Type::Named(other)) = (wide.of, narrow.of) {
            let pair = (one.clone(), other.clone());
            if self.assumed.contains(&pair) {
                return Ok(());
            }
            let assumed = self.assumed.len();
            self.assumed.push(pair);
            let one = wide.at(wide.offers.named(one));
            let found = self.check(one, narrow.at(narrow.offers.named(other)));
            if found.is_err() {
                // What was found right meanwhile may have been so by this.
                self.assumed.truncate(assumed);
            }
            return found;
        }
        if let Type::Named(name) = narrow.of {
            return self.check(wide, narrow.at(narrow.offers.named(name)));
        }
        if let Type::Named(name) = wide.of {
            return self.check(wide.at(wide.offers.named(name)), narrow);
        }
        match (wide.of, narrow.of) {
            (Type::Any, _) | (_, Type::Never) => Ok(()),
            (_, Type::Union(parts)) => parts
                .iter()
                .try_for_each(|part| self.check(wide, narrow.at(part)))
                .map_err(|why| whole(why, wide, narrow)),
            (of, Type::Literals(values)) => {
                match values.iter().find(|value| !takes_literal(wide.offers, of, value)) {
                    None => Ok(()),
                    Some(_) if !has_literals(wide.offers, of) => Err(differ(wide, narrow)),
                    Some(value) => Err(Why { path: String::new(), what: What::Value(value.to_string()) }),
                }
            }
            (Type::Union(parts), _) => self.one_of(parts, wide, narrow),
            (_, Type::All(parts)) => {
                let taken = parts.iter().any(|part| self.check(wide, narrow.at(part)).is_ok());
                if taken { Ok(()) } else { Err(differ(wide, narrow)) }
            }
            (Type::All(parts), _) => parts.iter().try_for_each(|part| self.check(wide.at(part), narrow)),
            (Type::Error { data: one, .. }, Type::Error { data: other, .. }) => {
                self.check(wide.at(one), narrow.at(other))
            }
            (Type::Number | Type::BigInt, Type::Integer) | (Type::Number, Type::BigInt) => Ok(()),
            (Type::BigInt | Type::Integer | Type::Number, Type::BigLiteral(_)) => Ok(()),
            (Type::Null, Type::Undefined) | (Type::Undefined, Type::Null) => Ok(()),
            (Type::AnyObject, Type::Object(_)) => Ok(()),
            (Type::Array(one), Type::Array(other)) | (Type::Set(one), Type::Set(other)) => {
                self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below("[]"))
            }
            (Type::Map(one), Type::Map(other)) => {
                self.check(wide.at(&one.0), narrow.at(&other.0)).map_err(|why| why.below(".key"))?;
                self.check(wide.at(&one.1), narrow.at(&other.1)).map_err(|why| why.below("[]"))
            }
            (
                Type::Tuple { items: one, required: least, rest: None },
                Type::Tuple { items: other, required, rest: None },
            ) if one.len() == other.len() && least <= required => {
                one.iter().zip(other).enumerate().try_for_each(|(at, (one, other))| {
                    self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below(&format!("[{at}]")))
                })
            }
            (
                Type::Numbers { dtype: one, dimensions: wanted },
                Type::Numbers { dtype: other, dimensions },
            ) => {
                let fits = (one.is_empty() || one == other) && (wanted.is_none() || wanted == dimensions);
                if fits { Ok(()) } else { Err(differ(wide, narrow)) }
            }
            (Type::Object(one), Type::Object(other)) => self.objects((wide, one), (narrow, other)),
            (one, other) if one == other => Ok(()),
            _ => Err(differ(wide, narrow)),
        }
    }

    /// Of a union one has to take it. Where one alone is of its kind, that says why it does not.
    fn one_of(&mut self, parts: &[Type], wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        let mut reasons = Vec::new();
        for part in parts {
            match self.check(wide.at(part), narrow) {
                Ok(()) => return Ok(()),
                Err(why) => reasons.push(why),
            }
        }
        let mut within = reasons.into_iter().filter(|why| !why.path.is_empty());
        match (within.next(), within.next()) {
            (Some(why), None) => Err(why),
            _ => Err(differ(wide, narrow)),
        }
    }

    fn objects(
        &mut self,
        (wide, one): (Side<'_>, &Object),
        (narrow, other): (Side<'_>, &Object),
    ) -> Result<(), Why> {
        for field in &one.fields {
            let step = format!(".{}", field.name);
            match other.fields.iter().find(|present| present.name == field.name) {
                Some(present) if field.required && !present.required => {
                    return Err(Why { path: step, what: What::MayBeMissing });
                }
                Some(present) => {
                    self.check(wide.at(&field.of), narrow.at(&present.of)).map_err(|why| why.below(&step))?;
                }
                None if field.required => {
                    return Err(Why { path: step, what: What::Missing(wide.at(&field.of).kind()) });
                }
                None => {}
            }
        }
        for (one, other) in [(&one.others, &other.others), (&one.numbered, &other.numbered)] {
            if let (Some(one), Some(other)) = (one, other) {
                self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below("[]"))?;
            }
        }
        Ok(())
    }
}

fn differ(wide: Side<'_>, narrow: Side<'_>) -> Why {
    Why { path: String::new(), what: What::Differ { has: narrow.kind(), takes: wide.kind() } }
}

/// A union is told whole where one of its parts is what is not taken.
fn whole(why: Why, wide: Side<'_>, narrow: Side<'_>) -> Why {
    match why.what {
        What::Differ { .. } if why.path.is_empty() => differ(wide, narrow),
        _ => why,
    }
}

fn has_literals(offers: &Offers, of: &Type) -> bool {
    plain_parts(offers, of).iter().any(|part| matches!(part, Type::Literals(_)))
}

fn takes_literal(offers: &Offers, of: &Type, value: &Value) -> bool {
    plain_parts(offers, of).iter().any(|part| match (part, value) {
        (Type::Any, _) => true,
        (Type::Literals(values), value) => values.contains(value),
        (Type::Text, Value::String(_)) | (Type::Bool, Value::Bool(_)) => true,
        (Type::Null | Type::Undefined, Value::Null) => true,
        (Type::Number, Value::Number(_)) => true,
        (Type::Integer | Type::BigInt, Value::Number(number)) => !number.is_f64(),
        _ => false,
    })
}

/// The parts of a union, with what their names stand for; of another type, itself.
fn plain_parts<'o>(offers: &'o Offers, of: &'o Type) -> Vec<&'o Type> {
    let (mut open, mut parts) = (vec![of], Vec::new());
    let mut seen = BTreeSet::new();
    while let Some(of) = open.pop() {
        match of {
            Type::Union(all) => open.extend(all),
            Type::Named(name) if seen.insert(name) => open.push(offers.named(name)),
            Type::Named(_) => {}
            of => parts.push(of),
        }
    }
    parts
}

/// A type in a word or two, for a message.
fn kind_of(offers: &Offers, of: &Type) -> String {
    let inner = |of: &Type| match of {
        Type::Named(name) => name.clone(),
        of => kind_of(offers, of),
    };
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
        Type::BigLiteral(digits) => return digits.clone(),
        Type::Array(item) => return format!("array of {}", inner(item)),
        Type::Set(item) => return format!("set of {}", inner(item)),
        Type::Map(_) => "map",
        Type::Tuple { items, .. } => {
            return format!("tuple of {}", items.iter().map(inner).collect::<Vec<_>>().join(", "));
        }
        Type::Numbers { dtype, dimensions } => {
            return dimensions.map_or(format!("array of {dtype}"), |count| {
                format!("array of {dtype} in {count} dimension{}", if count == 1 { "" } else { "s" })
            });
        }
        Type::Object(_) | Type::AnyObject => "object",
        Type::Error { class, .. } => return class.clone(),
        Type::Union(parts) => return parts.iter().map(inner).collect::<Vec<_>>().join(" | "),
        Type::All(_) => "several types at once",
        Type::Named(name) => match offers.named(name) {
            Type::Object(_) | Type::Union(_) | Type::Named(_) => return name.clone(),
            of => return kind_of(offers, of),
        },
    }
    .to_owned()
}
