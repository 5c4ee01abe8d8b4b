//! Calls that fail, each with its status.

use std::net::Shutdown;
use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use crate::{SHOPS, call, problem, published, request, shops};

#[test]
fn arguments_that_do_not_fit() {
    let running = published();
    for shop in SHOPS {
        for arguments in [json!({ "item_id": "three" }), json!({}), json!({ "item_id": 1, "other": 2 })] {
            let response = call(&running, &format!("{shop}/buy"), &arguments);
            let problem = problem(&response);
            assert_eq!(
                (response.status, &problem["code"]),
                (422, &json!("invalid_arguments")),
                "{shop} {problem}"
            );
            let path = &problem["issues"][0]["path"];
            assert!(path == &json!(["item_id"]) || path == &json!(["other"]), "{shop} {problem}");
        }
    }
    let twice = call(&running, "python/buy", &json!({ "item_id": 1, "itemId": 2 }));
    assert_eq!((twice.status, &problem(&twice)["code"]), (422, &json!("invalid_arguments")));
    assert_eq!(problem(&twice)["issues"], json!([{ "path": ["item_id"], "message": "is given twice" }]));
}

#[test]
fn requests_that_are_no_calls() {
    let running = shops("[functions]\nhttp = \"/rpc\"\nmessage_bytes_max = \"100 KiB\"").run();
    let asked = |method: &str, path: &str, fields: &str, body: &str| {
        let length = body.len();
        let text = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\n{fields}Content-Length: {length}\r\n\r\n{body}"
        );
        let mut client = running.connect();
        let response = client.send(&text).response();
        let again = client.send("GET /nothing HTTP/1.1\r\nHost: test\r\n\r\n").try_response(false);
        assert_eq!(again.is_ok(), response.field("connection") != Some("close"), "{response:?}");
        (response.status, problem(&response)["code"].as_str().expect("a code").to_owned(), response)
    };
    let typed = "Content-Type: application/json\r\n";
    let check = |method: &str, path: &str, fields: &str, body: &str, status: u16, code: &str| {
        let (found_status, found_code, response) = asked(method, path, fields, body);
        assert_eq!((found_status, found_code.as_str()), (status, code), "{method} {path} {body}");
        assert_eq!(response.field("cache-control"), Some("no-store"), "{method} {path} {body}");
        response
    };
    let get = check("GET", "/rpc/python/echo", "", "", 405, "method");
    assert_eq!(get.field("allow"), Some("POST"));
    check("OPTIONS", "/rpc/python/echo", typed, "", 405, "method");
    for path in [
        "/rpc",
        "/rpc/",
        "/rpc/python",
        "/rpc/python/echo/",
        "/rpc/python/nothing",
        "/rpc/other/echo",
        "/rpc/python/%65cho",
    ] {
        check("POST", path, typed, "{}", 404, "unknown_function");
    }
    check("POST", "/rpc/python/echo", "", "{}", 415, "content_type");
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    check("POST", "/rpc/python/echo", form, "text=a", 415, "content_type");
    check("POST", "/rpc/python/echo", "Content-Type: text/plain\r\n", r#"{"text":"a"}"#, 415, "content_type");
    let coded = format!("{typed}Content-Encoding: gzip\r\n");
    check("POST", "/rpc/python/echo", &coded, "{}", 415, "content_encoding");
    for body in ["", "{", "[]", "null", "{\"text\": }", "{} {}", &"[".repeat(1_000)] {
        check("POST", "/rpc/python/echo", typed, body, 400, "invalid_json");
    }
    let long = format!("{{\"text\":\"{}\"}}", "x".repeat(100 * 1024));
    for shop in SHOPS {
        let path = format!("/rpc/{shop}/echo");
        check("POST", &path, typed, &long, 413, "too_large");
    }
}

