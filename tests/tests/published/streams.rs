//! Functions that answer with a stream.

use diglot_tests::Running;
use serde_json::{Value, json};

use crate::{EVENTS, SHOPS, call, problem, published, request, wait_for_times};

/// Calls for a stream and reads it to its end, whole or not.
fn streamed(running: &Running, path: &str, fields: &str, arguments: &Value) -> (String, String, bool) {
    let mut client = running.connect();
    client.send(request(path, fields, arguments));
    let head = String::from_utf8(client.take_until(b"\r\n\r\n").expect("a head")).expect("text");
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let mut content = Vec::new();
    loop {
        let Ok(line) = client.take_until(b"\r\n") else {
            return (head, String::from_utf8(content).expect("text"), false);
        };
        let size = usize::from_str_radix(String::from_utf8_lossy(&line).trim(), 16).expect("a size");
        if size == 0 {
            return (head, String::from_utf8(content).expect("text"), true);
        }
        content.extend(client.take(size).expect("a chunk"));
        client.take(2).expect("its end");
    }
}

#[test]
fn items_are_lines() {
    let running = published();
    for shop in SHOPS {
        let response = call(&running, &format!("{shop}/watch"), &json!({ "to": 3 }));
        assert_eq!((response.status, response.field("content-type")), (200, Some("application/x-ndjson")));
        assert_eq!(response.text(), "\"item 0\"\n\"item 1\"\n\"item 2\"\n");
        let (head, text, is_whole) = streamed(
            &running,
            &format!("{shop}/watch"),
            "Accept: application/jsonl\r\n",
            &json!({ "to": 20_000 }),
        );
        assert!(is_whole && head.contains("Content-Type: application/jsonl\r\n"), "{head}");
        assert_eq!(text.lines().count(), 20_000);
        assert!(text.lines().enumerate().all(|(n, line)| line == format!("\"item {n}\"")), "in their order");
        let empty = call(&running, &format!("{shop}/watch"), &json!({ "to": 0 }));
        assert_eq!((empty.status, empty.text()), (200, String::new()));
    }
}

#[test]
fn items_are_events() {
    let running = published();
    for shop in SHOPS {
        let (head, text, is_whole) =
            streamed(&running, &format!("{shop}/watch"), EVENTS, &json!({ "to": 2 }));
        assert!(
            head.contains("Content-Type: text/event-stream\r\n")
                && head.contains("Cache-Control: no-cache\r\n")
        );
        assert_eq!((text.as_str(), is_whole), ("data: \"item 0\"\n\ndata: \"item 1\"\n\n", true), "{shop}");
    }
}

#[test]
fn a_stream_that_fails_is_not_taken_for_a_whole_one() {
    let running = published();
    for shop in SHOPS {
        let arguments = json!({ "to": 2, "fails": true });
        let (_, text, is_whole) = streamed(&running, &format!("{shop}/watch"), "", &arguments);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            (&lines[..2], lines.len(), is_whole),
            (&["\"item 0\"", "\"item 1\""][..], 3, false),
            "{text}"
        );
        let told: Value = serde_json::from_str(lines[2]).expect("JSON");
        assert_eq!((&told["status"], &told["code"]), (&json!(500), &json!("error")), "{told}");
        let (_, text, is_whole) = streamed(&running, &format!("{shop}/watch"), EVENTS, &arguments);
        let (_, event) = text.split_once("\n\nevent: error\ndata: ").expect("the event that says so");
        let told: Value = serde_json::from_str(event.lines().next().unwrap_or_default()).expect("JSON");
        assert_eq!(
            (&told["status"], &told["code"], is_whole),
            (&json!(500), &json!("error"), false),
            "{text}"
        );
        assert!(!text.contains("secret"), "{text}");
        // Before there is an item, a status says it.
        let failed = call(&running, &format!("{shop}/watch"), &json!({ "to": 0, "fails": true }));
        assert_eq!((failed.status, &problem(&failed)["code"]), (500, &json!("error")));
        let unfit = call(&running, &format!("{shop}/watch"), &json!({ "to": "x" }));
        assert_eq!((unfit.status, &problem(&unfit)["code"]), (422, &json!("invalid_arguments")));
    }
}

#[test]
fn a_stream_begins_before_its_first_item() {
    let running = published();
    for shop in SHOPS {
        let mut client = running.connect();
        client.send(request(&format!("{shop}/watch"), "", &json!({ "to": 1_000_000_000 })));
        client.take_until(b"\"item 100\"\n").expect("items");
        // One that reads no further stops the generator: what is made is what was asked for.
        drop(client);
        running.wait_for(|line| line.contains(shop) && line.ends_with("watch is over"));
        let (_, text, is_whole) =
            streamed(&running, &format!("{shop}/wait_first"), EVENTS, &json!({ "ms": 2_500 }));
        assert_eq!((text.as_str(), is_whole), ("data: 1\n\n", true));
    }
}

#[test]
fn a_client_that_does_not_read_stops_the_generator() {
    let running = published();
    for shop in SHOPS {
        let mut client = running.connect();
        client.send(request(&format!("{shop}/watch"), "", &json!({ "to": 1_000_000_000 })));
        client.take_until(b"\"item 0\"\n").expect("items");
        let before = running.process().resident_bytes();
        // Calls of the same worker are answered meanwhile, so it does not only seem to stand still.
        for _ in 0..200 {
            assert_eq!(call(&running, &format!("{shop}/echo"), &json!({ "text": "a" })).status, 200);
        }
        let grown = running.process().resident_bytes().saturating_sub(before);
        assert!(grown < 16 << 20, "{grown} bytes");
    }
    wait_for_times(&running, "watch is over", SHOPS.len());
}
