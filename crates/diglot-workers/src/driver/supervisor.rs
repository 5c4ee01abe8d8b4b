//! The supervisor's task: feeds the machine and does what it says.

use std::collections::HashMap;
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior};

use super::handle::{Message, Outbox, RESTART, Reporter, SupervisorHandle};
use super::launch::{Launched, Launcher, LinkPlace};
use super::launches::Launches;
use super::memory;
use super::orphans::OrphanReaper;
use super::output::Output;
use super::process::{Children, Group};
use super::watch::Ending;
use crate::event::{Action, Event, Limit, ServiceState, WorkerEvent, WorkerId, WorkerName};
use crate::failure::StartError;
use crate::log::{Log, Stream};
use crate::machine::{Machine, ServiceShape};
use crate::notice::Notice;
use crate::policy::Policy;

/// After a worker has ended, how long its output and its link are still read. They end with it, unless something it
/// started left its process group and holds them open.
const LAST_WORDS_TIMEOUT: Duration = Duration::from_millis(250);

/// A service to be run.
#[derive(Clone, Debug)]
pub struct ServiceSpec {
    pub name: Arc<str>,
    /// How many workers it has when all is well.
    pub workers: usize,
    pub launches: Launches,
    pub policy: Policy,
}

/// A worker that has just been spawned: its link, and how to report what the link says.
#[derive(Debug)]
pub struct Attach {
    pub worker: WorkerId,
    pub name: Arc<WorkerName>,
    /// Of the worker's process.
    pub pid: u32,
    /// The server's end of the link, not blocking.
    pub socket: UnixStream,
    /// The server's end of the socket for calls, not blocking.
    pub calls: UnixStream,
    pub reporter: Reporter,
}

/// What the composition does for the supervisor. Called on the supervisor's task, so nothing here may block.
///
/// For each worker: `attach` once, then at most one `drain`, then `detach` once.
pub trait Handler: Send + 'static {
    /// A worker has been spawned and awaits the server on its link.
    fn attach(&mut self, attach: Attach);

    /// Give the worker no more requests and tell it to finish what it has, which it may take `grace` for, and end.
    fn drain(&mut self, worker: WorkerId, grace: Duration);

    /// The worker is being killed this moment, or it has ended and its link has been reported closed. (Not waited for
    /// for ever: something it started may hold the link open.) Nothing more is to be had from it.
    fn detach(&mut self, worker: WorkerId);

    /// Whether requests for the service, named by its index, are worth accepting. Serving until this says
    /// otherwise.
    fn service_state(&mut self, service: usize, state: ServiceState);

    /// Something people should know.
    fn notice(&mut self, notice: Notice);
}

/// A supervisor that has not started anything yet.
#[derive(Debug)]
pub struct Supervisor<H> {
    services: Vec<ServiceSpec>,
    handler: H,
    log: Log,
    place: Option<LinkPlace>,
    handle: SupervisorHandle,
    inbox: UnboundedReceiver<Message>,
}

/// A supervisor at work. Dropping it kills every worker; to let them finish, use
/// [`SupervisorHandle::shutdown`] and await [`stopped`](Self::stopped).
#[derive(Debug)]
pub struct Running {
    task: JoinHandle<()>,
}

impl<H: Handler> Supervisor<H> {
    /// `log` gets what workers write.
    pub fn new(services: Vec<ServiceSpec>, handler: H, log: Log) -> Self {
        let (outbox, inbox) = unbounded_channel();
        let handle = SupervisorHandle { outbox, commanded: Arc::default() };
        Self { services, handler, log, place: None, handle, inbox }
    }

    /// Give the workers' ends of the links this number.
    #[must_use]
    pub fn with_links_at(self, place: Option<LinkPlace>) -> Self {
        Self { place, ..self }
    }

    pub fn handle(&self) -> SupervisorHandle {
        self.handle.clone()
    }

    /// Start every worker of every service, and resolve when all have said that they are ready.
    ///
    /// # Errors
    /// When one of them could not start, or a shutdown was asked for before all were ready. No worker is left then.
    pub async fn start(self) -> Result<Running, StartError> {
        let (started, has_started) = oneshot::channel();
        let driver = Driver::new(self, started)
            .map_err(|error| StartError::Supervisor { message: error.to_string() })?;
        // Held while waiting, so that dropping this future ends the workers too.
        let running = Running { task: tokio::spawn(driver.run()) };
        match has_started.await {
            Ok(result) => result.map(|()| running),
            Err(_) => {
                running.stopped().await;
                Err(StartError::Supervisor { message: "its task ended early".to_owned() })
            }
        }
    }
}

