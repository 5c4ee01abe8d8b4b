//! Whether a type has a value that is written down.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::offers::Offers;
use crate::schema::Type;

pub(super) fn has_literals(offers: &Offers, of: &Type) -> bool {
    plain_parts(offers, of).iter().any(|part| matches!(part, Type::Literals(_)))
}

pub(super) fn takes_literal(offers: &Offers, of: &Type, value: &Value) -> bool {
    let is_within = |part: &Type| part.asked().is_none_or(|by| by.admit(value));
    plain_parts(offers, of).iter().any(|part| is_of_kind(part.unconstrained(), value) && is_within(part))
}

/// Whether it would be taken if nothing were asked beyond the type.
pub(super) fn takes_unconstrained(offers: &Offers, of: &Type, value: &Value) -> bool {
    plain_parts(offers, of).iter().any(|part| is_of_kind(part.unconstrained(), value))
}

fn is_of_kind(of: &Type, value: &Value) -> bool {
    match (of, value) {
        (Type::Any, _) => true,
        (Type::Literals(values), value) => values.iter().any(|known| is_same(known, value)),
        (Type::Text, Value::String(_)) | (Type::Bool, Value::Bool(_)) => true,
        (Type::Null | Type::Undefined, Value::Null) => true,
        (Type::Number, Value::Number(_)) => true,
        (Type::Integer | Type::BigInt, Value::Number(number)) => {
            !number.is_f64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        _ => false,
    }
}

/// Whether two are one value: 1 and 1.0 are.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) if one.is_f64() != other.is_f64() => {
            one.as_f64() == other.as_f64()
        }
        (one, other) => one == other,
    }
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
            Type::Constrained { of, .. } if matches!(**of, Type::Named(_)) => open.push(of),
            of => parts.push(of),
        }
    }
    parts
}
