//! Files of `NAME=value` lines, as python-dotenv reads them, and with it uvicorn and Granian: what the process has in
//! its environment already is not changed, `${NAME}` is filled in, and a value in quotes may go on over lines.
//!
//! `$NAME` without braces is left alone, and so is all in single quotes: a password with a dollar sign must arrive as
//! it is.

use std::{collections::BTreeMap, ffi::OsStr, sync::Arc};

use crate::{
    environment::Environment,
    problem::{Flaw, Problem, Source, Span},
};

/// Longest file that is read, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 1024 * 1024;
/// Longest value, in bytes: Linux starts no process with a longer one. Filling in can double a value on every line.
const VALUE_BYTES_MAX: usize = 128 * 1024 - 1;
/// What all values of one file may come to, in bytes: more than a process can be given, by default.
const VALUES_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Adds what a file sets to `set`, but for what the process has in its environment. Gives what is wrong with it.
pub(crate) fn read_into(
    set: &mut BTreeMap<String, String>,
    source: &Arc<Source>,
    environment: &Environment,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut bytes = 0;
    let mut rest = source.text.as_str();
    while !rest.is_empty() {
        let (line, after) = split_line(rest);
        let text = line.trim();
        let begin = source.text.len() - rest.len() + (line.len() - line.trim_start().len());
        rest = after;
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let known = Known { set, environment };
        let read = variable(&source.text[begin..], &known).and_then(|variable| {
            bytes += variable.value.len();
            match bytes > VALUES_BYTES_MAX {
                true => Err(Flaw::new("the values of this file are too much for a process's environment")),
                false => Ok(variable),
            }
        });
        match read {
            Ok(variable) => {
                rest = variable.rest;
                if !environment.vars.contains_key(OsStr::new(variable.name)) {
                    set.insert(variable.name.to_owned(), variable.value);
                }
            }
            Err(flaw) => {
                let span = Span { source: Arc::clone(source), range: begin..begin + text.len() };
                problems.push(flaw.at(&span));
                if bytes > VALUES_BYTES_MAX {
                    break;
                }
            }
        }
    }
    problems
}

/// What `${NAME}` can be.
struct Known<'a> {
    set: &'a BTreeMap<String, String>,
    environment: &'a Environment,
}

impl<'a> Known<'a> {
    fn value(&self, name: &str) -> Result<Option<&'a str>, Flaw> {
        match self.environment.vars.get(OsStr::new(name)) {
            Some(value) => match value.to_str() {
                Some(value) => Ok(Some(value)),
                None => Err(Flaw::new(format!("`{name}` of the environment is not UTF-8 text"))),
            },
            None => Ok(self.set.get(name).map(String::as_str)),
        }
    }
}

/// One variable, and the text after it.
struct Variable<'a> {
    name: &'a str,
    value: String,
    rest: &'a str,
}

fn split_line(text: &str) -> (&str, &str) {
    text.split_at(text.find('\n').map_or(text.len(), |newline| newline + 1))
}

/// The variable that `text` begins with.
fn variable<'a>(text: &'a str, known: &Known<'_>) -> Result<Variable<'a>, Flaw> {
    let (line, after_line) = split_line(text);
    let Some((name, written)) = line.split_once('=') else {
        return Err(Flaw::new("this line sets nothing").hint("a line is NAME=value; a comment begins with #"));
    };
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    check_name(name)?;
    let written = written.trim();
    let mut value = String::new();
    let rest = match written.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let (_, after_name) = text.split_once('=').unwrap_or_default();
            let (_, inside) = after_name.split_once(quote).unwrap_or_default();
            let (quoted, rest) = quoted(inside, quote)?;
            let quoted = quoted.replace("\r\n", "\n");
            match quote {
                '"' => fill_in(&quoted, Escapes::Are, known, &mut value)?,
                _ => value = quoted,
            }
            rest
        }
        _ => {
            // A `#` begins a comment only after a space: many passwords hold one.
            let mut hashes = written.match_indices('#').map(|(at, _)| &written[..at]);
            let before = hashes.find(|before| before.ends_with(char::is_whitespace)).unwrap_or(written);
            fill_in(before.trim_end(), Escapes::AreNone, known, &mut value)?;
            after_line
        }
    };
    check_value(&value)?;
    Ok(Variable { name, value, rest })
}

