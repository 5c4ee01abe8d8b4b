//! Where a service finds the types of all functions: the file that `diglot types` writes for it.

use std::path::{Path, PathBuf};

use crate::{
    environment::absolute,
    file::ServiceSection,
    problem::{Flaw, Problem},
    service::Entry,
};

/// For TypeScript, which looks for declarations beside what it compiles.
const DECLARATIONS: &str = "diglot.d.ts";
/// For Python, which imports it.
const MODULE: &str = "diglot_services.py";

/// The file; `None` where there is to be none, or where a problem was added.
pub(crate) fn resolve_types(
    section: &ServiceSection,
    entry: &Entry,
    root: &Path,
    problems: &mut Vec<Problem>,
) -> Option<PathBuf> {
    let Some(written) = &section.types else {
        return Some(match entry {
            Entry::Node(node) if node.is_typescript() => node.file.with_file_name(DECLARATIONS),
            Entry::Node(_) => root.join(DECLARATIONS),
            Entry::Python(_) => root.join(MODULE),
        });
    };
    let path = written.value.0.as_ref()?;
    match check(path, entry) {
        Ok(()) => Some(absolute(root, Path::new(path))),
        Err(flaw) => {
            problems.push(flaw.at(&written.span));
            None
        }
    }
}

fn check(path: &str, entry: &Entry) -> Result<(), Flaw> {
    match entry {
        Entry::Node(_) if path.ends_with(".d.ts") => Ok(()),
        Entry::Node(_) => Err(Flaw::new(format!("`{path}` is no file of declarations"))
            .hint(format!("TypeScript's declarations end in .d.ts, as \"src/{DECLARATIONS}\""))),
        Entry::Python(_) => {
            let stem = Path::new(path).file_name().and_then(|name| name.to_str()?.strip_suffix(".py"));
            let is_name = |name: &str| {
                name.starts_with(|first: char| first.is_alphabetic() || first == '_')
                    && name.chars().all(|char| char.is_alphanumeric() || char == '_')
            };
            match stem {
                Some(stem) if is_name(stem) => Ok(()),
                _ => Err(Flaw::new(format!("`{path}` is no module that Python imports"))
                    .hint(format!("its name is one of letters, digits and `_` with .py, as \"{MODULE}\""))),
            }
        }
    }
}
