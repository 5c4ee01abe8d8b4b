//! The trace of a request in all functions that are called for it.

use std::thread;

use diglot_tests::{Client, Server, server};
use serde_json::{Value, json};

/// What a request comes through: Node, Python, Python's thread, Node (told of twice), Node (likewise), and Node again.
const STATIONS: usize = 8;

fn services() -> Server {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[functions]\nhttp = \"/rpc\"\n\
                  [services.node]\nentry = \"traced.mjs\"\nroutes = \"/\"\n\
                  [services.python]\nentry = \"traced.py\"\nroutes = []\n";
    server()
        .file("traced.mjs", include_str!("../../apps/calls/traced.mjs"))
        .file("traced.py", include_str!("../../apps/calls/traced.py"))
        .file("diglot.toml", config)
}

/// The trace of the request with this number.
fn trace(number: u32) -> Value {
    json!({
        "traceparent": format!("00-0af7651916cd43dd8448eb211c80319c-{number:016x}-01"),
        "tracestate": format!("vendor=a,other={number}"),
        "x-request-id": format!("request {number}: the id"),
    })
}

/// As fields of a request.
fn fields(trace: &Value) -> String {
    let fields = trace.as_object().expect("an object");
    fields.iter().map(|(name, value)| format!("{name}: {}\r\n", value.as_str().expect("text"))).collect()
}

/// What the stations say to a request.
fn told(client: &mut Client, request: &str, fields: &str, body: &str) -> Value {
    let more = if body.is_empty() {
        String::new()
    } else {
        format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len())
    };
    let head = format!("{request} HTTP/1.1\r\nHost: test\r\nAuthorization: secret\r\n{fields}{more}\r\n");
    let response = client.send(format!("{head}{body}")).response();
    assert_eq!(response.status, 200, "{response:?}");
    serde_json::from_slice(&response.body).expect("JSON")
}

#[test]
fn a_request_has_one_trace_in_both_languages() {
    let running = services().run();
    let mut client = running.connect();
    for number in 1..4 {
        let trace = trace(number);
        let all = vec![trace.clone(); STATIONS];
        assert_eq!(told(&mut client, "GET /", &fields(&trace), ""), json!(all));
        assert_eq!(
            told(&mut client, "GET /", "", ""),
            json!(vec![json!({}); STATIONS]),
            "of another request"
        );
    }
    let only = json!({ "x-request-id": "seven" });
    assert_eq!(told(&mut client, "GET /", &fields(&only), ""), json!(vec![only; STATIONS]));
}

#[test]
fn a_published_function_has_the_trace_of_its_request() {
    let running = services().run();
    let mut client = running.connect();
    let trace = trace(1);
    for (function, stations) in [("python/between", 6), ("python/on_a_thread", 3), ("node/last", 2)] {
        let request = format!("POST /rpc/{function}");
        let all = vec![trace.clone(); stations];
        assert_eq!(told(&mut client, &request, &fields(&trace), "{}"), json!(all), "{function}");
        assert_eq!(told(&mut client, &request, "", "{}"), json!(vec![json!({}); stations]), "{function}");
    }
}

#[test]
fn requests_at_once_keep_their_traces_apart() {
    let running = services().run();
    thread::scope(|scope| {
        for client_number in 0..8 {
            let mut client = running.connect();
            scope.spawn(move || {
                for number in 0..25 {
                    let trace = trace(client_number * 100 + number);
                    let all = vec![trace.clone(); STATIONS];
                    assert_eq!(told(&mut client, "GET /", &fields(&trace), ""), json!(all));
                }
            });
        }
    });
}
