//! Why a worker is gone, in words that tell the author of an app what to do.

use std::fmt;
use std::time::Duration;

use rustix::process::Signal;

use crate::event::WorkerName;
use crate::heap::FullHeap;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// It ended by itself with this exit code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exit {
    pub const SUCCESS: Self = Self::Code(0);

    /// As a program ends that was told to: by itself, or of SIGTERM or SIGINT. Programs raise these once more when their
    /// own handlers are done, or exit with what a shell would say of it (128 and the signal's number).
    pub(crate) fn is_orderly(self) -> bool {
        const ASKED: [Signal; 2] = [Signal::TERM, Signal::INT];
        match self {
            Self::Code(code) => code == 0 || ASKED.iter().any(|signal| code == 128 + signal.as_raw()),
            Self::Signal(number) => ASKED.iter().any(|signal| number == signal.as_raw()),
        }
    }
}

const SIGNAL_NAMES: &[(Signal, &str)] = &[
    (Signal::HUP, "SIGHUP"),
    (Signal::INT, "SIGINT"),
    (Signal::QUIT, "SIGQUIT"),
    (Signal::ILL, "SIGILL"),
    (Signal::TRAP, "SIGTRAP"),
    (Signal::ABORT, "SIGABRT"),
    (Signal::BUS, "SIGBUS"),
    (Signal::FPE, "SIGFPE"),
    (Signal::KILL, "SIGKILL"),
    (Signal::USR1, "SIGUSR1"),
    (Signal::SEGV, "SIGSEGV"),
    (Signal::USR2, "SIGUSR2"),
    (Signal::PIPE, "SIGPIPE"),
    (Signal::ALARM, "SIGALRM"),
    (Signal::TERM, "SIGTERM"),
    (Signal::XCPU, "SIGXCPU"),
    (Signal::XFSZ, "SIGXFSZ"),
    (Signal::SYS, "SIGSYS"),
];

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = match *self {
            Self::Code(code) => return write!(f, "exit code {code}"),
            Self::Signal(number) => number,
        };
        match SIGNAL_NAMES.iter().find(|(signal, _)| signal.as_raw() == number) {
            Some((_, name)) => write!(f, "killed by {name}")?,
            None => write!(f, "killed by signal {number}")?,
        }
        match number {
            n if n == Signal::KILL.as_raw() => {
                f.write_str(" (by someone, or by the kernel for want of memory)")
            }
            n if n == Signal::ABORT.as_raw() => f.write_str(" (its runtime, or native code, gave up)"),
            n if n == Signal::SEGV.as_raw() || n == Signal::BUS.as_raw() || n == Signal::ILL.as_raw() => {
                f.write_str(" (a crash in native code)")
            }
            _ => Ok(()),
        }
    }
}

/// Stderr lines shown before a reason that does not explain itself. All of them are in the log already: these only
/// save the reader from looking there.
const STDERR_LINES_SHOWN_MAX: usize = 5;

/// Why a worker failed, with the last it wrote.
///
/// The reason comes last, where a reader's eye falls. `{}` is one line, unless the app's own message has more that the
/// log has not shown; `{:#}` puts the last lines of its stderr before a reason that only the server gives, and how to install
/// a missing npm package before that it is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub reason: Reason,
    /// The last lines of its stderr, made safe to print; at most
    /// [`STDERR_TAIL_LINES_MAX`](crate::STDERR_TAIL_LINES_MAX).
    pub last_stderr: Vec<String>,
}

/// What made a worker fail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The system could not make the process.
    Spawn { message: String },
    /// The worker said why its app cannot be loaded.
    StartReported { message: String },
    /// It was not ready in time and has been killed.
    StartTimedOut { after: Duration },
    /// It ended before it was ready.
    ExitedBeforeReady(Exit),
    /// It ended while it served.
    Exited(Exit),
    /// It closed its link but did not end, and has been killed.
    LinkClosed,
    /// It broke a rule of the link's protocol and has been killed.
    LinkBroken { rule: String },
    /// It did not answer its heartbeat and has been killed.
    Unresponsive,
}

impl Failure {
    pub(crate) fn new(reason: Reason) -> Self {
        Self { reason, last_stderr: Vec::new() }
    }

