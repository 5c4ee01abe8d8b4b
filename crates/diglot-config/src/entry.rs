//! Entries as they are written: `main:app`, `pkg.mod:factory()`, `api/main.py:app`, `server.js`.

use crate::problem::Flaw;

/// What an entry's text says, before anything is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EntryText {
    PythonModule { module: String, attr: Option<String>, call: bool },
    PythonFile { path: String, attr: Option<String>, call: bool },
    NodeFile { path: String },
}

const NODE: [&str; 3] = ["js", "mjs", "cjs"];
/// Files that are compiled on their way to Node.
pub(crate) const TYPESCRIPT: [&str; 5] = ["ts", "mts", "cts", "tsx", "jsx"];

impl EntryText {
    pub(crate) fn parse(text: &str) -> Result<EntryText, Flaw> {
        if text.is_empty() {
            return Err(Flaw::new("the entry is empty").hint(FORMS));
        }
        if text.contains('\0') {
            return Err(Flaw::new("an entry holds no zero byte"));
        }
        if is_node_file(text) {
            return Ok(EntryText::NodeFile { path: text.to_owned() });
        }
        if text.ends_with(".py") {
            return Ok(EntryText::PythonFile { path: text.to_owned(), attr: None, call: false });
        }
        let (place, app) = match text.rsplit_once(':') {
            Some((place, app)) => (place, Some(app)),
            None => (text, None),
        };
        if is_node_file(place) {
            return Err(Flaw::new(format!("`{text}`: a Node entry is a file alone"))
                .hint(format!("write \"{place}\"; it calls listen(), or exports {{ fetch }} by default")));
        }
        let (attr, call) = match app {
            None => (None, false),
            Some(app) => match app.strip_suffix("()") {
                Some(factory) => (Some(factory), true),
                None => (Some(app), false),
            },
        };
        if let Some(attr) = attr
            && !is_dotted_name(attr)
        {
            return Err(Flaw::new(format!("`{attr}` is no name of an app"))
                .hint("after the colon: a name as in \"main:app\", or a factory without arguments as in \"main:make_app()\""));
        }
        let attr = attr.map(str::to_owned);
        if place.ends_with(".py") {
            return Ok(EntryText::PythonFile { path: place.to_owned(), attr, call });
        }
        if is_dotted_name(place) {
            return Ok(EntryText::PythonModule { module: place.to_owned(), attr, call });
        }
        Err(Flaw::new(format!("`{text}` is no entry")).hint(advice(text, place, app)))
    }

    /// What a service is called that was given no name.
    pub(crate) fn stem(&self) -> &str {
        match self {
            EntryText::PythonModule { module, .. } => module.rsplit('.').next().unwrap_or(module),
            EntryText::PythonFile { path, .. } | EntryText::NodeFile { path } => {
                let file = path.rsplit('/').next().unwrap_or(path);
                file.rsplit_once('.').map_or(file, |(stem, _)| stem)
            }
        }
    }
}

const FORMS: &str =
    "Python: \"main:app\", \"pkg.mod:make_app()\" or \"api/main.py\"; Node: \"server.js\" or \"server.ts\"";

fn is_node_file(text: &str) -> bool {
    let ending = text.rsplit_once('.').map(|(_, ending)| ending);
    ending.is_some_and(|ending| NODE.contains(&ending) || TYPESCRIPT.contains(&ending))
}

/// What was probably meant by a text that is no entry.
fn advice(text: &str, place: &str, app: Option<&str>) -> String {
    let dotted = place.trim_start_matches("./").trim_end_matches('/').replace('/', ".");
    let has_ending = place.rsplit('/').next().is_some_and(|file| file.contains('.'));
    if place.contains('/') && !has_ending && is_dotted_name(&dotted) {
        return match app {
            Some(app) => format!(
                "a module is written with dots: \"{dotted}:{app}\"; a file by its name: \"{place}.py:{app}\""
            ),
            None => format!("name the file with its ending, or a module with dots: \"{dotted}\""),
        };
    }
    if text.contains("(") {
        return "a factory is called without arguments, after a colon: \"main:make_app()\"".to_owned();
    }
    FORMS.to_owned()
}

/// `a`, `a.b_2`: what Python can import or look up. Letters beyond ASCII are letters to Python too.
fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(|part| {
        let mut chars = part.chars();
        chars.next().is_some_and(|first| first == '_' || first.is_alphabetic())
            && chars.all(|rest| rest == '_' || rest.is_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(entry: EntryText) -> String {
        let app = |attr: Option<String>, call| match attr {
            Some(attr) => format!(" attr {attr}{}", if call { " called" } else { "" }),
            None => String::new(),
        };
        match entry {
            EntryText::PythonModule { module, attr, call } => format!("module {module}{}", app(attr, call)),
            EntryText::PythonFile { path, attr, call } => format!("file {path}{}", app(attr, call)),
            EntryText::NodeFile { path } => format!("node {path}"),
        }
    }

    #[test]
    fn entries() {
        let check =
            |text: &str, expect: &str| assert_eq!(EntryText::parse(text).map(shown), Ok(expect.to_owned()));
        check("main:app", "module main attr app");
        check("pkg.mod:make_app()", "module pkg.mod attr make_app called");
        check("pkg.mod", "module pkg.mod");
        check("main:api.app", "module main attr api.app");
        check("größe:app", "module größe attr app");
        check("main.py", "file main.py");
        check("./api/main.py:app", "file ./api/main.py attr app");
        check("/srv/my api/main.py:make()", "file /srv/my api/main.py attr make called");
        check("a:b/main.py", "file a:b/main.py");
        check("server.js", "node server.js");
        check("web/server.mjs", "node web/server.mjs");
        check("C:odd.cjs", "node C:odd.cjs");
        check("server.mts", "node server.mts");
        check("src/page.tsx", "node src/page.tsx");
    }

    #[test]
    fn no_entries() {
        let check = |text: &str, hint: &str| {
            let flaw = EntryText::parse(text).expect_err(text);
            assert!(flaw.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {flaw:?}");
        };
        check("", "main:app");
        check("server.js:app", "\"server.js\"");
        check("api/main:app", "\"api.main:app\"");
        check("api/", "\"api\"");
        check("main:app(1)", "factory");
        check("main:", "after the colon");
        check(":app", "main:app");
        check("main:2app", "after the colon");
        check("make()", "factory");
        check("server.rb:", "after the colon");
        check("bin/server.rb", "main:app");
        check("my-app:app", "main:app");
        assert!(EntryText::parse("a\0.py").is_err());
    }

    #[test]
    fn stems() {
        let check = |text: &str, expect: &str| {
            assert_eq!(EntryText::parse(text).map(|entry| entry.stem().to_owned()), Ok(expect.to_owned()));
        };
        check("api.main:app", "main");
        check("web/server.js", "server");
        check("./api/main.py:app", "main");
        check("app.test.mjs", "app.test");
    }
}
