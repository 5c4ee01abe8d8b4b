//! The main job: applications of both languages behind one port.

use diglot_tests::server;

const NODE: &str = r#"
const http = require("node:http");
http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    response.setHeader("X-Language", "node");
    response.end(`${request.method} ${request.url} ${Buffer.concat(chunks)}`);
  });
}).listen(process.env.PORT);
"#;

const PYTHON: &str = r#"
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    answer = f"{scope['method']} {scope['path']} ".encode() + body
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-language", b"asgi")]})
    await send({"type": "http.response.body", "body": answer})
"#;

const WSGI: &str = r#"
def app(environ, start_response):
    body = environ["wsgi.input"].read()
    start_response("200 OK", [("X-Language", "wsgi")])
    return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']} ".encode(), body]
"#;

#[test]
fn three_interfaces_answer_on_one_port() {
    let server = server()
        .file("web/server.js", NODE)
        .file("main.py", PYTHON)
        .file("old.py", WSGI)
        .service("/=web/server.js")
        .service("/api=main:app")
        .service("/old=old:app")
        .run();
    let mut client = server.connect();
    for (path, language) in [("/x", "node"), ("/api/x", "asgi"), ("/old/x", "wsgi"), ("/apis", "node")] {
        let answer = client.get(path);
        assert_eq!((answer.status, answer.field("x-language")), (200, Some(language)), "{path}");
        assert_eq!(answer.text(), format!("GET {path} "));
        let answer = client.post(path, b"a body");
        assert_eq!(answer.text(), format!("POST {path} a body"), "{path}");
    }
    let (status, _) = server.stop();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = server()
        .file("web.js", NODE)
        .file("main.py", PYTHON)
        .service("/=web.js")
        .service("/py=main:app")
        .run();
    let mut client = server.connect();
    let requests: String = (0..100)
        .map(|number| {
            let path = if number % 2 == 0 { "" } else { "/py" };
            format!("POST {path}/{number} HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi")
        })
        .collect();
    client.send(requests);
    for number in 0..100 {
        let path = if number % 2 == 0 { "" } else { "/py" };
        assert_eq!(client.response().text(), format!("POST {path}/{number} hi"));
    }
}

#[test]
fn a_failed_start_ends_with_the_apps_own_words() {
    let broken = "import json\nraise RuntimeError('no database')\n";
    let (status, log) = server().file("main.py", broken).service("main:app").start().ended();
    assert_eq!(status.code(), Some(1));
    let log = log.join("\n");
    assert!(log.contains("RuntimeError: no database") && log.contains("main.py\", line 2"), "{log}");
}

/// What a program commonly listens on leads to the server it means, also where it has several.
#[test]
fn port_names_the_routed_server() {
    let program = r#"
const { createServer } = require("node:http");
createServer((_request, response) => response.end("metrics")).listen(0);
createServer((_request, response) => response.end("main")).listen(process.env.PORT || 3000);
"#;
    let running = server()
        .file("app.cjs", program)
        .file(
            "diglot.toml",
            "[server]\nlisten = \"127.0.0.1:0\"\n[services.app]\nentry = \"app.cjs\"\nport = 3000\n",
        )
        .run();
    assert_eq!(running.get("/").text(), "main");
}