    /// Whether the program has ended as programs do that are done, though a server that is to go on: no error of its own.
    pub(crate) fn is_end_of_program(&self) -> bool {
        self.reason == Reason::Exited(Exit::SUCCESS)
    }

    pub(crate) fn with_stderr(self, last_stderr: Vec<String>) -> Self {
        Self { last_stderr, ..self }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spawn { message } => write!(f, "its process could not be made: {message}"),
            Self::StartReported { message } if message.contains('\n') => {
                write!(f, "its app could not be loaded:\n{}", message.trim_end_matches('\n'))
            }
            Self::StartReported { message } => write!(f, "its app could not be loaded: {message}"),
            Self::StartTimedOut { after } => {
                write!(
                    f,
                    "it was not ready after {after:?} and was killed: its start waits for something, or needs longer"
                )
            }
            Self::ExitedBeforeReady(exit) => write!(f, "it ended before it was ready: {exit}"),
            Self::Exited(Exit::SUCCESS) => f.write_str("its program has ended by itself, with exit code 0"),
            Self::Exited(exit) => write!(f, "it ended: {exit}"),
            Self::LinkClosed => f.write_str("it closed its link to the server, did not end, and was killed"),
            Self::LinkBroken { rule } => {
                write!(f, "it broke the link's protocol ({rule}) and was killed")
            }
            Self::Unresponsive => f.write_str(
                "it stopped answering and was killed: something blocks its event loop, or it was stopped",
            ),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Reason::StartReported { message } = &self.reason {
            return match Stack::find_in(message) {
                Some(stack) if stack.is_among(&self.last_stderr) => {
                    if let Some(package) = missing_package(stack.error).filter(|_| f.alternate()) {
                        writeln!(
                            f,
                            "`npm install` installs what package.json names, `npm install {package}` adds a package to it"
                        )?;
                    }
                    write!(f, "its app could not be loaded: {stack}")
                }
                Some(stack) => write!(f, "{}\n{stack}", self.reason),
                None => fmt::Display::fmt(&self.reason, f),
            };
        }
        let said = self.last_stderr.iter().rev().filter(|line| !line.trim().is_empty());
        let said: Vec<&String> = said.take(STDERR_LINES_SHOWN_MAX).collect();
        if f.alternate() && !said.is_empty() {
            f.write_str("the last it wrote to stderr:\n")?;
            for line in said.iter().rev() {
                writeln!(f, "  {line}")?;
            }
        }
        fmt::Display::fmt(&self.reason, f)?;
        if matches!(self.reason, Reason::StartTimedOut { .. }) && self.runs_a_server() {
            f.write_str(
                "; its module runs a server of its own when it is imported: put that below \
                 `if __name__ == \"__main__\":`",
            )?;
        }
        if let Reason::Exited(Exit::Signal(_)) | Reason::ExitedBeforeReady(Exit::Signal(_)) = self.reason
            && let Some(heap) = FullHeap::find_in(&self.last_stderr)
        {
            write!(f, "; {heap}")?;
        }
        Ok(())
    }
}

/// What uvicorn, hypercorn and Flask write once they serve.
const SERVER_LINES: [&str; 2] = ["Uvicorn running on", "Running on http"];

impl Failure {
    fn runs_a_server(&self) -> bool {
        let is_servers = |line: &String| SERVER_LINES.iter().any(|said| line.contains(said));
        self.last_stderr.iter().any(is_servers)
    }
}

/// What a JavaScript stack says in one line. Its error is at the top, and Node has written it to stderr itself, so the
/// whole of it after the log would bury the reason under a repetition.
#[derive(Debug, PartialEq, Eq)]
struct Stack<'a> {
    /// `SyntaxError: Unexpected token ';'`
    error: &'a str,
    /// `/srv/app/server.js:3:1`, where the app's own code is at fault.
    place: Option<&'a str>,
}

fn is_underline(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && line.bytes().all(|byte| byte == b'^')
}

