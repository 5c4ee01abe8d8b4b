//! `diglot call`: a function of a running server, from the shell.

use std::{
    io::{self, IsTerminal, Read, Write},
    process::ExitCode,
    time::Duration,
};

use diglot_config::{Environment, Problem};
use diglot_control::Reply;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::{arguments::Call, ask, report};

pub(crate) fn call(call: Call, environment: &Environment) -> ExitCode {
    let Call { function: name, arguments, rest, timeout, running } = call;
    let arguments = arguments.map(|first| [vec![first], rest].concat().join(" "));
    let name = name.as_str();
    let (service, function) = match ask::split_function(name) {
        Ok(names) => names,
        Err(problem) => {
            report::problems(&[problem]);
            return report::wrong();
        }
    };
    let arguments = match object(arguments) {
        Ok(arguments) => arguments,
        Err(problem) => {
            report::problems(&[problem]);
            return report::wrong();
        }
    };
    let timeout = timeout.map(Duration::from_secs_f64);
    ask::server(running, environment, |client| async move {
        Ok(match client.call(service, function, arguments.into(), timeout).await? {
            Reply::Value(value) => {
                match has_long_digits(&value) {
                    true => write_line(&String::from_utf8_lossy(&value)),
                    false => print(&serde_json::from_slice(&value)?),
                };
                ExitCode::SUCCESS
            }
            Reply::Refused(why) => refused(name, &why),
            Reply::Items(mut items) => loop {
                match items.next().await? {
                    None => break ExitCode::SUCCESS,
                    Some(line) => match line.get("error") {
                        Some(why) => break refused(name, why),
                        None if print(&line["item"]) => {}
                        // Nobody reads any more, as `head` does not.
                        None => break ExitCode::SUCCESS,
                    },
                }
            },
        })
    })
}

/// The arguments, checked to be an object: `-` reads them from stdin, none at all are an empty one.
fn object(arguments: Option<String>) -> Result<String, Problem> {
    let text = match arguments.as_deref() {
        None => return Ok("{}".to_owned()),
        Some("-") => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map_err(|error| {
                Problem::error(format!("the arguments cannot be read from stdin: {error}"))
            })?;
            text
        }
        Some(text) => text.to_owned(),
    };
    // A number that fits no type here is still JSON: whether it is one that the function takes, that one knows.
    match serde_json::from_str::<IgnoredAny>(&text) {
        Ok(_) if text.trim_ascii_start().starts_with('{') => Ok(text),
        Ok(_) => Err(Problem::error("the arguments are no JSON object")
            .hint(r#"name them: diglot call model.similar '{"item_id": 3}'"#)),
        Err(error) => Err(Problem::error(format!("the arguments are no JSON: {error}"))
            .hint(r#"write them as one object in quotes: '{"item_id": 3}'"#)),
    }
}

/// Whether there may be an integer that no type here holds: its digits stay what they are where nothing is read into numbers.
fn has_long_digits(json: &[u8]) -> bool {
    json.split(|byte| !byte.is_ascii_digit()).any(|digits| digits.len() >= u64::MAX.ilog10() as usize)
}

/// Indented for people, a line for programs. False: nobody reads it.
fn print(value: &Value) -> bool {
    write_line(&if io::stdout().is_terminal() { format!("{value:#}") } else { value.to_string() })
}

fn write_line(text: &str) -> bool {
    writeln!(io::stdout().lock(), "{text}").is_ok()
}

/// What the function, or the way to it, has to say.
fn refused(name: &str, why: &Value) -> ExitCode {
    let said = |member: &str| why[member].as_str().filter(|text| !text.is_empty());
    let message = said("message").unwrap_or("it failed and does not say why");
    let kind = said("type").or(said("code")).unwrap_or("error");
    let mut hint = String::new();
    for issue in why["issues"].as_array().into_iter().flatten() {
        let said = issue["message"].as_str().unwrap_or_default();
        let line = format!("{}{said}", path_text(issue["path"].as_array().map_or(&[], Vec::as_slice)));
        if !message.contains(&line) {
            hint.push_str(&line);
            hint.push('\n');
        }
    }
    if !matches!(why["data"], Value::Null) {
        hint.push_str(&format!("data: {}\n", why["data"]));
    }
    let hint = hint.trim_end();
    // Of a call that the function has made itself.
    let inner = match (said("service"), said("function"), said("stack")) {
        (Some(service), Some(function), Some(_)) => format!("{service}.{function}: "),
        _ => String::new(),
    };
    let code =
        report::failed(&format!("{name}: {kind}: {inner}{message}"), (!hint.is_empty()).then_some(hint));
    if let Some(stack) = said("stack") {
        anstream::eprintln!("{}", stack.trim_end());
    }
    code
}

/// `item.tags[3]: `, as workers write it.
fn path_text(path: &[Value]) -> String {
    let steps = path.iter().map(|step| step.as_str().map_or(format!("[{step}]"), |name| format!(".{name}")));
    let text: String = steps.collect();
    if text.is_empty() { text } else { format!("{}: ", text.trim_start_matches('.')) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_as_in_messages() {
        let shown = |path: serde_json::Value| path_text(path.as_array().expect("an array"));
        assert_eq!(shown(serde_json::json!(["vector", 1])), "vector[1]: ");
        assert_eq!(shown(serde_json::json!(["item", "tags", 3, "a"])), "item.tags[3].a: ");
        assert_eq!(shown(serde_json::json!([])), "");
    }

    #[test]
    fn arguments_are_an_object_of_any_json() {
        for text in ["{}", " {\"a\": 1e999, \"b\": 123456789012345678901234567890}\n"] {
            assert_eq!(object(Some(text.to_owned())).ok().as_deref(), Some(text));
        }
        assert_eq!(object(None).ok().as_deref(), Some("{}"));
        assert!(has_long_digits(b"{\"a\": [18446744073709551616]}"));
        assert!(!has_long_digits(b"{\"a\": [1234567890123456.78901234567890123]}"));
        for text in ["[1]", "1", "null", "\"{\"", "", "{", "{}{}", "{\"a\": 1e}", "{a: 1}"] {
            assert!(object(Some(text.to_owned())).is_err(), "{text}");
        }
    }
}
