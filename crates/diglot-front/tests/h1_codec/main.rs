//! The HTTP/1 codec from outside: a table of attacks, each in all ways a network may cut it, what heads and
//! responses say, and properties that hold for any bytes.

#![allow(clippy::unwrap_used)] // a test fails by panicking

mod cases;
mod connection;
mod heads;
mod properties;
mod responses;
mod table;
mod wire;