impl<'a> Stack<'a> {
    fn find_in(message: &'a str) -> Option<Self> {
        let lines: Vec<&str> = message.lines().collect();
        let frames_start = lines.iter().position(|line| is_frame(line))?;
        let lines_before = &lines[..frames_start];
        // A syntax error begins with its place, the line and carets under it; an empty line may follow.
        let error_at = lines_before.iter().rposition(|line| is_underline(line)).map_or(0, |at| at + 1);
        let error = lines_before[error_at..].iter().copied().find(|line| !line.is_empty())?;
        let place = match error_at {
            0 => {
                lines[frames_start..].iter().filter_map(|line| frame_place(line)).find(|place| is_own(place))
            }
            _ => lines.first().map(|line| as_path(line)).filter(|place| is_own(place)),
        };
        Some(Self { error, place })
    }

    fn is_among(&self, lines: &[String]) -> bool {
        lines.iter().any(|line| line.contains(self.error))
    }
}

impl fmt::Display for Stack<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error)?;
        self.place.map_or(Ok(()), |place| write!(f, " ({place})"))
    }
}

/// What Node's error says of a name that a `tsconfig.json` maps to files (`node/lib/typescript/loader.cjs`).
const MAPPED: &str = ": `paths` of ";

/// The npm package that Node did not find: neither a file nor what other tools resolve (`@/lib`, `~/lib`, `#lib`, `paths`).
fn missing_package(error: &str) -> Option<&str> {
    let (_, named) =
        error.split_once("Cannot find module '").or_else(|| error.split_once("Cannot find package '"))?;
    let (specifier, rest) = named.split_once('\'')?;
    if specifier.is_empty()
        || rest.contains(MAPPED)
        || specifier.starts_with(['.', '/', '#', '~'])
        || specifier.starts_with("@/")
        || specifier.contains(':')
    {
        return None;
    }
    let name_segments = if specifier.starts_with('@') { 2 } else { 1 };
    let end = specifier.match_indices('/').nth(name_segments - 1).map_or(specifier.len(), |(at, _)| at);
    Some(&specifier[..end])
}

fn is_frame(line: &str) -> bool {
    line.starts_with("    at ")
}

/// `    at load (/srv/app/server.js:3:1)` and `    at file:///srv/app/server.mjs:3:1`.
fn frame_place(line: &str) -> Option<&str> {
    let frame = line.strip_prefix("    at ")?;
    let place = frame.rsplit_once('(').map_or(frame, |(_, place)| place.trim_end_matches(')'));
    let place = place.strip_prefix("async ").unwrap_or(place);
    Some(as_path(place))
}

/// Node names ES modules by URL.
fn as_path(place: &str) -> &str {
    place.strip_prefix("file://").unwrap_or(place)
}

/// Neither Node's code nor a package's.
fn is_own(place: &str) -> bool {
    place.starts_with('/') && !place.contains("/node_modules/")
}

/// Why the server could not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// A worker's first start failed.
    Worker { worker: WorkerName, failure: Failure },
    /// It was told to stop before every worker was ready.
    Interrupted,
    /// The supervisor itself could not be set up.
    Supervisor { message: String },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Worker { worker, failure } => write!(f, "{worker} did not start: {failure:#}"),
            Self::Interrupted => f.write_str("stopped before every worker was ready"),
            Self::Supervisor { message } => write!(f, "the supervisor could not start: {message}"),
        }
    }
}

