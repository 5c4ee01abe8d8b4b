//! What concerns the server's process: sockets it is passed, its pid file, its user, its log.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use diglot_tests::{Client, Server, binary, server};

/// The program says who it is, and what it was given of the server's environment.
const NODE: &str = r#"
require("node:http").createServer((request, response) => {
  const { HOME, LISTEN_FDS, LISTEN_PID } = process.env;
  response.end(`${process.getuid()} ${process.getgid()} ${process.getgroups()} ${HOME} ${LISTEN_FDS} ${LISTEN_PID}`);
}).listen(0);
"#;

fn served(settings: &str) -> Server {
    server()
        .file("diglot.toml", &format!("[server]\n{settings}\n[services.web]\nentry = \"server.cjs\"\n"))
        .file("server.cjs", NODE)
}

/// A server that ends with its test.
struct Ends(Child);

impl Drop for Ends {
    fn drop(&mut self) {
        // Ended already, as a rule.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server started by a shell that has `socket` as descriptor 3, as systemd starts one.
fn started_with(socket: &TcpListener, folder: &std::path::Path, shell: &str) -> Ends {
    let socket = OwnedFd::from(socket.try_clone().expect("a descriptor"));
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &format!("exec 3<&0 </dev/null; {shell}")])
        .env("DIGLOT", binary())
        .current_dir(folder)
        .stdin(Stdio::from(socket))
        .stderr(Stdio::piped());
    Ends(command.spawn().expect("a shell"))
}

fn check_passed(listen: &str, shell: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let config = format!("[server]\nlisten = \"{listen}\"\n[services.web]\nentry = \"server.cjs\"\n");
    fs::write(folder.path().join("diglot.toml"), config).expect("a file");
    fs::write(folder.path().join("server.cjs"), NODE).expect("a file");
    let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("an address");
    // Whoever connects before the server is there waits in the socket's queue.
    let mut client = Client::connect(address);
    let _server = started_with(&socket, folder.path(), shell);
    let answer = client.get("/");
    assert_eq!(answer.status, 200, "{listen}: {answer:?}");
    assert!(answer.text().ends_with(" undefined undefined"), "{listen}: {}", answer.text());
}

#[test]
fn a_descriptor_is_listened_on() {
    check_passed("fd:3", "exec $DIGLOT serve");
}

#[test]
fn sockets_of_systemd_are_listened_on() {
    check_passed("systemd", "LISTEN_FDS=1 LISTEN_PID=$$ exec $DIGLOT serve");
}

#[test]
fn what_is_passed_to_somebody_else_is_not_taken() {
    for (environment, listen) in [("1", "systemd"), ("", "systemd"), ("", "fd:0"), ("", "fd:77")] {
        let (status, log) = served(&format!("listen = \"{listen}\""))
            .env("LISTEN_FDS", environment)
            .env("LISTEN_PID", "1")
            .start()
            .ended();
        assert_eq!(status.code(), Some(1), "{log:?}");
        let last = log.last().expect("a line");
        assert!(last.starts_with(&format!("error: cannot listen on {listen}: ")), "{last}");
    }
}

#[test]
fn a_unix_socket_has_its_permissions() {
    let server = served("listen = \"unix:x.sock\"\nsocket_mode = \"612\"").run();
    let path = server.folder().join("x.sock");
    assert_eq!(fs::metadata(&path).expect("a socket").permissions().mode() & 0o777, 0o612);
    let mut stream = UnixStream::connect(path).expect("a connection");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// A proxy runs as a user of its own.
#[test]
fn a_unix_socket_is_open_to_everyone_where_nothing_is_said() {
    let server = served("listen = \"unix:x.sock\"").run();
    let socket = fs::metadata(server.folder().join("x.sock")).expect("a socket");
    assert_eq!(socket.permissions().mode() & 0o777, 0o666);
}

#[test]
fn the_pid_file_is_there_while_the_server_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("server.pid");
    let server = served(&format!("listen = \"127.0.0.1:0\"\npidfile = \"{}\"", path.display())).run();
    assert_eq!(fs::read_to_string(&path).expect("a file"), format!("{}\n", server.pid()));
    server.stop();
    assert!(!path.exists());
}

#[test]
fn a_start_that_fails_leaves_no_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display();
    let listening =
        |second: &str| format!("listen = [\"unix:{here}/x.sock\"{second}]\npidfile = \"{here}/server.pid\"");
    let unloadable = served(&listening("")).file("server.cjs", "throw new Error('no database');");
    // An address of documentation (RFC 5737), which is no machine's.
    let unbindable = served(&listening(", \"192.0.2.1:1\""));
    for (server, reason) in [(unloadable, "no database"), (unbindable, "192.0.2.1")] {
        let (status, log) = server.start().ended();
        assert_eq!(status.code(), Some(1), "{log:?}");
        assert!(log.last().expect("a line").contains(reason), "{log:?}");
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0, "{reason}");
    }
}

