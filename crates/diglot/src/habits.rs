//! Answers to what other servers have taught people to type: clap knows which words are wrong, and not why.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

const NODE_ENDINGS: [&str; 3] = [".js", ".mjs", ".cjs"];

/// The error with advice of ours, where the words that were typed tell what was wanted.
pub(crate) fn explain(mut error: Error) -> Error {
    let words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).skip(1).collect();
    let Some(advice) = advice(&error, &words) else { return error };
    error.remove(ContextKind::SuggestedSubcommand);
    error.remove(ContextKind::SuggestedArg);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    error
}

fn advice(error: &Error, words: &[String]) -> Option<String> {
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = context(ContextKind::InvalidSubcommand)?;
            looks_like_an_entry(word).then(|| format!("to run it: diglot serve {}", words.join(" ")))
        }
        ErrorKind::UnknownArgument => {
            let option = context(ContextKind::InvalidArg)?;
            let option = option.split('=').next().unwrap_or(option);
            let value = || {
                let at = words.iter().position(|word| word.split('=').next() == Some(option))?;
                match words[at].split_once('=') {
                    Some((_, value)) => Some(value),
                    None => words.get(at + 1).map(String::as_str),
                }
            };
            match option {
                "--port" | "-p" => {
                    let port = value().and_then(|value| value.parse::<u16>().ok()).unwrap_or(8000);
                    Some(format!("write '--listen 127.0.0.1:{port}'"))
                }
                "--host" | "--bind" | "-b" => {
                    Some("write address and port, as in '--listen 127.0.0.1:8000'".to_owned())
                }
                "--reload" | "--watch" => Some(
                    "restarting on change has not come yet; the signal SIGHUP restarts the workers"
                        .to_owned(),
                ),
                _ => None,
            }
        }
        _ => None,
    }
}

/// `main:app`, `server.js`, `api/main.py`, `/api=api.main:app`.
fn looks_like_an_entry(word: &str) -> bool {
    word.contains(':') || word.ends_with(".py") || NODE_ENDINGS.iter().any(|ending| word.ends_with(ending))
}
