//! Whether each value of one type is one of another.

use serde_json::Value;

use super::composed::{self, Tuple};
use super::literals::{has_literals, takes_literal};
use super::said::{What, Why, kind_of};
use crate::offers::Offers;
use crate::schema::{Object, Type, is_safe};

/// A type where its names mean something.
#[derive(Clone, Copy)]
pub(super) struct Side<'o> {
    pub(super) offers: &'o Offers,
    pub(super) of: &'o Type,
}

impl<'o> Side<'o> {
    /// Whether each value of the other is one of this.
    pub(super) fn takes(self, other: Side<'_>) -> Result<(), Why> {
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
            (Type::All(parts), _) => parts.iter().try_for_each(|part| self.check(wide.at(part), narrow)),
            (_, Type::All(parts)) => {
                if parts.iter().any(|part| self.check(wide, narrow.at(part)).is_ok()) {
                    return Ok(());
                }
                match composed::object(narrow.offers, parts) {
                    Some(object) => self.check(wide, narrow.at(&Type::Object(object))),
                    None => Err(differ(wide, narrow)),
                }
            }
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
                self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below("[]"))
            }
            (Type::Map(one), Type::Map(other)) => {
                self.check(wide.at(&one.0), narrow.at(&other.0)).map_err(|why| why.below(".key"))?;
                self.check(wide.at(&one.1), narrow.at(&other.1)).map_err(|why| why.below("[]"))
            }
            (Type::Tuple { .. }, Type::Tuple { .. }) => self.tuples(wide, narrow),
            (Type::Array(one), Type::Tuple { items, rest, .. }) => {
                items.iter().chain(rest.as_deref()).try_for_each(|item| {
                    self.check(wide.at(one), narrow.at(item)).map_err(|why| why.below("[]"))
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
            // Of those that are left none has a name within, which would mean something else on the other side.
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
                // It may be one of the others.
                None => {
                    if let Some(present) = composed::unnamed(other, &field.name) {
                        self.check(wide.at(&field.of), narrow.at(present)).map_err(|why| why.below(&step))?;
                    }
                }
            }
        }
        for field in &other.fields {
            let is_known = one.fields.iter().any(|known| known.name == field.name);
            if let Some(taken) = composed::unnamed(one, &field.name).filter(|_| !is_known) {
                let step = format!(".{}", field.name);
                self.check(wide.at(taken), narrow.at(&field.of)).map_err(|why| why.below(&step))?;
            }
        }
        // Of the others, some may have numbers for names.
        let numbered = other.numbered.as_ref();
        let pairs = [
            (&one.others, other.others.as_ref()),
            (&one.numbered, numbered.or(other.others.as_ref())),
            (&one.others, numbered.filter(|_| one.numbered.is_none())),
        ];
        for (one, other) in pairs {
            if let (Some(one), Some(other)) = (one, other) {
                self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below("[]"))?;
            }
        }
        Ok(())
    }

    /// Item by item; of what may follow each may stand at each place.
    fn tuples(&mut self, wide: Side<'_>, narrow: Side<'_>) -> Result<(), Why> {
        let (Some(one), Some(other)) = (Tuple::of(wide.of), Tuple::of(narrow.of)) else {
            return Err(differ(wide, narrow));
        };
        if one.required > other.required || !one.has_room_for(&other) {
            return Err(differ(wide, narrow));
        }
        for at in 0..one.items.len().max(other.items.len()) {
            if let (Some(one), Some(other)) = (one.at(at), other.at(at)) {
                let step = format!("[{at}]");
                self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below(&step))?;
            }
        }
        match (one.rest, other.rest) {
            (Some(one), Some(other)) => {
                self.check(wide.at(one), narrow.at(other)).map_err(|why| why.below("[]"))
            }
            _ => Ok(()),
        }
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
