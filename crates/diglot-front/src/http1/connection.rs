//! The task of one HTTP/1 client connection.
//!
//! Requests are served one after another: the next is read from the buffer when the response before it has been
//! written, so that pipelined requests are answered in order and a client can make the server hold no more than one buffer.

use std::fmt::Display;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use diglot_config::TrustedProxies;
use diglot_link::message::Open;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::Instant;
use tokio_util::io::poll_read_buf;

use super::access::Record;
use super::active::{Active, Finished};
use super::answer::{Answer, write_fixed};
use super::dispatch::{Dispatched, Scratches, dispatch, has_body};
use super::fault;
use super::own::Own;
use super::tunnel::{self, Tunnel};
use super::websocket::{Ended, WebSocket};
use crate::buffers::{self, BUFFER_BYTES};
use crate::client::{Client, Ends};
use crate::deadline::Deadline;
use crate::exchange::{Arrived, Exchange};
use crate::h1::{self, RequestFacts, RequestHead, Status};
use crate::link::Link;
use crate::listener::Socket;
use crate::router::Router;
use crate::service::Service;
use crate::shared::{Shared, TakenOver};

/// How much is read from a client after the last response, so that it can read that response before the connection is reset.
const LINGER_BYTES_MAX: usize = 512 * 1024;
/// How long that may take.
const LINGER: Duration = Duration::from_secs(2);

/// How long a connection on which nothing comes is kept while the server stops. A request that is on its way is answered, and
/// the client told not to send another: whoever sends as the connection is closed cannot know whether it has been served.
const LAST_REQUEST_TIMEOUT: Duration = Duration::from_millis(500);
/// How long a client may take for the rest of a request's head while the server stops.
const LAST_HEAD_TIMEOUT: Duration = Duration::from_secs(1);

/// One client connection.
pub(crate) struct Connection {
    pub(super) socket: Socket,
    pub(super) shared: Arc<Shared>,
    pub(super) peer: Peer,
    /// Bytes from the client that have not been taken yet; `taken` of them have.
    pub(super) input: Vec<u8>,
    pub(super) taken: usize,
    /// Bytes for the client; `written` of them have been written.
    pub(super) output: Vec<u8>,
    pub(super) written: usize,
    pub(super) exchange: Arc<Exchange>,
    pub(super) deadline: Deadline,
    /// How far a head that came in pieces has been read.
    head: Option<Box<h1::Scratch>>,
    /// For the access log: a request that was read and that no worker has yet.
    record: Option<Box<Record>>,
    /// Since when there is nothing to do but wait, and whether it is for the rest of a head.
    waits: Option<(bool, Instant)>,
    /// It has had a request.
    has_served: bool,
    /// The application was told of the connection before it had a request.
    is_announced: bool,
    /// When the request's first byte came, where the application may set a time for it.
    request_began: Option<Instant>,
    /// The client has closed its end.
    pub(super) ended: bool,
}

/// Who is at the other end, and what workers have been told of it.
pub(super) struct Peer {
    pub(super) id: u32,
    ends: Ends,
    /// For whom the last request came.
    client: Client,
    /// The links that know this connection, each with whom it takes for the client.
    links: Vec<(Arc<Link>, Client)>,
    /// Where its requests go, instead of where the server's routes lead.
    pub(super) only: Option<Arc<Router>>,
}

impl Peer {
    fn new(id: u32, ends: Ends) -> Self {
        Self { id, client: ends.client(), ends, links: Vec::new(), only: None }
    }

    /// Finds out for whom a request comes.
    #[inline]
    pub(super) fn meet(&mut self, head: &RequestHead<'_>, trusted: &TrustedProxies) {
        self.client = self.ends.client();
        if head.forwarded {
            self.client = self.client.forwarded(trusted, head.headers.iter());
        }
    }

