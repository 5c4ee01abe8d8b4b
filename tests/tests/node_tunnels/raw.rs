//! Bytes, as they are.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::process::Command;
use std::thread;
use std::time::Duration;

use super::{RAW, program, state, until, upgrade, upgraded};

#[test]
fn an_upgrade_is_raw_both_ways_and_has_its_head() {
    let running = program(RAW).run();
    let mut client = upgraded(&running, "/echo", b"early");
    assert_eq!(client.take(7).expect("the head"), b"5|early");
    client.send("one");
    assert_eq!(client.take(3).expect("an echo"), b"one");
    // Far more than any window, each way at once.
    let bytes: Vec<u8> = (0..8_000_000usize).map(|at| (at * 7 + at / 251) as u8).collect();
    let mut writer = client.stream().try_clone().expect("a second handle");
    let sent = bytes.clone();
    let writing = thread::spawn(move || writer.write_all(&sent).expect("it is taken"));
    assert!(client.take(bytes.len()).expect("all of it") == bytes);
    writing.join().expect("no panic");
    client.stream().shutdown(Shutdown::Write).expect("it is open");
    assert_eq!(client.rest().expect("an orderly end"), b"");
    until(&running, "closed once", |state| state["closes"] == 1 && state["open"] == 0);
}

#[test]
fn requests_before_it_are_answered_first_and_what_is_no_upgrade_is_a_request() {
    let running = program(RAW).run();
    let mut client = running.connect();
    client.send(
        "GET /slow HTTP/1.1\r\nHost: test\r\n\r\nGET /a HTTP/1.1\r\nHost: test\r\n\r\n\
         GET /echo HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\nbehind",
    );
    assert_eq!(client.response().text(), "slow");
    assert_eq!(client.response().text(), "request GET /a");
    assert_eq!(client.response().status, 101);
    assert_eq!(client.take(8).expect("the head"), b"6|behind");

    // Without a listener Upgrade is ignored, and what is behind the request is the next one.
    let running = program(
        "require('http').createServer((request, response) => response.end(request.url)).listen(process.env.PORT)",
    )
    .run();
    let mut client = upgrade(&running, "/plain", b"GET /next HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!((client.response().text(), client.response().text()), ("/plain".into(), "/next".into()));
}

#[test]
fn each_way_ends_by_itself() {
    let running = program(RAW).run();
    let mut client = upgraded(&running, "/half", b"");
    client.send("12345");
    client.stream().shutdown(Shutdown::Write).expect("it is open");
    assert_eq!(client.rest().expect("an orderly end"), b"5 bytes");
    let mut client = upgraded(&running, "/bye", b"");
    assert_eq!(client.take(3).expect("its words"), b"bye");
    let mut end = [0];
    assert_eq!(client.stream().read(&mut end).expect("the worker's end"), 0);
    client.send("still here");
    until(&running, "read behind its own end", |state| state["behind"] == "still here");
    assert_eq!(state(&running)["closes"], 1);
    drop(client);
    until(&running, "closed", |state| state["closes"] == 2);
}

#[test]
fn a_refusal_a_destroyed_and_a_reset_connection_reach_the_client() {
    let running = program(RAW).run();
    let mut client = upgrade(&running, "/refuse", b"");
    let answer = client.response();
    assert_eq!((answer.status, answer.text()), (400, "no".into()));
    assert_eq!(client.rest().expect("an orderly end"), b"");
    let mut client = upgraded(&running, "/destroy", b"");
    assert_eq!(client.rest().expect("an orderly end"), b"last words");
    let error = upgrade(&running, "/reset", b"").rest().expect_err("a reset");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn who_does_not_read_stops_who_writes() {
    let running = program(RAW).run();
    let client = upgraded(&running, "/flood", b"");
    let mut before = 0;
    loop {
        let flooded =
            until(&running, "a flood", |state| state["flooded"].as_u64() > Some(0))["flooded"].as_u64();
        if flooded == Some(before) {
            break;
        }
        before = flooded.expect("a number");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(before < 64 << 20, "{before} bytes for a client that reads none");
    drop(client);
    until(&running, "the flood's end", |state| state["open"] == 0);

    let mut client = upgraded(&running, "/deaf", b"");
    client.stream().set_nonblocking(true).expect("the option can be set");
    let mut sent = 0;
    let block = vec![b'x'; 65_536];
    let mut idle = 0;
    while idle < 20 {
        match client.stream().write(&block) {
            Ok(count) => (sent, idle) = (sent + count, 0),
            Err(_) => {
                idle += 1;
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
    assert!(sent < 64 << 20, "{sent} bytes for a program that reads none");
    client.stream().set_nonblocking(false).expect("the option can be set");
    client.send("");
}

#[test]
fn a_client_that_falls_is_an_error_and_one_that_leaves_is_none() {
    let running = program(RAW).run();
    let client = upgraded(&running, "/half", b"");
    socket2::SockRef::from(client.stream()).set_linger(Some(Duration::ZERO)).expect("the option can be set");
    drop(client);
    until(&running, "a reset", |state| state["closes"] == 1);
    drop(upgraded(&running, "/echo", b""));
    let state = until(&running, "a leave", |state| state["closes"] == 2);
    assert_eq!(state["errors"], serde_json::json!(["ECONNRESET"]));
}

#[test]
fn it_knows_its_client_and_is_in_the_access_log() {
    let running = program(RAW).argument("--access-log").run();
    let mut client = upgraded(&running, "/facts?x=1", b"");
    let port = client.stream().local_addr().expect("an address").port();
    let facts = String::from_utf8(client.rest().expect("an orderly end")).expect("UTF-8");
    let expect = format!(
        r#"{{"remoteAddress":"127.0.0.1","remotePort":{port},"localPort":{},"url":"/facts?x=1"}}"#,
        running.address().port()
    );
    assert_eq!(facts, expect);
    drop(client);
    let line = running.wait_for(|line| line.contains("/facts?x=1"));
    assert!(line.contains(&format!("\"GET /facts?x=1 HTTP/1.1\" 101 {}", 71 + facts.len())), "{line}");
}

#[test]
fn the_debug_log_has_the_lane_and_why_it_is_left() {
    let running = program(RAW).argument("--log-level").argument("debug").run();
    running.wait_for(|line| line.ends_with("requests are served by the fast lane: a server of http listens"));
    let mut client = upgraded(&running, "/echo?why", b"");
    client.take(2).expect("the head");
    running.wait_for(|line| line.contains("GET /echo?why goes through Node's parser: 'upgrade' may take"));
}

#[test]
fn header_and_idle_limits_are_not_for_tunnels() {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[server.timeouts]\nidle = \"200ms\"\nheader_read = \"200ms\"\n\
                  [services.web]\nentry = \"app.js\"\n";
    let running = diglot_tests::server().file("app.js", RAW).file("diglot.toml", config).run();
    let mut client = upgraded(&running, "/echo", b"");
    client.take(2).expect("the head");
    let mut idle = running.connect();
    assert_eq!(idle.get("/a").status, 200);
    assert_eq!(idle.rest().expect("the idle one ends"), b"");
    thread::sleep(Duration::from_millis(400));
    client.send("alive");
    assert_eq!(client.take(5).expect("an echo"), b"alive");
}

#[test]
fn connect_goes_to_the_service_at_the_root() {
    let target = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = target.local_addr().expect("an address").port();
    let serving = thread::spawn(move || {
        let (mut stream, _) = target.accept().expect("a connection");
        let mut head = [0; 1024];
        let count = stream.read(&mut head).expect("a request");
        assert!(head[..count].starts_with(b"GET /through HTTP/1.1"));
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nthrough")
            .expect("it is taken");
    });
    let running = program(RAW).env("PROXY", "1").run();
    let curl = Command::new("curl")
        .args(["-sS", "-p", "-x", &format!("http://{}", running.address())])
        .arg(format!("http://127.0.0.1:{port}/through"))
        .output()
        .expect("curl can be run");
    assert_eq!(String::from_utf8_lossy(&curl.stdout), "through", "{}", String::from_utf8_lossy(&curl.stderr));
    serving.join().expect("no panic");

    // Nobody listens for it: the connection ends, as Node ends it.
    let running = program(RAW).run();
    let mut client = running.connect();
    assert_eq!(
        client.send("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n").rest().expect("an end"),
        b""
    );
    let python = "async def app(scope, receive, send): pass\n";
    let running = diglot_tests::server().file("main.py", python).service("main:app").run();
    let mut client = running.connect();
    assert_eq!(client.send("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n").response().status, 501);
}

#[test]
fn a_worker_that_dies_ends_its_tunnels_and_no_others() {
    let running = diglot_tests::server()
        .file("app.js", RAW)
        .service("app.js")
        .argument("--workers")
        .argument("2")
        .run();
    let mut clients: Vec<_> = (0..8).map(|_| upgraded(&running, "/echo", b"")).collect();
    clients.iter_mut().for_each(|client| assert_eq!(client.take(2).expect("the head"), b"0|"));
    let victim = running.workers()[0];
    let open = |clients: &mut Vec<diglot_tests::Client>| {
        clients.iter_mut().map(|client| client.send("x").take(1).is_ok()).filter(|&lives| lives).count()
    };
    assert_eq!(open(&mut clients), 8);
    let process = diglot_tests::Process::watch(victim);
    process.signal(rustix::process::Signal::KILL);
    assert!(process.ends_within(super::PATIENCE));
    running.wait_for(|line| line.contains("SIGKILL") || line.contains("signal 9"));
    assert_eq!(open(&mut clients), 4);
}
