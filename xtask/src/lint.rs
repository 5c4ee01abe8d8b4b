//! `cargo xtask lint`: every language's formatter and linter, at pinned versions, warnings refused.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::environments::{npm_install, venv};
use crate::workspace::{cargo, copy_folder, root, step, target};

/// Folders with Python in them; one that has not come yet is passed over.
const PYTHON_FOLDERS: [&str; 4] = ["python", "examples", "bench", "tests"];

/// Runs every check, also after one has failed, so that one run names all there is to mend.
pub(crate) fn run() -> Result<()> {
    let tools = target().join("tools");
    copy_folder(&root().join("xtask/tools"), &tools)?;
    let python = venv(&tools.join("venv"), &tools.join("requirements.txt"))?;
    npm_install(&tools)?;

    let mut checks = vec![
        cargo(&["fmt", "--all", "--check"]),
        cargo(&["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]),
    ];
    let ruff = python.with_file_name("ruff");
    for arguments in [&["check"][..], &["format", "--check"]] {
        let mut command = at_root(&ruff);
        command.args(arguments).args(PYTHON_FOLDERS.iter().filter(|folder| root().join(folder).is_dir()));
        checks.push(command);
    }
    let mut biome = at_root(&tools.join("node_modules/.bin/biome"));
    biome.args(["ci", "--error-on-warnings", "--colors=off"]);
    checks.push(biome);

    let failed: Vec<String> =
        checks.iter_mut().filter_map(|check| step(check).err()).map(|error| error.to_string()).collect();
    if !failed.is_empty() {
        bail!("{} of {} checks failed:\n  {}", failed.len(), checks.len(), failed.join("\n  "));
    }
    Ok(())
}

fn at_root(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(root());
    command
}
