//! Whether what is of one type may stand where another is asked for.

use std::collections::HashMap;

use super::written::{Field, Object, Type, Written};

/// How many types with names may lead to one another in a question. What is further away is not known to break anything.
const DEPTH_MAX: usize = 64;

/// How many types may be put together to one.
const PARTS_MAX: usize = 256;

/// Which way values go: what callers give goes from them as they were to the API as it is, and what they get the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Way {
    Given,
    Returned,
}

/// A type, and the client whose names it has.
#[derive(Clone, Copy)]
pub(super) struct Side<'w> {
    pub(super) of: &'w Type,
    pub(super) client: &'w Written,
}

impl<'w> Side<'w> {
    pub(super) fn with(self, of: &'w Type) -> Self {
        Self { of, ..self }
    }

    /// What its name stands for.
    pub(super) fn resolved(self) -> Self {
        let mut side = self;
        for _ in 0..DEPTH_MAX {
            let Some((_, of)) = side.client.named(side.of) else { break };
            side = side.with(of);
        }
        side
    }

    /// One of several: which these are, by the names they have.
    pub(super) fn parts(self) -> Vec<Self> {
        match self.of {
            Type::Union(parts) => parts.iter().map(|part| self.with(part)).collect(),
            _ => vec![self],
        }
    }

    /// As one object, if it is.
    pub(super) fn members(self) -> Option<Members<'w>> {
        self.members_of(&mut 0)
    }

    fn members_of(self, seen: &mut usize) -> Option<Members<'w>> {
        *seen += 1;
        let side = self.resolved();
        match side.of {
            _ if *seen > PARTS_MAX => None,
            Type::Object(object) => Some(Members::of(object)),
            Type::Omit(of, names) => {
                let mut members = side.with(of).members_of(seen)?;
                members.all.retain(|member| !names.contains(member.name));
                Some(members)
            }
            Type::Both(parts) => {
                let mut whole = Members::default();
                for part in parts {
                    let Members { all, others } = side.with(part).members_of(seen)?;
                    for member in all {
                        match whole.all.iter_mut().find(|other| other.name == member.name) {
                            Some(same) => same.required |= member.required,
                            None => whole.all.push(member),
                        }
                    }
                    whole.others = whole.others.or(others);
                }
                Some(whole)
            }
            _ => None,
        }
    }
}

/// What an object is made of, wherever that is declared.
#[derive(Default)]
pub(super) struct Members<'w> {
    pub(super) all: Vec<Member<'w>>,
    pub(super) others: Option<&'w Type>,
}

#[derive(Clone, Copy)]
pub(super) struct Member<'w> {
    pub(super) name: &'w str,
    pub(super) required: bool,
    pub(super) of: &'w Type,
}

impl<'w> Members<'w> {
    pub(super) fn of(object: &'w Object) -> Self {
        let member = |Field { name, required, of }: &'w Field| Member { name, required: *required, of };
        Self { all: object.fields.iter().map(member).collect(), others: object.others.as_deref() }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Member<'w>> {
        self.all.iter().find(|member| member.name == name)
    }
}

/// What was asked before: `true` also while it is being found out, of types that lead to themselves.
#[derive(Default)]
pub(super) struct Known<'w>(HashMap<(&'w str, &'w str, bool, Way), bool>);

impl<'w> Known<'w> {
    /// Whether what is of the type `from` may stand where `to` is asked for. A caller breaks as well by a field that is in its own code
    /// and nowhere else: that of an object it gives, and that of one it gets.
    pub(super) fn flows(&mut self, from: Side<'w>, to: Side<'w>, way: Way, depth: usize) -> bool {
        let names = from.client.named(from.of).zip(to.client.named(to.of));
        let (one, other) = (from.resolved(), to.resolved());
        let Some(((from_name, _), (to_name, _))) = names else {
            return self.parts_flow(one, other, way, depth);
        };
        let key = (from_name, to_name, std::ptr::eq(from.client, to.client), way);
        if let Some(known) = self.0.get(&key) {
            return *known;
        }
        self.0.insert(key, true);
        let flows = self.parts_flow(one, other, way, depth);
        self.0.insert(key, flows);
        flows
    }

