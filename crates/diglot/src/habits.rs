//! Answers to what other servers have taught people to type: clap knows which words are wrong, and not why.

mod options;

use std::{process::ExitCode, sync::Arc};

use clap::{
    CommandFactory as _,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};
use diglot_config::{Problem, Source, Span};

use crate::{arguments::Arguments, report};
use options::answer;

const NODE_ENDINGS: [&str; 3] = [".js", ".mjs", ".cjs"];

/// Says what is wrong with the command line, with advice of ours where the words that were typed tell what was wanted.
pub(crate) fn explain(mut error: Error) -> ExitCode {
    let words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).skip(1).collect();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            if let Some(problems) = unknown_options(&words) {
                report::problems(&problems);
                return report::wrong();
            }
        }
        ErrorKind::ValueValidation if is_workers(&error) && words.iter().any(|word| is_auto(word)) => {
            let advice = "the number is not chosen by itself: `--workers $(nproc)` is one for each core";
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
        }
        ErrorKind::InvalidSubcommand if words.first().is_some_and(|word| looks_like_an_entry(word)) => {
            let advice = format!("to run it: diglot serve {}", words.join(" "));
            error.remove(ContextKind::SuggestedSubcommand);
            error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
        }
        _ => {}
    }
    error.exit()
}

fn is_workers(error: &Error) -> bool {
    matches!(error.get(ContextKind::InvalidArg), Some(ContextValue::String(option)) if option.contains("--workers"))
}

fn is_auto(word: &str) -> bool {
    let value = word.rsplit('=').next().unwrap_or(word);
    matches!(value, "auto" | "max")
}

/// A problem for each option that the command does not have. `None` where none of them is another server's: what clap
/// says is better then.
fn unknown_options(words: &[String]) -> Option<Vec<Problem>> {
    let commands = Arguments::command();
    let command = commands.find_subcommand(words.first()?)?;
    let line: String = std::iter::once("diglot")
        .chain(words.iter().map(String::as_str))
        .collect::<Vec<_>>()
        .join(" ")
        .replace(['\n', '\r'], " ");
    let source = Arc::new(Source { name: "command line".to_owned(), text: line });
    let mut problems = Vec::new();
    let (mut is_any_known, mut last_key) = (false, None);
    let mut start = "diglot ".len();
    let mut is_value = false;
    let (mut after_unknown, mut bare) = (false, Vec::new());
    for (index, word) in words.iter().enumerate() {
        let begin = start;
        start += word.len() + 1;
        if word == "--" {
            break;
        }
        // What follows an option that is not known may be its value; the first word is the command.
        let follows_unknown = std::mem::take(&mut after_unknown);
        if index == 0 || std::mem::take(&mut is_value) {
            continue;
        }
        if !word.starts_with('-') || word == "-" {
            bare.push((follows_unknown, !word.contains(':'), word.as_str()));
            continue;
        }
        let (option, attached) = split_option(word);
        if let Some(argument) = argument_of(command, option) {
            is_value = argument.get_action().takes_values() && attached.is_none();
            continue;
        }
        after_unknown = attached.is_none();
        let next =
            words.get(index + 1).map(String::as_str).filter(|next| *next == "-" || !next.starts_with('-'));
        let answer = answer(option, attached.or(next));
        is_any_known |= answer.is_some();
        if answer.as_ref().is_some_and(|answer| answer.contains("in diglot.toml, under [")) {
            last_key = Some(problems.len());
        }
        let hint = answer.unwrap_or_else(|| format!("`diglot help {}` has them all", command.get_name()));
        let span = Span { source: Arc::clone(&source), range: begin..begin + option.len() };
        problems.push(Problem::error(format!("there is no option `{option}`")).at(&span).hint(hint));
    }
    let target = bare.into_iter().min().map(|(_, _, word)| word);
    if let (Some(target), Some(hint)) =
        (target, last_key.and_then(|last: usize| problems.get_mut(last)?.hint.as_mut()))
    {
        let (_, entry) =
            target.split_once('=').filter(|(route, _)| route.contains('/')).unwrap_or(("", target));
        *hint += &format!(
            "\ndiglot.toml is read where no TARGET is given: write entry = {entry:?} into it under [services.NAME], and \
             run `diglot serve` without one"
        );
    }
    is_any_known.then_some(problems)
}

/// `--option=value`, `-o=value` and `-ovalue` are two words in one.
fn split_option(word: &str) -> (&str, Option<&str>) {
    match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") || option.chars().count() == 2 => {
            (option, Some(value))
        }
        _ if word.starts_with("--") => (word, None),
        _ => {
            let end = word.char_indices().nth(2).map_or(word.len(), |(at, _)| at);
            (&word[..end], Some(&word[end..]).filter(|value| !value.is_empty()))
        }
    }
}

/// What a command has an option for.
fn argument_of<'a>(command: &'a clap::Command, option: &str) -> Option<&'a clap::Arg> {
    command.get_arguments().find(|argument| {
        let long = argument.get_long_and_visible_aliases().unwrap_or_default();
        let hidden = argument.get_all_aliases().unwrap_or_default();
        let short = argument.get_short().map(|short| format!("-{short}"));
        let is_long = |name: &&str| option.strip_prefix("--") == Some(*name);
        long.iter().chain(&hidden).any(is_long) || short.as_deref() == Some(option)
    })
}

/// `main:app`, `server.js`, `api/main.py`, `/api=api.main:app`.
fn looks_like_an_entry(word: &str) -> bool {
    word.contains(':') || word.ends_with(".py") || NODE_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The page has every option of the three servers in the first column of its tables.
    #[test]
    fn every_option_of_the_migration_page_is_taken_or_answered() {
        let page = include_str!("../../../docs/migrating.md");
        let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
        let words = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let options: Vec<&str> =
            words.filter(|word| word.starts_with('-')).filter_map(|word| word.split(' ').next()).collect();
        assert!(options.len() > 200, "{options:?}");
        let command = Arguments::command();
        let serve = command.find_subcommand("serve").expect("there is one");
        let open = |option: &&&str| {
            argument_of(serve, option).is_none()
                && answer(option, None).is_none()
                && !["-v", "--version"].contains(*option)
        };
        let open: Vec<&&str> = options.iter().filter(open).collect();
        assert_eq!(open, [] as [&&str; 0]);
    }

    #[test]
    fn options_and_their_values() {
        assert_eq!(split_option("--a=b"), ("--a", Some("b")));
        assert_eq!(split_option("--a"), ("--a", None));
        assert_eq!(split_option("-t60"), ("-t", Some("60")));
        assert_eq!(split_option("-t=60"), ("-t", Some("60")));
        assert_eq!(split_option("-eA=1"), ("-e", Some("A=1")));
        assert_eq!(split_option("-é"), ("-é", None));
        assert_eq!(split_option("-"), ("-", None));
    }
}
