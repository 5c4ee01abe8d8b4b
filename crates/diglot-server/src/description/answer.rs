//! What an application answers where it may have its document.

use std::fmt::Display;
use std::io::Read as _;

use bytes::BytesMut;
use diglot_openapi::{Unreadable, read};
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderName, LOCATION};
use hyper::{Request, Response, StatusCode};
use serde_json::Value;

/// drf-spectacular writes YAML to whoever does not ask for JSON.
const TAKEN: &str = "application/vnd.oai.openapi+json, application/json";
/// Bytes of a document, as it comes and unpacked.
const DOCUMENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Bytes of an answer's field that are told.
const FIELD_BYTES_MAX: usize = 200;

/// Why there is no document. What says more is further down.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Failure {
    /// Nothing is there.
    Absent,
    /// Whoever asks does not get it, in a sentence: there is a page to log in at.
    Refused(String),
    /// As before, perhaps since the host is not known by the name that was used.
    Misnamed(String),
    /// It could not be asked, or did not say: it may the next time.
    Unanswered(String),
    /// What it has at this path is no document.
    Unreadable(String, String),
}

/// What was answered at one place.
#[derive(Debug)]
pub(super) struct Answer {
    path: String,
    status: StatusCode,
    media_type: String,
    coding: String,
    location: String,
    content: BytesMut,
}

impl Answer {
    /// One request, and all of its answer that there may be.
    pub(super) async fn to(
        sender: &mut SendRequest<Empty<Bytes>>,
        host: &str,
        path: String,
    ) -> Result<Self, Failure> {
        let failed = |error: &dyn Display| Failure::Unanswered(format!("GET {path}: {error}"));
        sender.ready().await.map_err(|error| failed(&error))?;
        let request = Request::get(&path)
            .header(HOST, host)
            .header(ACCEPT, TAKEN)
            .header(ACCEPT_ENCODING, "identity")
            .body(Empty::new())
            .map_err(|error| failed(&error))?;
        let response = sender.send_request(request).await.map_err(|error| failed(&error))?;
        let mut answer = Self {
            status: response.status(),
            media_type: field(&response, CONTENT_TYPE),
            coding: field(&response, CONTENT_ENCODING),
            location: field(&response, LOCATION),
            content: BytesMut::new(),
            path: path.clone(),
        };
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(|error| failed(&error))?.into_data() else { continue };
            if answer.content.len() + data.len() > DOCUMENT_BYTES_MAX {
                return Err(answer.unreadable(&too_long()));
            }
            answer.content.extend_from_slice(&data);
        }
        Ok(answer)
    }

    /// The document, if it is one. `is_guess`: nobody has said that there is one at this place. It may take a moment.
    pub(super) fn document(self, is_guess: bool) -> Result<Value, Failure> {
        if self.status != StatusCode::OK {
            return Err(self.refusal(is_guess));
        }
        let unpacked = self.unpacked()?;
        match read(unpacked.as_deref().unwrap_or(&self.content)) {
            // A page for whatever path is asked for is no document.
            Err(Unreadable::NoJson(_)) if is_guess && !self.media_type.contains("json") => {
                Err(Failure::Absent)
            }
            Err(Unreadable::NoOpenApi) if is_guess => Err(Failure::Absent),
            document => document.map_err(|why| self.unreadable(&why)),
        }
    }

    /// What some send packed to whoever asks.
    fn unpacked(&self) -> Result<Option<Vec<u8>>, Failure> {
        match self.coding.as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => {
                let mut content = Vec::new();
                let unpacked = MultiGzDecoder::new(&self.content[..])
                    .take(DOCUMENT_BYTES_MAX as u64 + 1)
                    .read_to_end(&mut content);
                unpacked.map_err(|error| self.unreadable(&format!("it is no gzip: {error}")))?;
                if content.len() > DOCUMENT_BYTES_MAX {
                    return Err(self.unreadable(&too_long()));
                }
                Ok(Some(content))
            }
            coding => {
                let why = format!("it is packed with {coding}, and was asked for as it is");
                Err(self.unreadable(&why))
            }
        }
    }

    fn refusal(&self, is_guess: bool) -> Failure {
        let to = if self.location.is_empty() { String::new() } else { format!(" (to {})", self.location) };
        let what = format!("GET {} was answered with {}{to}", self.path, self.status);
        match self.status {
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE if is_guess => {
                Failure::Absent
            }
            status if status.is_success() && is_guess => Failure::Absent,
            StatusCode::BAD_REQUEST | StatusCode::MISDIRECTED_REQUEST => Failure::Misnamed(what),
            status if status.is_server_error() => Failure::Unanswered(what),
            _ => Failure::Refused(what),
        }
    }

    fn unreadable(&self, why: &dyn Display) -> Failure {
        Failure::Unreadable(self.path.clone(), why.to_string())
    }
}

/// A field's value in small letters but for places, as far as it is told.
fn field<B>(response: &Response<B>, name: HeaderName) -> String {
    let keeps_case = name == LOCATION;
    let value = response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let value: String = value.trim().chars().take(FIELD_BYTES_MAX).collect();
    if keeps_case { value } else { value.to_ascii_lowercase() }
}

fn too_long() -> String {
    format!("it is longer than {} MiB", DOCUMENT_BYTES_MAX / (1024 * 1024))
}
