//! Calls from the shell, over the control socket.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use diglot_tests::{Running, Server, binary, server};
use rustix::process::Signal;

use crate::services;

fn controlled() -> Server {
    services("", "").argument("--control").argument("control.sock")
}

/// `diglot call`: what it prints, and whether it went well.
fn call(running: &Running, arguments: &[&str]) -> (String, String, bool) {
    let output = Command::new(binary())
        .arg("call")
        .args(arguments)
        .args(["--control", "control.sock"])
        .current_dir(running.folder())
        .output()
        .expect("the command can be run");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr), output.status.success())
}

/// A server that is started while the last one still ends is asked as that was.
#[test]
fn who_came_later_answers_when_the_first_has_ended() {
    let (first, second) = (services("", ""), server());
    let (place, config) = (second.folder().to_owned(), first.folder().join("diglot.toml"));
    let first = first.env("XDG_RUNTIME_DIR", &place).run();
    let second = second.env("XDG_RUNTIME_DIR", &place).argument("--config").argument(&config).run();
    second.wait_for(|line| line.contains("another server that runs was started from"));
    first.signal(Signal::TERM);
    assert!(first.process().ends_within(Duration::from_secs(30)));
    second.wait_for(|line| line.ends_with("are answered by this server now"));
    let mut command = Command::new(binary());
    command.args(["call", "model.weigh", "{\"data\": \"YWI=\"}", "--config"]).arg(config);
    let output = command.env("XDG_RUNTIME_DIR", &place).output().expect("the command can be run");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2\n", "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn items_before_an_error_are_printed() {
    let running = controlled().run();
    for _ in 0..5 {
        let (items, error, went_well) = call(&running, &["model.breaks"]);
        assert_eq!(items, "0\n1\n");
        assert!(error.contains("OutOfStock: none left"), "{error}");
        assert!(!went_well);
    }
}

#[test]
fn what_is_wrong_with_arguments_is_said_once() {
    let running = controlled().run();
    let (_, error, went_well) = call(&running, &["model.mean", "{\"vector\": [3, \"x\"]}"]);
    assert_eq!(
        error.trim_end(),
        "error: model.mean: invalid_arguments: vector[1]: expected a float, not 'x'"
    );
    assert!(!went_well);
    for arguments in ["{}", "{\"numbers\": [1, 2]}"] {
        let (_, error, _) = call(&running, &["model.total", arguments]);
        let what = "is a stream of items, which only a service can give: call the function from one";
        assert_eq!(error.trim_end(), format!("error: model.total: invalid_arguments: numbers: {what}"));
    }
}

#[test]
fn nothing_is_said_where_nobody_reads() {
    let running = controlled().run();
    let commands: [&[&str]; 3] = [&["functions", "--json"], &["functions"], &["call", "model.breaks"]];
    for command in commands {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = Command::new(binary())
            .args(command)
            .args(["--control", "control.sock"])
            .current_dir(running.folder())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("the command can be run");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{command:?}");
        assert!(output.status.success(), "{command:?}: {:?}", output.status);
    }
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    let running = controlled().run();
    let name = "similar".repeat(60);
    let (_, error, went_well) = call(&running, &[&format!("model.{name}")]);
    assert!(
        error.contains("unknown_function: no function has a name of 420 bytes, \"similarsimilar"),
        "{error}"
    );
    assert!(!went_well);
}

#[test]
fn who_leaves_a_silent_stream_ends_it() {
    let running = controlled().run();
    let mut client =
        UnixStream::connect(running.folder().join("control.sock")).expect("the server answers there");
    client
        .write_all(b"POST /call/model/quiet HTTP/1.1\r\nHost: diglot\r\nContent-Length: 2\r\n\r\n{}")
        .expect("it takes requests");
    let lines = BufReader::new(client.try_clone().expect("a second descriptor")).lines();
    let first = lines.map_while(Result::ok).find(|line| line.contains("first"));
    assert_eq!(first.as_deref(), Some(r#"{"item":"first"}"#));
    client.shutdown(std::net::Shutdown::Both).expect("connected");
    drop(client);
    running.wait_for(|line| line.ends_with("quiet is over"));
    let (status, log) = running.stop();
    assert!(status.success(), "{log:#?}");
}
