//! The server as a process: started in a folder of its own, watched through its stderr.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::apps::App;
use crate::client::{Client, Response};
use crate::watch::Process;

/// How long a test waits for anything before it fails: far above what is normal on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server to be started.
#[derive(Debug)]
pub struct Server {
    folder: TempDir,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    /// Below `folder`.
    started_in: PathBuf,
    listens: bool,
}

/// A server with nothing to serve yet, in an empty folder.
pub fn server() -> Server {
    Server {
        folder: TempDir::with_prefix("diglot-test-").expect("a temporary folder"),
        arguments: vec!["serve".into()],
        environment: Vec::new(),
        started_in: PathBuf::new(),
        listens: false,
    }
}

impl Server {
    /// Writes a file into the server's folder.
    pub fn file(self, path: &str, contents: &str) -> Self {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, contents).expect("a file");
        self
    }

    /// Adds an application of the tests of faults, mounted at `route`.
    pub fn app(self, route: &str, app: App) -> Self {
        self.file(app.file, app.text).service(&format!("{route}={}", app.entry))
    }

    /// Adds a TARGET, `[ROUTE=]ENTRY`.
    pub fn service(self, target: &str) -> Self {
        self.argument(target)
    }

    /// Adds an argument of `diglot serve`.
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        let argument = argument.into();
        self.listens |= argument == "--listen";
        self.arguments.push(argument);
        self
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts it in a folder below its own, as by a shell that went there: `PWD` says by which links.
    pub fn started_in(mut self, path: &str) -> Self {
        self.started_in = path.into();
        let folder = self.folder.path().join(path);
        self.env("PWD", folder)
    }

    /// The folder of its files, in which it is started if nothing else is said.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it and waits until it listens.
    ///
    /// # Panics
    /// If it ends before; the message has its log.
    pub fn run(self) -> Running {
        let mut running = self.start();
        let line = running.wait_for(|line| line.starts_with("diglot: listening on "));
        if let Some(address) = line.strip_prefix("diglot: listening on http://") {
            running.address = address.parse().ok();
        }
        running
    }

    /// Starts it and waits for nothing.
    pub fn start(mut self) -> Running {
        let folder = self.folder.path().join(&self.started_in);
        if !self.listens && !folder.join("diglot.toml").exists() {
            self.arguments.extend(["--listen".into(), "127.0.0.1:0".into()]);
        }
        let mut command = Command::new(binary());
        command
            .args(&self.arguments)
            .current_dir(folder)
            .env_remove("PORT")
            .env_remove("VIRTUAL_ENV")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        if let Some(python) = std::env::var_os("DIGLOT_TEST_PYTHON") {
            let venv = Path::new(&python).parent().and_then(Path::parent).expect("a venv's python");
            command.env("VIRTUAL_ENV", venv);
        }
        let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("apps/node_modules");
        command.env("NODE_PATH", modules);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut child = command.spawn().expect("the server's binary can be run; `cargo build` makes it");
        let log = Arc::new(Log::default());
        let stderr = child.stderr.take().expect("stderr is piped");
        let of_thread = Arc::clone(&log);
        let reader = thread::spawn(move || {
            for line in BufReader::new(stderr).split(b'\n') {
                let Ok(line) = line else { break };
                of_thread.push(String::from_utf8_lossy(&line).into_owned());
            }
            of_thread.end();
        });
        Running { child, log, reader: Some(reader), address: None, folder: self.folder }
    }
}

/// The command under test: named by `DIGLOT_BIN`, else the newest that cargo has built.
pub fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("DIGLOT_BIN") {
        return named.into();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target");
    let built = ["release", "debug"].map(|profile| target.join(profile).join("diglot"));
    let modified = |path: &PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    built.into_iter().max_by_key(modified).expect("two candidates")
}

#[derive(Debug, Default)]
struct Log {
    state: Mutex<(Vec<String>, bool)>,
    changed: Condvar,
}

impl Log {
    fn push(&self, line: String) {
        self.state.lock().expect("no panic under this lock").0.push(line);
        self.changed.notify_all();
    }

    fn end(&self) {
        self.state.lock().expect("no panic under this lock").1 = true;
        self.changed.notify_all();
    }
}

/// A started server. Dropping it kills it.
#[derive(Debug)]
pub struct Running {
    child: Child,
    log: Arc<Log>,
    reader: Option<JoinHandle<()>>,
    address: Option<SocketAddr>,
    folder: TempDir,
}

impl Running {
    /// Where it listens.
    ///
    /// # Panics
    /// If it does not listen on TCP.
    pub fn address(&self) -> SocketAddr {
        self.address.expect("the server listens on TCP")
    }

    /// The folder of its files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its process, watched.
    pub fn process(&self) -> Process {
        Process::watch(self.pid())
    }

    /// The only worker it has.
    ///
    /// # Panics
    /// If there are more, or none.
    pub fn worker(&self) -> Process {
        let workers = self.workers();
        assert_eq!(workers.len(), 1, "one worker");
        Process::watch(workers[0])
    }

    /// A new connection to it.
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// GETs a path on a connection of its own.
    pub fn get(&self, path: &str) -> Response {
        self.connect().get(path)
    }

    /// All it has logged so far.
    pub fn log(&self) -> Vec<String> {
        self.log.state.lock().expect("no panic under this lock").0.clone()
    }

    /// Waits for a line of its log, one already there included, and returns it.
    ///
    /// # Panics
    /// If the server ends, or a minute passes, without one; the message has the log.
    pub fn wait_for(&self, is_it: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut state = self.log.state.lock().expect("no panic under this lock");
        let mut seen = 0;
        loop {
            if let Some(line) = state.0[seen..].iter().find(|line| is_it(line)) {
                return line.clone();
            }
            seen = state.0.len();
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!state.1 && !left.is_zero(), "the line never came. The log:\n{}", state.0.join("\n"));
            state = self.log.changed.wait_timeout(state, left).expect("no panic under this lock").0;
        }
    }

    /// Sends a signal to the server alone.
    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(self.child.id().cast_signed()).expect("a process id is not 0");
        kill_process(pid, signal).expect("the server can be signalled");
    }

    /// The processes of its workers.
    pub fn workers(&self) -> Vec<u32> {
        children(self.child.id())
    }

    /// Waits until it has ended, and returns how, with its whole log.
    ///
    /// # Panics
    /// If a minute passes.
    pub fn ended(mut self) -> (ExitStatus, Vec<String>) {
        let deadline = Instant::now() + PATIENCE;
        {
            let mut state = self.log.state.lock().expect("no panic under this lock");
            while !state.1 {
                let left = deadline.saturating_duration_since(Instant::now());
                assert!(!left.is_zero(), "the server did not end. The log:\n{}", state.0.join("\n"));
                state = self.log.changed.wait_timeout(state, left).expect("no panic under this lock").0;
            }
        }
        let status = self.child.wait().expect("the server is this process's child");
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        (status, self.log())
    }

    /// Asks it to stop, and waits until it has.
    pub fn stop(self) -> (ExitStatus, Vec<String>) {
        self.signal(Signal::TERM);
        self.ended()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The children of a process, of all its threads.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    threads
        .filter_map(|thread| fs::read_to_string(thread.ok()?.path().join("children")).ok())
        .flat_map(|list| list.split_ascii_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}
