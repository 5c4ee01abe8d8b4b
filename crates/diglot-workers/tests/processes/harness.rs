//! A supervisor with real Python workers, and a test that sees all it does as a list of happenings.
//!
//! The link is reduced to single bytes: the worker says `R` when it is ready; what follows `F` is why it could not
//! start; the server says `D` for drain.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use diglot_workers::{
    Attach, Handler, Launch, Launches, LinkEnd, Log, LogEntry, LogSink, Notice, Policy, Reporter, Running,
    ServiceSpec, ServiceState, StartError, Supervisor, SupervisorHandle, WorkerId,
};
use tokio::io::AsyncReadExt;
use tokio::sync::mpsc;

/// Nothing a test waits for takes this long unless it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What the composition, or the reader of the log, gets to see.
#[derive(Debug)]
pub(crate) enum Seen {
    Attached { worker: WorkerId, pid: u32, reporter: Reporter },
    Ready(WorkerId),
    Drained(WorkerId),
    Detached(WorkerId),
    State { service: usize, state: ServiceState },
    Notice(Notice),
    Log(LogEntry),
}

/// Code every worker begins with. `say` speaks over the link; `serve` says that it is ready and waits until it is told
/// to end, or the server is gone; `stay` does nothing at all for ever.
const PRELUDE: &str = "
import os, signal, socket, subprocess, sys
link = socket.socket(fileno=int(os.environ['DIGLOT_LINK']))
def say(what): link.sendall(what.encode())
def serve():
    say('R')
    link.recv(1)
def stay():
    while True: signal.pause()
";

/// The interpreter itself: what is called `python3` may be a script that looks for it, and takes its time.
fn python() -> PathBuf {
    static PYTHON: LazyLock<PathBuf> = LazyLock::new(|| {
        let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        let path = output.expect("python3 is installed").stdout;
        PathBuf::from(String::from_utf8(path).expect("its path is text").trim_end())
    });
    PYTHON.clone()
}

pub(crate) fn service(name: &str, workers: usize, code: &str) -> ServiceSpec {
    let args = ["-u", "-c", &format!("{PRELUDE}\n{code}")].map(OsString::from);
    ServiceSpec {
        name: name.into(),
        workers,
        launches: Launches::from(Launch {
            program: python(),
            args: args.into(),
            env: vec![("PATH".into(), std::env::var_os("PATH").expect("PATH is set"))],
            cwd: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
            numbered_env: Vec::new(),
            open_files_max: Some(1024),
            aside: None,
        }),
        policy: Policy::default(),
    }
}

/// The same, run otherwise.
pub(crate) fn altered(spec: ServiceSpec, alter: impl FnOnce(&mut Launch)) -> ServiceSpec {
    let mut launch = spec.launches.next();
    alter(&mut launch);
    ServiceSpec { launches: launch.into(), ..spec }
}

pub(crate) struct Harness {
    pub(crate) handle: SupervisorHandle,
    seen: mpsc::UnboundedReceiver<Seen>,
}

/// A composition that only listens, and drains by one byte.
pub(crate) struct Recorder {
    seen: mpsc::UnboundedSender<Seen>,
    links: HashMap<WorkerId, UnixStream>,
}

impl Recorder {
    pub(crate) fn new() -> (Self, mpsc::UnboundedReceiver<Seen>) {
        let (sender, seen) = mpsc::unbounded_channel();
        (Self { seen: sender, links: HashMap::new() }, seen)
    }
}

struct Sink(mpsc::UnboundedSender<Seen>);

impl LogSink for Sink {
    fn write(&mut self, entry: &LogEntry) {
        let _ = self.0.send(Seen::Log(entry.clone()));
    }
}

impl Harness {
    /// A supervisor that has not been started.
    pub(crate) fn new(services: Vec<ServiceSpec>) -> (Self, Supervisor<impl Handler>) {
        let (recorder, seen) = Recorder::new();
        let log = Log::start(Sink(recorder.seen.clone())).unwrap();
        let supervisor = Supervisor::new(services, recorder, log);
        (Self { handle: supervisor.handle(), seen }, supervisor)
    }

    pub(crate) async fn start(services: Vec<ServiceSpec>) -> (Self, Result<Running, StartError>) {
        let (harness, supervisor) = Self::new(services);
        let running = within(supervisor.start()).await;
        (harness, running)
    }

    /// The first thing seen from now on that `pick` takes.
    pub(crate) async fn see<T>(&mut self, mut pick: impl FnMut(Seen) -> Option<T>) -> T {
        within(async {
            loop {
                let seen = self.seen.recv().await.expect("the supervisor still runs");
                if let Some(picked) = pick(seen) {
                    return picked;
                }
            }
        })
        .await
    }

    pub(crate) async fn attached(&mut self) -> (WorkerId, u32, Reporter) {
        self.see(|seen| match seen {
            Seen::Attached { worker, pid, reporter } => Some((worker, pid, reporter)),
            _ => None,
        })
        .await
    }

    pub(crate) async fn ready(&mut self) -> WorkerId {
        self.see(|seen| if let Seen::Ready(worker) = seen { Some(worker) } else { None }).await
    }

    pub(crate) async fn notice(&mut self) -> Notice {
        self.see(|seen| if let Seen::Notice(notice) = seen { Some(notice) } else { None }).await
    }

    /// The next line of a worker's output.
    pub(crate) async fn line(&mut self) -> String {
        self.see(|seen| match seen {
            Seen::Log(LogEntry::Line { text, .. }) => Some(text),
            _ => None,
        })
        .await
    }

    pub(crate) async fn stop(self, running: Running) {
        self.handle.shutdown(PATIENCE);
        within(running.stopped()).await;
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.expect("it happens in time")
}

impl Handler for Recorder {
    fn attach(&mut self, attach: Attach) {
        let Attach { worker, pid, socket, reporter, .. } = attach;
        let _ = self.seen.send(Seen::Attached { worker, pid, reporter: reporter.clone() });
        self.links.insert(worker, socket.try_clone().unwrap());
        tokio::spawn(listen(
            worker,
            tokio::net::UnixStream::from_std(socket).unwrap(),
            reporter,
            self.seen.clone(),
        ));
    }

    fn drain(&mut self, worker: WorkerId, _grace: Duration) {
        let _ = (&self.links[&worker]).write_all(b"D");
        let _ = self.seen.send(Seen::Drained(worker));
    }

    fn detach(&mut self, worker: WorkerId) {
        let link = self.links.remove(&worker).expect("detached once, after being attached");
        // Something the worker started may hold the other end open.
        let _ = link.shutdown(std::net::Shutdown::Both);
        let _ = self.seen.send(Seen::Detached(worker));
    }

    fn service_state(&mut self, service: usize, state: ServiceState) {
        let _ = self.seen.send(Seen::State { service, state });
    }

    fn notice(&mut self, notice: Notice) {
        let _ = self.seen.send(Seen::Notice(notice));
    }
}

async fn listen(
    worker: WorkerId,
    mut link: tokio::net::UnixStream,
    reporter: Reporter,
    seen: mpsc::UnboundedSender<Seen>,
) {
    while let Ok(byte) = link.read_u8().await {
        match byte {
            b'R' => {
                let _ = seen.send(Seen::Ready(worker));
                reporter.ready();
            }
            b'F' => {
                let mut message = String::new();
                let _ = link.read_to_string(&mut message).await;
                reporter.start_failed(&message);
            }
            other => reporter.link_closed(LinkEnd::Broken { rule: format!("byte {other} means nothing") }),
        }
    }
    reporter.link_closed(LinkEnd::Closed);
}
