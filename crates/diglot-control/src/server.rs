//! The server's side: a socket that is there while the server runs.

use std::convert::Infallible;
use std::fs;
use std::future::Future;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Body, Frame, Incoming};
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::mpsc;

use crate::{Described, Offered};

/// Commands that are answered at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 64;
/// Only its owner may connect.
const SOCKET_MODE: u32 = 0o600;

/// What a running server can be asked.
pub trait Commands: Send + Sync + 'static {
    /// The functions of every service: `{"SERVICE": [OFFER, …], …}`.
    fn functions(&self) -> impl Future<Output = serde_json::Value> + Send;

    /// The same as soon as no worker is being loaded, and which services cannot say.
    fn offered(&self) -> impl Future<Output = Offered> + Send;

    /// What all services answer, of this host, or of those that no route names. `None`: the server stops.
    fn description(&self, host: Option<String>) -> impl Future<Output = Option<Described>> + Send;

    /// Calls one of them.
    fn call(&self, call: Call) -> impl Future<Output = Result<Answer, Refusal>> + Send;

    /// Most bytes of a call's arguments.
    fn arguments_bytes_max(&self) -> usize;
}

/// A function to be called.
#[derive(Debug)]
pub struct Call {
    pub service: String,
    pub function: String,
    /// A JSON object, not checked.
    pub arguments: Bytes,
    /// `None`: the server's own.
    pub timeout: Option<Duration>,
}

/// What a call came to.
#[derive(Debug)]
pub enum Answer {
    /// JSON.
    Value(Bytes),
    /// JSON each, as they come. Dropped, the call is given up.
    Items(mpsc::Receiver<Result<Bytes, Refusal>>),
}

/// Why a call failed: the JSON of a THROW frame.
#[derive(Debug, Clone)]
pub struct Refusal(pub serde_json::Value);

