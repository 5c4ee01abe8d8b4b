//! The load: wrk, told what to send and asked for its figures by `bench/load.lua`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

/// The issue of every figure: open connections, each with one request at a time.
pub(crate) const CONNECTIONS: u32 = 64;
/// One thread of wrk does over 150,000 requests a second; a second one would only take turns with the server
/// on a machine of two cores.
pub(crate) const WRK_THREADS: u32 = 1;
/// No answer for this long is an error of the row.
const ANSWER_SECONDS_MAX: u64 = 10;
/// The longest answer to the one request that is looked at.
const ANSWER_BYTES_MAX: u64 = 64 * 1024;

/// What is sent: the same on every connection, paths in turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) method: &'static str,
    pub(crate) body_bytes: usize,
    /// Each with what its answer's body must contain.
    pub(crate) paths: &'static [(&'static str, &'static str)],
}

/// What wrk saw in one measurement.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Figures {
    pub(crate) requests: u64,
    pub(crate) duration_us: u64,
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    errors: Errors,
}

#[derive(Debug, Clone, Deserialize)]
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

/// Loads the server for that long.
///
/// # Errors
/// Any answer that is not 2xx or 3xx, and any failed, dropped or overdue connection.
pub(crate) async fn run(
    wrk: &Path,
    script: &Path,
    to: SocketAddr,
    request: Request,
    seconds: u64,
) -> Result<Figures> {
    let output = Command::new(wrk)
        .arg(format!("--threads={WRK_THREADS}"))
        .arg(format!("--connections={CONNECTIONS}"))
        .arg(format!("--duration={seconds}s"))
        .arg(format!("--timeout={ANSWER_SECONDS_MAX}s"))
        .arg("--script")
        .arg(script)
        .arg(format!("http://{to}/"))
        .args(["--", request.method, &request.body_bytes.to_string()])
        .args(request.paths.iter().map(|(path, _)| path))
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .context("cannot start wrk")?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let Some(line) = printed.lines().find(|line| line.starts_with("{\"requests\"")) else {
        bail!("wrk gave no figures: {printed}{}", String::from_utf8_lossy(&output.stderr));
    };
    let figures: Figures = serde_json::from_str(line).with_context(|| format!("wrk's figures: {line}"))?;
    let Errors { connect, read, write, timeout, status } = figures.errors;
    if connect + read + write + timeout + status > 0 {
        bail!(
            "{status} error answers; connections: {connect} refused, {read} cut, {write} not writable, {timeout} overdue"
        );
    }
    if figures.requests == 0 {
        bail!("no request was answered");
    }
    Ok(figures)
}

/// Sends one request to each path and looks at the answers: a fast server of wrong answers is not measured.
pub(crate) async fn check(to: SocketAddr, request: Request) -> Result<()> {
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
