//! The life of workers: spawned, watched, restarted, drained, ended.
//!
//! Two halves. [`Machine`] decides: a state machine with named states, driven by one closed [`Event`] enum, with no
//! process and no clock in it. [`Supervisor`] carries out what it decides, with real processes on tokio.
//!
//! Deliberately absent: HTTP and the frames on a link. Whoever composes the server gets the server's end of each
//! worker's link through [`Handler::attach`], and says through the [`Reporter`] it gets with it what the link said.

mod driver;
mod event;
mod failure;
mod heap;
mod log;
mod machine;
mod notice;
mod policy;

pub use driver::{
    ASIDE_ENV, Aside, Attach, CALLS_ENV, Handler, LINK_ENV, Launch, Launches, LinkPlace, Reporter, Running,
    ServiceSpec, Supervisor, SupervisorHandle,
};
pub use event::{Action, Event, Grace, Limit, LinkEnd, ServiceState, WorkerEvent, WorkerId, WorkerName};
pub use failure::{Exit, Failure, Reason, StartError};
pub use log::{
    LINE_BYTES_MAX, Log, LogEntry, LogSink, Origin, QUEUED_BYTES_MAX, QUEUED_LINES_MAX,
    STDERR_TAIL_BYTES_MAX, STDERR_TAIL_LINES_MAX, Stream,
};
pub use machine::{Machine, ServiceShape};
pub use notice::{Notice, Severity};
pub use policy::Policy;
