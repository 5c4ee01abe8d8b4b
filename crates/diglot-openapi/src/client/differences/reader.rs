//! The text of a client, read.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use super::written::{Called, Field, Object, Type};

/// How deep types may stand in one another. What is written here is not as deep.
const DEPTH_MAX: usize = 256;

/// Text that is read, without its comments.
pub(super) struct Reader<'t> {
    rest: &'t str,
    /// What was passed last.
    comment: &'t str,
    depth: usize,
    /// How deep the deepest is of what was read side by side.
    deepest: usize,
}

impl<'t> Reader<'t> {
    pub(super) fn of(rest: &'t str) -> Self {
        Self { rest, comment: "", depth: 0, deepest: 0 }
    }

    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            let end = match self.rest {
                rest if rest.starts_with("/*") => rest.find("*/").map(|at| at + 2),
                rest if rest.starts_with("//") => Some(rest.find('\n').unwrap_or(rest.len())),
                _ => return,
            };
            (self.comment, self.rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        }
    }

    pub(super) fn take(&mut self, token: &str) -> bool {
        self.skip();
        self.rest.strip_prefix(token).map(|rest| self.rest = rest).is_some()
    }

    pub(super) fn want(&mut self, token: &str) -> Option<()> {
        self.take(token).then_some(())
    }

    fn take_while(&mut self, is_of_it: impl Fn(char) -> bool) -> Option<&'t str> {
        self.skip();
        let end = self.rest.find(|c| !is_of_it(c)).unwrap_or(self.rest.len());
        let (found, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!found.is_empty()).then_some(found)
    }

    pub(super) fn word(&mut self) -> Option<&'t str> {
        self.take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '$'))
    }

    /// Text in quotes of this kind, with them.
    fn quoted(&mut self, quote: char) -> Option<&'t str> {
        self.skip();
        let mut is_escaped = false;
        let is_end = |(_, letter): &(usize, char)| {
            let ends = !is_escaped && *letter == quote;
            is_escaped = !is_escaped && *letter == '\\';
            ends
        };
        let (end, _) = self.rest.strip_prefix(quote)?.char_indices().find(is_end)?;
        let (found, rest) = self.rest.split_at(end + 2);
        self.rest = rest;
        Some(found)
    }

    /// A name, in quotes where it has to be.
    fn key(&mut self) -> Option<String> {
        self.skip();
        match self.rest.starts_with('"') {
            true => serde_json::from_str(self.quoted('"')?).ok(),
            false => self.word().map(str::to_owned),
        }
    }

    pub(super) fn whole(&mut self) -> Option<Type> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return None;
        }
        let beside = mem::take(&mut self.deepest);
        let mut choices = vec![self.all_of()?];
        while self.take("|") {
            choices.push(self.all_of()?);
        }
        self.depth -= 1;
        self.deepest = beside.max(self.deepest + 1);
        Some(if choices.len() == 1 { choices.remove(0) } else { Type::Union(choices) })
    }

    fn all_of(&mut self) -> Option<Type> {
        let mut parts = vec![self.part()?];
        while self.take("&") {
            parts.push(self.part()?);
        }
        Some(if parts.len() == 1 { parts.remove(0) } else { Type::Both(parts) })
    }

    fn part(&mut self) -> Option<Type> {
        self.skip();
        let beside = mem::take(&mut self.deepest);
        let mut of = match self.rest.chars().next()? {
            '(' => {
                self.want("(")?;
                let of = self.whole()?;
                self.want(")")?;
                of
            }
            '{' => Type::Object(self.object()?),
            '[' => self.tuple()?,
            '"' => Type::Literal(self.quoted('"')?.to_owned()),
            '-' | '0'..='9' => {
                let is_of_number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
                Type::Literal(self.take_while(is_of_number)?.to_owned())
            }
            _ => self.of_word()?,
        };
        while self.take("[]") {
            self.deepest += 1;
            if self.deepest > DEPTH_MAX {
                return None;
            }
            of = Type::Array(Box::new(of));
        }
        self.deepest = beside.max(self.deepest);
        Some(of)
    }

    fn of_word(&mut self) -> Option<Type> {
        let word = self.word()?;
        Some(match word {
            "true" | "false" => Type::Literal(word.to_owned()),
            "Record" => {
                self.want("<")?;
                self.want("string")?;
                self.want(",")?;
                let others = self.whole()?;
                self.want(">")?;
                let is_empty = others == Type::Word("never".to_owned());
                Type::Object(Object { fields: Vec::new(), others: (!is_empty).then(|| Box::new(others)) })
            }
            "Omit" => {
                self.want("<")?;
                let of = self.whole()?;
                self.want(",")?;
                let mut names = BTreeSet::from([self.key()?]);
                while self.take("|") {
                    names.insert(self.key()?);
                }
                self.want(">")?;
                Type::Omit(Box::new(of), names)
            }
            _ if self.take("<") => {
                let of = self.whole()?;
                self.want(">")?;
                Type::Of(word.to_owned(), Box::new(of))
            }
            _ => Type::Word(word.to_owned()),
        })
    }

    fn object(&mut self) -> Option<Object> {
        self.want("{")?;
        let mut object = Object::default();
        while !self.take("}") {
            if self.take("[") {
                self.want("name: string]:")?;
                object.others = Some(Box::new(self.whole()?));
            } else {
                let name = self.key()?;
                let required = !self.take("?");
                self.want(":")?;
                object.fields.push(Field { name, required, of: self.whole()? });
            }
            self.take(";");
        }
        Some(object)
    }

    fn tuple(&mut self) -> Option<Type> {
        self.want("[")?;
        let (mut items, mut rest) = (Vec::new(), None);
        while !self.take("]") {
            if self.take("...") {
                let Type::Array(of) = self.whole()? else { return None };
                rest = Some(of);
            } else {
                items.push(self.whole()?);
            }
            self.take(",");
        }
        Some(Type::Tuple(items, rest))
    }

    /// One operation, with its name.
    pub(super) fn called(&mut self, thrown: &[Field]) -> Option<(String, Called)> {
        let name = self.word()?.to_owned();
        let said: BTreeSet<&str> = self
            .comment
            .lines()
            .filter_map(|line| line.trim().trim_start_matches("* ").strip_prefix("@throws "))
            .collect();
        let throws = thrown.iter().filter(|field| said.contains(field.name.as_str()));
        let throws = throws.map(|field| field.name.clone()).collect();
        self.want("(")?;
        let mut args = Object::default();
        if self.take("args:") {
            args = self.object()?;
            if self.take("=") {
                self.object()?;
            }
            self.want(",")?;
        }
        self.want("call?: CallOptions):")?;
        let returns = self.whole()?;
        self.want("{")?;
        self.want("return http.")?;
        self.word()?;
        self.want("(")?;
        let (mut fixed, mut places) = (BTreeMap::new(), BTreeMap::new());
        for (key, value) in self.entries('{')? {
            match key.as_str() {
                "body" | "headers" if value.starts_with('{') => {
                    for (name, used) in Self::of(value).entries('{')? {
                        places.insert(used.to_owned(), format!("`{name}` of the {key}"));
                    }
                }
                "query" => {
                    for (_, one) in Self::of(value).entries('[')? {
                        let parts = Self::of(one).entries('[')?;
                        let [(_, name), (_, used), style @ ..] = parts.as_slice() else { return None };
                        let style = style.first().map(|(_, style)| format!(", {style}")).unwrap_or_default();
                        places.insert((*used).to_owned(), format!("{name} of the query{style}"));
                    }
                }
                "path" => drop(fixed.insert(key, path(value)?)),
                _ => drop(fixed.insert(key, value.trim_matches('"').to_owned())),
            }
        }
        self.want(", call);")?;
        self.want("}")?;
        self.take(",");
        let own: Vec<String> =
            ["method", "path", "type"].iter().filter_map(|key| fixed.remove(*key)).collect();
        Some((name, Called { args, returns, request: own.join(" "), places, throws }))
    }

    /// What stands in brackets of this kind, by the names before it, as it is written.
    fn entries(&mut self, bracket: char) -> Option<Vec<(String, &'t str)>> {
        let (opens, ends) = if bracket == '{' { ("{", "}") } else { ("[", "]") };
        self.want(opens)?;
        let mut entries = Vec::new();
        while !self.take(ends) {
            let mut name = String::new();
            if bracket == '{' {
                name = self.key()?;
                self.want(":")?;
            }
            entries.push((name, self.expression()?));
            self.take(",");
        }
        Some(entries)
    }

    /// All up to the comma or bracket behind it.
    fn expression(&mut self) -> Option<&'t str> {
        self.skip();
        let begin = self.rest;
        let mut depth = 0_usize;
        loop {
            match self.rest.chars().next()? {
                quote @ ('"' | '`') => {
                    self.quoted(quote)?;
                    continue;
                }
                '{' | '[' | '(' => depth += 1,
                '}' | ']' | ')' | ',' if depth == 0 => break,
                '}' | ']' | ')' => depth -= 1,
                _ => {}
            }
            let mut rest = self.rest.chars();
            rest.next();
            self.rest = rest.as_str();
        }
        Some(begin[..begin.len() - self.rest.len()].trim_end())
    }
}

/// A path, whatever its parameters are called.
fn path(written: &str) -> Option<String> {
    let mut parts = written.trim_matches(['"', '`']).split("${http.segment(");
    let mut path = parts.next()?.to_owned();
    for part in parts {
        path.push_str("{}");
        path.push_str(part.split_once(")}")?.1);
    }
    Some(path)
}
