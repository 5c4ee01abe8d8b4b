//! What is different between two clients, as they were written, and which of it those who call cannot live with: what they gave
//! does not pass the compiler any more, or what they read is not there.

mod flows;
mod reader;
mod types;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use flows::{Members, Side, Way};
use types::{Pairs, Shown, Why};
use written::{Called, Type, Written};

/// A difference of one operation, for who calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Callers as they are may fail.
    pub breaks: bool,
    /// `model.similar`.
    pub operation: String,
    /// What is different.
    pub message: String,
}

/// All differences of what can be called, operation by operation. Where only comments or orders differ there are none; `None` where
/// one of the two cannot be read.
pub fn differences(before: &str, after: &str) -> Option<Vec<Difference>> {
    let (was, now) = (Written::read(before)?, Written::read(after)?);
    let mut pairs = Pairs::default();
    let mut all = Told::default();
    for (name, one) in &was.operations {
        let reasons = match now.operations.get(name) {
            None => vec![Why::of_operation(true, "it is gone")],
            Some(other) => of_operation((&was, one), (&now, other), &mut pairs),
        };
        // What is told of a type both ways breaks if it does one way.
        let breaking: BTreeSet<String> =
            reasons.iter().filter(|why| why.breaks).map(|why| why.message.clone()).collect();
        let mut seen = BTreeSet::new();
        for why in reasons.into_iter().filter(|why| seen.insert(why.message.clone())) {
            all.tell(name, Why { breaks: breaking.contains(&why.message), ..why });
        }
    }
    let mut all = all.differences();
    let new = now.operations.keys().filter(|name| !was.operations.contains_key(*name));
    all.extend(new.map(|name| Difference {
        breaks: false,
        operation: name.clone(),
        message: "it is new".to_owned(),
    }));
    Some(all)
}

/// What is told, of each type with a name once.
#[derive(Default)]
struct Told {
    all: Vec<Difference>,
    /// Where what is of a type stands, and in how many more operations it is so.
    of_types: BTreeMap<String, (usize, usize)>,
}

impl Told {
    fn tell(&mut self, operation: &str, Why { breaks, message, of_type }: Why) {
        if of_type {
            if let Some((at, more)) = self.of_types.get_mut(&message) {
                self.all[*at].breaks |= breaks;
                *more += 1;
                return;
            }
            self.of_types.insert(message.clone(), (self.all.len(), 0));
        }
        self.all.push(Difference { breaks, operation: operation.to_owned(), message });
    }

    fn differences(mut self) -> Vec<Difference> {
        for (at, more) in self.of_types.into_values().filter(|(_, more)| *more > 0) {
            let operations = if more == 1 { "operation" } else { "operations" };
            let _ = write!(self.all[at].message, "; so it is in {more} more {operations}");
        }
        self.all
    }
}

fn of_operation<'w>(
    (was, one): (&'w Written, &'w Called),
    (now, other): (&'w Written, &'w Called),
    pairs: &mut Pairs<'w>,
) -> Vec<Why> {
    let mut reasons = request(one, other);
    let side = |client: &'w Written, of: &'w Type| Side { of, client };
    let args = (Members::of(&one.args), Members::of(&other.args));
    if args.0.all.is_empty() && !args.1.all.is_empty() {
        let message = "it has parameters now: what a call is given besides stands behind them".to_owned();
        reasons.push(Why::of_operation(true, message));
    }
    let mut comparison = pairs.comparison(&mut reasons);
    let shown = Shown::new("parameter");
    comparison.objects(
        (side(was, &one.returns), &args.0),
        (side(now, &other.returns), &args.1),
        Way::Given,
        &shown,
    );
    let shown = Shown::new("result");
    comparison.types(side(was, &one.returns), side(now, &other.returns), Way::Returned, &shown);
    for class in &one.throws {
        let data = |client: &'w Written| client.thrown.iter().find(|field| field.name == *class);
        let (Some(before), Some(after)) = (data(was), data(now)) else {
            comparison
                .say(true, format!("it does not say any more that it throws {class}, and nothing else does"));
            continue;
        };
        if !other.throws.contains(class) {
            comparison.say(false, format!("it does not say any more that it throws {class}"));
        }
        let shown = Shown::new(&format!("data of {class}"));
        comparison.types(side(was, &before.of), side(now, &after.of), Way::Returned, &shown);
    }
    for class in other.throws.iter().filter(|class| !one.throws.contains(class)) {
        comparison.say(false, format!("it says that it throws {class}"));
    }
    comparison.follow(was, now);
    reasons
}

/// What is asked of the API, which pages that are open go on with.
fn request(one: &Called, other: &Called) -> Vec<Why> {
    let mut reasons = Vec::new();
    if one.request != other.request {
        let message = format!("its request was `{}` and is `{}`", one.request, other.request);
        reasons.push(Why::of_operation(true, message));
    }
    for (used, place) in &one.places {
        if let Some(now) = other.places.get(used).filter(|now| *now != place) {
            let message = format!("`{used}` was {place} and is {now}");
            reasons.push(Why::of_operation(true, message));
        }
    }
    reasons
}
