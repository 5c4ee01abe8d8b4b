//! What `diglot.toml` may hold: the one list of keys. The doc comments are what a person reads in the reference and
//! in their editor, so they are written for that person.

use crate::{
    config::{Limits, LogLevel},
    read::section,
    service::{AsgiSpec, EventLoop, Interface, Lifespan},
    values::{AccessLogKey, Mode, OneOf, OneOrMany, OrNone, Size, Table, Wait, Whole},
};

/// Workers of one service, and threads of one process.
pub(crate) const WORKERS_MAX: u64 = 1_024;
/// Requests in flight on one link: it has window for as many that stand still.
pub(crate) const CONCURRENCY_MAX: u64 = 32_767;
/// Requests that wait for a worker.
const QUEUE_MAX: u64 = 65_536;
/// Requests of one worker's life.
const REQUESTS_MAX: u64 = u32::MAX as u64;
/// What a worker may be given to hold at least: below, no interpreter would even start.
const MEMORY_MIN: u64 = 16 << 20;
/// What a request line may be at least, so that a plain GET passes.
const REQUEST_LINE_MIN: u64 = 64;
/// What a message of a call may be at least: errors and small arguments pass.
const MESSAGE_BYTES_MIN: u64 = 1_024;
/// An interpreter holds a message whole, and the protocol counts its bytes in 32 bits.
const MESSAGE_BYTES_CEILING: u64 = 2 << 30;
const HEADER_BYTES_MIN: u64 = 1_024;
const HEADER_COUNT_MAX: u64 = 1_000;
const CONNECTIONS_MAX: u64 = 1_048_576;
const BACKLOG_MAX: u64 = 65_535;
const CEILING: u64 = Limits::HEADER_BYTES_CEILING as u64;

pub(crate) type Workers = Whole<1, WORKERS_MAX>;

/// What stands for a service's name where a place is meant in general.
pub(crate) const ENTRY_NAME: &str = "NAME";

/// Every table and its keys, to say of a key in the wrong one where it belongs.
pub(crate) const SECTIONS: [(&str, &[&str]); 9] = [
    (File::PLACE, File::KEYS),
    (ServerSection::PLACE, ServerSection::KEYS),
    (LimitsSection::PLACE, LimitsSection::KEYS),
    (TimeoutsSection::PLACE, TimeoutsSection::KEYS),
    (WebSocketSection::PLACE, WebSocketSection::KEYS),
    (FunctionsSection::PLACE, FunctionsSection::KEYS),
    (ServiceSection::PLACE, ServiceSection::KEYS),
    (ServiceLimitsSection::PLACE, ServiceLimitsSection::KEYS),
    (ServiceTimeoutsSection::PLACE, ServiceTimeoutsSection::KEYS),
];

section! {
    /// The configuration of a Diglot server: one `[server]`, and one `[services.NAME]` for each application.
    File, "at the top level" {
        /// The front: where it listens, and what it takes.
        server: ServerSection,
        /// Calls of functions between services.
        functions: FunctionsSection,
        /// The applications, each under a name of letters, digits, `-` and `_`.
        services: Table<ServiceSection>,
    }
}

