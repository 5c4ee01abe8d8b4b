//! The life of one worker, from its spawning to its exit.

use std::time::{Duration, Instant};

use super::Turn;
use crate::event::{Action, Grace, Limit, LinkEnd, WorkerEvent, WorkerId};
use crate::failure::{Exit, Failure, Reason};
use crate::policy::Policy;

/// One process that exists, or is being made.
#[derive(Debug)]
pub(super) struct Worker {
    pub(super) id: WorkerId,
    life: Life,
}

/// Where in its life a worker is. It leaves the last state, whichever it is, when its process has ended.
#[derive(Debug)]
enum Life {
    /// Spawned; its app is loading. Killed at the deadline.
    Starting { deadline: Instant },
    /// It serves. Has proved itself once `settles` has come.
    Ready { since: Instant, settles: Option<Instant>, expires: Option<Instant>, reached: Option<Limit> },
    /// Told to finish what it has and end. Killed at the deadline, when all of `grace` is over.
    Draining { deadline: Instant, grace: Duration },
    /// Of no more use, for this reason; expected to end by itself. Killed at the deadline.
    Leaving { deadline: Instant, failure: Failure, was_ready: bool },
    /// SIGKILL has been sent; without a failure when that was our wish.
    Killed { failure: Option<Failure> },
}

/// What an event meant for the worker's place.
#[derive(Debug)]
pub(super) enum Fate {
    Unchanged,
    /// Its app is loaded.
    BecameReady,
    /// The process is gone; without a failure when that was our wish.
    Gone(Option<Failure>),
}

/// What a deadline meant, where its service must know.
#[derive(Debug)]
pub(super) enum Passed {
    /// It has been ready for the stable period.
    Settled,
    /// It was killed because its time to drain ran out.
    DrainTimedOut { grace: Duration },
}

impl Worker {
    /// A new process; emits the action that makes it.
    pub(super) fn spawn(id: WorkerId, policy: &Policy, turn: &mut Turn<'_>) -> Self {
        turn.act(Action::Spawn(id));
        Self { id, life: Life::Starting { deadline: turn.now + policy.start_timeout } }
    }

    pub(super) fn is_ready(&self) -> bool {
        matches!(self.life, Life::Ready { .. })
    }

    /// The limit for which it is to be replaced, and how long it had been ready: it serves until then.
    pub(super) fn limit_reached(&self, now: Instant) -> Option<(Limit, Duration)> {
        match self.life {
            Life::Ready { since, reached: Some(limit), .. } => {
                Some((limit, now.saturating_duration_since(since)))
            }
            _ => None,
        }
    }

