//! What workers write, on its way to the log: cut into lines, made safe to print, and queued for a thread of its
//! own, so that neither a worker nor the server ever waits for whoever reads the log.

pub(crate) mod line;
mod queue;

use std::sync::Arc;

use crate::event::WorkerName;

pub use self::queue::Log;

/// A longer line is cut into several of at most this many bytes.
pub const LINE_BYTES_MAX: usize = 16 * 1024;
/// Lines of workers that wait for the sink; beyond it, or [`QUEUED_BYTES_MAX`], the oldest are dropped.
pub const QUEUED_LINES_MAX: usize = 8 * 1024;
/// Bytes of text that wait for the sink, of workers and of the server each.
pub const QUEUED_BYTES_MAX: usize = 4 * 1024 * 1024;
/// How many of its last stderr lines are kept of each worker, to be shown with a failure.
pub const STDERR_TAIL_LINES_MAX: usize = 50;
/// Bytes of text kept with [`STDERR_TAIL_LINES_MAX`].
pub const STDERR_TAIL_BYTES_MAX: usize = 64 * 1024;

/// Who wrote a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Diglot itself.
    Server,
    Worker {
        worker: Arc<WorkerName>,
        stream: Stream,
    },
}

/// Which of its two outputs a worker wrote to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// One thing for the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogEntry {
    /// A line without its end. A worker's is valid text of at most [`LINE_BYTES_MAX`] bytes plus what escaping
    /// adds, and has no colours and no control characters but tabs; the server's is as it was given.
    Line { origin: Origin, text: String },
    /// The sink was too slow: this many lines are missing here.
    Dropped { lines: u64 },
}

/// Where the log goes. Lives on a thread of its own, so it may block; what it cannot write it swallows, for
/// serving goes on when the disk is full.
pub trait LogSink: Send + 'static {
    fn write(&mut self, entry: &LogEntry);

    /// Nothing more waits: what has been written should be seen now.
    fn flush(&mut self) {}
}
