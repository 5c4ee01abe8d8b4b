//! The server's end of one worker's link: what tasks share of it, and the task that moves its bytes.
//!
//! Connection tasks queue frames under the link's lock and wake the driver. The driver is scheduled behind all tasks
//! that the same turn of the event loop woke, and lets one more turn pass, without sleeping, before it writes: so one
//! write carries the requests of them all, and one read brings the responses of as many. A worker that has nothing to do
//! does not wait for them all: it may get the first of them at once ([`head_start`]).

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use diglot_link::credit::STANDING_STREAMS_MAX;
use diglot_link::frame::Type;
use diglot_link::message::{CancelReason, Close, Fault, Field, Interface, Open, RequestLine, TooLong};
use diglot_link::{Front, FrontEvent, StreamKey, Violation};
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep};

use crate::exchange::{Exchange, Lost};
use crate::service::Service;
use crate::shared;
use crate::under_way::UnderWay;

mod socket;

pub(crate) use socket::LinkSocket;
use socket::Writer;

/// Bytes read from a link at once: the responses of hundreds of small requests.
const READ_BYTES: usize = 256 * 1024;
/// Reads in a row before other tasks have their turn.
const READS_A_TURN: usize = 4;
/// Requests that an idle worker is given before the event loop has read those of the other clients: it serves them
/// meanwhile, on another core. One that is done with them before the others are there would only be woken twice:
/// where the interface itself costs less than the front does, there is no head start.
const fn head_start(interface: Interface) -> Option<usize> {
    match interface {
        Interface::Asgi | Interface::Http => Some(20),
        Interface::Wsgi | Interface::Fetch | Interface::Functions => None,
    }
}

/// What may wait to be written while connections without a request are announced.
const ANNOUNCED_BYTES_MAX: usize = 64 * 1024;
/// What a ping says; nobody compares it, since whatever a worker sends proves that it lives.
const PING: [u8; 8] = *b"diglot\0\0";

/// What a link tells the supervisor of its worker.
#[derive(Debug)]
pub enum LinkNotice {
    /// The application is loaded; requests may come.
    Ready {
        /// How the application is run.
        interface: Interface,
        /// The runtime, for the log.
        runtime: String,
    },
    /// The application could not be loaded; its own words.
    StartFailed(String),
    /// As many requests have been begun as its service lets a worker have; more will come until it is drained.
    RequestsReached(u64),
    /// No answer to a ping for as long as the service allows. Its requests have been answered with 504.
    Unresponsive,
    /// The worker closed its end.
    Closed,
    /// The worker broke a rule of the protocol.
    Broken(Violation),
}

/// One worker's link, shared by all connections that have requests on it.
#[derive(Debug)]
pub struct Link {
    service: Arc<Service>,
    /// Requests whose response is not over; kept beside the lock for those who choose a worker.
    in_flight: AtomicUsize,
    /// WebSockets it has accepted: they are no requests any more, and do not count against its concurrency.
    sockets: AtomicUsize,
    /// How many it may have, known when the worker has said what it is.
    concurrency: AtomicUsize,
    shared: Mutex<Shared>,
}

#[derive(Debug)]
struct Shared {
    protocol: Front<Arc<Exchange>>,
    /// The driver sleeps and must be woken when there is output.
    driver: Option<Waker>,
    /// To the driver's socket, while there is a driver.
    writer: Writer,
    /// Requests begun since there was no output.
    waiting: usize,
    /// Requests since the worker was started.
    begun: u64,
    /// How many of them are to be told of, once.
    begun_max: u64,
    /// Known when the worker has said what it is.
    interface: Option<Interface>,
    /// Connections are announced when they are accepted.
    early: bool,
    /// The worker is known to be gone.
    severed: bool,
    ended: bool,
}

impl Link {
    /// The link of a worker that was just started.
    pub(crate) fn new(service: Arc<Service>, generation: u32) -> Self {
        let protocol = Front::new(generation, diglot_link::preface::STREAMS_MAX);
        let shared = Shared {
            protocol,
            driver: None,
            writer: Writer::default(),
            waiting: 0,
            begun: 0,
            begun_max: service.admission().requests_max(),
            interface: None,
            early: false,
            severed: false,
            ended: false,
        };
        let concurrency = AtomicUsize::new(service.admission().concurrency);
        Self {
            service,
            in_flight: AtomicUsize::new(0),
            sockets: AtomicUsize::new(0),
            concurrency,
            shared: Mutex::new(shared),
        }
    }

    /// The service whose worker is at the other end.
    pub(crate) fn service(&self) -> &Service {
        &self.service
    }

