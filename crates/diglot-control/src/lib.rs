//! The control socket: how `diglot functions`, `diglot call` and `diglot types` talk to a running server.
//!
//! It speaks HTTP/1.1 on a Unix socket that only the server's own user can open, so `curl --unix-socket` can ask as well:
//!
//! | request | answer |
//! |---|---|
//! | `GET /functions` | the functions of every service, as JSON |
//! | `GET /offered` | the same as soon as no worker is being loaded, with the services of which none is ready: [`Offered`] |
//! | `GET /description?host=NAME` | what all services answer, of that host or of those that no route names: [`Described`] |
//! | `POST /call/SERVICE/FUNCTION?timeout_ms=N`, the arguments as JSON | the answer as JSON; of a stream, a line of JSON an item (`application/jsonl`), `{"item": …}`, and `{"error": …}` where it ends too early |
//!
//! What a call comes to when it fails is the JSON that the protocol of calls has for it (`docs/internals/calls.md`).

mod client;
mod described;
mod offered;
mod path;
mod server;

pub use client::{Client, ClientError, Reply};
pub use described::Described;
pub use offered::Offered;
pub use path::{candidates, default_path};
pub use server::{Answer, Call, Commands, Control, Refusal};
