//! Programs that start their workers with `node:cluster`: the server is their primary.

use std::collections::HashSet;

use super::program;

const PROGRAM: &str = r#"
const cluster = require("node:cluster");
const dgram = require("node:dgram");
const http = require("node:http");
const net = require("node:net");
if (cluster.isPrimary) {
  console.log("the primary's");
  for (let count = 0; count < 8; count++) cluster.fork({ FORKED: "1" });
  cluster.on("exit", () => cluster.fork());
} else {
  process.on("message", (message) => message === "shutdown" && process.exit());
  process.send({ ready: true });
  process.send("ready", undefined, undefined, (error) => console.log(`not sent: ${error.code}`));
  const { isPrimary, isMaster, isWorker, worker } = cluster;
  const about = { isPrimary, isMaster, isWorker, connected: process.connected, fork: typeof cluster.fork };
  const variables = Object.keys(process.env).filter((name) => /^(DIGLOT_(LINK|WORKER|NUMBER)|NODE_UNIQUE_ID)$/.test(name));
  http.createServer((request, response) => {
    if (request.url === "/leave") worker.disconnect();
    response.end(JSON.stringify({ id: worker.id, ...about, variables }));
  }).listen(3000, () => {
    const tcp = net.createServer().listen(0, "127.0.0.1", () => console.log(`tcp ${tcp.address().port > 0}`));
    const udp = dgram.createSocket("udp4").bind(0, "127.0.0.1", () => console.log(`udp ${udp.address().port > 0}`));
    http.createServer().listen(0, function () { console.log(`http ${this.address().port > 0}`); });
  });
}
"#;

#[test]
fn its_workers_are_the_servers() {
    let running = program("server.cjs", PROGRAM, "workers = 2").run();
    let notice = running.wait_for(|line| line.contains("forks its workers with node:cluster"));
    assert!(
        notice.contains(" INFO ") && notice.contains("\"app\"") && notice.contains("`workers`"),
        "{notice}"
    );
    let about = r#""isPrimary":false,"isMaster":false,"isWorker":true,"connected":false,"fork":"undefined","variables":[]"#;
    let mut ids = HashSet::new();
    while ids.len() < 2 {
        let answer = running.get("/").text();
        assert!(answer.contains(about), "{answer}");
        ids.insert(answer);
    }
    assert!(ids.iter().any(|answer| answer.contains(r#""id":1"#)), "{ids:?}");
    assert!(ids.iter().any(|answer| answer.contains(r#""id":2"#)), "{ids:?}");
    for said in
        ["tcp true", "udp true", "http true", "messages to it go nowhere", "not sent: ERR_IPC_CHANNEL_CLOSED"]
    {
        running.wait_for(|line| line.contains(said));
    }
    assert_eq!(running.workers().len(), 2);
    // What is known of the program need not be found out again.
    let primaries = || running.log().iter().filter(|line| line.contains("the primary's")).count();
    let before = primaries();
    running.signal(rustix::process::Signal::HUP);
    running.wait_for(|line| line.contains("every worker has been restarted"));
    assert_eq!(primaries(), before);
    // A worker that leaves the cluster is replaced.
    assert_eq!(running.get("/leave").status, 200);
    running.wait_for(|line| {
        line.contains("its program has ended by itself, with exit code 0; a new one is started")
    });
    assert_eq!(running.get("/").status, 200);
    assert_eq!(running.stop().0.code(), Some(0));
}

#[test]
fn workers_of_another_file_are_named() {
    let text = "const cluster = require('node:cluster');\ncluster.setupPrimary({ exec: 'other.js' });\ncluster.fork();\n";
    let (status, log) = program("server.cjs", text, "").file("other.js", "").start().ended();
    assert_eq!(status.code(), Some(1), "{log:?}");
    let last = log.last().expect("a line");
    assert!(last.contains("other.js: make that the entry of the service"), "{last}");
}

/// Who serves and forks wants helpers, which are Node's own.
#[test]
fn a_program_that_serves_may_fork_helpers() {
    let text = r#"
const cluster = require("node:cluster");
if (cluster.isPrimary) {
  require("node:http").createServer((request, response) => {
    cluster.fork().on("message", (message) => response.end(message));
  }).listen(0);
} else {
  process.send(`helped ${cluster.worker.id}`, () => process.exit());
}
"#;
    let running = program("server.cjs", text, "").run();
    assert_eq!(running.get("/").text(), "helped 1");
    assert_eq!(running.get("/").text(), "helped 2");
}
