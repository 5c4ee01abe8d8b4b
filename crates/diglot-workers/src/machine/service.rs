//! The workers of one service: a slot for each, what fills it, and the order of a rolling restart.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Turn;
use super::circuit::Circuit;
use super::worker::{Fate, Passed, Worker};
use crate::event::{Action, Grace, ServiceState, WorkerEvent, WorkerId, WorkerName};
use crate::failure::{Failure, StartError};
use crate::notice::Notice;
use crate::policy::Policy;

#[derive(Debug)]
pub(super) struct Service {
    index: usize,
    name: Arc<str>,
    policy: Policy,
    slots: Vec<Slot>,
    circuit: Circuit,
    state: ServiceState,
    /// A rolling restart is under way: workers of a generation below this one are to be replaced.
    restart_below: Option<u32>,
    /// The last rolling restart was given up.
    restart_failed: bool,
    worn: Worn,
    stopping: bool,
}

/// Replacements of workers that have reached a limit.
#[derive(Debug, Default)]
struct Worn {
    /// Replacements in a row that could not start.
    failures: u32,
    /// The last one could not; none is tried before this instant.
    until: Option<Instant>,
}

/// Of a service's workers, the part that may finish what it has at once while a restart goes on: each is a process more than there
/// should be, and streams may keep it for all of the grace period.
const RETIREES_SHARE: usize = 2;

/// The place of one of a service's N workers.
#[derive(Debug)]
struct Slot {
    seat: Seat,
    beside: Beside,
    /// Failures since a worker of this slot was last stable.
    failures: u32,
    has_been_ready: bool,
}

/// What fills a slot.
#[derive(Debug)]
enum Seat {
    /// Nothing: before the start, or after the end.
    Vacant,
    Held(Worker),
    /// The last worker failed; the next one is spawned at this instant.
    BackingOff {
        until: Instant,
    },
}

/// Who stands beside the seat while its worker is replaced. In a service there is at most one candidate.
#[derive(Debug)]
enum Beside {
    Nobody,
    /// Starting, to take the seat when ready.
    Candidate(Worker),
    /// Had the seat, finishes what it has.
    Retiree(Worker),
}

#[derive(Clone, Copy)]
enum Place {
    Seat,
    Beside,
}

impl Slot {
    fn workers_mut(&mut self) -> impl Iterator<Item = &mut Worker> {
        let seated = match &mut self.seat {
            Seat::Held(worker) => Some(worker),
            Seat::Vacant | Seat::BackingOff { .. } => None,
        };
        let beside = match &mut self.beside {
            Beside::Candidate(worker) | Beside::Retiree(worker) => Some(worker),
            Beside::Nobody => None,
        };
        seated.into_iter().chain(beside)
    }

    fn worker_mut(&mut self, place: Place) -> Option<&mut Worker> {
        match (place, &mut self.seat, &mut self.beside) {
            (Place::Seat, Seat::Held(worker), _) => Some(worker),
            (Place::Beside, _, Beside::Candidate(worker) | Beside::Retiree(worker)) => Some(worker),
            _ => None,
        }
    }

    /// Who takes requests. One that stands beside the seat does not: it starts, or drains.
    fn ready_worker(&self) -> Option<&Worker> {
        match &self.seat {
            Seat::Held(worker) => Some(worker).filter(|worker| worker.is_ready()),
            Seat::Vacant | Seat::BackingOff { .. } => None,
        }
    }

    fn is_empty(&self) -> bool {
        matches!((&self.seat, &self.beside), (Seat::Vacant, Beside::Nobody))
    }

    fn deadline(&self) -> Option<Instant> {
        let seat = match &self.seat {
            Seat::Held(worker) => worker.deadline(),
            Seat::BackingOff { until } => Some(*until),
            Seat::Vacant => None,
        };
        let beside = match &self.beside {
            Beside::Candidate(worker) | Beside::Retiree(worker) => worker.deadline(),
            Beside::Nobody => None,
        };
        seat.into_iter().chain(beside).min()
    }
}

