//! The codec beside hyper's on the same bytes: requests that both accept are the same requests. Where one
//! rejects, the other may not: the differences that are meant are in `docs/internals/http1.md`.
#![no_main]

mod h1_support;

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use h1_support::connection;
use hyper::body::{Body, Incoming};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use libfuzzer_sys::fuzz_target;

/// Hands out its bytes, then the end; forgets what is written.
struct Bytes<'b>(&'b [u8]);

impl Read for Bytes<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut room: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.0.split_at(self.0.len().min(room.remaining()));
        room.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

impl Write for Bytes<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

type Fields = Vec<(String, Vec<u8>)>;

/// Method, target, fields sorted by their lowercase names, content.
type Seen = (String, String, Fields, Vec<u8>);

async fn collect(mut body: Incoming) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        if let Ok(data) = frame.ok()?.into_data() {
            content.extend_from_slice(&data);
        }
    }
    Some(content)
}

/// The requests hyper accepts, with their whole content.
fn hyper_reads(bytes: &[u8]) -> Vec<Seen> {
    let seen = RefCell::new(Vec::new());
    let service = service_fn(|request: hyper::Request<Incoming>| {
        let seen = &seen;
        async move {
            let (head, body) = request.into_parts();
            if let Some(content) = collect(body).await {
                let fields =
                    head.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
                let mut fields: Fields = fields.collect();
                fields.sort();
                seen.borrow_mut().push((head.method.to_string(), head.uri.to_string(), fields, content));
            }
            Ok::<_, Infallible>(hyper::Response::new(String::new()))
        }
    });
    {
        let mut connection =
            pin!(http1::Builder::new().half_close(true).serve_connection(Bytes(bytes), service));
        let mut context = Context::from_waker(Waker::noop());
        // Its input is always ready; it gives way now and then all the same.
        for _ in 0..10_000 {
            if connection.as_mut().poll(&mut context).is_ready() {
                break;
            }
        }
    }
    seen.into_inner()
}

fuzz_target!(|bytes: &[u8]| {
    let (ours, _) = connection([bytes]);
    for (ours, theirs) in ours.into_iter().zip(hyper_reads(bytes)) {
        let lossy = |bytes: Vec<u8>| String::from_utf8(bytes).expect("a token or a target is ASCII");
        let mut fields: Fields =
            ours.fields.into_iter().map(|(name, value)| (lossy(name).to_ascii_lowercase(), value)).collect();
        fields.sort();
        let target = lossy(ours.target);
        // Other forms come out of hyper's `Uri` normalised.
        let is_origin = target.starts_with('/');
        let their_target = if is_origin { theirs.1 } else { target.clone() };
        assert_eq!(
            (lossy(ours.method), target, fields, ours.content),
            (theirs.0, their_target, theirs.2, theirs.3)
        );
    }
});
