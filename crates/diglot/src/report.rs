//! What the command says, on stderr. Colours go to a terminal only, and not where NO_COLOR asks for none.

use std::process::ExitCode;

use diglot_config::{NothingGiven, Problem, Severity, render};

/// The arguments or the configuration are wrong; nothing was started.
pub(crate) fn wrong() -> ExitCode {
    ExitCode::from(2)
}

pub(crate) fn problems(problems: &[Problem]) {
    if !problems.is_empty() {
        anstream::eprintln!("{}", render(problems, true));
    }
}

/// The last line after problems: how many, so that none is missed above the screen.
pub(crate) fn count(problems: &[Problem]) {
    let of = |severity: Severity| problems.iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings) = (of(Severity::Error), of(Severity::Warning));
    let mut counts = Vec::new();
    if errors > 0 {
        counts.push(plural(errors, "error"));
    }
    if warnings > 0 {
        counts.push(plural(warnings, "warning"));
    }
    if !counts.is_empty() {
        anstream::eprintln!("{}", counts.join(", "));
    }
}

/// `1 error`, `2 errors`.
pub(crate) fn plural(number: usize, thing: &str) -> String {
    format!("{number} {thing}{}", if number == 1 { "" } else { "s" })
}

/// One sentence that ends the command before it began.
pub(crate) fn refuse(message: &str) -> ExitCode {
    problems(&[Problem::error(message)]);
    wrong()
}

/// One sentence that ends a command which could not do what it was asked, and what to do.
pub(crate) fn failed(message: &str, hint: Option<&str>) -> ExitCode {
    let problem = Problem::error(message);
    problems(&[match hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }]);
    ExitCode::FAILURE
}

/// For the commands that need a file.
pub(crate) fn no_file(nothing: &NothingGiven) -> ExitCode {
    let message = format!("there is no {}", nothing.looked_for.display());
    problems(&[
        Problem::error(message).hint("go to the folder that holds it, or name one with --config FILE")
    ]);
    wrong()
}
