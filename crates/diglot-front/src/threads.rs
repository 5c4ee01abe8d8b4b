//! The front's threads: each has an event loop of its own, with its share of the connections and of the links.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use diglot_config::{AccessLog, Limits, Route, Timeouts, TrustedProxies, WebSocket};
use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;

use crate::client::Ends;
use crate::http1::Connection;
use crate::link::{self, Link, LinkNotice, LinkSocket};
use crate::listener::{Listener, Socket};
use crate::router::{Router, Target};
use crate::service::Service;
use crate::shared::Shared;

/// Tasks a thread runs between two looks at its sockets. High, so that one look finds the requests of many
/// connections and one write carries them on.
const EVENT_INTERVAL: u32 = 256;

/// How a front serves.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Event loops; at least one.
    pub threads: usize,
    /// What a client may send.
    pub limits: Limits,
    /// How long the front waits for it.
    pub timeouts: Timeouts,
    /// One line a request in the log.
    pub access_log: AccessLog,
    /// Who may say for whom they ask.
    pub trusted_proxies: TrustedProxies,
    /// What WebSockets may send, and how they are kept alive.
    pub websocket: WebSocket,
}

/// A running front.
#[derive(Debug)]
pub struct Front {
    shared: Arc<Shared>,
    loops: Vec<Handle>,
    /// Where the next link goes.
    next: AtomicUsize,
    accepting: watch::Sender<bool>,
    /// Dropped last: the threads end when it is.
    _running: watch::Sender<()>,
}

impl Front {
    /// Starts the threads. Nothing is accepted before [`Self::accept`].
    ///
    /// # Errors
    /// If the system grants no thread or no event loop.
    pub fn start(settings: &Settings, router: Router) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(router, settings));
        let (running, stop) = watch::channel(());
        let loops = (0..settings.threads.max(1))
            .map(|number| start_thread(number, stop.clone()))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            shared,
            loops,
            next: AtomicUsize::new(0),
            accepting: watch::Sender::new(true),
            _running: running,
        })
    }

    /// Accepts and serves the clients of these listeners, on every thread.
    ///
    /// # Errors
    /// If the system has no descriptor for them.
    pub fn accept(&self, listeners: &[Listener]) -> io::Result<()> {
        for listener in listeners {
            for event_loop in &self.loops {
                let listener = listener.try_clone()?;
                let shared = Arc::clone(&self.shared);
                let mut accepting = self.accepting.subscribe();
                event_loop.spawn(async move {
                    let stopped = async {
                        // An error means that the front is gone.
                        let _ = accepting.wait_for(|accepting| !accepting).await;
                    };
                    if let Err(error) = listener.serve(shared, stopped).await {
                        tracing::error!("a listener failed: {error}");
                    }
                });
            }
        }
        Ok(())
    }

    /// Connects a worker that was just started. It gets requests from the moment it says that it is ready.
    ///
    /// `notify` is called on a thread of the front with what the link says; it must not block.
    pub fn attach(
        &self,
        service: &Arc<Service>,
        generation: u32,
        socket: UnixStream,
        notify: impl Fn(LinkNotice) + Send + 'static,
    ) -> Arc<Link> {
        let link = Arc::new(Link::new(Arc::clone(service), generation));
        service.attach(&link);
        let driven = Arc::clone(&link);
        let clients = Arc::clone(&self.shared);
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.loops.len();
        self.loops[number].spawn(async move {
            match LinkSocket::new(socket) {
                Ok(socket) => link::drive(driven, socket, clients, notify).await,
                Err(error) => {
                    tracing::error!("cannot use a worker's link: {error}");
                    notify(LinkNotice::Closed);
                }
            }
        });
        link
    }

    /// Connects to the application of one service as a client would, but past the server's routes: every path is the service's,
    /// and those below `mount` lead to the application mounted there.
    ///
    /// # Errors
    /// If the system has no descriptor for it.
    pub fn connect(&self, service: &Arc<Service>, mount: Option<&Route>) -> io::Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let everything = [Route { host: None, prefix: "/".to_owned() }];
        let target = || Target::Service(Arc::clone(service));
        let mounted = mount.map(|route| (target(), std::slice::from_ref(route), true));
        let router = Router::new(mounted.into_iter().chain([(target(), &everything[..], false)]));
        let shared = Arc::clone(&self.shared);
        let number = self.next.fetch_add(1, Ordering::Relaxed) % self.loops.len();
        self.loops[number].spawn(async move {
            match tokio::net::UnixStream::from_std(ours) {
                Ok(stream) => {
                    let ends = Ends::Unix { path: PathBuf::new() };
                    Connection::new(Socket::Unix(stream), ends, shared).routed(router).serve().await;
                }
                Err(error) => tracing::error!("cannot connect to a service: {error}"),
            }
        });
        Ok(theirs)
    }

    /// What answers a path that is asked of this host.
    pub fn destination(&self, host: Option<&str>, path: &str) -> Option<&Target> {
        let found = self.shared.router.find(host.map(str::as_bytes), path.as_bytes());
        found.map(|destination| destination.target)
    }

    /// Accepts nothing any more and lets every connection end with the request it has. Those that have none are kept for
    /// another moment, as a request may be on its way.
    pub fn stop_accepting(&self) {
        self.accepting.send_replace(false);
        self.shared.stop();
    }

    /// Streams without end that handlers of the server's own answer with should come to theirs.
    pub fn farewell(&self) {
        self.shared.farewell();
    }

    /// Client connections that are open, idle ones included.
    pub fn connections(&self) -> usize {
        self.shared.connections.count()
    }

    /// Requests that handlers of the server's own have.
    pub fn own_requests(&self) -> usize {
        self.shared.own_requests()
    }

    /// Waits until no client connection is left, and none can come: [`Self::stop_accepting`] must have been called.
    pub async fn drained(&self) {
        // Each listener on each thread has a receiver until it has stopped: one may be accepting right now.
        self.accepting.closed().await;
        self.shared.connections.none().await;
    }
}

fn start_thread(number: usize, mut stop: watch::Receiver<()>) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .event_interval(EVENT_INTERVAL)
        .thread_name(format!("front-{number}"))
        .build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new().name(format!("front-{number}")).spawn(move || {
        // An error means that the sender is gone, which is what ends the thread.
        runtime.block_on(async { while stop.changed().await.is_ok() {} });
        runtime.shutdown_background();
    })?;
    Ok(handle)
}
