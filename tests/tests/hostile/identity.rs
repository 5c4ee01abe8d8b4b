//! Who a request is from and what it may claim: what clients send must not pass for what the server says.

use serde_json::json;

use crate::canary::{Canary, Sighting, seen};

/// Sends one GET with these header lines, as a stranger and not as a proxy, and returns what the canary saw of it.
fn sight(canary: Canary, lines: &str) -> Sighting {
    let server = canary.server("trusted_proxies = []").run();
    let request = format!("GET /x HTTP/1.1\r\nHost: test\r\n{lines}\r\n\r\n");
    assert_eq!(server.connect().send(request).response().status, 200);
    let [sighting] = seen(&server).try_into().expect("one request");
    sighting
}

#[test]
fn names_with_underscores_do_not_pass_for_others_in_wsgi() {
    let lines = "X_Forwarded_For: 6.6.6.6\r\nRemote_User: root\r\nREMOTE_USER: root\r\nContent_Length: 5\r\n\
                 Content_Type: x/y\r\nX-Real: yes";
    let sighting = sight(Canary::Wsgi, lines);
    assert_eq!(sighting.values("HTTP_X_REAL"), ["yes"]);
    assert_eq!(sighting.body, "");
    for name in [
        "HTTP_X_FORWARDED_FOR",
        "HTTP_REMOTE_USER",
        "REMOTE_USER",
        "CONTENT_LENGTH",
        "CONTENT_TYPE",
        "HTTP_CONTENT_LENGTH",
        "HTTP_CONTENT_TYPE",
    ] {
        let value = &sighting.facts[name];
        assert!(value.is_null() || value == "", "{name} is {value}");
    }
}

#[test]
fn a_proxy_header_sets_no_http_proxy_in_wsgi() {
    let sighting = sight(Canary::Wsgi, "Proxy: http://6.6.6.6/\r\nproxy: http://6.6.6.6/");
    assert!(sighting.facts["HTTP_PROXY"].is_null(), "{}", sighting.facts);
}

#[test]
fn forwarding_headers_of_a_stranger_change_nothing_but_themselves() {
    let lines = "Forwarded: for=6.6.6.6;proto=https\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n\
                 X-Forwarded-Host: evil\r\nX-Forwarded-Port: 443\r\nX-Real-IP: 6.6.6.6";
    let asgi = sight(Canary::Asgi, lines).facts;
    assert_eq!((&asgi["client"][0], &asgi["scheme"]), (&json!("127.0.0.1"), &json!("http")));
    let wsgi = sight(Canary::Wsgi, lines).facts;
    assert_eq!((&wsgi["REMOTE_ADDR"], &wsgi["wsgi.url_scheme"]), (&json!("127.0.0.1"), &json!("http")));
    assert!(wsgi["HTTPS"].is_null());
    assert_eq!(sight(Canary::Node, lines).facts["peer"], "127.0.0.1");
}

#[test]
fn a_header_called_proto_is_only_a_header_in_node() {
    let sighting = sight(Canary::Node, "__proto__: x\r\n__PROTO__: y\r\nconstructor: z");
    assert_eq!(sighting.values("__proto__"), ["x"]);
    assert_eq!(sighting.values("__PROTO__"), ["y"]);
    assert_eq!(sighting.facts["proto"], true, "the headers' prototype was replaced");
}

#[test]
fn headers_arrive_in_the_clients_order_with_duplicates_and_in_node_in_its_case() {
    let lines = "X-b: 1\r\nx-B:  2 \r\nACCEPT: */*\r\naccept: text/html\r\nX-Empty:\r\nx-latin: \u{e9}";
    let sent = [
        ("Host", "test"),
        ("X-b", "1"),
        ("x-B", "2"),
        ("ACCEPT", "*/*"),
        ("accept", "text/html"),
        ("X-Empty", ""),
        // The two bytes of its UTF-8.
        ("x-latin", "\u{c3}\u{a9}"),
    ];
    for canary in [Canary::Node, Canary::NodeBytes, Canary::Asgi] {
        let expected = sent.map(|(name, value)| match canary {
            Canary::Asgi => (name.to_lowercase(), value.to_owned()),
            _ => (name.to_owned(), value.to_owned()),
        });
        assert_eq!(sight(canary, lines).headers, expected, "{canary:?}");
    }
    let wsgi = sight(Canary::Wsgi, lines);
    assert_eq!((wsgi.values("HTTP_X_B"), wsgi.values("HTTP_ACCEPT")), (vec!["1,2"], vec!["*/*,text/html"]));
    assert_eq!((wsgi.values("HTTP_X_EMPTY"), wsgi.values("HTTP_X_LATIN")), (vec![""], vec!["\u{c3}\u{a9}"]));
}

#[test]
fn encoded_content_is_passed_on_and_never_unpacked() {
    for canary in Canary::ALL {
        let server = canary.server("").run();
        let request = "POST / HTTP/1.1\r\nHost: test\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 4\r\n\r\n\
                       \x1f\x0b\x08!";
        assert_eq!(server.connect().send(request).response().status, 200);
        assert_eq!(seen(&server)[0].body, "\x1f\x0b\x08!", "{canary:?}");
    }
}

#[test]
fn ten_thousand_ranges_are_too_large_a_header() {
    let server = Canary::Asgi.server("").run();
    let request =
        format!("GET / HTTP/1.1\r\nHost: test\r\nRange: bytes=0-0{}\r\n\r\n", ",0-0".repeat(10_000));
    assert_eq!(server.connect().send(request).response().status, 431);
    assert!(seen(&server).is_empty());
}

#[test]
fn what_an_application_prints_of_a_request_forges_no_line_of_the_log() {
    let node = r#"
        require("node:http").createServer((request, response) => {
          console.log(decodeURIComponent(request.url));
          console.error(request.headers["x-said"]);
          response.end();
        }).listen(0);
    "#;
    let python = r#"
import sys

async def app(scope, receive, send):
    if scope["type"] == "http":
        print(scope["path"], flush=True)
        print(dict(scope["headers"])[b"x-said"].decode("latin-1"), file=sys.stderr, flush=True)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})
"#;
    let config = "[server]\nlisten = \"127.0.0.1:0\"\naccess_log = true\n\
                  [services.js]\nentry = \"app.js\"\nroutes = \"/js\"\n\
                  [services.py]\nentry = \"app:app\"\nroutes = \"/py\"\n";
    let server =
        diglot_tests::server().file("app.js", node).file("app.py", python).file("diglot.toml", config).run();
    for route in ["js", "py"] {
        let request = format!(
            "GET /{route}/%1b[31m%0d%0adiglot:%20listening%20on%20http://evil%0aend HTTP/1.1\r\nHost: test\r\n\
             X-Said: \u{9b}2J of {route}\r\n\r\n"
        );
        assert_eq!(server.connect().send(request).response().status, 200);
        server.wait_for(|line| line == format!("{route}[1] end"));
        server.wait_for(|line| {
            line.starts_with(&format!("{route}[1] ")) && line.ends_with(&format!("of {route}"))
        });
    }
    let log = server.log();
    assert!(
        log.iter().any(|line| line.contains("%1b[31m%0d%0a")),
        "the access log shows targets as sent: {log:?}"
    );
    for line in &log {
        assert!(!line.chars().any(|character| character.is_control() && character != '\t'), "{line:?}");
        assert!(!line.starts_with("diglot: listening on http://evil"), "{line:?}");
    }
}
