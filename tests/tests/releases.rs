//! Releases that are put in place by turning a symbolic link: `ln -sfn releases/2 current`, then SIGHUP.

use std::fs;
use std::os::unix::fs::symlink;

use diglot_tests::{Running, Server, server};
use rustix::process::Signal;

const PYTHON: &str = r#"
from release import NUMBER
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    number = NUMBER
    if scope["path"].endswith("/late"):
        import late
        number = f"{NUMBER} {late.NUMBER}"
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": str(number).encode()})
"#;

const NODE: &str = r#"
const number = require("./release.js");
require("node:http")
  .createServer((request, response) => {
    response.end(request.url.endsWith("/late") ? `${number} ${require("./late.js")}` : number);
  })
  .listen(0);
"#;

/// Two releases, each with these files besides its applications, and `current`, which is the first.
fn released(files: &[(&str, &str)]) -> Server {
    let mut server = server();
    for number in ["1", "2"] {
        let at = |name: &str| format!("releases/{number}/{name}");
        server = server
            .file(&at("api/main.py"), PYTHON)
            .file(&at("api/release.py"), &format!("NUMBER = {number}\n"))
            .file(&at("api/late.py"), &format!("NUMBER = {number}\n"))
            .file(&at("web/server.js"), NODE)
            .file(&at("web/late.js"), &format!("module.exports = '{number}';\n"))
            .file(&at("web/release.js"), &format!("module.exports = '{number}';\n"));
        server = files.iter().fold(server, |server, (name, text)| server.file(&at(name), text));
    }
    symlink("releases/1", server.folder().join("current")).expect("a link");
    server.started_in("current")
}

fn says(running: &Running, number: &str) {
    assert_eq!([running.get("/api").text(), running.get("/web").text()], [number, number]);
}

/// Serves the first release, puts the second in its place, and restarts.
fn check_second_follows(server: Server) {
    let running = server.run();
    says(&running, "1");
    let (current, next) = (running.folder().join("current"), running.folder().join("next"));
    symlink("releases/2", &next).expect("a link");
    fs::rename(next, current).expect("in its place");
    says(&running, "1");
    // What a worker has not imported yet is of its own release, too.
    assert_eq!([running.get("/api/late").text(), running.get("/web/late").text()], ["1 1", "1 1"]);
    running.signal(Signal::HUP);
    for service in ["main", "server"] {
        let done = format!("service \"{service}\": every worker has been restarted");
        running.wait_for(|line| line.contains(&done));
    }
    says(&running, "2");
    assert_eq!([running.get("/api/late").text(), running.get("/web/late").text()], ["2 2", "2 2"]);
    let (status, log) = running.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
}

#[test]
fn of_targets() {
    let server = released(&[]).service("/api=api/main.py").service("/web=web/server.js");
    check_second_follows(server);
}

#[test]
fn of_a_file_in_the_working_directory() {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n\
                  [services.main]\nroot = \"api\"\nentry = \"main:app\"\nroutes = \"/api\"\n\
                  [services.server]\nentry = \"web/server.js\"\nroutes = \"/web\"\n";
    check_second_follows(released(&[("diglot.toml", config)]));
}

/// By whom does not set `PWD`, as systemd.
#[test]
fn of_a_folder_that_is_named() {
    let server = released(&[]).service("/api=api/main.py").service("/web=web/server.js");
    let current = server.folder().join("current");
    check_second_follows(server.env("PWD", "").argument("--app-dir").argument(current));
}

/// A name that has come to mean another folder, as after `cd` in a program that does not set it, is not followed.
#[test]
fn a_name_of_another_folder_does_not_count() {
    let server = released(&[]).service("/api=api/main.py").service("/web=web/server.js");
    let elsewhere = server.folder().join("releases/2");
    let running = server.env("PWD", elsewhere).run();
    says(&running, "1");
}
