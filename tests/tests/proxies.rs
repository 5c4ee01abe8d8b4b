//! Behind a proxy: whose word on the client is taken, and what applications see of it.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;

use diglot_tests::{Client, server};
use socket2::{Domain, Socket, Type};

const ASGI: &str = r#"
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    client = "%s %s" % scope["client"] if scope["client"] else "nobody"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": f"{scope['scheme']} {client}".encode()})
"#;

const WSGI: &str = r#"
def app(environ, start_response):
    start_response("200 OK", [])
    client = f"{environ['REMOTE_ADDR'] or 'nobody'} {environ.get('REMOTE_PORT', 0)}"
    return [f"{environ['wsgi.url_scheme']} {client}".encode()]
"#;

const FETCH: &str = r#"
export default {
  fetch(request, { incoming: { socket } }) {
    const client = `${socket.remoteAddress ?? "nobody"} ${socket.remotePort ?? 0}`;
    return new Response(`${new URL(request.url).protocol.slice(0, -1)} ${client}`);
  },
};
"#;

const NODE: &str = r#"
require("node:http").createServer(({ socket, headers }, response) => {
  const scheme = socket.encrypted ? "https" : "http";
  response.end(`${scheme} ${socket.remoteAddress} ${socket.remotePort} for ${headers["x-forwarded-for"]}`);
}).listen(0);
"#;

const LISTEN: &str = "listen = \"127.0.0.1:0\"";

const SERVICES: &str = r#"
[services.asgi]
entry = "main_asgi:app"
routes = "/asgi"
[services.wsgi]
entry = "main_wsgi:app"
routes = "/wsgi"
[services.fetch]
entry = "main.mjs"
routes = "/fetch"
[services.node]
entry = "server.cjs"
routes = "/node"
"#;

fn served(settings: &str) -> diglot_tests::Server {
    server()
        .file("diglot.toml", &format!("[server]\naccess_log = true\n{settings}\n{SERVICES}"))
        .file("main_asgi.py", ASGI)
        .file("main_wsgi.py", WSGI)
        .file("main.mjs", FETCH)
        .file("server.cjs", NODE)
}

fn ask(client: &mut Client, path: &str, fields: &str) -> String {
    client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n{fields}\r\n"));
    let answer = client.response();
    assert_eq!(answer.status, 200, "{path}");
    answer.text()
}

/// One request on a connection of its own.
fn ask_once(mut stream: impl Read + Write, path: &str, fields: &str) -> String {
    write!(stream, "GET {path} HTTP/1.0\r\n{fields}\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn a_proxy_on_this_machine_names_client_and_scheme() {
    let server = served(LISTEN).run();
    // A proxy has one connection for many clients.
    let mut proxy = server.connect();
    let itself = proxy.stream().local_addr().expect("an address");
    let (ip, port) = (itself.ip(), itself.port());
    for path in ["/asgi", "/wsgi", "/fetch"] {
        let mut ask = |fields: &str| ask(&mut proxy, path, fields);
        assert_eq!(ask(""), format!("http {ip} {port}"), "{path}");
        assert_eq!(
            ask("X-Forwarded-For: 10.0.0.1, 203.0.113.9\r\nX-Forwarded-Proto: https\r\n"),
            "https 203.0.113.9 0",
            "{path}"
        );
        assert_eq!(ask("X-Forwarded-For: [2001:db8::7]:4711\r\n"), "http 2001:db8::7 4711", "{path}");
        assert_eq!(ask("x-forwarded-proto: HTTPS\r\n"), format!("https {ip} {port}"), "{path}");
        assert_eq!(
            ask("X-Forwarded-For: unknown\r\nForwarded: for=203.0.113.9\r\n"),
            format!("http {ip} {port}")
        );
        assert_eq!(ask(""), format!("http {ip} {port}"), "{path}");
    }
    server.wait_for(|line| line.contains(" 203.0.113.9 \"GET /asgi HTTP/1.1\" 200"));
    server.wait_for(|line| line.contains(&format!(" {itself} \"GET /asgi HTTP/1.1\" 200")));
    // A program with a server of its own sees the proxy, as under node, and asks its framework for more.
    let fields = "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n";
    assert_eq!(ask(&mut proxy, "/node", fields), format!("http {ip} {port} for 203.0.113.9"));
}

#[test]
fn pipelined_requests_of_several_clients_are_kept_apart() {
    let server = served(LISTEN).run();
    for path in ["/asgi", "/wsgi", "/fetch"] {
        let mut proxy = server.connect();
        let requests: String = (0..200)
            .map(|number| {
                let scheme = if number % 3 == 0 { "https" } else { "http" };
                format!(
                    "GET {path} HTTP/1.1\r\nHost: test\r\nX-Forwarded-For: 198.51.100.{}\r\n\
                     X-Forwarded-Proto: {scheme}\r\n\r\n",
                    number / 2
                )
            })
            .collect();
        proxy.send(requests);
        for number in 0..200 {
            let scheme = if number % 3 == 0 { "https" } else { "http" };
            assert_eq!(proxy.response().text(), format!("{scheme} 198.51.100.{} 0", number / 2), "{path}");
        }
    }
}

#[test]
fn nobody_else_is_believed() {
    let server = served(&format!("{LISTEN}\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]")).run();
    let mut client = server.connect();
    let itself = client.stream().local_addr().expect("an address");
    for path in ["/asgi", "/wsgi", "/fetch"] {
        let got = ask(&mut client, path, "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n");
        assert_eq!(got, format!("http {} {}", itself.ip(), itself.port()), "{path}");
    }
}

/// Another address of this machine is a stranger's.
#[test]
fn a_stranger_is_not_believed_by_default() {
    let server = served(LISTEN).run();
    for path in ["/asgi", "/wsgi", "/fetch"] {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
        socket.bind(&SocketAddr::from(([127, 0, 0, 2], 0)).into()).expect("a free port");
        socket.connect(&server.address().into()).expect("a connection");
        let answer = ask_once(socket, path, "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n");
        assert!(answer.contains("http 127.0.0.2 "), "{path}: {answer}");
    }
}

#[test]
fn a_proxy_on_a_unix_socket_names_the_client() {
    let server = served("listen = [\"127.0.0.1:0\", \"unix:proxy.sock\"]").run();
    for path in ["/asgi", "/wsgi", "/fetch"] {
        let ask = |fields: &str| {
            let socket = server.folder().join("proxy.sock");
            ask_once(UnixStream::connect(socket).expect("a connection"), path, fields)
        };
        let named = ask("X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-Proto: https\r\n");
        assert!(named.ends_with("https 203.0.113.9 0"), "{path}: {named}");
        let unnamed = ask("");
        assert!(unnamed.contains("http nobody"), "{path}: {unnamed}");
    }
}
