//! The digit board, as it is in the repository: its types are those of its functions, and both compilers pass it.
//!
//! Installed as its README says: `diglot install` in its folder.

use std::path::{Path, PathBuf};
use std::process::Command;

use diglot_tests::binary;
use tempfile::TempDir;

use crate::{Said, repository, sources};

fn example() -> PathBuf {
    let folder = repository().join("examples/digits");
    let installed = [folder.join("model/.venv"), folder.join("web/node_modules")];
    assert!(installed.iter().all(|path| path.exists()), "run `diglot install` in {}", folder.display());
    folder
}

/// What came of a program of Node's in a folder of the example.
fn node(program: &Path, arguments: &[&str], folder: &str) -> Said {
    let mut command = Command::new("node");
    command.arg(program).args(arguments).current_dir(example().join(folder));
    Said::of(command.output().expect("node can be run"))
}

#[test]
fn its_types_are_those_of_its_functions() {
    // A control socket of its own: nobody else's server is asked.
    let runtime = TempDir::with_prefix("diglot-example-").expect("a temporary folder");
    let mut command = Command::new(binary());
    command.args(["types", "--check"]).current_dir(example()).env("XDG_RUNTIME_DIR", runtime.path());
    command.env("NO_COLOR", "1").env_remove("PORT").env_remove("VIRTUAL_ENV");
    let said = Said::of(command.output().expect("the command can be run"));
    assert_eq!(said.code, Some(0), "{}", said.text);
}

#[test]
fn tsc_passes_its_web_service() {
    let tsc = example().join("web/node_modules/typescript/bin/tsc");
    let said = node(&tsc, &["--noEmit", "--strict", "--skipLibCheck", "false", "--project", "."], "web");
    assert_eq!((said.code, said.text.as_str()), (Some(0), ""));
}

#[test]
fn pyright_passes_its_model() {
    let pyright = sources().join("node_modules/pyright/index.js");
    let said = node(&pyright, &["--warnings", "--pythonpath", ".venv/bin/python"], "model");
    assert_eq!(said.code, Some(0), "{}", said.text);
    assert!(said.says("0 errors, 0 warnings"), "{}", said.text);
}
