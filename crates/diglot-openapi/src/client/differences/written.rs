//! A client as it was written: its types, and what can be called.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::reader::Reader;

/// A type as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Type {
    /// The name of a type of the file, or of one that TypeScript knows.
    Word(String),
    /// `"small"`, `3`, `true`.
    Literal(String),
    Object(Object),
    Array(Box<Type>),
    /// With what may follow.
    Tuple(Vec<Type>, Option<Box<Type>>),
    /// Without the fields of these names.
    Omit(Box<Type>, BTreeSet<String>),
    /// One of them.
    Union(Vec<Type>),
    /// All of them.
    Both(Vec<Type>),
    /// `Promise<number>`.
    Of(String, Box<Type>),
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Object {
    pub(super) fields: Vec<Field>,
    /// What is under all other names.
    pub(super) others: Option<Box<Type>>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) required: bool,
    pub(super) of: Type,
}

/// What can be called.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) args: Object,
    pub(super) returns: Type,
    /// `POST /rpc/shop/buy`, with `{}` where a parameter is.
    pub(super) request: String,
    /// Where the parameters of body, query and header fields stand in it, by their names.
    pub(super) places: BTreeMap<String, String>,
    /// The classes of errors that are said to be thrown.
    pub(super) throws: Vec<String>,
}

/// A client.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) types: BTreeMap<String, Type>,
    pub(super) operations: BTreeMap<String, Called>,
    /// What errors carry, by their classes.
    pub(super) thrown: Vec<Field>,
}

impl Written {
    /// `None` where it is not as clients are written here.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut written = Self::default();
        let (types, functions) = text.split_once("\nexport function createClient(")?;
        let starts = types.match_indices("\nexport ").map(|(at, found)| &types[at + found.len()..]);
        for declared in starts {
            let mut reader = Reader::of(declared);
            let is_alias = match reader.word()? {
                "interface" => false,
                "type" => true,
                _ => continue,
            };
            let name = reader.word()?.to_owned();
            // That is not of the API: its type is what the rest of the file says.
            if name == "Client" || (is_alias && !reader.take("=")) {
                continue;
            }
            match (name.as_str(), reader.whole()?) {
                ("Thrown", Type::Object(object)) => written.thrown = object.fields,
                (_, of) => drop(written.types.insert(name, of)),
            }
        }
        let mut reader = Reader::of(functions.split_once("\n  return ")?.1);
        reader.want("{")?;
        while !reader.take("}") {
            let service = reader.word()?.to_owned();
            reader.want(":")?;
            reader.want("{")?;
            while !reader.take("}") {
                let (name, called) = reader.called(&written.thrown)?;
                written.operations.insert(format!("{service}.{name}"), called);
            }
            reader.take(",");
        }
        Some(written)
    }

    /// The declared type of that name.
    pub(super) fn named<'w>(&'w self, of: &Type) -> Option<(&'w str, &'w Type)> {
        match of {
            Type::Word(word) => self.types.get_key_value(word).map(|(name, of)| (name.as_str(), of)),
            _ => None,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}: {}", self.name, if self.required { "" } else { "?" }, self.of)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: &[Type], by: &str| {
            let parts: Vec<String> = parts.iter().map(Self::to_string).collect();
            parts.join(by)
        };
        match self {
            Self::Word(text) | Self::Literal(text) => f.write_str(text),
            Self::Object(Object { fields, others: Some(of) }) if fields.is_empty() => {
                write!(f, "Record<string, {of}>")
            }
            Self::Object(Object { fields, .. }) => {
                let fields: Vec<String> = fields.iter().map(Field::to_string).collect();
                write!(f, "{{ {} }}", fields.join("; "))
            }
            Self::Array(of) => match **of {
                Self::Union(_) | Self::Both(_) => write!(f, "({of})[]"),
                _ => write!(f, "{of}[]"),
            },
            Self::Tuple(items, None) => write!(f, "[{}]", joined(items, ", ")),
            Self::Tuple(items, Some(of)) => write!(f, "[{}, ...{of}[]]", joined(items, ", ")),
            Self::Omit(of, _) => write!(f, "{of}"),
            Self::Union(parts) => f.write_str(&joined(parts, " | ")),
            Self::Both(parts) => f.write_str(&joined(parts, " & ")),
            Self::Of(word, of) => write!(f, "{word}<{of}>"),
        }
    }
}
