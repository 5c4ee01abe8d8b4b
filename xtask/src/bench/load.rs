//! The load and who makes it: wrk for HTTP, told what to send by `bench/load.lua`; the load client of
//! `crates/diglot-front/examples/load` for WebSockets, and for every load offered at a given rate, which wrk cannot.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// Of every row that names no other number.
pub(crate) const CONNECTIONS: u32 = 64;
/// One thread of wrk does over 150,000 requests a second; a second one would only take turns with the server
/// on a machine of two cores.
pub(crate) const WRK_THREADS: u32 = 1;
/// Messages of a broadcast under way at once: the next one is there when the server is done with one, and no more,
/// for a backlog would reward whoever writes many messages at once to a client.
const BROADCAST_WINDOW: u32 = 2;
/// No answer for this long is an error of the row.
const ANSWER_SECONDS_MAX: u64 = 10;
/// The longest answer to the one request that is looked at.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What is sent, over how many connections.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    pub(crate) sends: Sends,
    /// Each with one request or message at a time; of a broadcast, the subscribers.
    pub(crate) connections: u32,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Sends {
    Http(Request),
    /// Messages of 32 bytes to `/echo`.
    WebSocketEcho,
    /// Messages of 32 bytes to `/publish`, for all who are at `/subscribe`.
    WebSocketBroadcast,
}

/// The same on every connection, paths in turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) body_bytes: usize,
    /// Each with what its answer's body must contain.
    pub(crate) paths: &'static [(&'static str, &'static str)],
}

/// The programs that make the load.
#[derive(Debug)]
pub(crate) struct Generators {
    pub(crate) wrk: PathBuf,
    pub(crate) script: PathBuf,
    pub(crate) client: PathBuf,
}

/// What a generator saw in one measurement.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Figures {
    /// Or messages, or deliveries.
    pub(crate) requests: u64,
    pub(crate) duration_us: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// wrk's; the load client ends at the first error.
    #[serde(default)]
    errors: Errors,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Errors {
    connect: u64,
    read: u64,
    write: u64,
    timeout: u64,
    status: u64,
}

impl Figures {
    pub(crate) fn requests_per_second(&self) -> f64 {
        self.requests as f64 / (self.duration_us as f64 / 1e6)
    }
}

impl Load {
    pub(crate) const fn of(sends: Sends) -> Self {
        Self { sends, connections: CONNECTIONS }
    }

    /// How many of what is counted follow from one of what the client sends.
    pub(crate) fn counted_per_send(self) -> u32 {
        match self.sends {
            Sends::Http(_) | Sends::WebSocketEcho => 1,
            Sends::WebSocketBroadcast => self.connections,
        }
    }

    /// What is counted.
    pub(crate) fn unit(self) -> &'static str {
        match self.sends {
            Sends::Http(_) => "requests",
            Sends::WebSocketEcho => "messages",
            Sends::WebSocketBroadcast => "deliveries",
        }
    }
}

impl Generators {
    /// Loads the server for that long: as fast as it answers, or at a rate a second whatever it does.
    ///
    /// # Errors
    /// Any answer that is not 2xx or 3xx, any message that is none, and any failed, dropped or overdue connection.
    pub(crate) async fn run(
        &self,
        to: SocketAddr,
        load: Load,
        rate: Option<f64>,
        seconds: u64,
    ) -> Result<Figures> {
        let mut command = match (load.sends, rate) {
            (Sends::Http(request), None) => self.wrk(to, request, load.connections, seconds),
            _ => self.client(to, load, rate, seconds),
        };
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
        let output = output
            .with_context(|| format!("cannot start {}", command.as_std().get_program().to_string_lossy()))?;
        let printed = String::from_utf8_lossy(&output.stdout);
        let Some(line) = printed.lines().find(|line| line.starts_with("{\"requests\"")) else {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("the load gave no figures: {}{}", printed.trim_end(), said.trim_end());
        };
        let figures: Figures = serde_json::from_str(line).with_context(|| format!("figures: {line}"))?;
        let Errors { connect, read, write, timeout, status } = figures.errors;
        if connect + read + write + timeout + status > 0 {
            bail!(
                "{status} error answers; connections: {connect} refused, {read} cut, {write} not writable, {timeout} overdue"
            );
        }
        if figures.requests == 0 {
            bail!("nothing was answered");
        }
        Ok(figures)
    }

    fn wrk(&self, to: SocketAddr, request: Request, connections: u32, seconds: u64) -> Command {
        let mut command = Command::new(&self.wrk);
        command
            .arg(format!("--threads={WRK_THREADS}"))
            .arg(format!("--connections={connections}"))
            .arg(format!("--duration={seconds}s"))
            .arg(format!("--timeout={ANSWER_SECONDS_MAX}s"))
            .arg("--script")
            .arg(&self.script)
            .arg(format!("http://{to}/"))
            .args(["--", request.method, &request.body_bytes.to_string()])
            .args(request.paths.iter().map(|(path, _)| path));
        command
    }

    fn client(&self, to: SocketAddr, load: Load, rate: Option<f64>, seconds: u64) -> Command {
        let mut command = Command::new(&self.client);
        let mode = match load.sends {
            Sends::Http(_) => "http",
            Sends::WebSocketEcho => "echo",
            Sends::WebSocketBroadcast => "broadcast",
        };
        command.args([mode, &to.to_string(), "--connections", &load.connections.to_string()]);
        command.args(["--seconds", &seconds.to_string()]);
        if let Some(rate) = rate {
            command.args(["--rate", &rate.to_string()]);
        }
        match load.sends {
            Sends::Http(Request { method, body_bytes, paths }) => {
                // One path is enough: the row with several has no floor that needs a rate.
                let path = paths.first().map_or("/", |(path, _)| path);
                command.args(["--path", path, "--method", method, "--body-bytes", &body_bytes.to_string()])
            }
            Sends::WebSocketEcho => command.args(["--path", "/echo"]),
            Sends::WebSocketBroadcast => {
                command.args(["--path", "/subscribe", "--publish-path", "/publish"]);
                command.args(["--window", &BROADCAST_WINDOW.to_string()])
            }
        };
        command
    }
}

/// Sends one request to each path and looks at the answers: a fast server of wrong answers is not measured. Of
/// WebSockets the load client itself looks at the first message on every connection.
pub(crate) async fn check(to: SocketAddr, load: Load) -> Result<()> {
    let Sends::Http(request) = load.sends else { return Ok(()) };
    for (path, expected) in request.paths {
        let answer =
            tokio::time::timeout(Duration::from_secs(ANSWER_SECONDS_MAX), exchange(to, request, path));
        let answer =
            answer.await.with_context(|| format!("no answer from {to} to {} {path}", request.method))??;
        let status = answer.lines().next().unwrap_or_default();
        if !status.starts_with("HTTP/1.1 200") || !answer.contains(expected) {
            bail!(
                "{} {path} was answered `{status}`, expected a 200 with `{expected}` in it",
                request.method
            );
        }
    }
    Ok(())
}

async fn exchange(to: SocketAddr, request: Request, path: &str) -> Result<String> {
    let Request { method, body_bytes, .. } = request;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {to}\r\nContent-Length: {body_bytes}\r\nConnection: close\r\n\r\n"
    );
    let mut stream = TcpStream::connect(to).await?;
    stream.write_all(head.as_bytes()).await?;
    stream.write_all("x".repeat(body_bytes).as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}
