//! The command line as a person types it, and the help they read.

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use diglot_config::{ForTargets, LogLevel};

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
    Functions(Functions),
    Call(Call),
    Types(Types),
}

/// Run services until told to stop.
///
/// Without a TARGET, serves what diglot.toml in the working directory says.
#[derive(Args, Debug)]
#[command(after_help = "\
Entries:
  main:app  pkg.mod:make_app()  pkg.mod  api/main.py     Python, ASGI or WSGI
  server.js  app.mjs  src/main.ts                        Node: calls listen(), or exports { fetch }

Examples:
  diglot serve main:app
  diglot serve server.js --listen 0.0.0.0:3000
  diglot serve /=web/server.js /api=api.main:app --workers 2
  diglot serve --config deploy/diglot.toml --listen unix:/run/diglot.sock
  diglot serve main:app --host 0.0.0.0 --port 80

Ends with 0 when stopped as asked, 2 when the arguments or the configuration are wrong, 1 when a service cannot start.
SIGTERM, SIGINT and SIGQUIT finish what is in flight; a second one ends at once.
SIGHUP restarts the workers, one after another, with nothing lost.")]
pub(crate) struct Serve {
    /// A service as [ROUTE=]ENTRY; without ROUTE it takes `/`. diglot.toml is not read then
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// Read this file instead of diglot.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Listen here instead of where the configuration says [default: 127.0.0.1:8000]
    #[arg(long, short = 'b', alias = "bind", value_name = "ADDR")]
    pub(crate) listen: Vec<String>,
    /// Workers of every service [default: WEB_CONCURRENCY, or 1]
    #[arg(long, short, value_name = "N")]
    pub(crate) workers: Option<u64>,
    /// Let a debugger find the workers of Node services: the first at this address, the next ones at the ports after it
    /// [default: 127.0.0.1:9229]
    #[arg(
        long,
        value_name = "ADDR",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "127.0.0.1:9229"
    )]
    pub(crate) inspect: Option<String>,
    #[command(flatten)]
    pub(crate) log: Log,
    #[command(flatten)]
    pub(crate) as_uvicorn: AsUvicorn,
    /// Path of the socket on which other commands talk to this server [default: a private one, made from the path of the
    /// configuration]
    #[arg(long, value_name = "PATH")]
    pub(crate) control: Option<PathBuf>,
}

/// What is logged, above what the configuration says.
#[derive(Args, Debug)]
pub(crate) struct Log {
    /// What Diglot itself logs at least [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log_level: Option<Level>,
    /// One line for each request
    #[arg(long, overrides_with = "no_access_log")]
    pub(crate) access_log: bool,
    /// None, whatever the configuration says
    #[arg(long, overrides_with = "access_log")]
    pub(crate) no_access_log: bool,
}

/// Levels, and the words other servers have for them.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Level {
    #[value(alias = "critical")]
    Error,
    #[value(alias = "warning")]
    Warn,
    Info,
    Debug,
    #[value(alias = "notset")]
    Trace,
}

/// A command line written for uvicorn means the same here.
#[derive(Args, Debug)]
#[command(next_help_heading = "As with uvicorn")]
pub(crate) struct AsUvicorn {
    /// With --port, what --listen says in one
    #[arg(long, value_name = "IP", value_parser = host)]
    pub(crate) host: Option<IpAddr>,
    /// With --host, what --listen says in one
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// For --listen unix:PATH
    #[arg(long, value_name = "PATH")]
    pub(crate) uds: Option<String>,
    /// For --listen fd:N
    #[arg(long, value_name = "N")]
    pub(crate) fd: Option<u32>,
    /// The folder of the TARGETs: their workers' working directory, where their modules are found
    #[arg(long, value_name = "FOLDER")]
    pub(crate) app_dir: Option<String>,
    /// A file of NAME=value lines for the TARGETs; what is in the environment already wins
    #[arg(long, alias = "env-files", value_name = "FILE")]
    pub(crate) env_file: Vec<String>,
    /// Where a proxy serves the TARGETs, if it cuts that off the path: /api
    #[arg(long, alias = "url-path-prefix", value_name = "PATH")]
    pub(crate) root_path: Option<String>,
    /// The TARGETs name functions that make the applications: for main:make_app()
    #[arg(long)]
    pub(crate) factory: bool,
}

impl AsUvicorn {
    const HOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    const PORT: u16 = 8000;

    /// The addresses, as `--listen` takes them.
    fn listen(&self) -> impl Iterator<Item = String> {
        let tcp = (self.host.is_some() || self.port.is_some()).then(|| {
            SocketAddr::new(self.host.unwrap_or(Self::HOST), self.port.unwrap_or(Self::PORT)).to_string()
        });
        let unix = self.uds.as_ref().map(|path| format!("unix:{path}"));
        let inherited = self.fd.map(|descriptor| format!("fd:{descriptor}"));
        tcp.into_iter().chain(unix).chain(inherited)
    }
}

/// An address as `--host` takes it: alone, or as it is written before a port. `localhost` is 127.0.0.1, as with uvicorn;
/// other names are not resolved.
fn host(text: &str) -> Result<IpAddr, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare == "localhost" {
        return Ok(AsUvicorn::HOST);
    }
    bare.parse().map_err(|_| match text.parse::<SocketAddr>() {
        Ok(address) => {
            format!("the port is an option of its own: --host {} --port {}", address.ip(), address.port())
        }
        Err(_) if text.is_empty() || text == "*" => {
            "write 0.0.0.0 for every interface, 127.0.0.1 for this machine only".to_owned()
        }
        Err(_) => "names are not resolved: write an IP address, as 127.0.0.1, or 0.0.0.0 for every interface"
            .to_owned(),
    })
}

