//! The front: it owns the sockets and gives each request to a worker.
//!
//! ```text
//!   listener ─▶ http1 ──▶ router ──▶ service ──▶ link ──▶ worker
//!   accept      parse     which      which        frames
//!               answer    service    worker
//!                 ▲                                │
//!                 └──────────── exchange ◀─────────┘
//! ```
//!
//! A thread runs one event loop. The tasks of its client connections and of its links meet in exchanges; nothing a client
//! or a worker does makes one of them wait for another.
//!
//! Deliberately absent: processes. Whoever starts a worker hands its link to [`Front::attach`] and is told what the link
//! says.

pub mod h1;
pub mod own;
pub mod websocket;

mod buffers;
mod client;
mod clock;
mod deadline;
mod exchange;
mod http1;
mod link;
mod listener;
mod router;
mod service;
mod sessions;
mod shared;
mod threads;
mod under_way;

pub use http1::{ACCESS_JSON, ACCESS_TEXT};
pub use link::{Link, LinkNotice};
pub use listener::{Address, Listener, SocketOptions};
pub use router::{FixedAnswer, Router, Target};
pub use service::{Admission, Service};
pub use threads::{Front, Settings};
pub use under_way::UnderWay;
