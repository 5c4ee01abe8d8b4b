//! A harness that starts the real server on a free port and ends it again.
//!
//! ```no_run
//! let server = diglot_tests::server().service("hello.js").service("/api=hello:app").run();
//! let answer = server.get("/api/x");
//! assert_eq!(answer.status, 200);
//! ```

mod client;
mod process;

pub use client::{Client, Response};
pub use process::{Running, Server, server};
