//! Who runs in the rows, and with which settings: each peer at the best its documentation names, one worker each,
//! no access log; Diglot at its defaults.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;
use tokio::process::Command;

use super::load::Request;
use super::measure::Sample;
use super::peers::{NodeRuntime, Peers};
use crate::process::Cost;
use crate::server::{Launch, Ready, Server, free_port};

/// The fastest of uvicorn's implementations of WebSocket, in echo and broadcast: measured once, beside `websockets`
/// and `wsproto` at 1.5 times its CPU and more.
const UVICORN_WEBSOCKETS: &str = "websockets-sansio";

/// One server, or several that answer together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Contender {
    /// `diglot serve ARGUMENT...`
    Diglot(&'static [&'static str]),
    Uvicorn(&'static str),
    UvicornWebSocket(&'static str),
    Granian {
        interface: &'static str,
        target: &'static str,
    },
    GranianWebSocket {
        runtime: GranianRuntime,
        target: &'static str,
    },
    Gunicorn {
        worker: GunicornWorker,
        target: &'static str,
    },
    /// A program that listens by itself.
    Node(&'static str),
    /// The same, that forks two workers of its own.
    NodeCluster(&'static str),
    /// A program in Bun, which is no server of Node services: it stands beside the peers.
    Bun(&'static str),
    /// nginx in front of uvicorn at `/py` and node at `/js`.
    NginxPair {
        python: &'static str,
        node: &'static str,
    },
    NginxReturn,
    /// The front crate answering by itself.
    FrontAlone,
}

/// With WebSockets neither is the faster one throughout.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum GranianRuntime {
    SingleThreaded,
    MultiThreaded,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum GunicornWorker {
    Sync,
    /// Two threads: one more than one keeps the next request read while one is answered, more only take turns.
    Gthread,
    /// Its own, with uvloop and its C parser.
    Asgi,
}

impl Contender {
    /// The name in the tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Diglot(_) => "diglot",
            Self::Uvicorn(_) | Self::UvicornWebSocket(_) => "uvicorn",
            Self::Granian { .. } => "granian",
            Self::GranianWebSocket { runtime: GranianRuntime::SingleThreaded, .. } => "granian st",
            Self::GranianWebSocket { runtime: GranianRuntime::MultiThreaded, .. } => "granian mt",
            Self::Gunicorn { worker: GunicornWorker::Sync, .. } => "gunicorn sync",
            Self::Gunicorn { worker: GunicornWorker::Gthread, .. } => "gunicorn gthread",
            Self::Gunicorn { worker: GunicornWorker::Asgi, .. } => "gunicorn asgi",
            Self::Node("hono_node_server.js") => "@hono/node-server",
            Self::Node(_) => "node",
            Self::NodeCluster(_) => "node:cluster",
            Self::Bun(_) => "bun",
            Self::NginxPair { .. } => "nginx + uvicorn + node",
            Self::NginxReturn => "nginx",
            Self::FrontAlone => "diglot front",
        }
    }

    /// Whether it is ours.
    pub(crate) fn is_diglot(self) -> bool {
        matches!(self, Self::Diglot(_) | Self::FrontAlone)
    }

    /// Whether no floor is held against it.
    pub(crate) fn is_beside(self) -> bool {
        matches!(self, Self::Bun(_))
    }

    /// What must be built or installed first, where it is not there.
    pub(crate) fn missing(self, peers: &Peers) -> Option<String> {
        let binary = match self {
            Self::Diglot(_) => &peers.diglot,
            Self::FrontAlone => &peers.front_alone,
            Self::Bun(_) => &peers.bun,
            _ => return None,
        };
        (!binary.is_file()).then(|| format!("there is no {}", binary.display()))
    }

    /// Starts its servers, the one that is loaded last.
    pub(crate) async fn start(self, peers: &Peers, node: &NodeRuntime) -> Result<Vec<Server>> {
        let Self::NginxPair { python, node: program } = self else {
            return Ok(vec![Server::start(self.launch(peers, node)?).await?]);
        };
        let uvicorn = Server::start(Self::Uvicorn(python).launch(peers, node)?).await?;
        let server = Server::start(Self::Node(program).launch(peers, node)?).await?;
        let behind = format!(
            "upstream py {{ server {}; keepalive 64; }}\n    upstream js {{ server {}; keepalive 64; }}",
            uvicorn.address, server.address
        );
        let routes = "location /py { proxy_pass http://py; } location /js { proxy_pass http://js; }";
        let nginx = Server::start(nginx(peers, &behind, routes)?).await?;
        Ok(vec![uvicorn, server, nginx])
    }

    fn launch(self, peers: &Peers, node: &NodeRuntime) -> Result<Launch> {
        let command = |program: &Path| {
            let mut command = Command::new(program);
            command.current_dir(&peers.apps).env("NODE_ENV", "production").env_remove("VIRTUAL_ENV");
            command.env("PATH", node.path_first());
            command
        };
        let python = |program: &str| command(&peers.python.with_file_name(program));
        let (command, ready) = match self {
            Self::Diglot(targets) => {
                let mut command = command(&peers.diglot);
                command.arg("serve").args(targets).args(["--listen", "127.0.0.1:0"]);
                (command, Ready::Address("diglot: listening on "))
            }
            Self::Uvicorn(target) | Self::UvicornWebSocket(target) => {
                let websockets = match self {
                    Self::UvicornWebSocket(_) => UVICORN_WEBSOCKETS,
                    _ => "none",
                };
                let mut command = python("uvicorn");
                command.args(["--host", "127.0.0.1", "--port", "0", "--workers", "1", "--no-access-log"]);
                command.args(["--loop", "uvloop", "--http", "httptools", "--ws", websockets, target]);
                (command, Ready::Address("Uvicorn running on "))
            }
            Self::Granian { target, .. } | Self::GranianWebSocket { target, .. } => {
                let (interface, runtime, websockets) = match self {
                    Self::Granian { interface, .. } => (interface, "st", "--no-ws"),
                    Self::GranianWebSocket { runtime: GranianRuntime::MultiThreaded, .. } => {
                        ("asgi", "mt", "--ws")
                    }
                    _ => ("asgi", "st", "--ws"),
                };
                let port = free_port()?;
                let mut command = python("granian");
                command.args(["--host", "127.0.0.1", "--port", &port.to_string(), "--workers", "1"]);
                command.args(["--interface", interface, "--runtime-mode", runtime, "--loop", "uvloop"]);
                command.args(["--http", "1", websockets]);
                if interface == "wsgi" {
                    command.args(["--blocking-threads", "1"]);
                }
                command.arg(target);
                // A runtime has a number of its own only where it is not the only one.
                let ready = if runtime == "mt" { "Started worker-1" } else { "Started worker-1 runtime-1" };
                (command, Ready::Port(ready, port))
            }
            Self::Gunicorn { worker, target } => {
                let mut command = python("gunicorn");
                command.args(["--bind", "127.0.0.1:0", "--workers", "1"]);
                match worker {
                    GunicornWorker::Sync => command.args(["--worker-class", "sync"]),
                    GunicornWorker::Gthread => command.args(["--worker-class", "gthread", "--threads", "2"]),
                    GunicornWorker::Asgi => {
                        command.args(["--worker-class", "asgi", "--asgi-loop", "uvloop"]);
                        command.args(["--http-parser", "fast"])
                    }
                };
                command.arg(target);
                (command, Ready::Address("Listening at: "))
            }
            Self::Node(program) | Self::NodeCluster(program) | Self::Bun(program) => {
                let mut command = command(if self.is_beside() { &peers.bun } else { &node.program });
                command.arg(program).env("PORT", "0");
                (command, Ready::Address("listening on "))
            }
            Self::NginxReturn => {
                let answer = r#"location / { default_type text/plain; return 200 "Hello, World!"; }"#;
                return nginx(peers, "", answer);
            }
            Self::FrontAlone => (command(&peers.front_alone), Ready::Address("listening on ")),
            Self::NginxPair { .. } => unreachable!("started above, one launch for each of its servers"),
        };
        Ok(Launch { name: self.name().to_owned(), command, ready })
    }
}

/// nginx in the foreground with one worker, all its files in the scratch folder.
fn nginx(peers: &Peers, upstreams: &str, routes: &str) -> Result<Launch> {
    let port = free_port()?;
    let folder = peers.scratch.join("nginx");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let configuration = folder.join("nginx.conf");
    // Connections are kept alive on both sides: without the last two directives every proxied request opens one.
    let text = format!(
        r#"daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi; scgi_temp_path scgi;
    {upstreams}
    server {{
        listen 127.0.0.1:{port};
        {routes}
        proxy_http_version 1.1;
        proxy_set_header Connection "";
    }}
}}
"#
    );
    fs::write(&configuration, text).with_context(|| format!("cannot write {}", configuration.display()))?;
    let mut command = Command::new(&peers.nginx);
    command.arg("-p").arg(&folder).arg("-c").arg(&configuration).args(["-e", "stderr"]);
    Ok(Launch { name: "nginx".to_owned(), command, ready: Ready::Port("start worker process ", port) })
}

