//! Workers and services: how they come, change and go.

use std::sync::Arc;
use std::time::Instant;

use diglot_calls::message::{AbortReason, Code};
use diglot_calls::{Connection, Violation};

use super::service::{Function, Offering};
use super::{FUNCTIONS_MAX, Machine, OFFERED_BYTES_MAX, State, Worker, WorkerKey};
use crate::offer::Offer;

impl Function {
    pub(super) fn offering_mut(&mut self, worker: usize) -> Option<&mut Offering> {
        self.offers.iter_mut().find(|offering| offering.worker == worker)
    }
}

impl Machine {
    /// A worker of the service with this index has been started. It gets calls when it is [`Self::ready`].
    pub fn attach(&mut self, service: usize) -> WorkerKey {
        let serial = self.next_serial();
        let index = self.workers.insert(Worker {
            serial,
            service,
            state: State::Starting,
            connection: Connection::broker(self.settings.message_bytes_max),
            running: 0,
            offers: Vec::new(),
            offered_bytes: 0,
            held_bytes: 0,
            is_dirty: false,
        });
        self.mark(index);
        WorkerKey { index, serial }
    }

    /// A worker's application is loaded, and what it had offered by then has been received.
    pub fn ready(&mut self, key: WorkerKey, now: Instant) {
        let Some(worker) = self.worker_mut(key).filter(|worker| worker.state == State::Starting) else {
            return;
        };
        worker.state = State::Ready;
        let service = worker.service;
        self.services[service].ready += 1;
        self.services[service].is_broken = false;
        self.services[service].tidy_all();
        self.settle(service, now);
    }

    /// A worker gets no further calls, and is told so.
    pub fn drain(&mut self, key: WorkerKey, now: Instant) {
        let Some(worker) = self.worker_mut(key).filter(|worker| worker.state != State::Draining) else {
            return;
        };
        let was_ready = std::mem::replace(&mut worker.state, State::Draining) == State::Ready;
        worker.connection.drain();
        let service = worker.service;
        self.services[service].ready -= usize::from(was_ready);
        self.mark(key.index);
        self.settle(service, now);
    }

    /// A worker is gone, or has been given up: nothing more comes from it.
    pub fn lost(&mut self, key: WorkerKey, now: Instant) {
        if self.worker(key).is_none() {
            return;
        }
        let Worker { service, state, connection, offers, .. } = self.workers.remove(key.index);
        self.services[service].ready -= usize::from(state == State::Ready);
        for function in offers {
            if let Some(function) = self.services[service].functions.get_mut(function) {
                function.lose(key.index, state != State::Starting);
            }
        }
        let (taken, begun): (Vec<_>, Vec<_>) =
            connection.calls().partition(|(id, _)| connection.is_ours(*id));
        // Those it had begun first: of a call to itself nobody is left to be told of.
        for (_, call) in begun {
            self.give_up(call as usize, AbortReason::CallerLost, now);
        }
        for (_, call) in taken {
            self.callee_lost(call as usize, now);
        }
        self.services[service].tidy_all();
        self.settle(service, now);
    }

    fn callee_lost(&mut self, index: usize, now: Instant) {
        let call = &mut self.calls[index];
        let (service, function) = call.place;
        self.services[service].functions[function].running -= 1;
        if call.caller.is_some() && call.held.is_some() && !call.is_repeated {
            return self.repeat(index, now);
        }
        let error = match call.is_aborted {
            true => self.cancelled(index),
            false => {
                let message = "the worker that had the call ended before it answered; the log says why";
                self.error(index, Code::WorkerLost, message)
            }
        };
        self.tell(index, || error);
        // The worker that had it is not there to be released.
        self.deadlines.remove(index as u32);
        self.let_go(index);
        self.calls.remove(index);
    }

    /// Whether the workers of a service keep failing.
    pub fn set_broken(&mut self, service: usize, is_broken: bool, now: Instant) {
        self.services[service].is_broken = is_broken;
        self.settle(service, now);
    }

    /// The server stops: no worker is to come.
    pub fn close(&mut self, now: Instant) {
        self.is_closed = true;
        (0..self.services.len()).for_each(|service| self.settle(service, now));
    }

    /// A worker offers a function, anew or in another form.
    pub(super) fn offered(&mut self, index: usize, payload: &[u8], now: Instant) -> Result<(), Violation> {
        let offer = Arc::new(Offer::parse(payload)?);
        let worker = &mut self.workers[index];
        let service_index = worker.service;
        let service = &mut self.services[service_index];
        let function_index = service.find_or_add(&offer.name);
        let function = &mut service.functions[function_index];
        worker.offered_bytes += payload.len();
        match function.offering_mut(index) {
            Some(offering) => {
                worker.offered_bytes -= offering.offer.json.len();
                offering.offer = offer;
            }
            None if worker.offers.len() >= FUNCTIONS_MAX => {
                service.tidy(function_index);
                return Err(Violation::TooManyFunctions { functions_max: FUNCTIONS_MAX });
            }
            None => {
                function.was_offered = None;
                function.offers.push(Offering { worker: index, offer, running: 0 });
                worker.offers.push(function_index);
            }
        }
        if worker.offered_bytes > OFFERED_BYTES_MAX {
            return Err(Violation::TooMuchOffered { bytes_max: OFFERED_BYTES_MAX });
        }
        self.dispatch(service_index, function_index, now);
        Ok(())
    }
}