    fn parts_flow(&mut self, from: Side<'w>, to: Side<'w>, way: Way, depth: usize) -> bool {
        if depth > DEPTH_MAX || is_word(to.of, "unknown") || is_word(from.of, "never") {
            return true;
        }
        let depth = depth + 1;
        match (from.of, to.of) {
            (Type::Union(parts), _) => parts.iter().all(|part| self.flows(from.with(part), to, way, depth)),
            (_, Type::Union(parts)) => {
                let is_both = |word: &str| parts.contains(&Type::Literal(word.to_owned()));
                (is_word(from.of, "boolean") && is_both("true") && is_both("false"))
                    || parts.iter().any(|part| self.flows(from, to.with(part), way, depth))
            }
            (Type::Word(one), Type::Word(other)) => one == other || (way == Way::Returned && other == "void"),
            (_, Type::Word(word)) => match from.of {
                Type::Literal(literal) => is_of(literal, word),
                _ => way == Way::Returned && word == "void",
            },
            (Type::Literal(one), Type::Literal(other)) => one == other,
            (Type::Array(one), Type::Array(other)) => self.flows(from.with(one), to.with(other), way, depth),
            (Type::Of(one, from_of), Type::Of(other, to_of)) => {
                one == other && self.flows(from.with(from_of), to.with(to_of), way, depth)
            }
            (Type::Tuple(items, rest), Type::Array(of)) => items
                .iter()
                .chain(rest.as_deref())
                .all(|item| self.flows(from.with(item), to.with(of), way, depth)),
            (Type::Tuple(items, rest), Type::Tuple(others, others_rest)) => {
                let more = |at: usize| others.get(at).or(others_rest.as_deref());
                items.len() >= others.len()
                    && (rest.is_none() || others_rest.is_some())
                    && items.iter().enumerate().all(|(at, item)| {
                        more(at).is_some_and(|other| self.flows(from.with(item), to.with(other), way, depth))
                    })
                    && rest
                        .iter()
                        .zip(others_rest)
                        .all(|(one, other)| self.flows(from.with(one), to.with(other), way, depth))
            }
            _ => match (from.members(), to.members()) {
                (Some(one), Some(other)) => self.objects_flow((from, &one), (to, &other), way, depth),
                _ => match (from.of, to.of) {
                    (_, Type::Both(parts)) => {
                        parts.iter().all(|part| self.flows(from, to.with(part), way, depth))
                    }
                    (Type::Both(parts), _) => {
                        parts.iter().any(|part| self.flows(from.with(part), to, way, depth))
                    }
                    _ => false,
                },
            },
        }
    }

    fn objects_flow(
        &mut self,
        (from, one): (Side<'w>, &Members<'w>),
        (to, other): (Side<'w>, &Members<'w>),
        way: Way,
        depth: usize,
    ) -> bool {
        let is_there = other.all.iter().all(|field| match one.get(field.name) {
            Some(same) => {
                (same.required || !field.required)
                    && self.flows(from.with(same.of), to.with(field.of), way, depth)
            }
            None => !field.required && way == Way::Given,
        });
        let is_known = |known: &mut Self, field: &Member<'w>| match other.others {
            Some(of) => known.flows(from.with(field.of), to.with(of), way, depth),
            None => way == Way::Returned,
        };
        let mut more = one.all.iter().filter(|field| other.get(field.name).is_none());
        is_there
            && more.all(|field| is_known(self, field))
            && match (one.others, other.others) {
                (Some(one), Some(other)) => self.flows(from.with(one), to.with(other), way, depth),
                (None, None) => true,
                (Some(_), None) => way == Way::Returned,
                (None, Some(_)) => way == Way::Given,
            }
    }
}

pub(super) fn is_word(of: &Type, word: &str) -> bool {
    matches!(of, Type::Word(found) if found == word)
}

/// Whether a literal is of that type.
fn is_of(literal: &str, word: &str) -> bool {
    match literal.chars().next() {
        Some('"') => word == "string",
        Some('t' | 'f') => word == "boolean",
        _ => word == "number",
    }
}
