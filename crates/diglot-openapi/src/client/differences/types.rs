//! What is different between two types, told field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::discriminant;

use super::flows::{Known, Member, Members, Side, Way};
use super::written::{Object, Type, Written};

/// How much of a type is shown, in letters.
const SHOWN_MAX: usize = 300;

/// One difference.
#[derive(Debug, Clone)]
pub(super) struct Why {
    pub(super) breaks: bool,
    pub(super) message: String,
    /// It is of a type with a name, whichever operation leads to it.
    pub(super) of_type: bool,
}

impl Why {
    pub(super) fn of_operation(breaks: bool, message: impl Into<String>) -> Self {
        Self { breaks, message: message.into(), of_type: false }
    }
}

/// Two types with names, where the one stands for the other.
type Pair<'w> = (&'w str, &'w str, Way);

/// What was found of each of them: most are those of many operations.
#[derive(Default)]
pub(super) struct Pairs<'w> {
    found: BTreeMap<Pair<'w>, (Vec<Why>, Vec<Pair<'w>>)>,
    known: Known<'w>,
}

/// Where a difference is.
#[derive(Clone)]
pub(super) struct Shown {
    /// `parameter`, `result`, `type `Item``.
    noun: String,
    /// `item.parts[].id`.
    path: String,
}

impl Shown {
    pub(super) fn new(noun: &str) -> Self {
        Self { noun: noun.to_owned(), path: String::new() }
    }

    fn field(&self, name: &str) -> Self {
        let dot = if self.path.is_empty() { "" } else { "." };
        Self { noun: self.noun.clone(), path: format!("{}{dot}{name}", self.path) }
    }

    fn part(&self, part: &str) -> Self {
        Self { noun: self.noun.clone(), path: format!("{}{part}", self.path) }
    }

    /// With what is said of it there.
    fn said(&self, of: &str) -> String {
        match (self.path.as_str(), self.noun.as_str()) {
            ("", noun) => noun.to_owned(),
            (path, "parameter") => format!("parameter `{path}{of}`"),
            (path, noun) => format!("{noun}: `{path}{of}`"),
        }
    }
}

impl<'w> Pairs<'w> {
    pub(super) fn comparison<'c>(&'c mut self, reasons: &'c mut Vec<Why>) -> Comparison<'c, 'w> {
        Comparison { pairs: self, reasons, next: Vec::new() }
    }
}

pub(super) struct Comparison<'c, 'w> {
    pairs: &'c mut Pairs<'w>,
    reasons: &'c mut Vec<Why>,
    /// What is to be looked at besides.
    next: Vec<Pair<'w>>,
}