#[test]
fn functions_that_fail() {
    let running = published();
    for shop in SHOPS {
        let declared = call(&running, &format!("{shop}/buy"), &json!({ "item_id": 1, "count": 10 }));
        let told = problem(&declared);
        assert_eq!(declared.status, 422, "{told}");
        let expect = json!(["error", "SoldOut", "not so many left", { "left": 9 }]);
        assert_eq!(json!([told["code"], told["error"], told["detail"], told["data"]]), expect, "{shop}");

        // What it says nothing of is told to its author only.
        let broken = call(&running, &format!("{shop}/broken"), &json!({}));
        let told = problem(&broken);
        assert_eq!(
            (broken.status, &told["code"], &told["error"]),
            (500, &json!("error"), &Value::Null),
            "{told}"
        );
        running.wait_for(|line| line.contains(&format!("{shop}.broken, called over HTTP, failed")));
        running.wait_for(|line| {
            line.contains("shop.") && line.contains(if shop == "node" { ".mjs:" } else { ".py\"" })
        });

        let late = call(&running, &format!("{shop}/late"), &json!({}));
        assert_eq!((late.status, &problem(&late)["code"]), (504, &json!("deadline_exceeded")));
        let died = call(&running, &format!("{shop}/die"), &json!({}));
        assert_eq!((died.status, &problem(&died)["code"]), (502, &json!("worker_lost")));
        let after = call(&running, &format!("{shop}/echo"), &json!({ "text": "a" }));
        assert_eq!(after.status, 200, "the next call waits for the next worker");
    }
}

#[test]
fn functions_that_take_a_stream() {
    let running = published();
    for shop in SHOPS {
        for arguments in [json!({}), json!({ "numbers": [1, 2] })] {
            let refused = call(&running, &format!("{shop}/total"), &arguments);
            let told = problem(&refused);
            assert_eq!((refused.status, &told["code"]), (501, &json!("takes_stream")), "{shop} {told}");
        }
    }
}

#[test]
fn published_names_that_come_to_nothing() {
    let names = "[\"python\", \"node.total\",\n\"node.ehco\", \"python.zzz\", \"node.waitFirst\"]";
    let running = shops(&format!("[functions]\nhttp = \"/rpc\"\npublished = {names}")).run();
    let near =
        "`published` (diglot.toml:7): service \"node\" offers no function \"ehco\": did you mean \"echo\"?";
    running.wait_for(|line| line.ends_with(near));
    let listed =
        "(diglot.toml:7): service \"python\" offers no function \"zzz\"; it offers \"broken\", \"buy\", ";
    running.wait_for(|line| line.contains(listed));
    running.wait_for(|line| line.contains("(diglot.toml:6): node.total takes a stream"));
    assert_eq!(
        running.log().iter().filter(|line| line.contains("`published`")).count(),
        3,
        "{:#?}",
        running.log()
    );
}

#[test]
fn as_many_wait_as_may() {
    let running = published();
    for shop in SHOPS {
        let path = format!("{shop}/single");
        let mut clients: Vec<_> = (0..3).map(|_| running.connect()).collect();
        clients[0].send(request(&path, "", &json!({})));
        running.wait_for(|line| line.contains(shop) && line.ends_with("single begins"));
        // Of the two others one waits, and one is told so.
        let sockets: Vec<_> =
            clients.iter().map(|client| client.stream().try_clone().expect("a descriptor")).collect();
        let refused = thread::scope(|scope| {
            let (sender, answers) = mpsc::channel();
            for client in &mut clients[1..] {
                let (sender, path) = (sender.clone(), &path);
                scope.spawn(move || {
                    sender.send(client.send(request(path, "", &json!({}))).try_response(false))
                });
            }
            let refused = answers.recv().expect("one is refused").expect("a response");
            sockets.iter().for_each(|socket| socket.shutdown(Shutdown::Both).expect("open"));
            refused
        });
        assert_eq!((refused.status, refused.field("retry-after")), (503, Some("1")));
        assert_eq!(problem(&refused)["code"], "overloaded");
    }
}
