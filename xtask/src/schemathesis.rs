//! `cargo xtask schemathesis`: requests made up from the digit board's description, right ones and wrong ones, whose answers
//! have to be as it says. A few of them belong to `cargo xtask test`.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use clap::Args;

use crate::digits::with_digits;
use crate::environments::venv;
use crate::runner::{Closing, run_and_show};
use crate::workspace::{build_diglot, root, target};

/// Where its version, its settings and their reasons are.
pub(crate) const FOLDER: &str = "tests/schemathesis";
/// For each operation, in a run of seconds.
pub(crate) const FEW: u32 = 20;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Requests made up for each operation, in each of schemathesis's phases
    #[arg(long, default_value_t = 2_000)]
    examples: u32,
    /// Repeats a run that has printed this seed
    #[arg(long)]
    seed: Option<u128>,
}

/// Builds the server, serves the digit board and has it examined.
///
/// # Errors
/// Something was found, or a step failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let diglot = build_diglot()?;
    examine(&diglot, options.examples, options.seed).map(drop)
}

/// Has the digit board examined; returns the closing lines.
pub(crate) fn examine(diglot: &Path, examples: u32, seed: Option<u128>) -> Result<Vec<String>> {
    let folder = root().join(FOLDER);
    let python = venv(&target().join("test/schemathesis"), &folder.join("requirements.txt"))?;
    with_digits(diglot, move |url| {
        let mut command = Command::new(python.with_file_name("schemathesis"));
        command.current_dir(folder);
        command.args(["--no-color", "run", &format!("{url}/openapi.json")]);
        command.args(["--max-examples", &examples.to_string()]);
        command.args(seed.map(|seed| format!("--seed={seed}")));
        run_and_show(&mut command, Closing::Schemathesis)
    })
}