/// The app of a Python row in a loop without a server, run by `limit.py`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limit {
    pub(crate) interface: &'static str,
    pub(crate) target: &'static str,
}

/// What `limit.py` prints.
#[derive(Debug, Deserialize)]
struct LimitFigures {
    requests: u64,
    seconds: f64,
    cpu_seconds: f64,
    rss_peak_kib: u64,
}

impl Limit {
    /// Calls the app for that long.
    pub(crate) async fn sample(self, peers: &Peers, request: Request, seconds: u64) -> Result<Sample> {
        let path = request.paths.first().map_or("/", |(path, _)| path);
        let output = Command::new(&peers.python)
            .current_dir(&peers.apps)
            .args(["limit.py", self.interface, self.target, &seconds.to_string(), request.method])
            .args([path, &request.body_bytes.to_string()])
            .kill_on_drop(true)
            .output()
            .await
            .context("cannot start python")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let figures: LimitFigures = serde_json::from_str(&printed).with_context(|| {
            format!("limit.py failed: {printed}{}", String::from_utf8_lossy(&output.stderr))
        })?;
        Ok(Sample {
            requests: figures.requests,
            requests_per_second: figures.requests as f64 / figures.seconds,
            latency: None,
            costs: vec![Cost {
                name: "app".to_owned(),
                processes: 1,
                cpu_seconds: figures.cpu_seconds,
                rss_peak_kib: figures.rss_peak_kib,
            }],
        })
    }
}
