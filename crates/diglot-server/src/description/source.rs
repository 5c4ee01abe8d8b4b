//! What one service says of itself: asked of its application as a client would ask, past the routes.

use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use diglot_config::{DescribedAt, Entry, Route};
use diglot_front::{Front, Service};
use diglot_openapi::{Mount, Unreadable, read};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{ACCEPT, HOST};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// Where frameworks have it: FastAPI and others, Django Ninja, Litestar, drf-spectacular.
const USUAL_IN_PYTHON: [&str; 5] =
    ["/openapi.json", "/api/openapi.json", "/schema/openapi.json", "/api/schema/", "/schema/"];
/// Hono and others, @fastify/swagger, NestJS by the names its documentation gives.
const USUAL_IN_NODE: [&str; 6] =
    ["/openapi.json", "/documentation/json", "/api-json", "/docs-json", "/doc", "/api/openapi.json"];
/// drf-spectacular writes YAML to whoever does not ask for JSON.
const TAKEN: &str = "application/vnd.oai.openapi+json, application/json";
/// Bytes of a document.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// How long an application may take for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one that could not be had is not asked for again.
const PAUSE: Duration = Duration::from_secs(10);

/// A service that may describe itself.
#[derive(Debug)]
pub(super) struct Source {
    service: Arc<Service>,
    pub(super) name: String,
    /// Where it is mounted, if it is.
    mounts: Vec<Route>,
    routes: Vec<Route>,
    root_path: String,
    is_python: bool,
    described_at: DescribedAt,
    known: Mutex<Known>,
}

/// What it has said.
#[derive(Debug, Default)]
struct Known {
    /// How often its workers had changed when it was asked. `None`: nobody has asked.
    changes: Option<u64>,
    /// When it was asked and could not say.
    failed: Option<Instant>,
    document: Option<Value>,
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

/// Why there is no document.
enum Failure {
    /// It has none at the usual places.
    None,
    /// It has something there that is none.
    Unreadable(String, Unreadable),
    /// It could not be asked, or did not say.
    Unanswered(String),
}

impl Source {
    pub(super) fn of(service: &Arc<Service>, config: &diglot_config::Service) -> Self {
        Self {
            service: Arc::clone(service),
            name: config.name.clone(),
            mounts: if config.strip { config.routes.clone() } else { Vec::new() },
            routes: config.routes.clone(),
            root_path: config.root_path.clone(),
            is_python: matches!(config.entry, Entry::Python(_)),
            described_at: config.described_at.clone(),
            known: Mutex::default(),
        }
    }

    /// How requests come to it.
    pub(super) fn mount(&self) -> Mount<'_> {
        let prefix = self.mounts.first().map_or("", |route| route.prefix.trim_end_matches('/'));
        Mount { prefix, is_known: self.is_python, root_path: &self.root_path }
    }