section! {
    /// The front: where it listens, and what it takes.
    ServerSection, "in `[server]`" {
        /// Where clients connect: `"127.0.0.1:8000"`, `"[::1]:8000"`, `"unix:/run/diglot.sock"`. One or an array.
        /// Port 0 takes a free one; `0.0.0.0` and `[::]` are every interface. `"systemd"` takes the sockets of a `.socket`
        /// unit, `"fd:3"` one that this process was started with. `--listen` replaces it.
        listen: OneOrMany<String>,
        /// Who may connect to Unix sockets, as permission bits in octal: `"660"`. By default `"666"`, everyone, as
        /// with uvicorn: whoever may not is kept out by the permissions of the folder.
        socket_mode: Mode,
        /// As whom the server and its workers run: a name or a number. Diglot is started as root then, and gives that up
        /// once it has bound its addresses; Unix sockets and the pid file are given to that user. Linux only.
        user: String,
        /// The group of the server and its workers. By default that of `user`.
        group: String,
        /// A file for the process id of the server, once it is bound; removed at the end, where `user` has the right to.
        pidfile: String,
        /// Threads of the front. By default chosen by the number of cores.
        threads: Whole<1, WORKERS_MAX>,
        /// One line for each request on stderr: `true` for text, `"json"` for one object each (`time`, `client`, `method`,
        /// `target`, `version`, `status`, `bytes`, `ms`). `--access-log` and `--no-access-log` replace it.
        access_log: AccessLogKey,
        /// What Diglot itself says at least, on stderr. What workers write is always passed on. `--log-level` replaces it, and
        /// the variable `DIGLOT_LOG` both; it can choose by part, as in `warn,diglot_front=debug`.
        /// `"critical"`, `"warning"` and `"notset"` are what other servers call the first, the second and the last.
        log_level: OneOf<LogLevel>,
        /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: IP addresses, networks such as
        /// `"10.0.0.0/8"`, `"unix"` for whoever opens a Unix socket, `"*"` for everyone. One or an array, `[]` for nobody.
        /// Where this key is missing, `FORWARDED_ALLOW_IPS` says it, as for uvicorn and gunicorn.
        /// What they say becomes the client's address and the scheme: in ASGI and WSGI, in the URL of a `fetch` request
        /// and in the access log. A program with a server of its own (Express, Fastify) sees the connection as it is and
        /// has its own setting (`trust proxy`).
        trusted_proxies: OneOrMany<String>,
        /// The path of the control socket, on which `diglot functions` and `diglot call` ask. By default a private path made
        /// from the path of this file.
        control: String,
        /// Describes what all services answer, and the functions that are published, as one document of OpenAPI 3.1 at this path:
        /// `"/openapi.json"`. It is made of what the services say of themselves (`openapi` of each). No service may have the
        /// path as a route. By default there is none.
        openapi: String,
        /// What the document calls the API. By default the name of the project's folder; where one service alone is described,
        /// what that calls itself.
        openapi_title: String,
        /// The version that the document says it is of. By default those of the services.
        openapi_version: String,
        /// A page that shows the document, and from which it can be tried: `"/docs"`. By default there is none.
        docs: String,
        /// How much the front takes before it says no.
        limits: LimitsSection,
        /// How long the front and the workers' supervisor wait.
        timeouts: TimeoutsSection,
        /// WebSockets of ASGI applications.
        websocket: WebSocketSection,
    }
}

section! {
    /// WebSockets of ASGI applications. The server speaks the protocol; applications get whole messages.
    WebSocketSection, "in `[server.websocket]`" {
        /// The longest message a client may send, unpacked; above it, the connection is closed with 1009. `"none"` for no
        /// limit: then a client can make a worker hold as much as it sends.
        message: OrNone<Size<1, { u64::MAX }>>,
        /// Whether messages are compressed (permessage-deflate) with clients that offer it.
        compression: bool,
        /// A client that has been silent for so long is sent a ping. `"none"` for never.
        ping_interval: OrNone<Wait>,
        /// One that has still not been heard of after so long is gone.
        ping_timeout: Wait,
    }
}

section! {
    /// How much the front takes before it says no.
    LimitsSection, "in `[server.limits]`" {
        /// Method, target and version of a request together; above it, 414.
        request_line: Size<REQUEST_LINE_MIN, CEILING>,
        /// The whole head of a request; above it, 431.
        headers: Size<HEADER_BYTES_MIN, CEILING>,
        /// Header fields of a request; above it, 431.
        header_count: Whole<1, HEADER_COUNT_MAX>,
        /// The body of a request; above it, 413. `"none"` for no limit. Bodies are streamed and never held in memory.
        body: OrNone<Size<1, { u64::MAX }>>,
        /// Open client connections; further ones wait until one closes. Never more than the limit of open files (`ulimit
        /// -Hn`) has room for beside the workers.
        connections: Whole<1, CONNECTIONS_MAX>,
        /// Connections that the system holds at each address until they are accepted; it may grant fewer
        /// (`net.core.somaxconn`).
        backlog: Whole<1, BACKLOG_MAX>,
    }
}