impl Running {
    /// Resolves when no worker is left.
    ///
    /// # Panics
    /// When the supervisor's task, or the handler it called, has panicked; the workers have been killed then.
    pub async fn stopped(mut self) {
        if let Err(error) = (&mut self.task).await
            && error.is_panic()
        {
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the supervisor's task owns.
struct Driver<H> {
    machine: Machine,
    handler: H,
    log: Log,
    services: Vec<Service>,
    workers: HashMap<WorkerId, Process>,
    launcher: Launcher,
    orphans: OrphanReaper,
    inbox: UnboundedReceiver<Message>,
    handle: SupervisorHandle,
    /// Who waits for the start, until it is known how it went.
    started: Option<oneshot::Sender<Result<(), StartError>>>,
    /// When memory is measured next; `None` where no service has a limit for it.
    measuring: Option<Interval>,
    /// Told to end: no worker that ends now is replaced.
    is_stopping: bool,
    has_stopped: bool,
}

struct Service {
    name: Arc<str>,
    launches: Launches,
    memory_bytes_max: Option<u64>,
}

/// A worker's process, as far as it has got.
enum Process {
    BeingMade { killed: bool },
    Alive { group: Arc<Group>, attached: bool },
}

impl<H: Handler> Driver<H> {
    fn new(supervisor: Supervisor<H>, started: oneshot::Sender<Result<(), StartError>>) -> io::Result<Self> {
        let Supervisor { services, handler, log, place, handle, inbox } = supervisor;
        let shape = |spec: &ServiceSpec| ServiceShape {
            name: spec.name.clone(),
            workers: spec.workers,
            policy: spec.policy,
        };
        let shapes: Vec<ServiceShape> = services.iter().map(shape).collect();
        // The machine never has as many again.
        let processes_max = services.iter().map(|spec| spec.workers.saturating_mul(2)).sum();
        let children = Arc::new(Children::default());
        let measures = services.iter().any(|spec| spec.policy.memory_bytes_max.is_some());
        let service = |spec: ServiceSpec| Service {
            name: spec.name,
            launches: spec.launches,
            memory_bytes_max: spec.policy.memory_bytes_max,
        };
        Ok(Self {
            machine: Machine::new(&shapes),
            handler,
            log,
            services: services.into_iter().map(service).collect(),
            workers: HashMap::new(),
            launcher: Launcher::start(processes_max, place, children.clone(), handle.outbox.clone())?,
            orphans: OrphanReaper::start(children)?,
            inbox,
            handle,
            started: Some(started),
            measuring: measures.then(|| interval(memory::PERIOD)),
            is_stopping: false,
            has_stopped: false,
        })
    }

    async fn run(mut self) {
        self.feed(Event::Start);
        while !self.has_stopped {
            let deadline = self.machine.next_deadline();
            let message = tokio::select! {
                message = self.inbox.recv() => message,
                () = sleep_until(deadline) => Some(Message::Event(Event::DeadlineReached)),
                () = tick(self.measuring.as_mut()) => {
                    self.measure();
                    continue;
                }
            };
            match message {
                Some(message) => self.take(message),
                None => return,
            }
        }
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Event(event) => self.feed(event),
            Message::Launched { worker, result } => {
                let result = result.and_then(|launched| {
                    self.adopt(worker, launched).map_err(|error| format!("watching it: {error}"))
                });
                if let Err(message) = result {
                    self.feed(Event::Worker(worker, WorkerEvent::SpawnFailed { message }));
                }
            }
        }
    }

    /// Says which workers hold more memory than they may. One that is not ready, or has been told of, is not heard.
    fn measure(&mut self) {
        let over = |(worker, process): (&WorkerId, &Process)| {
            let bytes_max = self.services[worker.service].memory_bytes_max?;
            let Process::Alive { group, .. } = process else { return None };
            let bytes = memory::resident_bytes(group.id()).filter(|&bytes| bytes > bytes_max)?;
            Some((*worker, Limit::Memory { bytes, bytes_max }))
        };
        let reached: Vec<(WorkerId, Limit)> = self.workers.iter().filter_map(over).collect();
        for (worker, limit) in reached {
            self.feed(Event::Worker(worker, WorkerEvent::LimitReached(limit)));
        }
    }

    fn feed(&mut self, event: Event) {
        match &event {
            Event::Restart => self.handle.commanded.again(RESTART),
            Event::Shutdown { .. } | Event::ShutdownNow => self.is_stopping = true,
            Event::Worker(worker, WorkerEvent::Exited { .. } | WorkerEvent::SpawnFailed { .. }) => {
                self.detach(*worker);
                self.workers.remove(worker);
            }
            _ => {}
        }
        self.machine.handle(event, Instant::now());
        while let Some(action) = self.machine.next_action() {
            self.perform(action);
        }
    }

    fn perform(&mut self, action: Action) {
        match action {
            Action::Spawn(worker) => self.spawn(worker),
            Action::Drain { worker, grace } => {
                if let Some(Process::Alive { attached: true, group }) = self.workers.get(&worker) {
                    if !self.is_stopping {
                        group.spare_its_children();
                    }
                    self.handler.drain(worker, grace);
                }
            }
            Action::Kill(worker) => self.kill(worker),
            Action::ServiceState { service, state } => self.handler.service_state(service, state),
            Action::Report(notice) => self.handler.notice(notice),
            Action::Started => self.tell_how_it_started(Ok(())),
            Action::Stopped { start_error } => {
                self.has_stopped = true;
                self.tell_how_it_started(Err(start_error.unwrap_or(StartError::Interrupted)));
            }
        }
    }

    /// Only the first time counts.
    fn tell_how_it_started(&mut self, result: Result<(), StartError>) {
        if let Some(started) = self.started.take() {
            // Nobody listens any more when the start has been given up; then this task is being dropped.
            let _ = started.send(result);
        }
    }

    fn spawn(&mut self, worker: WorkerId) {
        self.workers.insert(worker, Process::BeingMade { killed: false });
        let launches = self.services[worker.service].launches.clone();
        if let Err(reason) = self.launcher.launch(worker, launches) {
            let _ = self.handle.outbox.send(Message::Launched { worker, result: Err(reason) });
        }
    }

    /// Take over a process that has just been made. On an error it is ended by being dropped.
    fn adopt(&mut self, worker: WorkerId, launched: Launched) -> io::Result<()> {
        let Launched { group, stdout, stderr, socket, calls } = launched;
        let name = Arc::new(WorkerName {
            service: self.services[worker.service].name.clone(),
            number: worker.slot + 1,
        });
        let link_ended = Arc::new(Notify::new());
        let watch = Watch {
            worker,
            ending: Ending::watch(group.id())?,
            stdout: Output::new(stdout, name.clone(), Stream::Stdout, self.log.clone())?,
            stderr: Output::new(stderr, name.clone(), Stream::Stderr, self.log.clone())?,
            group: group.clone(),
            link_ended: link_ended.clone(),
            outbox: self.handle.outbox.clone(),
            reaped: self.orphans.worker_reaped(),
        };
        tokio::spawn(watch.run());
        let pid = group.id().as_raw_nonzero().get().unsigned_abs();
        let process = Process::Alive { group: group.clone(), attached: true };
        if let Some(Process::BeingMade { killed: true }) = self.workers.insert(worker, process) {
            group.kill();
            link_ended.notify_one();
            self.workers.insert(worker, Process::Alive { group, attached: false });
            return Ok(());
        }
        let reporter = Reporter::new(worker, self.handle.outbox.clone(), link_ended);
        self.handler.attach(Attach { worker, name, pid, socket, calls, reporter });
        Ok(())
    }

    fn kill(&mut self, worker: WorkerId) {
        match self.workers.get_mut(&worker) {
            Some(Process::BeingMade { killed }) => *killed = true,
            Some(Process::Alive { group, .. }) => {
                group.kill();
                self.detach(worker);
            }
            None => {}
        }
    }

    fn detach(&mut self, worker: WorkerId) {
        if let Some(Process::Alive { attached, .. }) = self.workers.get_mut(&worker)
            && std::mem::replace(attached, false)
        {
            self.handler.detach(worker);
        }
    }
}

impl<H> Drop for Driver<H> {
    /// Ended early: nobody would drain the workers any more.
    fn drop(&mut self) {
        for process in self.workers.values() {
            if let Process::Alive { group, .. } = process {
                group.kill();
            }
        }
    }
}

/// The first tick comes after the first period.
fn interval(period: Duration) -> Interval {
    let mut interval = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

async fn tick(interval: Option<&mut Interval>) {
    match interval {
        Some(interval) => drop(interval.tick().await),
        None => std::future::pending().await,
    }
}

async fn sleep_until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
        None => std::future::pending().await,
    }
}

/// What the task of one worker owns.
struct Watch {
    worker: WorkerId,
    group: Arc<Group>,
    ending: Ending,
    stdout: Output,
    stderr: Output,
    link_ended: Arc<Notify>,
    outbox: Outbox,
    reaped: Arc<Notify>,
}

impl Watch {
    /// Pass on what the worker writes until it ends, then report how it ended. What it has started and left alive is
    /// listened to until that ends, too.
    async fn run(mut self) {
        let report = |exit, last_stderr| {
            let event = WorkerEvent::Exited { exit, last_stderr };
            let _ = self.outbox.send(Message::Event(Event::Worker(self.worker, event)));
        };
        let exit = {
            let reading = async { tokio::join!(self.stdout.read_to_end(), self.stderr.read_to_end()) };
            tokio::pin!(reading);
            let mut has_read_all = false;
            loop {
                tokio::select! {
                    biased;
                    () = self.ending.ended() => break,
                    _ = &mut reading, if !has_read_all => has_read_all = true,
                }
            }
            let exit = self.group.reap();
            self.reaped.notify_one();
            // Why it ended may still be on its way: in its output, or on its link.
            let output_ends = async {
                if !has_read_all {
                    reading.as_mut().await;
                    has_read_all = true;
                }
            };
            let last_words = async { tokio::join!(output_ends, self.link_ended.notified()) };
            let _ = tokio::time::timeout(LAST_WORDS_TIMEOUT, last_words).await;
            if !has_read_all && self.group.has_spared_its_children() {
                // It ended in order: there is nothing to explain.
                report(exit, Vec::new());
                reading.await;
                None
            } else {
                Some(exit)
            }
        };
        self.stdout.finish();
        let last_stderr = self.stderr.finish();
        if let Some(exit) = exit {
            report(exit, last_stderr);
        }
    }
}
