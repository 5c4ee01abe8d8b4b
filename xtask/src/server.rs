//! A server under load: started, waited for by its own ready line, and ended with its whole tree, always.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use crate::process;

/// From the start to the ready line.
const READY_MAX: Duration = Duration::from_secs(30);
/// From SIGTERM to the end of the last process, before SIGKILL.
const STOP_MAX: Duration = Duration::from_secs(10);
/// From the ready line to the first connection taken.
const LISTENING_MAX: Duration = Duration::from_secs(5);
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// The last lines a server printed, shown when it does not start.
const LINES_KEPT: usize = 20;
/// Lines read but not yet looked at: more stop the reader, not the bench.
const LINES_WAITING_MAX: usize = 64;

/// How a server is started, and how it says that it is ready.
#[derive(Debug)]
pub(crate) struct Launch {
    /// The name of its root process in the figures.
    pub(crate) name: String,
    pub(crate) command: Command,
    pub(crate) ready: Ready,
}

/// The line that means ready, on stdout or stderr.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ready {
    /// A line with this text, and after it the address as `127.0.0.1:PORT`.
    Address(&'static str),
    /// A line with this text; the port was given.
    Port(&'static str, u16),
}

/// A running server. Dropped, on an error or Ctrl-C too, it ends every process of its tree by id.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Server {
    /// Starts it and waits for its ready line.
    ///
    /// # Errors
    /// It cannot be started, ends before it is ready, or says nothing for 30 s: with its last lines.
    pub(crate) async fn start(launch: Launch) -> Result<Self> {
        let Launch { name, mut command, ready } = launch;
        // A group of its own: Ctrl-C in the terminal reaches this program, which ends the servers in order.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let (lines, mut waiting) = mpsc::channel(LINES_WAITING_MAX);
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(read_lines(stdout, lines.clone(), Arc::clone(&kept)));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(read_lines(stderr, lines, Arc::clone(&kept)));
        }
        let mut server = Self { name, address: (Ipv4Addr::LOCALHOST, 0).into(), child };

        let address = async {
            while let Some(line) = waiting.recv().await {
                if let Some(address) = ready.address_in(&line) {
                    return Some(address);
                }
            }
            None
        };
        let said = || Vec::from(kept.lock().unwrap_or_else(PoisonError::into_inner).clone()).join("\n    ");
        match tokio::time::timeout(READY_MAX, address).await {
            Ok(Some(address)) => {
                until_listening(address).await?;
                server.address = address;
            }
            Ok(None) => bail!("{} ended before it was ready; it said:\n    {}", server.name, said()),
            Err(_) => {
                bail!("{} was not ready in {READY_MAX:?}; it said:\n    {}", server.name, said())
            }
        }
        Ok(server)
    }

    /// Its first process, while that runs.
    pub(crate) fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Its processes now.
    pub(crate) fn tree(&self) -> Result<process::Tree> {
        let pid = self.child.id().with_context(|| format!("{} ended under load", self.name))?;
        process::tree(pid)
    }

    /// SIGTERM, and a little time to end in order; what is left then is killed as it is dropped.
    pub(crate) async fn stop(mut self) {
        if let Some(pid) = self.pid() {
            // Refused only when the process is gone, which is what was wanted.
            let _ = kill_process(pid, Signal::TERM);
            let _ = tokio::time::timeout(STOP_MAX, self.child.wait()).await;
        }
    }

    fn pid(&self) -> Option<Pid> {
        Pid::from_raw(i32::try_from(self.child.id()?).ok()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The root is not reaped yet where it has an id, so no id below is anyone else's by now.
        let Some(tree) = self.child.id().and_then(|pid| process::tree(pid).ok()) else { return };
        for pid in tree.pids().filter_map(|pid| Pid::from_raw(i32::try_from(pid).ok()?)) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

impl Ready {
    fn address_in(self, line: &str) -> Option<SocketAddr> {
        match self {
            Self::Port(text, port) => line.contains(text).then(|| (Ipv4Addr::LOCALHOST, port).into()),
            Self::Address(text) => {
                let (_, after) = line.split_once(text)?;
                let (_, after) = after.split_once("127.0.0.1:")?;
                let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
                Some((Ipv4Addr::LOCALHOST, digits.parse().ok()?).into())
            }
        }
    }
}

/// A port nobody listens on, for servers that cannot tell the one they were given for port 0.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Granian says that it has started a moment before it listens, and nothing after that: asking is the only way.
async fn until_listening(address: SocketAddr) -> Result<()> {
    let ask = async {
        while TcpStream::connect(address).await.is_err() {
            tokio::time::sleep(ASK_AGAIN).await;
        }
    };
    tokio::time::timeout(LISTENING_MAX, ask).await.with_context(|| format!("nobody listens on {address}"))
}

/// Reads to the end, so that the server never blocks on what it prints; keeps the last lines.
async fn read_lines(
    from: impl AsyncRead + Unpin,
    to: mpsc::Sender<String>,
    kept: Arc<Mutex<VecDeque<String>>>,
) {
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() == LINES_KEPT {
                kept.pop_front();
            }
            kept.push_back(line.clone());
        }
        // After the ready line nobody listens any more, and there is room for none or all: neither matters.
        let _ = to.send(line).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(ready: Ready, line: &str, expect: Option<&str>) {
        assert_eq!(ready.address_in(line).map(|address| address.to_string()).as_deref(), expect);
    }

    #[test]
    fn ready_lines_of_servers() {
        let uvicorn = "INFO:     Uvicorn running on http://127.0.0.1:40123 (Press CTRL+C to quit)";
        check(Ready::Address("running on http://"), uvicorn, Some("127.0.0.1:40123"));
        check(Ready::Address("running on http://"), "INFO:     Started server process [1]", None);
        check(
            Ready::Address("diglot: listening on "),
            "diglot: listening on http://127.0.0.1:9",
            Some("127.0.0.1:9"),
        );
        check(Ready::Address("diglot: listening on "), "diglot: listening on http://[::1]:9", None);
        check(
            Ready::Port("start worker process", 80),
            "[notice] start worker process 7",
            Some("127.0.0.1:80"),
        );
    }

    #[tokio::test]
    async fn a_server_that_ends_is_an_error_with_its_last_words() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo no such module >&2"]);
        let launch = Launch { name: "quitter".into(), command, ready: Ready::Address("ready ") };
        let error = Server::start(launch).await.expect_err("it ended");
        assert!(error.to_string().contains("no such module"), "{error}");
    }

    #[tokio::test]
    async fn dropping_a_server_ends_its_children() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("bound");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("sleep 600 & echo ready {address}; wait")]);
        let launch = Launch { name: "parent".into(), command, ready: Ready::Address("ready ") };
        let server = Server::start(launch).await.expect("it is ready");
        let pids: Vec<u32> = server.tree().expect("it runs").pids().collect();
        assert_eq!(pids.len(), 2);
        let child = Pid::from_raw(i32::try_from(pids[1]).expect("a pid")).expect("a pid");
        drop(server);
        // Killed, it is reaped by init in its own time; until then it is a zombie, which holds no memory.
        let gone = || {
            kill_process(child, Signal::CONT).is_err()
                || std::fs::read_to_string(format!("/proc/{}/stat", pids[1]))
                    .is_ok_and(|stat| stat.contains(") Z "))
        };
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        while !gone() {
            assert!(std::time::Instant::now() < deadline, "the child outlived its server");
            tokio::task::yield_now().await;
        }
    }
}
