//! A service as the supervisor starts it: what runs, with which interpreter, where, and behind which routes.

use std::{collections::BTreeMap, fmt, net::SocketAddr, path::PathBuf, time::Duration};

use crate::{description::DescribedAt, entry::TYPESCRIPT};

/// One application and how it is run.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Letters, digits, `-` and `_`; unique.
    pub name: String,
    pub entry: Entry,
    /// The workers' working directory, and the base for relative paths.
    pub root: PathBuf,
    /// No other service has one of them.
    pub routes: Vec<Route>,
    /// How it came to these.
    pub routing: Routing,
    /// At least one.
    pub workers: usize,
    /// Requests after which a worker is replaced.
    pub max_requests: Option<u64>,
    /// By how much at most a worker's own number is above that.
    pub max_requests_jitter: u64,
    /// How long a worker serves before it is replaced.
    pub lifetime: Option<Duration>,
    /// The resident memory above which a worker is replaced.
    pub memory_bytes_max: Option<u64>,
    /// Mount the app: it sees paths without the route's prefix, by its own interface's rules.
    pub strip: bool,
    /// What a proxy cuts off the path: `/api`, without a slash at the end; empty for nothing.
    pub root_path: String,
    /// Where it describes itself.
    pub described_at: DescribedAt,
    /// Added to the environment the server itself was started with: what `env_file` has
    /// beyond it, then `env`.
    pub env: BTreeMap<String, String>,
    /// Which of a Node program's servers is the routed one, where it is not the first that listens.
    pub port: Option<u16>,
    /// Requests in flight per worker; an open stream counts for as long as it is open.
    pub concurrency: usize,
    /// The same for a worker whose requests each need one of its threads (WSGI).
    pub concurrency_on_threads: usize,
    /// Requests that wait while all workers are full; one more gets 503.
    pub queue: usize,
    /// How long one waits there before it gets 503.
    pub queue_timeout: Duration,
    /// A request's body (413); the server's limit where the service sets none.
    pub body_bytes_max: u64,
    /// From the start of a worker until it has loaded its app; the server's where the service sets none.
    pub start_timeout: Duration,
    /// A silent worker is replaced after this; `None` never asks. The server's where the service sets none.
    pub heartbeat: Option<Duration>,
    /// Where the types of all functions are written for it; `None`: nowhere.
    pub types: Option<PathBuf>,
    /// The section says where; else they may be written where a compiler looks that makes the entry of a source.
    pub types_are_named: bool,
}

/// How requests come to a service, or why none do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Routing {
    /// `routes` says it.
    Written,
    /// Nothing does, and so it has `/`: all requests, if its app takes any.
    Default,
    /// Nothing does, and another service has `/`: it offers functions only.
    NoneLeft,
    /// `routes = []`.
    Nowhere,
}

impl Service {
    /// High, because an open SSE stream is a request in flight and a worker's event loop holds thousands.
    pub const CONCURRENCY_DEFAULT: usize = 8_192;
    /// Few enough that a worker which dies takes few with it and the others get their share, and enough that a worker
    /// of quick handlers never waits for the next request.
    pub const CONCURRENCY_ON_THREADS_MIN: usize = 128;
    /// Requests a worker may have for each thread, where no number is set.
    pub const CONCURRENCY_A_THREAD: usize = 4;
    /// Enough for the pause of a reload, short enough that nobody waits for an answer that comes too late.
    pub const QUEUE_DEFAULT: usize = 1_024;
    pub const QUEUE_TIMEOUT_DEFAULT: Duration = Duration::from_secs(10);
    /// What part of `max_requests` its jitter is, where none is set.
    pub const JITTER_DIVISOR: u64 = 10;
}

/// What is run.
#[derive(Clone, Debug, PartialEq)]
pub enum Entry {
    Python(PythonEntry),
    Node(NodeEntry),
}

/// A Python app and the interpreter it was installed for.
#[derive(Clone, Debug, PartialEq)]
pub struct PythonEntry {
    pub target: PythonTarget,
    /// Absolute; inside `venv` where there is one.
    pub interpreter: PathBuf,
    /// The folder that holds `pyvenv.cfg`, for `VIRTUAL_ENV` and `PATH`.
    pub venv: Option<PathBuf>,
    /// `None` leaves it to the app's own signature.
    pub interface: Option<Interface>,
    /// Threads a worker runs WSGI handlers on; `None` leaves it to the worker.
    pub threads: Option<usize>,
    pub event_loop: EventLoop,
    pub lifespan: Lifespan,
    /// What a scope's `asgi["spec_version"]` says.
    pub asgi_spec: AsgiSpec,
    /// Whether a scope's `extensions` have `http.response.pathsend`.
    pub pathsend: bool,
}

/// Where in the user's code the app is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PythonTarget {
    /// `pkg.mod`, `pkg.mod:attr`, `pkg.mod:factory()`.
    Module { module: String, attr: Option<String>, call: bool },
    /// `path/main.py`, `path/main.py:attr`, `path/main.py:factory()`; `path` is absolute.
    File { path: PathBuf, attr: Option<String>, call: bool },
}

/// As it is written in a configuration.
impl fmt::Display for PythonTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (attr, call) = match self {
            PythonTarget::Module { module, attr, call } => {
                f.write_str(module)?;
                (attr, call)
            }
            PythonTarget::File { path, attr, call } => {
                write!(f, "{}", path.display())?;
                (attr, call)
            }
        };
        if let Some(attr) = attr {
            write!(f, ":{attr}")?;
        }
        if *call { f.write_str("()") } else { Ok(()) }
    }
}

/// The two contracts between a Python app and its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interface {
    Asgi,
    Wsgi,
}

/// The event loop of an ASGI worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum EventLoop {
    /// uvloop where the environment has it, else asyncio's own.
    #[default]
    Auto,
    Uvloop,
    Asyncio,
}

/// Whether an ASGI app is told of start and stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Lifespan {
    /// Told; an app that raises goes on without it.
    #[default]
    Auto,
    /// Told; an app that raises does not start.
    On,
    Off,
}

/// The revision of the ASGI HTTP specification a worker announces. From 2.4 `send()` raises after a client has
/// left, and frameworks stop watching for that themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AsgiSpec {
    #[default]
    V2_3,
    V2_4,
    V2_5,
}

impl AsgiSpec {
    /// As a scope says it.
    pub fn as_str(self) -> &'static str {
        match self {
            AsgiSpec::V2_3 => "2.3",
            AsgiSpec::V2_4 => "2.4",
            AsgiSpec::V2_5 => "2.5",
        }
    }
}

/// A Node program, or a module that exports `{ fetch }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeEntry {
    /// Absolute.
    pub file: PathBuf,
    /// Absolute.
    pub interpreter: PathBuf,
    /// For the interpreter itself, before the file.
    pub args: Vec<String>,
    /// Where the first of its workers listens for a debugger; the next ones have the ports after that.
    pub inspect: Option<SocketAddr>,
}

impl NodeEntry {
    /// Whether its files are compiled on their way to the interpreter.
    pub fn is_typescript(&self) -> bool {
        let ending = self.file.extension().and_then(|ending| ending.to_str());
        ending.is_some_and(|ending| TYPESCRIPT.contains(&ending))
    }
}

/// What of the clients' requests goes to a service: everything below `prefix`, on whole segments.
/// `Display` gives back the form it is written in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Route {
    /// Lower case, without a port; `None` matches every host.
    pub host: Option<String>,
    /// `/` or `/api`: no slash at the end, compared as bytes with the path as sent.
    pub prefix: String,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host.as_deref().unwrap_or_default(), self.prefix)
    }
}
