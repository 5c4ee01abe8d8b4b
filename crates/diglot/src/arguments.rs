//! The command line as a person types it, and the help they read.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, Parser, Subcommand};

/// One server for Node.js and Python services, side by side behind one port.
#[derive(Debug, Parser)]
#[command(
    version,
    arg_required_else_help = true,
    max_term_width = 100,
    after_help = "\
Examples:
  diglot serve main:app                                  one Python app
  diglot serve server.js                                 one Node app
  diglot serve /=web/server.js /api=api.main:app         both, behind one port
  diglot serve                                           what diglot.toml says

`diglot help COMMAND` shows more of each."
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Serve(Serve),
    Check(Check),
    Install(Install),
    Run(Run),
}

/// Run services until told to stop.
///
/// Without a TARGET, serves what diglot.toml in the working directory says.
#[derive(Args, Debug)]
#[command(after_help = "\
Entries:
  main:app  pkg.mod:make_app()  pkg.mod  api/main.py     Python, ASGI or WSGI
  server.js  app.mjs  app.cjs                            Node: calls listen(), or exports { fetch }

Examples:
  diglot serve main:app
  diglot serve server.js --listen 0.0.0.0:3000
  diglot serve /=web/server.js /api=api.main:app --workers 2
  diglot serve --config deploy/diglot.toml --listen unix:/run/diglot.sock

Ends with 0 when stopped as asked, 2 when the arguments or the configuration are wrong, 1 when a service cannot start.
SIGTERM and SIGINT finish what is in flight; a second one ends at once.")]
pub(crate) struct Serve {
    /// A service as [ROUTE=]ENTRY; without ROUTE it takes `/`. diglot.toml is not read then
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Read this file instead of diglot.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Listen here instead of where the configuration says [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Vec<String>,
    /// Workers of every service [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) workers: Option<u64>,
    /// Path of the socket on which other commands talk to this server. Hidden while there are none
    #[arg(long, value_name = "PATH", hide = true)]
    pub(crate) control: Option<PathBuf>,
}

/// Show every problem in the configuration, each with its place and a hint.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  diglot check
  diglot check --config deploy/diglot.toml

Ends with 0 when `diglot serve` would start, 2 when it would not. A port in use is a warning. Nothing is started and no \
application is loaded: an error within one shows only when it is served.")]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
}

/// Install each service's dependencies.
///
/// Python: into the service's venv, made where there is none, from requirements.txt or pyproject.toml, with uv where
/// it is installed and pip elsewhere. Node: with `npm ci` where there is a lockfile and `npm install` elsewhere.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  diglot install
  diglot install --config deploy/diglot.toml")]
pub(crate) struct Install {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
}

/// Run a command as a service would run: its folder, interpreter, venv and environment.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  diglot run api -- python manage.py migrate
  diglot run api -- python
  diglot run web -- npm run build

Ends as the command does.")]
pub(crate) struct Run {
    /// A service's name in the configuration
    #[arg(value_name = "SERVICE")]
    pub(crate) service: String,
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// The command and its arguments, after `--`
    #[arg(value_name = "COMMAND", last = true, required = true)]
    pub(crate) command: Vec<OsString>,
}

#[derive(Args, Debug)]
pub(crate) struct ConfigFile {
    /// Read this file instead of diglot.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl From<ConfigFile> for diglot_config::Arguments {
    fn from(file: ConfigFile) -> Self {
        diglot_config::Arguments { config: file.config, ..diglot_config::Arguments::default() }
    }
}

impl From<Serve> for diglot_config::Arguments {
    fn from(serve: Serve) -> Self {
        let Serve { targets, config, listen, workers, control } = serve;
        diglot_config::Arguments { targets, config, listen, workers, control }
    }
}
