//! Whether each value of one type is one of another.

mod held;

use std::borrow::Cow;

use serde_json::Value;

use super::composed;
use super::literals::{has_literals, takes_literal, takes_unconstrained};
use super::said::{What, Why, kind_of};
use crate::offers::Offers;
use crate::schema::{Constraint, Limit, Type, constrained, is_safe};

/// A type where its names mean something.
#[derive(Clone, Copy)]
pub(super) struct Side<'o> {
    pub(super) offers: &'o Offers,
    pub(super) of: &'o Type,
}

impl<'o> Side<'o> {
    /// Why values of the other are none of this, each reason once. `is_given`: fields that this refuses are among them.
    pub(super) fn lacks(self, other: Side<'_>, is_given: bool) -> Vec<Why> {
        let mut taking =
            Taking { is_given, assumed: Vec::new(), found: Vec::new(), trials: 0, depth: 0, steps: 0 };
        let found = taking.check(self, other);
        taking.found.extend(found.err());
        let mut all: Vec<Why> = Vec::new();
        for why in taking.found {
            if !all.contains(&why) {
                all.push(why);
            }
        }
        all
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

    /// What a name is known by, where it has one; with what is asked of it here.
    fn name(self) -> Option<String> {
        match (self.of.unconstrained(), self.of.asked()) {
            (Type::Named(name), None) => Some(name.clone()),
            (Type::Named(name), Some(by)) => Some(format!("{name} {by:?}")),
            _ => None,
        }
    }

    /// What tells it apart from others without names.
    fn spelled(self) -> String {
        format!("{:?}", self.of)
    }

    /// What its name stands for, if it has one.
    fn resolved(self) -> Cow<'o, Type> {
        match (self.of.unconstrained(), self.of.asked()) {
            (Type::Named(name), None) => Cow::Borrowed(self.offers.named(name)),
            (Type::Named(name), Some(by)) => Cow::Owned(constrained(self.offers.named(name).clone(), by)),
            _ => Cow::Borrowed(self.of),
        }
    }
}

