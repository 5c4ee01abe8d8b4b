//! The bench's load client: what wrk cannot do. One thread over raw sockets, so that on a machine of two cores it
//! takes little from the server it measures.
//!
//!     cargo run --release -p diglot-front --example load -- MODE ADDRESS [--OPTION VALUE]...
//!
//! - `echo`: WebSockets at `--path`, each with one 32-byte text message under way at a time; what is counted are
//!   round trips.
//! - `broadcast`: subscribers at `--path` (the server tells each `subscribed`), one publisher at `--publish-path`
//!   whose every message each subscriber gets; what is counted are deliveries.
//! - `http`: one request at a time on each connection, kept alive as long as the server keeps it.
//!
//! Options: `--connections` (subscribers in a broadcast), `--seconds`, `--rate`, `--window`, `--method`,
//! `--body-bytes`, `--offer-deflate yes`.
//!
//! Without `--rate` the loop is closed: the next message follows the answer to the last, and in a broadcast at most
//! `--window` messages are under way. With it the loop is open: messages are due at equal intervals, and latency
//! runs from the moment one was *due*, so that a server that stalls is charged for all it kept waiting.
//!
//! It prints one line of JSON as `bench/load.lua` does, without errors: the first one ends it, with a word on stderr.
//! Linux only, as the bench is: epoll and timerfd.

mod broadcast;
mod connection;
mod exchange;
mod http;
mod latencies;
mod options;
mod pace;
mod poll;
mod websocket;

use std::error::Error;
use std::io::Write as _;
use std::process::ExitCode;

use options::{Mode, Options};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    let done = Options::parse(std::env::args().skip(1)).and_then(|options| {
        let figures = match options.mode {
            Mode::Echo | Mode::Http => exchange::run(&options)?,
            Mode::Broadcast => broadcast::run(&options)?,
        };
        let (requests, duration_us) = (figures.count(), options.duration.as_micros());
        let (p50_us, p99_us) = (figures.percentile_us(0.5), figures.percentile_us(0.99));
        writeln!(
            std::io::stdout(),
            r#"{{"requests":{requests},"duration_us":{duration_us},"p50_us":{p50_us},"p99_us":{p99_us}}}"#
        )?;
        Ok(())
    });
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("load: {error}");
            ExitCode::FAILURE
        }
    }
}
