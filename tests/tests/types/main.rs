//! `diglot types`: what it writes is read by the real compilers, and what has changed since is told.
//!
//! The type checkers are those of `tests/types`.

mod checked;
mod client;
mod compiled;
mod drift;
mod example;
mod first;
mod remarks;
mod watching;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::binary;
use tempfile::TempDir;

/// Services in a folder of their own.
struct Project {
    folder: TempDir,
}

/// What came of a command.
struct Said {
    code: Option<i32>,
    text: String,
}

/// How long a test waits for a line before it fails.
const PATIENCE: Duration = Duration::from_secs(120);

/// A command that goes on, and what it says. Dropping it kills it.
struct Following {
    child: Child,
    lines: Receiver<String>,
}

impl Following {
    fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the command can be run");
        let (sender, lines) = mpsc::channel();
        let stderr = child.stderr.take().expect("stderr is piped");
        thread::spawn(move || {
            // Who does not wait any more has seen what there was to see.
            BufReader::new(stderr).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// Where a server listens that was started.
    fn address(&self) -> SocketAddr {
        const START: &str = "diglot: listening on http://";
        let (_, line) = self.until(START);
        line[START.len()..].parse().expect("an address")
    }

    /// Waits for a line that begins so, and gives those before it.
    fn wait_for(&self, start: &str) -> Vec<String> {
        self.until(start).0
    }

    /// The same, with that line.
    fn until(&self, start: &str) -> (Vec<String>, String) {
        self.until_one(start, |line| line.starts_with(start))
    }

    /// Waits for a line with this in it.
    fn until_has(&self, part: &str) -> (Vec<String>, String) {
        self.until_one(part, |line| line.contains(part))
    }

    fn until_one(&self, what: &str, is_it: impl Fn(&str) -> bool) -> (Vec<String>, String) {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if is_it(&line) => return (seen, line),
                Ok(line) => seen.push(line),
                Err(_) => panic!("the line `{what}` never came. There were: {seen:#?}"),
            }
        }
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        // Ended already, as a rule.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace's folder").to_owned()
}

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("types")
}

impl Project {
    /// With TypeScript alone: what the package `diglot` is, has to be written.
    fn empty() -> Self {
        let folder = TempDir::with_prefix("diglot-types-").expect("a temporary folder");
        let modules = folder.path().join("node_modules");
        fs::create_dir(&modules).expect("a folder");
        symlink(sources().join("node_modules/typescript"), modules.join("typescript")).expect("a link");
        Self { folder }
    }

    /// As where the package is installed: the program compiles before anything has been written.
    fn with_package(self) -> Self {
        symlink(repository().join("node"), self.path("node_modules/diglot")).expect("a link");
        self
    }

    /// The shop: a service in TypeScript and one in Python, which call each other.
    fn shop() -> Self {
        Self::like("shop")
    }

    /// A folder of `tests/types` once more.
    fn like(folder: &str) -> Self {
        let project = Self::empty();
        copy(&sources().join(folder), project.folder.path());
        project
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    fn write(&self, path: &str, text: &str) -> &Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
        self
    }

    /// Changes what is there.
    fn exchange(&self, path: &str, from: &str, to: &str) -> &Self {
        let text = self.read(path);
        assert!(text.contains(from), "{path} has no {from}");
        self.write(path, &text.replace(from, to))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command
            .args(arguments)
            .current_dir(self.folder.path())
            // Its own control socket.
            .env("XDG_RUNTIME_DIR", self.folder.path())
            .env("NO_COLOR", "1")
            .env_remove("PORT")
            .env_remove("VIRTUAL_ENV");
        if let Some(python) = std::env::var_os("DIGLOT_TEST_PYTHON") {
            let venv = Path::new(&python).parent().and_then(Path::parent).expect("a venv's python");
            command.env("VIRTUAL_ENV", venv);
        }
        command
    }

    fn diglot(&self, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).output().expect("the command can be run"))
    }

    /// The same, which has to come to a good end.
    fn does(&self, arguments: &[&str]) -> Said {
        let said = self.diglot(arguments);
        assert_eq!(said.code, Some(0), "{}", said.text);
        said
    }
}

impl Said {
    fn of(output: Output) -> Self {
        let text = [output.stdout, output.stderr].concat();
        Self { code: output.status.code(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    /// Whether it has this line, or one that begins with it.
    fn says(&self, line: &str) -> bool {
        self.text.lines().any(|said| said.starts_with(line))
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder of the tests").flatten() {
        let to = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).expect("copied")),
        }
    }
}
