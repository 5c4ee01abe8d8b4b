//! What all connections of a front share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use diglot_config::{AccessLog, Limits, Timeouts, TrustedProxies, WebSocket};
use parking_lot::Mutex;
use slab::Slab;
use tokio::sync::Notify;

use crate::exchange::Exchange;
use crate::h1;
use crate::router::Router;
use crate::threads::Settings;

/// Bytes of a body's trailer section.
const TRAILER_BYTES_MAX: usize = 8 * 1024;
/// Bytes of the extensions of one chunk: as many as Node takes.
const CHUNK_EXTENSION_BYTES_MAX: usize = 16 * 1024;
/// Bytes of chunk extensions over the whole of a body, or a client could send them without end and never any content.
const BODY_EXTENSION_BYTES_MAX: usize = 64 * 1024;

/// Decided at the start and read by every request.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) router: Router,
    pub(crate) codec: h1::Limits,
    pub(crate) timeouts: Timeouts,
    /// One line a request in the log.
    pub(crate) access_log: AccessLog,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) websocket: WebSocket,
    pub(crate) connections: Connections,
    /// Requests that handlers of the server's own have.
    own_requests: AtomicUsize,
    stopping: AtomicBool,
    /// Streams without end should come to theirs.
    farewell: AtomicBool,
}

impl Shared {
    pub(crate) fn new(router: Router, settings: &Settings) -> Self {
        let Limits { request_line_bytes_max, header_bytes_max, header_count_max, connections_max, .. } =
            settings.limits;
        Self {
            router,
            codec: h1::Limits {
                request_line_bytes_max,
                header_bytes_max,
                header_count_max,
                trailer_bytes_max: TRAILER_BYTES_MAX,
                chunk_extension_bytes_max: CHUNK_EXTENSION_BYTES_MAX,
                body_extension_bytes_max: BODY_EXTENSION_BYTES_MAX,
            },
            timeouts: settings.timeouts.clone(),
            access_log: settings.access_log,
            trusted_proxies: settings.trusted_proxies.clone(),
            websocket: settings.websocket.clone(),
            connections: Connections::new(connections_max),
            own_requests: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            farewell: AtomicBool::new(false),
        }
    }

    /// Connections end after the request they have; idle ones in a moment.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Requests that handlers of the server's own have.
    pub(crate) fn own_requests(&self) -> usize {
        self.own_requests.load(Ordering::Relaxed)
    }

    /// While the server stops: what it answers by itself and has no end should come to one.
    pub(crate) fn says_farewell(&self) -> bool {
        self.farewell.load(Ordering::SeqCst)
    }

    /// Every connection looks at [`Self::says_farewell`] again.
    pub(crate) fn farewell(&self) {
        self.farewell.store(true, Ordering::SeqCst);
        self.connections.wake_all();
    }

    /// Begins to stop: every connection looks at [`Self::is_stopping`] again.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.connections.wake_all();
    }
}

/// Bits of a connection's id that are its place among those that are open; the others count, so that an id does not come again at
/// once and what a worker says of a connection that has just ended concerns no other.
const PLACE_BITS: u32 = 24;

/// The open client connections, by the ids that workers know them by.
#[derive(Debug)]
pub(crate) struct Connections {
    open: Mutex<Open>,
    count_max: usize,
    /// Those that applications have taken over. They end when it pleases these: nobody else waits for them.
    taken_over: AtomicUsize,
    /// One has ended.
    left: Notify,
}

#[derive(Debug, Default)]
struct Open {
    places: Slab<(u32, Arc<Exchange>)>,
    /// How many connections there have been.
    entered: u32,
}

impl Connections {
    fn new(count_max: usize) -> Self {
        Self { open: Mutex::default(), count_max, taken_over: AtomicUsize::new(0), left: Notify::new() }
    }

    pub(crate) fn enter(&self, exchange: &Arc<Exchange>) -> u32 {
        let mut open = self.open.lock();
        open.entered = open.entered.wrapping_add(1);
        let turn = open.entered << PLACE_BITS;
        let place = open.places.vacant_entry();
        // Descriptors run out long before 24 bits do.
        let id = place.key() as u32 | turn;
        place.insert((id, Arc::clone(exchange)));
        id
    }

    pub(crate) fn leave(&self, id: u32) {
        self.open.lock().places.try_remove(place(id));
        self.left.notify_waiters();
    }

    /// Does something with a connection's exchange, if it is still there.
    pub(crate) fn with(&self, id: u32, act: impl FnOnce(&Exchange)) {
        let open = self.open.lock();
        if let Some((_, exchange)) = open.places.get(place(id)).filter(|(present, _)| *present == id) {
            act(exchange);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.open.lock().places.len()
    }

    /// Whether there are fewer than the limit.
    pub(crate) fn has_room(&self) -> bool {
        self.count() < self.count_max
    }

    /// Waits until there are fewer than the limit.
    pub(crate) async fn room(&self) {
        self.below(self.count_max).await;
    }

    /// Waits until there are none but those that were taken over.
    pub(crate) async fn none(&self) {
        self.until(|| self.count() <= self.taken_over.load(Ordering::SeqCst)).await;
    }

    async fn below(&self, count: usize) {
        self.until(|| self.count() < count).await;
    }

    /// Waits until `is_so`, which is asked again when a connection has ended or was taken over.
    async fn until(&self, is_so: impl Fn() -> bool) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if is_so() {
                return;
            }
            left.await;
        }
    }

    fn wake_all(&self) {
        for (_, (_, exchange)) in self.open.lock().places.iter() {
            exchange.wake();
        }
    }
}

/// Counts a connection as taken over while it lives.
#[derive(Debug)]
pub(crate) struct TakenOver(Arc<Shared>);

impl TakenOver {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        shared.connections.taken_over.fetch_add(1, Ordering::SeqCst);
        shared.connections.left.notify_waiters();
        Self(Arc::clone(shared))
    }
}

impl Drop for TakenOver {
    fn drop(&mut self) {
        self.0.connections.taken_over.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Counts a request that a handler of the server's own has.
#[derive(Debug)]
pub(crate) struct OwnRequest(Arc<Shared>);

impl OwnRequest {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        shared.own_requests.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(shared))
    }
}

impl Drop for OwnRequest {
    fn drop(&mut self) {
        self.0.own_requests.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Where a connection of this id is, if it is open.
const fn place(id: u32) -> usize {
    (id & ((1 << PLACE_BITS) - 1)) as usize
}
