//! The socket of a link, watched only for what is waited for.
//!
//! A stream of tokio's is always watched for room to write as well, and a Unix socket has new room whenever its
//! peer reads: the loop would wake for every batch that a worker takes, with nothing to do.

use std::io;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use rustix::buffer::spare_capacity;
use rustix::net::SendFlags;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A connected, non-blocking socket that belongs to one task.
#[derive(Debug)]
pub(crate) struct LinkSocket {
    readable: AsyncFd<Arc<UnixStream>>,
    /// A second descriptor of the same socket, while it is full.
    writable: Option<AsyncFd<Arc<UnixStream>>>,
}

/// Writes to a link's socket from outside of the task it belongs to.
#[derive(Debug, Default)]
pub(crate) struct Writer(Weak<UnixStream>);

impl Writer {
    /// Writes what the socket takes at once of `bytes`; returns how much. Why it takes nothing is the task's to find out.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> usize {
        match self.0.upgrade() {
            Some(socket) => rustix::net::send(socket, bytes, SendFlags::NOSIGNAL).unwrap_or(0),
            None => 0,
        }
    }
}

impl LinkSocket {
    /// Takes a connected socket over. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// Those of the system, when the event loop can watch no more descriptors.
    pub(crate) fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { readable: watch(Arc::new(socket), Interest::READABLE)?, writable: None })
    }

    /// Another way to write to it, which ends with it.
    pub(crate) fn writer(&self) -> Writer {
        Writer(Arc::downgrade(self.readable.get_ref()))
    }

    /// Appends to `buffer` what one read brings into its spare capacity. 0 bytes: the peer has closed its end.
    ///
    /// # Errors
    /// Those of recv(2).
    pub(crate) fn poll_read(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        loop {
            let mut guard = ready!(self.readable.poll_read_ready(context))?;
            let room = buffer.capacity() - buffer.len();
            match rustix::io::read(guard.get_inner(), spare_capacity(buffer)) {
                Ok(count) => {
                    // A stream that gives less than was asked for is empty; its end would come as a further event.
                    if count > 0 && count < room {
                        guard.clear_ready();
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(rustix::io::Errno::AGAIN) => guard.clear_ready(),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    /// Writes what the socket takes at once of `bytes`. Pending: it is full, and the task is woken when it is not.
    ///
    /// # Errors
    /// Those of send(2).
    pub(crate) fn poll_write(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            // A descriptor that is watched for room says first that there is some.
            let guard = match &self.writable {
                Some(writable) => Some(ready!(writable.poll_write_ready(context))?),
                None => None,
            };
            match rustix::net::send(self.readable.get_ref(), bytes, SendFlags::NOSIGNAL) {
                Ok(count) => {
                    self.writable = None;
                    return Poll::Ready(Ok(count));
                }
                Err(rustix::io::Errno::AGAIN) => match guard {
                    Some(mut guard) => guard.clear_ready(),
                    None => {
                        let again = self.readable.get_ref().try_clone()?;
                        self.writable = Some(watch(Arc::new(again), Interest::WRITABLE)?);
                    }
                },
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }
}

fn watch(socket: Arc<UnixStream>, interest: Interest) -> io::Result<AsyncFd<Arc<UnixStream>>> {
    // SAFETY: a UnixStream names one open descriptor for as long as it lives, and the AsyncFd holds it.
    #[allow(unsafe_code)]
    let watched = unsafe { AsyncFd::register_with_interest(socket, interest) }?;
    Ok(watched)
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::{Read, Write};

    use super::*;

    fn pair() -> (LinkSocket, UnixStream) {
        let (ours, theirs) = UnixStream::pair().expect("a socket pair");
        (LinkSocket::new(ours).expect("the loop takes it"), theirs)
    }

    #[tokio::test]
    async fn reads_what_comes_and_the_end() {
        let (mut socket, mut peer) = pair();
        let mut buffer = Vec::with_capacity(16);
        let writer = std::thread::spawn(move || {
            peer.write_all(b"one and more than one read takes").expect("the peer reads");
        });
        let mut all = Vec::new();
        loop {
            buffer.clear();
            if poll_fn(|context| socket.poll_read(context, &mut buffer)).await.expect("a healthy socket") == 0
            {
                break;
            }
            all.extend_from_slice(&buffer);
        }
        writer.join().expect("no panic");
        assert_eq!(all, b"one and more than one read takes");
    }

    #[tokio::test]
    async fn writes_on_when_the_peer_has_read() {
        const BYTES: usize = 8 * 1024 * 1024;
        let (mut socket, mut peer) = pair();
        let sent: Vec<u8> = (0..BYTES).map(|at| (at % 251) as u8).collect();
        let reader = std::thread::spawn(move || {
            let mut received = Vec::new();
            peer.read_to_end(&mut received).map(|_| received)
        });
        let mut at = 0;
        let mut waited = false;
        while at < BYTES {
            at += poll_fn(|context| {
                let polled = socket.poll_write(context, &sent[at..]);
                waited |= polled.is_pending();
                polled
            })
            .await
            .expect("a healthy socket");
        }
        drop(socket);
        let received = reader.join().expect("no panic").expect("a healthy socket");
        assert!(waited, "so much is never taken at once");
        assert!(received == sent, "{} bytes of {BYTES}, or other ones", received.len());
    }
}
