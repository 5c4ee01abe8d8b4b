//! Handlers of the server's own, by clients that send bytes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use diglot_config::{AccessLog, Limits, Listen, Route, Timeouts, TrustedProxies, WebSocket};
use diglot_front::own::{Content, Cut, Handler, Handling, NextPiece, Pieces, Request, Response, TooLarge};
use diglot_front::{Address, Front, Listener, Router, Settings, SocketOptions, Target};

/// How long a test waits for bytes before it fails.
const PATIENCE: Duration = Duration::from_secs(30);
const BODY_BYTES_MAX: u64 = 1_000_000;

/// Answers by the path below its own.
#[derive(Debug)]
struct Echo {
    /// Says that a handler or a stream was dropped before its end.
    dropped: Mutex<Sender<&'static str>>,
}

struct Dropped(Sender<&'static str>, &'static str);

impl Drop for Dropped {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

impl Handler for Echo {
    fn body_bytes_max(&self) -> u64 {
        BODY_BYTES_MAX
    }

    fn handle(self: Arc<Self>, mut request: Request) -> Handling {
        let dropped = self.dropped.lock().expect("no panic").clone();
        Box::pin(async move {
            match request.below() {
                "/body" => {
                    let mut all = Vec::new();
                    while let Some(piece) = request.body.next().await {
                        match piece {
                            Ok(piece) => all.extend_from_slice(&piece),
                            Err(TooLarge) => return Response::new(413, Content::Whole("long".into())),
                        }
                    }
                    Response::new(200, Content::Whole(all.into()))
                }
                "/head" => {
                    let field = String::from_utf8_lossy(request.fields.get("x-a").unwrap_or(b"none"));
                    let text = format!("{} {} {:?} {field}", request.method, request.path, request.query);
                    Response::new(201, Content::Whole(text.into())).field("X-B", "b")
                }
                "/never" => {
                    let _dropped = Dropped(dropped, "handler");
                    std::future::pending().await
                }
                "/count" => Response::new(200, Content::Pieces(Box::new(Count(0, 5, Some(Ok(())))))),
                "/cut" => Response::new(200, Content::Pieces(Box::new(Count(0, 5, Some(Err(Cut)))))),
                "/endless" => {
                    let _dropped = Dropped(dropped, "stream");
                    Response::new(200, Content::Pieces(Box::new(Endless { _dropped })))
                }
                "/silent" => Response::new(200, Content::Pieces(Box::new(Count(0, 1, None)))),
                "/large" => Response::new(200, Content::Whole(vec![b'x'; 5_000_000].into())),
                _ => Response::new(404, Content::Whole(Bytes::new())),
            }
        })
    }
}

/// Numbers up to the second, then its end; `None`: nothing for ever.
struct Count(usize, usize, Option<Result<(), Cut>>);

impl Pieces for Count {
    fn next(&mut self) -> NextPiece<'_> {
        Box::pin(async move {
            self.0 += 1;
            if self.0 <= self.1 {
                return Some(Ok(format!("{}\n", self.0).into()));
            }
            match self.2 {
                Some(Ok(())) => None,
                Some(Err(cut)) => Some(Err(cut)),
                None => std::future::pending().await,
            }
        })
    }
}

struct Endless {
    _dropped: Dropped,
}

impl Pieces for Endless {
    fn next(&mut self) -> NextPiece<'_> {
        Box::pin(async { Some(Ok(Bytes::from_static(&[b'x'; 10_000]))) })
    }
}

struct Served {
    front: Front,
    address: std::net::SocketAddr,
    dropped: Receiver<&'static str>,
}

fn served() -> Served {
    let (dropped, receiver) = channel();
    let handler = Arc::new(Echo { dropped: Mutex::new(dropped) });
    let route = [Route { host: None, prefix: "/own".to_owned() }];
    let router = Router::new([(Target::Own(handler), route.as_slice(), true)]);
    let settings = Settings {
        threads: 1,
        limits: Limits::default(),
        timeouts: Timeouts { body: Duration::from_millis(300), ..Timeouts::default() },
        access_log: AccessLog::Off,
        trusted_proxies: TrustedProxies::default(),
        websocket: WebSocket::default(),
    };
    let front = Front::start(&settings, router).expect("threads");
    let options = SocketOptions { backlog: 64, mode: None, owner: (None, None) };
    let listener = Listener::bind(&Listen::Tcp(([127, 0, 0, 1], 0).into()), &options).expect("bound");
    let Address::Tcp(address) = *listener.address() else { panic!("TCP") };
    front.accept(&[listener]).expect("accepting");
    Served { front, address, dropped: receiver }
}

impl Served {
    /// Sends bytes, and reads up to the end of the connection.
    fn said(&self, bytes: &str) -> String {
        let mut client = self.sent(bytes);
        let mut said = Vec::new();
        client.read_to_end(&mut said).expect("an end");
        String::from_utf8_lossy(&said).into_owned()
    }

