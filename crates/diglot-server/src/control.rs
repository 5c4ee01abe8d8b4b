//! The control socket of this server: where it is, and what can be asked there.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use diglot_broker::{Broker, Offer, Reply};
use diglot_calls::names::crossing;
use diglot_config::Config;
use diglot_control::{Answer, Call, Commands, Control, Described, Offered, Refusal, default_path};
use diglot_front::Service;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::Error;
use crate::arguments::crossed;
use crate::description::Description;

/// Where the default socket's folder is.
const RUNTIME_DIR: &str = "XDG_RUNTIME_DIR";
/// How often it is seen whether another server still answers at the default socket.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Items of a stream that wait for who asked for them.
const ITEMS_WAITING_MAX: usize = 64;

/// Where the control socket is.
pub(crate) enum Place {
    Bound(Control),
    /// At the default place another server answers, which may be one that ends.
    Taken {
        path: PathBuf,
        owner: Owner,
    },
}

/// User and group of the socket.
type Owner = (Option<u32>, Option<u32>);

/// Binds the control socket. `None` where it has no place of its own and the default one cannot be had: a server without
/// commands is better than none.
///
/// # Errors
/// The place that the configuration names cannot be had.
pub(crate) async fn bind(config: &Config) -> Result<Option<Place>, Error> {
    let identity = config.server.identity.as_ref();
    let owner: Owner = (identity.and_then(|identity| identity.uid), identity.map(|identity| identity.gid));
    if let Some(path) = &config.server.control {
        let bound = Control::bind(path, owner).await;
        return bound
            .map(|control| Some(Place::Bound(control)))
            .map_err(|error| Error::Control { path: path.clone(), error });
    }
    let named = config.source.as_ref().unwrap_or(&config.base);
    let path = default_path(named, std::env::var_os(RUNTIME_DIR).as_deref());
    let bound = match &path {
        Ok(path) => Control::bind(path, owner).await,
        Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
    };
    match (bound, path) {
        (Ok(control), _) => return Ok(Some(Place::Bound(control))),
        (Err(error), Ok(path)) if error.kind() == io::ErrorKind::AddrInUse => {
            tracing::info!(
                "another server that runs was started from {} and answers `diglot call` and `diglot functions` there \
                 until it ends; --control PATH gives this one a place of its own",
                named.display()
            );
            return Ok(Some(Place::Taken { path, owner }));
        }
        (Err(error), _) => no_place(&error),
    }
    Ok(None)
}

fn no_place(error: &io::Error) {
    tracing::warn!(
        "this server cannot be asked by `diglot call` and `diglot functions`: {error}; --control PATH gives it a place"
    );
}

/// Binds the socket when who answers there has ended.
async fn bind_later(path: &Path, owner: Owner) -> Control {
    let mut is_told = false;
    loop {
        tokio::time::sleep(LOOK_AGAIN).await;
        match Control::bind(path, owner).await {
            Ok(control) => {
                tracing::info!("`diglot call` and `diglot functions` are answered by this server now");
                return control;
            }
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            // A server that has become another user since may not write there.
            Err(error) if !is_told => {
                no_place(&error);
                is_told = true;
            }
            Err(_) => {}
        }
    }
}

/// Answers until it is dropped, from when the place is its own.
pub(crate) struct Serving(JoinHandle<()>);

impl Serving {
    pub(crate) fn start(place: Place, asked: Asked) -> Self {
        Self(tokio::spawn(async move {
            let control = match place {
                Place::Bound(control) => control,
                Place::Taken { path, owner } => bind_later(&path, owner).await,
            };
            control.serve(Arc::new(asked)).await;
        }))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The functions of every service: `{"SERVICE": [OFFER, …], …}`.
fn listed(services: &BTreeMap<String, Vec<Arc<Offer>>>) -> Value {
    let of_service = |offers: &Vec<Arc<Offer>>| -> Vec<Value> {
        offers.iter().filter_map(|offer| serde_json::from_str(&offer.json).ok()).collect()
    };
    services.iter().map(|(name, offers)| (name.clone(), Value::from(of_service(offers)))).collect()
}

/// What is offered when no worker is being loaded any more. `services` are the names in the configuration.
pub(crate) async fn offered(broker: &Broker, services: &[Arc<Service>]) -> Offered {
    broker.settled().await;
    let name = |service: &Arc<Service>| service.name().to_owned();
    let (functions, not_ready) = broker.offered();
    Offered {
        functions: listed(&functions),
        services: services.iter().map(name).collect(),
        not_ready: not_ready.into_iter().map(|at| name(&services[at])).collect(),
    }
}

/// What is asked of this server.
pub(crate) struct Asked {
    pub(crate) services: Vec<Arc<Service>>,
    pub(crate) broker: Arc<Broker>,
    pub(crate) description: Arc<Description>,
    pub(crate) arguments_bytes_max: usize,
}

impl Commands for Asked {
    async fn functions(&self) -> Value {
        listed(&self.broker.functions())
    }

    async fn offered(&self) -> Offered {
        offered(&self.broker, &self.services).await
    }

    async fn description(&self, host: Option<String>) -> Option<Described> {
        Arc::clone(&self.description).described(host, true).await
    }

    async fn call(&self, call: Call) -> Result<Answer, Refusal> {
        let Call { service, function, arguments, timeout } = call;
        let arguments = crossed(arguments)
            .map_err(|unfit| Refusal(json!({ "code": "invalid_arguments", "message": unfit.to_string() })))?;
        let call = self.broker.call(&crossing(&service), &crossing(&function), arguments, timeout, b"");
        let refused = |error: diglot_broker::CallError| Refusal(Value::Object(error.details));
        match call.reply().await.map_err(refused)? {
            Reply::Value(value) => Ok(Answer::Value(value.read().await.map_err(refused)?.into())),
            Reply::Items(mut items) => {
                let (sender, receiver) = mpsc::channel(ITEMS_WAITING_MAX);
                tokio::spawn(async move {
                    loop {
                        let item = tokio::select! {
                            item = items.next() => item,
                            // Who has asked is gone, and the next item may be long in coming: dropping them gives up the call.
                            () = sender.closed() => return,
                        };
                        let Some(item) = item else { return };
                        if sender.send(item.map(Bytes::from).map_err(refused)).await.is_err() {
                            return;
                        }
                    }
                });
                Ok(Answer::Items(receiver))
            }
        }
    }

    fn arguments_bytes_max(&self) -> usize {
        self.arguments_bytes_max
    }
}
