//! What the supervisor tells people: typed, so that the log can carry fields, and readable as it is.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::event::{Limit, WorkerName};
use crate::failure::Failure;

/// Something worth a line in the log. `Display` says what happened, to whom, and what comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A worker failed, or its program has ended by itself; a new one takes its place after `retry_in`.
    WorkerFailed { worker: WorkerName, failure: Failure, retry_in: Duration },
    /// A worker on its way out did not end cleanly; nothing follows from it but lost in-flight requests.
    BadEnd { worker: WorkerName, failure: Failure },
    /// A draining worker was not done in time and was killed: all of `grace` is over.
    DrainTimedOut { worker: WorkerName, grace: Duration },
    /// No worker of the service is ready and they keep failing.
    ServiceBroken { service: Arc<str>, retry_every_at_most: Duration },
    /// The service has a stable worker again.
    ServiceRecovered { service: Arc<str> },
    /// Every worker of the service has been replaced.
    RestartDone { service: Arc<str> },
    /// As the last of several services, after a restart of all: nothing old is left.
    RestartComplete,
    /// A worker has reached a limit `age` after it was ready; its replacement is being started.
    LimitReached { worker: WorkerName, limit: Limit, age: Duration },
    /// The replacement of a worker that has reached a limit could not start; the old one serves on until the next
    /// attempt.
    ReplacementFailed { worker: WorkerName, failure: Failure, retry_in: Duration },
    /// A new worker could not take the place of an old one; the old one serves on, and so do those not yet
    /// replaced.
    RestartFailed { worker: WorkerName, failure: Failure },
}

/// A worker that reaches a limit sooner is replaced more often than it can be of use: the limit is too low for its app.
const YOUNG: Duration = Duration::from_secs(60);

/// Whether a limit was reached sooner than whoever set it can have meant. A lifetime is what was asked for.
fn is_early(limit: &Limit, age: Duration) -> bool {
    !matches!(limit, Limit::Lifetime(_)) && age < YOUNG
}

/// How loud a notice should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Info,
    Warning,
    Error,
}

impl Notice {
    pub fn severity(&self) -> Severity {
        match self {
            Self::ServiceRecovered { .. } | Self::RestartDone { .. } | Self::RestartComplete => {
                Severity::Info
            }
            Self::LimitReached { limit, age, .. } if !is_early(limit, *age) => Severity::Info,
            Self::WorkerFailed { failure, .. } if failure.is_end_of_program() => Severity::Info,
            Self::LimitReached { .. } | Self::DrainTimedOut { .. } | Self::BadEnd { .. } => Severity::Warning,
            Self::WorkerFailed { .. }
            | Self::ServiceBroken { .. }
            | Self::RestartFailed { .. }
            | Self::ReplacementFailed { .. } => Severity::Error,
        }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WorkerFailed { worker, failure, retry_in } => {
                let failure = failure.to_string();
                write!(f, "{worker}: {failure}")?;
                // A message of several lines stays whole; what comes next gets a line of its own.
                f.write_str(if failure.contains('\n') { "\n" } else { "; " })?;
                if retry_in.is_zero() {
                    f.write_str("a new one is started at once")
                } else {
                    write!(f, "a new one is started in {retry_in:?}")
                }
            }
            Self::BadEnd { worker, failure } => write!(f, "{worker} did not finish cleanly: {failure}"),
            Self::DrainTimedOut { worker, grace } => {
                write!(
                    f,
                    "{worker} was killed: its requests, its shutdown or a thread of it took longer than {grace:?}"
                )
            }
            Self::ServiceBroken { service, retry_every_at_most } => write!(
                f,
                "service \"{service}\" is down: its workers keep failing, for the reasons above. Its requests are \
                 answered 503; a new start is tried at least every {retry_every_at_most:?}"
            ),
            Self::ServiceRecovered { service } => write!(f, "service \"{service}\" serves again"),
            Self::RestartDone { service } => {
                write!(f, "service \"{service}\": every worker has been restarted")
            }
            Self::RestartComplete => {
                f.write_str("the restart is complete: every service has new workers only")
            }
            Self::LimitReached { worker, limit, age } => {
                write!(f, "{worker} is replaced: {limit}")?;
                if is_early(limit, *age) {
                    write!(
                        f,
                        ", only {:.1} s after it was ready: the limit is low for this app",
                        age.as_secs_f64()
                    )?;
                }
                Ok(())
            }
            Self::ReplacementFailed { worker, failure, retry_in } => write!(
                f,
                "{worker} could not be replaced at its limit, the old one serves on; the next attempt is in \
                 {retry_in:?}: {failure:#}"
            ),
            Self::RestartFailed { worker, failure } => {
                write!(f, "{worker} could not be restarted, the old one serves on: {failure:#}")
            }
        }
    }
}