/// What an operating system can hold as a variable's name.
pub(crate) fn check_name(name: &str) -> Result<(), Flaw> {
    if name.is_empty() || name.contains(['=', '\0']) || name.contains(char::is_whitespace) {
        return Err(Flaw::new(format!("`{name}` is no name of a variable"))
            .hint("letters, digits and `_`, as in LOG_LEVEL"));
    }
    Ok(())
}

pub(crate) fn check_value(value: &str) -> Result<(), Flaw> {
    match value.contains('\0') {
        true => Err(Flaw::new("a variable holds no zero byte")),
        false => Ok(()),
    }
}

/// What is before the closing quote, and the lines below it.
fn quoted(text: &str, quote: char) -> Result<(&str, &str), Flaw> {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, char)| {
        let is_end = *char == quote && !escaped;
        escaped = quote == '"' && *char == '\\' && !escaped;
        is_end
    });
    let Some((end, _)) = end else {
        return Err(Flaw::new("the closing quote is missing")
            .hint("a value in quotes goes on to the next quote, on whichever line that is"));
    };
    let (line, rest) = split_line(&text[end + quote.len_utf8()..]);
    let line = line.trim();
    match line.is_empty() || line.starts_with('#') {
        true => Ok((&text[..end], rest)),
        false => Err(Flaw::new("there is text after the closing quote")),
    }
}

/// Whether a backslash is one, or begins what it begins in most languages: `\n`, `\t`, `\r`, `\"`, `\\` and `\$`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    Are,
    AreNone,
}

/// Adds `text` to `value`, with the values of others in the places of their names.
fn fill_in(text: &str, escapes: Escapes, known: &Known<'_>, value: &mut String) -> Result<(), Flaw> {
    let mut rest = text;
    while let Some(char) = rest.chars().next() {
        rest = &rest[char.len_utf8()..];
        match char {
            '\\' if escapes == Escapes::Are => {
                let next = rest.chars().next();
                rest = next.map_or(rest, |next| &rest[next.len_utf8()..]);
                match next {
                    Some('n') => value.push('\n'),
                    Some('t') => value.push('\t'),
                    Some('r') => value.push('\r'),
                    Some(plain @ ('"' | '\\' | '$')) => value.push(plain),
                    other => value.extend(std::iter::once('\\').chain(other)),
                }
            }
            '$' => match reference(rest) {
                Some((name, default, after)) => {
                    rest = after;
                    match known.value(name)? {
                        Some(known) => value.push_str(known),
                        // It holds no `}`, and so no whole reference.
                        None => fill_in(default, escapes, known, value)?,
                    }
                }
                None => value.push('$'),
            },
            plain => value.push(plain),
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(Flaw::new(format!("the value is longer than {VALUE_BYTES_MAX} bytes")));
        }
    }
    Ok(())
}

