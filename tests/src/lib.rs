//! A harness that starts the real server on a free port and ends it again.
//!
//! ```no_run
//! let server = diglot_tests::server().service("hello.js").service("/api=hello:app").run();
//! let answer = server.get("/api/x");
//! assert_eq!(answer.status, 200);
//! ```

mod apps;
mod client;
mod load;
mod process;
mod watch;
pub mod websocket;

pub use apps::{APPS, ASGI, App, FETCH, NODE, Pattern, WSGI};
pub use client::{Client, Response};
pub use load::{Load, Outcomes, load};
pub use process::{Running, Server, binary, server};
pub use watch::Process;

/// Whether tests run at the sizes the product promises, which takes minutes, and not at smaller ones: asked for with
/// `DIGLOT_TEST_FULL=1`.
pub fn is_full() -> bool {
    std::env::var_os("DIGLOT_TEST_FULL").is_some()
}