    pub(super) async fn document(&self) -> Option<Value> {
        self.known.lock().await.document.clone()
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

    /// Asks it, if it may say something else than the last time. `is_logged`: why it cannot say is for the log.
    pub(super) async fn refresh(&self, front: &Front, host: Option<&str>, is_logged: bool) {
        if self.described_at == DescribedAt::Nowhere || self.routes.is_empty() || !self.service.has_app() {
            return;
        }
        let mut known = self.known.lock().await;
        let changes = Some(self.service.changes());
        let is_due = known.failed.is_none_or(|failed| failed.elapsed() >= PAUSE);
        if changes == known.changes && (known.failed.is_none() || !is_due) {
            return;
        }
        let asked = timeout(PATIENCE, self.ask(front, host)).await;
        let asked =
            asked.unwrap_or_else(|_| Err(Failure::Unanswered(format!("no answer within {PATIENCE:?}"))));
        known.changes = changes;
        known.failed = matches!(asked, Err(Failure::Unanswered(_))).then(Instant::now);
        let said = match asked {
            Ok(document) => {
                if known.document.as_ref() != Some(&document) {
                    known.document = Some(document);
                    known.revision += 1;
                }
                None
            }
            Err(failure) => {
                // What could not be had a moment ago is most probably as it was.
                if !matches!(failure, Failure::Unanswered(_)) && known.document.take().is_some() {
                    known.revision += 1;
                }
                Some(self.complaint(&failure))
            }
        };
        match &said {
            Some(line)
                if is_logged && known.said != said && matches!(self.described_at, DescribedAt::Usual) =>
            {
                tracing::info!("the API's description: {line}");
            }
            Some(line) if is_logged && known.said != said => tracing::warn!("the API's description: {line}"),
            _ => {}
        }
        known.said = said;
    }

    fn complaint(&self, failure: &Failure) -> String {
        let name = &self.name;
        match failure {
            Failure::None => format!(
                "service \"{name}\" has no OpenAPI document where frameworks usually have it; openapi = \"/path\" in \
                 `[services.{name}]` says where it is, \"none\" that there is none"
            ),
            Failure::Unreadable(path, why) => {
                format!("what service \"{name}\" has at {path} is left out: {why}")
            }
            Failure::Unanswered(why) => {
                format!("service \"{name}\" was asked for its OpenAPI document: {why}")
            }
        }
    }

    /// Asks the application at each place where it may have its document.
    async fn ask(&self, front: &Front, host: Option<&str>) -> Result<Value, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::Unanswered(error.to_string());
        let stream = front.connect(&self.service, self.mounts.first()).map_err(|error| failed(&error))?;
        stream.set_nonblocking(true).map_err(|error| failed(&error))?;
        let stream = UnixStream::from_std(stream).map_err(|error| failed(&error))?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
        let driven = tokio::spawn(connection);
        let mut outcome = Err(Failure::None);
        for path in self.places() {
            let found = get(&mut sender, host.unwrap_or("localhost"), &path).await;
            match found.map_err(|error| failed(&error))? {
                (StatusCode::OK, bytes) => match read(&bytes) {
                    Ok(document) => {
                        outcome = Ok(document);
                        break;
                    }
                    // A page for whatever path is asked for is no document.
                    Err(Unreadable::NoJson(_) | Unreadable::NoOpenApi)
                        if self.described_at == DescribedAt::Usual => {}
                    Err(why) => outcome = Err(Failure::Unreadable(path, why)),
                },
                (status, _) if self.described_at != DescribedAt::Usual => {
                    outcome = Err(Failure::Unanswered(format!("GET {path} was answered with {status}")));
                }
                _ => {}
            }
        }
        driven.abort();
        outcome
    }

    /// The paths to ask at, as the front has them.
    fn places(&self) -> Vec<String> {
        let mount = self.mount().prefix;
        let usual = if self.is_python { &USUAL_IN_PYTHON[..] } else { &USUAL_IN_NODE[..] };
        let mut places: Vec<String> = match &self.described_at {
            DescribedAt::Path(path) => return vec![format!("{mount}{path}")],
            _ => usual.iter().map(|path| format!("{mount}{path}")).collect(),
        };
        if self.mounts.is_empty() {
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

/// One request, and all of its answer that there may be.
async fn get(
    sender: &mut SendRequest<Empty<Bytes>>,
    host: &str,
    path: &str,
) -> Result<(StatusCode, BytesMut), Box<dyn std::error::Error + Send + Sync>> {
    sender.ready().await?;
    let request = Request::get(path).header(HOST, host).header(ACCEPT, TAKEN).body(Empty::new())?;
    let response = sender.send_request(request).await?;
    let status = response.status();
    let mut body = response.into_body();
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            if bytes.len() + data.len() > DOCUMENT_BYTES_MAX {
                return Err(
                    format!("GET {path}: the document is longer than {DOCUMENT_BYTES_MAX} bytes").into()
                );
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok((status, bytes))
}
