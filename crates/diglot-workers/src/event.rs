//! What goes into the state machine ([`Event`]) and what comes out of it ([`Action`]): two closed enums, so that
//! the whole life of a worker can be tested, and read, without a process.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::failure::{Exit, StartError};
use crate::notice::Notice;

/// One process, past or present. Never reused: the generation tells a worker from the one it replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId {
    /// Index of the service in the list given to the supervisor.
    pub service: usize,
    /// Index of the worker's place within its service, from 0.
    pub slot: usize,
    /// Counts up over all workers of the supervisor, from 1.
    pub generation: u32,
}

/// How people are told which worker is meant.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct WorkerName {
    pub service: Arc<str>,
    /// The slot, counted from 1 as people do.
    pub number: usize,
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "service \"{}\", worker {}", self.service, self.number)
    }
}

/// Why a link is no longer of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LinkEnd {
    /// The worker's end was closed: its process ends, or has ended.
    Closed,
    /// The worker broke a rule of the link's protocol, named here; nothing it says can be trusted any more.
    Broken { rule: String },
}

/// A limit of its service that a worker has reached: another takes its place, and it loses no request by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// It has been given this many requests.
    Requests(u64),
    /// It has been ready for so long.
    Lifetime(Duration),
    /// Its resident memory.
    Memory { bytes: u64, bytes_max: u64 },
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// As people read it; what is measured is never exact.
        fn mib(bytes: u64) -> u64 {
            bytes >> 20
        }
        match *self {
            Self::Requests(requests) => write!(f, "it has had {requests} requests"),
            Self::Lifetime(lifetime) => write!(f, "it has lived for {lifetime:?}"),
            Self::Memory { bytes, bytes_max } => {
                write!(f, "it holds {} MiB of memory, above its limit of {} MiB", mib(bytes), mib(bytes_max))
            }
        }
    }
}

/// How long workers may take to finish.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grace {
    /// From now on.
    pub left: Duration,
    /// In all, as people have set it: what was spent before on requests is part of it. They are told of this.
    pub whole: Duration,
}

impl From<Duration> for Grace {
    /// Nothing of it is spent.
    fn from(whole: Duration) -> Self {
        Self { left: whole, whole }
    }
}

/// What happened, seen from outside the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Begin: start every worker of every service.
    Start,
    /// Something happened to one worker.
    Worker(WorkerId, WorkerEvent),
    /// The instant given by [`Machine::next_deadline`](crate::Machine::next_deadline) has come.
    DeadlineReached,
    /// Replace every worker that runs now, one after another in each service, each new one being ready before
    /// the old one drains.
    Restart,
    /// Let the workers finish what they have within `grace`, then end them.
    Shutdown { grace: Grace },
    /// End every worker now.
    ShutdownNow,
}

/// What happened to one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkerEvent {
    /// There is no process: the system refused to make one.
    SpawnFailed { message: String },
    /// It said over its link that its app is loaded.
    Ready,
    /// It said over its link that its app cannot be loaded; `message` is the app's own.
    StartFailed { message: String },
    /// Its link has ended.
    LinkClosed(LinkEnd),
    /// It missed its heartbeat for too long.
    Unresponsive,
    /// It is to be replaced. Its lifetime is not told this way: the machine reckons it.
    LimitReached(Limit),
    /// Its process has ended and been reaped, and its output has been read to the end.
    Exited { exit: Exit, last_stderr: Vec<String> },
}

/// What the driver must do. Taken from [`Machine::next_action`](crate::Machine::next_action) in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Make the process of this worker and connect it.
    Spawn(WorkerId),
    /// Tell the worker over its link to finish what it has and end. It gets no new requests from now on.
    Drain { worker: WorkerId, grace: Duration },
    /// SIGKILL to the worker and all of its process group.
    Kill(WorkerId),
    /// The front must know: from now on the service is in this state.
    ServiceState { service: usize, state: ServiceState },
    /// For the log.
    Report(Notice),
    /// Every worker of every service has been ready.
    Started,
    /// No worker is left. With an error when the reason is that the server could not start.
    Stopped { start_error: Option<StartError> },
}

/// Whether requests for a service are worth accepting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceState {
    /// Workers are ready, or will be in a moment: a request may wait for one.
    Serving,
    /// No worker is ready and they keep failing: answer 503 at once.
    Broken,
}
