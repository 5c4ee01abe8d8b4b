//! What all connections of a front share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
/// Bytes of chunk extensions over the whole of a body.
const CHUNK_EXTENSION_BYTES_MAX: usize = 4 * 1024;

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
    stopping: AtomicBool,
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
            },
            timeouts: settings.timeouts.clone(),
            access_log: settings.access_log,
            trusted_proxies: settings.trusted_proxies.clone(),
            websocket: settings.websocket.clone(),
            connections: Connections::new(connections_max),
            stopping: AtomicBool::new(false),
        }
    }

    /// Connections end after the request they have; idle ones now.
    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// Begins to stop: every connection looks at [`Self::is_stopping`] again.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.connections.wake_all();
    }
}

/// The open client connections. The place of one is the id workers know it by.
#[derive(Debug)]
pub(crate) struct Connections {
    open: Mutex<Slab<Arc<Exchange>>>,
    count_max: usize,
    /// One has ended.
    left: Notify,
}

impl Connections {
    fn new(count_max: usize) -> Self {
        Self { open: Mutex::default(), count_max, left: Notify::new() }
    }

    pub(crate) fn enter(&self, exchange: &Arc<Exchange>) -> u32 {
        // Descriptors run out long before 32 bits do.
        self.open.lock().insert(Arc::clone(exchange)) as u32
    }

    pub(crate) fn leave(&self, id: u32) {
        self.open.lock().try_remove(id as usize);
        self.left.notify_waiters();
    }

    pub(crate) fn count(&self) -> usize {
        self.open.lock().len()
    }

    /// Waits until there are fewer than the limit.
    pub(crate) async fn room(&self) {
        self.below(self.count_max).await;
    }

    /// Waits until there are none.
    pub(crate) async fn none(&self) {
        self.below(1).await;
    }

    async fn below(&self, count: usize) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.count() < count {
                return;
            }
            left.await;
        }
    }

    fn wake_all(&self) {
        for (_, exchange) in self.open.lock().iter() {
            exchange.wake();
        }
    }
}
