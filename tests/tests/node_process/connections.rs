//! Whose a client's connection is: of the front, of the worker that has its request, and of the application's server, which closes
//! what is idle.

use std::collections::HashSet;
use std::net::Shutdown;

use diglot_tests::{Client, Running, load};
use rustix::process::Signal;

use super::program;

/// Says when it has let go of a connection, by the path of the first request on it. `/hold` is never answered whole.
const TIMED: &str = r#"
const http = require("node:http");
const server = http.createServer((request, response) => {
  const { socket, url } = request;
  if (!socket.known) socket.once("close", () => console.log(`${process.pid} left ${url}`));
  socket.known = true;
  if (url === "/hold") return response.write(`${process.pid}\n`);
  request.resume().on("end", () => response.end(String(process.pid)));
}).listen(0);
server.keepAliveTimeout = 1500;
"#;

/// A request that its worker has until the client leaves, and the worker.
fn hold(running: &Running) -> (Client, String) {
    let mut client = running.connect();
    client.send("GET /hold HTTP/1.1\r\nHost: test\r\n\r\n");
    client.take_until(b"\r\n\r\n").expect("a head");
    let pid = client.take_until(b"\n\r\n").expect("a first chunk");
    let pid = String::from_utf8_lossy(&pid).trim_end().rsplit('\n').next().expect("a line").to_owned();
    (client, pid)
}

/// The keep-alive time of a worker's server ends its own connections, and not one that another worker serves by now.
#[test]
fn one_workers_time_does_not_end_what_another_serves() {
    let running = program("server.cjs", TIMED, "workers = 2").run();
    let (held, second) = hold(&running);
    let mut client = running.connect();
    let first = client.get("/first").text();
    assert_ne!(first, second, "the other has less to do");
    let (_holds_first, holder) = hold(&running);
    assert_eq!(holder, first);
    drop(held);
    running.wait_for(|line| line.contains(&format!("{second} left /hold")));
    client.send("POST /second HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nx");
    running.wait_for(|line| line.contains(&format!("{first} left /first")));
    client.send("x");
    assert_eq!(client.response().text(), second);
    // And its own, once it is idle.
    running.wait_for(|line| line.contains(&format!("{second} left /second")));
    assert_eq!(client.rest().expect("an orderly end"), b"");
}

/// Whoever has begun to send a request is not idle, though its worker has not heard of that.
#[test]
fn a_keep_alive_time_does_not_end_a_connection_on_which_a_head_has_begun() {
    let running = program("server.cjs", TIMED, "").run();
    let mut client = running.connect();
    let pid = client.get("/first").text();
    client.send("GET /second HTTP/1.1\r\nHo");
    running.wait_for(|line| line.contains(&format!("{pid} left /first")));
    client.send("st: test\r\n\r\n");
    assert_eq!(client.response().text(), pid);
    assert_eq!(client.rest().expect("an orderly end, by its own time"), b"");
}

const CLOSES: &str = r#"
const http = require("node:http");
const server = http.createServer((request, response) => {
  response.end("ok", () => request.url === "/" || setImmediate(() => server[request.url.slice(1)]()));
}).listen(0);
"#;

/// A program that closes its idle connections closes those on which nothing comes, and all when it closes all.
#[test]
fn idle_connections_are_closed_and_those_on_which_a_head_has_begun_are_not() {
    let running = program("server.cjs", CLOSES, "").run();
    let [mut begun, mut idle] = [(); 2].map(|()| running.connect());
    for client in [&mut begun, &mut idle] {
        assert_eq!(client.get("/").text(), "ok");
    }
    begun.send("GET / HTTP/1.1\r\nHo");
    // Behind an empty line nothing has begun.
    idle.send("\r\n");
    let mut third = running.connect();
    assert_eq!(third.get("/closeIdleConnections").text(), "ok");
    assert_eq!(idle.rest().expect("an orderly end"), b"");
    assert_eq!(third.rest().expect("an orderly end"), b"");
    begun.send("st: test\r\n\r\n");
    assert_eq!(begun.response().text(), "ok");
    begun.send("GET / HTTP/1.1\r\nHo");
    assert_eq!(running.get("/closeAllConnections").text(), "ok");
    // The system may tell of what was never read.
    assert_eq!(begun.rest().unwrap_or_default(), b"");
}

/// As Express's documentation, and many a container's entry, has it.
const GRACEFUL: &str = r#"
const http = require("node:http");
const server = http.createServer((request, response) => setTimeout(() => response.end("ok"), 2)).listen(0);
process.on("SIGTERM", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
"#;

#[test]
fn a_reload_of_a_program_that_closes_its_idle_connections_loses_nothing() {
    let running = program("server.cjs", GRACEFUL, "workers = 2").run();
    let load = load(running.address(), "/", 8);
    for round in 1..=3 {
        load.goes_on(100);
        let before: HashSet<u32> = running.workers().into_iter().collect();
        running.signal(Signal::HUP);
        let done = |line: &&String| line.contains("every worker has been restarted");
        while running.log().iter().filter(done).count() < round {
            running.wait_for(|line| line.contains("every worker has been restarted"));
        }
        assert!(before.is_disjoint(&running.workers().into_iter().collect()));
    }
    load.goes_on(100);
    let outcomes = load.stop();
    assert_eq!(outcomes.lost, Vec::<String>::new());
    assert_eq!(outcomes.statuses.keys().copied().collect::<Vec<_>>(), [200], "{outcomes:?}");
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:#?}");
}

const ENDED: &str = r#"
const http = require("node:http");
const server = http.createServer((request, response) => {
  if (request.url === "/waits") request.resume().on("error", ({ code }) => console.log(`error ${code}`));
  else response.end("ok");
}).on("clientError", ({ code }, socket) => {
  console.log(`clientError ${code}`);
  socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
}).listen(0);
"#;

/// A client that ends its side within a body may read what the program answers all the same: to the request, or to that.
#[test]
fn a_body_that_its_client_cuts_off_is_the_programs_to_answer() {
    let running = program("server.cjs", ENDED, "").run();
    let cut = |path: &str| {
        let mut client = running.connect();
        client.send(format!("POST {path} HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n"));
        client.stream().shutdown(Shutdown::Write).expect("it can end its side");
        client.response()
    };
    assert_eq!(cut("/").text(), "ok");
    assert_eq!(cut("/waits").status, 400);
    running.wait_for(|line| line.contains("clientError HPE_INVALID_EOF_STATE"));
}
