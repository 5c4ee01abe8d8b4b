//! What a program finds out about its process is what it finds out under `node`.

use std::process::{Command, Stdio};

use super::program;

/// Says as JSON what it sees, but for what no two processes have alike.
const FACTS: &str = r#"
const facts = {
  argv: process.argv.map((argument) => argument.split("/").pop()),
  execArgv: process.execArgv,
  title: process.title.split("/").pop(),
  main: MAIN,
  cwd: process.cwd().split("/").pop().length > 0,
  tty: [process.stdin.isTTY, process.stdout.isTTY, process.stderr.isTTY],
  colours: process.stdout.hasColors?.() ?? null,
  send: typeof process.send,
  connected: typeof process.connected,
  channel: typeof process.channel,
  disconnect: typeof process.disconnect,
  domain: process.domain ?? null,
  exitCode: process.exitCode ?? null,
  signals: process.eventNames().filter((name) => String(name).startsWith("SIG")),
  uncaught: ["uncaughtException", "unhandledRejection", "warning"].map((name) => process.listenerCount(name)),
  options: process.env.NODE_OPTIONS ?? null,
  variables: Object.keys(process.env).filter((name) => /^(DIGLOT_(LINK|WORKER|NUMBER)|NODE_UNIQUE_ID|NODE_CHANNEL_FD)$/.test(name)),
  kill: [process.kill.name, process.kill.length],
  listen: [server.listen.name, Object.keys(server).includes("listen")],
  stack: Error.stackTraceLimit,
  prepare: typeof Error.prepareStackTrace,
};
process.stdin.on("data", () => {}).on("end", () => {
  facts.stdin = "ended";
  process.stdout.write("facts ");
  process.stdout.write(`${JSON.stringify(facts)}\n`);
  server.close();
});
"#;

fn check(file: &str, text: &str, settings: &str) {
    let server = program(file, text, settings);
    let node = std::env::var("DIGLOT_TEST_NODE").unwrap_or_else(|_| "node".to_owned());
    let arguments: Vec<&str> = if settings.is_empty() { vec![] } else { vec!["--enable-source-maps"] };
    let alone = Command::new(node)
        .args(arguments)
        .arg(file)
        .current_dir(server.folder())
        .stdin(Stdio::null())
        .output()
        .expect("node runs");
    let alone = String::from_utf8_lossy(&alone.stdout).trim().to_owned();
    assert!(alone.starts_with("facts {"), "{alone}");
    let running = server.run();
    let line = running.wait_for(|line| line.contains("facts {"));
    assert_eq!(line.split_once("facts ").expect("facts").1, alone.split_once("facts ").expect("facts").1);
}

#[test]
fn they_are_those_under_node() {
    let (of_required, of_imported) =
        ("require.main === module", "[import.meta.main, import.meta.filename.split('/').pop()]");
    let required = format!("const server = require('node:http').createServer().listen(0);\n{FACTS}");
    let required = required.replace("MAIN", of_required);
    check("server.cjs", &required, "");
    check("server.cjs", &required, "node_args = \"--enable-source-maps\"");
    // `import.meta.main` came with Node 24.
    let imported =
        format!("import http from 'node:http';\nconst server = http.createServer().listen(0);\n{FACTS}");
    let imported = imported.replace("MAIN", of_imported);
    check("server.mjs", &imported, "");
}

/// What is written is logged: whole lines, long ones in parts, the last without its end.
#[test]
fn what_is_written_is_logged_in_order() {
    let text = r#"
process.stdout.write("a part, ");
process.stdout.write("and the rest\n");
console.log("\u001b[31mred\u001b[0m");
console.log("x".repeat(40_000));
for (let number = 0; number < 2_000; number++) console.log(`line ${number}`);
process.stdout.write("no end of line");
require("node:http").createServer((request, response) => { response.end("ok"); process.exit(0); }).listen(0);
"#;
    let running = program("server.cjs", text, "").run();
    running.wait_for(|line| line.ends_with("line 1999"));
    assert_eq!(running.get("/").text(), "ok");
    running.wait_for(|line| line.ends_with("no end of line"));
    let log: Vec<String> =
        running.log().iter().filter_map(|line| Some(line.strip_prefix("app[1] ")?.to_owned())).collect();
    assert_eq!((log[0].as_str(), log[1].as_str()), ("a part, and the rest", "red"));
    assert_eq!(log.iter().filter(|line| line.contains("xxx")).map(String::len).sum::<usize>(), 40_000);
    let lines: Vec<&String> = log.iter().filter(|line| line.starts_with("line ")).take(2_000).collect();
    assert!(
        lines.iter().enumerate().all(|(number, line)| **line == format!("line {number}")),
        "out of order"
    );
}

/// A program may change what its process is, and keeps what it has asked for.
#[test]
fn user_options_and_preloads_are_kept() {
    let text = r#"
process.chdir("/");
process.title = "renamed";
process.exitCode = 3;
setInterval(() => {}, 1000).unref();
require("node:http").createServer((request, response) => response.end(JSON.stringify([
  globalThis.required, globalThis.imported, process.cwd(), process.title, process.exitCode, process.env.FROM_FILE,
]))).listen(0);
"#;
    let settings = "node_args = [\"--require\", \"./required.cjs\", \"--import\", \"./imported.mjs\"]\nenv_file = \".env\"\n\
                    env = { NODE_OPTIONS = \"--no-warnings\" }";
    let running = program("server.cjs", text, settings)
        .file("required.cjs", "globalThis.required = require('node:worker_threads').isMainThread;")
        .file("imported.mjs", "globalThis.imported = 'imported';")
        .file(".env", "FROM_FILE=yes\n")
        .run();
    assert_eq!(running.get("/").text(), r#"[true,"imported","/","renamed",3,"yes"]"#);
}
