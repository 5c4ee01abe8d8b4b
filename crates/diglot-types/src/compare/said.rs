//! What is said of a difference.

use serde_json::Value;

use crate::offers::Offers;
use crate::schema::Type;

/// Where within a type, and what: why the values of the one, `has`, are not all taken by the other, `takes`.
pub(super) struct Why {
    pub(super) path: String,
    pub(super) what: What,
}

pub(super) enum What {
    Differ { has: String, takes: String },
    Value(String),
    MayBeMissing,
    Missing(String),
}

impl What {
    /// What is new has to be taken by those who know what was.
    pub(super) fn of_result(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {takes} and is {has}"),
            Self::Value(value) => format!("may be {value}, which it never was"),
            Self::MayBeMissing => "may be missing now".to_owned(),
            Self::Missing(of) => format!("is gone: it was {of}"),
        }
    }

    /// What was given has to be taken by what is new.
    pub(super) fn of_parameter(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {has} and is {takes}"),
            Self::Value(value) => format!("cannot be {value} any more"),
            Self::MayBeMissing => "is required now".to_owned(),
            Self::Missing(of) => format!("is new and required: {of}"),
        }
    }

    /// What is new takes all that was given, and this beside it.
    pub(super) fn of_wider_parameter(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {takes} and is {has}"),
            Self::Value(value) => format!("may be {value} now"),
            Self::MayBeMissing => "may be left out now".to_owned(),
            Self::Missing(_) => "need not be given any more".to_owned(),
        }
    }

    /// What is new is known to those who know what was, and there is less of it.
    pub(super) fn of_narrower_result(&self) -> String {
        match self {
            Self::Differ { has, takes } => format!("was {has} and is {takes}"),
            Self::Value(value) => format!("cannot be {value} any more"),
            Self::MayBeMissing => "is always there now".to_owned(),
            Self::Missing(of) => format!("is new: {of}"),
        }
    }
}

impl Why {
    pub(super) fn below(mut self, step: &str) -> Self {
        self.path.insert_str(0, step);
        self
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
        Type::Union(parts) => return parts.iter().map(inner).collect::<Vec<_>>().join(" | "),
        Type::All(_) => "several types at once",
        Type::Named(name) => match offers.named(name) {
            Type::Object(_) | Type::Union(_) | Type::Named(_) => return name.clone(),
            of => return kind_of(offers, of),
        },
    }
    .to_owned()
}
