//! What objects and tuples hold, as far as more than a list of it is asked.

use crate::offers::Offers;
use crate::schema::{Object, Type};

/// Names that lead to each other, one after another.
const NAMES_MAX: usize = 64;

/// A tuple's parts.
pub(super) struct Tuple<'t> {
    pub(super) items: &'t [Type],
    pub(super) required: usize,
    pub(super) rest: Option<&'t Type>,
}

impl<'t> Tuple<'t> {
    pub(super) fn of(of: &'t Type) -> Option<Self> {
        match of {
            Type::Tuple { items, required, rest } => {
                Some(Self { items, required: *required, rest: rest.as_deref() })
            }
            _ => None,
        }
    }

    /// What stands at a place, if anything can.
    pub(super) fn at(&self, at: usize) -> Option<&'t Type> {
        self.items.get(at).or(self.rest)
    }

    /// Whether the other is never longer.
    pub(super) fn has_room_for(&self, other: &Self) -> bool {
        self.rest.is_some() || (other.rest.is_none() && other.items.len() <= self.items.len())
    }
}

/// What an object holds under a name that it does not have itself.
pub(super) fn unnamed<'o>(object: &'o Object, name: &str) -> Option<&'o Type> {
    let is_number = name.starts_with(|first: char| first == '-' || first.is_ascii_digit())
        && name.ends_with(|last: char| last.is_ascii_digit())
        && name.parse::<f64>().is_ok();
    let numbered = object.numbered.as_deref().filter(|_| is_number);
    numbered.or(object.others.as_deref())
}

/// Several objects at once as one with the fields of all of them; `None` where one of them is something else.
pub(super) fn object(offers: &Offers, parts: &[Type]) -> Option<Object> {
    let mut all = Object::default();
    for part in parts {
        let mut of = part;
        for _ in 0..NAMES_MAX {
            let Type::Named(name) = of.unconstrained() else { break };
            of = offers.named(name);
        }
        let Type::Object(Object { fields, others, numbered, .. }) = of.unconstrained() else { return None };
        for field in fields {
            match all.fields.iter_mut().find(|present| present.name == field.name) {
                None => all.fields.push(field.clone()),
                Some(present) => {
                    present.required |= field.required;
                    if present.of != field.of {
                        let was = std::mem::replace(&mut present.of, Type::Any);
                        present.of = Type::All(vec![was, field.of.clone()]);
                    }
                }
            }
        }
        all.others = all.others.or_else(|| others.clone());
        all.numbered = all.numbered.or_else(|| numbered.clone());
    }
    Some(all)
}
