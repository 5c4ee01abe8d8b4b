//! What changed between two states of what is offered, and whether it breaks those who call.
//!
//! A caller is not broken as long as all it may send is still taken, and all it may get is what it knows.

mod composed;
mod literals;
mod names;
mod said;
mod taking;

use std::collections::BTreeMap;
use std::fmt;

use names::{Renamed, names};
use said::kind_of;
use taking::Side;

use crate::offers::{Function, Offers, Service};
use crate::schema::{Definition, Definitions, Field, Type};

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
    let (renamed, mut changes) = names(before, after);
    for was in &before.services {
        let now = after.services.iter().find(|service| service.name == was.name);
        for function in &was.functions {
            match now.and_then(|now| now.functions.iter().find(|other| other.name == function.name)) {
                Some(same) => Comparison {
                    before,
                    after,
                    renamed: &renamed,
                    service: was,
                    function: same,
                    changes: &mut changes,
                }
                .with(function),
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
    renamed: &'o Renamed,
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
        let told_before = told(self.before, was, |name| self.renamed.now(name).to_owned());
        if self.changes.len() == said && told_before != told(self.after, self.function, str::to_owned) {
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

/// All that is written of a function, with types called so.
fn told(
    offers: &Offers,
    function: &Function,
    mut called: impl FnMut(&str) -> String,
) -> (Function, Definitions) {
    let mut found = Definitions::new();
    for (name, definition) in leads_to(&offers.types, function) {
        let mut definition = definition.clone();
        definition.of.rename(&mut called);
        found.insert(called(name), definition);
    }
    let mut function = Function { place: None, ..function.clone() };
    function.types_mut().for_each(|of| of.rename(&mut called));
    (function, found)
}

/// The types with a name that a function is made of, and those that these are made of.
fn leads_to<'o>(types: &'o Definitions, function: &Function) -> BTreeMap<&'o str, &'o Definition> {
    let mut found = BTreeMap::new();
    let mut open: Vec<String> = Vec::new();
    function.types().for_each(|of| named_in(of, &mut open));
    while let Some(name) = open.pop() {
        let Some((name, definition)) = types.get_key_value(&name) else { continue };
        if found.insert(name.as_str(), definition).is_none() {
            named_in(&definition.of, &mut open);
        }
    }
    found
}

fn named_in(of: &Type, found: &mut Vec<String>) {
    if let Type::Named(name) = of {
        found.push(name.clone());
    }
    of.parts().into_iter().for_each(|part| named_in(part, found));
}
