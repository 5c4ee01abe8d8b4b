//! What a person or the system says to the server.
//!
//! Every signal that other servers of applications know is listened to, those included that mean nothing here: one sent
//! by habit, or by a script written for another server, must not end the server, or stop it, without a word.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use nix::sys::signal::{SigSet, SigmaskHow};
use rustix::process;
use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::time::Instant;

/// A signal to stop that follows the first within this time is the same one: `timeout` of GNU sends its signal to the
/// process and then to its group, and so does many a supervisor.
const REPEAT: Duration = Duration::from_millis(500);

/// A signal's meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    /// SIGTERM, SIGINT or SIGQUIT, which this names.
    Stop(&'static str),
    /// SIGHUP.
    Restart,
}

/// What a signal is to the server, and what it says of one that does nothing.
#[derive(Debug, Clone, Copy)]
enum Meaning {
    Stop,
    Restart,
    Nothing(&'static str),
}

const MEANINGS: [(process::Signal, &str, Meaning); 8] = {
    use process::Signal;
    [
        (Signal::TERM, "SIGTERM", Meaning::Stop),
        (Signal::INT, "SIGINT", Meaning::Stop),
        (Signal::QUIT, "SIGQUIT", Meaning::Stop),
        (Signal::HUP, "SIGHUP", Meaning::Restart),
        (
            Signal::USR1,
            "SIGUSR1",
            Meaning::Nothing(
                "other servers reopen their log files; this one logs to stderr, and there is nothing to reopen",
            ),
        ),
        (
            Signal::USR2,
            "SIGUSR2",
            Meaning::Nothing(
                "gunicorn starts a new server beside the old one; here SIGHUP restarts the workers with new code, \
                 and a new diglot needs the server to be stopped and started",
            ),
        ),
        (
            Signal::TTIN,
            "SIGTTIN",
            Meaning::Nothing(
                "gunicorn starts one worker more; here `workers` in diglot.toml or --workers says how many, at the \
                 start of the server",
            ),
        ),
        (
            Signal::TTOU,
            "SIGTTOU",
            Meaning::Nothing(
                "gunicorn ends one worker; here `workers` in diglot.toml or --workers says how many, at the start of \
                 the server",
            ),
        ),
    ]
};

/// The signals a server listens to.
pub(crate) struct Signals {
    streams: Vec<(Stream, &'static str, Meaning)>,
    /// When the first signal to stop came.
    told_to_stop: Option<Instant>,
}

impl Signals {
    /// From now on they no longer end the process, or stop it, by themselves.
    pub(crate) fn listen() -> io::Result<Self> {
        let streams = MEANINGS
            .into_iter()
            .map(|(number, name, meaning)| {
                Ok((signal(SignalKind::from_raw(number.as_raw()))?, name, meaning))
            })
            .collect::<io::Result<_>>()?;
        Ok(Self { streams, told_to_stop: None })
    }

    /// The next one that means something.
    pub(crate) async fn next(&mut self) -> Signal {
        loop {
            match poll_fn(|context| self.poll_next(context)).await {
                (name, Meaning::Stop) if !self.is_repeat() => return Signal::Stop(name),
                (_, Meaning::Stop) => {}
                (_, Meaning::Restart) => return Signal::Restart,
                (name, Meaning::Nothing(advice)) => tracing::info!("{name}: {advice}"),
            }
        }
    }

    /// Waits for a signal to stop, which it names, and calls `restart` for each one to restart before it.
    pub(crate) async fn wait_for_stop(&mut self, restart: impl Fn()) -> &'static str {
        loop {
            match self.next().await {
                Signal::Stop(name) => return name,
                Signal::Restart => restart(),
            }
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<(&'static str, Meaning)> {
        for (stream, name, meaning) in &mut self.streams {
            if let Poll::Ready(Some(())) = stream.poll_recv(context) {
                return Poll::Ready((*name, *meaning));
            }
        }
        Poll::Pending
    }

    /// Whether the signal to stop that has just come is the first one once more.
    fn is_repeat(&mut self) -> bool {
        match self.told_to_stop {
            Some(first) => first.elapsed() < REPEAT,
            None => {
                self.told_to_stop = Some(Instant::now());
                false
            }
        }
    }
}

/// Has this thread, and those it starts meanwhile, write to the terminal even as a background job.
///
/// Where the terminal is told to stop jobs that do (`stty tostop`), each write sends SIGTTOU and is tried again once that
/// is handled: as it is handled here, for ever. The system lets a thread write that blocks the signal. The others must
/// not block it, for processes they make would inherit that.
pub(crate) fn writing_from_the_background<R>(act: impl FnOnce() -> R) -> R {
    let mut output = SigSet::empty();
    output.add(nix::sys::signal::Signal::SIGTTOU);
    // Neither can fail: the set and what is done with it are valid.
    let before = output.thread_swap_mask(SigmaskHow::SIG_BLOCK);
    let result = act();
    if let Ok(before) = before {
        let _ = before.thread_set_mask();
    }
    result
}
