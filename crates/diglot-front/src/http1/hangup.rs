//! Whether a client has gone that is not read from, as its last bytes fill the buffer.

use std::os::fd::AsFd;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use tokio::time::{Instant, Sleep};

/// How often the system is asked. It cannot wake the task instead: with bytes left to read, the socket is ready anyhow.
const INTERVAL: Duration = Duration::from_millis(50);

/// Looks from time to time whether the client has closed its end behind what it sent.
#[derive(Debug)]
pub(super) struct Hangup {
    timer: Pin<Box<Sleep>>,
}

impl Default for Hangup {
    fn default() -> Self {
        Self { timer: Box::pin(tokio::time::sleep(INTERVAL)) }
    }
}

impl Hangup {
    /// Ready when the client has closed its end of `socket`, or the connection is broken.
    pub(super) fn poll(&mut self, socket: &impl AsFd, context: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(context).is_ready() {
            if has_hung_up(socket) {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(Instant::now() + INTERVAL);
        }
        Poll::Pending
    }
}

fn has_hung_up(socket: &impl AsFd) -> bool {
    let mut looked_at = [PollFd::new(socket, PollFlags::RDHUP)];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    match rustix::event::poll(&mut looked_at, Some(&at_once)) {
        Ok(_) => looked_at[0].revents().intersects(PollFlags::RDHUP | PollFlags::HUP | PollFlags::ERR),
        // The next look will tell.
        Err(_) => false,
    }
}
