//! Automation that runs wherever the project does: `cargo xtask demo | test | lint | bench | bench-calls | docs-page | schemathesis`.
//!
//! Each subcommand is one module. They share [`workspace`] (where things are, how a step is run), [`environments`]
//! (Python and Node environments), [`server`] with [`process`] (a server that is certain to end), [`digits`] (the example), and
//! [`runner`].

mod bench;
mod bench_calls;
mod demo;
mod digits;
mod docs_page;
mod environments;
mod lint;
mod process;
mod runner;
mod schemathesis;
mod server;
mod test;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Diglot's automation", max_term_width = 100)]
enum Task {
    /// Build, install and serve the example: the digit board
    Demo(demo::Options),
    /// Run every test of the project
    Test(test::Options),
    /// Check formatting and lints in every language
    Lint,
    /// Measure Diglot beside its peers, in turn, on this machine
    Bench(bench::Options),
    /// Measure calls between the languages beside HTTP and gRPC, in turn, on this machine
    BenchCalls(bench_calls::Options),
    /// Bring the files of the API's documentation page from npm
    DocsPage(docs_page::Options),
    /// Examine the example's API by what its description says, for minutes
    Schemathesis(schemathesis::Options),
}

fn main() -> ExitCode {
    let done = match Task::parse() {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Lint => lint::run(),
        Task::Bench(options) => bench::run(&options),
        Task::BenchCalls(options) => bench_calls::run(&options),
        Task::DocsPage(options) => docs_page::run(&options),
        Task::Schemathesis(options) => schemathesis::run(&options),
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
