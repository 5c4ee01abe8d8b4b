//! The PATH and venv a service's commands run with, as its workers do.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use diglot_config::{Environment, Language, Workplace};

/// Variables that make a shell's `python`, `node` and installed scripts the service's own.
pub(crate) fn variables(workplace: &Workplace, environment: &Environment) -> Vec<(OsString, OsString)> {
    let mut first = Vec::new();
    let mut variables = Vec::new();
    match &workplace.language {
        Language::Python { found, .. } => {
            if let Ok(python) = found {
                first.extend(unless_found_anyway(&python.interpreter, environment));
                variables.extend(python.venv.iter().map(|venv| ("VIRTUAL_ENV".into(), venv.into())));
            }
        }
        Language::Node { found, entry_folder } => {
            let above = workplace.folders_above(entry_folder).into_iter();
            first.extend(above.map(|folder| folder.join("node_modules/.bin")).filter(|bin| bin.is_dir()));
            if let Ok(node) = found {
                first.extend(unless_found_anyway(node, environment));
            }
        }
    }
    let path = match workplace.env.as_ref().ok().and_then(|env| env.get("PATH")) {
        Some(path) => path.into(),
        None => environment.var("PATH").map(ToOwned::to_owned).unwrap_or_default(),
    };
    let rest: Vec<PathBuf> = std::env::split_paths(&path).collect();
    // A folder whose name holds a colon cannot be on PATH at all: then it stays as it was.
    let path = std::env::join_paths(first.iter().chain(&rest)).unwrap_or(path);
    variables.push(("PATH".into(), path));
    variables
}

/// An interpreter's folder, where its name alone would find another one.
fn unless_found_anyway(interpreter: &Path, environment: &Environment) -> Option<PathBuf> {
    let name = interpreter.file_name()?.to_str()?;
    let found = environment.find_on_path(name);
    (found.as_deref() != Some(interpreter)).then(|| interpreter.parent().map(Path::to_owned))?
}
