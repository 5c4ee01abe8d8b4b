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

use names::names;
use said::{What, Why, kind_of};
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

/// What is said where the types are the same, and what is written of them is not.
const SAID_OTHERWISE: &str =
    "what is said of it is different: documentation, defaults, order or names of types";

/// All differences, function by function.
pub fn compare(before: &Offers, after: &Offers) -> Vec<Change> {
    let (renamed, mut changes) = names(before, after);
    for was in &before.services {
        for function in &was.functions {
            let Some(same) = after.function(was, function) else {
                changes.push(Change {
                    breaks: true,
                    function: format!("{}.{}", was.name, function.name),
                    message: "it is not offered any more".to_owned(),
                    place: None,
                });
                continue;
            };
            let mut comparison = Comparison {
                before: before.exact(),
                after: after.exact(),
                service: was,
                function: after.exact().function(was, function).unwrap_or(same),
                changes: Vec::new(),
            };
            comparison.with(before.exact().function(was, function).unwrap_or(function));
            if comparison.changes.is_empty() {
                let told_before = told(before, function, |name| renamed.now(name).to_owned());
                if told_before != told(after, same, str::to_owned) {
                    comparison.say(false, SAID_OTHERWISE.to_owned());
                }
            }
            changes.append(&mut comparison.changes);
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

/// Whether what has the one name can be given where the other is taken.
pub(crate) fn takes((ours, taken): (&Offers, &str), (theirs, given): (&Offers, &str)) -> bool {
    let [taken, given] = [taken, given].map(|name| Type::Named(name.to_owned()));
    let (wide, narrow) = (Side { offers: ours, of: &taken }, Side { offers: theirs, of: &given });
    !wide.lacks(narrow, false).iter().any(Why::fails)
}

/// Of one function, with all that is asked of values.
struct Comparison<'o> {
    before: &'o Offers,
    after: &'o Offers,
    service: &'o Service,
    function: &'o Function,
    changes: Vec<Change>,
}

impl Comparison<'_> {
    fn with(&mut self, was: &Function) {
        self.params(was);
        self.result(was);
        self.errors(was);
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
        let subject = format!("parameter `{}", now.name);
        let told = Told {
            subject: &subject,
            end: "`",
            breaking: What::of_parameter,
            other: What::of_wider_parameter,
        };
        let old = Side { offers: self.before, of: &was.of };
        let new = Side { offers: self.after, of: &now.of };
        self.types(&told, (new, old), true);
    }

    /// Why the one does not take the other, which breaks callers, and the other way round, which does not.
    fn types(&mut self, told: &Told<'_>, (wide, narrow): (Side<'_>, Side<'_>), is_given: bool) {
        let reasons = wide.lacks(narrow, is_given);
        let others = narrow.lacks(wide, false);
        let others = others.iter().filter(|other| !reasons.iter().any(|why| why.covers(other)));
        let subject = |why: &Why| format!("{}{}{}", told.subject, why.path, told.end);
        let others = others.map(|why| (false, why.told(&subject(why), told.other)));
        let reasons = reasons.iter().map(|why| (why.fails(), why.told(&subject(why), told.breaking)));
        for (breaks, message) in reasons.chain(others).collect::<Vec<_>>() {
            self.say(breaks, message);
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
        self.types(&Told::of_result(name), (old, new), false);
    }

    fn errors(&mut self, was: &Function) {
        for error in &self.function.errors {
            let Some(same) = was.errors.iter().find(|other| other.class == error.class) else {
                self.say(false, format!("it says that it throws {}", error.class));
                continue;
            };
            let old = Side { offers: self.before, of: &same.of };
            let new = Side { offers: self.after, of: &error.of };
            self.types(&Told::of_result(&format!("data of {}", error.class)), (old, new), false);
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

/// How differences of a type are told.
struct Told<'t> {
    /// What stands before the way to them, and behind it.
    subject: &'t str,
    end: &'t str,
    breaking: fn(&What) -> String,
    other: fn(&What) -> String,
}

impl<'t> Told<'t> {
    fn of_result(subject: &'t str) -> Self {
        Self { subject, end: "", breaking: What::of_result, other: What::of_narrower_result }
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
    function.types_mut().for_each(|(_, of)| of.rename(&mut called));
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