section! {
    /// How long the front and the workers' supervisor wait.
    TimeoutsSection, "in `[server.timeouts]`" {
        /// For the head of a request, from its first byte; then 408.
        header_read: Wait,
        /// For the next request on an open connection; then it is closed.
        idle: Wait,
        /// For more of a request's body; then 408.
        body: Wait,
        /// For a client to take more of a response; then the connection is cut.
        write: Wait,
        /// For what is in flight when the server is asked to stop; then it is cut.
        grace: Wait,
        /// For a worker to load its app; then the start has failed.
        start: Wait,
        /// For a sign of life from a worker; then it is replaced. `"none"` never asks.
        heartbeat: OrNone<Wait>,
    }
}

section! {
    /// Calls of functions between services.
    FunctionsSection, "in `[functions]`" {
        /// For a call, from its begin; then its caller gets `DeadlineExceeded`. The function's own `timeout`, and the caller's,
        /// go before it.
        timeout: Wait,
        /// Calls of one function that wait while every worker has as many as it takes (`concurrency` of the function), or is
        /// starting; the next gets `Overloaded`. The function's own `queue` goes before it.
        queue: Whole<0, QUEUE_MAX>,
        /// The arguments of a call, its answer, or an item of a stream; above it, `TooLarge`.
        message_bytes_max: Size<MESSAGE_BYTES_MIN, MESSAGE_BYTES_CEILING>,
        /// Publishes functions: below this path, `"/rpc"`, each is called by `POST /rpc/SERVICE/FUNCTION` with a JSON object of its
        /// parameters, by everybody who reaches the server. No service may have the path as a route; one that is longer
        /// wins. By default nobody but the services and the shell can call them.
        http: String,
        /// Which of them: services, all of whose functions are meant, and single functions, as in `["shop", "model.similar"]`. One or
        /// an array. By default all functions of all services.
        published: OneOrMany<String>,
    }
}