impl std::error::Error for StartError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(message: &str, stderr: &[&str]) -> String {
        let reason = Reason::StartReported { message: message.to_owned() };
        let last_stderr = stderr.iter().map(|line| (*line).to_owned()).collect();
        Failure::new(reason).with_stderr(last_stderr).to_string()
    }

    const THROWN: &str = "Error: no database\n    at connect (/srv/node_modules/pg/index.js:9:1)\n    \
                          at boot (/srv/app/server.js:2:25)\n    at node:internal/main/run_main_module:28:49";
    const SYNTAX: &str = "/srv/app/server.js:1\nconst a = ;\n          ^\n\nSyntaxError: Unexpected token ';'\n    \
                          at wrapSafe (node:internal/modules/cjs/loader:1464:18)";

    #[test]
    fn a_stack_that_the_log_has_shown_becomes_one_line() {
        assert_eq!(
            shown(THROWN, &["server.js:2", "Error: no database", "    at boot"]),
            "its app could not be loaded: Error: no database (/srv/app/server.js:2:25)"
        );
        assert_eq!(
            shown(SYNTAX, &["SyntaxError: Unexpected token ';'"]),
            "its app could not be loaded: SyntaxError: Unexpected token ';' (/srv/app/server.js:1)"
        );
        let import = "file:///srv/app/main.mjs:1\nimport { nothing } from './other.mjs';\n         ^^^^^^^\n\
            SyntaxError: './other.mjs' does not provide 'nothing'\n    at ModuleJob._instantiate (node:internal/a:1:2)";
        assert_eq!(
            shown(import, &["SyntaxError: './other.mjs' does not provide 'nothing'"]),
            "its app could not be loaded: SyntaxError: './other.mjs' does not provide 'nothing' (/srv/app/main.mjs:1)"
        );
        let module =
            "Error: Cannot find module 'x'\nRequire stack:\n- /srv/mod.mjs\n    at file:///srv/mod.mjs:1:1";
        assert_eq!(
            shown(module, &["Error: Cannot find module 'x'"]),
            "its app could not be loaded: Error: Cannot find module 'x' (/srv/mod.mjs:1:1)"
        );
    }

    #[test]
    fn of_modules_that_are_missing_packages_can_be_installed() {
        let package = |error| missing_package(error).unwrap_or("none");
        assert_eq!(package("Error: Cannot find module 'express'"), "express");
        assert_eq!(package("Error: Cannot find module 'express/lib/router'"), "express");
        assert_eq!(package("Error: Cannot find module '@nestjs/core/x'"), "@nestjs/core");
        assert_eq!(
            package("Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'hono' imported from /srv/a.mjs"),
            "hono"
        );
        for file in
            ["./other.js", "@/lib/db", "~/lib", "../x", "/srv/app.js", "#internal", "file:///srv/x.mjs", ""]
        {
            assert_eq!(missing_package(&format!("Error: Cannot find module '{file}'")), None, "{file}");
        }
        assert_eq!(missing_package("TypeError: x is not a function"), None);
        let mapped = "Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@common/mony' imported from /srv/a.ts: `paths` of \
                      /srv/tsconfig.json has it at /srv/common/mony, where nothing was found";
        assert_eq!(missing_package(mapped), None);
    }

    #[test]
    fn what_the_log_has_not_shown_is_shown_whole_and_ends_with_the_reason() {
        let whole = shown(THROWN, &["something else"]);
        assert_eq!(
            whole,
            format!("its app could not be loaded:\n{THROWN}\nError: no database (/srv/app/server.js:2:25)")
        );
        let python = "main:app could not be imported\nTraceback\nKeyError: 'X'\nlook first at main.py:4";
        assert_eq!(shown(python, &["a line"]), format!("its app could not be loaded:\n{python}"));
        for odd in ["    at x (/y:1:1)", "\n    at x", "\n\n", "(\n    at ("] {
            assert!(shown(odd, &[]).starts_with("its app could not be loaded"), "{odd:?}");
        }
    }

    #[test]
    fn a_module_that_serves_when_it_is_imported() {
        let waited = |line: &str| {
            let failure = Failure::new(Reason::StartTimedOut { after: Duration::from_secs(60) });
            failure.with_stderr(vec![line.to_owned()]).to_string()
        };
        assert!(
            waited("INFO:     Uvicorn running on http://0.0.0.0:8001")
                .ends_with("`if __name__ == \"__main__\":`")
        );
        assert!(waited(" * Running on http://127.0.0.1:5000").contains("runs a server of its own"));
        assert!(!waited("connecting to the database").contains("__main__"));
    }

    #[test]
    fn an_exit_without_a_reason_comes_after_the_last_lines_that_say_something() {
        let lines = ["1", "2", "", "3", "4", "5", "6", " "].map(str::to_owned).to_vec();
        let failure = Failure::new(Reason::ExitedBeforeReady(Exit::Code(1))).with_stderr(lines);
        assert_eq!(
            format!("{failure:#}"),
            "the last it wrote to stderr:\n  2\n  3\n  4\n  5\n  6\nit ended before it was ready: exit code 1"
        );
        assert_eq!(failure.to_string(), "it ended before it was ready: exit code 1");
    }
}
