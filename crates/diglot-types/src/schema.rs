//! What a JSON Schema stands for: types.

mod constraints;
mod reader;

use std::collections::BTreeMap;

use serde_json::Value;

pub(crate) use constraints::{Constraint, Constraints, Limit, constrained};
pub(crate) use reader::{Reader, doc};

/// The greatest integer that a `number` of JavaScript has with all those below it, 2⁵³ − 1.
pub(crate) const SAFE_INTEGER_MAX: u64 = (1 << 53) - 1;

/// Whether a `number` of JavaScript has this integer as it is.
pub(crate) fn is_safe(digits: &str) -> bool {
    digits.parse::<i64>().is_ok_and(|value| value.unsigned_abs() <= SAFE_INTEGER_MAX)
}

/// What values a schema takes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Type {
    Any,
    /// No value at all.
    Never,
    Null,
    /// Nothing is returned.
    Undefined,
    Bool,
    Integer,
    /// An integer that may be beyond what a `number` of JavaScript has.
    BigInt,
    Number,
    Text,
    Bytes,
    DateTime,
    Date,
    Time,
    Duration,
    Uuid,
    Decimal,
    Table,
    /// These values and no others.
    Literals(Vec<Value>),
    /// This integer, which is a `bigint` in TypeScript.
    BigLiteral(String),
    Array(Box<Type>),
    Set(Box<Type>),
    Map(Box<(Type, Type)>),
    Tuple {
        items: Vec<Type>,
        /// How many of them are always there.
        required: usize,
        /// What may follow.
        rest: Option<Box<Type>>,
    },
    /// Numbers of one type; how many dimensions, if that is known.
    Numbers {
        dtype: String,
        dimensions: Option<usize>,
    },
    /// An object of which nothing is said.
    AnyObject,
    Object(Object),
    /// What an error of this class carries. Only as a definition.
    Error {
        class: String,
        data: Box<Type>,
    },
    Union(Vec<Type>),
    /// All of them at once.
    All(Vec<Type>),
    /// One of those with a name.
    Named(String),
    /// Values of a type of which more is asked. Only in what is compared.
    Constrained {
        of: Box<Type>,
        by: Constraints,
    },
}

/// An object's fields, and what else it may hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Object {
    pub(crate) fields: Vec<Field>,
    /// What fields of other names hold; `None`: there are no others that anybody reads.
    pub(crate) others: Option<Box<Type>>,
    /// What fields hold whose names are numbers.
    pub(crate) numbered: Option<Box<Type>>,
    /// Who is given others refuses it. Only in what is compared.
    pub(crate) is_closed: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) of: Type,
    pub(crate) required: bool,
    pub(crate) doc: Doc,
}

/// What people are told of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Doc {
    pub(crate) text: Option<String>,
    /// Constraints: a keyword and its value.
    pub(crate) notes: Vec<(&'static str, String)>,
}

/// A type with a name of its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Definition {
    pub(crate) of: Type,
    pub(crate) doc: Doc,
}

pub(crate) type Definitions = BTreeMap<String, Definition>;

/// How values look to those who get them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Form {
    /// As they are: the function is Python's, which has types for all of them.
    Rich,
    /// Days, durations, decimals, … are text: the function is JavaScript's.
    Plain,
    /// They were JSON on their way, as the data of errors is.
    Json,
}

impl Type {
    /// Exchanges all names of types within it.
    pub(crate) fn rename(&mut self, rename: &mut impl FnMut(&str) -> String) {
        if let Type::Named(name) = self {
            *name = rename(name);
        }
        self.parts_mut(&mut |part| part.rename(rename));
    }

    /// Whether it, or something that it is made of, is such a type. What names stand for is not looked at.
    pub(crate) fn any(&self, is_it: &dyn Fn(&Type) -> bool) -> bool {
        is_it(self) || self.parts().into_iter().any(|part| part.any(is_it))
    }

    /// The type, whatever else is asked of its values.
    pub(crate) fn unconstrained(&self) -> &Type {
        match self {
            Type::Constrained { of, .. } => of,
            of => of,
        }
    }

    /// What is asked of its values beyond the type.
    pub(crate) fn asked(&self) -> Option<&Constraints> {
        match self {
            Type::Constrained { by, .. } => Some(by),
            _ => None,
        }
    }

    /// Each type that it is made of.
    pub(crate) fn parts(&self) -> Vec<&Type> {
        match self {
            Type::Array(item) | Type::Set(item) | Type::Constrained { of: item, .. } => vec![item],
            Type::Map(pair) => vec![&pair.0, &pair.1],
            Type::Tuple { items, rest, .. } => items.iter().chain(rest.as_deref()).collect(),
            Type::Object(Object { fields, others, numbered, .. }) => {
                let fields = fields.iter().map(|field| &field.of);
                fields.chain(others.as_deref()).chain(numbered.as_deref()).collect()
            }
            Type::Error { data, .. } => vec![data],
            Type::Union(parts) | Type::All(parts) => parts.iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The same, to change them.
    pub(crate) fn parts_mut(&mut self, with: &mut dyn FnMut(&mut Type)) {
        match self {
            Type::Array(item) | Type::Set(item) | Type::Constrained { of: item, .. } => with(item),
            Type::Map(pair) => {
                with(&mut pair.0);
                with(&mut pair.1);
            }
            Type::Tuple { items, rest, .. } => {
                items.iter_mut().for_each(&mut *with);
                rest.iter_mut().for_each(|rest| with(rest));
            }
            Type::Object(object) => {
                object.fields.iter_mut().for_each(|field| with(&mut field.of));
                object.others.iter_mut().chain(&mut object.numbered).for_each(|others| with(others));
            }
            Type::Error { data, .. } => with(data),
            Type::Union(parts) | Type::All(parts) => parts.iter_mut().for_each(with),
            _ => {}
        }
    }
}