impl Service {
    pub(super) fn new(index: usize, name: Arc<str>, workers: usize, policy: Policy) -> Self {
        let slot = || Slot { seat: Seat::Vacant, beside: Beside::Nobody, failures: 0, has_been_ready: false };
        Self {
            index,
            name,
            policy,
            slots: std::iter::repeat_with(slot).take(workers).collect(),
            circuit: Circuit::closed(),
            state: ServiceState::Serving,
            restart_below: None,
            restart_failed: false,
            worn: Worn::default(),
            stopping: false,
        }
    }

    pub(super) fn start(&mut self, turn: &mut Turn<'_>) {
        for slot in 0..self.slots.len() {
            self.fill_seat(slot, turn);
        }
    }

    /// Every worker has been ready at least once.
    pub(super) fn has_started(&self) -> bool {
        self.slots.iter().all(|slot| slot.has_been_ready)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.iter().all(Slot::is_empty)
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.slots.iter().filter_map(Slot::deadline).chain(self.worn.until).min()
    }

    /// A rolling restart is under way.
    pub(super) fn is_restarting(&self) -> bool {
        self.restart_below.is_some()
    }

    /// The last rolling restart was given up: old workers serve on.
    pub(super) fn has_failed_to_restart(&self) -> bool {
        self.restart_failed
    }

    /// Replace every worker spawned so far.
    pub(super) fn restart(&mut self, turn: &mut Turn<'_>) {
        self.restart_below = Some(turn.next_generation());
        self.restart_failed = false;
        self.advance_replacements(turn);
    }

    /// Let the workers finish within `grace`; no new ones are made.
    pub(super) fn stop(&mut self, grace: Grace, turn: &mut Turn<'_>) {
        self.end_replacements();
        for worker in self.slots.iter_mut().flat_map(Slot::workers_mut) {
            worker.retire(grace, turn);
        }
    }

    pub(super) fn stop_now(&mut self, turn: &mut Turn<'_>) {
        self.end_replacements();
        for worker in self.slots.iter_mut().flat_map(Slot::workers_mut) {
            worker.kill(None, turn);
        }
    }

    fn end_replacements(&mut self) {
        self.stopping = true;
        self.restart_below = None;
        self.worn.until = None;
        for slot in &mut self.slots {
            if let Seat::BackingOff { .. } = slot.seat {
                slot.seat = Seat::Vacant;
            }
        }
    }

    /// Something happened to a worker; one that is gone already is nobody's any more.
    ///
    /// # Errors
    /// When the slot's first worker ever failed before it was ready.
    pub(super) fn on_worker(
        &mut self,
        id: WorkerId,
        event: WorkerEvent,
        turn: &mut Turn<'_>,
    ) -> Result<(), StartError> {
        let Some(slot) = self.slots.get_mut(id.slot) else { return Ok(()) };
        for place in [Place::Seat, Place::Beside] {
            let Some(worker) = slot.worker_mut(place).filter(|worker| worker.id == id) else { continue };
            match (worker.on(event, &self.policy, turn), place) {
                (Fate::Unchanged, _) => {}
                (Fate::BecameReady, _) => self.became_ready(id.slot, turn),
                (Fate::Gone(failure), Place::Seat) => self.left_seat(id.slot, failure, turn)?,
                (Fate::Gone(failure), Place::Beside) => self.left_side(id.slot, failure, turn),
            }
            self.advance(turn);
            return Ok(());
        }
        Ok(())
    }

    /// Let time pass for every worker.
    pub(super) fn pass_deadlines(&mut self, turn: &mut Turn<'_>) {
        for slot in 0..self.slots.len() {
            for place in [Place::Seat, Place::Beside] {
                let worker = self.slots[slot].worker_mut(place);
                match worker.and_then(|worker| worker.pass_deadline(&self.policy, turn)) {
                    None => {}
                    Some(Passed::Settled) => self.settled(slot, turn),
                    Some(Passed::DrainTimedOut { grace }) => {
                        turn.report(Notice::DrainTimedOut { worker: self.worker_name(slot), grace });
                    }
                }
            }
            if let Seat::BackingOff { until } = self.slots[slot].seat
                && until <= turn.now
            {
                self.fill_seat(slot, turn);
            }
        }
        self.worn.until.take_if(|until| *until <= turn.now);
        self.advance(turn);
    }

