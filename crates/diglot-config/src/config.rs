//! What `resolve` ends with: one value that holds every decision, so that no later part of the server
//! asks the environment, looks for a file or knows a default.
//!
//! Paths are absolute. They are joined, never canonicalised: a venv's `bin/python` is a symbolic link whose
//! *own* path tells Python which venv it is in.

use std::{fmt, net::SocketAddr, path::PathBuf, time::Duration};

use crate::{
    description::Description, identity::Identity, proxies::TrustedProxies, published::Published,
    service::Service,
};

/// Everything a server needs to know, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The folder of `diglot.toml`, or the working directory where TARGETs were given.
    pub base: PathBuf,
    /// The configuration file; `None` where TARGETs were given.
    pub source: Option<PathBuf>,
    pub server: Server,
    pub functions: Functions,
    /// `None`: nobody but the services and the shell calls functions.
    pub published: Option<Published>,
    /// `None`: the server says nothing of what its services answer.
    pub description: Option<Description>,
    /// At least one, in the order in which they were written.
    pub services: Vec<Service>,
    /// Decisions a person would otherwise have to guess at, one sentence each, for the log.
    pub notes: Vec<String>,
}

/// The front: its sockets, threads and patience.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// At least one, no address twice.
    pub listen: Vec<Listen>,
    /// Threads of the front; `None` leaves it to the number of cores.
    pub threads: Option<usize>,
    pub limits: Limits,
    pub timeouts: Timeouts,
    /// Permission bits of Unix sockets.
    pub socket_mode: u32,
    /// As whom the server and its workers go on once the addresses are bound.
    pub identity: Option<Identity>,
    /// Where the server's process id is written.
    pub pidfile: Option<PathBuf>,
    pub access_log: AccessLog,
    /// What Diglot itself logs at least.
    pub log_level: LogLevel,
    /// Who may say for whom they ask.
    pub trusted_proxies: TrustedProxies,
    pub websocket: WebSocket,
    /// The control socket, where it was named.
    pub control: Option<PathBuf>,
}

impl Server {
    /// As uvicorn's: a proxy runs as a user of its own, and must be able to connect.
    pub const SOCKET_MODE_DEFAULT: u32 = 0o666;
}

/// One place the front accepts connections at. `Display` gives back the form it is written in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Listen {
    /// Port 0 leaves the choice of a free port to the system.
    Tcp(SocketAddr),
    Unix(PathBuf),
    /// A descriptor of a listening socket that this process was started with.
    Inherited(i32),
    /// Those that systemd passes: `LISTEN_FDS`.
    Systemd,
}

/// Whether and how each request has a line on stderr.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum AccessLog {
    #[default]
    Off,
    Text,
    /// One JSON object a line.
    Json,
}

/// How much Diglot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The word it is written with.
    pub fn as_str(self) -> &'static str {
        match self {
            LogLevel::Error => "error",
            LogLevel::Warn => "warn",
            LogLevel::Info => "info",
            LogLevel::Debug => "debug",
            LogLevel::Trace => "trace",
        }
    }
}

/// This machine only, port 8000.
impl Default for Listen {
    fn default() -> Self {
        Listen::Tcp(SocketAddr::from(([127, 0, 0, 1], 8_000)))
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Listen::Tcp(address) => write!(f, "{address}"),
            Listen::Unix(path) => write!(f, "unix:{}", path.display()),
            Listen::Inherited(descriptor) => write!(f, "fd:{descriptor}"),
            Listen::Systemd => f.write_str("systemd"),
        }
    }
}

/// How much the front takes before it says no. The status a client sees is in brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Method, target and version together, without the line's end (414).
    pub request_line_bytes_max: usize,
    /// The whole head, request line included (431). Never above [`Limits::HEADER_BYTES_CEILING`].
    pub header_bytes_max: usize,
    /// Header fields, and trailer fields of their own (431).
    pub header_count_max: usize,
    /// A request's body after its transfer coding is removed (413); [`Limits::UNLIMITED`] for no limit.
    pub body_bytes_max: u64,
    /// Open client connections; further ones wait in the system's accept queue.
    pub connections_max: usize,
    /// Connections in that queue of each address, as far as the system grants them (`net.core.somaxconn`).
    pub backlog: u32,
}

impl Limits {
    /// A head travels to a worker in one frame, and this is what a frame holds.
    pub const HEADER_BYTES_CEILING: usize = 64 * 1024;
    /// The `body_bytes_max` of a service that takes bodies of any length.
    pub const UNLIMITED: u64 = u64::MAX;
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            request_line_bytes_max: 8_190,
            header_bytes_max: 32 * 1024,
            header_count_max: 100,
            // A body is streamed and never held, so its length costs the front nothing: the limit is there to
            // end what no honest client sends, and stays above what people upload.
            body_bytes_max: 1024 * 1024 * 1024,
            // Descriptors run out before this on most systems; it bounds memory where they do not.
            connections_max: 65_536,
            backlog: 4_096,
        }
    }
}

/// Calls of functions between services.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Functions {
    /// For a call, where neither caller nor function say how long it may take.
    pub timeout: Duration,
    /// Calls of a function that wait while its workers have as many as they take, where it does not say.
    pub queue: usize,
    /// Arguments or an answer.
    pub message_bytes_max: u32,
}

impl Default for Functions {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(30),
            queue: 1_024,
            message_bytes_max: diglot_calls::MESSAGE_BYTES_MAX,
        }
    }
}

/// WebSockets, which the front speaks for ASGI applications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocket {
    /// A message of a client (1009); [`Limits::UNLIMITED`] for no limit.
    pub message_bytes_max: u64,
    /// Whether permessage-deflate is agreed on with clients that offer it.
    pub compression: bool,
    /// A client that has been silent for so long is sent a ping; `None`: never.
    pub ping_interval: Option<Duration>,
    /// One that stays silent for so long after it is gone.
    pub ping_timeout: Duration,
}

impl Default for WebSocket {
    fn default() -> Self {
        // What uvicorn has.
        WebSocket {
            message_bytes_max: 16 * 1024 * 1024,
            compression: true,
            ping_interval: Some(Duration::from_secs(20)),
            ping_timeout: Duration::from_secs(20),
        }
    }
}

/// How long the front and the supervisor wait.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// From a request's first byte to the end of its head (408).
    pub header_read: Duration,
    /// An open connection between two requests.
    pub idle: Duration,
    /// Between two reads of a request's body (408).
    pub body: Duration,
    /// Between two writes a client accepts; then the connection is cut.
    pub write: Duration,
    /// From the order to stop until what is still in flight is cut.
    pub grace: Duration,
    /// From the start of a worker until it has loaded its app. A service may set its own.
    pub start: Duration,
    /// A worker that has not answered for so long is replaced; `None` never asks. A service may set its own.
    pub heartbeat: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            header_read: Duration::from_secs(30),
            // Above the 60 s of common load balancers, which must be the side that closes.
            idle: Duration::from_secs(75),
            body: Duration::from_secs(30),
            write: Duration::from_secs(60),
            grace: Duration::from_secs(30),
            // Loading a model takes honest minutes.
            start: Duration::from_secs(120),
            // Inference blocks an event loop honestly: a shorter one would kill workers that work.
            heartbeat: Some(Duration::from_secs(30)),
        }
    }
}
