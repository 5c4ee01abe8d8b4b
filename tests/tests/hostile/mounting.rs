//! Which service a path goes to, and what a mounted application sees of it.

use diglot_tests::{Running, server};

const NODE: &str = r#"
require("node:http").createServer((request, response) => {
  response.end(`node ${request.url} ${request.originalUrl ?? "-"}`);
}).listen(0);
"#;
const FETCH: &str =
    "export default { fetch: (request) => new Response(`fetch ${new URL(request.url).pathname}`) };\n";
const ASGI: &str = r#"
async def app(scope, receive, send):
    if scope["type"] == "http":
        body = f"asgi {scope['path']} {scope['raw_path'].decode()} [{scope['root_path']}]"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})
"#;
const WSGI: &str = r#"
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"wsgi [{environ['SCRIPT_NAME']}] {environ['PATH_INFO']}".encode()]
"#;

fn run() -> Running {
    let service = |name: &str, entry: &str, routes: &str, strip: bool| {
        format!("[services.{name}]\nentry = \"{entry}\"\nroutes = {routes}\nstrip = {strip}\n")
    };
    let config = [
        "[server]\nlisten = [\"127.0.0.1:0\"]\n".to_owned(),
        service("node", "node.cjs", "[\"/node\", \"node.test/\"]", true),
        service("asgi", "asgi:app", "[\"/asgi\", \"/node/asgi\"]", true),
        service("wsgi", "wsgi:app", "[\"/wsgi\", \"wsgi.test/node\"]", true),
        service("plain", "plain:app", "[\"/plain\"]", false),
        service("old", "old:app", "[\"/old\"]", false),
        service("js", "js.cjs", "[\"/js\"]", false),
        service("fetch", "fetch.mjs", "[\"/fetch\"]", true),
    ]
    .concat();
    server()
        .file("node.cjs", NODE)
        .file("js.cjs", NODE)
        .file("fetch.mjs", FETCH)
        .file("asgi.py", ASGI)
        .file("plain.py", ASGI)
        .file("wsgi.py", WSGI)
        .file("old.py", WSGI)
        .file("diglot.toml", &config)
        .run()
}

#[test]
fn a_mounted_application_sees_where_it_is_and_what_is_below() {
    let server = run();
    for (path, expected) in [
        ("/node", "node / /node"),
        ("/node/", "node / /node/"),
        ("/node/a%2Fb?c=/d", "node /a%2Fb?c=/d /node/a%2Fb?c=/d"),
        ("/node?x", "node /?x /node?x"),
        ("/node//a", "node //a /node//a"),
        ("/asgi", "asgi /asgi /asgi [/asgi]"),
        ("/asgi/a%2Fb%C3%A9?c", "asgi /asgi/a/b\u{e9} /asgi/a%2Fb%C3%A9 [/asgi]"),
        ("/node/asgi/x", "asgi /node/asgi/x /node/asgi/x [/node/asgi]"),
        ("/wsgi", "wsgi [/wsgi] "),
        ("/wsgi/", "wsgi [/wsgi] /"),
        ("/wsgi/a%2Fb?c", "wsgi [/wsgi] /a/b"),
        ("/plain", "asgi /plain /plain []"),
        ("/plain/x", "asgi /plain/x /plain/x []"),
        ("/old/x", "wsgi [] /old/x"),
        ("/js/x?y", "node /js/x?y -"),
        ("/fetch/x", "fetch /x"),
        ("/fetch", "fetch /"),
    ] {
        let response = server.get(path);
        assert_eq!((response.status, response.text().as_str()), (200, expected), "{path}");
    }
}

#[test]
fn paths_are_matched_as_sent_and_on_whole_segments() {
    let server = run();
    for path in ["/", "/nodes", "/Node", "/node%2Fx", "/%6eode", "//node", "/asg", "/plain%2F"] {
        let response = server.get(path);
        assert_eq!(response.status, 404, "{path}");
    }
    for path in ["/node/../asgi", "/node/%2e%2e/asgi", "/./node", "/node\\x", "/node/%00", "/node/..%2fasgi"]
    {
        assert_eq!(server.get(path).status, 400, "{path}");
    }
}

#[test]
fn a_route_may_name_a_host() {
    let server = run();
    let get = |host: &str, path: &str| {
        let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let response = server.connect().send(request).response();
        (response.status, response.text())
    };
    for host in ["node.test", "NODE.test:8000", "node.test."] {
        assert_eq!(get(host, "/anything").1, "node /anything -", "{host}");
    }
    assert_eq!(get("wsgi.test", "/node/x").1, "wsgi [/node] /x");
    assert_eq!(get("node.test", "/asgi/x").1, "asgi /asgi/x /asgi/x [/asgi]");
    assert_eq!(get("other.test", "/anything").0, 404);
    // The target's own authority is the one that counts, and Host must agree with it.
    assert_eq!(get("node.test", "http://node.test/x").1, "node http://node.test/x -");
    assert_eq!(get("other.test", "http://node.test/x").0, 400);
    assert_eq!(get("node.test", "http://node.test").0, 200);
}

#[test]
fn no_route_is_a_404_that_keeps_the_connection() {
    let server = run();
    let mut client = server.connect();
    assert_eq!(client.get("/nowhere").status, 404);
    assert_eq!(client.get("/node/x").status, 200);
    // A body nobody takes ends it: what stands behind it cannot be told from the body.
    let refused = client.post("/nowhere", b"GET /node HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!((refused.status, refused.field("connection")), (404, Some("close")));
    assert_eq!(client.rest().expect("an end"), b"");
}