    /// Calls `begin` with what the link must be told before it gets the request: nothing if it knows this client.
    pub(super) fn introduce<R>(&mut self, link: &Arc<Link>, begin: impl FnOnce(Option<&Open<'_>>) -> R) -> R {
        let itself = self.ends.client();
        let client = if self.client == itself || link.sees_peers() { itself } else { self.client };
        match self.links.iter_mut().find(|(known, _)| Arc::ptr_eq(known, link)) {
            Some((_, told)) if *told == client => return begin(None),
            Some((_, told)) => {
                // One proxy's connection, another client: to the worker it is another connection.
                link.close_connection(self.id);
                *told = client;
            }
            None => {
                self.links.retain(|(known, _)| !known.has_ended());
                self.links.push((Arc::clone(link), client));
            }
        }
        self.ends.announce(&client, |open| begin(Some(open)))
    }

    /// For the access log.
    fn name(&self) -> impl Display {
        self.ends.name(&self.client)
    }

    /// For the access log, where it is not known for whom the peer asks.
    fn own_name(&self) -> impl Display {
        self.ends.name(&self.ends.client())
    }
}

/// What comes after a request.
pub(super) enum Next {
    Request,
    WebSocket(Box<WebSocket>),
    Tunnel(Box<Tunnel>),
    /// Close when the output has been written.
    Close,
    /// Cut: what the client has must not be taken for a whole response.
    Cut,
}

/// What is at the head of the input.
enum Turn {
    Active(Box<Active>),
    Own(Box<Own>),
    Wait(Arc<Service>, RequestFacts),
    Answered {
        lives_on: bool,
    },
    /// The client is gone, or there is no reason to wait for it any longer.
    Over,
}

impl Connection {
    pub(crate) fn new(socket: Socket, ends: Ends, shared: Arc<Shared>) -> Self {
        let exchange = Arc::new(Exchange::default());
        let id = shared.connections.enter(&exchange);
        Self {
            socket,
            peer: Peer::new(id, ends),
            shared,
            input: Vec::new(),
            taken: 0,
            output: Vec::new(),
            written: 0,
            exchange,
            deadline: Deadline::new(),
            head: None,
            record: None,
            waits: None,
            has_served: false,
            is_announced: false,
            request_began: None,
            ended: false,
        }
    }

    /// The same for one whose requests all go by this router.
    pub(crate) fn routed(mut self, router: Router) -> Self {
        self.peer.only = Some(Arc::new(router));
        self
    }

    /// Serves the client until the connection ends.
    pub(crate) async fn serve(mut self) {
        self.announce();
        loop {
            let turn = match self.next_turn().await {
                Turn::Wait(service, request) => self.wait(service, request).await,
                turn => turn,
            };
            let next = match turn {
                Turn::Over => return,
                Turn::Answered { lives_on: true } => Next::Request,
                Turn::Answered { lives_on: false } | Turn::Wait(..) => Next::Close,
                Turn::Active(active) => self.finish(active).await,
                // Apart, so that connections which never have one are no larger for it.
                Turn::Own(own) => Box::pin(self.serve_own(own)).await,
            };
            match next {
                Next::Request => {}
                Next::WebSocket(websocket) => return self.serve_websocket(websocket).await,
                Next::Tunnel(tunnel) => return self.serve_tunnel(tunnel).await,
                Next::Close => return self.close().await,
                Next::Cut => {
                    // What there is of the response is the client's, as far as the socket takes it at once.
                    let _ = std::future::poll_fn(|context| Poll::Ready(self.poll_flush(context))).await;
                    return self.socket.reset();
                }
            }
        }
    }

    /// Reads until there is something to do.
    async fn next_turn(&mut self) -> Turn {
        std::future::poll_fn(|context| self.poll_turn(context)).await
    }

