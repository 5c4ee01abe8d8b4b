//! Composition: a resolved configuration becomes a running server.
//!
//! [`run`] tells the whole story: prepare, bind, start, say so, wait, drain.

mod arguments;
mod cluster;
mod composition;
mod control;
mod description;
mod descriptors;
mod gather;
mod identity;
mod launch;
mod log;
mod pidfile;
mod published;
mod release;
mod remarks;
mod sdk;
mod signals;
mod sockets;
mod stop;
mod typescript;
mod unpacked;
mod written;

pub use gather::{describe, gather};
pub use remarks::remarks;
pub use sdk::{missing_part, python_package};
pub use written::{Sources, Written, sources};

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use diglot_broker::Broker;
use diglot_config::{Config, Entry, Limits, Listen, LogLevel, Server};
use diglot_front::{Address, Admission, Front, Router, Service, Settings, Target};
use diglot_workers::{
    Launches, LinkPlace, Log, Policy, Running, ServiceSpec, StartError, Supervisor, SupervisorHandle,
};
use tokio::time::Instant;

use cluster::Clusters;
use composition::{Composition, Loading};
use description::{Description, Page};
use descriptors::Descriptors;
use pidfile::PidFile;
use published::Functions;
use sdk::{Needs, Sdk, SdkError};
use signals::{Signal, Signals};
use stop::Stop;

/// How often a start that takes its time says what it waits for.
const LOADING_NOTICE: Duration = Duration::from_secs(5);
/// At which of these times it says what may be wrong; before, an app may honestly take so long. The others become rarer.
const LOADING_NOTICES_BEFORE_ADVICE: u32 = 6;
/// How long the last lines of the log may take.
const LOG_FLUSH: Duration = Duration::from_secs(1);

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot listen on {listen}: {error}{}", hint(error))]
    Bind { listen: Listen, error: io::Error },
    #[error("cannot answer commands at {}: {error}{}", .path.display(), control_hint(error))]
    Control { path: PathBuf, error: io::Error },
    #[error(
        "cannot go on as the user and group of the configuration: {0}; start diglot as root, or leave out `user` and `group`"
    )]
    Identity(io::Error),
    #[error("cannot write the pid file {}: {error}", .path.display())]
    PidFile { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Sdk(#[from] SdkError),
    #[error("{0}")]
    Start(#[from] StartError),
    #[error("the system refused what a server needs: {0}")]
    System(#[from] io::Error),
}

fn hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "; another program uses it: stop that one, or choose another address with --listen"
        }
        io::ErrorKind::PermissionDenied => "; ports below 1024 need privileges",
        io::ErrorKind::AddrNotAvailable => "; no interface of this machine has it",
        io::ErrorKind::NotFound => "; the folder of the socket is not there: make it first",
        _ => "",
    }
}

fn control_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "; its folder is not there: make it, or choose another place with --control"
        }
        io::ErrorKind::AddrInUse => "; another server answers there: choose another place with --control",
        io::ErrorKind::PermissionDenied => {
            "; diglot may not write into its folder: choose another place with --control"
        }
        io::ErrorKind::InvalidInput => "; a socket's path is shorter: choose another place with --control",
        _ => "",
    }
}

/// Serves until told to stop. The exit code is the process's own: 0 stopped as asked, 1 could not start.
pub fn run(config: Config) -> ExitCode {
    match with_log(config.server.log_level, |log| serve(config, log)) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}

/// Does something while there is a log. `None` where it failed; the reason has been printed then.
fn with_log<R, F: Future<Output = Result<R, Error>>>(
    level: LogLevel,
    what: impl FnOnce(Log) -> F,
) -> Option<R> {
    let done = log::start(level).map_err(Error::from).and_then(|log| {
        let done = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::from)
            .and_then(|runtime| runtime.block_on(what(log.clone())));
        log.flush(LOG_FLUSH);
        done
    });
    done.map_err(|error| signals::writing_from_the_background(|| eprintln!("error: {error}"))).ok()
}

async fn serve(config: Config, log: Log) -> Result<(), Error> {
    let descriptors = Descriptors::raise();
    let link_place = LinkPlace::reserve();
    let mut signals = Signals::listen()?;
    config.notes.iter().for_each(|note| tracing::info!("{note}"));
    let listeners = sockets::bind(&config.server)?;
    let control = control::bind(&config).await?;
    let _pidfile = settle(&config.server)?;
    let sdk = Arc::new(Sdk::prepare(Needs::of(&config.services))?);
    let addresses: Vec<Address> = listeners.iter().map(|listener| listener.address().clone()).collect();
    let grace = config.server.timeouts.grace;
    let parts = Parts::new(config, sdk, addresses, descriptors)?;
    let _control = control.map(|place| {
        let arguments_bytes_max = parts.config.functions.message_bytes_max as usize;
        let asked = control::Asked {
            services: parts.services.clone(),
            broker: Arc::clone(&parts.broker),
            description: Arc::clone(&parts.description),
            arguments_bytes_max,
        };
        control::Serving::start(place, asked)
    });
    let Some((commands, running, asked_again)) = parts.start_all(&log, &link_place, &mut signals).await?
    else {
        return Ok(());
    };

    parts.front.accept(&listeners)?;
    for address in &parts.addresses {
        log.server_line(format!("diglot: listening on {address}"));
    }
    tokio::spawn(remarks::tell(parts.config.clone(), Arc::clone(&parts.broker)));
    let restart = || {
        tracing::info!(
            "restarting workers one after another; as many as half of the old ones finish what they have at once, within \
             {grace:?}; the configuration is not read again"
        );
        commands.restart();
    };
    if asked_again {
        restart();
    }
    signals.wait_for_stop(restart).await;
    let stop = Stop {
        front: &parts.front,
        broker: &parts.broker,
        listeners,
        services: &parts.services,
        running,
        commands: &commands,
        grace,
    };
    stop.run(&mut signals).await;
    Ok(())
}