impl<'w> Comparison<'_, 'w> {
    pub(super) fn say(&mut self, breaks: bool, message: String) {
        self.reasons.push(Why::of_operation(breaks, message));
    }

    /// Looks at all types with names that were met, and those that these lead to.
    pub(super) fn follow(mut self, was: &'w Written, now: &'w Written) {
        let mut seen = BTreeSet::new();
        let mut open = std::mem::take(&mut self.next);
        while let Some(pair) = open.pop() {
            if !seen.insert(pair) {
                continue;
            }
            if !self.pairs.found.contains_key(&pair) {
                let found = self.of_pair(pair, was, now);
                self.pairs.found.insert(pair, found);
            }
            let Some((reasons, next)) = self.pairs.found.get(&pair) else { continue };
            self.reasons.extend(reasons.iter().map(|why| Why { of_type: true, ..why.clone() }));
            open.extend(next);
        }
    }

    fn of_pair(
        &mut self,
        (one, other, way): Pair<'w>,
        was: &'w Written,
        now: &'w Written,
    ) -> (Vec<Why>, Vec<Pair<'w>>) {
        let mut reasons = Vec::new();
        let mut inner = self.pairs.comparison(&mut reasons);
        if let Some((before, after)) = was.types.get(one).zip(now.types.get(other)) {
            let (before, after) = (Side { of: before, client: was }, Side { of: after, client: now });
            if one != other {
                inner.renamed((one, before), (other, after), way);
            }
            inner.types(before, after, way, &Shown::new(&format!("type `{one}`")));
        }
        let next = std::mem::take(&mut inner.next);
        (reasons, next)
    }

    /// Callers may have written the name, which is another, or stands for something else.
    fn renamed(&mut self, (one, before): (&str, Side<'w>), (other, after): (&str, Side<'w>), way: Way) {
        let Some(same) = after.client.types.get(one) else {
            return self.say(true, format!("type `{one}` is called `{other}` now"));
        };
        let same = after.with(same);
        let mut flows = |from, to| self.pairs.known.flows(from, to, way, 0);
        let fits = match way {
            Way::Given => flows(before, same) && flows(same, after),
            Way::Returned => flows(after, same) && flows(same, before),
        };
        self.say(!fits, format!("where `{one}` was is `{other}` now"));
    }

    /// Compares two types, but for those with names that they lead to.
    pub(super) fn types(&mut self, was: Side<'w>, now: Side<'w>, way: Way, shown: &Shown) {
        let named = |side: Side<'w>| side.client.named(side.of);
        match (named(was), named(now)) {
            (Some((one, _)), Some((other, _))) => return self.next.push((one, other, way)),
            (Some((one, _)), None) => {
                if !now.client.types.contains_key(one) {
                    self.say(true, format!("type `{one}` is gone"));
                }
            }
            (None, _) => {}
        }
        let said = (was.of, now.of);
        let (was, now) = (was.resolved(), now.resolved());
        if self.parts(was, now, way, shown) {
            return;
        }
        match (was.of, now.of) {
            (Type::Union(_), _) | (_, Type::Union(_)) => self.unions(was, now, way, shown),
            _ => match (was.members(), now.members()) {
                (Some(one), Some(other)) => self.objects((was, &one), (now, &other), way, shown),
                _ => self.whole((was, said.0), (now, said.1), way, shown),
            },
        }
    }

    /// Those that are made of others; whether they are.
    fn parts(&mut self, was: Side<'w>, now: Side<'w>, way: Way, shown: &Shown) -> bool {
        match (was.of, now.of) {
            (Type::Array(one), Type::Array(other)) => {
                self.types(was.with(one), now.with(other), way, &shown.part("[]"))
            }
            (Type::Of(word, one), Type::Of(same, other)) if word == same => {
                self.types(was.with(one), now.with(other), way, shown);
            }
            (Type::Tuple(items, rest), Type::Tuple(others, others_rest))
                if items.len() == others.len() && rest.is_some() == others_rest.is_some() =>
            {
                let all = items.iter().chain(rest.as_deref());
                for (at, (one, other)) in all.zip(others.iter().chain(others_rest.as_deref())).enumerate() {
                    self.types(was.with(one), now.with(other), way, &shown.part(&format!("[{at}]")));
                }
            }
            (Type::Both(parts), Type::Both(others)) if parts.len() == others.len() => {
                for (one, other) in parts.iter().zip(others) {
                    self.types(was.with(one), now.with(other), way, shown);
                }
            }
            _ => return false,
        }
        true
    }

    /// What is the same in both is compared for itself, as is what else may be more than a word, where there is one of it on both sides.
    fn unions(&mut self, was: Side<'w>, now: Side<'w>, way: Way, shown: &Shown) {
        let (mut ones, mut others) = (was.parts(), now.parts());
        let mut both = Vec::new();
        ones.retain(|one| {
            let Some(at) = others.iter().position(|other| other.of == one.of) else { return true };
            both.push((*one, others.remove(at)));
            false
        });
        let made = |sides: &[Side<'w>]| -> Vec<usize> {
            let is_made = |side: &Side<'w>| match side.of {
                Type::Literal(_) => false,
                Type::Word(_) => side.client.named(side.of).is_some(),
                _ => true,
            };
            (0..sides.len()).filter(|at| is_made(&sides[*at])).collect()
        };
        let are_alike = |one: Side<'w>, other: Side<'w>| {
            let [one_named, other_named] = [one, other].map(|side| side.client.named(side.of).is_some());
            one_named == other_named && discriminant(one.of) == discriminant(other.of)
        };
        if let ([one], [other]) = (made(&ones).as_slice(), made(&others).as_slice())
            && are_alike(ones[*one], others[*other])
        {
            both.push((ones.remove(*one), others.remove(*other)));
        }
        for (one, other) in both {
            self.types(one, other, way, shown);
        }
        if ones.is_empty() && others.is_empty() {
            return;
        }
        let (from, to) = match way {
            Way::Given => (&ones, now),
            Way::Returned => (&others, was),
        };
        let fits = from.iter().all(|part| self.pairs.known.flows(*part, to, way, 0));
        self.told_whole(!fits, was, now, shown);
        self.gone(was, now);
    }

    /// Compares two objects field by field.
    pub(super) fn objects(
        &mut self,
        (was, one): (Side<'w>, &Members<'w>),
        (now, other): (Side<'w>, &Members<'w>),
        way: Way,
        shown: &Shown,
    ) {
        let field = |Member { name, required, of }: &Member<'_>| {
            shown.field(name).said(&format!("{}: {}", if *required { "" } else { "?" }, short(of)))
        };
        for member in &one.all {
            let Some(same) = other.get(member.name) else {
                let takes = way == Way::Given
                    && other
                        .others
                        .is_some_and(|of| self.pairs.known.flows(was.with(member.of), now.with(of), way, 0));
                self.say(!takes, format!("{} is gone", field(member)));
                continue;
            };
            let name = || shown.field(member.name).said("");
            match (member.required, same.required, way) {
                (false, true, Way::Given) => self.say(true, format!("{} is required now", name())),
                (true, false, Way::Given) => self.say(false, format!("{} may be left out now", name())),
                (true, false, Way::Returned) => self.say(true, format!("{} may be missing now", name())),
                (false, true, Way::Returned) => self.say(false, format!("{} is always there now", name())),
                _ => {}
            }
            self.types(was.with(member.of), now.with(same.of), way, &shown.field(member.name));
        }
        for member in other.all.iter().filter(|member| one.get(member.name).is_none()) {
            self.say(member.required && way == Way::Given, format!("{} is new", field(member)));
        }
        match (one.others, other.others) {
            (Some(one), Some(other)) => {
                self.types(was.with(one), now.with(other), way, &shown.part("[name]"))
            }
            (Some(_), None) => {
                self.say(true, format!("{} has no fields of other names any more", shown.said("")))
            }
            (None, Some(_)) => {
                self.say(false, format!("{} may have fields of other names now", shown.said("")))
            }
            (None, None) => {}
        }
    }

    /// Those that are not made alike, each with how it is written.
    fn whole(
        &mut self,
        (was, one): (Side<'w>, &'w Type),
        (now, other): (Side<'w>, &'w Type),
        way: Way,
        shown: &Shown,
    ) {
        if was.of == now.of {
            return;
        }
        let fits = match way {
            Way::Given => self.pairs.known.flows(was, now, way, 0),
            Way::Returned => self.pairs.known.flows(now, was, way, 0),
        };
        self.told_whole(!fits, was.with(one), now.with(other), shown);
        self.gone(was, now);
    }

    fn told_whole(&mut self, breaks: bool, was: Side<'w>, now: Side<'w>, shown: &Shown) {
        self.say(breaks, format!("{} was `{}` and is `{}`", shown.said(""), short(was.of), short(now.of)));
    }

    /// Names that are not followed any further, and that are no names any more.
    fn gone(&mut self, was: Side<'w>, now: Side<'w>) {
        let mut open = vec![was.of];
        while let Some(of) = open.pop() {
            if let Some((name, _)) =
                was.client.named(of).filter(|(name, _)| !now.client.types.contains_key(*name))
            {
                self.say(true, format!("type `{name}` is gone"));
            }
            match of {
                Type::Array(of) | Type::Omit(of, _) | Type::Of(_, of) => open.push(of),
                Type::Union(parts) | Type::Both(parts) => open.extend(parts),
                Type::Tuple(parts, rest) => open.extend(parts.iter().chain(rest.as_deref())),
                Type::Object(Object { fields, others }) => {
                    open.extend(fields.iter().map(|field| &field.of).chain(others.as_deref()));
                }
                Type::Word(_) | Type::Literal(_) => {}
            }
        }
    }
}

/// A type, as far as it is short.
fn short(of: &Type) -> String {
    let text = of.to_string();
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
