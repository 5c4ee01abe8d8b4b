//! `diglot`: the command. Here are its words; what it does is in the crates below.
//!
//! Everything it says of itself goes to stderr, so that stdout belongs to the commands it runs. It ends with 0 when
//! all went well, 2 when what was asked cannot be meant, 1 when it could not be done.

mod arguments;
mod ask;
mod call;
mod check;
mod functions;
mod habits;
mod install;
mod packages;
mod pyproject;
mod report;
mod run;
mod sdk;
mod serve;
mod step;
mod tools;
mod types;
mod venv;

use std::process::ExitCode;

use arguments::{Arguments, Command};
use clap::Parser;
use diglot_config::Environment;

/// The front makes and frees small things for every request; this allocator is measurably quicker at it than the system's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return habits::explain(error),
    };
    let environment = match Environment::of_process() {
        Ok(environment) => environment,
        Err(error) => return report::refuse(&format!("the working directory cannot be told: {error}")),
    };
    match arguments.command {
        // Its workers start again and again, and each time in the folder that the shell's name leads to.
        Command::Serve(serve) => serve::serve(serve, &environment.named_as_in_the_shell()),
        Command::Check(check) => check::check(check, &environment),
        Command::Install(install) => install::install(install, &environment),
        Command::Run(run) => run::run(run, &environment),
        Command::Functions(functions) => functions::functions(functions, &environment),
        Command::Call(call) => call::call(call, &environment),
        Command::Types(types) => types::types(types, &environment),
    }
}