/// `{NAME}` or `{NAME:-default}`, and what follows it.
fn reference(text: &str) -> Option<(&str, &str, &str)> {
    let (inside, rest) = text.strip_prefix('{')?.split_once('}')?;
    let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
    (!name.contains(':')).then_some((name, default, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_with(environment: &Environment, text: &str) -> (BTreeMap<String, String>, Vec<Problem>) {
        let mut set = BTreeMap::from([("EARLIER".to_owned(), "before".to_owned())]);
        let source = Arc::new(Source { name: ".env".to_owned(), text: text.to_owned() });
        let problems = read_into(&mut set, &source, environment);
        set.remove("EARLIER");
        (set, problems)
    }

    fn environment() -> Environment {
        let vars = [("SET", "by hand"), ("EMPTY", "")].map(|(name, value)| (name.into(), value.into()));
        Environment { vars: vars.into(), ..Environment::default() }
    }

    fn read(text: &str) -> (BTreeMap<String, String>, Vec<Problem>) {
        read_with(&environment(), text)
    }

    #[test]
    fn lines() {
        let check = |line: &str, name: &str, value: &str| {
            assert_eq!(read(line), ([(name.to_owned(), value.to_owned())].into(), Vec::new()), "{line}");
        };
        check("A=1", "A", "1");
        check("  export A = 1  \r\n", "A", "1");
        check("A=", "A", "");
        check("A=a=b", "A", "a=b");
        check("A=p#w # note", "A", "p#w");
        check("A=$HOME", "A", "$HOME");
        check("A='it is \\n' # note", "A", "it is \\n");
        check(r#"A="say \"hi\"\n\d""#, "A", "say \"hi\"\n\\d");
        check("# note\n\nÄ=é", "Ä", "é");
        check("A=1\nA=2", "A", "2");
        check("A\"B=\"x\"", "A\"B", "x");
    }

    #[test]
    fn values_of_several_lines() {
        let (set, problems) = read("A=\"one\r\n  two # no note\n\" # note\nB='three\nfour'\nC=5\n");
        assert_eq!(problems, []);
        let expect = [("A", "one\n  two # no note\n"), ("B", "three\nfour"), ("C", "5")];
        assert_eq!(set, expect.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }

    #[test]
    fn values_of_others() {
        let check = |written: &str, value: &str| {
            let (set, problems) = read(&format!("B=two\nA={written}\n"));
            assert_eq!((set.get("A").map(String::as_str), problems), (Some(value), Vec::new()), "{written}");
        };
        check("${B}", "two");
        check("<${B}${B}>", "<twotwo>");
        check("\"${B}\\n\"", "two\n");
        check("'${B}'", "${B}");
        check("${EARLIER}", "before");
        check("${SET}", "by hand");
        check("${NONE}.", ".");
        check("${NONE:-some: ${B}", "some: ${B");
        check("${NONE:-some}", "some");
        check("\"${NONE:-\\\"some\\\"}\"", "\"some\"");
        check("${EMPTY:-some}", "");
        check("\"\\${B}\"", "${B}");
        check("${B", "${B");
        check("$B$", "$B$");
        check("${A}", "");
    }

    #[test]
    fn the_environment_of_the_process_wins() {
        let (set, problems) = read("SET=by the file\nEMPTY=by the file\nA=${SET}\n");
        assert_eq!(problems, []);
        assert_eq!(set, [("A".to_owned(), "by hand".to_owned())].into());
    }

    #[test]
    fn flaws() {
        let check = |text: &str, line: usize, message: &str| {
            let (_, problems) = read(text);
            let found: Vec<_> = problems.iter().map(|p| (p.line(), p.message.as_str())).collect();
            assert_eq!(found, [(Some(line), message)], "{text}");
        };
        check("A=1\nB\nC=2", 2, "this line sets nothing");
        check("=1", 1, "`` is no name of a variable");
        check("A B=1", 1, "`A B` is no name of a variable");
        check("A=\"x", 1, "the closing quote is missing");
        check("A=\"x\\\"\nB=1", 1, "the closing quote is missing");
        check("A='x'y", 1, "there is text after the closing quote");
        check("A=\0", 1, "a variable holds no zero byte");
    }

    #[test]
    fn values_have_an_end() {
        let doubling = |times: usize| "A=${A}${A}\n".repeat(times);
        let (_, problems) = read(&format!("A=x\n{}", doubling(17)));
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert_eq!(problems[0].line(), Some(18));
        let (_, problems) = read(&format!("A=x\n{}{}", doubling(16), "B=${A}\nC=${A}\n".repeat(100)));
        assert_eq!(problems.len(), 1, "the first that is too much ends it: {problems:?}");
    }
}
