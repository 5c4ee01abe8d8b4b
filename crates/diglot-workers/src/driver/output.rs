//! Reading what a worker writes, always and at once: a worker must never wait for the log.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::event::WorkerName;
use crate::log::line::{LineSplitter, Tail};
use crate::log::{Log, Origin, Stream};

/// Read from a pipe at once; what a Linux pipe holds by default is four times as much.
const READ_BYTES_MAX: usize = 16 * 1024;

/// One output of one worker on its way to the log.
#[derive(Debug)]
pub(super) struct Output {
    pipe: pipe::Receiver,
    splitter: LineSplitter,
    tail: Tail,
    keeps_tail: bool,
    origin: Origin,
    log: Log,
}

impl Output {
    /// Must be called in a tokio runtime.
    ///
    /// # Errors
    /// When the pipe cannot be registered with it.
    pub(super) fn new(
        pipe: impl Into<OwnedFd>,
        worker: Arc<WorkerName>,
        stream: Stream,
        log: Log,
    ) -> io::Result<Self> {
        Ok(Self {
            pipe: pipe::Receiver::from_owned_fd(pipe.into())?,
            splitter: LineSplitter::default(),
            tail: Tail::default(),
            // Only stderr says why something failed.
            keeps_tail: stream == Stream::Stderr,
            origin: Origin::Worker { worker, stream },
            log,
        })
    }

    /// Read until every writer has closed the pipe. May be dropped and called again.
    pub(super) async fn read_to_end(&mut self) {
        let mut buffer = Vec::with_capacity(READ_BYTES_MAX);
        while self.pipe.read_buf(&mut buffer).await.is_ok_and(|read| read > 0) {
            let mut lines = Vec::new();
            self.splitter.feed(&buffer, |line| lines.push(line));
            self.give(lines);
            buffer.clear();
        }
    }

    /// No more will be read: log what is left and hand over the last lines.
    pub(super) fn finish(mut self) -> Vec<String> {
        let mut lines = Vec::new();
        self.splitter.finish(|line| lines.push(line));
        self.give(lines);
        self.tail.into_lines()
    }

    fn give(&mut self, lines: Vec<String>) {
        if lines.is_empty() {
            return;
        }
        if self.keeps_tail {
            for line in &lines {
                self.tail.push(line.clone());
            }
        }
        self.log.push(self.origin.clone(), lines);
    }
}