    /// Requests whose response is not over.
    #[inline]
    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::SeqCst)
    }

    /// Requests and WebSockets together.
    #[inline]
    pub(crate) fn load(&self) -> usize {
        self.in_flight() + self.sockets.load(Ordering::Relaxed)
    }

    /// Requests it may have in flight.
    #[inline]
    pub(crate) fn concurrency(&self) -> usize {
        self.concurrency.load(Ordering::Relaxed)
    }

    /// True if it may have one more.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.in_flight() < self.concurrency() && self.load() < STANDING_STREAMS_MAX as usize
    }

    /// Sends a request. `announce` is the client connection, where this link does not know it yet; it does from now on.
    ///
    /// `Ok(None)`: the link takes no more requests, for now or for good. Of those who found room at the same moment,
    /// on several threads, only as many begin as there is room for.
    ///
    /// # Errors
    /// [`TooLong`] if the head does not fit the link's format.
    #[inline]
    pub(crate) fn begin<'f>(
        &self,
        exchange: &Arc<Exchange>,
        announce: Option<&Open<'_>>,
        line: &RequestLine<'f>,
        fields: impl Iterator<Item = Field<'f>> + Clone,
        body: &[u8],
        end: bool,
    ) -> Result<Option<StreamKey>, TooLong> {
        let mut shared = self.shared.lock();
        if shared.ended {
            return Ok(None);
        }
        if let Some(ends) = announce {
            shared.protocol.open_connection(line.connection, ends);
        }
        if shared.protocol.open_requests() >= self.concurrency() {
            return Ok(None);
        }
        exchange.serve_by(self.address());
        let key = shared.protocol.begin(Arc::clone(exchange), line, fields, body, end);
        self.in_flight.store(shared.protocol.open_requests(), Ordering::Relaxed);
        shared.begun += 1;
        shared.wake_driver();
        shared.give_head_start();
        key
    }

    /// Tells one link from another while both are there.
    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Announces a client connection before it has a request, to a worker that asked for it.
    pub(crate) fn announce(&self, connection: u32, ends: &Open<'_>) {
        self.with((), |protocol| protocol.open_connection(connection, ends));
    }

    /// Tells a server of the application's own of what came in the place of a request; `announce` as in [`Self::begin`].
    /// `None`: the link takes no more.
    pub(crate) fn begin_fault(
        &self,
        exchange: &Arc<Exchange>,
        announce: Option<&Open<'_>>,
        fault: &Fault<'_>,
    ) -> Option<StreamKey> {
        let mut shared = self.shared.lock();
        if shared.ended {
            return None;
        }
        if let Some(ends) = announce {
            shared.protocol.open_connection(fault.connection, ends);
        }
        exchange.serve_by(self.address());
        let key = shared.protocol.begin_fault(Arc::clone(exchange), fault);
        self.in_flight.store(shared.protocol.open_requests(), Ordering::Relaxed);
        shared.wake_driver();
        key
    }

    /// The same for what came in the place of a request's body. False: the worker wants no more of that.
    pub(crate) fn send_fault(&self, key: StreamKey, fault: &Fault<'_>) -> bool {
        self.with(false, |protocol| protocol.send_fault(key, fault))
    }

    /// Sends as much of a body as there is credit for; returns how much.
    pub(crate) fn send_body(&self, key: StreamKey, data: &[u8], end: bool) -> usize {
        self.with(0, |protocol| protocol.send_body(key, data, end))
    }

    /// Bytes of a body that [`Self::send_body`] would take now.
    pub(crate) fn body_room(&self, key: StreamKey) -> usize {
        self.shared.lock().protocol.body_room(key)
    }

    /// Ends a request's body with trailer fields.
    ///
    /// # Errors
    /// [`TooLong`] if they do not fit the link's format.
    pub(crate) fn send_trailers(&self, key: StreamKey, lines: &[u8]) -> Result<(), TooLong> {
        self.with(Ok(()), |protocol| protocol.send_trailers(key, lines))
    }

    /// Answers that the client's connection is the worker's from now on.
    pub(crate) fn begin_tunnel(&self, key: StreamKey) {
        self.with((), |protocol| protocol.begin_tunnel(key));
    }

    /// Bytes of a message that [`Self::send_message`] would take now; `None` if not even an empty one.
    pub(crate) fn message_room(&self, key: StreamKey) -> Option<usize> {
        self.shared.lock().protocol.message_room(key)
    }

    /// Sends as much of a WebSocket's message as there is credit for; `None` if it takes nothing, not even an end.
    pub(crate) fn send_message(&self, key: StreamKey, kind: Type, data: &[u8], last: bool) -> Option<usize> {
        self.with(None, |protocol| protocol.send_message(key, kind, data, last))
    }

    /// A client's WebSocket is over.
    pub(crate) fn close_socket(&self, key: StreamKey, close: &Close<'_>) {
        self.with((), |protocol| protocol.close(key, close));
    }

    /// Nobody waits for this response any more.
    pub(crate) fn cancel(&self, key: StreamKey, reason: CancelReason) {
        self.with((), |protocol| protocol.cancel(key, reason));
    }

    /// The client has ended its side of the connection; what is still answered reaches it.
    pub(crate) fn leave(&self, key: StreamKey) {
        self.with((), |protocol| protocol.leave(key));
    }

    /// Bytes of a response have left the front.
    pub(crate) fn consumed(&self, key: StreamKey, bytes: usize) {
        self.with((), |protocol| protocol.consumed(key, bytes));
    }

    /// A client connection that this link knew is gone.
    pub(crate) fn close_connection(&self, connection: u32) {
        self.with((), |protocol| protocol.close_connection(connection));
    }

    /// Whether the application is to see a client's connection as it is. A Node program with a server of its own has
    /// always seen it so, and its framework has a setting of its own for proxies.
    pub(crate) fn sees_peers(&self) -> bool {
        self.interface() == Some(Interface::Http)
    }

    /// Whether the application wants to hear of connections when they are accepted, and is told now: of a worker that is
    /// behind with its reading those without a request are kept, so that nobody fills its memory by connecting.
    pub(crate) fn wants_connections(&self) -> bool {
        let mut shared = self.shared.lock();
        shared.early && shared.protocol.output().pending().len() < ANNOUNCED_BYTES_MAX
    }

    /// What the worker's application is, once it is known.
    pub(crate) fn interface(&self) -> Option<Interface> {
        self.shared.lock().interface
    }

    /// True once the worker's end is gone.
    pub fn has_ended(&self) -> bool {
        self.shared.lock().ended
    }

    /// Gives the worker no more requests and tells it to finish those it has.
    pub fn drain(self: &Arc<Self>) {
        // What has no end is not waited for where the server stops: the worker may tell its application at once.
        let stops = self.service.is_closed();
        // In this order: one that joins at the same moment sees that it drains, or is taken out after.
        self.with((), |protocol| {
            if stops {
                protocol.farewell();
            }
            protocol.drain();
            protocol.owners().for_each(|owner| owner.leave());
        });
        self.service.part(self);
    }

    /// Tells the worker that streams without end should come to theirs.
    pub fn farewell(&self) {
        self.with((), Front::farewell);
    }

    /// Ends the link from this side: the worker is gone, though something may hold its end open.
    pub fn sever(&self) {
        let mut shared = self.shared.lock();
        shared.severed = true;
        shared.wake_driver();
    }

    /// Whether the worker can be given requests.
    pub(crate) fn takes_requests(&self) -> bool {
        let shared = self.shared.lock();
        !shared.ended && shared.protocol.takes_requests()
    }

    /// What the worker has not finished.
    pub fn under_way(&self) -> UnderWay {
        let shared = self.shared.lock();
        let event_streams = shared.protocol.owners().filter(|owner| owner.streams_events()).count();
        UnderWay {
            requests: shared.protocol.open_requests().saturating_sub(event_streams),
            event_streams,
            websockets: shared.protocol.open_sockets(),
        }
    }

    /// Ends what the worker still has in flight, and has it cancel what it runs, at the end of the grace period. Returns
    /// how many clients have been cut off by that.
    pub fn abandon(&self) -> usize {
        let mut shared = self.shared.lock();
        let abandoned = shared.protocol.cancel_all(CancelReason::ShuttingDown);
        abandoned.iter().for_each(|exchange| exchange.lose(Lost::ShuttingDown));
        shared.protocol.hasten();
        shared.wake_driver();
        abandoned.len()
    }

    /// Does something to the protocol, and has the driver send what comes of it. A link that has ended gives `ended`.
    fn with<R>(&self, ended: R, act: impl FnOnce(&mut Front<Arc<Exchange>>) -> R) -> R {
        let mut shared = self.shared.lock();
        if shared.ended {
            return ended;
        }
        let result = act(&mut shared.protocol);
        if !shared.protocol.output().is_empty() {
            shared.wake_driver();
        }
        result
    }

    fn end(self: &Arc<Self>, why: Lost) {
        self.service.part(self);
        let mut shared = self.shared.lock();
        shared.ended = true;
        for exchange in shared.protocol.take_owners() {
            exchange.lose(why);
        }
        shared.protocol = Front::new(0, 1);
        shared.driver = None;
        self.in_flight.store(0, Ordering::Relaxed);
        self.sockets.store(0, Ordering::Relaxed);
    }
}

