//! The description of the API: one document of what all services answer, and a page that shows it.
//!
//! It is put together when somebody asks, and again when a worker has come or gone since, or other functions are offered:
//! another release may say something else. Until then it is kept.

mod answer;
mod gathered;
mod page;
mod source;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use diglot_broker::{Broker, Offer};
use diglot_calls::names::crossing;
use diglot_config::{Config, Published};
use diglot_control::Described;
use diglot_front::own::{Content, Handler, Handling, Request, Response};
use diglot_front::{Front, Service};
use diglot_openapi::About;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::{JoinSet, spawn_blocking};

use crate::published::amiss;
pub(crate) use page::Page;
use source::{Missing, Source};

/// Lines of the log about what cannot be described, over all of a server's life.
const SAID_MAX: usize = 1_000;

/// What the server knows of its API. Where a path is configured for the document, it answers there.
#[derive(Debug)]
pub(crate) struct Description {
    sources: Vec<Source>,
    /// Those that routes name: each has a document of its own. Others have one together.
    hosts: Vec<String>,
    published: Option<Published>,
    /// The name of the folder that the project is in.
    project: String,
    title: Option<String>,
    version: Option<String>,
    broker: Arc<Broker>,
    front: OnceLock<Weak<Front>>,
    /// The server's own thread: those of the front have clients that wait.
    runtime: Handle,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// By host; the last is for those that no route names.
    written: HashMap<Option<String>, Written>,
    /// What the log has been told.
    said: HashSet<String>,
}

/// The functions of each service.
type Functions = BTreeMap<String, Vec<Arc<Offer>>>;

/// A document, and what it was made of.
#[derive(Debug)]
struct Written {
    revisions: Vec<u64>,
    functions: Functions,
    document: Document,
}

/// A document as it is sent.
#[derive(Debug, Clone)]
struct Document {
    json: Bytes,
    tag: String,
    /// What it does not have, and why: lines of the log.
    left_out: Arc<[String]>,
}

impl Description {
    pub(crate) fn of(config: &Config, services: &[Arc<Service>], broker: &Arc<Broker>) -> Arc<Self> {
        let mut hosts: Vec<String> = config
            .services
            .iter()
            .flat_map(|service| &service.routes)
            .filter_map(|route| route.host.clone())
            .collect();
        hosts.sort();
        hosts.dedup();
        let sources =
            services.iter().zip(&config.services).map(|(service, config)| Source::of(service, config));
        Arc::new(Self {
            sources: sources.collect(),
            hosts,
            published: config.published.clone(),
            project: project(&config.base),
            title: config.description.as_ref().and_then(|own| own.title.clone()),
            version: config.description.as_ref().and_then(|own| own.version.clone()),
            broker: Arc::clone(broker),
            front: OnceLock::new(),
            runtime: Handle::current(),
            state: Mutex::default(),
        })
    }

    /// The services are reached through this front.
    pub(crate) fn reach_by(&self, front: &Arc<Front>) {
        // There is one, and it is told once.
        let _ = self.front.set(Arc::downgrade(front));
    }

    /// The document and what it does not have, for who writes something by it. `is_logged`: that is for the log as well.
    pub(crate) async fn described(
        self: Arc<Self>,
        host: Option<String>,
        is_logged: bool,
    ) -> Option<Described> {
        // What is still being loaded has not said what it offers.
        self.broker.settled().await;
        let host = host.filter(|host| self.hosts.contains(host));
        let Document { json, left_out, .. } =
            Arc::clone(&self).document(host, "localhost".to_owned(), is_logged).await?;
        let document = serde_json::from_slice(&json).ok()?;
        let mut described = Described { document, left_out: left_out.to_vec(), unanswered: Vec::new() };
        for source in &self.sources {
            match source.missing().await {
                Some(Missing::AsItIs(line)) => described.left_out.push(line),
                Some(Missing::ForNow(line)) => described.unanswered.push(line),
                None => {}
            }
        }
        if let Some(published) = &self.published {
            let (functions, not_ready) = self.broker.offered();
            let names = not_ready.into_iter().map(|at| self.sources[at].name());
            let unknown = names.filter(|name| published.includes_any_of(&crossing(name)));
            described.unanswered.extend(unknown.map(|name| {
                format!("service \"{name}\" has no worker that is ready: its functions are not known")
            }));
            described.left_out.extend(amiss(published, &functions));
        }
        Some(described)
    }

