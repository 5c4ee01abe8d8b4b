//! The commands' side.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::{Described, Offered};

/// Why a server could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody answers there.
    #[error("no server answers at {}: {error}", .path.display())]
    NoServer { path: PathBuf, error: io::Error },
    /// It ended, or is no Diglot.
    #[error("the server did not answer: {0}")]
    Http(#[from] hyper::Error),
    /// The same.
    #[error("the server's answer makes no sense: {0}")]
    Json(#[from] serde_json::Error),
    /// It stops, or is older than what is asked.
    #[error("the server cannot say: {0}")]
    Refused(String),
    /// What is called cannot have this name.
    #[error("there can be no function of this name: {0}")]
    Name(#[from] hyper::http::uri::InvalidUri),
}

/// A server that answers.
#[derive(Debug)]
pub struct Client {
    path: PathBuf,
}

/// What a call came to.
#[derive(Debug)]
pub enum Reply {
    /// JSON.
    Value(Bytes),
    /// A stream.
    Items(Lines),
    /// The JSON of what went wrong.
    Refused(Value),
}

impl Client {
    /// Finds out whether a server answers at `path`.
    ///
    /// # Errors
    /// [`ClientError::NoServer`] if none does.
    pub async fn connect(path: &Path) -> Result<Self, ClientError> {
        let client = Self { path: path.to_owned() };
        client.stream().await.map(|_| client)
    }

    async fn stream(&self) -> Result<UnixStream, ClientError> {
        let connected = UnixStream::connect(&self.path).await;
        connected.map_err(|error| ClientError::NoServer { path: self.path.clone(), error })
    }

    /// The functions of every service.
    ///
    /// # Errors
    /// The server did not answer.
    pub async fn functions(&self) -> Result<Value, ClientError> {
        let response = self.ask(Method::GET, Uri::from_static("/functions"), Bytes::new()).await?;
        Ok(serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?)
    }

    /// What all services answer, of this host, or of those that no route names.
    ///
    /// # Errors
    /// The server did not answer, or cannot.
    pub async fn description(&self, host: Option<&str>) -> Result<Described, ClientError> {
        let query = host.map(|host| format!("?host={host}")).unwrap_or_default();
        self.read(format!("/description{query}").parse()?).await
    }

    /// The functions of every service when no worker is being loaded any more, and which services cannot say.
    ///
    /// # Errors
    /// The server did not answer, or cannot.
    pub async fn offered(&self) -> Result<Offered, ClientError> {
        self.read(Uri::from_static("/offered")).await
    }

    async fn read<R: DeserializeOwned>(&self, target: Uri) -> Result<R, ClientError> {
        let response = self.ask(Method::GET, target, Bytes::new()).await?;
        let is_answer = response.status().is_success();
        let answer: Value = serde_json::from_slice(&response.into_body().collect().await?.to_bytes())?;
        match is_answer {
            true => Ok(serde_json::from_value(answer)?),
            false => Err(ClientError::Refused(answer["message"].as_str().unwrap_or_default().to_owned())),
        }
    }

    /// Calls a function with the arguments of this JSON object.
    ///
    /// # Errors
    /// The server did not answer; what a call itself comes to is a [`Reply`].
    pub async fn call(
        &self,
        service: &str,
        function: &str,
        arguments: Bytes,
        timeout: Option<Duration>,
    ) -> Result<Reply, ClientError> {
        let query = timeout.map(|timeout| format!("?timeout_ms={}", timeout.as_millis())).unwrap_or_default();
        let target: Uri = format!("/call/{service}/{function}{query}").parse()?;
        let response = self.ask(Method::POST, target, arguments).await?;
        if !response.status().is_success() {
            return Ok(Reply::Refused(serde_json::from_slice(
                &response.into_body().collect().await?.to_bytes(),
            )?));
        }
        if response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == "application/jsonl") {
            return Ok(Reply::Items(Lines { body: response.into_body(), read: BytesMut::new() }));
        }
        Ok(Reply::Value(response.into_body().collect().await?.to_bytes()))
    }

    async fn ask(&self, method: Method, target: Uri, body: Bytes) -> Result<Response<Incoming>, ClientError> {
        let (mut sender, connection) = http1::handshake(TokioIo::new(self.stream().await?)).await?;
        // It ends with the response, or with an error that the request gives, too.
        tokio::spawn(connection);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target;
        request.headers_mut().insert(HOST, hyper::header::HeaderValue::from_static("diglot"));
        Ok(sender.send_request(request).await?)
    }
}

/// The items of a stream: `{"item": …}` each, and `{"error": …}` where it ends too early.
#[derive(Debug)]
pub struct Lines {
    body: Incoming,
    read: BytesMut,
}

impl Lines {
    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// The server ended, or what it says is no JSON.
    pub async fn next(&mut self) -> Result<Option<Value>, ClientError> {
        loop {
            if let Some(end) = self.read.iter().position(|byte| *byte == b'\n') {
                let line = self.read.split_to(end);
                self.read.advance(1);
                return Ok(Some(serde_json::from_slice(&line)?));
            }
            match self.body.frame().await.transpose()? {
                Some(frame) => self.read.extend(frame.into_data().ok()),
                None => return Ok(None),
            }
        }
    }
}
