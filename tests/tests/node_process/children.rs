//! What a program starts: it gets nothing of the server's.

use rustix::process::Signal;

use super::program;

/// `/` tells what a child of each kind finds of the server's.
const PROGRAM: &str = r#"
const { execFile, fork, spawnSync } = require("node:child_process");
const http = require("node:http");
const { Worker } = require("node:worker_threads");
const look = `
  const fs = require("node:fs");
  const sockets = fs.readdirSync("/proc/self/fd").filter((fd) => fd > 3)
    .filter((fd) => { try { return fs.readlinkSync("/proc/self/fd/" + fd).startsWith("socket:") } catch { return false } });
  const variables = Object.keys(process.env).filter((name) => /^(DIGLOT_(LINK|WORKER|NUMBER)|NODE_UNIQUE_ID)$/.test(name));
  const text = JSON.stringify([sockets, variables, process.execArgv, process.env.NODE_OPTIONS ?? ""]);
`;
require("node:fs").writeFileSync("child.cjs", look + "process.send ? process.send(text) : console.log(text);");
const served = `
  const http = require("node:http");
  const server = http.createServer((request, response) => response.end("a thread")).listen(0, "127.0.0.1", () =>
    require("node:worker_threads").parentPort.postMessage(server.address().port));
`;
http.createServer(async (request, response) => {
  const shell = spawnSync("sh", ["-c", "ls -l /proc/self/fd | grep -c socket:"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const thread = new Worker(served, { eval: true });
  const [spawned, forked, port] = await Promise.all([
    new Promise((resolve) => execFile(process.execPath, ["child.cjs"], (_error, text) => resolve(text.trim()))),
    new Promise((resolve) => fork("child.cjs").on("message", resolve)),
    new Promise((resolve) => thread.on("message", resolve)),
  ]);
  const answer = await (await fetch(`http://127.0.0.1:${port}/`)).text();
  await thread.terminate();
  response.end(JSON.stringify({ spawned, forked, sockets_of_sh: shell.stdout.trim(), answer, own: process.execArgv }));
}).listen(0);
"#;

#[test]
#[cfg(target_os = "linux")]
fn it_gets_nothing_of_the_servers() {
    let running = program("server.cjs", PROGRAM, "").run();
    // With many connections open, what the server opens next has a high number.
    let mut open: Vec<_> = (0..60).map(|_| running.connect()).collect();
    for _ in 0..2 {
        let answer = running.get("/").text();
        let nothing = r#"[[],[],[],\"\"]"#;
        let expected = format!(
            r#"{{"spawned":"{nothing}","forked":"{nothing}","sockets_of_sh":"0","answer":"a thread","own":[]}}"#
        );
        assert_eq!(answer, expected);
        running.signal(Signal::HUP);
        running.wait_for(|line| line.contains("every worker has been restarted"));
    }
    open.clear();
}
