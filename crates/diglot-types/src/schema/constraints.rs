//! What is asked of values beyond their type, as far as it can be compared.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Number, Value};

use super::{SAFE_INTEGER_MAX, Type};

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Constraint {
    Minimum,
    Maximum,
    MultipleOf,
    MinLength,
    MaxLength,
    Pattern,
    MinItems,
    MaxItems,
    Unique,
    MinProperties,
    MaxProperties,
    /// How long each dimension of an array of numbers is.
    Shape,
}

/// How much of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Limit {
    /// A number, or text where values are days and the like.
    Value {
        value: Value,
        /// It is none of the values itself.
        is_excluded: bool,
    },
    Count(u64),
    /// All of them have to match.
    Patterns(BTreeSet<String>),
    Unique,
    /// `None`: of any length.
    Lengths(Vec<Option<u64>>),
}

/// All that is asked of a value.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Constraints(BTreeMap<Constraint, Limit>);

/// Keywords whose limit is a value; whether that is excluded.
const VALUES: [(&str, Constraint, bool); 4] = [
    ("minimum", Constraint::Minimum, false),
    ("exclusiveMinimum", Constraint::Minimum, true),
    ("maximum", Constraint::Maximum, false),
    ("exclusiveMaximum", Constraint::Maximum, true),
];
/// Keywords whose limit is a count.
const COUNTS: [(&str, Constraint); 6] = [
    ("minLength", Constraint::MinLength),
    ("maxLength", Constraint::MaxLength),
    ("minItems", Constraint::MinItems),
    ("maxItems", Constraint::MaxItems),
    ("minProperties", Constraint::MinProperties),
    ("maxProperties", Constraint::MaxProperties),
];
/// Where the part of a second begins in a point in time, and its zone.
const ZONE_AT: usize = "2026-01-01T00:00:00".len();

impl Constraints {
    /// Of a schema, whatever its type. What is no limit is left out.
    pub(crate) fn read(schema: &Value) -> Self {
        let mut all = Self::default();
        for (keyword, constraint, is_excluded) in VALUES {
            // Draft 4 had booleans there.
            if let Some(value) = schema.get(keyword).filter(|value| value.is_number() || value.is_string()) {
                all.add(constraint, Limit::Value { value: value.clone(), is_excluded });
            }
        }
        if let Some(value) = schema.get("multipleOf").filter(|of| of.as_f64().is_some_and(|of| of > 0.0)) {
            all.add(Constraint::MultipleOf, Limit::Value { value: value.clone(), is_excluded: false });
        }
        for (keyword, constraint) in COUNTS {
            let count = schema[keyword].as_u64().filter(|count| *count > 0 || keyword.starts_with("max"));
            count.into_iter().for_each(|count| all.add(constraint, Limit::Count(count)));
        }
        if let Some(pattern) = schema["pattern"].as_str() {
            all.add(Constraint::Pattern, Limit::Patterns(BTreeSet::from([pattern.to_owned()])));
        }
        if schema["uniqueItems"] == true {
            all.add(Constraint::Unique, Limit::Unique);
        }
        if let Some(shape) = schema["shape"].as_array() {
            all.add(Constraint::Shape, Limit::Lengths(shape.iter().map(Value::as_u64).collect()));
        }
        all
    }

    pub(crate) fn get(&self, constraint: Constraint) -> Option<&Limit> {
        self.0.get(&constraint)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Constraint, &Limit)> {
        self.0.iter().map(|(constraint, limit)| (*constraint, limit))
    }

    /// Whether a value that is written down is within them. No pattern is tried: each language has its own.
    pub(crate) fn admit(&self, value: &Value) -> bool {
        let (of, given) = match value {
            Value::Number(_) => (Type::Number, Limit::Value { value: value.clone(), is_excluded: false }),
            Value::String(text) => (Type::Text, Limit::Count(text.chars().count() as u64)),
            _ => return true,
        };
        self.of(&of).iter().all(|(constraint, limit)| match (limit, &given) {
            (Limit::Value { .. }, Limit::Value { .. }) | (Limit::Count(_), Limit::Count(_)) => {
                constraint.takes(limit, &given)
            }
            _ => true,
        })
    }

    /// Of two limits the tighter one counts.
    fn add(&mut self, constraint: Constraint, limit: Limit) {
        match (self.0.get_mut(&constraint), limit) {
            (Some(Limit::Patterns(present)), Limit::Patterns(more)) => present.extend(more),
            (Some(present), limit) => {
                if constraint.takes(present, &limit) {
                    *present = limit;
                }
            }
            (None, limit) => drop(self.0.insert(constraint, limit)),
        }
    }

    /// Those that mean something for this type.
    pub(crate) fn of(&self, of: &Type) -> Self {
        let is_integer = matches!(of, Type::Integer | Type::BigInt);
        let own = self
            .iter()
            .filter(|(constraint, limit)| constraint.concerns(of) && limits(*constraint, limit, of));
        let own = own.map(|(constraint, limit)| {
            let next = is_integer.then(|| next(constraint, limit)).flatten();
            (constraint, next.unwrap_or_else(|| limit.clone()))
        });
        Self(own.collect())
    }
}

/// The type with what is asked of its values; of a union, of each that it means something for.
pub(crate) fn constrained(of: Type, by: &Constraints) -> Type {
    let each = |parts: Vec<Type>| parts.into_iter().map(|part| constrained(part, by)).collect();
    match of {
        Type::Union(parts) => Type::Union(each(parts)),
        Type::All(parts) => Type::All(each(parts)),
        Type::Literals(mut values) => {
            values.retain(|value| by.admit(value));
            if values.is_empty() { Type::Never } else { Type::Literals(values) }
        }
        Type::BigLiteral(digits) => match serde_json::from_str::<Value>(&digits) {
            Ok(value) if !by.admit(&value) => Type::Never,
            _ => Type::BigLiteral(digits),
        },
        Type::Constrained { of, by: mut own } => {
            by.of(&of).0.into_iter().for_each(|(constraint, limit)| own.add(constraint, limit));
            Type::Constrained { of, by: own }
        }
        of => {
            let by = by.of(&of);
            if by.0.is_empty() { of } else { Type::Constrained { of: Box::new(of), by } }
        }
    }
}

