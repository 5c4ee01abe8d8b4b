//! Requests that wait for a worker: a turn that is not used is the next one's, and the access log knows of all.

use std::time::{Duration, Instant};

use diglot_tests::server;

/// One request at a time, each answered after half a second; the queue's patience is far longer.
const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
access_log = true

[services.slow]
entry = "slow.js"
concurrency = 1
queue_timeout = "20s"
"#;

const SLOW: &str = r#"
require("node:http").createServer((request, response) => {
  setTimeout(() => response.end("done"), 500);
}).listen(process.env.PORT);
"#;

#[test]
fn a_turn_that_is_not_used_is_the_next_ones() {
    let server = server().file("diglot.toml", CONFIG).file("slow.js", SLOW).run();
    let [mut holder, mut malformed, mut behind] = [(); 3].map(|()| server.connect());
    let begun = Instant::now();
    holder.send("GET /holder HTTP/1.1\r\nHost: test\r\n\r\n");
    // The head is well formed, so the request waits for its turn; that its body is not is seen only then.
    malformed
        .send("POST /malformed HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n");
    behind.send("GET /behind HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(holder.response().text(), "done");
    assert_eq!(malformed.response().status, 400);
    assert_eq!(behind.response().text(), "done");
    assert!(begun.elapsed() < Duration::from_secs(15), "it waited for the queue's patience to end");

    for (path, status) in [("holder", 200), ("malformed", 400), ("behind", 200)] {
        let line = server.wait_for(|line| line.contains(&format!("/{path} HTTP/1.1\"")));
        assert!(line.contains(&format!("HTTP/1.1\" {status} ")), "{line}");
    }
}
