//! The thread that has the sockets of all workers' calls.
//!
//! Each socket has a task; all of them run on one thread, and share the [`Machine`] under a lock that is held for moments. A
//! task reads what is there, which gives others something to write, and wakes them: they run behind all that the same turn
//! of the event loop woke, so one write carries what came from many.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{pending, poll_fn};
use std::io::{self, IoSlice};
use std::os::unix::net::UnixStream;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use diglot_calls::message::{CALL_JSON, CONTEXT_BYTES_MAX, CallHead, Code};
use diglot_calls::names::FUNCTION_NAME_BYTES_MAX;
use diglot_calls::{MESSAGE_BYTES_MAX, Violation};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Notify, oneshot};

use crate::advice::shortened;
use crate::error::CallError;
use crate::local::{Call, Inbox, WINDOW_BYTES};
use crate::machine::{Machine, Settings, WorkerKey};
use crate::offer::Offer;
use crate::socket::CallsSocket;

/// Bytes read from a socket at once.
const READ_BYTES: usize = 256 * 1024;
/// Reads in a row before other sockets have their turn.
const READS_A_TURN: usize = 4;
/// Reads before a worker counts as ready, or as gone, should it never stop to write: all that it has offered, or answered, is there by
/// then.
const READS_AT_ONCE: usize = 1024;
/// Pieces written by one system call.
const SLICES_MAX: usize = 64;

/// Why a worker's socket is of no more use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketEnd {
    /// The worker has closed its end, or has ended.
    Closed,
    /// It broke a rule of the protocol, and has to be ended.
    Broken(Violation),
}

/// A broker at work. It ends when the last of those who have it is gone.
pub struct Broker {
    shared: Arc<Shared>,
    runtime: Handle,
    /// Dropped, it ends the thread.
    _running: oneshot::Sender<()>,
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Broker")
    }
}

pub(crate) struct Shared {
    inner: Mutex<Inner>,
    /// A deadline has come to be nearer than the one that is waited for.
    nearer: Notify,
    /// A worker is ready, or gone.
    settled: Notify,
    settings: Settings,
}

struct Inner {
    machine: Machine,
    /// By the indices of the workers.
    sockets: FxHashMap<usize, Socket>,
    /// Which deadline is waited for.
    awaited: Option<Instant>,
}

/// What a socket's task is told.
struct Socket {
    key: WorkerKey,
    waker: Option<Waker>,
    /// The worker's application is loaded.
    is_ready: bool,
    /// The worker is gone.
    is_severed: bool,
    broken: Option<Violation>,
}

impl Shared {
    pub(crate) fn message_bytes_max(&self) -> u32 {
        self.settings.message_bytes_max
    }

    pub(crate) fn grant_local(&self, key: crate::CallKey, bytes: u32) {
        self.with(|machine| machine.grant_local(key, bytes));
    }

    pub(crate) fn abandon_local(&self, key: crate::CallKey) {
        self.with(|machine| machine.abandon_local(key, Instant::now()));
    }

    /// Does something to the machine, and has the sockets' tasks do what comes of it.
    fn with<R>(&self, act: impl FnOnce(&mut Machine) -> R) -> R {
        let mut inner = self.inner.lock();
        let result = act(&mut inner.machine);
        self.wake(&mut inner, None);
        result
    }

    /// Wakes those who have something to do, but for the one at whose socket one is.
    fn wake(&self, inner: &mut Inner, current: Option<WorkerKey>) {
        while let Some(key) = inner.machine.next_dirty() {
            if Some(key) != current
                && let Some(waker) = inner.sockets.get(&key.index).and_then(|socket| socket.waker.as_ref())
            {
                waker.wake_by_ref();
            }
        }
        while let Some((key, violation)) = inner.machine.next_broken() {
            if let Some(socket) = inner.sockets.get_mut(&key.index).filter(|socket| socket.key == key) {
                socket.broken = Some(violation);
                socket.waker.iter().for_each(Waker::wake_by_ref);
            }
        }
        if let Some(next) = inner.machine.next_deadline()
            && inner.awaited.is_none_or(|awaited| next < awaited)
        {
            inner.awaited = Some(next);
            self.nearer.notify_one();
        }
    }

