//! Python and Node environments under the target folder: made once, made again when what they were made from changes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::step;

/// Written into an environment when it is complete: what it was made from. One that was interrupted has none.
const STAMP: &str = ".made-from";

/// A virtual environment in `folder` with what `requirements` names; returns its `python`.
///
/// Made with `python3` from PATH.
pub(crate) fn venv(folder: &Path, requirements: &Path) -> Result<PathBuf> {
    venv_of_interpreter(Path::new("python3"), folder, requirements)
}

/// The same, made with this interpreter.
pub(crate) fn venv_of_interpreter(interpreter: &Path, folder: &Path, requirements: &Path) -> Result<PathBuf> {
    let python = folder.join("bin/python");
    let wanted = read(requirements)?;
    if is_made_from(folder, &wanted) {
        return Ok(python);
    }
    step(Command::new(interpreter).args(["-m", "venv", "--clear"]).arg(folder))?;
    step(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(requirements),
    )?;
    stamp(folder, &wanted)?;
    Ok(python)
}

/// `npm ci` in a folder that holds a `package.json` and its lock file.
pub(crate) fn npm_ci(folder: &Path) -> Result<()> {
    let modules = folder.join("node_modules");
    let wanted = read(&folder.join("package-lock.json"))?;
    if is_made_from(&modules, &wanted) {
        return Ok(());
    }
    // Engine warnings of packages that work all the same would be the only lines of a good run.
    step(
        Command::new("npm").args(["ci", "--no-fund", "--no-audit", "--loglevel=error"]).current_dir(folder),
    )?;
    fs::create_dir_all(&modules).with_context(|| format!("cannot make {}", modules.display()))?;
    stamp(&modules, &wanted)
}

/// `npm install` in a folder whose `package.json` names exact versions without dependencies of their own.
pub(crate) fn npm_install(folder: &Path) -> Result<()> {
    let modules = folder.join("node_modules");
    let wanted = read(&folder.join("package.json"))?;
    if is_made_from(&modules, &wanted) {
        return Ok(());
    }
    step(Command::new("npm").args(["install", "--loglevel=error"]).current_dir(folder))?;
    stamp(&modules, &wanted)
}

fn is_made_from(folder: &Path, wanted: &str) -> bool {
    fs::read_to_string(folder.join(STAMP)).is_ok_and(|made_from| made_from == wanted)
}

fn stamp(folder: &Path, made_from: &str) -> Result<()> {
    let path = folder.join(STAMP);
    fs::write(&path, made_from).with_context(|| format!("cannot write {}", path.display()))
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
