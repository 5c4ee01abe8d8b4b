//! Automation that runs wherever the project does: `cargo xtask demo | test | lint | bench`.
//!
//! Each subcommand is one module; what they share (where things are, how a step is run, how a Python or Node
//! environment comes to be) is in [`workspace`] and [`environments`].

mod bench;
mod environments;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Diglot's automation", max_term_width = 100)]
enum Task {
    /// Measure Diglot beside its peers, in turn, on this machine
    Bench(bench::Options),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Bench(options) => bench::run(&options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Without the backtrace: what went wrong is in the words, and where is in the step before them.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
