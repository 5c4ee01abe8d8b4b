//! What a person or the system says to the server.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// A signal's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM or SIGINT.
    Stop,
    /// SIGHUP.
    Restart,
}

/// The signals a server listens to.
pub(crate) struct Signals {
    terminate: Stream,
    interrupt: Stream,
    hangup: Stream,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// The next one.
    pub(crate) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.terminate.recv() => Signal::Stop,
            _ = self.interrupt.recv() => Signal::Stop,
            _ = self.hangup.recv() => Signal::Restart,
        }
    }

    /// Waits for a signal to stop, and calls `restart` for each one to restart before it.
    pub(crate) async fn wait_for_stop(&mut self, restart: impl Fn()) {
        while self.next().await == Signal::Restart {
            restart();
        }
    }
}