    fn settled(&mut self, slot: usize, turn: &mut Turn<'_>) {
        self.slots[slot].failures = 0;
        if self.circuit.record_stability() {
            turn.report(Notice::ServiceRecovered { service: self.name.clone() });
        }
    }

    /// A starting worker is ready: if it was a candidate it takes the seat, and who had it drains.
    fn became_ready(&mut self, slot: usize, turn: &mut Turn<'_>) {
        let drain_timeout = self.policy.drain_timeout;
        let slot = &mut self.slots[slot];
        slot.has_been_ready = true;
        match std::mem::replace(&mut slot.beside, Beside::Nobody) {
            Beside::Candidate(candidate) if candidate.is_ready() => {
                self.worn.failures = 0;
                if let Seat::Held(mut old) = std::mem::replace(&mut slot.seat, Seat::Held(candidate)) {
                    old.retire(drain_timeout.into(), turn);
                    slot.beside = Beside::Retiree(old);
                }
            }
            beside => slot.beside = beside,
        }
    }

    /// The worker in the seat is gone.
    fn left_seat(
        &mut self,
        index: usize,
        failure: Option<Failure>,
        turn: &mut Turn<'_>,
    ) -> Result<(), StartError> {
        let worker = self.worker_name(index);
        let slot = &mut self.slots[index];
        slot.seat = Seat::Vacant;
        if self.stopping {
            // One that was never ready had nothing to finish, and that it cannot start has been said of another.
            if let Some(failure) = failure.filter(|_| slot.has_been_ready) {
                turn.report(Notice::BadEnd { worker, failure });
            }
            return Ok(());
        }
        let mut retry_in = Duration::ZERO;
        if let Some(failure) = failure {
            if !slot.has_been_ready {
                return Err(StartError::Worker { worker, failure });
            }
            slot.failures = slot.failures.saturating_add(1);
            retry_in = match slot.beside {
                Beside::Candidate(_) => Duration::ZERO,
                Beside::Nobody | Beside::Retiree(_) => self.policy.backoff(slot.failures),
            };
            if !self.has_ready_worker() {
                self.circuit.record_failure(turn.now, self.slots.len(), &self.policy);
            }
            turn.report(Notice::WorkerFailed { worker, failure, retry_in });
        }
        let slot = &mut self.slots[index];
        match std::mem::replace(&mut slot.beside, Beside::Nobody) {
            // Already on its way; as good a replacement as any.
            Beside::Candidate(candidate) => slot.seat = Seat::Held(candidate),
            beside => {
                slot.beside = beside;
                if retry_in.is_zero() {
                    self.fill_seat(index, turn);
                } else {
                    slot.seat = Seat::BackingOff { until: turn.now + retry_in };
                }
            }
        }
        Ok(())
    }

    /// The candidate or the retiree is gone.
    fn left_side(&mut self, slot: usize, failure: Option<Failure>, turn: &mut Turn<'_>) {
        let candidate = match std::mem::replace(&mut self.slots[slot].beside, Beside::Nobody) {
            Beside::Candidate(candidate) => Some(candidate.id.generation),
            _ => None,
        };
        let Some(failure) = failure else { return };
        let worker = self.worker_name(slot);
        // Told to restart again since, the service is to try what is there now.
        let is_outdated = candidate.is_some_and(|own| self.restart_below.is_some_and(|below| own < below));
        if candidate.is_some() && !is_outdated && !self.stopping {
            // Whatever it was made for: where one does not start, the next one would not either.
            self.worn.failures = self.worn.failures.saturating_add(1);
            let retry_in = self.policy.backoff(self.worn.failures.saturating_add(1));
            self.worn.until = Some(turn.now + retry_in);
            self.restart_failed |= self.restart_below.is_some();
            turn.report(match self.restart_below.take() {
                Some(_) => Notice::RestartFailed { worker, failure },
                None => Notice::ReplacementFailed { worker, failure, retry_in },
            });
        } else {
            turn.report(Notice::BadEnd { worker, failure });
        }
    }

