//! What services offer and answer, without serving: their workers are started, asked, and ended.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use diglot_config::{Config, Entry, Listen, LogLevel};
use diglot_control::{Described, Offered};
use diglot_front::Address;
use diglot_workers::{LinkPlace, Log};

use crate::descriptors::Descriptors;
use crate::sdk::{Needs, Sdk};
use crate::signals::Signals;
use crate::{Error, Parts, control, sockets, with_log};

/// How long workers may take to end: they have nothing in hand.
const GRACE_MAX: Duration = Duration::from_secs(5);
/// The variable that names the module with types to a Python worker which is only asked: whatever is in it must not keep the
/// program from being loaded. It is gone before user code sees the environment.
const ASKED_ENV: &str = "DIGLOT_ASKED";

/// The functions that the workers of this configuration offer. None of its addresses is bound, and no other process can ask.
/// `None` where a service cannot be started; the reason has been printed then.
pub fn gather(config: Config) -> Option<Offered> {
    asked(config, async |parts| Some(control::offered(&parts.broker, &parts.services).await))
}

/// The description of this configuration's API for that host, or for those that no route names, likewise.
pub fn describe(config: Config, host: Option<String>) -> Option<Described> {
    asked(config, async move |parts| Arc::clone(&parts.description).described(host, false).await)
}

/// Asks the workers of a configuration something.
fn asked<R>(mut config: Config, ask: impl AsyncFnOnce(&Parts) -> Option<R>) -> Option<R> {
    // Programs are told where they listen. Nobody else knows of this port.
    config.server.listen = vec![Listen::Tcp((Ipv4Addr::LOCALHOST, 0).into())];
    config.server.identity = None;
    config.server.log_level = LogLevel::Warn;
    for service in &mut config.services {
        service.workers = 1;
        match &mut service.entry {
            Entry::Node(node) => node.inspect = None,
            Entry::Python(_) => {
                let written = service.types.iter().map(|path| path.to_string_lossy().into_owned());
                service.env.extend(written.map(|path| (ASKED_ENV.to_owned(), path)));
            }
        }
    }
    with_log(config.server.log_level, |log| among_workers(config, log, ask)).flatten()
}

/// `None`: told to stop before.
async fn among_workers<R>(
    config: Config,
    log: Log,
    ask: impl AsyncFnOnce(&Parts) -> Option<R>,
) -> Result<Option<R>, Error> {
    let descriptors = Descriptors::raise();
    let link_place = LinkPlace::reserve();
    let mut signals = Signals::listen()?;
    let listeners = sockets::bind(&config.server)?;
    let addresses: Vec<Address> = listeners.iter().map(|listener| listener.address().clone()).collect();
    let sdk = Arc::new(Sdk::prepare(Needs::of(&config.services))?);
    let grace = config.server.timeouts.grace.min(GRACE_MAX);
    let parts = Parts::new(config, sdk, addresses, descriptors)?;
    let Some((commands, running, _)) = parts.start_all(&log, &link_place, &mut signals).await? else {
        log.server_line("error: stopped before every worker was ready".to_owned());
        return Ok(None);
    };
    let answer = tokio::select! {
        answer = ask(&parts) => answer,
        signal = signals.wait_for_stop(|| {}) => {
            log.server_line(format!("error: stopped by {signal} before every service had answered"));
            None
        }
    };
    parts.services.iter().for_each(|service| service.close());
    parts.broker.close();
    commands.shutdown(grace);
    running.stopped().await;
    Ok(answer)
}
