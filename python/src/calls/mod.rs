//! Typed calls: the worker's end of the calls socket. `diglot/_calls` has what is written in Python: the registry of
//! functions, their types, Tasks and threads.

mod call;
mod grants;
mod link;
mod request;

pub(crate) use link::{CallsLink, TooLargeError};
pub(crate) use request::ServedRequest;
