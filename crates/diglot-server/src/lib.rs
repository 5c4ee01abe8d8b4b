//! Composition: a resolved configuration becomes a running server.
//!
//! [`run`] tells the whole story: prepare, bind, start, say so, wait, drain.

mod composition;
mod descriptors;
mod identity;
mod launch;
mod log;
mod pidfile;
mod sdk;
mod signals;
mod sockets;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use diglot_config::{Config, Entry, Limits, Listen, Server};
use diglot_front::{Address, Admission, Front, Listener, Router, Service, Settings, Target};
use diglot_workers::{Grace, Log, Policy, Running, ServiceSpec, StartError, Supervisor, SupervisorHandle};
use tokio::time::{Instant, timeout_at};

use composition::{Composition, Loading};
use descriptors::Descriptors;
use pidfile::PidFile;
use sdk::{Sdk, SdkError};
use signals::{Signal, Signals};

/// How often a start that takes its time says what it waits for.
const LOADING_NOTICE: Duration = Duration::from_secs(5);
/// How long the last lines of the log may take.
const LOG_FLUSH: Duration = Duration::from_secs(1);
/// Most of the grace period belongs to requests; this much of it, and at most the second, to the end of the workers.
const WORKERS_SHARE: u32 = 5;
const WORKERS_GRACE_MAX: Duration = Duration::from_secs(5);
/// The part of the grace period after which event streams are told to come to an end: many have none of their own, and the
/// server would wait for them in vain.
const EVENT_STREAMS_SHARE: u32 = 2;

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("cannot listen on {listen}: {error}{}", hint(error))]
    Bind { listen: Listen, error: io::Error },
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
        _ => "",
    }
}

