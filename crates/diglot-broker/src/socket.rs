//! A calls socket of a worker, watched only for what is waited for.
//!
//! A stream of tokio's is always watched for room to write as well, and a Unix socket has new room whenever its
//! peer reads: the loop would wake for every batch that a worker takes, with nothing to do.

use std::io::{self, IoSlice};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustix::buffer::spare_capacity;
use rustix::net::{SendAncillaryBuffer, SendFlags, sendmsg};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A connected, non-blocking socket that belongs to one task.
#[derive(Debug)]
pub(crate) struct CallsSocket {
    readable: AsyncFd<Arc<UnixStream>>,
    /// A second descriptor of the same socket, while it is full.
    writable: Option<AsyncFd<Arc<UnixStream>>>,
}

impl CallsSocket {
    /// Takes a connected socket over. Must be called in a tokio runtime.
    ///
    /// # Errors
    /// Those of the system, when the event loop can watch no more descriptors.
    pub(crate) fn new(socket: UnixStream) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        Ok(Self { readable: watch(Arc::new(socket), Interest::READABLE)?, writable: None })
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

    /// The same at once, whether or not the event loop knows of anything: `None` if there is nothing.
    ///
    /// # Errors
    /// Those of recv(2).
    pub(crate) fn try_read(&self, buffer: &mut Vec<u8>) -> io::Result<Option<usize>> {
        loop {
            match rustix::io::read(self.readable.get_ref(), spare_capacity(buffer)) {
                Ok(count) => return Ok(Some(count)),
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Writes what the socket takes at once of `slices`. Pending: it is full, and the task is woken when it is not.
    ///
    /// # Errors
    /// Those of sendmsg(2).
    pub(crate) fn poll_write(
        &mut self,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            // A descriptor that is watched for room says first that there is some.
            let guard = match &self.writable {
                Some(writable) => Some(ready!(writable.poll_write_ready(context))?),
                None => None,
            };
            let nothing_else = &mut SendAncillaryBuffer::default();
            match sendmsg(self.readable.get_ref(), slices, nothing_else, SendFlags::NOSIGNAL) {
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
