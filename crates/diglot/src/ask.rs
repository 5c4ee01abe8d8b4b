//! Finding the running server, for the commands that talk to it.

use std::{
    future::Future,
    path::{Path, PathBuf},
    process::ExitCode,
};

use diglot_config::{Arguments, Environment, FILE_NAME, Problem, resolve};
use diglot_control::{Client, ClientError, Described, Offered, candidates};

use crate::{arguments::Running, report};

/// Where the default socket's folder is.
const RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";

/// Connects to the server and has something asked; says why where that cannot be.
pub(crate) fn server<F: Future<Output = Result<ExitCode, ClientError>>>(
    running: Running,
    environment: &Environment,
    ask: impl FnOnce(Client) -> F,
) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report::failed(&format!("the system gives no event loop: {error}"), None),
    };
    let missing = running.config.clone().filter(|file| !environment.cwd.join(file).exists());
    let is_elsewhere =
        running.control.is_none() && running.config.is_none() && !environment.cwd.join(FILE_NAME).exists();
    let places = match places(running, environment, Whose::Any) {
        Ok(places) => places,
        Err(error) => return failed(&error),
    };
    runtime.block_on(async {
        let mut refused = None;
        for place in &places {
            match Client::connect(place).await {
                Ok(client) => return ask(client).await.unwrap_or_else(|error| failed(&error)),
                Err(error) => refused = refused.or(Some(error)),
            }
        }
        match missing {
            Some(file) => no_file(&file),
            None => refused.map_or_else(report::wrong, |error| match is_elsewhere {
                true => elsewhere(&environment.cwd),
                false => failed(&error),
            }),
        }
    })
}

/// A server may outlive its file, so that is looked at only where none answers.
fn no_file(file: &Path) -> ExitCode {
    report::problems(&[Problem::error(format!("cannot read `{}`: it does not exist", file.display()))
        .hint("name the file that the server was started with, or its socket with --control PATH")]);
    report::wrong()
}

/// A folder without a file may still be that of a server of targets; none answers.
fn elsewhere(folder: &Path) -> ExitCode {
    let problem = Problem::error(format!(
        "no server was started in `{}`, and no {FILE_NAME} is there",
        folder.display()
    ));
    report::problems(&[problem.hint(
        "go to the folder that the server was started in, or say which it is with --config FILE or --control PATH",
    )]);
    report::wrong()
}

/// The functions of the server that runs with this configuration, if there is one.
///
/// # Errors
/// One was named by its socket, and does not answer; or it does not answer as it should.
pub(crate) fn offered(running: &Running, environment: &Environment) -> Result<Option<Offered>, ExitCode> {
    if_it_runs(running, environment, async |client| client.offered().await)
}

/// What all services of that server answer, of this host.
///
/// # Errors
/// As [`offered`].
pub(crate) fn described(
    running: &Running,
    host: Option<&str>,
    environment: &Environment,
) -> Result<Option<Described>, ExitCode> {
    if_it_runs(running, environment, async |client| client.description(host).await)
}

fn if_it_runs<R>(
    running: &Running,
    environment: &Environment,
    ask: impl AsyncFnOnce(Client) -> Result<R, ClientError>,
) -> Result<Option<R>, ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| report::failed(&format!("the system gives no event loop: {error}"), None))?;
    // Without a folder for them there is none. One that was started in the folder of the configuration with TARGETs has
    // other services.
    let places = places(running.clone(), environment, Whose::Configuration).unwrap_or_default();
    runtime.block_on(async {
        for place in places {
            match Client::connect(&place).await {
                Ok(client) => return ask(client).await.map(Some).map_err(|error| failed(&error)),
                Err(error) if running.control.is_some() => return Err(failed(&error)),
                Err(_) => {}
            }
        }
        Ok(None)
    })
}

fn failed(error: &ClientError) -> ExitCode {
    let hint = match error {
        ClientError::NoServer { .. } => {
            "start one with `diglot serve`, or say which with --config FILE or --control PATH, as it was started"
        }
        ClientError::Refused(_) => "restart it, or have the sources asked with --fresh",
        ClientError::Name(_) => "`diglot functions` lists what there is",
        _ => "look into its log",
    };
    report::failed(&error.to_string(), Some(hint))
}

/// Which server is looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Whose {
    /// That of the configuration.
    Configuration,
    /// That one, or one that was started in the folder without it.
    Any,
}

/// Where the server may be, the likeliest place first.
fn places(running: Running, environment: &Environment, whose: Whose) -> Result<Vec<PathBuf>, ClientError> {
    if let Some(path) = running.control {
        return Ok(vec![environment.cwd.join(path)]);
    }
    let file = running.config.clone().unwrap_or_else(|| PathBuf::from(FILE_NAME));
    let arguments = Arguments { config: running.config, ..Arguments::default() };
    // What is wrong with the configuration is no matter here: the server runs with what it was.
    let resolution = resolve(&arguments, environment).ok().and_then(|resolution| resolution.config);
    if let Some(path) = resolution.and_then(|config| config.server.control) {
        return Ok(vec![path]);
    }
    let file = environment.cwd.join(file);
    let named: &[&Path] = match whose {
        Whose::Configuration => &[&file],
        Whose::Any => &[&file, &environment.cwd],
    };
    candidates(named, environment.var(RUNTIME_DIR))
}

/// `model.similar`: the service's name and the function's.
pub(crate) fn split_function(name: &str) -> Result<(&str, &str), Problem> {
    match name.split_once('.') {
        Some((service, function)) if is_name(service) && is_name(function) => Ok((service, function)),
        _ => Err(Problem::error(format!("`{name}` names no function"))
            .hint("a function is SERVICE.FUNCTION, as in model.similar; `diglot functions` lists them")),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}
