//! Arguments, answers, streams and errors from one language to the other.

use diglot_tests::server;
use serde_json::{Value, json};

use crate::{CONTROL, call, error, printed, services, value, wait_for_times};

#[test]
fn values_cross() {
    let running = services("", "").run();
    assert_eq!(
        value(&running, "similar", &json!({ "itemId": 3 })),
        json!([{ "id": 3, "name": "item 3" }, { "id": 4, "name": "item 4" }])
    );
    assert_eq!(value(&running, "similar", &json!({ "itemId": 3, "k": 0 })), json!([]));
    assert_eq!(value(&running, "shout", &json!({ "text": "loud" })), "LOUD!", "Node, Python, Node");
    assert_eq!(value(&running, "deep", &json!({ "n": 60 })), 60, "a service calls itself");
}

#[test]
fn large_ones_cross_whole() {
    let running = services("", "").run();
    for bytes in [0, 32_000, 33_000, 1 << 20, 20 << 20] {
        assert_eq!(value(&running, "echo", &json!({ "bytes": bytes })), true, "{bytes} bytes");
    }
    let (code, message) = error(&running, "echo", &json!({ "bytes": (64 << 20) + 1 }));
    assert_eq!(code, "too_large", "{message}");
    assert_eq!(value(&running, "echo", &json!({ "bytes": 10 })), true, "and the next one");
}

#[test]
fn streams_cross() {
    let running = services("", "").run();
    assert_eq!(value(&running, "count", &json!({ "to": 100_000, "stream": 0 })), 100_000);
    assert_eq!(value(&running, "total", &json!({ "to": 10_000 })), 49_995_000);
    // One that is left in its midst ends at the other end.
    assert_eq!(value(&running, "count", &json!({ "to": 10_000_000, "stream": 5 })), 5);
    wait_for_times(&running, "count is over", 2);
}

#[test]
fn errors_cross() {
    let running = services("", "").run();
    let answer = call(&running, "fail", &json!({}));
    assert_eq!(answer["code"], "error", "{answer:#}");
    assert_eq!(answer["type"], "OutOfStock");
    assert_eq!(answer["message"], "OutOfStock: model.fail: none left");
    let stack = answer["stack"].as_str().expect("text");
    assert!(stack.contains("web.mjs") && stack.contains("model.py"), "both stacks: {stack}");
    let (code, message) = error(&running, "similar", &json!({ "itemId": "three" }));
    assert_eq!(code, "invalid_arguments");
    assert!(message.contains("itemId"), "{message}");
    let (code, message) = error(&running, "similr", &json!({}));
    assert_eq!(code, "unknown_function");
    assert!(message.contains("did you mean \"similar\"?"), "{message}");
}

#[test]
fn calls_within_calls_come_to_an_end() {
    let running = services("", "").run();
    let (code, _) = error(&running, "deep", &json!({ "n": 1000 }));
    assert!(code == "too_deep" || code == "error", "{code}");
    assert_eq!(value(&running, "deep", &json!({ "n": 3 })), 3);
}

/// As `diglot install` has put it into a venv, and another version: what is found first has nothing but its first module.
#[test]
fn a_copy_of_the_package_hands_over_to_the_workers_own() {
    let program = "import diglot\nfrom diglot import function\n\n\n@function\ndef found() -> str:\n    return diglot.__file__\n";
    let running = server()
        .file("diglot/__init__.py", include_str!("../../../python/diglot/__init__.py"))
        .file("main.py", program)
        .file(
            "diglot.toml",
            "[server]\nlisten = \"127.0.0.1:0\"\n[services.main]\nentry = \"main.py\"\nroutes = []\n",
        )
        .argument("--control")
        .argument(CONTROL)
        .run();
    let found = printed(&running, &["call", "main.found"], &Value::Null);
    assert_eq!(found, json!(running.folder().join("diglot/__init__.py")), "the program has found the copy");
}
