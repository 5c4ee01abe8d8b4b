//! What is too large gets the answer that says so, and reaches no application whole.

use std::fmt::Write as _;

use crate::canary::{Canary, responses_and_end, seen};

#[test]
fn a_sized_body_above_the_limit_is_a_413_that_nobody_sees() {
    for canary in Canary::ALL {
        let server = canary.server("[server.limits]\nbody = \"1 KiB\"\n").run();
        assert_eq!(server.connect().post("/", &[b'x'; 1024]).status, 200, "{canary:?}");
        assert_eq!(seen(&server)[0].body.len(), 1024, "{canary:?}");

        for expect in ["", "Expect: 100-continue\r\n"] {
            let mut client = server.connect();
            client.send(format!("POST / HTTP/1.1\r\nHost: test\r\n{expect}Content-Length: 1025\r\n\r\n"));
            let responses = responses_and_end(&mut client, 1).expect("an answer");
            assert_eq!(responses[0].status, 413, "{canary:?} {expect}");
            assert!(seen(&server).is_empty(), "{canary:?} {expect}");
        }
    }
}

#[test]
fn a_chunked_body_above_the_limit_is_a_413_and_never_complete() {
    for canary in Canary::ALL {
        let server = canary.server("[server.limits]\nbody = \"1 KiB\"\n").run();
        let chunk = format!("200\r\n{}\r\n", "x".repeat(0x200));
        let head = "POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n";

        let answer = server.connect().send(head).send(chunk.repeat(2)).send("0\r\n\r\n").response();
        assert_eq!(answer.status, 200, "{canary:?}");
        assert_eq!(seen(&server)[0].body.len(), 1024, "{canary:?}");

        let mut client = server.connect();
        client.send(head).send(chunk.repeat(2)).send("1\r\nx\r\n0\r\n\r\n");
        let responses = responses_and_end(&mut client, 1).expect("an answer");
        assert_eq!(responses[0].status, 413, "{canary:?}");
        assert!(seen(&server).iter().all(|sighting| !sighting.complete), "{canary:?}");
    }
}

/// Sends a GET with a target of `path` bytes, `count` fields besides Host, and one more with a value of `value` bytes.
fn status(server: &diglot_tests::Running, path: usize, count: usize, value: usize) -> u16 {
    let mut request = format!("GET /{} HTTP/1.1\r\nHost: test\r\n", "a".repeat(path - 1));
    for number in 0..count {
        let _ = write!(request, "X-{number}: y\r\n");
    }
    let _ = write!(request, "Y: {}\r\n\r\n", "y".repeat(value));
    server.connect().send(request).response().status
}

#[test]
fn the_configured_limits_of_a_head_hold() {
    let keys = "[server.limits]\nrequest_line = \"100 B\"\nheaders = \"2 KiB\"\nheader_count = 10\n";
    for canary in Canary::ALL {
        let server = canary.server(keys).run();
        // "GET " and " HTTP/1.1" take 13 bytes of the line.
        assert_eq!(status(&server, 87, 0, 1), 200, "{canary:?}");
        let too_long = if canary.is_nodes_server() { 431 } else { 414 };
        assert_eq!(status(&server, 88, 0, 1), too_long, "{canary:?}");
        assert_eq!(status(&server, 1, 8, 1), 200, "{canary:?}");
        assert_eq!(status(&server, 1, 9, 1), 431, "{canary:?}");
        assert_eq!(status(&server, 1, 0, 1900), 200, "{canary:?}");
        assert_eq!(status(&server, 1, 0, 2048), 431, "{canary:?}");
        assert_eq!(seen(&server).len(), 3, "{canary:?}");
    }
}

#[test]
fn the_default_limits_let_a_large_head_through_to_every_interface() {
    for canary in Canary::ALL {
        let server = canary.server("").run();
        if canary.is_nodes_server() {
            // A server of Node's takes 16 KiB, unless `maxHeaderSize` or --max-http-header-size says otherwise.
            assert_eq!(status(&server, 8_000, 97, 16_000), 431, "{canary:?}");
            continue;
        }
        assert_eq!(status(&server, 8_000, 97, 16_000), 200, "{canary:?}");
        let [sighting] = seen(&server).try_into().expect("one request");
        assert_eq!(sighting.target.len(), 8_000, "{canary:?}");
        let name = match canary {
            Canary::Wsgi => "HTTP_Y",
            _ => "y",
        };
        assert_eq!(sighting.values(name).concat().len(), 16_000, "{canary:?}");
    }
}

#[test]
fn connections_above_the_limit_wait_for_one_to_close() {
    let server = Canary::Asgi.server("[server.limits]\nconnections = 2\n").run();
    let mut first = server.connect();
    let mut second = server.connect();
    assert_eq!((first.get("/1").status, second.get("/2").status), (200, 200));
    let mut third = server.connect();
    third.send("GET /3 HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(first.get("/4").status, 200);
    drop(second);
    assert_eq!(third.response().status, 200);
    assert_eq!(first.get("/5").status, 200);
}
