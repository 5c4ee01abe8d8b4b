//! The API's description: what services say of themselves as one document, and the page that shows it.

use diglot_tests::{Client, Response, Running, Server, server};
use rustix::process::Signal;
use serde_json::Value;

/// An ASGI application that has a document at `/openapi.json`, and answers every other path with itself.
const APP: &str = r#"
import json
from pathlib import Path

DOCUMENT = Path(__file__).with_name("api.json").read_bytes()

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    path = scope["path"].removeprefix(scope["root_path"])
    body = DOCUMENT if path == "/openapi.json" else json.dumps(path).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})
"#;
const API: &str = r#"{"openapi": "3.1.0", "info": {"title": "Shop", "version": "1"}, "paths": {
    "/items": {"get": {"operationId": "items", "responses": {"200": {"description": "ok"}}}}}}"#;
/// A program with a document of 3.0 where @fastify/swagger has it, and a page for every path it does not know.
const WEB: &str = r#"
import http from "node:http";
const document = { openapi: "3.0.3", info: { title: "Web", version: "1" }, paths: {
  "/pages": { get: { operationId: "items", responses: { 200: { description: "ok", content: {
    "application/json": { schema: { type: "string", nullable: true } } } } } } },
  "/api/items": { get: { responses: { 200: { description: "never reached" } } } } } };
http.createServer((request, response) => {
  const isDocument = request.url === "/documentation/json";
  response.setHeader("content-type", isDocument ? "application/json" : "text/html");
  response.end(isDocument ? JSON.stringify(document) : "<p>a page</p>");
}).listen(3000);
"#;

fn services(server_keys: &str, web: &str) -> Server {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n{server_keys}\n\
         [services.web]\nentry = \"web.mjs\"\nroutes = \"/\"\n{web}\n\
         [services.api]\nentry = \"main:app\"\nroutes = \"/api\"\nstrip = true\n"
    );
    server().file("main.py", APP).file("api.json", API).file("web.mjs", WEB).file("diglot.toml", &config)
}

fn document(running: &Running) -> Value {
    let response = running.get("/openapi.json");
    assert_eq!(
        (response.status, response.field("content-type")),
        (200, Some("application/json")),
        "{response:?}"
    );
    serde_json::from_str(&response.text()).expect("JSON")
}

fn paths(document: &Value) -> Vec<&str> {
    document["paths"].as_object().expect("paths").keys().map(String::as_str).collect()
}

/// One request with these field lines.
fn ask(running: &Running, line: &str, fields: &str) -> Response {
    let mut client: Client = running.connect();
    client.send(format!("{line} HTTP/1.1\r\nHost: x\r\n{fields}\r\n")).response()
}

#[test]
fn services_are_one_document() {
    let running = services("openapi = \"/openapi.json\"", "").run();
    let document = document(&running);
    assert_eq!(paths(&document), ["/pages", "/api/items"]);
    assert_eq!(document["openapi"], "3.1.1");
    assert_eq!(document["paths"]["/api/items"]["get"]["operationId"], "api_items");
    let pages =
        &document["paths"]["/pages"]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(pages["type"], serde_json::json!(["string", "null"]));
    running.wait_for(|line| line.contains("of service \"web\"") && line.contains("GET /api/items"));
    let tag = running.get("/openapi.json").field("etag").expect("a tag").to_owned();
    assert_eq!(ask(&running, "GET /openapi.json", &format!("If-None-Match: {tag}\r\n")).status, 304);
    let post = ask(&running, "POST /openapi.json", "Content-Length: 0\r\n");
    assert_eq!((post.field("allow"), post.field("cache-control")), (Some("GET, HEAD"), Some("no-store")));
    let below = running.get("/openapi.json/more");
    assert_eq!((below.status, below.field("cache-control")), (404, Some("no-store")));
}

#[test]
fn what_is_mounted_twice_is_where_a_host_finds_it() {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\nopenapi = \"/openapi.json\"\n\n\
        [services.api]\nentry = \"main:app\"\nroutes = [\"one.example/first\", \"/second\"]\nstrip = true\n";
    let running = server().file("main.py", APP).file("api.json", API).file("diglot.toml", config).run();
    assert_eq!(paths(&document(&running)), ["/second/items"]);
    let request = "GET /openapi.json HTTP/1.1\r\nHost: one.example\r\n\r\n";
    let of_host = running.connect().send(request).response();
    let of_host: Value = serde_json::from_str(&of_host.text()).expect("JSON");
    assert_eq!(paths(&of_host), ["/first/items"]);
}

#[test]
fn another_release_says_something_else() {
    let running = services("openapi = \"/openapi.json\"", "openapi = \"none\"").run();
    assert_eq!(paths(&document(&running)), ["/api/items"]);
    std::fs::write(running.folder().join("api.json"), API.replace("/items", "/things")).expect("written");
    running.signal(Signal::HUP);
    running.wait_for(|line| line.contains("the restart is complete"));
    assert_eq!(paths(&document(&running)), ["/api/things"]);
}

#[test]
fn what_has_no_document_is_said_once_and_left_out() {
    let running = services("openapi = \"/openapi.json\"", "openapi = \"/pages\"").run();
    assert_eq!(paths(&document(&running)), ["/api/items"]);
    assert_eq!(paths(&document(&running)), ["/api/items"]);
    let said =
        |line: &&String| line.contains("what service \"web\" has at /pages is left out: it is no JSON");
    assert_eq!(running.log().iter().filter(said).count(), 1, "{:#?}", running.log());
}

#[test]
fn the_page_loads_nothing_from_elsewhere() {
    let running = services("openapi = \"/openapi.json\"\ndocs = \"/docs\"", "").run();
    let page = running.get("/docs");
    let policy = page.field("content-security-policy").expect("a policy");
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
    let text = page.text();
    let style = text.split('"').find(|part| part.ends_with(".css")).expect("a style sheet");
    let plain = running.get(&format!("/{style}"));
    assert_eq!((plain.status, plain.field("content-encoding")), (200, None));
    assert!(plain.field("cache-control").is_some_and(|value| value.contains("immutable")));
    assert!(plain.text().contains(".swagger-ui"));
    let packed = ask(&running, &format!("GET /{style}"), "Accept-Encoding: br, gzip;q=0.5\r\n");
    assert_eq!(packed.field("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < plain.body.len() / 3);
    let elsewhere = running.get("/docs/");
    assert_eq!((elsewhere.status, elsewhere.field("location")), (308, Some("../docs")));
    assert_eq!(running.get("/docs/0.0.1/swagger-ui.css").status, 404);
}