impl Refusal {
    fn status(&self) -> StatusCode {
        match self.0["code"].as_str().unwrap_or_default() {
            "invalid_arguments" | "unsupported_value" => StatusCode::UNPROCESSABLE_ENTITY,
            "unknown_service" | "unknown_function" => StatusCode::NOT_FOUND,
            "too_large" => StatusCode::PAYLOAD_TOO_LARGE,
            "overloaded" | "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            "deadline_exceeded" => StatusCode::GATEWAY_TIMEOUT,
            "worker_lost" => StatusCode::BAD_GATEWAY,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// The bound socket. Its path is removed when this is dropped, unless another server's has taken its place.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
    place: Place,
}

#[derive(Debug)]
struct Place {
    path: PathBuf,
    inode: u64,
}

impl Control {
    /// Binds the socket, in the place of one that nobody answers at any more, and gives it to that user and group.
    ///
    /// # Errors
    /// What the system says; [`io::ErrorKind::AddrInUse`] where a running server answers there.
    pub async fn bind(path: &Path, owner: (Option<u32>, Option<u32>)) -> io::Result<Self> {
        match UnixStream::connect(path).await.map_err(|error| error.kind()) {
            Err(io::ErrorKind::ConnectionRefused | io::ErrorKind::NotFound) => {}
            // Of a server that has no room for further callers now, too.
            Ok(_) | Err(io::ErrorKind::WouldBlock) => return Err(io::ErrorKind::AddrInUse.into()),
            Err(other) => return Err(other.into()),
        }
        // Made under another name and then moved: under its own it is never open to others, and never missing.
        let made = path.with_extension(format!("{}.part", std::process::id()));
        let listener = UnixListener::bind(&made)?;
        let (uid, gid) = owner;
        let placed = fs::set_permissions(&made, fs::Permissions::from_mode(SOCKET_MODE))
            .and_then(|()| chown(&made, uid, gid))
            .and_then(|()| fs::metadata(&made))
            .and_then(|found| fs::rename(&made, path).map(|()| found.ino()));
        match placed {
            Ok(inode) => Ok(Self { listener, place: Place { path: path.to_owned(), inode } }),
            Err(error) => {
                // The reason is told; a left-over says nothing more.
                let _ = fs::remove_file(&made);
                Err(error)
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// Answers until it is dropped.
    pub async fn serve(self, commands: Arc<impl Commands>) {
        let Self { listener, place: _place } = self;
        let permits = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
        loop {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let stream = match listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!("the control socket takes no connection: {error}");
                    // Descriptors are short: those that end give some back.
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    continue;
                }
            };
            let commands = Arc::clone(&commands);
            tokio::spawn(async move {
                let answer = service_fn(|request| {
                    let commands = Arc::clone(&commands);
                    async move { Ok::<_, Infallible>(answer(&*commands, request).await) }
                });
                // Who asked has left: there is nobody to be told.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
                drop(permit);
            });
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if fs::metadata(&self.path).is_ok_and(|found| found.ino() == self.inode) {
            // Whoever the server has become may have no right to; the next one takes its place.
            let _ = fs::remove_file(&self.path);
        }
    }
}

type Said = BoxBody<Bytes, Infallible>;

async fn answer(commands: &impl Commands, request: Request<Incoming>) -> Response<Said> {
    let segments: Vec<&str> = request.uri().path().trim_start_matches('/').split('/').collect();
    match (request.method(), segments.as_slice()) {
        (&Method::GET, ["functions"]) => json(StatusCode::OK, commands.functions().await.to_string().into()),
        (&Method::GET, ["offered"]) => said(&commands.offered().await),
        (&Method::GET, ["description"]) => {
            let host = request.uri().query().and_then(|query| query.strip_prefix("host=")).map(str::to_owned);
            match commands.description(host).await {
                Some(described) => said(&described),
                None => refuse(StatusCode::SERVICE_UNAVAILABLE, "the server stops"),
            }
        }
        (&Method::POST, [_, ..]) if segments.len() == 3 && segments[0] == "call" => {
            let (service, function) = (segments[1].to_owned(), segments[2].to_owned());
            call(commands, service, function, request).await
        }
        _ => refuse(
            StatusCode::NOT_FOUND,
            "the control socket has /functions, /offered, /description and /call/SERVICE/FUNCTION",
        ),
    }
}

fn said(answer: &impl Serialize) -> Response<Said> {
    match serde_json::to_vec(answer) {
        Ok(text) => json(StatusCode::OK, text.into()),
        Err(error) => refuse(StatusCode::INTERNAL_SERVER_ERROR, &error.to_string()),
    }
}

async fn call(
    commands: &impl Commands,
    service: String,
    function: String,
    request: Request<Incoming>,
) -> Response<Said> {
    let timeout = request.uri().query().and_then(|query| query.strip_prefix("timeout_ms="));
    let timeout = match timeout.map(str::parse).transpose() {
        Ok(timeout) => timeout.map(Duration::from_millis),
        Err(_) => return refuse(StatusCode::BAD_REQUEST, "timeout_ms is a number of milliseconds"),
    };
    let arguments = match Limited::new(request.into_body(), commands.arguments_bytes_max()).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return refuse(StatusCode::PAYLOAD_TOO_LARGE, &error.to_string()),
    };
    match commands.call(Call { service, function, arguments, timeout }).await {
        Ok(Answer::Value(value)) => json(StatusCode::OK, value),
        Ok(Answer::Items(items)) => {
            let mut response = Response::new(Items(items).boxed());
            response.headers_mut().insert(CONTENT_TYPE, JSONL);
            response
        }
        Err(refusal) => json(refusal.status(), refusal.0.to_string().into()),
    }
}

const JSON: hyper::header::HeaderValue = hyper::header::HeaderValue::from_static("application/json");
const JSONL: hyper::header::HeaderValue = hyper::header::HeaderValue::from_static("application/jsonl");

fn json(status: StatusCode, value: Bytes) -> Response<Said> {
    let mut response = Response::new(Full::new(value).boxed());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

fn refuse(status: StatusCode, message: &str) -> Response<Said> {
    let refusal = serde_json::json!({ "code": "control", "message": message });
    json(status, refusal.to_string().into())
}

/// A stream as lines.
struct Items(mpsc::Receiver<Result<Bytes, Refusal>>);

impl Body for Items {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|item| {
            let line = match item? {
                Ok(item) => [b"{\"item\":", &item[..], b"}\n"].concat(),
                Err(refusal) => {
                    self.0.close();
                    format!("{{\"error\":{}}}\n", refusal.0).into_bytes()
                }
            };
            Some(Ok(Frame::data(line.into())))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Client, Reply};

    struct Echo;

    impl Commands for Echo {
        async fn functions(&self) -> serde_json::Value {
            serde_json::json!({ "model": [{ "name": "similar" }] })
        }

        async fn offered(&self) -> Offered {
            let functions = self.functions().await;
            Offered { functions, services: vec!["model".to_owned()], not_ready: Vec::new() }
        }

        async fn description(&self, host: Option<String>) -> Option<Described> {
            let host = host?;
            Some(Described { document: host.into(), left_out: vec!["a".to_owned()], unanswered: Vec::new() })
        }

        async fn call(&self, call: Call) -> Result<Answer, Refusal> {
            let Call { service, function, arguments, timeout } = call;
            assert_eq!((service.as_str(), timeout), ("model", Some(Duration::from_millis(1_500))));
            match function.as_str() {
                "echo" => Ok(Answer::Value(arguments)),
                "count" => {
                    let (items, receiver) = mpsc::channel(4);
                    for item in ["1", "2"] {
                        items.try_send(Ok(item.into())).expect("there is room");
                    }
                    items.try_send(Err(lost())).expect("there is room");
                    Ok(Answer::Items(receiver))
                }
                _ => Err(lost()),
            }
        }

        fn arguments_bytes_max(&self) -> usize {
            1_000
        }
    }

    fn lost() -> Refusal {
        Refusal(serde_json::json!({ "code": "worker_lost", "message": "its worker ended" }))
    }

    async fn served() -> (tempfile::TempDir, PathBuf, tokio::task::JoinHandle<()>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("control.sock");
        let control = Control::bind(&path, (None, None)).await.expect("bound");
        let task = tokio::spawn(control.serve(Arc::new(Echo)));
        (folder, path, task)
    }

    #[tokio::test]
    async fn what_is_asked_is_answered() {
        let (_folder, path, _task) = served().await;
        let client = Client::connect(&path).await.expect("connected");
        assert_eq!(client.functions().await.expect("answered")["model"][0]["name"], "similar");
        let offered = client.offered().await.expect("answered");
        assert_eq!(offered, Echo.offered().await);
        let described = client.description(Some("example.com")).await.expect("answered");
        assert_eq!((described.document.as_str(), described.left_out.len()), (Some("example.com"), 1));
        let error = client.description(None).await.expect_err("it stops");
        assert_eq!(error.to_string(), "the server cannot say: the server stops");
        let timeout = Some(Duration::from_millis(1_500));
        let mut reply = client.call("model", "echo", "{\"a\": 1}".into(), timeout).await.expect("answered");
        assert!(matches!(&reply, Reply::Value(value) if value == "{\"a\": 1}"), "{reply:?}");
        reply = client.call("model", "gone", "{}".into(), timeout).await.expect("answered");
        assert!(matches!(&reply, Reply::Refused(why) if why["code"] == "worker_lost"), "{reply:?}");
        let Reply::Items(mut items) =
            client.call("model", "count", "{}".into(), timeout).await.expect("answered")
        else {
            panic!("a stream")
        };
        let mut lines = Vec::new();
        while let Some(line) = items.next().await.expect("read") {
            lines.push(line.to_string());
        }
        assert_eq!(lines[..2], [r#"{"item":1}"#, r#"{"item":2}"#]);
        assert!(lines[2].contains("worker_lost"), "{lines:?}");
    }

    #[tokio::test]
    async fn names_that_cannot_be_asked_for_are_not_asked() {
        let (_folder, path, _task) = served().await;
        let client = Client::connect(&path).await.expect("connected");
        for function in ["of a sentence", &"x".repeat(70_000)] {
            let error = client.call("model", function, "{}".into(), None).await.expect_err("refused");
            assert!(error.to_string().starts_with("there can be no function of this name"), "{error}");
        }
    }

    #[tokio::test]
    async fn arguments_that_are_too_long_are_refused() {
        let (_folder, path, _task) = served().await;
        let client = Client::connect(&path).await.expect("connected");
        let arguments = format!("{{\"a\": \"{}\"}}", "x".repeat(2_000));
        let reply = client.call("model", "echo", arguments.into(), None).await.expect("answered");
        assert!(matches!(&reply, Reply::Refused(why) if why["code"] == "control"), "{reply:?}");
    }

    #[tokio::test]
    async fn a_running_server_is_not_pushed_aside_and_a_dead_ones_place_is_taken() {
        let (folder, path, task) = served().await;
        assert_eq!(fs::metadata(&path).expect("there").mode() & 0o777, SOCKET_MODE);
        let error = Control::bind(&path, (None, None)).await.expect_err("in use");
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        task.abort();
        let _ = task.await;
        assert!(!path.exists(), "it is gone with its server");

        drop(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
        assert!(path.exists(), "what a killed server leaves");
        let control = Control::bind(&path, (None, None)).await.expect("bound");
        assert_eq!(control.path(), path);
        drop(control);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    }
}
