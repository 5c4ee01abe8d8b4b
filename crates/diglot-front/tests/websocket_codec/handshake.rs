//! Requests that ask for a WebSocket, and their answers.

use diglot_front::h1::{Limits, RequestHead, Scratch, Status, parse_request};
use diglot_front::websocket::{Handshake, is_handshake};

const KEY: &str = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
const UPGRADE: &str = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
const VERSION: &str = "Sec-WebSocket-Version: 13\r\n";

fn with_head<T>(request_line: &str, fields: &str, look: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let bytes = format!("{request_line}\r\nHost: example.com\r\n{fields}\r\n");
    let mut scratch = Scratch::new();
    match parse_request(bytes.as_bytes(), &mut scratch, &Limits::default()) {
        Ok(Status::Complete(head)) => look(&head),
        other => panic!("{bytes}: {other:?}"),
    }
}

/// The fields of the 101, or status, first words and fields of a refusal.
fn answer(fields: &str, may_deflate: bool) -> String {
    with_head("GET /chat HTTP/1.1", fields, |head| {
        assert!(is_handshake(head), "{fields}");
        match Handshake::check(head, may_deflate) {
            Ok(handshake) => {
                let mut out = Vec::new();
                handshake.write_fields(&mut out);
                let offered = String::from_utf8_lossy(&out).contains("Extensions");
                assert_eq!(handshake.deflate().is_some(), offered);
                String::from_utf8(out).unwrap()
            }
            Err(refusal) => {
                assert!(refusal.sentence.ends_with(").") && refusal.sentence.contains(" section "));
                let fields = String::from_utf8_lossy(refusal.fields);
                format!("{} {}\n{fields}", refusal.status, refusal.sentence)
            }
        }
    })
}

#[test]
fn what_is_a_handshake() {
    for (request_line, fields, expected) in [
        ("GET / HTTP/1.1", UPGRADE, true),
        ("GET / HTTP/1.1", "connection: keep-alive, upgrade\r\nupgrade: h2c, WebSocket\r\n", true),
        ("GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\nUpgrade: websocket\r\n", true),
        ("GET / HTTP/1.1", "Upgrade: websocket\r\n", false),
        ("GET / HTTP/1.1", "Connection: Upgrade\r\n", false),
        ("GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: h2c\r\n", false),
        ("GET / HTTP/1.1", "Connection: Upgrade\r\nUpgrade: websocket2\r\n", false),
        ("GET / HTTP/1.0", UPGRADE, false),
        ("POST / HTTP/1.1", UPGRADE, false),
        ("HEAD / HTTP/1.1", UPGRADE, false),
    ] {
        with_head(request_line, fields, |head| {
            assert_eq!(is_handshake(head), expected, "{request_line} {fields}");
        });
    }
}

#[test]
fn the_example_of_section_1_3_is_answered_as_there() {
    let expected = "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let plain = format!("{UPGRADE}{KEY}{VERSION}");
    assert_eq!(answer(&plain, true), expected);
    with_head("GET / HTTP/1.1", &plain, |head| {
        let handshake = Handshake::check(head, true).unwrap();
        assert_eq!(handshake.accept(), b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    });
    let offer = "Sec-WebSocket-Extensions: foo\r\n\
                 Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n";
    let compressed = format!(
        "{expected}Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; \
         client_no_context_takeover; server_max_window_bits=10\r\n"
    );
    assert_eq!(answer(&format!("{plain}{offer}"), true), compressed);
    assert_eq!(answer(&format!("{plain}{offer}"), false), expected);
}

#[test]
fn other_versions_are_told_which_one_is_spoken() {
    for version in ["", "8\r\n", "013\r\n", "13, 8\r\n", "\"13\"\r\n", "13\r\nSec-WebSocket-Version: 13\r\n"]
    {
        let field = if version.is_empty() { "" } else { "Sec-WebSocket-Version: " };
        let answer = answer(&format!("{UPGRADE}{field}{version}"), true);
        assert!(answer.starts_with("426 "), "{version}: {answer}");
        assert!(answer.ends_with("\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"), "{answer}");
    }
}

#[test]
fn keys_are_the_base64_of_16_bytes() {
    let refusal = |key: &str| answer(&format!("{UPGRADE}{VERSION}{key}"), true);
    assert!(refusal("").starts_with("400 The WebSocket handshake has no Sec-WebSocket-Key"));
    assert!(refusal(&format!("{KEY}{KEY}")).starts_with("400 The WebSocket handshake has more than one"));
    for key in [
        "",
        "AAAA",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQAA",
        "dGhlIHNhbXBsZSBub25jZQA=",
        "dGhlIHNhbXBsZSBub25j ZQ==",
        "dGhlIHNhbXBsZSBub25jZ===",
        "dGhlIHNhbXBsZSBub2-jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==",
        "\"dGhlIHNhbXBsZSBub25jZQ==\"",
    ] {
        let answer = refusal(&format!("Sec-WebSocket-Key: {key}\r\n"));
        assert!(answer.starts_with("400 Sec-WebSocket-Key is not the base64"), "{key}: {answer}");
    }
    // The specification's own example leaves bits over in its last character.
    let answer = refusal("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n");
    assert!(answer.starts_with("Upgrade: websocket\r\n"), "{answer}");
}

#[test]
fn a_handshake_has_no_content() {
    let with = |field: &str| answer(&format!("{UPGRADE}{VERSION}{KEY}{field}"), true);
    assert!(with("Content-Length: 1\r\n").starts_with("400 The WebSocket handshake announces content"));
    assert!(with("Transfer-Encoding: chunked\r\n").starts_with("400 The WebSocket handshake announces"));
    assert!(with("Content-Length: 0\r\n").starts_with("Upgrade: websocket\r\n"));
}
