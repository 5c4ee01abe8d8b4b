//! `diglot run`: a command in a service's place. It replaces this process, so its exit code, signals and terminal are
//! its own.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io::{self, ErrorKind},
    os::unix::process::CommandExt,
    process::{Command, ExitCode},
};

use diglot_config::{Environment, Language, Problem, Workplace, resolve};

use crate::{arguments::Run, report, tools};

/// As shells say it: the command was found and cannot be executed, or was not found.
const CANNOT_EXECUTE: u8 = 126;
const NOT_FOUND: u8 = 127;

pub(crate) fn run(run: Run, environment: &Environment) -> ExitCode {
    let resolution = match resolve(&run.file.into(), environment) {
        Ok(resolution) => resolution,
        Err(nothing) => return report::no_file(&nothing),
    };
    let wrong: Vec<Problem> =
        resolution.problems.into_iter().filter(|problem| problem.is_error() && !problem.missing).collect();
    if !wrong.is_empty() {
        report::problems(&wrong);
        return report::wrong();
    }
    let Some(workplace) = resolution.workplaces.iter().find(|workplace| workplace.name == run.service) else {
        let names: Vec<&str> =
            resolution.workplaces.iter().map(|workplace| workplace.name.as_str()).collect();
        let problem = Problem::error(format!("there is no service `{}`", run.service));
        report::problems(&[problem.hint(format!("there are: {}", names.join(", ")))]);
        return report::wrong();
    };
    let env = match surroundings(workplace) {
        Ok(env) => env,
        Err(problem) => {
            report::problems(std::slice::from_ref(problem));
            return report::wrong();
        }
    };
    let [program, arguments @ ..] = run.command.as_slice() else {
        return report::refuse("no command was given after `--`");
    };
    let error = Command::new(program)
        .args(arguments)
        .current_dir(&workplace.root)
        .envs(env)
        .envs(tools::variables(workplace, environment))
        .exec();
    cannot_execute(program, workplace, &error)
}

/// The service's environment, once all that makes it the service's own is there. Another interpreter would work on
/// other packages, and an environment with holes on another database: better nothing is run.
fn surroundings(workplace: &Workplace) -> Result<&BTreeMap<String, String>, &Problem> {
    match &workplace.language {
        Language::Python { found, .. } => found.as_ref().map(drop)?,
        Language::Node { found, .. } => found.as_ref().map(drop)?,
    }
    workplace.env.as_ref()
}

fn cannot_execute(program: &OsStr, workplace: &Workplace, error: &io::Error) -> ExitCode {
    let name = program.to_string_lossy();
    let (why, code) = match error.kind() {
        ErrorKind::NotFound => (format!("`{name}` was not found"), NOT_FOUND),
        _ => (format!("`{name}` cannot be executed: {error}"), CANNOT_EXECUTE),
    };
    let problem = Problem::error(why).hint(format!(
        "looked for among the tools of service `{}`, then on PATH; a path is taken from {}",
        workplace.name,
        workplace.root.display()
    ));
    report::problems(&[problem]);
    ExitCode::from(code)
}
