//! The WebSocket codec from outside: a table of what clients send, each case in all ways a network may cut it; texts,
//! good and bad; the handshake; what the encoder writes; echoes of all lengths; hostile clients; and properties that
//! hold for any bytes.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod connection;
mod encoding;
mod handshake;
mod hostile;
mod messages;
mod peer;
mod properties;
mod table;
mod utf8;