    /// Tells the task of a worker's socket something.
    fn tell(&self, key: WorkerKey, what: impl FnOnce(&mut Socket)) {
        let mut inner = self.inner.lock();
        if let Some(socket) = inner.sockets.get_mut(&key.index).filter(|socket| socket.key == key) {
            what(socket);
            socket.waker.iter().for_each(Waker::wake_by_ref);
        }
    }
}

impl Broker {
    /// Starts the thread. `services` are their names in the configuration; they are known by their indices.
    ///
    /// # Errors
    /// If the system grants no thread or no event loop.
    pub fn start(settings: Settings, services: &[&str]) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let machine = Machine::new(settings, services, Instant::now());
        let inner = Inner { machine, sockets: FxHashMap::default(), awaited: None };
        let shared = Arc::new(Shared {
            inner: Mutex::new(inner),
            nearer: Notify::new(),
            settled: Notify::new(),
            settings,
        });
        let handle = runtime.handle().clone();
        let (running, stopped) = oneshot::channel();
        handle.spawn(watch_deadlines(Arc::clone(&shared)));
        thread::Builder::new().name("diglot-calls".to_owned()).spawn(move || {
            // An error means that the sender is gone, which is what ends the thread.
            let _ = runtime.block_on(stopped);
            runtime.shutdown_background();
        })?;
        Ok(Self { shared, runtime: handle, _running: running })
    }

    /// Takes over the calls socket of a worker that was just started. It gets calls when it is [`Self::ready`].
    ///
    /// `ended` is called on the broker's thread, once, and must not block.
    pub fn attach(
        &self,
        service: usize,
        socket: UnixStream,
        ended: impl FnOnce(SocketEnd) + Send + 'static,
    ) -> WorkerKey {
        let key = {
            let mut inner = self.shared.inner.lock();
            let key = inner.machine.attach(service);
            let socket = Socket { key, waker: None, is_ready: false, is_severed: false, broken: None };
            inner.sockets.insert(key.index, socket);
            key
        };
        let shared = Arc::clone(&self.shared);
        self.runtime.spawn(async move {
            let mut task = match CallsSocket::new(socket) {
                Ok(socket) => Some(Task { shared: Arc::clone(&shared), key, socket, buffer: Vec::new() }),
                Err(error) => {
                    tracing::error!("cannot use a worker's calls socket: {error}");
                    None
                }
            };
            let end = match &mut task {
                Some(task) => poll_fn(|context| task.poll(context)).await,
                None => SocketEnd::Closed,
            };
            {
                let mut inner = shared.inner.lock();
                inner.sockets.remove(&key.index);
                inner.machine.lost(key, Instant::now());
                shared.wake(&mut inner, None);
            }
            shared.settled.notify_waiters();
            ended(end);
            // Closed last: a worker that ends upon it has ended for the reason that was told.
            drop(task);
        });
        key
    }

    /// A worker's application is loaded: it gets calls as soon as what it has offered before has been read.
    pub fn ready(&self, worker: WorkerKey) {
        self.shared.tell(worker, |socket| socket.is_ready = true);
    }

    /// Waits until every worker that is attached is ready, with all that it had offered before, or gone.
    pub async fn settled(&self) {
        let mut settled = pin!(self.shared.settled.notified());
        loop {
            // From here on nothing is missed.
            settled.as_mut().enable();
            if !self.shared.inner.lock().machine.is_starting() {
                return;
            }
            settled.as_mut().await;
            settled.set(self.shared.settled.notified());
        }
    }

    /// A worker gets no further calls, and is told so.
    pub fn drain(&self, worker: WorkerKey) {
        self.shared.with(|machine| machine.drain(worker, Instant::now()));
    }

    /// A worker is gone, though something may hold its end of the socket open.
    pub fn detach(&self, worker: WorkerKey) {
        self.shared.tell(worker, |socket| socket.is_severed = true);
    }

    /// Whether the workers of a service keep failing.
    pub fn set_broken(&self, service: usize, is_broken: bool) {
        self.shared.with(|machine| machine.set_broken(service, is_broken, Instant::now()));
    }

    /// The server stops: no worker is to come.
    pub fn close(&self) {
        self.shared.with(|machine| machine.close(Instant::now()));
    }

    /// Calls that a worker has not answered, and such of its own as are not answered.
    pub fn under_way(&self, worker: WorkerKey) -> usize {
        self.shared.inner.lock().machine.under_way(worker)
    }

    /// Calls of all callers that are not over.
    pub fn open_calls(&self) -> usize {
        self.shared.inner.lock().machine.open_calls()
    }

    /// Functions of all services that ready workers offer, by the names of the services as they cross.
    pub fn functions(&self) -> BTreeMap<String, Vec<Arc<Offer>>> {
        self.shared.inner.lock().machine.functions()
    }

    /// The same, and the services that have no worker which is ready, by their indices: what they offer is not known.
    pub fn offered(&self) -> (BTreeMap<String, Vec<Arc<Offer>>>, Vec<usize>) {
        let inner = self.shared.inner.lock();
        (inner.machine.functions(), inner.machine.not_ready())
    }

    /// A function as the youngest of the workers offers it that do, by the names that cross.
    pub fn offer(&self, service: &str, function: &str) -> Option<Arc<Offer>> {
        self.shared.inner.lock().machine.offer(service, function)
    }

    /// Calls a function. `arguments` is the JSON of one object; `timeout`: `None` is the function's own, or the server's; `context`
    /// are lines of a trace, which are left out where they are too long.
    pub fn call(
        &self,
        service: &str,
        function: &str,
        arguments: Bytes,
        timeout: Option<Duration>,
        context: &[u8],
    ) -> Call {
        let inbox = Arc::new(Inbox::default());
        let to_ms = |timeout: Duration| u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX).max(1);
        let total = u32::try_from(arguments.len()).unwrap_or(u32::MAX);
        let head = CallHead {
            total,
            window: WINDOW_BYTES,
            deadline_ms: timeout.map_or(0, to_ms),
            flags: CALL_JSON,
            service,
            function,
            context: if context.len() <= CONTEXT_BYTES_MAX { context } else { &[] },
            ..CallHead::default()
        };
        let bytes_max = self.shared.settings.message_bytes_max;
        let unfit = if total > bytes_max {
            let message = format!("the arguments have {total} bytes, and a message at most {bytes_max}");
            Some((Code::TooLarge, message))
        } else if function.len() > FUNCTION_NAME_BYTES_MAX {
            let (shown, bytes) = (shortened(function), function.len());
            let message = format!(
                "no function has a name of {bytes} bytes, \"{shown}…\": {FUNCTION_NAME_BYTES_MAX} are the most"
            );
            Some((Code::UnknownFunction, message))
        } else {
            None
        };
        let key = self.shared.with(|machine| match unfit {
            None => machine.begin_local(Arc::clone(&inbox), &head, arguments, Instant::now()),
            Some((code, message)) => {
                inbox.throw(CallError::new(code, message, service, function));
                machine.no_call()
            }
        });
        Call::new(Arc::clone(&self.shared), key, inbox)
    }
}

