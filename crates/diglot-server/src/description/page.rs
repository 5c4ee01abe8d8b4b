//! The page that shows the document, and the files that it loads.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::sync::Arc;

use bytes::Bytes;
use diglot_front::own::{Content, Handler, Handling, Request, Response};
use diglot_openapi::{Asset, CONTENT_SECURITY_POLICY, asset, page};
use flate2::read::GzDecoder;
use parking_lot::Mutex;

use super::{refusal, text};

/// What answers at the page's path, and below it.
#[derive(Debug)]
pub(crate) struct Page {
    html: Bytes,
    /// Files for clients that do not take gzip, unpacked when the first of them asked.
    unpacked: Mutex<BTreeMap<&'static str, Bytes>>,
}

impl Page {
    /// The page at a path, of the document at another.
    pub(crate) fn new(at: &str, document: &str) -> Arc<Self> {
        Arc::new(Self { html: page(at, document).into(), unpacked: Mutex::default() })
    }

    fn answer(&self, request: &Request) -> Response {
        if let Some(refusal) = refusal(request, false) {
            return refusal;
        }
        match request.below() {
            "" => Response::new(200, Content::Whole(self.html.clone()))
                .field("Content-Type", "text/html; charset=utf-8")
                .field("Content-Security-Policy", CONTENT_SECURITY_POLICY)
                .field("Cache-Control", "no-cache")
                .field("Referrer-Policy", "no-referrer")
                .field("X-Content-Type-Options", "nosniff"),
            // What the page loads it finds beside itself.
            "/" => {
                let path = request.path.trim_end_matches('/');
                let name = path.rsplit('/').next().unwrap_or_default();
                text(308, "The page is elsewhere.").field("Location", &format!("../{name}"))
            }
            below => match asset(below) {
                Some(asset) => self.file(request, asset),
                None => text(404, "Nothing is here."),
            },
        }
    }

    /// A file under a path that has its version.
    fn file(&self, request: &Request, asset: Asset) -> Response {
        let takes_gzip = request.fields.all("accept-encoding").any(accepts_gzip);
        let response = match takes_gzip {
            true => Response::new(200, Content::Whole(Bytes::from_static(asset.gzip)))
                .field("Content-Encoding", "gzip"),
            false => match self.unpacked(&asset) {
                Ok(content) => Response::new(200, Content::Whole(content)),
                Err(_) => return text(500, "The file is broken."),
            },
        };
        response
            .field("Content-Type", asset.media_type)
            .field("Cache-Control", "public, max-age=31536000, immutable")
            .field("Vary", "Accept-Encoding")
            .field("X-Content-Type-Options", "nosniff")
    }

    fn unpacked(&self, asset: &Asset) -> io::Result<Bytes> {
        let mut unpacked = self.unpacked.lock();
        if let Some(content) = unpacked.get(asset.path) {
            return Ok(content.clone());
        }
        let mut content = Vec::new();
        GzDecoder::new(asset.gzip).read_to_end(&mut content)?;
        Ok(unpacked.entry(asset.path).or_insert(content.into()).clone())
    }
}

/// Whether a value of Accept-Encoding names gzip, and not with a weight of 0.
fn accepts_gzip(value: &[u8]) -> bool {
    String::from_utf8_lossy(value).split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight =
            parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse::<f32>().ok());
        is_gzip && weight != Some(0.0)
    })
}

impl Handler for Page {
    fn body_bytes_max(&self) -> u64 {
        0
    }

    fn handle(self: Arc<Self>, request: Request) -> Handling {
        Box::pin(async move { self.answer(&request) })
    }
}
