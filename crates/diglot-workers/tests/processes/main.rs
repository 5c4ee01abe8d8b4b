//! The supervisor with real processes: each test is a story of workers that start, die, hang or talk too much.

mod harness;
mod start;