impl Constraint {
    /// Whether values of this type have what it is about.
    fn concerns(self, of: &Type) -> bool {
        use Constraint::{
            MaxItems, MaxLength, MaxProperties, Maximum, MinItems, MinLength, MinProperties, Minimum,
            MultipleOf, Pattern, Shape, Unique,
        };
        match of {
            Type::Integer | Type::BigInt | Type::Number => matches!(self, Minimum | Maximum | MultipleOf),
            // Decimals and days have limits as numbers have.
            Type::Text
            | Type::Bytes
            | Type::DateTime
            | Type::Date
            | Type::Time
            | Type::Duration
            | Type::Uuid
            | Type::Decimal => {
                matches!(self, Minimum | Maximum | MultipleOf | MinLength | MaxLength | Pattern)
            }
            Type::Array(_) => matches!(self, MinItems | MaxItems | Unique),
            Type::Set(_) | Type::Map(_) | Type::Tuple { .. } => matches!(self, MinItems | MaxItems),
            Type::Numbers { .. } => matches!(self, MinItems | MaxItems | Shape),
            Type::Object(_) | Type::AnyObject => matches!(self, MinProperties | MaxProperties),
            Type::Any | Type::Named(_) => self != Shape,
            _ => false,
        }
    }

    /// Whether all that is within the one limit is within the other.
    pub(crate) fn takes(self, wide: &Limit, narrow: &Limit) -> bool {
        match (wide, narrow) {
            (Limit::Value { value: one, .. }, Limit::Value { value: other, .. })
                if self == Self::MultipleOf =>
            {
                is_multiple(other, one)
            }
            (
                Limit::Value { value: one, is_excluded },
                Limit::Value { value: other, is_excluded: excludes },
            ) => match compared(one, other) {
                Some(Ordering::Equal) => *excludes || !is_excluded,
                Some(order) => (order == Ordering::Less) == (self == Self::Minimum),
                None => false,
            },
            (Limit::Count(one), Limit::Count(other)) => match self {
                Self::MaxLength | Self::MaxItems | Self::MaxProperties => one >= other,
                _ => one <= other,
            },
            (Limit::Patterns(one), Limit::Patterns(other)) => one.is_subset(other),
            (Limit::Lengths(one), Limit::Lengths(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|(one, other)| one.is_none() || one == other)
            }
            (Limit::Unique, Limit::Unique) => true,
            _ => false,
        }
    }
}

/// Whether it limits values of this type, and says more than that does.
fn limits(constraint: Constraint, limit: &Limit, of: &Type) -> bool {
    match (of, limit) {
        (Type::Any | Type::Named(_), _) => true,
        (Type::Integer | Type::BigInt | Type::Number | Type::Decimal, Limit::Value { value, .. }) => {
            value.is_number()
        }
        (_, Limit::Value { value, .. }) => value.is_string(),
        // A tuple has its length already.
        (Type::Tuple { required, .. }, Limit::Count(count)) if constraint == Constraint::MinItems => {
            *count > *required as u64
        }
        (Type::Tuple { items, rest: None, .. }, Limit::Count(count)) => *count < items.len() as u64,
        _ => true,
    }
}

/// What integers have in place of a limit that is excluded: the next of them.
fn next(constraint: Constraint, limit: &Limit) -> Option<Limit> {
    let Limit::Value { value, is_excluded: true } = limit else { return None };
    let step = if constraint == Constraint::Minimum { 1 } else { -1 };
    let value = i64::try_from(integer(value.as_number()?)? + step).ok()?;
    Some(Limit::Value { value: value.into(), is_excluded: false })
}

/// Which of two is less. Text is compared where it is of one form, as days are.
fn compared(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => match (integer(one), integer(other)) {
            (Some(one), Some(other)) => Some(one.cmp(&other)),
            _ => one.as_f64()?.partial_cmp(&other.as_f64()?),
        },
        (Value::String(one), Value::String(other)) if one == other => Some(Ordering::Equal),
        (Value::String(one), Value::String(other)) => {
            let form = |text: &str| -> Vec<bool> { text.chars().map(|c| c.is_ascii_digit()).collect() };
            let is_dated = form(one).first() == Some(&true)
                && form(one) == form(other)
                && one.get(ZONE_AT..) == other.get(ZONE_AT..);
            is_dated.then(|| one.cmp(other))
        }
        _ => None,
    }
}

fn is_multiple(value: &Value, of: &Value) -> bool {
    let (Value::Number(value), Value::Number(of)) = (value, of) else { return false };
    match (integer(value), integer(of)) {
        (Some(value), Some(of)) if of != 0 => value % of == 0,
        _ => {
            // 0.3 is a multiple of 0.1, whatever binary fractions make of it.
            let times = value.as_f64().zip(of.as_f64()).map_or(f64::NAN, |(value, of)| value / of);
            (times - times.round()).abs() <= f64::EPSILON * times.abs().max(1.0)
        }
    }
}

/// As an integer, which 1.0 is as well.
fn integer(number: &Number) -> Option<i128> {
    let whole = |value: f64| value.fract() == 0.0 && value.abs() <= SAFE_INTEGER_MAX as f64;
    let plain = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
    plain.or_else(|| number.as_f64().filter(|value| whole(*value)).map(|value| value as i128))
}