    /// When time alone changes this worker's state.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match self.life {
            Life::Starting { deadline }
            | Life::Draining { deadline, .. }
            | Life::Leaving { deadline, .. } => Some(deadline),
            Life::Ready { settles, expires, .. } => settles.into_iter().chain(expires).min(),
            Life::Killed { .. } => None,
        }
    }

    /// Ask it to finish: a ready one drains, one that is still starting has nothing to finish and is killed, and
    /// one that drains already gets no more time than it had.
    pub(super) fn retire(&mut self, grace: Grace, turn: &mut Turn<'_>) {
        let deadline = turn.now + grace.left;
        let draining = Life::Draining { deadline, grace: grace.whole };
        match &self.life {
            Life::Ready { .. } => {
                self.life = draining;
                turn.act(Action::Drain { worker: self.id, grace: grace.left });
            }
            Life::Starting { .. } => self.kill(None, turn),
            Life::Draining { deadline: old, .. } if deadline < *old => self.life = draining,
            Life::Draining { .. } | Life::Leaving { .. } | Life::Killed { .. } => {}
        }
    }

    /// End it now. One that is being killed already keeps its first reason.
    pub(super) fn kill(&mut self, failure: Option<Failure>, turn: &mut Turn<'_>) {
        if !matches!(self.life, Life::Killed { .. }) {
            self.life = Life::Killed { failure };
            turn.act(Action::Kill(self.id));
        }
    }

    /// Let time pass.
    pub(super) fn pass_deadline(&mut self, policy: &Policy, turn: &mut Turn<'_>) -> Option<Passed> {
        if turn.now < self.deadline()? {
            return None;
        }
        match &mut self.life {
            Life::Starting { .. } => {
                let reason = Reason::StartTimedOut { after: policy.start_timeout };
                self.kill(Some(Failure::new(reason)), turn);
                None
            }
            Life::Ready { settles, expires, reached, .. } => {
                if expires.take_if(|expires| *expires <= turn.now).is_some() {
                    *reached = reached.or(policy.lifetime.map(Limit::Lifetime));
                }
                settles.take_if(|settles| *settles <= turn.now).map(|_| Passed::Settled)
            }
            Life::Draining { grace, .. } => {
                let grace = *grace;
                self.kill(None, turn);
                Some(Passed::DrainTimedOut { grace })
            }
            Life::Leaving { failure, .. } => {
                let failure = failure.clone();
                self.kill(Some(failure), turn);
                None
            }
            Life::Killed { .. } => None,
        }
    }

    /// What an event does to it. An event that cannot matter in its state (a late report over a link that is
    /// being torn down, say) changes nothing.
    pub(super) fn on(&mut self, event: WorkerEvent, policy: &Policy, turn: &mut Turn<'_>) -> Fate {
        match event {
            WorkerEvent::Ready => {
                if !matches!(self.life, Life::Starting { .. }) {
                    return Fate::Unchanged;
                }
                self.life = Life::Ready {
                    since: turn.now,
                    settles: Some(turn.now + policy.stable_after),
                    expires: policy.lifetime.map(|lifetime| turn.now + lifetime),
                    reached: None,
                };
                Fate::BecameReady
            }
            WorkerEvent::StartFailed { message } => {
                if matches!(self.life, Life::Starting { .. }) {
                    self.leave(Reason::StartReported { message }, policy, turn);
                }
                Fate::Unchanged
            }
            WorkerEvent::LinkClosed(LinkEnd::Closed) => {
                if matches!(self.life, Life::Starting { .. } | Life::Ready { .. }) {
                    self.leave(Reason::LinkClosed, policy, turn);
                }
                Fate::Unchanged
            }
            WorkerEvent::LinkClosed(LinkEnd::Broken { rule }) => {
                self.kill_for(Reason::LinkBroken { rule }, turn);
                Fate::Unchanged
            }
            WorkerEvent::Unresponsive => {
                self.kill_for(Reason::Unresponsive, turn);
                Fate::Unchanged
            }
            WorkerEvent::LimitReached(limit) => {
                if let Life::Ready { reached, .. } = &mut self.life {
                    *reached = reached.or(Some(limit));
                }
                Fate::Unchanged
            }
            WorkerEvent::SpawnFailed { message } => {
                let wished = matches!(self.life, Life::Killed { failure: None });
                Fate::Gone((!wished).then(|| Failure::new(Reason::Spawn { message })))
            }
            WorkerEvent::Exited { exit, last_stderr } => {
                Fate::Gone(self.obituary(exit).map(|failure| failure.with_stderr(last_stderr)))
            }
        }
    }

    fn leave(&mut self, reason: Reason, policy: &Policy, turn: &Turn<'_>) {
        let was_ready = self.is_ready();
        let deadline = turn.now + policy.exit_timeout;
        self.life = Life::Leaving { deadline, failure: Failure::new(reason), was_ready };
    }

    /// Kill it for a fault of its own. One that has failed already keeps its first reason.
    fn kill_for(&mut self, reason: Reason, turn: &mut Turn<'_>) {
        let failure = match &self.life {
            Life::Leaving { failure, .. } => failure.clone(),
            _ => Failure::new(reason),
        };
        self.kill(Some(failure), turn);
    }

    /// Why it is gone, now that its exit status is known.
    fn obituary(&mut self, exit: Exit) -> Option<Failure> {
        let by_itself = |was_ready| {
            Failure::new(if was_ready { Reason::Exited(exit) } else { Reason::ExitedBeforeReady(exit) })
        };
        match &self.life {
            Life::Starting { .. } => Some(by_itself(false)),
            Life::Ready { .. } => Some(by_itself(true)),
            Life::Draining { .. } => (!exit.is_orderly()).then(|| by_itself(true)),
            // A closed link is only the first sign of an exit; the exit says more.
            Life::Leaving { failure: Failure { reason: Reason::LinkClosed, .. }, was_ready, .. } => {
                Some(by_itself(*was_ready))
            }
            Life::Leaving { failure, .. } => Some(failure.clone()),
            Life::Killed { failure } => failure.clone(),
        }
    }
}
