//! The link's socket: bytes in, bytes out, never more than one read's worth kept.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use diglot_link::{Output, Worker};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, FdFlags, fcntl_setfd, ioctl_fionbio};
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// Bytes one read takes at most. The longest frame fits, so a frame that is not whole leaves room for its rest.
pub(crate) const READ_BYTES_MAX: usize = 256 * 1024;

/// A response that is complete does not wait for further handlers of its batch once this has passed since the last write:
/// it is looked at between handlers, so one that runs on keeps what is behind it. Each write wakes a front that sleeps, for
/// about 15 µs: more often than this, and services that compute would pay for it in requests a second.
pub(crate) const BATCH_FLUSH_AFTER: Duration = Duration::from_millis(2);

#[cfg(target_os = "linux")]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
/// Python ignores SIGPIPE.
#[cfg(not(target_os = "linux"))]
const SEND_FLAGS: SendFlags = SendFlags::DONTWAIT;

/// So long after a write, a part of a response that goes on leaves at once.
pub(crate) const PART_FLUSH_AFTER: Duration = Duration::from_micros(500);

/// Bytes that arrived and are not handled yet.
#[derive(Debug)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    handled: usize,
    filled: usize,
}

/// What a read brought.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// Bytes, and the socket may hold more.
    More,
    /// Bytes, or none, and the socket is empty.
    Drained,
    /// The front has closed the link.
    End,
}

impl Input {
    pub(crate) fn new() -> Self {
        Self { bytes: vec![0; READ_BYTES_MAX], handled: 0, filled: 0 }
    }

    /// What is to be handled.
    #[inline]
    pub(crate) fn pending(&self) -> &[u8] {
        &self.bytes[self.handled..self.filled]
    }

    /// The first `count` bytes of [`Self::pending`] are handled.
    #[inline]
    pub(crate) fn handled(&mut self, count: usize) {
        self.handled += count;
    }

    /// Reads what the socket holds, up to [`READ_BYTES_MAX`]. Never waits.
    pub(crate) fn receive(&mut self, socket: BorrowedFd<'_>) -> io::Result<Received> {
        self.receive_with(socket, RecvFlags::DONTWAIT)
    }

    /// As [`Self::receive`], but waits until there is something, or a signal.
    pub(crate) fn receive_blocking(&mut self, socket: BorrowedFd<'_>) -> io::Result<Received> {
        self.receive_with(socket, RecvFlags::empty())
    }

    fn receive_with(&mut self, socket: BorrowedFd<'_>, flags: RecvFlags) -> io::Result<Received> {
        self.bytes.copy_within(self.handled..self.filled, 0);
        self.filled -= self.handled;
        self.handled = 0;
        let room = self.bytes.len() - self.filled;
        match recv(socket, &mut self.bytes[self.filled..], flags) {
            Ok((0, _)) => Ok(Received::End),
            Ok((count, _)) => {
                self.filled += count;
                Ok(if count == room { Received::More } else { Received::Drained })
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(Received::Drained),
            Err(Errno::CONNRESET) => Ok(Received::End),
            Err(error) => Err(error.into()),
        }
    }
}

/// Writes as much as the socket takes. `Ok(true)`: nothing is left.
///
/// # Errors
/// Whatever the socket says but "not now"; the link is of no more use.
pub(crate) fn flush(socket: BorrowedFd<'_>, output: &mut Output) -> io::Result<bool> {
    while !output.is_empty() {
        match send(socket, output.pending(), SEND_FLAGS) {
            Ok(count) => output.sent(count),
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

/// Writes everything, waiting as long as that takes.
pub(crate) fn flush_blocking(socket: BorrowedFd<'_>, output: &mut Output) -> io::Result<()> {
    while !flush(socket, output)? {
        wait_for(socket, PollFlags::OUT)?;
    }
    Ok(())
}

/// Waits until the socket can be read (or written), or is broken.
pub(crate) fn wait_for(socket: BorrowedFd<'_>, what: PollFlags) -> io::Result<()> {
    loop {
        match poll(&mut [PollFd::new(&socket, what)], None) {
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Takes the link's end over: closed on exec, and greeted. The server speaks first, and did so before the worker
/// was started.
pub(crate) fn greet<T: Clone>(socket: OwnedFd, worker: &mut Worker<T>) -> io::Result<(OwnedFd, Input)> {
    fcntl_setfd(&socket, FdFlags::CLOEXEC)?;
    ioctl_fionbio(&socket, false)?;
    let mut input = Input::new();
    loop {
        let handled = worker.handle(input.pending()).map_err(io::Error::other)?;
        if let Some((count, _)) = handled {
            input.handled(count);
            return Ok((socket, input));
        }
        wait_for(socket.as_fd(), PollFlags::IN)?;
        if input.receive(socket.as_fd())? == Received::End {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
