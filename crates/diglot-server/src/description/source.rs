//! What one service says of itself: asked of its application as a client would ask, past the routes.

use std::sync::Arc;
use std::time::Duration;

use diglot_config::{DescribedAt, Entry, Route};
use diglot_front::{Front, Service};
use diglot_openapi::Mount;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout};

use super::answer::{Answer, Failure};

/// Where frameworks have it: FastAPI and others, Django Ninja, Litestar, drf-spectacular.
const USUAL_IN_PYTHON: [&str; 5] =
    ["/openapi.json", "/api/openapi.json", "/schema/openapi.json", "/api/schema/", "/schema/"];
/// Hono and others, @fastify/swagger, NestJS by the names its documentation gives.
const USUAL_IN_NODE: [&str; 6] =
    ["/openapi.json", "/documentation/json", "/api-json", "/docs-json", "/doc", "/api/openapi.json"];
/// How long an application may take for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one that could not be had is not asked for again.
const PAUSE: Duration = Duration::from_secs(10);

/// A service that may describe itself.
#[derive(Debug)]
pub(super) struct Source {
    service: Arc<Service>,
    pub(super) name: String,
    /// Where it is mounted while it is asked, if it is: on every host.
    mount: Option<Route>,
    routes: Vec<Route>,
    /// Those that its routes name.
    hosts: Vec<String>,
    root_path: String,
    is_python: bool,
    described_at: DescribedAt,
    known: Mutex<Known>,
}

/// A document, and the path where it was, as the front has it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) document: Value,
}

/// What it has said.
#[derive(Debug, Default)]
struct Known {
    /// How often its workers had changed when it was asked. `None`: nobody has asked.
    changes: Option<u64>,
    /// When it was asked and could not say.
    failed: Option<Instant>,
    document: Option<Found>,
    /// How often that has changed.
    revision: u64,
    /// What the log has been told.
    said: Option<String>,
}

/// A document that is missing, and the line that says why.
pub(super) enum Missing {
    /// There is none, or none that can be read.
    AsItIs(String),
    /// The service may have one, and could not be asked.
    ForNow(String),
}

impl Source {
    pub(super) fn of(service: &Arc<Service>, config: &diglot_config::Service) -> Self {
        let first = config.routes.first().filter(|_| config.strip);
        Self {
            service: Arc::clone(service),
            name: config.name.clone(),
            mount: first.map(|route| Route { host: None, ..route.clone() }),
            routes: config.routes.clone(),
            hosts: config.routes.iter().filter_map(|route| route.host.clone()).collect(),
            root_path: config.root_path.clone(),
            is_python: matches!(config.entry, Entry::Python(_)),
            described_at: config.described_at.clone(),
            known: Mutex::default(),
        }
    }

    /// The service's name in the configuration.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The paths below which clients of a host find it mounted.
    pub(super) fn prefixes(&self, host: Option<&str>) -> Vec<String> {
        let is_of_host = |route: &&Route| route.host.is_none() || route.host.as_deref() == host;
        let routes = self.routes.iter().filter(|_| self.mount.is_some()).filter(is_of_host);
        routes.map(|route| route.prefix.trim_end_matches('/').to_owned()).collect()
    }

