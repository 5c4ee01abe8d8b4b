//! `diglot-typescript`: the compiler as a process, which a worker's server starts for it, and a worker that has nobody to ask.
//!
//! A process of its own, so that a source the compiler cannot bear ends no server, and so that its memory is given back.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use diglot_typescript::{Cache, answer_one, serve};

const USAGE: &str = "diglot-typescript serve CACHE (a socket on stdin) | answer CACHE (a request on stdin)";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let [what, folder] = arguments.as_slice() else { return refuse(USAGE) };
    let cache = Cache::new(PathBuf::from(folder));
    let done = match what.to_str() {
        Some("serve") => attend(cache),
        Some("answer") => answer(cache),
        _ => return refuse(USAGE),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(&error.to_string()),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("diglot-typescript: {why}");
    ExitCode::FAILURE
}

fn attend(cache: Cache) -> io::Result<()> {
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    serve(socket, cache.clone())?;
    // The worker has all it asked for: nobody waits for this.
    cache.clean(SystemTime::now())
}

fn answer(cache: Cache) -> io::Result<()> {
    let mut request = Vec::new();
    io::stdin().lock().read_to_end(&mut request)?;
    io::stdout().lock().write_all(&answer_one(request, cache)?)
}