/// What a configuration becomes before a worker is started.
struct Parts {
    config: Config,
    sdk: Arc<Sdk>,
    addresses: Vec<Address>,
    descriptors: Descriptors,
    /// In the order of the configuration.
    services: Vec<Arc<Service>>,
    front: Arc<Front>,
    broker: Arc<Broker>,
    description: Arc<Description>,
}

impl Parts {
    fn new(
        config: Config,
        sdk: Arc<Sdk>,
        addresses: Vec<Address>,
        descriptors: Descriptors,
    ) -> Result<Self, Error> {
        let services: Vec<Arc<Service>> =
            config.services.iter().map(|service| Arc::new(front_service(service))).collect();
        let names: Vec<&str> = config.services.iter().map(|service| service.name.as_str()).collect();
        let broker = Arc::new(Broker::start(calls_settings(&config), &names)?);
        let description = Description::of(&config, &services, &broker);
        let router = router(&config, &services, &broker, &description);
        let front = Arc::new(Front::start(&settings(&config, &descriptors), router)?);
        description.reach_by(&front);
        Ok(Self { config, sdk, addresses, descriptors, services, front, broker, description })
    }

    /// Starts every worker. `None`: told to stop before all were ready. With the rest: whether they were told to restart
    /// meanwhile.
    async fn start_all(
        &self,
        log: &Log,
        link_place: &Option<LinkPlace>,
        signals: &mut Signals,
    ) -> Result<Option<(SupervisorHandle, Running, bool)>, Error> {
        let mut clusters = Clusters::default();
        loop {
            let specs = self
                .config
                .services
                .iter()
                .map(|service| {
                    spec(service, &self.sdk, &self.addresses, &self.config, &clusters, &self.descriptors)
                })
                .collect();
            let loading = Loading::default();
            let composition = Composition::new(
                Arc::clone(&self.front),
                Arc::clone(&self.broker),
                self.services.clone(),
                loading.clone(),
            );
            let supervisor =
                Supervisor::new(specs, composition, log.clone()).with_links_at(link_place.clone());
            let commands = supervisor.handle();
            match start(supervisor, &commands, &loading, signals).await {
                Ok(Start::Ready { running, asked_again }) => {
                    return Ok(Some((commands, running, asked_again)));
                }
                Ok(Start::Stopped) => return Ok(None),
                Err(StartError::Worker { worker, failure }) if clusters.learn(&worker.service, &failure) => {
                    tracing::info!(
                        "service \"{}\" forks its workers with node:cluster; diglot is the primary here, and starts as many \
                         as `workers` says: each runs what a worker of the cluster runs, and what the program does as \
                         primary is left out",
                        worker.service
                    );
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What only who binds may do, once that is done: the pid file is written, and privileges are given up.
fn settle(server: &Server) -> Result<Option<PidFile>, Error> {
    let identity = server.identity.as_ref();
    let owner = (identity.and_then(|identity| identity.uid), identity.map(|identity| identity.gid));
    let write = |path: &PathBuf| {
        PidFile::write(path, owner).map_err(|error| Error::PidFile { path: path.clone(), error })
    };
    let file = server.pidfile.as_ref().map(write).transpose()?;
    identity.map_or(Ok(()), identity::assume).map_err(Error::Identity)?;
    Ok(file)
}

/// How a start went that did not fail.
enum Start {
    Ready {
        running: Running,
        /// Told to restart before every worker was ready: some may have begun with what was there before.
        asked_again: bool,
    },
    /// Told to stop before.
    Stopped,
}

/// Starts every worker.
async fn start(
    supervisor: Supervisor<Composition>,
    commands: &SupervisorHandle,
    loading: &Loading,
    signals: &mut Signals,
) -> Result<Start, StartError> {
    let started = supervisor.start();
    tokio::pin!(started);
    let mut patience = tokio::time::interval_at(Instant::now() + LOADING_NOTICE, LOADING_NOTICE);
    let (mut notices, mut asked_again) = (0, false);
    let started = loop {
        tokio::select! {
            started = &mut started => break started,
            signal = signals.next() => match signal {
                Signal::Stop(_) => commands.shutdown_now(),
                Signal::Restart => {
                    tracing::info!("told to restart during the start: workers are restarted as soon as all are ready");
                    asked_again = true;
                }
            },
            _ = patience.tick() => if let Some(names) = loading.names() {
                notices += 1;
                match notices {
                    LOADING_NOTICES_BEFORE_ADVICE => tracing::info!(
                        "still waiting for {names}: its app is being loaded, which may take its time. Should it never end: a Python module must \
                         not run a server of its own when it is imported (uvicorn.run and app.run belong under \
                         `if __name__ == \"__main__\":`); a Node program must call listen() or export {{ fetch }}"
                    ),
                    notices if notices.is_power_of_two() => {
                        tracing::info!("waiting for {names}: its app is being loaded");
                    }
                    _ => {}
                }
            },
        }
    };
    match started {
        Ok(running) => Ok(Start::Ready { running, asked_again }),
        Err(StartError::Interrupted) => {
            tracing::info!("stopped before every worker was ready");
            Ok(Start::Stopped)
        }
        Err(error) => Err(error),
    }
}

fn settings(config: &Config, descriptors: &Descriptors) -> Settings {
    let workers = config.services.iter().map(|service| service.workers).sum();
    let connections_max = descriptors.connections(config.server.limits.connections_max, workers);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    Settings {
        // The workers want the other half. One event loop answers more than a hundred thousand requests a second.
        threads: config.server.threads.unwrap_or((cores / 2).clamp(1, 8)),
        limits: Limits { connections_max, ..config.server.limits.clone() },
        timeouts: config.server.timeouts.clone(),
        access_log: config.server.access_log,
        trusted_proxies: config.server.trusted_proxies.clone(),
        websocket: config.server.websocket.clone(),
    }
}

/// Where requests go: to services, and to what the server answers by itself.
fn router(
    config: &Config,
    services: &[Arc<Service>],
    broker: &Arc<Broker>,
    description: &Arc<Description>,
) -> Router {
    let routed = services.iter().zip(&config.services).map(|(service, config)| {
        (Target::Service(Arc::clone(service)), config.routes.as_slice(), config.strip)
    });
    let functions = Functions::of(config, broker).zip(config.published.as_ref());
    let functions = functions
        .map(|(functions, published)| (Target::Own(functions), std::slice::from_ref(&published.route), true));
    let document = config
        .description
        .as_ref()
        .map(|paths| (Target::Own(Arc::clone(description) as _), std::slice::from_ref(&paths.route), true));
    let page = config.description.as_ref().and_then(|paths| Some((paths, paths.page.as_ref()?)));
    let page = page.map(|(paths, at)| {
        (Target::Own(Page::new(&at.prefix, &paths.route.prefix) as _), std::slice::from_ref(at), true)
    });
    Router::new(routed.chain(functions).chain(document).chain(page))
}

fn calls_settings(config: &Config) -> diglot_broker::Settings {
    let diglot_config::Functions { timeout, queue, message_bytes_max } = config.functions;
    diglot_broker::Settings { timeout, queue, message_bytes_max }
}

fn front_service(service: &diglot_config::Service) -> Service {
    let admission = Admission {
        concurrency: service.concurrency,
        concurrency_on_threads: service.concurrency_on_threads,
        queue: service.queue,
        queue_timeout: service.queue_timeout,
        body_bytes_max: service.body_bytes_max,
        // One that stands at a breakpoint is silent for as long as somebody looks at it.
        heartbeat: service.heartbeat.filter(|_| !is_inspected(service)),
        requests_max: service.max_requests,
        requests_jitter: service.max_requests_jitter,
    };
    Service::new(service.name.clone(), admission).below(&service.root_path).routed(service.routing)
}

fn is_inspected(service: &diglot_config::Service) -> bool {
    matches!(&service.entry, Entry::Node(node) if node.inspect.is_some())
}

fn spec(
    service: &diglot_config::Service,
    sdk: &Arc<Sdk>,
    addresses: &[Address],
    config: &Config,
    clusters: &Clusters,
    descriptors: &Descriptors,
) -> ServiceSpec {
    let (identity, functions) = (config.server.identity.clone(), config.functions);
    let (in_cluster, open_files_max) = (clusters.contains(&service.name), descriptors.given);
    let (of_worker, sdk, addresses) = (service.clone(), Arc::clone(sdk), addresses.to_vec());
    let launches = Launches::new(move || {
        let service = release::pinned(&of_worker);
        launch::launch(&service, &sdk, &addresses, functions, identity.as_ref(), in_cluster, open_files_max)
    });
    ServiceSpec {
        name: service.name.as_str().into(),
        workers: service.workers,
        launches,
        policy: Policy {
            start_timeout: service.start_timeout,
            drain_timeout: config.server.timeouts.grace,
            lifetime: service.lifetime,
            memory_bytes_max: service.memory_bytes_max,
            ..Policy::default()
        },
    }
}
