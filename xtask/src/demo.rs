//! `cargo xtask demo`: from a fresh checkout to the digit board in a browser.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;

use crate::workspace::{root, step};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port to answer on; 0 takes a free one
    #[arg(long, default_value_t = 8000)]
    port: u16,
}

/// Builds the server, installs what the example needs, and becomes its server: the address is the line
/// `diglot: listening on …`, and Ctrl-C stops it as it stops any `diglot serve`.
///
/// # Errors
/// A step failed. Where the server was started this does not return.
pub(crate) fn run(options: &Options) -> Result<()> {
    let diglot = crate::workspace::build_diglot()?;
    let example = root().join("examples/digits");
    step(Command::new(&diglot).arg("install").current_dir(&example))?;
    let mut serve = Command::new(&diglot);
    serve.arg("serve").args(["--listen", &format!("127.0.0.1:{}", options.port)]).current_dir(&example);
    // The server takes this process's place, so that a signal meant for it finds it.
    Err(serve.exec()).with_context(|| format!("cannot start {}", diglot.display()))
}
