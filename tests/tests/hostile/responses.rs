//! Responses as clients of HTTP/1.1 and 1.0 get them, from an application in each interface.

use std::io;

use diglot_tests::{Running, server};

use crate::canary::responses_and_end;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum App {
    Node,
    Asgi,
    Wsgi,
}

impl App {
    const ALL: [Self; 3] = [Self::Node, Self::Asgi, Self::Wsgi];

    fn run(self) -> Running {
        match self {
            Self::Node => server().file("app.cjs", include_str!("../../data/answers.cjs")).service("app.cjs"),
            Self::Asgi => {
                server().file("app.py", include_str!("../../data/answers_asgi.py")).service("app:app")
            }
            Self::Wsgi => {
                server().file("app.py", include_str!("../../data/answers_wsgi.py")).service("app:app")
            }
        }
        .run()
    }
}

fn get(path: &str, version: &str, lines: &str) -> String {
    format!("GET {path} HTTP/{version}\r\nHost: test\r\n{lines}\r\n")
}

/// The names of a response's fields, in order and as written.
fn names(head: &str) -> Vec<&str> {
    head.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect()
}

#[test]
fn a_head_request_gets_the_head_and_no_body() {
    for app in App::ALL {
        let server = app.run();
        let mut client = server.connect();
        for path in ["/plain", "/pieces"] {
            client.send(format!("HEAD {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
            let response = client.response_to_head();
            assert_eq!(response.status, 200, "{app:?} {path}");
            // Node names no length for a body it does not send.
            if path == "/plain" && app != App::Node {
                assert_eq!(response.field("content-length"), Some("5"), "{app:?}");
            }
        }
        assert_eq!(client.get("/plain").text(), "plain", "{app:?}");
    }
}

#[test]
fn statuses_without_content_have_none_whatever_the_application_writes() {
    for app in App::ALL {
        let server = app.run();
        let mut client = server.connect();
        let response = client.get("/204");
        assert_eq!((response.status, response.field("transfer-encoding")), (204, None), "{app:?}");
        assert_eq!(response.field("content-length"), None, "{app:?}");
        let response = client.get("/304");
        assert_eq!((response.status, response.field("etag")), (304, Some("\"a\"")), "{app:?}");
        assert_eq!(response.field("transfer-encoding"), None, "{app:?}");
        assert_eq!(client.get("/plain").text(), "plain", "{app:?}");
    }
}

#[test]
fn a_body_of_unknown_length_is_chunked_for_http_1_1_and_ends_the_connection_of_1_0() {
    for app in App::ALL {
        let server = app.run();
        let mut client = server.connect();
        let response = client.get("/pieces");
        assert_eq!(response.field("transfer-encoding"), Some("chunked"), "{app:?}");
        assert_eq!((response.text().as_str(), client.get("/plain").status), ("one two", 200), "{app:?}");

        for lines in ["", "Connection: keep-alive\r\n"] {
            let mut client = server.connect();
            let response = client.send(get("/pieces", "1.0", lines)).response();
            assert_eq!(response.field("transfer-encoding"), None, "{app:?}");
            assert_eq!(response.text(), "one two", "{app:?}");
            assert!(matches!(client.rest(), Ok(rest) if rest.is_empty()), "{app:?}");
        }
    }
}

#[test]
fn a_client_of_http_1_0_keeps_its_connection_only_if_it_asks() {
    for app in [App::Asgi, App::Wsgi] {
        let server = app.run();
        let mut client = server.connect();
        let response = client.send(get("/plain", "1.0", "Connection: keep-alive\r\n")).response();
        assert_eq!(response.field("connection"), Some("keep-alive"), "{app:?}");
        let response = client.send(get("/plain", "1.0", "")).response();
        assert_eq!(response.text(), "plain", "{app:?}");
        assert_eq!(client.rest().expect("an end"), b"", "{app:?}");
    }
}

#[test]
fn trailers_travel_both_ways() {
    for app in [App::Node, App::Asgi] {
        let server = app.run();
        let mut client = server.connect();
        client.send(get("/trailers", "1.1", "TE: trailers\r\n"));
        let head = client.take_until(b"\r\n\r\n").expect("a head");
        assert!(String::from_utf8_lossy(&head).contains("chunked"), "{app:?}");
        let body = client.take_until(b"4\r\n\r\n").expect("trailers");
        let body = String::from_utf8_lossy(&body).to_lowercase();
        assert_eq!(body, "4\r\nbody\r\n0\r\nx-sum: 4\r\n\r\n", "{app:?}");

        client.send(
            "POST /echo HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Check\r\n\r\n",
        );
        client.send("3\r\nabc\r\n0\r\nX-Check: 3\r\n\r\n");
        let response = client.response();
        assert_eq!(response.text(), "abc", "{app:?}");
        if app == App::Node {
            assert_eq!(response.field("x-trailers"), Some("X-Check,3"));
        }
    }
}

#[test]
fn early_hints_go_to_clients_that_know_them() {
    for app in [App::Node, App::Asgi] {
        let server = app.run();
        let mut client = server.connect();
        let hints = client.get("/hints");
        assert_eq!((hints.status, hints.field("link")), (103, Some("</a.css>; rel=preload")), "{app:?}");
        assert_eq!(client.response().text(), "hinted", "{app:?}");
        assert_eq!(server.connect().send(get("/hints", "1.0", "")).response().text(), "hinted", "{app:?}");
    }
}

#[test]
fn fields_keep_their_case_and_order() {
    for app in App::ALL {
        let server = app.run();
        let response = server.get("/mixed");
        let names = names(&response.head);
        assert_eq!(
            names[..4],
            ["X-MiXed-Case", "set-cookie", "set-cookie", "A-Last"],
            "{app:?}: {}",
            response.head
        );
        assert_eq!(names.iter().filter(|name| name.eq_ignore_ascii_case("date")).count(), 1, "{app:?}");
    }
}

#[test]
fn the_applications_own_date_stays() {
    for app in App::ALL {
        let response = app.run().get("/date");
        let dates = response.head.lines().filter(|line| line.to_lowercase().starts_with("date:"));
        let dates: Vec<_> = dates.map(|line| line.split_once(": ").expect("a field").1).collect();
        assert_eq!(dates, ["Thu, 01 Jan 1970 00:00:00 GMT"], "{app:?}");
    }
    assert_eq!(App::Node.run().get("/undated").field("date"), None);
}

fn expecting(path: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
}

#[test]
fn a_client_that_waits_is_told_to_go_on_when_the_application_reads() {
    for app in App::ALL {
        let server = app.run();
        let mut client = server.connect();
        assert_eq!(client.send(expecting("/echo")).response().status, 100, "{app:?}");
        assert_eq!(client.send("hi").response().text(), "hi", "{app:?}");
        // A client that did not wait gets no 100.
        let response =
            client.send(expecting("/echo").into_bytes().into_iter().chain(*b"ho").collect::<Vec<_>>());
        let response = response.response();
        assert_eq!((response.status, response.text().as_str()), (200, "ho"), "{app:?}");
        assert_eq!(client.get("/plain").text(), "plain", "{app:?}");
    }
}

/// Node's own server says 100 by itself before the program is asked, unless it listens to `checkContinue`.
#[test]
fn a_client_that_waits_is_not_told_to_go_on_when_the_application_does_not_read() {
    for app in [App::Asgi, App::Wsgi] {
        let server = app.run();
        let mut client = server.connect();
        client.send(expecting("/early"));
        let responses = responses_and_end(&mut client, 1).expect("an answer");
        assert_eq!(responses[0].status, 401, "{app:?}");
        // Whether the body follows is unknowable, so that nothing may follow the answer.
        assert_eq!(responses[0].field("connection"), Some("close"), "{app:?}");
    }
    let server = App::Node.run();
    let mut client = server.connect();
    assert_eq!(client.send(expecting("/early")).response().status, 100);
    assert_eq!(client.send("hi").response().status, 401);
}

#[test]
fn an_early_answer_lets_no_rest_of_a_body_pass_for_a_request() {
    for app in App::ALL {
        let server = app.run();
        let mut client = server.connect();
        let body = "GET /plain HTTP/1.1\r\nHost: test\r\n\r\n";
        client.send(format!("POST /early HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n", body.len()));
        let early = client.response();
        assert_eq!(early.status, 401, "{app:?}");
        client.send(body);
        // Either the connection goes on behind the body, or it has ended; the body is never answered.
        client.send("GET /mixed HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        match client.try_response(false) {
            Ok(next) => assert_eq!(next.text(), "mixed", "{app:?}"),
            Err(error) => assert!(
                matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset),
                "{app:?}: {error}"
            ),
        }
    }
}

#[test]
fn an_upgrade_nobody_takes_is_an_ordinary_request() {
    for app in App::ALL {
        let server = app.run();
        let mut client = server.connect();
        let upgrade = get("/plain", "1.1", "Connection: Upgrade\r\nUpgrade: foo/1\r\n");
        client.send(upgrade + &get("/mixed", "1.1", ""));
        assert_eq!(client.response().text(), "plain", "{app:?}");
        assert_eq!(client.response().text(), "mixed", "{app:?}");
    }
}

#[test]
fn what_is_behind_an_upgrade_is_its_head_and_no_request() {
    let text = r#"
        const seen = [];
        const server = require("node:http").createServer((request, response) => {
          seen.push(request.url);
          response.end(seen.join(" "));
        });
        server.on("upgrade", (request, socket, head) => {
          seen.push(`upgrade ${request.url} ${String(head).split(" HTTP")[0]}`);
          socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno");
        });
        server.listen(0);
    "#;
    let server = server().file("app.cjs", text).service("app.cjs").run();
    let mut client = server.connect();
    client
        .send(get("/refuse", "1.1", "Connection: Upgrade\r\nUpgrade: foo/1\r\n") + &get("/next", "1.1", ""));
    let responses = responses_and_end(&mut client, 1).expect("an answer and no other");
    assert_eq!(responses[0].text(), "no");
    assert_eq!(server.get("/last").text(), "upgrade /refuse GET /next /last");
}

/// Whatever the answer is, it must not contain what the application tried to smuggle in.
fn check_split(server: &Running, app: App, path: &str) {
    let mut client = server.connect();
    let response = client.get(path);
    assert!(!response.head.to_lowercase().contains("x-evil"), "{app:?} {path}: {}", response.head);
    assert!(matches!(response.status, 500 | 502), "{app:?} {path}: {}", response.head);
}

#[test]
fn line_ends_in_a_header_of_the_application_never_leave() {
    let node = App::Node.run();
    let refused = node.get("/split");
    assert_eq!(refused.text(), "ERR_INVALID_CHAR ERR_INVALID_HTTP_TOKEN ERR_INVALID_CHAR ERR_INVALID_CHAR");
    assert!(!refused.head.contains("Evil"), "{}", refused.head);
    for path in ["/raw", "/raw-cr"] {
        check_split(&node, App::Node, path);
    }
    let asgi = App::Asgi.run();
    for path in ["/split", "/split-name", "/split-late"] {
        check_split(&asgi, App::Asgi, path);
    }
    let wsgi = App::Wsgi.run();
    for path in ["/split", "/split-name", "/split-status"] {
        check_split(&wsgi, App::Wsgi, path);
    }
    // It is the application's fault, not the worker's, which serves on.
    for server in [node, asgi, wsgi] {
        let workers = server.workers();
        assert_eq!(server.get("/plain").text(), "plain");
        assert_eq!(server.workers(), workers);
        let log = server.log();
        assert!(log.iter().filter(|line| line.contains("is ready")).count() == 1, "{log:?}");
    }
}

/// All that a connection brings until it ends, however it ends.
fn everything(server: &Running, path: &str) -> String {
    let mut client = server.connect();
    client.send(get(path, "1.1", "TE: trailers\r\nConnection: close\r\n"));
    let mut all = Vec::new();
    let end = loop {
        match client.take(1) {
            Ok(byte) => all.extend(byte),
            Err(error) => break error.kind(),
        }
    };
    assert!(matches!(end, io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset), "{path}: {end}");
    String::from_utf8_lossy(&all).into_owned()
}

#[test]
fn a_body_that_is_not_as_long_as_it_says_ends_the_connection() {
    for app in App::ALL {
        let server = app.run();
        for path in ["/long", "/short"] {
            let all = everything(&server, path);
            assert!(!all.contains("X-Evil"), "{app:?} {path}: {all}");
            // Refused whole, or cut off behind what was good of it.
            let refused = all.is_empty() || all.starts_with("HTTP/1.1 50");
            assert!(refused || all.ends_with("plain"), "{app:?} {path}: {all}");
        }
        assert_eq!(server.get("/plain").text(), "plain", "{app:?}");
    }
}

#[test]
fn what_follows_a_whole_response_is_not_another() {
    let server = App::Node.run();
    let all = everything(&server, "/raw-two");
    assert!(!all.contains("X-Evil") && !all.contains("ho"), "{all}");
    assert_eq!(server.get("/plain").text(), "plain");
}

#[test]
fn line_ends_in_trailers_and_hints_of_the_application_never_leave() {
    let server = App::Asgi.run();
    for path in ["/split-trailers", "/split-hints"] {
        let all = everything(&server, path);
        assert!(!all.contains("X-Evil"), "{path}: {all}");
    }
    assert_eq!(server.get("/plain").text(), "plain");
}

#[test]
fn an_expectation_nobody_knows_is_what_the_applications_server_makes_of_it() {
    let request = get("/plain", "1.1", "Expect: tea\r\n");
    assert_eq!(App::Node.run().connect().send(&request).response().status, 417);
    assert_eq!(App::Asgi.run().connect().send(&request).response().status, 200);
}
