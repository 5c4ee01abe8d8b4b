//! Files of `NAME=value` lines, as `docker --env-file`, systemd and dotenv read them: what all three agree on.
//!
//! No `$NAME` is filled in. The three disagree on it, and a password with a dollar sign must arrive as it is.

use std::sync::Arc;

use crate::problem::{Flaw, Problem, Source, Span};

/// Longest file that is read, in bytes.
pub(crate) const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// The variables in their order, and what is wrong with the other lines.
pub(crate) fn parse(source: &Arc<Source>) -> (Vec<(String, String)>, Vec<Problem>) {
    let mut variables = Vec::new();
    let mut problems = Vec::new();
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let text = line.trim();
        let begin = start + (line.len() - line.trim_start().len());
        start += line.len();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        match parse_line(text) {
            Ok(variable) => variables.push(variable),
            Err(flaw) => {
                let span = Span { source: Arc::clone(source), range: begin..begin + text.len() };
                problems.push(flaw.at(&span));
            }
        }
    }
    (variables, problems)
}

fn parse_line(line: &str) -> Result<(String, String), Flaw> {
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let Some((name, value)) = line.split_once('=') else {
        return Err(Flaw::new("this line sets nothing").hint("a line is NAME=value; a comment begins with #"));
    };
    let name = name.trim_end();
    check_name(name)?;
    let value = value.trim_start();
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => quoted(&value[1..], quote)?,
        // A `#` begins a comment only after a space: many passwords hold one.
        _ => value.split_once(" #").map_or(value, |(value, _)| value).trim_end().to_owned(),
    };
    check_value(&value)?;
    Ok((name.to_owned(), value))
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

/// Up to the closing quote. In double quotes `\n`, `\t`, `\"` and `\\` are what they are in most languages.
fn quoted(text: &str, quote: char) -> Result<String, Flaw> {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            end if end == quote => {
                let rest = chars.as_str().trim_start();
                return match rest.is_empty() || rest.starts_with('#') {
                    true => Ok(value),
                    false => Err(Flaw::new("there is text after the closing quote")),
                };
            }
            '\\' if quote == '"' => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some(plain @ ('"' | '\\' | '$')) => value.push(plain),
                Some(other) => value.extend(['\\', other]),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(Flaw::new("the closing quote is missing")
        .hint("a value ends on its line; write \\n for a line's end within \"…\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<(String, String)>, Vec<Problem>) {
        parse(&Arc::new(Source { name: ".env".to_owned(), text: text.to_owned() }))
    }

    #[test]
    fn lines() {
        let check = |line: &str, name: &str, value: &str| {
            assert_eq!(read(line), (vec![(name.to_owned(), value.to_owned())], Vec::new()), "{line}");
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
        check("A='x'y", 1, "there is text after the closing quote");
        check("A=\0", 1, "a variable holds no zero byte");
    }
}
