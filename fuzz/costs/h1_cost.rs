//! What a request costs the codec: reading its head, and writing a response; beside it hyper.
//!
//! `cargo run --profile bench --features hyper --example h1_cost`, in this folder. Each figure is the least of
//! many rounds, in nanoseconds; the results are in `docs/internals/http1.md`.
#![allow(clippy::print_stdout, reason = "it prints a table")]

use std::cell::Cell;
use std::convert::Infallible;
use std::hint::black_box;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use diglot_front::h1::{
    BodyEncoder, FieldScratch, HeadOptions, Limits, RequestFacts, Scratch, Status, Version, WorkerFields,
    frame_response, parse_request, write_head,
};
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::server::conn::http1;
use hyper::service::service_fn;

const FIVE_FIELDS: &[u8] =
    b"GET /hello?name=world HTTP/1.1\r\nHost: 127.0.0.1:8000\r\nUser-Agent: wrk/4.1.0\r\n\
    Accept: */*\r\nAccept-Encoding: gzip\r\nConnection: keep-alive\r\n\r\n";

const BROWSER: &[u8] = b"GET /static/app.js?v=3f2c HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n\
    sec-ch-ua: \"Chromium\";v=\"140\", \"Not;A=Brand\";v=\"24\"\r\nsec-ch-ua-mobile: ?0\r\n\
    sec-ch-ua-platform: \"Linux\"\r\nUpgrade-Insecure-Requests: 1\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36\r\n\
    Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n\
    Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\nSec-Fetch-User: ?1\r\nSec-Fetch-Dest: document\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\nAccept-Language: en-US,en;q=0.9\r\n\
    Cookie: session=0123456789abcdef0123456789abcdef; theme=dark; _ga=GA1.1.1234567890.1234567890\r\n\r\n";

const FIELDS: &[u8] = b"content-type: application/json\r\ncontent-length: 27\r\nx-request-id: abcdef\r\n";
const CONTENT: &[u8] = b"{\"hello\":\"world\",\"n\":12345}";

/// The least time of one call, over rounds of `calls` calls.
fn measure(name: &str, calls: u32, mut round: impl FnMut()) {
    const ROUNDS: u32 = 300;
    let mut best_ns = f64::MAX;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        round();
        best_ns = best_ns.min(start.elapsed().as_nanos() as f64 / f64::from(calls));
    }
    println!("{name:<46}{best_ns:>8.0} ns");
}

fn write_response(out: &mut Vec<u8>, scratch: &mut FieldScratch) {
    let fields = WorkerFields::parse(black_box(FIELDS), scratch, 100).expect("valid fields");
    let version = Version::Http11;
    let request = RequestFacts { is_head: false, is_connect: false, version, keep_alive: true };
    let framing = frame_response(request, 200, fields.content_length(), Some(CONTENT.len() as u64));
    let date = Some(b"Sun, 06 Nov 1994 08:49:37 GMT");
    let options = HeadOptions { status: 200, reason: None, framing, version, keep_alive: true, date };
    write_head(out, &options, &fields);
    let mut encoder = BodyEncoder::new(framing);
    encoder.write(out, CONTENT).expect("the declared length");
    encoder.finish(out, b"").expect("the declared length");
}

/// Hands out its bytes, then the end; forgets what is written.
struct Pipe<'b>(&'b [u8]);

impl Read for Pipe<'_> {
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

impl Write for Pipe<'_> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        black_box(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Serves `input` on one connection of hyper, with the same fields and content in each response.
fn serve_with_hyper(input: &[u8], requests: u32) {
    let served = Cell::new(0);
    let service = service_fn(|request: hyper::Request<Incoming>| async {
        black_box(request);
        served.set(served.get() + 1);
        let response = hyper::Response::builder()
            .header("content-type", "application/json")
            .header("x-request-id", "abcdef")
            .body("{\"hello\":\"world\",\"n\":12345}".to_owned());
        Ok::<_, Infallible>(response.expect("a valid response"))
    });
    let mut connection = pin!(
        http1::Builder::new().half_close(true).pipeline_flush(true).serve_connection(Pipe(input), service)
    );
    let mut context = Context::from_waker(Waker::noop());
    while connection.as_mut().poll(&mut context).is_pending() {}
    assert_eq!(served.get(), requests, "hyper stopped early");
}

fn main() {
    const CALLS: u32 = 1000;
    let limits = Limits::default();
    let (mut scratch, mut field_scratch, mut out) = (Scratch::new(), FieldScratch::default(), Vec::new());
    for (name, head) in [("5 fields", FIVE_FIELDS), ("15 fields of a browser", BROWSER)] {
        measure(&format!("diglot reads a head, {name}"), CALLS, || {
            for _ in 0..CALLS {
                match parse_request(black_box(head), &mut scratch, &limits) {
                    Ok(Status::Complete(head)) => _ = black_box(&head),
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    measure("diglot checks fields and writes a response", CALLS, || {
        for _ in 0..CALLS {
            out.clear();
            write_response(&mut out, &mut field_scratch);
            black_box(&out);
        }
    });
    for (name, head) in [("5 fields", FIVE_FIELDS), ("15 fields of a browser", BROWSER)] {
        let pipelined = head.repeat(CALLS as usize);
        measure(&format!("diglot reads and answers, {name}"), CALLS, || {
            let mut rest = &pipelined[..];
            while !rest.is_empty() {
                let Ok(Status::Complete(head)) = parse_request(rest, &mut scratch, &limits) else { panic!() };
                black_box(&head);
                rest = &rest[head.head_bytes..];
                out.clear();
                write_response(&mut out, &mut field_scratch);
                black_box(&out);
            }
        });
        measure(&format!("hyper reads and answers, {name}"), CALLS, || serve_with_hyper(&pipelined, CALLS));
    }
}