async fn watch_deadlines(shared: Arc<Shared>) {
    loop {
        let next = {
            let mut inner = shared.inner.lock();
            inner.machine.handle_deadlines(Instant::now());
            shared.wake(&mut inner, None);
            inner.awaited = inner.machine.next_deadline();
            inner.awaited
        };
        let passed = async {
            match next {
                Some(next) => tokio::time::sleep_until(next.into()).await,
                None => pending().await,
            }
        };
        tokio::select! {
            () = passed => {}
            () = shared.nearer.notified() => {}
        }
    }
}

/// What moves the bytes of one socket.
struct Task {
    shared: Arc<Shared>,
    key: WorkerKey,
    socket: CallsSocket,
    /// What has been read and not taken, with room for more.
    buffer: Vec<u8>,
}

impl Task {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<SocketEnd> {
        let mut reads = 0;
        loop {
            self.make_room();
            match self.socket.poll_read(context, &mut self.buffer) {
                Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(SocketEnd::Closed),
                Poll::Ready(Ok(_)) => {
                    if let Err(violation) = self.take() {
                        return Poll::Ready(SocketEnd::Broken(violation));
                    }
                }
                Poll::Pending => break,
            }
            reads += 1;
            if reads == READS_A_TURN {
                context.waker().wake_by_ref();
                break;
            }
        }
        if self.buffer.is_empty() {
            // An idle socket holds no buffer.
            self.buffer = Vec::new();
        }
        self.poll_others(context)
    }

