//! What is different between two clients, as they were written.

use std::collections::{BTreeMap, BTreeSet};

/// A difference of one operation, for who calls it.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Callers as they are may fail.
    pub breaks: bool,
    /// `model.similar`.
    pub operation: String,
    /// What is different.
    pub message: String,
}

/// All differences of what can be called, operation by operation. Where only comments differ there are none.
pub fn differences(before: &str, after: &str) -> Vec<Difference> {
    let (was, now) = (Written::read(before), Written::read(after));
    let mut all = Vec::new();
    for (name, one) in &was.operations {
        let mut say = |breaks: bool, message: String| {
            all.push(Difference { breaks, operation: name.clone(), message });
        };
        let Some(other) = now.operations.get(name) else {
            say(true, "it is gone".to_owned());
            continue;
        };
        if one.signature != other.signature {
            say(true, format!("it was `{}` and is `{}`", one.signature, other.signature));
        } else if one.request != other.request {
            say(true, format!("its request was `{}` and is `{}`", one.request, other.request));
        }
        let given = now.reached(other.arguments());
        for of in was.reached(&one.signature) {
            let Some((old, new)) = was.types.get(of).zip(now.types.get(of)) else { continue };
            let gone: Vec<&str> = old.iter().filter(|line| !new.contains(line)).map(String::as_str).collect();
            let more: Vec<&str> = new.iter().filter(|line| !old.contains(line)).map(String::as_str).collect();
            if gone.is_empty() && more.is_empty() {
                continue;
            }
            // What is given to it has to have a new field, unless that may be missing.
            let asks = given.contains(of) && more.iter().any(|line| !line.contains("?: "));
            let told =
                |lines: &[&str], said| (!lines.is_empty()).then(|| format!("{} {said}", quoted(lines)));
            let told: Vec<String> = [told(&gone, "gone"), told(&more, "new")].into_iter().flatten().collect();
            say(!gone.is_empty() || asks, format!("type `{of}`: {}", told.join(", ")));
        }
    }
    let new = now.operations.keys().filter(|name| !was.operations.contains_key(*name));
    all.extend(new.map(|name| Difference {
        breaks: false,
        operation: name.clone(),
        message: "it is new".to_owned(),
    }));
    all
}

fn quoted(lines: &[&str]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("`{}`", line.trim_end_matches(';'))).collect();
    let is = if lines.len() == 1 { "is" } else { "are" };
    format!("{} {is}", lines.join(", "))
}

/// A client, without its comments.
#[derive(Default)]
struct Written<'t> {
    /// The lines of each type.
    types: BTreeMap<&'t str, Vec<String>>,
    operations: BTreeMap<String, Called>,
}

#[derive(Default)]
struct Called {
    signature: String,
    request: String,
}

impl Called {
    fn arguments(&self) -> &str {
        self.signature.split_once("call?: CallOptions").map_or("", |(arguments, _)| arguments)
    }
}

impl<'t> Written<'t> {
    fn read(text: &'t str) -> Self {
        let (mut written, mut of, mut service, mut called) = (Self::default(), None, "", None);
        let mut is_inside = false;
        for line in text.lines().filter(|line| !is_comment(line)) {
            let declared =
                ["export interface ", "export type "].iter().find_map(|word| line.strip_prefix(word));
            let depth = line.len() - line.trim_start().len();
            let line = line.trim();
            match (is_inside, depth, &called) {
                (false, ..) if line.starts_with("export function createClient(") => is_inside = true,
                (false, ..) => {
                    of = declared.map(word).or(of);
                    let lines = of.map(|of| written.types.entry(of).or_default());
                    lines.into_iter().for_each(|lines| lines.push(line.to_owned()));
                }
                // The end of what is its own.
                (true, 0, _) if line == "}" => break,
                (true, 4, None) => service = line.trim_end_matches(": {"),
                (true, 6, None) if line.contains('(') => {
                    called = Some(format!("{service}.{}", word(line)));
                    let one = written.operations.entry(format!("{service}.{}", word(line))).or_default();
                    push(&mut one.signature, line);
                }
                (true, 6, Some(name)) if line == "}," => {
                    let one = written.operations.entry(name.clone()).or_default();
                    one.signature.truncate(one.signature.trim_end_matches(" {").len());
                    called = None;
                }
                (true, _, Some(name)) => {
                    let one = written.operations.entry(name.clone()).or_default();
                    let is_request = line.starts_with("return http.") || !one.request.is_empty();
                    let part = if is_request { &mut one.request } else { &mut one.signature };
                    push(part, line);
                }
                _ => {}
            }
        }
        written
    }

    /// The types that a text names, and those that these name.
    fn reached(&self, text: &str) -> BTreeSet<&'t str> {
        let mut found = BTreeSet::new();
        let mut open = vec![text.to_owned()];
        while let Some(text) = open.pop() {
            for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
                if let Some((of, lines)) = self.types.get_key_value(word)
                    && found.insert(*of)
                {
                    open.extend(lines.iter().cloned());
                }
            }
        }
        found
    }
}

fn is_comment(line: &str) -> bool {
    ["//", "/*", "* ", "*/"].iter().any(|begin| line.trim_start().starts_with(begin)) || line.trim() == "*"
}

/// Its first word.
fn word(line: &str) -> &str {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn push(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(line);
}
