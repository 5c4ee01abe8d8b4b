//! Where the two halves meet: what the supervisor decides about workers is done to their links, and what their links
//! say is told to the supervisor.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diglot_broker::{Broker, SocketEnd, WorkerKey};
use diglot_front::{Front, Link, LinkNotice, Service};
use diglot_workers::{
    Attach, Handler, LinkEnd, Notice, Reporter, ServiceState, Severity, WorkerId, WorkerName,
};
use tokio::time::{Instant, sleep_until};

use crate::stop::{abandon_before_end, counted, notice_after, rounded};

/// How long before a worker that is replaced is killed its event streams are told to come to an end. Nobody waits for the
/// worker, and a stream may have an end of its own, as the answer of a language model: so it is told late.
const FAREWELL_BEFORE_END: Duration = Duration::from_secs(5);

/// The supervisor's view of the front, and of the broker.
pub(crate) struct Composition {
    front: Arc<Front>,
    broker: Arc<Broker>,
    /// In the order of the configuration.
    services: Vec<Arc<Service>>,
    workers: HashMap<WorkerId, Worker>,
    loading: Loading,
}

/// A worker as front and broker know it.
#[derive(Clone)]
struct Worker {
    name: Arc<WorkerName>,
    link: Arc<Link>,
    calls: WorkerKey,
}

/// The workers that have been started and have not said that they are ready, as people name them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Loading(Arc<Mutex<BTreeSet<String>>>);

impl Loading {
    fn with<R>(&self, act: impl FnOnce(&mut BTreeSet<String>) -> R) -> R {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// All of them in one phrase; `None` if there are none.
    pub(crate) fn names(&self) -> Option<String> {
        self.with(|names| (!names.is_empty()).then(|| names.iter().cloned().collect::<Vec<_>>().join("; ")))
    }
}

impl Composition {
    pub(crate) fn new(
        front: Arc<Front>,
        broker: Arc<Broker>,
        services: Vec<Arc<Service>>,
        loading: Loading,
    ) -> Self {
        Self { front, broker, services, workers: HashMap::new(), loading }
    }
}

impl Handler for Composition {
    fn attach(&mut self, attach: Attach) {
        let Attach { worker, name, pid, socket, calls, reporter } = attach;
        let service = &self.services[worker.service];
        let loading = self.loading.clone();
        loading.with(|names| names.insert(name.to_string()));
        let known_as = Arc::clone(&name);
        let of_calls = reporter.clone();
        let calls = self.broker.attach(worker.service, calls, move |end| match end {
            // A worker may do without calls; that it has ended its link says.
            SocketEnd::Closed => {}
            SocketEnd::Broken(violation) => {
                of_calls.link_closed(LinkEnd::Broken { rule: format!("calls: {violation}") });
            }
        });
        let broker = Arc::clone(&self.broker);
        let notify = move |notice: LinkNotice| {
            loading.with(|names| names.remove(&name.to_string()));
            if let LinkNotice::Ready { runtime, .. } = &notice {
                broker.ready(calls);
                tracing::info!(pid, "{name} is ready: {runtime}");
            }
            report(&reporter, notice);
        };
        let link = self.front.attach(service, worker.generation, socket, notify);
        self.workers.insert(worker, Worker { name: known_as, link, calls });
    }

    fn drain(&mut self, worker: WorkerId, grace: Duration) {
        let Some(worker) = self.workers.get(&worker).cloned() else { return };
        // Told on both sockets; it ends when nothing comes on either.
        self.broker.drain(worker.calls);
        worker.link.drain();
        tokio::spawn(see_off(worker, Arc::clone(&self.broker), grace));
    }

    fn detach(&mut self, worker: WorkerId) {
        if let Some(Worker { link, calls, .. }) = self.workers.remove(&worker) {
            link.sever();
            self.broker.detach(calls);
        }
    }

    fn service_state(&mut self, service: usize, state: ServiceState) {
        self.services[service].set_broken(state == ServiceState::Broken);
        self.broker.set_broken(service, state == ServiceState::Broken);
    }

    fn notice(&mut self, notice: Notice) {
        match notice.severity() {
            Severity::Info => tracing::info!("{notice}"),
            Severity::Warning => tracing::warn!("{notice}"),
            Severity::Error => tracing::error!("{notice}"),
        }
    }
}

/// Accompanies a worker that has been told to end within `grace`.
async fn see_off(worker: Worker, broker: Arc<Broker>, grace: Duration) {
    let Worker { name, link, calls } = worker;
    let end = Instant::now() + grace;
    let given_up = end - abandon_before_end(grace);
    sleep_until(end - grace + notice_after(grace)).await;
    if link.has_ended() {
        return;
    }
    let left = |until: Instant| rounded(until.saturating_duration_since(Instant::now()));
    let calls = broker.under_way(calls);
    match link.under_way() {
        nothing if nothing.total() == 0 && calls == 0 => tracing::info!(
            "{name} has answered all it had and has not ended: its shutdown, or a thread of it, has {:?} more at most",
            left(end)
        ),
        some => {
            let requests = (some.total() > 0).then(|| some.to_string());
            let calls = (calls > 0).then(|| counted(calls, "call"));
            let all: Vec<String> = requests.into_iter().chain(calls).collect();
            tracing::info!(
                "{name} ends when it is done with what it has: {}; {:?} at most",
                all.join(", "),
                left(given_up)
            );
        }
    }
    sleep_until(end - FAREWELL_BEFORE_END.min(grace / 2)).await;
    link.farewell();
    sleep_until(given_up).await;
    match link.abandon() {
        0 => {}
        1 => tracing::warn!("{name} had 1 client left when its time was over: its response is cut"),
        many => {
            tracing::warn!("{name} had {many} clients left when its time was over: their responses are cut")
        }
    }
}

fn report(reporter: &Reporter, notice: LinkNotice) {
    match notice {
        LinkNotice::Ready { .. } => reporter.ready(),
        LinkNotice::StartFailed(message) => reporter.start_failed(&message),
        LinkNotice::RequestsReached(requests) => reporter.requests_reached(requests),
        LinkNotice::Unresponsive => reporter.unresponsive(),
        LinkNotice::Closed => reporter.link_closed(LinkEnd::Closed),
        LinkNotice::Broken(violation) => {
            reporter.link_closed(LinkEnd::Broken { rule: violation.to_string() });
        }
    }
}