    fn sent(&self, bytes: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).expect("connected");
        client.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        client.write_all(bytes.as_bytes()).expect("sent");
        client
    }
}

/// Reads until `end` has come.
fn until(client: &mut TcpStream, end: &str) -> String {
    let mut said = Vec::new();
    while !said.ends_with(end.as_bytes()) {
        let mut byte = [0];
        client
            .read_exact(&mut byte)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&said)));
        said.push(byte[0]);
    }
    String::from_utf8_lossy(&said).into_owned()
}

#[test]
fn requests_are_answered_one_after_another() {
    let served = served();
    let said = served.said(
        "GET /own/head?q=1 HTTP/1.1\r\nHost: a\r\nX-A: a\r\n\r\n\
         HEAD /own/head HTTP/1.1\r\nHost: a\r\n\r\n\
         POST /own/body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
         POST /own/body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n\
         POST /own/none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
         GET /own/count HTTP/1.1\r\nHost: a\r\n\r\n\
         GET /other HTTP/1.1\r\nHost: a\r\n\r\n\
         GET /own/head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    );
    let statuses: Vec<&str> = said.match_indices("HTTP/1.1 ").map(|(at, _)| &said[at + 9..at + 12]).collect();
    assert_eq!(statuses, ["201", "201", "200", "200", "404", "200", "404", "201"], "{said}");
    assert!(said.contains("GET /own/head Some(\"q=1\") a"), "{said}");
    assert_eq!(said.matches("X-B: b\r\n").count(), 3, "{said}");
    assert!(said.contains("\r\n\r\nabc") && said.contains("\r\n\r\ndef"), "{said}");
    assert!(said.contains("2\r\n1\n\r\n") && said.contains("2\r\n5\n\r\n0\r\n\r\n"), "{said}");
    assert_eq!(served.front.own_requests(), 0);
}

#[test]
fn a_body_is_asked_for() {
    let served = served();
    let mut client = served
        .sent("POST /own/body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(until(&mut client, "\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"abc").expect("sent");
    assert!(until(&mut client, "abc").starts_with("HTTP/1.1 200 OK\r\n"));
    // One that nobody asks for is not waited for.
    let said = served
        .said("POST /own/none HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
    assert!(said.starts_with("HTTP/1.1 404 ") && said.contains("Connection: close\r\n"), "{said}");
}

#[test]
fn a_body_has_its_limit_and_its_time() {
    let served = served();
    let said = served.said("POST /own/body HTTP/1.1\r\nHost: a\r\nContent-Length: 1000001\r\n\r\n");
    assert!(said.starts_with("HTTP/1.1 413 ") && said.ends_with("long"), "{said}");
    let chunk = "x".repeat(600_000);
    let chunks = format!("927c0\r\n{chunk}\r\n927c0\r\n{chunk}\r\n0\r\n\r\n");
    let said = served
        .said(&format!("POST /own/body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"));
    assert!(said.starts_with("HTTP/1.1 413 "), "{said}");
    let said = served.said("POST /own/body HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nab");
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    let said = served.said("POST /own/body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n");
    assert!(said.starts_with("HTTP/1.1 400 "), "{said}");
}

#[test]
fn content_that_breaks_off_is_not_taken_for_all() {
    let served = served();
    let said = served.said("GET /own/cut HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(said.ends_with("2\r\n5\n\r\n"), "what there is comes, and no end: {said}");
    let mut client = served.sent("GET /own/cut HTTP/1.0\r\n\r\n");
    let error = client.read_to_end(&mut Vec::new()).expect_err("an end would say that it is whole");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    let said = served.said("GET /own/count HTTP/1.0\r\n\r\n");
    assert!(said.ends_with("1\n2\n3\n4\n5\n"), "{said}");
}

#[test]
fn a_client_that_leaves_ends_what_was_begun() {
    let served = served();
    drop(served.sent("GET /own/never HTTP/1.1\r\nHost: a\r\n\r\n"));
    assert_eq!(served.dropped.recv_timeout(PATIENCE), Ok("handler"));
    let mut client = served.sent("GET /own/endless HTTP/1.1\r\nHost: a\r\n\r\n");
    until(&mut client, "xxx");
    assert_eq!(served.front.own_requests(), 1);
    assert!(served.dropped.try_recv().is_err(), "a client that does not read is waited for");
    drop(client);
    assert_eq!(served.dropped.recv_timeout(PATIENCE), Ok("stream"));
}

#[test]
fn a_stream_begins_before_it_has_more() {
    let served = served();
    let mut client = served.sent("GET /own/silent HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(until(&mut client, "2\r\n1\n\r\n").contains("Transfer-Encoding: chunked\r\n"));
}

#[test]
fn long_content_comes_whole() {
    let served = served();
    let said = served.said("GET /own/large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let (head, content) = said.split_once("\r\n\r\n").expect("a head");
    assert!(head.contains("Content-Length: 5000000"), "{head}");
    assert_eq!(content.len(), 5_000_000);
}
