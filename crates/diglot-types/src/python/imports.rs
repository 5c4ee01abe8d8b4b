//! What the module imports: at run time, and for type checkers alone.

use std::fmt::Write as _;

use crate::offers::{Function, Offers};
use crate::schema::Type;

/// Modules of Python whose types are written.
const MODULES: [&str; 3] = ["datetime", "decimal", "uuid"];
/// What is imported for numbers, and by which name it is known.
const NUMPY: [(&str, &str); 2] = [("np.", "import numpy as np"), ("npt.", "import numpy.typing as npt")];

/// What both parts need, and the head of that one which only type checkers read.
pub(super) fn imports(offers: &Offers, types: &str, classes: &str) -> String {
    let said = format!("{types}{classes}");
    let mut text = "from __future__ import annotations\n\n".to_owned();
    for module in MODULES.into_iter().filter(|module| mentions(&said, &format!("{module}."))) {
        let _ = writeln!(text, "import {module}");
    }
    let abc: Vec<&str> = ["AsyncIterable", "AsyncIterator", "Iterator", "Mapping", "Sequence"]
        .into_iter()
        .filter(|name| mentions(&said, &format!("{name}[")))
        .collect();
    if !abc.is_empty() {
        let _ = writeln!(text, "from collections.abc import {}", abc.join(", "));
    }
    let typing: Vec<&str> = ["Any", "Literal", "NoReturn", "TypeAlias", "TypedDict", "cast"]
        .into_iter()
        .filter(|name| *name == "cast" || mentions(&said, name))
        .collect();
    let _ = writeln!(text, "from typing import TYPE_CHECKING, {}\n", typing.join(", "));
    let has_errors = offers.types.values().any(|one| matches!(one.of, Type::Error { .. }));
    let errors = if has_errors { "RemoteError, " } else { "" };
    let _ = write!(text, "from diglot import {errors}services as _services\n\nif TYPE_CHECKING:\n");
    for module in MODULES.into_iter().filter(|module| mentions(classes, &format!("_{module}."))) {
        let _ = writeln!(text, "    import {module} as _{module}");
    }
    if mentions(classes, "builtins.") {
        text.push_str("    import builtins\n");
    }
    text.push_str(&numpy(&said, "    "));
    let tables = Tables::of(offers);
    let named = [("AnyTable", tables.are_sent), ("Table", tables.are_types || tables.arrive)];
    import(&mut text, "diglot.tables", &named);
    let decorators = ["remote", "remote_stream"].map(|name| (name, classes.contains(&format!("@{name}\n"))));
    import(&mut text, "diglot.typing", &decorators);
    // Who reads the types' annotations where the program runs has what they are of; others can do without.
    let mut at_run_time = String::new();
    if tables.are_types {
        import(&mut at_run_time, "diglot.tables", &[("Table", true)]);
    }
    if mentions(types, "npt.") {
        let numpy = numpy(types, "        ");
        let _ = write!(at_run_time, "    try:\n{numpy}    except ImportError:\n        pass\n");
    }
    if !at_run_time.is_empty() {
        let _ = write!(text, "else:\n{at_run_time}\nif TYPE_CHECKING:\n");
    }
    text
}

/// Those names of a module that are used.
fn import(text: &mut String, module: &str, names: &[(&str, bool)]) {
    let used: Vec<&str> = names.iter().filter(|(_, is_used)| *is_used).map(|(name, _)| *name).collect();
    if !used.is_empty() {
        let _ = writeln!(text, "    from {module} import {}", used.join(", "));
    }
}

fn numpy(of: &str, indent: &str) -> String {
    let used = NUMPY.into_iter().filter(|(name, _)| mentions(of, name));
    used.map(|(_, line)| format!("{indent}{line}\n")).collect()
}

/// Where tables stand.
struct Tables {
    are_types: bool,
    are_sent: bool,
    arrive: bool,
}

impl Tables {
    fn of(offers: &Offers) -> Self {
        let is_one = |of: &Type| of.any(&|part| *part == Type::Table);
        let functions = || offers.services.iter().flat_map(|service| &service.functions);
        let takes_one = |function: &Function| {
            function.params.iter().chain(&function.input).any(|param| is_one(&param.of))
        };
        Self {
            are_types: offers.types.values().any(|one| is_one(&one.of)),
            are_sent: functions().any(takes_one),
            arrive: functions().any(|function| is_one(&function.result)),
        }
    }
}

/// Whether it stands there where a word begins.
fn mentions(text: &str, name: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(name).any(|(at, _)| !is_part(text[..at].chars().next_back()))
}