    /// Passes on all that is whole in the buffer.
    fn take(&mut self) -> Result<(), Violation> {
        let input = Bytes::from(std::mem::take(&mut self.buffer));
        let (taken, needs) = {
            let mut inner = self.shared.inner.lock();
            let taken = inner.machine.receive(self.key, &input, Instant::now());
            self.shared.wake(&mut inner, Some(self.key));
            let taken = taken?;
            (taken, inner.machine.needs(self.key, &input[taken..]))
        };
        let rest = &input[taken..];
        if rest.is_empty() {
            if input.is_unique() {
                self.buffer = Vec::from(input);
                self.buffer.clear();
            }
        } else {
            self.buffer.reserve_exact(needs.max(READ_BYTES));
            self.buffer.extend_from_slice(rest);
        }
        Ok(())
    }

    fn make_room(&mut self) {
        if self.buffer.capacity() == self.buffer.len() {
            self.buffer.reserve_exact(READ_BYTES);
        }
    }

    /// What others have to say about this socket, and to it.
    fn poll_others(&mut self, context: &mut Context<'_>) -> Poll<SocketEnd> {
        loop {
            let shared = Arc::clone(&self.shared);
            let mut inner = shared.inner.lock();
            let Inner { machine, sockets, .. } = &mut *inner;
            let Some(socket) = sockets.get_mut(&self.key.index) else {
                return Poll::Ready(SocketEnd::Closed);
            };
            if !socket.waker.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                socket.waker = Some(context.waker().clone());
            }
            if let Some(violation) = socket.broken.take() {
                return Poll::Ready(SocketEnd::Broken(violation));
            }
            if socket.is_severed {
                drop(inner);
                return Poll::Ready(self.end());
            }
            if std::mem::take(&mut socket.is_ready) {
                drop(inner);
                if let Err(end) = self.become_ready() {
                    return Poll::Ready(end);
                }
                continue;
            }
            let Some(output) = machine.output(self.key) else { return Poll::Ready(SocketEnd::Closed) };
            if output.is_empty() {
                return Poll::Pending;
            }
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let count = output.slices(&mut slices);
            match self.socket.poll_write(context, &slices[..count]) {
                Poll::Ready(Ok(count)) => machine.sent(self.key, count, Instant::now()),
                Poll::Ready(Err(_)) => {
                    drop(inner);
                    return Poll::Ready(self.end());
                }
                Poll::Pending => return Poll::Pending,
            }
            shared.wake(&mut inner, Some(self.key));
        }
    }

    /// What the worker wrote before it said that it is ready is there: it is read before it counts.
    fn become_ready(&mut self) -> Result<(), SocketEnd> {
        self.read_all()?;
        let mut inner = self.shared.inner.lock();
        inner.machine.ready(self.key, Instant::now());
        self.shared.wake(&mut inner, Some(self.key));
        self.shared.settled.notify_waiters();
        Ok(())
    }

    /// The worker is gone, which is known before its last answers have been seen: they count.
    fn end(&mut self) -> SocketEnd {
        self.read_all().err().unwrap_or(SocketEnd::Closed)
    }

    /// Takes in what is there, whether or not the event loop knows of it.
    fn read_all(&mut self) -> Result<(), SocketEnd> {
        for _ in 0..READS_AT_ONCE {
            self.make_room();
            match self.socket.try_read(&mut self.buffer) {
                Ok(None) => break,
                Ok(Some(0)) | Err(_) => return Err(SocketEnd::Closed),
                Ok(Some(_)) => self.take().map_err(SocketEnd::Broken)?,
            }
        }
        Ok(())
    }
}

const _: () = assert!(MESSAGE_BYTES_MAX < u32::MAX, "the last number says that an answer is a stream");