/// Serves until told to stop. The exit code is the process's own: 0 stopped as asked, 1 could not start.
pub fn run(config: Config) -> ExitCode {
    let served = log::start(config.server.log_level).map_err(Error::from).and_then(|log| {
        let served = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Error::from)
            .and_then(|runtime| runtime.block_on(serve(config, log.clone())));
        log.flush(LOG_FLUSH);
        served
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            signals::writing_from_the_background(|| eprintln!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn serve(config: Config, log: Log) -> Result<(), Error> {
    let descriptors = Descriptors::raise();
    let mut signals = Signals::listen()?;
    config.notes.iter().for_each(|note| tracing::info!("{note}"));
    let listeners = sockets::bind(&config.server)?;
    let _pidfile = settle(&config.server)?;
    let needs_native = config.services.iter().any(|service| matches!(service.entry, Entry::Python(_)));
    let sdk = Sdk::prepare(needs_native)?;
    let addresses: Vec<Address> = listeners.iter().map(|listener| listener.address().clone()).collect();

    let services: Vec<Arc<Service>> =
        config.services.iter().map(|service| Arc::new(front_service(service))).collect();
    let routed = services.iter().zip(&config.services);
    let router = Router::new(routed.map(|(service, config)| {
        (Target::Service(Arc::clone(service)), config.routes.as_slice(), config.strip)
    }));
    let front = Arc::new(Front::start(&settings(&config, &descriptors), router)?);
    let specs = config
        .services
        .iter()
        .map(|service| spec(service, &sdk, &addresses, &config, &descriptors))
        .collect();
    let loading = Loading::default();
    let supervisor = Supervisor::new(
        specs,
        Composition::new(Arc::clone(&front), services.clone(), loading.clone()),
        log.clone(),
    );
    let commands = supervisor.handle();
    let Some(running) = start(supervisor, &commands, &loading, &mut signals).await? else { return Ok(()) };

    front.accept(&listeners)?;
    for address in &addresses {
        log.server_line(format!("diglot: listening on {address}"));
    }
    let restart = || {
        tracing::info!("restarting workers one after another; the configuration is not read again");
        commands.restart();
    };
    signals.wait_for_stop(restart).await;
    stop(&front, listeners, &services, running, &commands, config.server.timeouts.grace, &mut signals).await
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

/// Starts every worker. `None`: told to stop before all were ready.
async fn start(
    supervisor: Supervisor<Composition>,
    commands: &SupervisorHandle,
    loading: &Loading,
    signals: &mut Signals,
) -> Result<Option<Running>, Error> {
    let started = supervisor.start();
    tokio::pin!(started);
    let mut patience = tokio::time::interval_at(Instant::now() + LOADING_NOTICE, LOADING_NOTICE);
    let started = loop {
        tokio::select! {
            started = &mut started => break started,
            signal = signals.next() => if let Signal::Stop(_) = signal { commands.shutdown_now() },
            _ = patience.tick() => if let Some(names) = loading.names() {
                tracing::warn!(
                    "still waiting for {names}: its app is being loaded. A Python module must not run a server of its \
                     own when it is imported (uvicorn.run and app.run belong under `if __name__ == \"__main__\":`); a \
                     Node program must call listen() or export {{ fetch }}"
                );
            },
        }
    };
    match started {
        Ok(running) => Ok(Some(running)),
        Err(StartError::Interrupted) => {
            tracing::info!("stopped before every worker was ready");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Lets requests finish, then workers, within `grace`; a second signal ends both at once.
async fn stop(
    front: &Front,
    listeners: Vec<Listener>,
    services: &[Arc<Service>],
    running: Running,
    commands: &SupervisorHandle,
    grace: Duration,
    signals: &mut Signals,
) -> Result<(), Error> {
    tracing::info!("stopping: what is in flight has {grace:?} to finish; a second signal ends at once");
    let for_workers = (grace / WORKERS_SHARE).min(WORKERS_GRACE_MAX);
    let end = Instant::now() + grace;
    let drain = async {
        front.stop_accepting();
        // A server that takes this one's place can bind now.
        drop(listeners);
        let drained = timeout_at(end - for_workers, async {
            if timeout_at(end - grace / EVENT_STREAMS_SHARE, front.drained()).await.is_err() {
                services.iter().for_each(|service| service.farewell());
                front.drained().await;
            }
        })
        .await;
        if drained.is_err() {
            tracing::warn!("requests are still in flight: they are cut, so that the workers can end in time");
        }
        services.iter().for_each(|service| service.close());
        commands.shutdown(Grace { left: end.saturating_duration_since(Instant::now()), whole: grace });
    };
    let cut = |signal: &str| {
        tracing::warn!(
            "a second signal, {signal}: workers end at once; {}",
            requests_cut(front.connections())
        );
        commands.shutdown_now();
    };
    tokio::select! {
        () = drain => {}
        signal = signals.wait_for_stop(|| ()) => cut(signal),
    }
    let stopped = running.stopped();
    tokio::pin!(stopped);
    tokio::select! {
        () = &mut stopped => {}
        signal = signals.wait_for_stop(|| ()) => {
            cut(signal);
            stopped.await;
        }
    }
    tracing::info!("stopped");
    Ok(())
}

/// What becomes of so many connections of a server that stops: each has a request in flight, the idle ones are closed.
fn requests_cut(connections: usize) -> String {
    match connections {
        0 => "no request is in flight".to_owned(),
        1 => "1 request in flight is cut".to_owned(),
        many => format!("{many} requests in flight are cut"),
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

fn front_service(service: &diglot_config::Service) -> Service {
    let admission = Admission {
        concurrency: service.concurrency,
        concurrency_on_threads: service.concurrency_on_threads,
        queue: service.queue,
        queue_timeout: service.queue_timeout,
        body_bytes_max: service.body_bytes_max,
        heartbeat: service.heartbeat,
        requests_max: service.max_requests,
        requests_jitter: service.max_requests_jitter,
    };
    Service::new(service.name.clone(), admission).below(&service.root_path)
}

fn spec(
    service: &diglot_config::Service,
    sdk: &Sdk,
    addresses: &[Address],
    config: &Config,
    descriptors: &Descriptors,
) -> ServiceSpec {
    ServiceSpec {
        name: service.name.as_str().into(),
        workers: service.workers,
        launch: launch::launch(service, sdk, addresses, config.server.identity.as_ref(), descriptors.given),
        policy: Policy {
            start_timeout: service.start_timeout,
            drain_timeout: config.server.timeouts.grace,
            lifetime: service.lifetime,
            memory_bytes_max: service.memory_bytes_max,
            ..Policy::default()
        },
    }
}
