//! The broker: it passes calls from one worker to another, and from those who are no workers.
//!
//! [`Machine`] decides everything and does no I/O; time is a parameter. [`Broker`] is the thread that has the sockets.
//! `docs/internals/calls.md` is the protocol, `diglot-calls` its formats.

mod advice;
mod driver;
mod error;
mod local;
mod machine;
mod offer;
mod socket;
mod wheel;

pub use advice::advice;
pub use driver::{Broker, SocketEnd};
pub use error::CallError;
pub use local::{Call, Items, Reply, Whole};
pub use machine::{CallKey, Machine, Settings, WorkerKey};
pub use offer::Offer;
