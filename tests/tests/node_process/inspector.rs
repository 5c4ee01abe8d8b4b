//! Debuggers: each worker has a port of its own.

use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use diglot_tests::Client;
use rustix::process::Signal;

use super::program;

const PROGRAM: &str =
    "require('node:http').createServer((_request, response) => response.end('hello')).listen(0);\n";

/// Where the next test of this process looks for ports: what it finds free is not taken yet.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// A port which, with the next five, nobody has at the moment.
fn free_ports() -> u16 {
    // Tests that run beside this one, in processes of their own, look elsewhere.
    let own = 20_000 + (std::process::id() % 1_000) as u16 * 10;
    loop {
        let first = own + NEXT.fetch_add(6, Ordering::Relaxed);
        if (first..first + 6).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return first;
        }
    }
}

/// A debugger asks whom it may debug.
fn asks(port: u16) -> String {
    let mut client = Client::connect(SocketAddr::from(([127, 0, 0, 1], port)));
    // It answers nobody who calls it by a name.
    client.send("GET /json/list HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").response().text()
}

#[test]
fn each_worker_is_found_at_its_port() {
    let first = free_ports();
    let running =
        program("server.cjs", PROGRAM, &format!("workers = 2\ninspect = \"127.0.0.1:{first}\"")).run();
    for (number, port) in [(1, first), (2, first + 1)] {
        let address = format!("app[{number}] Debugger listening on ws://127.0.0.1:{port}/");
        running.wait_for(|line| line.contains(&address));
        assert!(asks(port).contains("server.cjs"), "{}", asks(port));
    }
    // A worker's successor is there before it has gone, and has the port as many further as there are workers.
    for round in 0..2 {
        running.signal(Signal::HUP);
        let further = if round == 0 { 2 } else { 0 };
        for number in 1..=2 {
            let address = format!(":{}/", first + number - 1 + further);
            running.wait_for(|line| line.contains("Debugger listening on") && line.contains(&address));
        }
        let done = |line: &&String| line.contains("every worker has been restarted");
        while running.log().iter().filter(done).count() <= round {
            running.wait_for(|line| line.contains("every worker has been restarted"));
        }
        assert!(asks(first + further).contains("server.cjs"));
    }
    assert_eq!(running.get("/").text(), "hello");
    assert_eq!(running.stop().0.code(), Some(0));
}

#[test]
fn the_command_line_lets_debuggers_in() {
    let first = free_ports();
    let running = diglot_tests::server()
        .file("one.cjs", PROGRAM)
        .file("two.cjs", PROGRAM)
        .service("/one=one.cjs")
        .service("/two=two.cjs")
        .argument(format!("--inspect={first}"))
        .run();
    for (name, port) in [("one", first), ("two", first + 2)] {
        let address = format!("{name}[1] Debugger listening on ws://127.0.0.1:{port}/");
        running.wait_for(|line| line.contains(&address));
    }
}

/// Whoever stands at a breakpoint answers nothing.
#[test]
fn a_program_that_is_inspected_may_stand_still() {
    let text = "require('node:http').createServer((_request, response) => {\n\
                const until = Date.now() + 2000;\nwhile (Date.now() < until);\nresponse.end('still here');\n}).listen(0);\n";
    let settings =
        format!("inspect = \"127.0.0.1:{}\"\ntimeouts = {{ heartbeat = \"400ms\" }}", free_ports());
    let running = program("server.cjs", text, &settings).run();
    assert_eq!(running.get("/").text(), "still here");
}

#[test]
fn nodes_own_option_is_answered() {
    let (status, log) = program("server.cjs", PROGRAM, "node_args = [\"--inspect\"]").start().ended();
    assert_eq!(status.code(), Some(2), "{log:?}");
    assert!(log.iter().any(|line| line.contains("inspect = \"127.0.0.1:9229\"")), "{log:#?}");
}