impl Shared {
    #[inline]
    fn wake_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Counts a request that was begun, and writes those that wait if they are many and the worker has no other.
    #[inline]
    fn give_head_start(&mut self) {
        self.waiting += 1;
        if self.interface.and_then(head_start) == Some(self.waiting)
            && self.protocol.open_requests() == self.waiting
        {
            let output = self.protocol.output();
            output.sent(self.writer.try_write(output.pending()));
        }
    }
}

/// Moves the bytes of one link until it ends, and says so to `notify`.
pub(crate) async fn drive(
    link: Arc<Link>,
    socket: LinkSocket,
    clients: Arc<shared::Shared>,
    notify: impl Fn(LinkNotice),
) {
    let heartbeat = link.service.admission().heartbeat.map(Heartbeat::new);
    link.shared.lock().writer = socket.writer();
    let buffer = Vec::with_capacity(READ_BYTES);
    let mut driver = Driver { link, socket, clients, notify, buffer, parsed: 0, heartbeat, looked: false };
    let ended = loop {
        match std::future::poll_fn(|context| driver.poll(context)).await {
            Pause::Look => tokio::task::yield_now().await,
            Pause::End(why) => break why,
        }
    };
    let why = if matches!(ended, LinkNotice::Unresponsive) { Lost::Unresponsive } else { Lost::WorkerGone };
    driver.link.end(why);
    (driver.notify)(ended);
}

