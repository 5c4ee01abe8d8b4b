//! What the broker decides: sans I/O, and with time as a parameter.
//!
//! Bytes a worker has sent go into [`Machine::receive`]; what is to be sent to workers is in [`Machine::output`] of those whom
//! [`Machine::next_dirty`] names.

mod calls;
mod members;
mod routing;
mod service;
mod traffic;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diglot_calls::names::crossing;
use diglot_calls::{Connection, MESSAGE_BYTES_MAX, Output, Violation};
use rustc_hash::FxHashMap;
use slab::Slab;

use crate::advice::Adviser;
use crate::offer::Offer;
use crate::wheel::Wheel;
use calls::Call;
use service::Service;

/// Bytes that may wait for a worker before it is given no more calls: it does not keep up with those it has.
const CALLEE_PENDING_MAX: usize = 4 * 1024 * 1024;
/// Bytes that may wait for a worker before it is ended. What it has granted is part of it, what rides with heads is not bounded
/// by that.
const PENDING_BYTES_MAX: usize = 512 * 1024 * 1024;
/// Bytes of all functions that a worker offers.
const OFFERED_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of calls that a worker has begun and the broker keeps: those that wait, and those that may be begun once more.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Functions that a worker offers. Some of what happens to a service is looked at for each of them.
const FUNCTIONS_MAX: usize = 1024;

/// What is the same for all services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// The deadline of calls for which neither caller nor function sets one.
    pub timeout: Duration,
    /// How many calls of a function wait, where it does not say.
    pub queue: usize,
    /// Most bytes of a message.
    pub message_bytes_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(30), queue: 1024, message_bytes_max: MESSAGE_BYTES_MAX }
    }
}

/// A worker as long as it is attached. A key outlives it without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WorkerKey {
    pub(crate) index: usize,
    serial: u64,
}

/// A call of one who is no worker. A key outlives it without harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CallKey {
    index: u32,
    serial: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It has not said that it is ready.
    Starting,
    Ready,
    /// It gets no further calls.
    Draining,
}

#[derive(Debug)]
struct Worker {
    serial: u64,
    service: usize,
    state: State,
    connection: Connection<u32>,
    /// Calls in its hands.
    running: usize,
    /// Indices of the functions it offers.
    offers: Vec<usize>,
    offered_bytes: usize,
    /// Of the calls it has begun, what is kept.
    held_bytes: usize,
    /// It is in [`Machine::dirty`].
    is_dirty: bool,
}

/// All services, workers and calls.
#[derive(Debug)]
pub struct Machine {
    settings: Settings,
    services: Vec<Service>,
    /// Services by the names they have in calls.
    names: FxHashMap<Box<str>, usize>,
    workers: Slab<Worker>,
    calls: Slab<Call>,
    deadlines: Wheel,
    /// Tells uses of one index apart.
    serial: u64,
    /// Workers that have output nobody has been told of.
    dirty: Vec<usize>,
    /// Workers that broke a rule while another's bytes were looked at.
    broken: Vec<(WorkerKey, Violation)>,
    due: Vec<u32>,
    adviser: Adviser,
    /// The server stops: no worker is to come.
    is_closed: bool,
}

impl Machine {
    /// `services` are their names in the configuration; they are known by their indices. `now` is before all times to come.
    pub fn new(settings: Settings, services: &[&str], now: Instant) -> Self {
        let services: Vec<Service> = services.iter().map(|name| Service::new(&crossing(name))).collect();
        let names =
            services.iter().enumerate().map(|(index, service)| (service.name.clone(), index)).collect();
        Self {
            settings,
            services,
            names,
            workers: Slab::new(),
            calls: Slab::new(),
            deadlines: Wheel::new(now),
            serial: 0,
            dirty: Vec::new(),
            broken: Vec::new(),
            due: Vec::new(),
            adviser: Adviser::new(now),
            is_closed: false,
        }
    }

    /// What is to be written to a worker; `None` if it is gone.
    pub fn output(&mut self, worker: WorkerKey) -> Option<&mut Output> {
        self.worker_mut(worker).map(|worker| worker.connection.output())
    }

    /// A worker that has output since it was last named here.
    pub fn next_dirty(&mut self) -> Option<WorkerKey> {
        while let Some(index) = self.dirty.pop() {
            if let Some(worker) = self.workers.get_mut(index) {
                worker.is_dirty = false;
                return Some(WorkerKey { index, serial: worker.serial });
            }
        }
        None
    }

    /// A worker that has broken a rule, and has to be ended: [`Self::lost`] is to follow.
    pub fn next_broken(&mut self) -> Option<(WorkerKey, Violation)> {
        self.broken.pop()
    }

    /// When [`Self::handle_deadlines`] is to be called, at the latest.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next()
    }

    /// Functions of all services that ready workers offer, by the names of the services.
    pub fn functions(&self) -> BTreeMap<String, Vec<Arc<Offer>>> {
        let of = |service: &Service| {
            let offered = |offering: &&service::Offering| self.workers[offering.worker].state == State::Ready;
            let functions = service.functions.iter().filter_map(|(_, function)| {
                function.offers.iter().rev().find(offered).map(|offering| Arc::clone(&offering.offer))
            });
            let mut functions: Vec<Arc<Offer>> = functions.collect();
            functions.sort_by(|one, other| one.name.cmp(&other.name));
            (service.name.to_string(), functions)
        };
        self.services.iter().map(of).collect()
    }

    /// A function as the youngest of the workers offers it that do, by the names that cross.
    pub(crate) fn offer(&self, service: &str, function: &str) -> Option<Arc<Offer>> {
        let service = &self.services[*self.names.get(service)?];
        service.functions[service.find(function)?].offer().cloned()
    }

    /// The services that have no worker which is ready, by their indices.
    pub fn not_ready(&self) -> Vec<usize> {
        (0..self.services.len()).filter(|service| self.services[*service].ready == 0).collect()
    }

    /// Whether workers are attached that are not ready.
    pub fn is_starting(&self) -> bool {
        self.workers.iter().any(|(_, worker)| worker.state == State::Starting)
    }

    /// Calls that a worker has not answered, and such of its own as are not answered; 0 if it is gone.
    pub fn under_way(&self, worker: WorkerKey) -> usize {
        self.worker(worker).map_or(0, |worker| worker.running + worker.connection.open_theirs())
    }

    /// Calls of all callers that are not over.
    pub fn open_calls(&self) -> usize {
        self.calls.len()
    }

    /// Calls of a service that no worker has yet.
    pub fn waiting(&self, service: usize) -> usize {
        self.services[service].waiting
    }

    fn worker(&self, key: WorkerKey) -> Option<&Worker> {
        self.workers.get(key.index).filter(|worker| worker.serial == key.serial)
    }

    fn worker_mut(&mut self, key: WorkerKey) -> Option<&mut Worker> {
        self.workers.get_mut(key.index).filter(|worker| worker.serial == key.serial)
    }

    fn next_serial(&mut self) -> u64 {
        self.serial += 1;
        self.serial
    }

    /// Something has been queued for this worker.
    #[inline]
    fn mark(&mut self, index: usize) {
        let worker = &mut self.workers[index];
        if !worker.is_dirty {
            worker.is_dirty = true;
            self.dirty.push(index);
        }
        let pending_bytes = worker.connection.pending_bytes();
        if pending_bytes > PENDING_BYTES_MAX {
            let key = WorkerKey { index, serial: worker.serial };
            self.broken.push((key, Violation::NotReading { pending_bytes }));
        }
    }
}