    /// How requests come to it, whose document was found at this path, where clients find it mounted below these.
    pub(super) fn mount<'a>(&'a self, found_at: &'a str, prefixes: &'a [String]) -> Mount<'a> {
        let asked = self.asked_below();
        Mount {
            prefixes,
            asked,
            hosts: &self.hosts,
            is_known: self.is_python,
            root_path: &self.root_path,
            found_at: found_at.strip_prefix(asked).unwrap_or(found_at),
        }
    }

    fn asked_below(&self) -> &str {
        self.mount.as_ref().map_or("", |route| route.prefix.trim_end_matches('/'))
    }

    /// What it has said, and where. Not for a thread that runs tasks.
    pub(super) fn document(&self) -> Option<Found> {
        self.known.blocking_lock().document.clone()
    }

    pub(super) async fn revision(&self) -> u64 {
        self.known.lock().await.revision
    }

    /// Why its document is missing, if it is.
    pub(super) async fn missing(&self) -> Option<Missing> {
        let known = self.known.lock().await;
        let line = known.said.clone().filter(|_| known.document.is_none())?;
        Some(if known.failed.is_some() { Missing::ForNow(line) } else { Missing::AsItIs(line) })
    }

    /// Asks it, if it may say something else than the last time.
    /// `hosts`: as whom, the second where the first is refused. `is_logged`: why it cannot say is for the log.
    pub(super) async fn refresh(&self, front: &Front, hosts: [&str; 2], is_logged: bool) {
        if self.described_at == DescribedAt::Nowhere || self.routes.is_empty() || !self.service.has_app() {
            return;
        }
        let mut known = self.known.lock().await;
        let changes = Some(self.service.changes());
        let is_due = known.failed.is_none_or(|failed| failed.elapsed() >= PAUSE);
        if changes == known.changes && (known.failed.is_none() || !is_due) {
            return;
        }
        let asked = timeout(PATIENCE, self.ask(front, hosts)).await;
        let asked =
            asked.unwrap_or_else(|_| Err(Failure::Unanswered(format!("no answer within {PATIENCE:?}"))));
        known.changes = changes;
        let may_come =
            matches!(asked, Err(Failure::Refused(_) | Failure::Misnamed(_) | Failure::Unanswered(_)));
        known.failed = may_come.then(Instant::now);
        known.said = match asked {
            Ok(document) => {
                if known.document.as_ref() != Some(&document) {
                    known.document = Some(document);
                    known.revision += 1;
                }
                None
            }
            Err(failure) => {
                // What could not be had a moment ago is most probably as it was.
                if !may_come && known.document.take().is_some() {
                    known.revision += 1;
                }
                let line = self.complaint(&failure);
                match failure {
                    _ if !is_logged || known.said.as_ref() == Some(&line) => {}
                    // As most services that are no API.
                    Failure::Absent => tracing::info!("the API's description: {line}"),
                    _ => tracing::warn!("the API's description: {line}"),
                }
                Some(line)
            }
        };
    }

    fn complaint(&self, failure: &Failure) -> String {
        let name = &self.name;
        let none = |why: &str| {
            format!(
                "service \"{name}\" has no OpenAPI document where frameworks usually have it{why}; openapi = \"/path\" in \
                 `[services.{name}]` says where it is, \"none\" that there is none"
            )
        };
        match failure {
            Failure::Absent => none(""),
            Failure::Refused(what) | Failure::Misnamed(what) if self.described_at == DescribedAt::Usual => {
                none(&format!(" ({what})"))
            }
            Failure::Unreadable(path, why) => {
                format!("what service \"{name}\" has at {path} is left out: {why}")
            }
            Failure::Unanswered(why) | Failure::Refused(why) | Failure::Misnamed(why) => {
                format!("service \"{name}\" was asked for its OpenAPI document: {why}")
            }
        }
    }

    async fn ask(&self, front: &Front, [host, other]: [&str; 2]) -> Result<Found, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Unanswered(error.to_string());
        let stream = front.connect(&self.service, self.mount.as_ref()).map_err(|error| failed(&error))?;
        stream.set_nonblocking(true).map_err(|error| failed(&error))?;
        let stream = UnixStream::from_std(stream).map_err(|error| failed(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        // It ends with its sender.
        tokio::spawn(connection);
        match self.ask_as(&mut sender, host).await {
            Err(Failure::Misnamed(_)) if other != host => self.ask_as(&mut sender, other).await,
            asked => asked,
        }
    }

    /// Asks the application at each place where it may have its document.
    async fn ask_as(&self, sender: &mut SendRequest<Empty<Bytes>>, host: &str) -> Result<Found, Failure> {
        let is_guess = self.described_at == DescribedAt::Usual;
        let mut failure = Failure::Absent;
        for path in self.places() {
            let answer = Answer::to(sender, host, path.clone()).await?;
            let read = spawn_blocking(move || answer.document(is_guess)).await;
            match read.unwrap_or_else(|error| Err(Failure::Unanswered(error.to_string()))) {
                Ok(document) => return Ok(Found { path, document }),
                Err(other) => failure = failure.max(other),
            }
        }
        Err(failure)
    }

    /// The paths to ask at, as the front has them.
    fn places(&self) -> Vec<String> {
        let mount = self.asked_below();
        let usual = if self.is_python { &USUAL_IN_PYTHON[..] } else { &USUAL_IN_NODE[..] };
        let mut places: Vec<String> = match &self.described_at {
            DescribedAt::Path(path) => return vec![format!("{mount}{path}")],
            _ => usual.iter().map(|path| format!("{mount}{path}")).collect(),
        };
        if self.mount.is_none() {
            let below = self.routes.iter().map(|route| route.prefix.trim_end_matches('/'));
            let below = below.filter(|prefix| !prefix.is_empty());
            places.extend(below.flat_map(|prefix| usual.iter().map(move |path| format!("{prefix}{path}"))));
        }
        let mut seen = Vec::new();
        places.retain(|place| {
            !seen.contains(place) && {
                seen.push(place.clone());
                true
            }
        });
        places
    }
}
