//! A worker that breaks the protocol of its link ends, alone: what it had in flight is a 502, others serve on, and
//! another takes its place.

use diglot_tests::{Running, server};

const SABOTEUR: &str = include_str!("../../data/saboteur.py");
const BYSTANDER: &str = r#"
const waiting = [];
require("node:http").createServer((request, response) => {
  if (request.url === "/by/wait") {
    waiting.push(response);
    response.writeEarlyHints({ link: "</here>" });
  } else {
    for (const one of waiting.splice(0)) one.end("waited");
    response.end("by");
  }
}).listen(0);
"#;

/// A frame as a worker would send it: length, type, flags, generation, stream, payload.
fn frame(kind: u8, flags: u8, generation: u16, stream: u32, payload: &[u8]) -> Vec<u8> {
    announced(payload.len() as u32, kind, flags, generation, stream, payload)
}

/// A frame that announces another length than it has.
fn announced(length: u32, kind: u8, flags: u8, generation: u16, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = length.to_le_bytes().to_vec();
    frame.extend([kind, flags]);
    frame.extend(generation.to_le_bytes());
    frame.extend(stream.to_le_bytes());
    frame.extend(payload);
    frame
}

/// A RESPONSE payload with status 200 and these field lines.
fn response(lines: &str) -> Vec<u8> {
    let mut payload = vec![200, 0, 0, 0];
    payload.extend((lines.len() as u32).to_le_bytes());
    payload.extend(lines.as_bytes());
    payload
}

const RESPONSE: u8 = 0x02;
const BODY: u8 = 0x05;
const CREDIT: u8 = 0x07;
const END: u8 = 1;

