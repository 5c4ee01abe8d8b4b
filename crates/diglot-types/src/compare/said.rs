//! What is said of a difference.

use serde_json::Value;

use crate::offers::Offers;
use crate::schema::{Constraint, Limit, Type};

/// Where within a type, and what: why the values of the one, `has`, are not all taken by the other, `takes`; or, in one case,
/// what it takes without knowing it.
#[derive(Clone, PartialEq)]
pub(super) struct Why {
    pub(super) path: String,
    pub(super) what: What,
}

#[derive(Clone, PartialEq)]
pub(super) enum What {
    Differ {
        has: String,
        takes: String,
    },
    Value(String),
    MayBeMissing,
    Missing(String),
    /// More is asked of values than the others are known to be.
    Asked {
        constraint: Constraint,
        has: Option<Box<Limit>>,
        takes: Box<Limit>,
    },
    /// A field that the other does not know.
    Unknown {
        of: String,
        is_required: bool,
        /// It is refused there, and not only left alone.
        is_refused: bool,
    },
}

impl What {
    /// What is new has to be taken by those who know what was.
    pub(super) fn of_result(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {takes} and is {has}"),
            Self::Value(value) => format!("may be {value}, which it never was"),
            Self::MayBeMissing => "may be missing now".to_owned(),
            Self::Missing(of) => format!("is gone: it was {of}"),
            Self::Asked { constraint, has, takes } => asked(*constraint, Some(&**takes), has.as_deref()),
            Self::Unknown { of, is_required: true, .. } => format!("is new: {of}"),
            Self::Unknown { of, .. } => format!("is new and optional: {of}"),
        }
    }

    /// What was given has to be taken by what is new.
    pub(super) fn of_parameter(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {has} and is {takes}"),
            Self::Value(value) => format!("cannot be {value} any more"),
            Self::MayBeMissing => "is required now".to_owned(),
            Self::Missing(of) => format!("is new and required: {of}"),
            Self::Asked { constraint, has, takes } => asked(*constraint, has.as_deref(), Some(&**takes)),
            Self::Unknown { of, .. } => format!("is gone: it was {of}"),
        }
    }

    /// What is new takes all that was given, and this beside it.
    pub(super) fn of_wider_parameter(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {takes} and is {has}"),
            Self::Value(value) => format!("may be {value} now"),
            Self::MayBeMissing => "may be left out now".to_owned(),
            Self::Missing(_) => "need not be given any more".to_owned(),
            Self::Asked { constraint, has, takes } => asked(*constraint, Some(&**takes), has.as_deref()),
            Self::Unknown { of, .. } => format!("is new and optional: {of}"),
        }
    }

    /// What is new is known to those who know what was, and there is less of it.
    pub(super) fn of_narrower_result(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {has} and is {takes}"),
            Self::Value(value) => format!("cannot be {value} any more"),
            Self::MayBeMissing => "is always there now".to_owned(),
            Self::Missing(of) => format!("is new: {of}"),
            Self::Asked { constraint, has, takes } => asked(*constraint, has.as_deref(), Some(&**takes)),
            Self::Unknown { of, .. } => format!("is gone: it was {of}"),
        }
    }
}

impl Why {
    pub(super) fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
    }

    /// Whether values are not taken for it.
    pub(super) fn fails(&self) -> bool {
        !matches!(self.what, What::Unknown { is_refused: false, .. })
    }

    /// Whether the other way round it says nothing more.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (&self.what, &other.what) {
            (What::Asked { constraint, .. }, What::Asked { constraint: same, .. }) => {
                self.path == other.path && constraint == same
            }
            // That a field is there, or not, says nothing of what it is.
            (What::Asked { .. } | What::MayBeMissing, _) => false,
            (_, What::MayBeMissing) if self.path == other.path => false,
            _ => other
                .path
                .strip_prefix(&self.path)
                .is_some_and(|below| below.is_empty() || below.starts_with(['.', '['])),
        }
    }

    /// The difference, of what is called so.
    pub(super) fn told(&self, subject: &str, said: impl Fn(&What) -> String) -> String {
        let colon = if matches!(self.what, What::Asked { .. }) { ":" } else { "" };
        format!("{subject}{colon} {}", said(&self.what))
    }
}

fn asked(constraint: Constraint, was: Option<&Limit>, now: Option<&Limit>) -> String {
    let name = match constraint {
        Constraint::Minimum => "the minimum",
        Constraint::Maximum => "the maximum",
        Constraint::MultipleOf => "the number it is a multiple of",
        Constraint::MinLength => "the minimum length",
        Constraint::MaxLength => "the maximum length",
        Constraint::Pattern => "the pattern",
        Constraint::MinItems => "the minimum number of items",
        Constraint::MaxItems => "the maximum number of items",
        Constraint::MinProperties => "the minimum number of fields",
        Constraint::MaxProperties => "the maximum number of fields",
        Constraint::Shape => "the shape",
        Constraint::Unique => {
            let told =
                if now.is_some() { "no item may be there twice now" } else { "items may be there twice now" };
            return told.to_owned();
        }
    };
    let limit = |limit: &Limit| limit_of(constraint, limit);
    match (was, now) {
        (Some(was), Some(now)) => format!("{name} was {} and is {}", limit(was), limit(now)),
        (None, Some(now)) => format!("{name} is {}, and there was none", limit(now)),
        (Some(was), None) => format!("{name} was {}, and there is none any more", limit(was)),
        (None, None) => format!("{name} is none"),
    }
}

fn limit_of(constraint: Constraint, limit: &Limit) -> String {
    match limit {
        Limit::Value { value, is_excluded } => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            match (is_excluded, constraint) {
                (false, _) => text,
                (true, Constraint::Minimum) => format!("more than {text}"),
                (true, _) => format!("less than {text}"),
            }
        }
        Limit::Count(count) => count.to_string(),
        Limit::Patterns(all) => {
            all.iter().map(|pattern| format!("`{pattern}`")).collect::<Vec<_>>().join(" and ")
        }
        Limit::Lengths(lengths) => {
            let length =
                |length: &Option<u64>| length.map_or_else(|| "?".to_owned(), |length| length.to_string());
            format!("({})", lengths.iter().map(length).collect::<Vec<_>>().join(", "))
        }
        Limit::Unique => "that no item is there twice".to_owned(),
    }
}

/// A type in a word or two, for a message.
pub(super) fn kind_of(offers: &Offers, of: &Type) -> String {
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
            let dtype = if dtype.is_empty() { "numbers" } else { dtype.as_str() };
            return dimensions.map_or(format!("array of {dtype}"), |count| {
                format!("array of {dtype} in {count} dimension{}", if count == 1 { "" } else { "s" })
            });
        }
        Type::Object(_) | Type::AnyObject => "object",
        Type::Error { class, .. } => return class.clone(),
        Type::Union(parts) => {
            let mut kinds: Vec<String> = parts.iter().map(inner).collect();
            // Some may differ in what else is asked.
            kinds.dedup();
            return kinds.join(" | ");
        }
        Type::Constrained { of, .. } => return inner(of),
        Type::All(_) => "several types at once",
        Type::Named(name) => match offers.named(name) {
            Type::Object(_) | Type::Union(_) | Type::Named(_) => return name.clone(),
            of => return kind_of(offers, of),
        },
    }
    .to_owned()
}
