//! Typed calls: the worker's end of the calls socket. `diglot/_calls` has what is written in Python: the registry of
//! functions, their types, Tasks and threads.

mod admission;
mod call;
mod grants;
mod link;
mod receiving;
mod request;
mod sending;
mod state;
mod telling;

pub(crate) use link::CallsLink;
pub(crate) use request::ServedRequest;
pub(crate) use sending::TooLargeError;
