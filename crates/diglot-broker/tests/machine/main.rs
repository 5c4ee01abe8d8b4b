//! The broker's machine between simulated workers, in simulated time.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

mod chaos;
mod ends;
mod routing;
mod streams;
mod world;
