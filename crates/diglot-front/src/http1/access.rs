//! The access log: one line a request, where it was asked for.

use std::fmt::{Display, Write as _};

use tokio::time::Instant;

use crate::h1::{RequestHead, Version};

/// A request that will have a line when it is over.
#[derive(Debug)]
pub(super) struct Record {
    line: String,
    started: Instant,
}

impl Record {
    /// Of a request that was read. The codec lets nothing but visible ASCII into a target, and tokens into a method.
    pub(super) fn of(client: impl Display, head: &RequestHead<'_>) -> Box<Self> {
        let version = match head.version {
            Version::Http10 => "1.0",
            Version::Http11 => "1.1",
        };
        let method = String::from_utf8_lossy(head.method);
        let target = String::from_utf8_lossy(head.target);
        let line = format!("{client} \"{method} {target} HTTP/{version}\"");
        Box::new(Self { line, started: Instant::now() })
    }

    /// Of bytes that were no request.
    pub(super) fn of_malformed(client: impl Display) -> Box<Self> {
        Box::new(Self { line: format!("{client} \"-\""), started: Instant::now() })
    }

    /// Writes the line: client, request, status (`-` where the client left before there was one), bytes of content,
    /// milliseconds.
    pub(super) fn write(&mut self, status: u16, content_bytes: u64) {
        let took = self.started.elapsed();
        // Writing into memory cannot fail.
        let _ = match status {
            0 => write!(self.line, " - {content_bytes}"),
            _ => write!(self.line, " {status} {content_bytes}"),
        };
        let _ = write!(self.line, " {:.1} ms", took.as_secs_f64() * 1e3);
        tracing::info!("{}", self.line);
    }
}
