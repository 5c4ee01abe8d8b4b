//! The compiler of Node services in TypeScript: a program beside this one, a process for each worker while it loads.
//!
//! It is not linked into the server. A source that is too much for it ends no server, what it needs of memory is given back, and a
//! server without TypeScript does not carry it.

use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, io, thread};

use diglot_workers::Aside;
use serde_json::json;

/// The variable that tells a worker, its threads and what it starts where the compiler is.
pub(crate) const TYPESCRIPT_ENV: &str = "DIGLOT_TYPESCRIPT";
/// The program's name.
const PROGRAM: &str = "diglot-typescript";

/// The compiler, for the workers of one server.
#[derive(Debug)]
pub(crate) struct Compiler {
    binary: PathBuf,
    cache: PathBuf,
    aside: Aside,
}

impl Compiler {
    /// `cache` is to be a folder in one that nobody else can write.
    pub(crate) fn new(cache: PathBuf) -> Self {
        if let Err(error) = fs::DirBuilder::new().recursive(true).mode(0o700).create(&cache) {
            tracing::warn!(
                "TypeScript is compiled at each start: {} cannot be made: {error}",
                cache.display()
            );
        }
        let binary = binary();
        let (program, folder) = (binary.clone(), cache.clone());
        let aside = Aside::new(move |socket| {
            if let Err(error) = attend(&program, &folder, socket) {
                tracing::error!("{} cannot be run: {error}", program.display());
            }
        });
        Self { binary, cache, aside }
    }

    /// Where the program is expected.
    pub(crate) fn binary(&self) -> &Path {
        &self.binary
    }

    /// How workers ask.
    pub(crate) fn aside(&self) -> Aside {
        self.aside.clone()
    }

    /// What [`TYPESCRIPT_ENV`] says.
    pub(crate) fn describe(&self) -> String {
        json!({ "binary": self.binary, "cache": self.cache }).to_string()
    }
}

/// Beside this program, or in the `lib/diglot` beside its `bin`.
pub(crate) fn binary() -> PathBuf {
    let own = env::current_exe().and_then(fs::canonicalize).unwrap_or_default();
    let beside = own.with_file_name(PROGRAM);
    let in_lib = own.parent().map(|bin| bin.join("../lib/diglot").join(PROGRAM));
    in_lib.filter(|path| !beside.is_file() && path.is_file()).unwrap_or(beside)
}

/// Starts the program on one worker's socket. It ends by itself: with the worker, or when that has loaded what it loads.
fn attend(program: &Path, cache: &Path, socket: UnixStream) -> io::Result<()> {
    let mut child = Command::new(program)
        .arg("serve")
        .arg(cache)
        .stdin(OwnedFd::from(socket))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // A Ctrl-C in the terminal is for the server.
        .process_group(0)
        .spawn()?;
    // So that it is no zombie. Where this process inherits orphans, whoever reaps those may come first: then there is
    // nothing left to wait for.
    thread::Builder::new().name("diglot-ts".to_owned()).spawn(move || drop(child.wait())).map(drop)
}