struct Driver<N> {
    link: Arc<Link>,
    socket: LinkSocket,
    clients: Arc<shared::Shared>,
    notify: N,
    buffer: Vec<u8>,
    parsed: usize,
    heartbeat: Option<Heartbeat>,
    /// The event loop has looked at its sockets since there was something to write.
    looked: bool,
}

/// Why the driver does not just wait to be woken.
enum Pause {
    /// There is something to write, and the event loop may find more.
    Look,
    /// The link has ended.
    End(LinkNotice),
}

/// Whether the worker's event loop turns: a ping now and then, and a limit for the answer.
struct Heartbeat {
    limit: Duration,
    timer: Pin<Box<Sleep>>,
    /// Nothing is asked before the application is loaded.
    active: bool,
    /// When the ping was sent that nothing has followed yet.
    asked: Option<Instant>,
}

impl Heartbeat {
    fn new(limit: Duration) -> Self {
        Self { limit, timer: Box::pin(tokio::time::sleep(Self::period(limit))), active: false, asked: None }
    }

    /// Often enough that the limit is overrun by a quarter at most.
    fn period(limit: Duration) -> Duration {
        limit / 4
    }
}

impl<N: Fn(LinkNotice)> Driver<N> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Pause> {
        if let Poll::Ready(ended) = self.poll_read(context) {
            return Poll::Ready(Pause::End(ended));
        }
        if let Poll::Ready(ended) = self.poll_heartbeat(context) {
            return Poll::Ready(Pause::End(ended));
        }
        self.poll_write(context)
    }

    fn poll_write(&mut self, context: &mut Context<'_>) -> Poll<Pause> {
        let mut shared = self.link.shared.lock();
        if shared.severed {
            return Poll::Ready(Pause::End(LinkNotice::Closed));
        }
        if shared.begun >= shared.begun_max {
            shared.begun_max = u64::MAX;
            (self.notify)(LinkNotice::RequestsReached(shared.begun));
        }
        if !shared.protocol.output().is_empty() && !mem::replace(&mut self.looked, true) {
            return Poll::Ready(Pause::Look);
        }
        loop {
            let output = shared.protocol.output();
            if output.is_empty() {
                shared.waiting = 0;
                self.looked = false;
                break;
            }
            match self.socket.poll_write(context, output.pending()) {
                Poll::Ready(Ok(count)) => output.sent(count),
                Poll::Ready(Err(_)) => return Poll::Ready(Pause::End(LinkNotice::Closed)),
                Poll::Pending => break,
            }
        }
        shared.driver = Some(context.waker().clone());
        Poll::Pending
    }

    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<LinkNotice> {
        for _ in 0..READS_A_TURN {
            match self.socket.poll_read(context, &mut self.buffer) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(LinkNotice::Closed),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
            if let Some(heartbeat) = &mut self.heartbeat {
                heartbeat.asked = None;
            }
            if let Err(violation) = self.handle() {
                return Poll::Ready(LinkNotice::Broken(violation));
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Passes on every whole frame in the buffer.
    fn handle(&mut self) -> Result<(), Violation> {
        let mut joins = false;
        let mut parts = false;
        let mut shared = self.link.shared.lock();
        loop {
            let Some((taken, event)) = shared.protocol.handle(&self.buffer[self.parsed..])? else { break };
            self.parsed += taken;
            match event {
                Some(FrontEvent::Response { owner, frame, .. }) => owner.push(frame),
                Some(FrontEvent::Stop { owner, .. }) => owner.stop(),
                Some(FrontEvent::Credit { owner, .. }) => owner.credit(),
                Some(FrontEvent::HangUp { connection }) => {
                    let link = self.link.address();
                    self.clients.connections.with(connection, |exchange| exchange.hang_up_by(link));
                }
                Some(FrontEvent::CloseIdle { connection }) => {
                    let link = self.link.address();
                    self.clients.connections.with(connection, |exchange| exchange.close_idle_by(link));
                }
                Some(FrontEvent::Limits { connection, limits }) => {
                    self.clients.connections.with(connection, |exchange| exchange.limit(limits));
                }
                Some(FrontEvent::Early) => shared.early = true,
                Some(FrontEvent::Ready(ready)) => {
                    if let Err(reason) = self.link.service.check_interface(ready.interface) {
                        (self.notify)(LinkNotice::StartFailed(reason));
                        continue;
                    }
                    joins = ready.interface != Interface::Functions;
                    shared.interface = Some(ready.interface);
                    if ready.interface == Interface::Wsgi {
                        let on_threads = self.link.service.admission().concurrency_on_threads;
                        self.link.concurrency.store(on_threads, Ordering::Relaxed);
                    }
                    (self.notify)(LinkNotice::Ready {
                        interface: ready.interface,
                        runtime: ready.runtime.to_owned(),
                    });
                }
                Some(FrontEvent::Paused) => (parts, joins) = (true, false),
                Some(FrontEvent::Resumed) => joins = shared.interface != Some(Interface::Functions),
                Some(FrontEvent::Failed(reason)) => (self.notify)(LinkNotice::StartFailed(reason.to_owned())),
                Some(FrontEvent::Claim(session)) => {
                    // One that drains gets no requests, of whatever session.
                    if shared.protocol.takes_requests() {
                        self.link.service.sessions().claim(session, &self.link);
                    }
                }
                Some(FrontEvent::Release(session)) => {
                    self.link.service.sessions().release(session, &self.link)
                }
                Some(FrontEvent::LinkCredit) => shared.protocol.senders().for_each(|owner| owner.credit()),
                Some(FrontEvent::Pong(_)) | None => {}
            }
        }
        let in_flight = shared.protocol.open_requests();
        self.link.sockets.store(shared.protocol.open_sockets(), Ordering::Relaxed);
        // Under the lock, or a request that begins meanwhile would be forgotten, and the place it leaves be given to nobody.
        let before = self.link.in_flight.swap(in_flight, Ordering::SeqCst);
        drop(shared);
        if before > in_flight {
            self.link.service.released(before - in_flight);
        }
        if parts {
            self.link.service.part(&self.link);
        }
        if joins {
            self.link.service.join(Arc::clone(&self.link));
            if let Some(heartbeat) = &mut self.heartbeat {
                heartbeat.active = true;
            }
        }
        if self.parsed == self.buffer.len() {
            self.buffer.clear();
            self.parsed = 0;
        } else if self.buffer.capacity() - self.buffer.len() < READ_BYTES / 4 {
            self.buffer.drain(..self.parsed);
            self.parsed = 0;
        }
        Ok(())
    }

    fn poll_heartbeat(&mut self, context: &mut Context<'_>) -> Poll<LinkNotice> {
        let Some(heartbeat) = &mut self.heartbeat else { return Poll::Pending };
        while heartbeat.timer.as_mut().poll(context).is_ready() {
            let now = Instant::now();
            heartbeat.timer.as_mut().reset(now + Heartbeat::period(heartbeat.limit));
            match heartbeat.asked {
                Some(asked) if now - asked >= heartbeat.limit => {
                    return Poll::Ready(LinkNotice::Unresponsive);
                }
                None if heartbeat.active => {
                    heartbeat.asked = Some(now);
                    self.link.shared.lock().protocol.ping(PING);
                }
                _ => {}
            }
        }
        Poll::Pending
    }
}