impl From<Level> for LogLevel {
    fn from(level: Level) -> Self {
        match level {
            Level::Error => LogLevel::Error,
            Level::Warn => LogLevel::Warn,
            Level::Info => LogLevel::Info,
            Level::Debug => LogLevel::Debug,
            Level::Trace => LogLevel::Trace,
        }
    }
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
/// it is installed and pip elsewhere. A pyproject.toml without [build-system] is that of an application: its
/// dependencies are installed, and nothing is built. The package `diglot` is put beside them, for editors and tests. Node:
/// with `npm ci` where there is a lockfile and `npm install` elsewhere.
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

/// List the functions that the services of a running server offer.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  diglot functions
  diglot functions --json

Ends with 0, or with 1 when no server runs.")]
pub(crate) struct Functions {
    /// Everything known of them, their schemas included
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Call a function of a running server.
///
/// Prints what it returns as JSON; of a stream, a line for each item.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  diglot call model.similar '{\"item_id\": 3}'
  diglot call model.similar - < arguments.json
  diglot call model.watch --timeout 60 | head -3

Ends with 0, with 1 when the call failed or no server runs, with 2 when the arguments are no JSON object.")]
pub(crate) struct Call {
    /// The function, as SERVICE.FUNCTION
    #[arg(value_name = "FUNCTION")]
    pub(crate) function: String,
    /// Its arguments as a JSON object; `-` reads them from stdin [default: {}]
    #[arg(value_name = "ARGUMENTS")]
    pub(crate) arguments: Option<String>,
    /// What a shell makes of an object that is in no quotes: the rest of it
    #[arg(hide = true)]
    pub(crate) rest: Vec<String>,
    /// How long it may take [default: what the configuration says]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true)]
    pub(crate) timeout: Option<f64>,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Write the types of all functions, for the services that call them.
///
/// For each service a file of its language: declarations for TypeScript, a module for Python. What they say is asked of the
/// server that runs, or else of workers that are started for it. What was offered when they were written stands beside the
/// configuration, in diglot.types.json; what the package `diglot` is, for tsc, in diglot-package.d.ts. All of it is to be
/// committed.
///
/// With --client it writes one file instead, with which pages in browsers call the API: what the services say of themselves
/// (OpenAPI), and the functions that are published.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  diglot types
  diglot types --check
  diglot types --watch
  diglot types --client web/src/api.ts

Ends with 0; with 1 when a service cannot start, when a file is not its own, or, with --check, when something has changed.")]
pub(crate) struct Types {
    /// Write nothing: tell what has changed in the sources since the types were written, and whether it breaks callers. A server
    /// that runs is asked only if it is named with --control
    #[arg(long, conflicts_with = "watch")]
    pub(crate) check: bool,
    /// Write anew whenever a source is saved
    #[arg(long, conflicts_with = "control")]
    pub(crate) watch: bool,
    /// Start the services to ask them, even if a server runs: it may have been started before the sources changed
    #[arg(long, conflicts_with = "control")]
    pub(crate) fresh: bool,
    /// Write diglot.functions.json also for TypeScript that a bundler compiles, not tsc
    #[arg(long)]
    pub(crate) compiled: bool,
    /// Write a client of the API for browsers to this file of TypeScript, and nothing else. With --check, tell whether it is
    /// as it should be; with --watch, write it anew
    #[arg(long, value_name = "FILE", value_parser = typescript, conflicts_with = "compiled")]
    pub(crate) client: Option<PathBuf>,
    /// For which host the client is, where routes name several
    #[arg(long, value_name = "NAME", requires = "client")]
    pub(crate) host: Option<String>,
    #[command(flatten)]
    pub(crate) running: Running,
}

/// Which server a command talks to.
#[derive(Args, Clone, Debug)]
pub(crate) struct Running {
    /// The configuration it was started with, instead of diglot.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Its control socket, where it was started with --control
    #[arg(long, value_name = "PATH", conflicts_with = "config")]
    pub(crate) control: Option<PathBuf>,
}

/// A client's file. Of declarations alone nothing would run.
fn typescript(text: &str) -> Result<PathBuf, String> {
    let is_one = |ending: &str| text.ends_with(ending) && !text.ends_with(&format!(".d{ending}"));
    match [".ts", ".mts", ".cts"].into_iter().any(is_one) {
        true => Ok(text.into()),
        false => Err("it is TypeScript: name a file that ends with .ts, as web/src/api.ts".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if seconds > 0.0 && seconds <= SECONDS_MAX => Ok(seconds),
        _ => Err(format!("it is a number of seconds above 0, at most {SECONDS_MAX}, as 2.5")),
    }
}

/// Of a timeout: a day.
const SECONDS_MAX: f64 = 86_400.0;

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
        let Serve { mut targets, config, mut listen, workers, inspect, log, as_uvicorn, control } = serve;
        listen.extend(as_uvicorn.listen());
        if as_uvicorn.factory {
            targets
                .iter_mut()
                .filter(|target| !target.ends_with(')'))
                .for_each(|target| target.push_str("()"));
        }
        diglot_config::Arguments {
            targets,
            config,
            listen,
            workers,
            inspect,
            control,
            log_level: log.log_level.map(LogLevel::from),
            access_log: (log.access_log || log.no_access_log).then_some(log.access_log),
            for_targets: ForTargets {
                app_dir: as_uvicorn.app_dir,
                env_files: as_uvicorn.env_file,
                root_path: as_uvicorn.root_path,
            },
        }
    }
}
