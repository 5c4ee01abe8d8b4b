//! The link between the front and one worker.
//!
//! One Unix stream socket carries every request of a worker, many at a time. This crate is the protocol and
//! nothing else: it has no sockets and no clock, so a simulated pair of peers can do to each other whatever a
//! test thinks of. `docs/internals/link.md` is the same protocol in prose, for those who write another end.
//!
//! - [`frame`], [`preface`], [`message`], [`names`]: the formats, each with its limits;
//! - [`credit`]: how a receiver holds a sender back;
//! - [`Front`]: the server's end of a link; [`Worker`]: the worker's end.
//!
//! Both ends are used alike. Bytes that arrived go into `handle`, which says how many it took and what they
//! meant; bytes to send are in `output`, and `sent` tells how many left. Everything else queues a frame.
//!
//! Whatever breaks a rule is a [`Violation`]: the end that sees one closes the link and repairs nothing.

pub mod credit;
pub mod frame;
pub mod message;
pub mod names;
pub mod preface;

mod front;
mod output;
mod violation;
mod worker;

pub use front::{Front, FrontEvent};
pub use output::Output;
pub use violation::Violation;
pub use worker::{Worker, WorkerEvent};

/// A stream of a link: its id, and which use of that id it is.
///
/// A key outlives its stream without harm. What is done with it then has no effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StreamKey {
    /// 1..=`streams_max` of the preface.
    pub stream: u32,
    /// Counts the uses of this id, from 0. Its lower 16 bits travel: a frame is late by one use at most, but a key
    /// may be kept while its id is used a hundred thousand times.
    pub generation: u32,
}