/// `nobody` on every Linux.
const NOBODY: u32 = 65_534;

/// Only root gives files away.
#[test]
#[cfg(target_os = "linux")]
fn a_socket_that_cannot_be_given_away_is_not_left() {
    let server = served("listen = \"unix:x.sock\"\nuser = \"root\"");
    fs::set_permissions(server.folder(), fs::Permissions::from_mode(0o777)).expect("permissions");
    let mut command = Command::new(binary());
    if rustix::process::geteuid().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let output = command.arg("serve").current_dir(server.folder()).output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("error: cannot listen on unix:") && said.contains("not permitted"), "{said}");
    assert!(!server.folder().join("x.sock").exists());
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_gives_up_its_privileges() {
    let server =
        served("listen = \"unix:x.sock\"\nuser = \"65534\"\ngroup = \"4321\"\npidfile = \"server.pid\"");
    fs::set_permissions(server.folder(), fs::Permissions::from_mode(0o777)).expect("permissions");
    if !rustix::process::geteuid().is_root() {
        let (status, log) = server.start().ended();
        assert_eq!(status.code(), Some(1), "{log:?}");
        let last = log.last().expect("a line");
        assert!(last.contains("start diglot as root"), "{last}");
        return;
    }
    let server = server.run();
    for file in ["x.sock", "server.pid"] {
        let metadata = fs::metadata(server.folder().join(file)).expect("a file");
        assert_eq!((metadata.uid(), metadata.gid()), (NOBODY, 4321), "{file}");
    }
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).expect("a process");
    for line in ["Uid:\t65534\t65534\t65534\t65534", "Gid:\t4321\t4321\t4321\t4321"] {
        assert!(status.contains(line), "{status}");
    }
    let mut stream = UnixStream::connect(server.folder().join("x.sock")).expect("a connection");
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(body.starts_with("65534 4321 "), "{body}");
    assert!(!body.contains("/root"), "the home of root is not the worker's: {body}");
}

#[test]
fn the_access_log_can_be_json_and_is_all_there_is() {
    let server = served("listen = \"127.0.0.1:0\"\naccess_log = \"json\"\nlog_level = \"error\"").run();
    let mut client = server.connect();
    let port = client.stream().local_addr().expect("an address").port();
    let length = client.get("/a%22b?q=\"\\").body.len();
    let line = server.wait_for(|line| line.starts_with('{'));
    let start = format!(
        r#"","client":"127.0.0.1:{port}","method":"GET","target":"/a%22b?q=\"\\","version":"1.1","status":200,"bytes":{length},"ms":"#
    );
    let (time, rest) = line.split_once(&start).unwrap_or_else(|| panic!("{line} is not as {start}"));
    assert!(time.starts_with(r#"{"time":"20"#) && time.ends_with('Z'), "{line}");
    let ms = rest.strip_suffix('}').expect("an object");
    assert!(ms.parse::<f64>().is_ok(), "{line}");
    client.send("no request\r\n\r\n");
    server.wait_for(|line| line.contains(r#","method":null,"target":null,"version":null,"status":400,"#));
    let others: Vec<String> = server
        .log()
        .into_iter()
        .filter(|line| !line.starts_with('{') && !line.starts_with("diglot: "))
        .collect();
    assert_eq!(others, [] as [&str; 0]);
}

/// A command line as it stands in many a Dockerfile.
#[test]
fn a_command_line_of_uvicorn_serves() {
    let app = r#"
import os
def make():
    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        body = f"{scope['root_path']} {scope['path']} {os.environ['LEVEL']}".encode()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})
    return app
"#;
    let arguments = "shop:make --factory --app-dir src --env-file .env --root-path /shop --log-level warning --access-log -w 2";
    let server = arguments.split(' ').fold(server(), Server::argument);
    let server =
        server.file("src/shop.py", app).file(".env", "LEVEL=5\n").env("FORWARDED_ALLOW_IPS", "*").run();
    assert_eq!(server.get("/x").text(), "/shop /shop/x 5");
    assert_eq!(server.workers().len(), 2);
    server.wait_for(|line| line.contains("\"GET /x HTTP/1.1\" 200"));
    assert!(!server.log().iter().any(|line| line.contains("is ready")), "that is said at level info");
}
