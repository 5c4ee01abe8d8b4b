//! Documents that are too long, broken, packed, late or not there: the description has what all others say, and the log says why.

use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::{Running, server};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);
/// A description of one path.
const PLAIN: &str = r#"
import json

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    paths = {"/items": {"get": {"responses": {"200": {"description": "ok"}}}}}
    is_there = scope["path"] == "/openapi.json"
    document = {"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": paths}
    await send({"type": "http.response.start", "status": 200 if is_there else 404, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(document).encode() if is_there else b""})
"#;
/// One that does what FAULT says when it is asked for its document.
const ODD: &str = r##"
import gzip
import json
import os
import sys

FAULT, _, ARGUMENT = os.environ["FAULT"].partition(" ")
JSON = [(b"content-type", b"application/json")]
MIB = 1024 * 1024
asked = 0


def described(paths=(), **more):
    ok = {"responses": {"200": {"description": "ok"}}}
    paths = {"/odd/things": {"get": ok}, **{path: {"get": {**ok, "description": "x" * 1000}} for path in paths}}
    return json.dumps({"openapi": "3.1.0", "info": {"title": "Odd", "version": "1"}, "paths": paths, **more}).encode()


def answer():
    match FAULT:
        case "large":
            return 200, JSON, described(f"/odd/things/{number}" for number in range(int(ARGUMENT) * MIB // 1100))
        case "broken":
            return 200, JSON, described()[:-20]
        case "cyclic":
            things = {"properties": {"more": {"$ref": "#/components/schemas/Things"}}}
            loops = {"Things": things, "Loop": {"$ref": "#/components/schemas/Loop"}}
            return 200, JSON, described(components={"schemas": loops})
        case "packed":
            return 200, [*JSON, (b"content-encoding", b"gzip")], gzip.compress(described())
        case "bomb":
            return 200, [*JSON, (b"content-encoding", b"gzip")], gzip.compress(b" " * (17 * MIB) + described())
        case "strange":
            return 200, [*JSON, (b"content-encoding", b"br")], b"\x0b\x02\x80"
        case "moved":
            return 307, [(b"location", b"/elsewhere/openapi.json")], b""
        case "forbidden":
            return 403, [], b"whoever you are"
        case "failing":
            return 500, [], b"no"
        case _:
            return 200, JSON, described()


async def app(scope, receive, send):
    global asked
    if scope["type"] != "http":
        raise NotImplementedError
    status, fields, body = 404, [], b""
    if scope["path"] == "/openapi.json":
        asked += 1
        print(f"asked {asked}", file=sys.stderr, flush=True)
        if FAULT == "silent" and asked == 1:
            while (await receive())["type"] != "http.disconnect":
                pass
            print("who asked has left", file=sys.stderr, flush=True)
            return
        status, fields, body = answer()
        if FAULT == "known" and dict(scope["headers"])[b"host"] != ARGUMENT.encode():
            status, body = 400, b"not my name"
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
"##;

/// A service that is as it should be, and one with a fault; these keys of its own.
fn with(fault: &str, keys: &str) -> Running {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\nopenapi = \"/openapi.json\"\n\n\
         [services.plain]\nentry = \"plain:app\"\nroutes = \"/\"\n\n\
         [services.odd]\nentry = \"odd:app\"\nroutes = \"/odd\"\n{keys}\nenv = {{ FAULT = \"{fault}\" }}\n\n\
         [services.other]\nentry = \"odd:app\"\nroutes = \"/odd/other\"\n{keys}\nenv = {{ FAULT = \"{fault}\" }}\n"
    );
    server().file("plain.py", PLAIN).file("odd.py", ODD).file("diglot.toml", &config).run()
}

fn paths(running: &Running) -> Vec<String> {
    let response = running.get("/openapi.json");
    assert_eq!(response.status, 200, "{response:?}");
    let document: Value = serde_json::from_slice(&response.body).expect("JSON");
    document["paths"].as_object().expect("paths").keys().cloned().collect()
}

#[test]
fn a_large_document_is_whole() {
    let running = with("large 12", "");
    let before = running.process().resident_bytes();
    let paths = paths(&running);
    assert_eq!(paths.len(), 12 * 1024 * 1024 / 1100 + 2);
    assert!(paths.contains(&"/items".to_owned()) && paths.contains(&"/odd/things/11000".to_owned()));
    // Two of them, as values and as text.
    assert!(running.process().peak_bytes() - before < 1024 * 1024 * 1024);
}

#[test]
fn what_cannot_be_read_is_left_out_and_said() {
    let cases = [
        ("large 17", "has at /openapi.json is left out: it is longer than 16 MiB"),
        ("bomb", "has at /openapi.json is left out: it is longer than 16 MiB"),
        ("broken", "has at /openapi.json is left out: it is no JSON: EOF while parsing"),
        ("strange", "has at /openapi.json is left out: it is packed with br, and was asked for as it is"),
        (
            "moved",
            "(GET /openapi.json was answered with 307 Temporary Redirect (to /elsewhere/openapi.json)); openapi = ",
        ),
        ("forbidden", "(GET /openapi.json was answered with 403 Forbidden); openapi = "),
        ("failing", "document: GET /openapi.json was answered with 500 Internal Server Error"),
    ];
    for (fault, words) in cases {
        let running = with(fault, "");
        assert_eq!(paths(&running), ["/items"], "{fault}");
        let log = running.log();
        let said = |line: &&String| line.contains("service \"odd\"") && line.contains(words);
        assert_eq!(log.iter().filter(said).count(), 1, "{fault}: {log:#?}");
    }
}

#[test]
fn what_was_said_to_be_there_is_not_looked_for_elsewhere() {
    let running = with("moved", "openapi = \"/openapi.json\"");
    assert_eq!(paths(&running), ["/items"]);
    let log = running.log();
    assert!(!log.iter().any(|line| line.ends_with("asked 2")), "{log:#?}");
    let words = "service \"odd\" was asked for its OpenAPI document: GET /openapi.json was answered with 307";
    assert!(log.iter().any(|line| line.contains(words)), "{log:#?}");
}

#[test]
fn who_knows_its_hosts_is_asked_as_by_the_client() {
    let running = with("known test", "");
    let mut stranger = running.connect();
    let refused = stranger.send("GET /openapi.json HTTP/1.1\r\nHost: elsewhere\r\n\r\n").response();
    assert!(!refused.text().contains("/odd/things"), "{refused:?}");
    running.wait_for(|line| line.contains("GET /openapi.json was answered with 400 Bad Request"));
    let begun = Instant::now();
    while paths(&running) != ["/items", "/odd/things"] {
        assert!(begun.elapsed() < PATIENCE, "never asked again");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn what_is_packed_or_refers_to_itself_is_read() {
    for fault in ["packed", "cyclic"] {
        let running = with(fault, "");
        assert_eq!(paths(&running), ["/items", "/odd/things"], "{fault}");
    }
}

#[test]
fn those_that_do_not_answer_are_waited_for_together_and_asked_again() {
    let running = with("silent", "");
    let begun = Instant::now();
    assert_eq!(paths(&running), ["/items"]);
    let took = begun.elapsed();
    assert!(took > Duration::from_secs(9) && took < Duration::from_secs(18), "{took:?}");
    running.wait_for(|line| line.contains("service \"odd\"") && line.contains("no answer within 10s"));
    running.wait_for(|line| line.contains("who asked has left"));
    // Not as often as somebody wants the document.
    assert_eq!(paths(&running), ["/items"]);
    assert!(!running.log().iter().any(|line| line.ends_with("asked 2")));
    while paths(&running) != ["/items", "/odd/things"] {
        assert!(begun.elapsed() < PATIENCE, "never asked again");
        thread::sleep(Duration::from_millis(50));
    }
}
