//! Calls that are answered.

use diglot_tests::server;
use serde_json::json;

use crate::{NODE, PYTHON, SHOPS, call, call_on, problem, published, request, shops, value};

#[test]
fn functions_answer() {
    let running = published();
    for shop in SHOPS {
        let path = format!("{shop}/buy");
        assert_eq!(
            value(&running, &path, &json!({ "item_id": 3, "count": 3 })),
            json!({ "item_id": 3, "total": 7.5 })
        );
        assert_eq!(
            value(&running, &path, &json!({ "itemId": 3 })),
            json!({ "item_id": 3, "total": 2.5 }),
            "{shop}"
        );
    }
    let spelled = call(&running, "Python/Echo", &json!({ "text": "a" }));
    assert_eq!((spelled.status, spelled.text().as_str()), (200, "\"a\""), "names cross in every spelling");
}

#[test]
fn integers_keep_their_digits_or_are_refused() {
    let running = published();
    let arguments = json!({ "item_id": 9_007_199_254_740_993_u64 });
    assert_eq!(value(&running, "python/buy", &arguments)["item_id"], arguments["item_id"]);
    let refused = call(&running, "node/buy", &arguments);
    let told = problem(&refused);
    assert_eq!((refused.status, &told["issues"][0]["path"]), (422, &json!(["item_id"])), "{told}");
    let why = "9007199254740993n is beyond what a number holds: declare a bigint";
    assert_eq!(told["issues"][0]["message"], why);
}

#[test]
fn a_connection_carries_call_after_call() {
    let running = published();
    let mut client = running.connect();
    let long = "x".repeat(1 << 20);
    for text in ["", "short", &long, "\"\\\n\u{1F600}"] {
        for shop in SHOPS {
            let response = call_on(&mut client, &format!("{shop}/echo"), &json!({ "text": text }));
            assert_eq!((response.status, response.body), (200, json!(text).to_string().into_bytes()));
        }
    }
    // Several at once: the answers come in the order of the requests.
    let requests: String =
        (0..50).map(|n| request("python/echo", "", &json!({ "text": n.to_string() }))).collect();
    client.send(requests);
    for n in 0..50 {
        assert_eq!(client.response().text(), format!("\"{n}\""));
    }
}

#[test]
fn services_keep_their_routes() {
    let app = "async def app(scope, receive, send):\n    \
               await send({'type': 'http.response.start', 'status': 200, 'headers': []})\n    \
               await send({'type': 'http.response.body', 'body': scope['path'].encode()})\n";
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[functions]\nhttp = \"/rpc\"\n\
                  [services.python]\nentry = \"shop.py\"\nroutes = []\n\
                  [services.app]\nentry = \"main:app\"\nroutes = [\"/\", \"/rpc/app\"]\n";
    let running = server().file("shop.py", PYTHON).file("main.py", app).file("diglot.toml", config).run();
    for path in ["/", "/rpcs", "/rpc/app", "/rpc/app/x"] {
        assert_eq!(running.get(path).text(), path);
    }
    assert_eq!(value(&running, "python/echo", &json!({ "text": "a" })), "a");
}

#[test]
fn what_is_not_published_is_not_there() {
    let running = shops("[functions]\nhttp = \"/rpc\"\npublished = [\"node\", \"python.echo\"]").run();
    let arguments = json!({ "text": "a", "item_id": 1 });
    assert_eq!(call(&running, "python/echo", &json!({ "text": "a" })).status, 200);
    assert_eq!(call(&running, "node/buy", &json!({ "item_id": 1 })).status, 200);
    let hidden = call(&running, "python/buy", &arguments);
    let absent = call(&running, "python/bye", &arguments);
    assert_eq!(problem(&hidden)["code"], "unknown_function");
    assert_eq!((hidden.status, hidden.body), (404, absent.body), "nobody can tell them apart");
    let unpublished = server().file("shop.mjs", NODE).service("shop.mjs").run();
    assert_eq!(
        call(&unpublished, "shop/echo", &arguments).field("content-type"),
        Some("text/plain; charset=utf-8")
    );
}

#[test]
fn calls_are_in_the_access_log() {
    let running = shops("[functions]\nhttp = \"/rpc\"\n").argument("--access-log").run();
    call(&running, "node/echo", &json!({ "text": "abc" }));
    running.wait_for(|line| line.contains("\"POST /rpc/node/echo HTTP/1.1\" 200 5 "));
    call(&running, "node/nothing", &json!({}));
    running.wait_for(|line| line.contains("\"POST /rpc/node/nothing HTTP/1.1\" 404 "));
}
