//! Admission: which worker of a service takes a request, and what happens when none can.
//!
//! A request goes to the worker with the fewest in flight. When all are full it waits in a bounded queue, first
//! come first served; when the queue is full, or the service is broken, it is refused at once.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, RandomState};
use std::ops::Add;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use diglot_config::Routing;
use diglot_link::message::Interface;
use parking_lot::Mutex;

use crate::exchange::Exchange;
use crate::link::Link;
use crate::sessions::Sessions;
use crate::under_way::UnderWay;

/// How many requests a service takes, and how long the others wait.
#[derive(Debug, Clone, Copy)]
pub struct Admission {
    /// Requests in flight per worker.
    pub concurrency: usize,
    /// The same for a worker whose requests each need one of its threads.
    pub concurrency_on_threads: usize,
    /// Requests that wait while all workers are full or starting.
    pub queue: usize,
    /// How long one waits.
    pub queue_timeout: Duration,
    /// Most bytes of a request's body (413).
    pub body_bytes_max: u64,
    /// A worker that has not answered a ping for so long is unresponsive; `None`: it is never asked.
    pub heartbeat: Option<Duration>,
    /// A worker that has had so many requests is told of; `None`: none is.
    pub requests_max: Option<u64>,
    /// By how much at most a worker's own limit is above that: servers that were started together are not to replace
    /// their workers together.
    pub requests_jitter: u64,
}

impl Default for Admission {
    fn default() -> Self {
        Self {
            concurrency: 1_024,
            concurrency_on_threads: 1_024,
            queue: 1_024,
            queue_timeout: Duration::from_secs(10),
            body_bytes_max: u64::MAX,
            heartbeat: None,
            requests_max: None,
            requests_jitter: 0,
        }
    }
}

impl Admission {
    /// The limit of one worker.
    pub(crate) fn requests_max(&self) -> u64 {
        let Some(requests) = self.requests_max else { return u64::MAX };
        // Each state hashes with keys of its own.
        let random = RandomState::new().hash_one(requests);
        requests.saturating_add(random % self.requests_jitter.saturating_add(1))
    }
}

/// One service as the front sees it: its workers that can take requests, and the requests that wait for one.
#[derive(Debug)]
pub struct Service {
    name: String,
    admission: Admission,
    /// What a proxy has cut off its requests' paths: put back in front of them, as the application's mount. Empty for
    /// none; no slash at the end.
    root_path: String,
    routing: Routing,
    /// Its workers offer functions, and take no requests.
    has_no_app: AtomicBool,
    pool: Mutex<Pool>,
    /// Those of its sessions that live in one worker.
    sessions: Sessions,
    /// Length of `pool.waiting`, read without the lock by workers that finish a request.
    waiting: AtomicUsize,
}

#[derive(Debug, Default)]
struct Pool {
    /// Of workers that take requests.
    links: Vec<Arc<Link>>,
    /// Of all workers, those included that start and those that finish what they have.
    attached: Vec<Weak<Link>>,
    /// Where the search for the least loaded begins, so that equals take turns.
    next: usize,
    waiting: VecDeque<Arc<Exchange>>,
    /// How often a worker has joined these or left them.
    changes: u64,
    broken: bool,
    /// The server stops.
    closed: bool,
}

/// What a service says to one more request.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// This worker has room.
    To(Arc<Link>),
    /// None has room now; there is a place in the queue.
    Wait,
    /// The queue is full.
    Full,
    /// Its workers keep failing.
    Broken,
}

impl Service {
    /// A service without workers: its requests wait.
    pub fn new(name: String, admission: Admission) -> Self {
        Self {
            name,
            admission,
            root_path: String::new(),
            routing: Routing::Written,
            has_no_app: AtomicBool::new(false),
            pool: Mutex::default(),
            sessions: Sessions::default(),
            waiting: AtomicUsize::new(0),
        }
    }

    /// The same for an application that a proxy serves below `root_path`, which it strips: `/api`.
    #[must_use]
    pub fn below(self, root_path: &str) -> Self {
        Self { root_path: root_path.to_owned(), ..self }
    }

    /// The same for one of which it is known how its requests come to it. By default they do by written routes.
    #[must_use]
    pub fn routed(self, routing: Routing) -> Self {
        Self { routing, ..self }
    }

    /// Whether workers with this interface are of use to it; if not, why, for people.
    pub(crate) fn check_interface(&self, interface: Interface) -> Result<(), String> {
        let has_app = interface != Interface::Functions;
        match self.routing {
            Routing::Written if !has_app => Err(
                "it offers functions and has no app, but `routes` sends requests to it; leave `routes` out, or write \
                 routes = []: functions need none"
                    .to_owned(),
            ),
            Routing::NoneLeft if has_app => Err(
                "it has an app, and no request would reach it: another service has \"/\"; give it routes of its own, as in \
                 routes = [\"/api\"], or write routes = [] if no request is meant to reach it"
                    .to_owned(),
            ),
            Routing::Written | Routing::Default | Routing::NoneLeft | Routing::Nowhere => {
                self.has_no_app.store(!has_app, Ordering::Relaxed);
                Ok(())
            }
        }
    }

    /// How often a worker has become ready, or has stopped taking requests: what was found out before may be of an earlier
    /// release.
    pub fn changes(&self) -> u64 {
        self.pool.lock().changes
    }

    /// False once its workers have said that they offer functions only.
    pub fn has_app(&self) -> bool {
        !self.has_no_app.load(Ordering::Relaxed)
    }