fn run() -> Running {
    server().file("bad.py", SABOTEUR).file("by.js", BYSTANDER).service("/=bad:app").service("/by=by.js").run()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Has the worker write `bytes` to its link, and checks what follows; `rule` stands in the log.
fn check(server: &Running, what: &str, path: &str, bytes: &[u8], rule: &str) {
    let pid = server.get("/pid").text();
    // On the same worker a request without an answer, and one with the beginning of one; and a bystander's. Interim
    // responses say that they have arrived.
    let mut waiting = server.connect();
    assert_eq!(waiting.get("/wait").status, 103, "{what}");
    let mut begun = server.connect();
    begun.send("GET /hang HTTP/1.1\r\nHost: test\r\n\r\n");
    begun.take_until(b"\r\n\r\n").expect("a head");
    let mut bystander = server.connect();
    assert_eq!(bystander.get("/by/wait").status, 103, "{what}");

    let broken = server.get(&format!("{path}?{}", hex(bytes)));
    assert_eq!(broken.status, 502, "{what}: {}", broken.text());
    assert_eq!(waiting.response().status, 502, "{what}");
    assert!(begun.take_until(b"0\r\n\r\n").is_err(), "{what}: a cut response looks whole");

    server.wait_for(|line| line.contains(rule));
    assert_eq!(server.get("/by").text(), "by", "{what}");
    assert_eq!(bystander.response().text(), "waited", "{what}");

    let next = server.get("/pid");
    assert_eq!(next.status, 200, "{what}: {}", next.text());
    assert_ne!(next.text(), pid, "{what}: the worker lives on");
}

#[test]
fn a_broken_rule_ends_the_worker_and_nothing_else() {
    let cases: &[(&str, Vec<u8>, &str)] = &[
        ("garbage", b"GET / HTTP/1.1\r\nHost: link\r\n\r\n".to_vec(), "unknown type"),
        ("an oversized length", announced(u32::MAX, BODY, 0, 0, 1, b""), "above the maximum of 65536"),
        ("an oversized response", announced(163_841, RESPONSE, 0, 0, 1, b""), "above the maximum of 163840"),
        ("a frame of the server's", frame(0x22, 0, 0, 0, b""), "out of turn"),
        ("a stream nobody opened", frame(RESPONSE, END, 0, 60_000, &response("")), "which was never opened"),
        ("a stream beyond the last", frame(RESPONSE, END, 0, 70_000, &response("")), "stream 70000"),
        ("impossible flags", frame(CREDIT, END, 0, 0, &1u32.to_le_bytes()), "impossible flags"),
        ("no credit at all", frame(CREDIT, 0, 0, 0, &0u32.to_le_bytes()), "malformed"),
        ("more credit than was spent", frame(CREDIT, 0, 0, 0, &9u32.to_le_bytes()), "beyond its window"),
        ("READY again", frame(0x20, 0, 0, 0, b"\x01x"), "out of turn"),
    ];
    for (what, bytes, rule) in cases {
        // One server each: a service whose workers all fail soon is given up for a while.
        check(&run(), what, "/write", bytes, rule);
    }
}

#[test]
fn a_frame_that_is_cut_by_the_workers_end_answers_nothing() {
    check(
        &run(),
        "a cut frame",
        "/cut",
        &announced(100, BODY, 0, 0, 1, b"half"),
        "its program has ended by itself",
    );
}

#[test]
fn fields_that_are_not_http_never_leave_and_are_their_requests_fault() {
    for lines in
        ["X-A: a\rX-Evil: b\r\n", "X-A: a\nX-Evil: b\r\n", "X-A: a\r\n\r\nX-Evil\r\n", "X Evil: b\r\n"]
    {
        let server = run();
        let pid = server.get("/pid").text();
        // The second of two requests uses the first one's stream again, in its next generation.
        let frame = frame(RESPONSE, 0, 1, 1, &response(lines));
        let answer = server.get(&format!("/write?{}", hex(&frame)));
        assert_eq!(answer.status, 502, "{lines:?}");
        assert!(!answer.head.contains("Evil"), "{lines:?}: {}", answer.head);
        server.wait_for(|line| line.contains("header fields that are not HTTP"));
        assert_eq!(server.get("/by").text(), "by", "{lines:?}");
        assert_eq!(server.get("/pid").text(), pid, "{lines:?}: the worker lives on");
    }
}

#[test]
fn a_worker_that_sends_without_credit_ends() {
    let server = run();
    let mut victim = server.connect();
    victim.send("GET /hang HTTP/1.1\r\nHost: test\r\n\r\n");
    victim.take_until(b"begun").expect("the beginning of a body");
    // 64 MiB for a client that does not read: more than the system takes for it.
    let flood = frame(BODY, 0, 0, 1, &[b'x'; 1024]);
    assert_eq!(server.get(&format!("/flood?{}", hex(&flood))).status, 502);
    server.wait_for(|line| line.contains("without credit"));
    assert!(victim.take_until(b"0\r\n\r\n").is_err(), "a cut response looks whole");
    assert_eq!(server.get("/pid").status, 200);
}

#[test]
fn a_node_worker_that_writes_garbage_ends_too() {
    let saboteur = r#"
        const fs = require("node:fs");
        const is_socket = (number) => {
          try { return fs.readlinkSync(`/proc/self/fd/${number}`).startsWith("socket:"); } catch { return false; }
        };
        require("node:http").createServer((request, response) => {
          if (request.url === "/pid") return response.end(String(process.pid));
          // A Node process has no other socket: its standard streams are pipes.
          for (const number of fs.readdirSync("/proc/self/fd").map(Number).filter(is_socket)) {
            fs.writeSync(number, "HTTP/1.1 200 OK\r\n\r\n");
          }
        }).listen(0);
    "#;
    let server = server().file("bad.js", saboteur).service("bad.js").run();
    let pid = server.get("/pid").text();
    assert_eq!(server.get("/write").status, 502);
    // Which of its two sockets is read first is left to the scheduler.
    server.wait_for(|line| line.contains("broke the link's protocol"));
    let next = server.get("/pid");
    assert_eq!(next.status, 200);
    assert_ne!(next.text(), pid);
}

#[test]
fn a_worker_that_breaks_a_rule_before_it_is_ready_fails_the_start() {
    let text = format!("{SABOTEUR}\nos.write(link(), b'no frame, and no preface either')\n");
    let (status, log) = server().file("bad.py", &text).service("bad:app").start().ended();
    assert_eq!(status.code(), Some(1), "{log:?}");
    assert!(log.last().is_some_and(|line| line.contains("link")), "{log:?}");
}