    fn poll_turn(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        loop {
            match self.poll_flush(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Turn::Over),
                Poll::Pending => {
                    self.deadline.set_once(self.shared.timeouts.write);
                    return self.deadline.poll(context).map(|()| Turn::Over);
                }
            }
            if self.exchange.is_hung_up() {
                return Poll::Ready(Turn::Over);
            }
            if self.taken < self.input.len()
                && let Some(turn) = self.read_request(false)
            {
                self.deadline.lift();
                self.note_start();
                return Poll::Ready(turn);
            }
            match self.poll_fill(context) {
                Poll::Ready(Ok(0)) if self.has_begun_head() => {
                    return Poll::Ready(self.begin_fault(fault::HEAD_CUT).map_or(Turn::Over, Turn::Active));
                }
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Turn::Over),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return self.poll_idle(context),
            }
        }
    }

    /// Whether something of a request has come, and not just the empty lines that some clients send behind the one before.
    fn has_begun_head(&self) -> bool {
        self.input[self.taken..].iter().any(|byte| !matches!(byte, b'\r' | b'\n'))
    }

    /// An idle connection holds no buffer. The few bytes of empty lines that have come are kept: they count against their limit.
    fn let_buffers_go(&mut self) {
        let lines = self.input[self.taken..].to_vec();
        buffers::give_back(&mut self.input);
        buffers::give_back(&mut self.output);
        (self.input, self.taken) = (lines, 0);
        // Of a head that has not begun there is nothing to resume.
        self.head = None;
    }

    /// Nothing to read: between two requests, or within a head.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<Turn> {
        let is_idle = !self.has_begun_head();
        // Before it is looked whether the server stops: who stops it wakes those that wait.
        let (limits, closes_idle) = self.exchange.rest(context);
        if is_idle && (closes_idle || self.exchange.is_hung_up()) {
            return Poll::Ready(Turn::Over);
        }
        let begins = self.waits.is_none_or(|(for_head, _)| for_head == is_idle);
        let since = match self.waits {
            Some((_, since)) if !begins => since,
            _ => Instant::now(),
        };
        self.waits = Some((!is_idle, since));
        if is_idle {
            self.let_buffers_go();
            self.deadline.set_once(self.shared.timeouts.idle);
        } else if begins {
            self.deadline.set(self.shared.timeouts.header_read);
        }
        // The time for a head that the application sets counts from a connection's beginning, too.
        let of_application =
            sooner(limits.head_ms, limits.request_ms).filter(|_| !is_idle || !self.has_served);
        if let Some(limit) = of_application {
            self.deadline.not_after(since + limit);
        }
        if self.shared.is_stopping() {
            self.deadline.bring_forward(if is_idle { LAST_REQUEST_TIMEOUT } else { LAST_HEAD_TIMEOUT });
        }
        if self.deadline.poll(context).is_pending() {
            return Poll::Pending;
        }
        if is_idle && (of_application.is_none() || self.shared.is_stopping()) {
            return Poll::Ready(Turn::Over);
        }
        let active = self.begin_fault(fault::HEAD_TIMED_OUT);
        if active.is_some() || is_idle {
            return Poll::Ready(active.map_or(Turn::Over, Turn::Active));
        }
        let answer = Answer::HEAD_TIMED_OUT;
        if let Some(mut record) = Record::of_malformed(self.shared.access_log, self.peer.own_name()) {
            record.write(answer.status, answer.content_bytes());
        }
        answer.write(&mut self.output, &RequestFacts::unknown(), false);
        Poll::Ready(Turn::Answered { lives_on: false })
    }

    /// A request has come: its time began with its first byte.
    fn note_start(&mut self) {
        self.has_served = true;
        let since = self.waits.take().filter(|(for_head, _)| *for_head).map(|(_, since)| since);
        self.request_began = self.is_announced.then(|| since.unwrap_or_else(Instant::now));
    }

    /// When the request has to be whole, where the application says so.
    pub(super) fn request_due(&self) -> Option<Instant> {
        let request_ms = self.exchange.limits().request_ms;
        self.request_began
            .filter(|_| request_ms > 0)
            .map(|began| began + Duration::from_millis(request_ms.into()))
    }

    /// Leaves it to the application to answer what is no whole request and will not become one.
    fn begin_fault(&mut self, rule: &str) -> Option<Box<Active>> {
        let Self { shared, peer, exchange, input, taken, .. } = self;
        let mut active = fault::begin(shared, peer, exchange, rule, &input[*taken..])?;
        active.record = Record::of_malformed(shared.access_log, peer.own_name());
        *taken = input.len();
        self.head = None;
        Some(active)
    }

    /// Announces the connection to the application, if it is the only one and wants to know before there is a request.
    fn announce(&mut self) {
        let only_worker = self.shared.router.owner().and_then(|service| service.only_worker());
        if let Some(link) = only_worker.filter(|link| link.wants_connections()) {
            let id = self.peer.id;
            self.peer.introduce(&link, |open| open.map(|open| link.announce(id, open)));
            self.is_announced = true;
        }
    }

    /// Takes a request from the input and gives it to a worker, or answers it. `None`: its head is not whole.
    fn read_request(&mut self, waited: bool) -> Option<Turn> {
        let Self { shared, peer, input, taken, output, exchange, head, record, .. } = self;
        Scratches::with(|scratches| {
            let scratch = head.as_deref_mut().unwrap_or(&mut scratches.head);
            let bytes = &input[*taken..];
            let parsed = match h1::parse_request(bytes, scratch, &shared.codec) {
                Ok(Status::Complete(parsed)) => parsed,
                Ok(Status::Incomplete) => {
                    // The head will be read on from here; the shared scratch is for whole heads.
                    if head.is_none() {
                        *head = Some(Box::new(std::mem::take(&mut scratches.head)));
                    }
                    return None;
                }
                Err(rejection) => {
                    tracing::debug!(rule = %rejection.rule, "a malformed request was refused");
                    if let Some(mut active) =
                        fault::begin(shared, peer, exchange, rejection.rule.name(), bytes)
                    {
                        active.record = Record::of_malformed(shared.access_log, peer.own_name());
                        *taken = input.len();
                        *head = None;
                        return Some(Turn::Active(active));
                    }
                    let answer = Answer::rejected(&rejection);
                    if let Some(mut record) = Record::of_malformed(shared.access_log, peer.own_name()) {
                        record.write(rejection.status, answer.content_bytes());
                    }
                    answer.write(output, &RequestFacts::unknown(), false);
                    return Some(Turn::Answered { lives_on: false });
                }
            };
            let dispatched = dispatch(shared, peer, exchange, &parsed, &bytes[parsed.head_bytes..], waited);
            let request = RequestFacts::of(&parsed);
            let (head_bytes, has_body) = (parsed.head_bytes, has_body(&parsed));
            if record.is_none() {
                *record = Record::of(shared.access_log, peer.name(), &parsed);
            }
            *head = None;
            Some(match dispatched {
                Dispatched::Active(mut active, body_bytes) => {
                    active.record = record.take();
                    *taken += head_bytes + body_bytes;
                    Turn::Active(active)
                }
                Dispatched::Own(mut own) => {
                    own.record = record.take();
                    *taken += head_bytes;
                    Turn::Own(own)
                }
                Dispatched::Wait(service) => Turn::Wait(service, request),
                Dispatched::Fixed(fixed) => {
                    let lives_on = request.keep_alive && !has_body && !shared.is_stopping();
                    *taken += head_bytes;
                    if let Some(mut record) = record.take() {
                        record.write(fixed.status, fixed.body.len() as u64);
                    }
                    write_fixed(&fixed, output, &request, lives_on, &mut scratches.fields);
                    Turn::Answered { lives_on }
                }
                Dispatched::Answer(answer) => {
                    let lives_on = answer.keeps_connection && request.keep_alive && !shared.is_stopping();
                    *taken += head_bytes;
                    if let Some(mut record) = record.take() {
                        record.write(answer.status, answer.content_bytes());
                    }
                    answer.write(output, &request, lives_on);
                    Turn::Answered { lives_on }
                }
            })
        })
    }

    /// Waits in the service's queue until a worker has room.
    async fn wait(&mut self, service: Arc<Service>, request: RequestFacts) -> Turn {
        self.exchange.clear();
        if !service.wait(&self.exchange, false) {
            let answer = Answer::QUEUE_FULL;
            self.log_request(answer.status, answer.content_bytes());
            answer.write(&mut self.output, &request, false);
            return Turn::Answered { lives_on: false };
        }
        self.deadline.set(service.admission().queue_timeout);
        let mut arrived = Arrived::default();
        let turn = std::future::poll_fn(|context| {
            if self.deadline.poll(context).is_ready() {
                let answer = Answer::QUEUE_TIMED_OUT;
                self.log_request(answer.status, answer.content_bytes());
                answer.write(&mut self.output, &request, false);
                return Poll::Ready(Turn::Answered { lives_on: false });
            }
            self.exchange.take(context, &mut arrived);
            if std::mem::take(&mut arrived.called) {
                match self.read_request(true) {
                    Some(Turn::Wait(service, _)) => {
                        let _has_room = service.wait(&self.exchange, true);
                    }
                    Some(turn) => return Poll::Ready(turn),
                    None => return Poll::Ready(Turn::Over),
                }
                // It may have been called again already.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            match self.poll_watch(context) {
                Poll::Ready(()) => Poll::Ready(Turn::Over),
                Poll::Pending => Poll::Pending,
            }
        })
        .await;
        service.leave(&self.exchange, matches!(turn, Turn::Active(_)));
        if matches!(turn, Turn::Over) {
            self.log_request(0, 0);
        }
        self.deadline.lift();
        turn
    }

    /// Writes the access log's line for the request that was read last, if it is asked for and not written yet.
    fn log_request(&mut self, status: u16, content_bytes: u64) {
        if let Some(mut record) = self.record.take() {
            record.write(status, content_bytes);
        }
    }

    /// Sees a request through that a worker has.
    async fn finish(&mut self, mut active: Box<Active>) -> Next {
        let finished = std::future::poll_fn(|context| active.poll(self, context)).await;
        self.deadline.lift();
        if finished == Finished::TakenOver {
            return Next::Tunnel(Box::new(active.into_tunnel(self)));
        }
        if self.taken == self.input.len() {
            buffers::give_back(&mut self.input);
            self.taken = 0;
        }
        match finished {
            Finished::Switched => match active.into_websocket(self.shared.websocket.message_bytes_max) {
                Some(websocket) => Next::WebSocket(Box::new(websocket)),
                None => Next::Cut,
            },
            Finished::Complete => Next::Request,
            Finished::Closing | Finished::TakenOver => Next::Close,
            // The application or the client itself has ended the connection, which an end answers as well as an error would.
            Finished::Cut
                if (self.ended || self.exchange.is_hung_up()) && !active.reply.ends_with_connection() =>
            {
                Next::Close
            }
            Finished::Cut => Next::Cut,
        }
    }

    /// Serves the client to the end, now that it speaks WebSocket.
    async fn serve_websocket(mut self, mut websocket: Box<WebSocket>) {
        let ended = std::future::poll_fn(|context| websocket.poll(&mut self, context)).await;
        drop(websocket);
        self.deadline.lift();
        match ended {
            Ended::Closing => self.close().await,
            Ended::Unanswered => {}
            // What the system has taken for a client that does not read would stay with it.
            Ended::Cut => self.socket.reset(),
        }
    }

    /// Passes bytes to and fro, now that the application has taken the connection over.
    async fn serve_tunnel(mut self, mut tunnel: Box<Tunnel>) {
        let counted = TakenOver::new(&self.shared);
        let ended = std::future::poll_fn(|context| tunnel.poll(&mut self, context)).await;
        drop(tunnel);
        drop(counted);
        self.deadline.lift();
        match ended {
            tunnel::Ended::Closing => self.close().await,
            tunnel::Ended::Cut => self.socket.reset(),
        }
    }

    /// Reads from the client into the input.
    pub(super) fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<usize>> {
        if self.taken > 0 {
            self.input.drain(..self.taken);
            self.taken = 0;
        }
        if self.input.capacity() < BUFFER_BYTES {
            let mut buffer = buffers::borrow();
            buffer.extend_from_slice(&self.input);
            self.input = buffer;
        }
        let read = poll_read_buf(Pin::new(&mut self.socket), context, &mut self.input);
        if self.input.is_empty() {
            buffers::give_back(&mut self.input);
        }
        read
    }

    /// Ready when the client is gone. What it sends meanwhile is kept, as far as there is room.
    pub(super) fn poll_watch(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.ended {
            return Poll::Ready(());
        }
        while self.input.len() - self.taken < BUFFER_BYTES {
            match self.poll_fill(context) {
                Poll::Ready(Ok(0)) => {
                    self.ended = true;
                    return Poll::Ready(());
                }
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Ready(Ok(_)) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Pending
    }

    /// Writes the output.
    pub(super) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while self.written < self.output.len() {
            match Pin::new(&mut self.socket).poll_write(context, &self.output[self.written..]) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(count)) => {
                    self.written += count;
                    self.deadline.lift();
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
        buffers::give_back(&mut self.output);
        self.written = 0;
        Poll::Ready(Ok(()))
    }

    /// Ends the connection so that the client can read the last response: its own last bytes, unread, would make the
    /// system reset the connection.
    async fn close(&mut self) {
        let limit = self.shared.timeouts.write.min(LINGER);
        let farewell = async {
            std::future::poll_fn(|context| self.poll_flush(context)).await?;
            self.socket.shutdown().await?;
            let mut patience = LINGER_BYTES_MAX;
            while patience > 0 {
                self.input.clear();
                self.taken = 0;
                match std::future::poll_fn(|context| self.poll_fill(context)).await? {
                    0 => break,
                    count => patience = patience.saturating_sub(count),
                }
            }
            std::io::Result::Ok(())
        };
        // An error or the end of patience: the connection ends all the same.
        let _ = tokio::time::timeout(limit, farewell).await;
    }
}

/// The shorter of two limits of the application's, of which 0 is none.
fn sooner(one_ms: u32, other_ms: u32) -> Option<Duration> {
    let limits = [one_ms, other_ms].into_iter().filter(|&ms| ms > 0);
    limits.min().map(|ms| Duration::from_millis(ms.into()))
}

impl Drop for Connection {
    fn drop(&mut self) {
        for (link, _) in &self.peer.links {
            link.close_connection(self.peer.id);
        }
        self.shared.connections.leave(self.peer.id);
        buffers::give_back(&mut self.input);
        buffers::give_back(&mut self.output);
    }
}
