//! TARGETs: services named on the command line, `[ROUTE=]ENTRY`.

use std::{ops::Range, sync::Arc};

use crate::{
    entry::EntryText,
    file::ServiceSection,
    problem::{Source, Span},
    read::Located,
    values::OneOrMany,
};

/// The command line as a text that problems can point into.
#[derive(Debug)]
pub(crate) struct CommandLine {
    text: String,
}

/// Words of the command line, by where they stand in it.
pub(crate) type Word = Range<usize>;

impl CommandLine {
    pub(crate) fn new() -> CommandLine {
        CommandLine { text: "diglot serve".to_owned() }
    }

    /// Adds a word and says where it stands. Line breaks are shown as spaces: it is one line.
    pub(crate) fn push(&mut self, word: &str) -> Word {
        self.text.push(' ');
        let start = self.text.len();
        self.text.extend(word.chars().map(|char| if char == '\n' || char == '\r' { ' ' } else { char }));
        start..self.text.len()
    }

    pub(crate) fn finish(self) -> Arc<Source> {
        Arc::new(Source { name: "command line".to_owned(), text: self.text })
    }
}

/// Split at the first `=` whose left side contains `/`: `/api=main:app`, and also `web/a=b.js`, whose route has the
/// host `web`. Gives the route, where there is one, and the entry.
pub(crate) fn split(target: &str) -> (Option<&str>, &str) {
    let Some(slash) = target.find('/') else { return (None, target) };
    match target[slash..].find('=') {
        Some(equals) => (Some(&target[..slash + equals]), &target[slash + equals + 1..]),
        None => (None, target),
    }
}

/// A TARGET as the section a file would have held for it, with a name of its own.
pub(crate) fn to_section(
    target: &str,
    word: &Word,
    line: &Arc<Source>,
    taken: &[String],
) -> (Located<String>, Located<ServiceSection>) {
    let span = |range: Range<usize>| Span { source: Arc::clone(line), range };
    let (route, entry) = split(target);
    let at_entry = span(word.end - entry.len()..word.end);
    let at_route = span(word.start..word.start + route.map_or(0, str::len));
    let name = unique(&name_of(entry), taken);
    let routes = OneOrMany(vec![Located {
        value: route.unwrap_or("/").to_owned(),
        span: match route {
            Some(_) => at_route.clone(),
            None => at_entry.clone(),
        },
    }]);
    let section = ServiceSection {
        entry: Some(Located { value: entry.to_owned(), span: at_entry.clone() }),
        routes: Some(Located { value: routes, span: at_route }),
        ..ServiceSection::default()
    };
    let whole = span(word.clone());
    (Located { value: name, span: at_entry }, Located { value: section, span: whole })
}

/// The entry's stem, in the letters a service's name may have.
fn name_of(entry: &str) -> String {
    let parsed = EntryText::parse(entry).ok();
    let stem = parsed.as_ref().map_or("service", EntryText::stem);
    let name: String = stem.chars().map(|char| if is_name_char(char) { char } else { '-' }).collect();
    if name.is_empty() { "service".to_owned() } else { name }
}

pub(crate) fn is_name_char(char: char) -> bool {
    char.is_ascii_alphanumeric() || char == '-' || char == '_'
}

fn unique(name: &str, taken: &[String]) -> String {
    let free = |candidate: &String| !taken.contains(candidate);
    std::iter::once(name.to_owned())
        .chain((2..).map(|number| format!("{name}-{number}")))
        .find(free)
        .expect("one of endlessly many is free")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn targets() {
        let check =
            |target: &str, route: Option<&str>, entry: &str| assert_eq!(split(target), (route, entry));
        check("main:app", None, "main:app");
        check("/=web/server.js", Some("/"), "web/server.js");
        check("/api=api.main:app", Some("/api"), "api.main:app");
        check("example.com/shop=main:app", Some("example.com/shop"), "main:app");
        check("web/server.js", None, "web/server.js");
        check("a=b.js", None, "a=b.js");
        check("a=b/c=d.js", Some("a=b/c"), "d.js");
        check("/=/srv/a=b.js", Some("/"), "/srv/a=b.js");
        check("/api=", Some("/api"), "");
    }

    #[test]
    fn names() {
        let check = |entry: &str, taken: &[&str], expect: &str| {
            let taken: Vec<String> = taken.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(unique(&name_of(entry), &taken), expect);
        };
        check("web/server.js", &[], "server");
        check("api.main:app", &["main"], "main-2");
        check("api.main:app", &["main", "main-2"], "main-3");
        check("my server.js", &[], "my-server");
        check("é.js", &[], "-");
        check("nothing at all", &[], "service");
    }

    proptest! {
        #[test]
        fn splitting_loses_nothing(target in ".*") {
            let (route, entry) = split(&target);
            let whole = route.map(|route| format!("{route}={entry}")).unwrap_or(entry.to_owned());
            prop_assert_eq!(&whole, &target);
            prop_assert!(route.is_none_or(|route| route.contains('/')));
        }

        #[test]
        fn the_left_side_is_the_shortest_with_a_slash(target in "[a=/]{0,12}") {
            let expect = target.match_indices('=').map(|(at, _)| at).find(|at| target[..*at].contains('/'));
            prop_assert_eq!(split(&target).0, expect.map(|at| &target[..at]));
        }
    }
}
