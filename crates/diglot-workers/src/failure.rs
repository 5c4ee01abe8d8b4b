//! Why a worker is gone, in words that tell the author of an app what to do.

use std::fmt;
use std::time::Duration;

use rustix::process::Signal;

use crate::event::WorkerName;

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
            n if n == Signal::SEGV.as_raw() || n == Signal::BUS.as_raw() || n == Signal::ILL.as_raw() => {
                f.write_str(" (a crash in native code)")
            }
            _ => Ok(()),
        }
    }
}

/// Why a worker failed, with the last it wrote.
///
/// `{}` is one line (unless the app's own message has more); `{:#}` adds the last lines of its stderr, for places
/// where the log cannot be seen beside it.
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
                    "it was not ready after {after:?} and was killed; does its start wait for something?"
                )
            }
            Self::ExitedBeforeReady(exit) => write!(f, "it ended before it was ready: {exit}"),
            Self::Exited(exit) => write!(f, "it ended: {exit}"),
            Self::LinkClosed => f.write_str("it closed its link to the server, did not end, and was killed"),
            Self::LinkBroken { rule } => {
                write!(f, "it broke the link's protocol ({rule}) and was killed")
            }
            Self::Unresponsive => f.write_str(
                "it stopped answering and was killed; is its event loop blocked, or is it stopped?",
            ),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.reason, f)?;
        if f.alternate() && !self.last_stderr.is_empty() {
            f.write_str("\nThe last it wrote to stderr:")?;
            for line in &self.last_stderr {
                write!(f, "\n  {line}")?;
            }
        }
        Ok(())
    }
}

/// Why the server could not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartError {
    /// A worker's first start failed. Shows everything known of it: nothing may have been logged yet.
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
