//! The protocol of calls: how a function of one worker is called by another, through the broker.
//!
//! Every worker has a Unix stream socket for calls beside its link. This crate is what is spoken on it and nothing else:
//! it has no sockets and no clock. `docs/internals/calls.md` is the same protocol in prose, for those who write another
//! end.
//!
//! - [`frame`], [`preface`], [`message`], [`names`]: the formats, each with its limits;
//! - [`Connection`]: one end of a socket, the broker's or a worker's, with all its calls in both directions;
//! - [`items`]: taking a stream of items apart.
//!
//! Bytes that arrived go into [`Connection::handle`], which says how many it took and what they meant; bytes to send are
//! in [`Connection::output`]. Everything else queues a frame.
//!
//! Whatever breaks a rule is a [`Violation`]: the end that sees one closes the socket and repairs nothing.

pub mod frame;
pub mod items;
pub mod message;
pub mod names;
pub mod preface;

mod call;
mod connection;
mod incoming;
mod output;
mod violation;

pub use connection::{Connection, Role, Total};
pub use incoming::Event;
pub use output::{Output, Payload};
pub use violation::Violation;

/// Most calls that are open in one direction of a socket.
pub const CALLS_MAX: usize = 65_536;
/// Most bytes a worker may have granted on its socket and not received: as much the broker may have to hold for it.
pub const GRANTED_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most bytes of unfinished messages of arguments that a worker should ask for at once.
pub const ARGUMENTS_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most bytes of a message where nobody says otherwise.
pub const MESSAGE_BYTES_MAX: u32 = 64 * 1024 * 1024;
/// In how many calls a call may stand.
pub const DEPTH_MAX: u8 = 64;