section! {
    /// One application and how it is run.
    ServiceSection, "in `[services.NAME]`" {
        /// What is run. Python: `"main:app"`, `"pkg.mod:factory()"`, `"pkg.mod"` (finds `app` or `application`),
        /// `"src/main.py"`, `"src/main.py:app"`, `"functions.py"` of functions alone. Node: a `.js`, `.mjs` or
        /// `.cjs` file, or one in TypeScript: `.ts`, `.mts`, `.cts`, `.tsx`, `.jsx`.
        #[cfg_attr(test, schemars(required))]
        entry: String,
        /// The prefixes that go to this service: `"/"`, `"/api"`, `"example.com/shop"`. The longest that matches
        /// wins, on whole segments. Paths are compared as they were sent: `/%61pi` is not `/api`. `[]` for none: others call its
        /// functions. Without this key a service has `"/"`, or none where another service names that or where it turns out
        /// to offer functions only.
        routes: OneOrMany<String>,
        /// The folder the other paths start from; the workers' working directory. By default that of this file.
        root: String,
        /// Processes. `--workers` replaces it. By default as many as `WEB_CONCURRENCY` says, or one.
        workers: Workers,
        /// Requests after which a worker is replaced, for an app that leaks: the next one is ready before the old one gets
        /// no more and finishes those it has (within `grace`). One worker of a service at a time. By default never.
        max_requests: Whole<1, REQUESTS_MAX>,
        /// By how much at most, chosen at random, a worker's own number is above `max_requests`. By default a tenth of it.
        max_requests_jitter: Whole<0, REQUESTS_MAX>,
        /// How long a worker serves before it is replaced in the same way. By default for ever.
        lifetime: Wait,
        /// The memory a worker may hold (resident, of its own process, looked at every 5 s) before it is replaced in the
        /// same way. By default as much as it likes. Linux only.
        memory: Size<MEMORY_MIN, { u64::MAX }>,
        /// Mount the app at its route instead of only sending requests there: ASGI gets `root_path` and keeps `path`
        /// whole, WSGI gets `SCRIPT_NAME`, and Node's `req.url` is cut, with `req.originalUrl` kept.
        strip: bool,
        /// Where a proxy serves the app, if the proxy cuts that off the path: `"/api"`. It becomes ASGI's `root_path`, in
        /// front of `path`, and WSGI's `SCRIPT_NAME`. Where the proxy does not cut, leave it out and use `routes` with
        /// `strip`.
        root_path: String,
        /// Where the app has the OpenAPI document of what it answers, as JSON, for the server's own: `"/openapi.json"`. A path as the
        /// app knows it. `"none"` leaves the service out. By default the places where FastAPI, Django Ninja, drf-spectacular,
        /// @fastify/swagger, NestJS and others have it are tried.
        openapi: String,
        /// Environment variables of the workers, above those of Diglot's own environment and of `env_file`.
        env: Table<String>,
        /// A file of `NAME=value` lines, or an array of them; later ones win. What Diglot's own environment has is not
        /// changed. `${NAME}` and `${NAME:-default}` are filled in, but not in single quotes; a value in quotes may go on over
        /// lines.
        env_file: OneOrMany<String>,
        /// The Python interpreter: a path, or a command on PATH. By default the one of the venv, else `python3`.
        python: String,
        /// The virtual environment. By default `.venv` or `venv` in `root`, else `VIRTUAL_ENV`.
        venv: String,
        /// The Node interpreter: a path, or a command on PATH. By default `node`.
        node: String,
        /// Options for Node itself, each a string of its own: `["--max-old-space-size=1024", "--enable-source-maps"]`.
        node_args: OneOrMany<String>,
        /// Where the first worker of a Node program listens for a debugger (`chrome://inspect`): `"127.0.0.1:9229"`. The next
        /// ones have the ports after that, and a worker that replaces another, while both live, those after these; the log
        /// names each. Whoever reaches it can run any code in the worker: keep it on loopback. A worker that is inspected is not asked for
        /// signs of life. `diglot serve --inspect` does it for all.
        inspect: String,
        /// `"asgi"` or `"wsgi"`, where the app's own signature does not tell.
        interface: OneOf<Interface>,
        /// Threads of a worker that runs a WSGI app. By default the worker chooses.
        threads: Whole<1, WORKERS_MAX>,
        /// The event loop of an ASGI app: `"auto"` is uvloop where it is installed, else asyncio's own.
        r#loop: OneOf<EventLoop>,
        /// Whether an ASGI app is told of start and stop: `"auto"` goes on without an app that does not know how,
        /// `"on"` does not start such an app.
        lifespan: OneOf<Lifespan>,
        /// The revision of the ASGI HTTP specification the app is told of. From 2.4, `send()` raises once the client
        /// has left.
        asgi_spec: OneOf<AsgiSpec>,
        /// Whether an ASGI app is offered `http.response.pathsend`: Starlette, from 0.47 on, then has the worker send its
        /// files, without a thread; middleware that compresses or looks at bodies does not see them.
        pathsend: bool,
        /// Which server of a Node program is the routed one: the one that listens on this port. By default the first.
        /// Unless it is set already, a program finds this port in `PORT`, or the front's where this key is missing.
        port: Whole<1, 65_535>,
        /// Requests in flight per worker. An open stream counts for as long as it is open. For WSGI, where each needs a
        /// thread, the default is 4 for each thread, but at least 128.
        concurrency: Whole<1, CONCURRENCY_MAX>,
        /// Requests that wait while every worker is full; the next gets 503.
        queue: Whole<0, QUEUE_MAX>,
        /// For how long a request waits there; then 503.
        queue_timeout: Wait,
        /// The file in which `diglot types` tells this service of all functions: a `.d.ts` for Node, a `.py` for Python. By
        /// default `diglot.d.ts` beside an entry in TypeScript, or beside what a compiled entry is made of, else in `root`; and
        /// `diglot_services.py` in `root`, from where it is imported. `"none"` for no file.
        types: OrNone<String>,
        /// Limits of this service alone.
        limits: ServiceLimitsSection,
        /// Waits of this service alone.
        timeouts: ServiceTimeoutsSection,
    }
}

section! {
    /// Limits of this service alone.
    ServiceLimitsSection, "in `[services.NAME.limits]`" {
        /// The body of a request; above it, 413. `"none"` for no limit. By default the server's.
        body: OrNone<Size<1, { u64::MAX }>>,
    }
}

section! {
    /// Waits of this service alone.
    ServiceTimeoutsSection, "in `[services.NAME.timeouts]`" {
        /// For a worker to load its app. By default the server's.
        start: Wait,
        /// For a sign of life from a worker. `"none"` never asks. By default the server's.
        heartbeat: OrNone<Wait>,
    }
}
