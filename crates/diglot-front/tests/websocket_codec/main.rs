//! The WebSocket codec from outside: a table of what clients send, each case in all ways a network may cut it; the
//! handshake; what the encoder writes; hostile clients; and properties that hold for any bytes.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod connection;
mod handshake;
mod peer;
mod properties;
mod table;
