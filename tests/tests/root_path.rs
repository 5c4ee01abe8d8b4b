//! Behind a proxy that cuts its own prefix off the path.

use diglot_tests::server;

const ASGI: &str = r#"
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    body = f"{scope['root_path']} {scope['path']} {scope['raw_path'].decode()} {scope['query_string'].decode()}"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body.encode()})
"#;

const WSGI: &str = r#"
def app(environ, start_response):
    start_response("200 OK", [])
    return [f"{environ['SCRIPT_NAME']} {environ['PATH_INFO']} {environ['QUERY_STRING']}".encode()]
"#;

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[services.asgi]
entry = "main_asgi:app"
root_path = "/shop/"
[services.mounted]
entry = "main_asgi:app"
routes = "/v1"
strip = true
root_path = "/shop"
[services.wsgi]
entry = "main_wsgi:app"
routes = "/wsgi"
root_path = "/shop"
"#;

#[test]
fn what_the_proxy_cut_is_where_applications_look_for_it() {
    let server =
        server().file("diglot.toml", CONFIG).file("main_asgi.py", ASGI).file("main_wsgi.py", WSGI).run();
    let mut client = server.connect();
    let mut check = |target: &str, expect: &str| {
        client.send(format!("GET {target} HTTP/1.1\r\nHost: test\r\n\r\n"));
        assert_eq!(client.response().text(), expect, "{target}");
    };
    check("/", "/shop /shop/ /shop/ ");
    check("/a%20b/?q=1", "/shop /shop/a b/ /shop/a%20b/ q=1");
    check("http://test/a?q=%20", "/shop /shop/a /shop/a q=%20");
    check("http://test", "/shop /shop /shop ");
    check("/v1/x", "/shop/v1 /shop/v1/x /shop/v1/x ");
    check("/v1", "/shop/v1 /shop/v1 /shop/v1 ");
    check("/wsgi/x?q", "/shop /wsgi/x q");
}
