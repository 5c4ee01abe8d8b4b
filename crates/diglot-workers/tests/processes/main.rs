//! The supervisor with real processes: each test is a story of workers that start, die, hang or talk too much.

#![allow(clippy::unwrap_used)] // a test fails by panicking

#[cfg(target_os = "linux")]
mod alone;
mod ends;
mod harness;
mod lives;
mod output;
mod start;
