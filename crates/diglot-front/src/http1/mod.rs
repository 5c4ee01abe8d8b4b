//! HTTP/1 clients: connections, and what happens to a request between its bytes and the worker's frames.
//!
//! This is the only place that knows how HTTP/1 looks on the wire. Routing, admission, exchanges and links know no version.

mod access;
mod active;
mod answer;
mod connection;
mod dispatch;
mod fault;
mod own;
mod reply;
mod tunnel;
mod upload;
mod websocket;

use crate::h1;

pub use access::{ACCESS_JSON, ACCESS_TEXT};
pub(crate) use connection::Connection;

/// Checked trailers as lines again.
fn field_lines(trailers: &h1::Trailers) -> Vec<u8> {
    let mut lines = Vec::new();
    for field in trailers {
        lines.extend_from_slice(field.name);
        lines.extend_from_slice(b": ");
        lines.extend_from_slice(field.value);
        lines.extend_from_slice(b"\r\n");
    }
    lines
}