    /// The one of a host, for a client that has named it this way. `is_logged`: what it does not have is for the log.
    async fn document(
        self: Arc<Self>,
        host: Option<String>,
        named: String,
        is_logged: bool,
    ) -> Option<Document> {
        let front = self.front.get()?.upgrade()?;
        let mut state = self.state.lock().await;
        // Side by side: one that does not answer holds up none of the others.
        let mut asked = JoinSet::new();
        for at in 0..self.sources.len() {
            let (this, front) = (Arc::clone(&self), Arc::clone(&front));
            // Documents are for all clients, so what one of them says of the host is passed on only to an application that
            // refuses another: it knows which names are its own.
            let (host, named) = (host.clone().unwrap_or_else(|| "localhost".to_owned()), named.clone());
            asked.spawn(async move { this.sources[at].refresh(&front, [&host, &named], is_logged).await });
        }
        while asked.join_next().await.is_some() {}
        let revisions = revisions(&self.sources).await;
        let functions = self.functions();
        if let Some(written) = state.written.get(&host)
            && written.revisions == revisions
            && written.functions == functions
        {
            return Some(written.document.clone());
        }
        let (this, asked_of, offered) = (Arc::clone(&self), host.clone(), functions.clone());
        // Of a large one it takes a second, which this thread has not.
        let written = spawn_blocking(move || this.written(&front, asked_of.as_deref(), &offered)).await;
        let document = written.ok()?;
        for line in document.left_out.iter().filter(|_| is_logged) {
            self.say(&mut state.said, line);
        }
        state.written.insert(host, Written { revisions, functions, document: document.clone() });
        Some(document)
    }

    /// What all of them have said as one.
    fn written(&self, front: &Front, host: Option<&str>, functions: &Functions) -> Document {
        let owner = |path: &str| gathered::owner(front, host, path);
        let published = self.published.as_ref();
        let about =
            About { project: &self.project, title: self.title.as_deref(), version: self.version.as_deref() };
        let merged = gathered::merged(&self.sources, functions, published, host, about, owner);
        let json = Bytes::from(merged.document.to_string());
        let tag = format!("\"{}\"", gathered::digest(&json));
        let left_out = gathered::lines(&merged.remarks, functions).into();
        Document { json, tag, left_out }
    }

    /// Tells the log once.
    fn say(&self, said: &mut HashSet<String>, line: &str) {
        if said.len() < SAID_MAX && said.insert(line.to_owned()) {
            tracing::warn!("the API's description: {line}");
        }
    }

    /// Those that are published.
    fn functions(&self) -> Functions {
        let Some(published) = &self.published else { return Functions::new() };
        let mut functions = self.broker.functions();
        for (service, offers) in &mut functions {
            let service = crossing(service);
            offers.retain(|offer| published.includes(&service, &offer.name));
        }
        functions
    }

    /// The host that a request names, if a route does.
    fn host(&self, request: &Request) -> Option<String> {
        let given = str::from_utf8(request.fields.get("host")?).ok()?.to_ascii_lowercase();
        let name = match given.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => name,
            _ => &given,
        };
        let name = name.strip_suffix('.').unwrap_or(name);
        self.hosts.iter().find(|host| *host == name).cloned()
    }
}

/// What a project is called that says nothing of it. Of the root of a file system there is nothing to say.
fn project(base: &Path) -> String {
    base.file_name().map_or_else(|| "API".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// How often what each of them says has changed.
async fn revisions(sources: &[Source]) -> Vec<u64> {
    let mut revisions = Vec::with_capacity(sources.len());
    for source in sources {
        revisions.push(source.revision().await);
    }
    revisions
}

impl Handler for Description {
    fn body_bytes_max(&self) -> u64 {
        0
    }

    fn handle(self: Arc<Self>, request: Request) -> Handling {
        Box::pin(async move {
            if let Some(refusal) = refusal(&request, true) {
                return refusal;
            }
            let host = self.host(&request);
            let named = request.fields.get("host").and_then(|name| str::from_utf8(name).ok());
            let named = named.unwrap_or("localhost").to_owned();
            let runtime = self.runtime.clone();
            match runtime.spawn(self.document(host, named, true)).await {
                Ok(Some(Document { json, tag, .. })) => {
                    let is_known = request.fields.all("if-none-match").any(|value| has_tag(value, &tag));
                    let response = match is_known {
                        true => Response::new(304, Content::Whole(Bytes::new())),
                        false => {
                            Response::new(200, Content::Whole(json)).field("Content-Type", "application/json")
                        }
                    };
                    response
                        .field("ETag", &tag)
                        .field("Cache-Control", "no-cache")
                        .field("X-Content-Type-Options", "nosniff")
                }
                Ok(None) | Err(_) => text(503, "The server stops."),
            }
        })
    }
}

/// What is answered to a request for something that is not there, or with a method that is not for reading.
fn refusal(request: &Request, is_there: bool) -> Option<Response> {
    let is_below = !request.below().is_empty() && is_there && request.prefix_bytes > 0;
    match request.method.as_str() {
        _ if is_below => Some(text(404, "Nothing is here.")),
        "GET" | "HEAD" => None,
        _ => Some(text(405, "This can be read only.").field("Allow", "GET, HEAD")),
    }
}

/// Not for caches, which by default may keep a 404, a 405 and a 308 (RFC 9111 section 4.2.2).
fn text(status: u16, sentence: &'static str) -> Response {
    Response::new(status, Content::Whole(Bytes::from_static(sentence.as_bytes())))
        .field("Content-Type", "text/plain; charset=utf-8")
        .field("Cache-Control", "no-store")
}

/// Whether a value of If-None-Match has an entity tag, or all of them.
fn has_tag(value: &[u8], tag: &str) -> bool {
    let value = String::from_utf8_lossy(value);
    value
        .split(',')
        .map(|given| given.trim().trim_start_matches("W/"))
        .any(|given| given == tag || given == "*")
}