    fn fill_seat(&mut self, slot: usize, turn: &mut Turn<'_>) {
        let id = self.new_worker_id(slot, turn);
        self.slots[slot].seat = Seat::Held(Worker::spawn(id, &self.policy, turn));
    }

    /// What follows from any change: who is replaced next, and whether the service still serves.
    fn advance(&mut self, turn: &mut Turn<'_>) {
        if !self.stopping {
            self.advance_replacements(turn);
            self.update_state(turn);
        }
    }

    /// Those that a restart is to replace, one after another, then those that have reached a limit, one at a time.
    fn advance_replacements(&mut self, turn: &mut Turn<'_>) {
        let is_candidate = |slot: &Slot| matches!(slot.beside, Beside::Candidate(_));
        let is_retiree = |slot: &&Slot| matches!(slot.beside, Beside::Retiree(_));
        if self.slots.iter().any(is_candidate) {
            return;
        }
        let retirees = self.slots.iter().filter(is_retiree).count();
        if retirees < self.slots.len().div_ceil(RETIREES_SHARE) {
            self.advance_restart(turn);
        }
        if retirees == 0 && self.restart_below.is_none() && self.worn.until.is_none() {
            self.replace_worn(turn);
        }
    }

    fn replace_worn(&mut self, turn: &mut Turn<'_>) {
        let reached = |slot: &Slot| slot.ready_worker()?.limit_reached(turn.now);
        let worn = self.slots.iter().enumerate().find_map(|(index, slot)| Some((index, reached(slot)?)));
        if let Some((slot, (limit, age))) = worn {
            turn.report(Notice::LimitReached { worker: self.worker_name(slot), limit, age });
            self.begin_replacement(slot, turn);
        }
    }

    fn begin_replacement(&mut self, slot: usize, turn: &mut Turn<'_>) {
        let id = self.new_worker_id(slot, turn);
        self.slots[slot].beside = Beside::Candidate(Worker::spawn(id, &self.policy, turn));
    }

    fn advance_restart(&mut self, turn: &mut Turn<'_>) {
        let Some(below) = self.restart_below else { return };
        let is_old = |worker: &Worker| worker.id.generation < below;
        let is_free = |slot: &Slot| matches!(slot.beside, Beside::Nobody);
        let is_next = |slot: &Slot| is_free(slot) && slot.ready_worker().is_some_and(is_old);
        let is_done = |slot: &Slot| is_free(slot) && slot.ready_worker().is_some();
        if let Some(slot) = self.slots.iter().position(is_next) {
            self.begin_replacement(slot, turn);
        } else if self.slots.iter().all(is_done) {
            self.restart_below = None;
            turn.report(Notice::RestartDone { service: self.name.clone() });
        }
    }

    fn update_state(&mut self, turn: &mut Turn<'_>) {
        let is_broken = self.circuit.is_open() && !self.has_ready_worker();
        let state = if is_broken { ServiceState::Broken } else { ServiceState::Serving };
        if state == self.state {
            return;
        }
        self.state = state;
        turn.act(Action::ServiceState { service: self.index, state });
        if state == ServiceState::Broken && self.circuit.announce() {
            let retry_every_at_most = self.policy.backoff_max;
            turn.report(Notice::ServiceBroken { service: self.name.clone(), retry_every_at_most });
        }
    }

    fn has_ready_worker(&self) -> bool {
        self.slots.iter().any(|slot| slot.ready_worker().is_some())
    }

    fn new_worker_id(&self, slot: usize, turn: &mut Turn<'_>) -> WorkerId {
        WorkerId { service: self.index, slot, generation: turn.take_generation() }
    }

    fn worker_name(&self, slot: usize) -> WorkerName {
        WorkerName { service: self.name.clone(), number: slot + 1 }
    }
}
