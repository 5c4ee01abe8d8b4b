//! Services that offer functions only, and what `routes` has to do with it.

use diglot_tests::server;
use serde_json::json;

use crate::{MODEL, WEB, services, value};

const APP: &str = "async def app(scope, receive, send):\n    \
    await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n    \
    await send({'type': 'http.response.body', 'body': b'app'})\n";

#[test]
fn routes_may_be_said_to_be_none() {
    let running = services("routes = []", "").run();
    assert_eq!(value(&running, "similar", &json!({ "itemId": 1, "k": 0 })), json!([]));
}

#[test]
fn a_program_of_functions_alone_is_reached_by_no_request() {
    let running = server().file("model.py", MODEL).service("model.py").run();
    assert_eq!(running.get("/").status, 404);
}

#[test]
fn routes_to_functions_are_refused() {
    let (status, log) = services("routes = \"/model\"", "").start().ended();
    assert_eq!(status.code(), Some(1), "{log:#?}");
    let last = log.last().expect("a reason");
    assert!(last.contains("it offers functions and has no app") && last.contains("routes = []"), "{log:#?}");
}

#[test]
fn an_app_that_no_request_reaches_is_refused() {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[services.web]\nentry = \"web.mjs\"\nroutes = \"/\"\n\
                  [services.app]\nentry = \"main.py\"\n";
    let start = |config: &str| server().file("web.mjs", WEB).file("main.py", APP).file("diglot.toml", config);
    let (status, log) = start(config).start().ended();
    assert_eq!(status.code(), Some(1), "{log:#?}");
    let last = log.last().expect("a reason");
    assert!(last.contains("no request would reach it"), "{log:#?}");
    start(&format!("{config}routes = []\n")).run();
}