    pub(crate) fn root_path(&self) -> &str {
        &self.root_path
    }

    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.admission
    }

    /// From now on requests are refused at once, or no longer.
    pub fn set_broken(&self, broken: bool) {
        let mut pool = self.pool.lock();
        pool.broken = broken;
        if broken {
            let waiting = pool.waiting.len();
            self.call(&mut pool, waiting);
        }
    }

    /// A worker has been started.
    pub(crate) fn attach(&self, link: &Arc<Link>) {
        let mut pool = self.pool.lock();
        pool.attached.retain(|other| other.strong_count() > 0);
        pool.attached.push(Arc::downgrade(link));
    }

    /// What its workers have not finished, and what waits for one of them.
    pub fn under_way(&self) -> UnderWay {
        let (attached, requests) = {
            let pool = self.pool.lock();
            (pool.attached.iter().filter_map(Weak::upgrade).collect::<Vec<_>>(), pool.waiting.len())
        };
        let waiting = UnderWay { requests, ..UnderWay::default() };
        attached.iter().map(|link| link.under_way()).fold(waiting, Add::add)
    }

    /// Its sessions that live in one worker.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// Chooses a worker for a request with this query. `waited` says that it comes from the queue and is not sent behind
    /// those in it.
    pub(crate) fn admit(&self, query: Option<&[u8]>, waited: bool) -> Admitted {
        if let Some(link) = self.sessions.find(query) {
            // Nobody else can answer.
            return if link.has_room() { Admitted::To(link) } else { Admitted::Full };
        }
        let mut pool = self.pool.lock();
        if pool.closed {
            return Admitted::Broken;
        }
        if (pool.waiting.is_empty() || waited)
            && let Some(link) = pool.least_loaded()
        {
            return Admitted::To(link);
        }
        if pool.broken && pool.links.is_empty() {
            Admitted::Broken
        } else if waited || pool.waiting.len() < self.admission.queue {
            Admitted::Wait
        } else {
            Admitted::Full
        }
    }

    /// Its worker, if it has one and no other: all of a client's requests are that one's.
    pub(crate) fn only_worker(&self) -> Option<Arc<Link>> {
        match &self.pool.lock().links[..] {
            [link] => Some(Arc::clone(link)),
            _ => None,
        }
    }

    /// Puts a request into the queue; `first` where it had been called and found no room after all. False if the
    /// queue is full.
    ///
    /// [`Exchange::called`] turns true when it should ask for admission again.
    #[must_use]
    pub(crate) fn wait(&self, exchange: &Arc<Exchange>, first: bool) -> bool {
        let mut pool = self.pool.lock();
        if first {
            pool.waiting.push_front(Arc::clone(exchange));
        } else if pool.waiting.len() < self.admission.queue {
            pool.waiting.push_back(Arc::clone(exchange));
        } else {
            return false;
        }
        self.waiting.store(pool.waiting.len(), Ordering::SeqCst);
        // A worker may have become free between the admission and now, and have seen nobody waiting.
        let refuses = pool.closed || (pool.broken && pool.links.is_empty());
        if refuses || pool.least_loaded().is_some() {
            self.call(&mut pool, 1);
        }
        true
    }

    /// The request waits no more. If it had been called and `took_place` says that it did not use its turn, the turn
    /// is the next one's.
    pub(crate) fn leave(&self, exchange: &Arc<Exchange>, took_place: bool) {
        let mut pool = self.pool.lock();
        let before = pool.waiting.len();
        pool.waiting.retain(|waiting| !Arc::ptr_eq(waiting, exchange));
        let was_called = pool.waiting.len() == before;
        self.waiting.store(pool.waiting.len(), Ordering::SeqCst);
        if was_called && !took_place {
            self.call(&mut pool, 1);
        }
    }

    /// Streams without end should come to theirs: its workers hear of it.
    pub fn farewell(&self) {
        let links = self.pool.lock().links.clone();
        links.iter().for_each(|link| link.farewell());
    }

    /// The server stops: requests that wait, and those that still come, are refused.
    pub fn close(&self) {
        let mut pool = self.pool.lock();
        pool.closed = true;
        let waiting = pool.waiting.len();
        self.call(&mut pool, waiting);
    }

    /// Whether the server stops.
    pub(crate) fn is_closed(&self) -> bool {
        self.pool.lock().closed
    }

    /// `count` requests were finished: as many may go on.
    #[inline]
    pub(crate) fn released(&self, count: usize) {
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.call(&mut self.pool.lock(), count);
        }
    }

    /// A worker is ready.
    pub(crate) fn join(&self, link: Arc<Link>) {
        let mut pool = self.pool.lock();
        pool.changes += 1;
        if link.takes_requests() {
            let room = link.concurrency();
            pool.links.push(link);
            self.call(&mut pool, room);
        }
    }

    /// A worker takes no more requests.
    pub(crate) fn part(&self, link: &Arc<Link>) {
        let mut pool = self.pool.lock();
        pool.links.retain(|other| !Arc::ptr_eq(other, link));
        pool.changes += 1;
        drop(pool);
        self.sessions.part(link);
    }

    fn call(&self, pool: &mut Pool, count: usize) {
        let count = count.min(pool.waiting.len());
        for exchange in pool.waiting.drain(..count) {
            exchange.call();
        }
        self.waiting.store(pool.waiting.len(), Ordering::SeqCst);
    }
}

impl Pool {
    fn least_loaded(&mut self) -> Option<Arc<Link>> {
        if let [only] = self.links.as_slice() {
            return only.has_room().then(|| Arc::clone(only));
        }
        self.next = self.next.wrapping_add(1);
        let count = self.links.len();
        (0..count)
            .map(|offset| &self.links[self.next.wrapping_add(offset) % count])
            .filter(|link| link.has_room())
            .min_by_key(|link| link.load())
            .cloned()
    }
}
