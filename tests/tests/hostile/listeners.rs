//! Several listeners at once, TCP and Unix.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::FileTypeExt as _;
use std::os::unix::net::UnixStream;
use std::path::Path;

use diglot_tests::{Client, server};

const ASGI: &str = r#"
async def app(scope, receive, send):
    if scope["type"] == "http":
        body = f"{scope['server']} {scope['client'] and scope['client'][0]}"
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body.encode()})
"#;
const NODE: &str = r#"
require("node:http").createServer((request, response) => {
  response.end(`${request.socket.remoteAddress} ${request.socket.localPort}`);
}).listen(0);
"#;

fn get_over_unix(path: &Path, target: &str) -> String {
    let mut stream = UnixStream::connect(path).expect("the server accepts");
    let request = format!("GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("the request is taken");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn every_listener_serves_and_is_told_of() {
    let config = "[server]\nlisten = [\"127.0.0.1:0\", \"unix:front.sock\", \"127.0.0.1:0\", \"[::1]:0\"]\n\
                  [services.asgi]\nentry = \"app:app\"\n[services.node]\nentry = \"app.js\"\nroutes = \"/node\"\n";
    let server = server().file("app.py", ASGI).file("app.js", NODE).file("diglot.toml", config).run();
    server.wait_for(|line| line.starts_with("diglot: listening on http://[::1]:"));
    let log = server.log();
    let told: Vec<_> = log.iter().filter_map(|line| line.strip_prefix("diglot: listening on ")).collect();
    assert_eq!(told.len(), 4, "{log:?}");
    let path = server.folder().join("front.sock");
    assert!(path.metadata().expect("a file").file_type().is_socket());
    assert_eq!(
        told.iter()
            .filter(|address| address.starts_with("unix:/") && address.ends_with("/front.sock"))
            .count(),
        1
    );

    for address in told.iter().filter_map(|address| address.strip_prefix("http://")) {
        let address: std::net::SocketAddr = address.parse().expect("an address with its real port");
        let expected = format!("('{0}', {1}) {0}", address.ip(), address.port());
        assert_eq!(Client::connect(address).get("/").text(), expected);
        assert_eq!(
            Client::connect(address).get("/node").text(),
            format!("{} {}", address.ip(), address.port())
        );
    }
    let answer = get_over_unix(&path, "/");
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("front.sock', None) None"),
        "{answer}"
    );
    assert!(get_over_unix(&path, "/node").starts_with("HTTP/1.1 200 OK\r\n"));

    let (status, _) = server.stop();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_socket_file_left_behind_is_replaced_but_no_other_file() {
    let started = server().file("app.py", ASGI).service("app:app");
    let path = started.folder().join("left.sock");
    drop(std::os::unix::net::UnixListener::bind(&path).expect("a socket file"));
    let argument = format!("unix:{}", path.display());
    let server = started.argument("--listen").argument(argument).run();
    assert!(get_over_unix(&path, "/").starts_with("HTTP/1.1 200 OK\r\n"));
    drop(server);

    let started = diglot_tests::server().file("app.py", ASGI).file("precious", "data").service("app:app");
    let argument = format!("unix:{}", started.folder().join("precious").display());
    let (status, log) = started.argument("--listen").argument(argument).start().ended();
    assert_eq!(status.code(), Some(1), "{log:?}");
    assert!(log.last().is_some_and(|line| line.contains("precious")), "{log:?}");
}
