//! ASGI: one event loop's end of the link.
//!
//! The loop calls [`AsgiLink::on_readable`] when frames are there. Each request in them becomes a scope, a coroutine and
//! a Task, and each message of a WebSocket wakes one; what the applications answer at once leaves together, in one write, before control returns to the loop.

mod awaitable;
mod conversation;
mod event;
mod exchange;
mod file;
mod inbox;
mod link;
mod outbox;
mod reply;
mod socket;
mod socket_event;
mod tasks;
#[cfg(target_os = "linux")]
mod timers;
mod waiter;

pub(crate) use link::AsgiLink;
#[cfg(target_os = "linux")]
pub(crate) use timers::Timers;
