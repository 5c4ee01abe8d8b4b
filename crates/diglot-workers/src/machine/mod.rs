//! The supervisor as a state machine: events and the time go in, actions come out. It has no processes, no clock
//! and no tasks, so that every order of events can be tried in a test.

mod circuit;
mod service;
mod worker;

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use self::service::Service;
use crate::event::{Action, Event, Grace, WorkerEvent, WorkerId};
use crate::failure::StartError;
use crate::notice::Notice;
use crate::policy::Policy;

/// What the machine needs to know of a service.
#[derive(Clone, Debug)]
pub struct ServiceShape {
    pub name: Arc<str>,
    /// How many workers it has when all is well.
    pub workers: usize,
    pub policy: Policy,
}

/// The state of every worker of every service.
///
/// Call [`handle`](Self::handle) with each event as it happens, then take actions from
/// [`next_action`](Self::next_action) until there are none, then wait for the next event, but no longer than
/// [`next_deadline`](Self::next_deadline): when that comes first, it is itself an event.
///
/// Invariants: a service never has more processes than workers, plus half of that while it restarts; nothing is spawned
/// after a shutdown began; a worker is drained at most once and killed at most once.
#[derive(Debug)]
pub struct Machine {
    services: Vec<Service>,
    phase: Phase,
    /// A restart was asked for, and some service has not finished it.
    restarting: bool,
    last_generation: u32,
    actions: VecDeque<Action>,
    /// How long workers may take to end when another one's failure stops the start.
    start_failure_grace: Duration,
}

/// Where in its life the whole is.
#[derive(Debug)]
enum Phase {
    Idle,
    /// Not every worker has been ready yet: a failed start ends it all.
    Starting,
    Running,
    Stopping {
        start_error: Option<StartError>,
    },
    Stopped,
}

impl Phase {
    /// What being told to stop in this phase means for who waits for the start.
    fn interrupted(&self) -> Option<StartError> {
        matches!(self, Self::Idle | Self::Starting).then_some(StartError::Interrupted)
    }
}

/// One call into the machine: what all its parts share while it lasts.
pub(crate) struct Turn<'a> {
    now: Instant,
    actions: &'a mut VecDeque<Action>,
    last_generation: &'a mut u32,
}

impl Turn<'_> {
    fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    fn report(&mut self, notice: Notice) {
        self.act(Action::Report(notice));
    }

    /// The generation the next worker will have.
    fn next_generation(&self) -> u32 {
        self.last_generation.wrapping_add(1)
    }

    fn take_generation(&mut self) -> u32 {
        *self.last_generation = self.next_generation();
        *self.last_generation
    }
}

impl Machine {
    pub fn new(services: &[ServiceShape]) -> Self {
        let start_failure_grace =
            services.iter().map(|shape| shape.policy.exit_timeout).max().unwrap_or_default();
        let service = |(index, shape): (usize, &ServiceShape)| {
            Service::new(index, shape.name.clone(), shape.workers, shape.policy)
        };
        Self {
            services: services.iter().enumerate().map(service).collect(),
            phase: Phase::Idle,
            restarting: false,
            last_generation: 0,
            actions: VecDeque::new(),
            start_failure_grace,
        }
    }

    /// Take in what happened at `now`, which never goes back.
    pub fn handle(&mut self, event: Event, now: Instant) {
        match (event, &self.phase) {
            (_, Phase::Stopped) => return,
            (Event::Start, Phase::Idle) => {
                self.phase = Phase::Starting;
                self.for_each_service(now, Service::start);
            }
            (Event::Start, _) => {}
            (Event::Worker(id, event), _) => {
                if let Err(error) = self.on_worker(id, event, now) {
                    self.stop(Some(error), self.start_failure_grace.into(), now);
                }
            }
            (Event::DeadlineReached, _) => self.for_each_service(now, Service::pass_deadlines),
            (Event::Restart, Phase::Starting | Phase::Running) => {
                self.restarting = true;
                self.for_each_service(now, Service::restart);
            }
            (Event::Restart, Phase::Idle | Phase::Stopping { .. }) => {}
            (Event::Shutdown { grace }, phase) => self.stop(phase.interrupted(), grace, now),
            (Event::ShutdownNow, phase) => {
                self.begin_stopping(phase.interrupted());
                self.for_each_service(now, Service::stop_now);
            }
        }
        self.advance_phase();
        self.complete_restart();
    }

    /// The next thing to do, in order.
    pub fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When time alone will change something.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.services.iter().filter_map(Service::next_deadline).min()
    }

    fn stop(&mut self, start_error: Option<StartError>, grace: Grace, now: Instant) {
        self.begin_stopping(start_error);
        self.for_each_service(now, |service, turn| service.stop(grace, turn));
    }

    /// The first reason to stop is the one that counts.
    fn begin_stopping(&mut self, start_error: Option<StartError>) {
        if !matches!(self.phase, Phase::Stopping { .. }) {
            self.phase = Phase::Stopping { start_error };
        }
    }

    fn advance_phase(&mut self) {
        match &mut self.phase {
            Phase::Starting if self.services.iter().all(Service::has_started) => {
                self.phase = Phase::Running;
                self.actions.push_back(Action::Started);
            }
            Phase::Stopping { start_error } if self.services.iter().all(Service::is_empty) => {
                let start_error = start_error.take();
                self.phase = Phase::Stopped;
                self.actions.push_back(Action::Stopped { start_error });
            }
            _ => {}
        }
    }

    /// Says when the last service has been restarted; of one alone its own word is enough.
    fn complete_restart(&mut self) {
        if !self.restarting || self.services.iter().any(Service::is_restarting) {
            return;
        }
        self.restarting = false;
        let is_running = matches!(self.phase, Phase::Starting | Phase::Running);
        if is_running && self.services.len() > 1 && !self.services.iter().any(Service::has_failed_to_restart)
        {
            self.actions.push_back(Action::Report(Notice::RestartComplete));
        }
    }

    fn for_each_service(&mut self, now: Instant, mut visit: impl FnMut(&mut Service, &mut Turn<'_>)) {
        let (services, mut turn) = self.turn(now);
        for service in services {
            visit(service, &mut turn);
        }
    }

    fn on_worker(&mut self, id: WorkerId, event: WorkerEvent, now: Instant) -> Result<(), StartError> {
        let (services, mut turn) = self.turn(now);
        match services.get_mut(id.service) {
            Some(service) => service.on_worker(id, event, &mut turn),
            None => Ok(()),
        }
    }

    fn turn(&mut self, now: Instant) -> (&mut [Service], Turn<'_>) {
        let Self { services, actions, last_generation, .. } = self;
        (services, Turn { now, actions, last_generation })
    }
}