struct Taking {
    is_given: bool,
    /// What differs so that all the rest can be compared.
    found: Vec<Why>,
    /// How many unions it is within, of which one part has to fit.
    trials: usize,
    /// Pairs of types that are being looked at, one of them with a name: a type that holds itself is right if the rest of it is.
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
        let names = (wide.name(), narrow.name());
        if names.0.is_some() || names.1.is_some() {
            // Of one that has none, what it is: it may hold the other's name.
            let pair =
                (names.0.unwrap_or_else(|| wide.spelled()), names.1.unwrap_or_else(|| narrow.spelled()));
            if self.assumed.contains(&pair) {
                return Ok(());
            }
            let assumed = self.assumed.len();
            self.assumed.push(pair);
            let found = self.check(wide.at(&wide.resolved()), narrow.at(&narrow.resolved()));
            if found.is_err() {
                // What was found right meanwhile may have been so by this.
                self.assumed.truncate(assumed);
            }
            return found;
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
                    Some(value)
                        if !has_literals(wide.offers, of) && !takes_unconstrained(wide.offers, of, value) =>
                    {
                        Err(differ(wide, narrow))
                    }
                    Some(value) => Err(Why { path: String::new(), what: What::Value(value.to_string()) }),
                }
            }
            (Type::Union(parts), _) => self.one_of(parts, wide, narrow),
            (Type::All(parts), of) => {
                let before = self.found.len();
                parts.iter().try_for_each(|part| self.check(wide.at(part), narrow))?;
                if !matches!(of, Type::All(_)) {
                    // What one part does not know another may.
                    let found = self.found.split_off(before);
                    self.found.extend(found.into_iter().filter(Why::fails));
                }
                Ok(())
            }
            (_, Type::All(parts)) => {
                if self.best_of(parts.iter().map(|part| (wide, narrow.at(part)))).is_ok() {
                    return Ok(());
                }
                match composed::object(narrow.offers, parts) {
                    Some(object) => self.check(wide, narrow.at(&Type::Object(object))),
                    None => Err(differ(wide, narrow)),
                }
            }
            (Type::Constrained { .. }, _) | (_, Type::Constrained { .. }) => self.constrained(wide, narrow),
            (Type::Error { data: one, .. }, Type::Error { data: other, .. }) => {
                self.check(wide.at(one), narrow.at(other))
            }
            // A bigint is no number of JavaScript's, unless that has it as it is.
            (Type::Number | Type::BigInt, Type::Integer) | (Type::BigInt, Type::BigLiteral(_)) => Ok(()),
            (Type::Integer | Type::Number, Type::BigLiteral(digits)) if is_safe(digits) => Ok(()),
            (Type::Literals(values), Type::Bool)
                if values.contains(&true.into()) && values.contains(&false.into()) =>
            {
                Ok(())
            }
            (Type::Literals(values), Type::Null | Type::Undefined) if values.contains(&Value::Null) => Ok(()),
            (Type::Null, Type::Undefined) | (Type::Undefined, Type::Null) => Ok(()),
            (Type::AnyObject, Type::Object(_)) => Ok(()),
            (Type::Array(one), Type::Array(other)) | (Type::Set(one), Type::Set(other)) => {
                self.below("[]", wide.at(one), narrow.at(other))
            }
            (Type::Map(one), Type::Map(other)) => {
                self.below(".key", wide.at(&one.0), narrow.at(&other.0))?;
                self.below("[]", wide.at(&one.1), narrow.at(&other.1))
            }
            (Type::Tuple { .. }, Type::Tuple { .. }) => self.tuples(wide, narrow),
            (Type::Array(one), Type::Tuple { items, rest, .. }) => {
                let mut items = items.iter().chain(rest.as_deref());
                items.try_for_each(|item| self.below("[]", wide.at(one), narrow.at(item)))
            }
            (
                Type::Numbers { dtype: one, dimensions: wanted },
                Type::Numbers { dtype: other, dimensions },
            ) => {
                let fits = (one.is_empty() || one == other) && (wanted.is_none() || wanted == dimensions);
                if fits { Ok(()) } else { Err(differ(wide, narrow)) }
            }
            (Type::Object(one), Type::Object(other)) => self.objects((wide, one), (narrow, other)),
            // Of those that are left none has a name within, which would mean something else on the other side.
            (one, other) if one == other => Ok(()),
            _ => Err(differ(wide, narrow)),
        }
    }

    /// The same of what is within.
    fn below(&mut self, step: &str, wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        let before = self.found.len();
        let found = self.check(wide, narrow);
        self.found[before..].iter_mut().for_each(|why| why.path.insert_str(0, step));
        found.map_err(|why| why.below(step))
    }

    /// Of a union one has to take it. Where one alone is of its kind, that says why it does not.
    fn one_of(&mut self, choices: &[Type], wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        // Of several types at once it is enough that one fits.
        let parts = if let Type::All(parts) = narrow.of { parts.as_slice() } else { &[] };
        let parts = parts.iter().map(|part| (wide, narrow.at(part)));
        let pairs = choices.iter().map(|choice| (wide.at(choice), narrow));
        let Err(reasons) = self.best_of(pairs.chain(parts)) else { return Ok(()) };
        let mut within = reasons.into_iter().filter(|why| !why.path.is_empty());
        match (within.next(), within.next()) {
            (Some(why), None) => Err(why),
            _ => Err(differ(wide, narrow)),
        }
    }

    /// One pair has to do: that which differs least. Else, why none does.
    fn best_of<'s>(&mut self, pairs: impl Iterator<Item = (Side<'s>, Side<'s>)>) -> Result<(), Vec<Why>> {
        let (mut best, mut reasons) = (None, Vec::new());
        for (wide, narrow) in pairs {
            match self.tried(wide, narrow) {
                Ok(found) if found.is_empty() => return Ok(()),
                Ok(found) => {
                    let cost = (found.iter().filter(|why| why.fails()).count(), found.len());
                    if best.as_ref().is_none_or(|(least, _)| cost < *least) {
                        best = Some((cost, found));
                    }
                }
                Err(why) => reasons.push(why),
            }
        }
        let (_, found) = best.ok_or(reasons)?;
        self.found.extend(found);
        Ok(())
    }

    /// Checks without keeping anything of it, and gives what was found.
    fn tried(&mut self, wide: Side<'_>, narrow: Side<'_>) -> Result<Vec<Why>, Why> {
        let (before, assumed) = (std::mem::take(&mut self.found), self.assumed.len());
        self.trials += 1;
        let result = self.check(wide, narrow);
        self.trials -= 1;
        let found = std::mem::replace(&mut self.found, before);
        if result.is_err() || !found.is_empty() {
            self.assumed.truncate(assumed);
        }
        result.map(|()| found)
    }

    /// The types, and then what else is asked of their values.
    fn constrained(&mut self, wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        let of = narrow.of.unconstrained();
        self.check(wide.at(wide.of.unconstrained()), narrow.at(of))?;
        let asked = wide.of.asked().map(|by| by.of(of)).unwrap_or_default();
        for (constraint, takes) in asked.iter() {
            let known = narrow.of.asked().and_then(|by| by.get(constraint)).cloned();
            let has = known.or_else(|| implied(of, constraint));
            if !has.as_ref().is_some_and(|has| constraint.takes(takes, has)) {
                let what = What::Asked { constraint, has: has.map(Box::new), takes: Box::new(takes.clone()) };
                self.found.push(Why { path: String::new(), what });
            }
        }
        Ok(())
    }
}

/// What a type says by itself.
fn implied(of: &Type, constraint: Constraint) -> Option<Limit> {
    match (of, constraint) {
        (Type::Tuple { required, .. }, Constraint::MinItems) => Some(Limit::Count(*required as u64)),
        (Type::Tuple { items, rest: None, .. }, Constraint::MaxItems) => {
            Some(Limit::Count(items.len() as u64))
        }
        (Type::Integer | Type::BigInt, Constraint::MultipleOf) => {
            Some(Limit::Value { value: 1.into(), is_excluded: false })
        }
        _ => None,
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
