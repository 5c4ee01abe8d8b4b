//! Workers that reach a limit of their lives: each is replaced by one that is ready, and no request is lost by it.

use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;

use diglot_tests::{Running, server};

/// One program in each interface: it says which process it is, and `/grow` makes it hold 64 MiB more.
const ASGI: &str = r#"
import os
held = []
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    if scope["path"].endswith("/grow"):
        held.append(b"x" * (64 << 20))
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"#;

const WSGI: &str = r#"
import os
def app(environ, start_response):
    start_response("200 OK", [])
    return [str(os.getpid()).encode()]
"#;

const NODE: &str = r#"
require("node:http").createServer((request, response) => response.end(String(process.pid))).listen(0);
"#;

fn served(limits: &str) -> Running {
    let services = [("asgi", "main_asgi:app"), ("wsgi", "main_wsgi:app"), ("node", "server.cjs")];
    let services: String = services
        .iter()
        .map(|(name, entry)| {
            format!("[services.{name}]\nentry = \"{entry}\"\nroutes = \"/{name}\"\n{limits}\n")
        })
        .collect();
    server()
        .file("diglot.toml", &format!("[server]\nlisten = \"127.0.0.1:0\"\n{services}"))
        .file("main_asgi.py", ASGI)
        .file("main_wsgi.py", WSGI)
        .file("server.cjs", NODE)
        .run()
}

#[test]
fn workers_are_replaced_after_their_number_of_requests_and_none_is_lost() {
    let server = served("workers = 2\nmax_requests = 400\nmax_requests_jitter = 40");
    for service in ["asgi", "wsgi", "node"] {
        // Two to begin with: both are replaced, under way.
        let seen = Mutex::new(HashSet::new());
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut client = server.connect();
                    while seen.lock().expect("no panic under this lock").len() < 4 {
                        let answer = client.get(&format!("/{service}"));
                        assert_eq!(answer.status, 200, "{service}: {answer:?}");
                        seen.lock().expect("no panic under this lock").insert(answer.text());
                    }
                });
            }
        });
        let line = server.wait_for(|line| {
            line.contains(&format!("\"{service}\", worker")) && line.contains("is replaced")
        });
        assert!(line.contains("it has had 4"), "{line}");
    }
    assert!(!server.log().iter().any(|line| line.contains("ERROR")), "{:#?}", server.log());
}

#[test]
fn workers_are_replaced_at_the_end_of_their_lifetime() {
    let server = served("lifetime = \"1s\"");
    for service in ["asgi", "wsgi", "node"] {
        let before = server.get(&format!("/{service}")).text();
        server.wait_for(|line| {
            line.contains(&format!("\"{service}\", worker 1 is replaced: it has lived for 1s"))
        });
        // The old one serves until the new one is ready.
        let mut client = server.connect();
        while client.get(&format!("/{service}")).text() == before {}
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_worker_that_holds_too_much_memory_is_replaced() {
    let server = served("memory = \"96 MiB\"");
    let before = server.get("/asgi").text();
    assert_eq!(server.get("/asgi/grow").text(), before);
    assert_eq!(server.get("/asgi/grow").text(), before);
    server.wait_for(|line| {
        line.contains("\"asgi\", worker 1 is replaced: it holds 1") && line.contains("limit of 96 MiB")
    });
    let mut client = server.connect();
    while client.get("/asgi").text() == before {}
    assert!(
        !server.log().iter().any(|line| line.contains("\"wsgi\", worker 1 is replaced")),
        "it did not grow"
    );
}
