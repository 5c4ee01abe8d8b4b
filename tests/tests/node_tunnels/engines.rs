//! Socket.IO and the Engine.IO below it over several workers, of which nothing is said to them.

use diglot_tests::Client;

use rustix::process::Signal;

use super::{program, run_client, run_client_with};

#[test]
fn socket_io_finds_its_worker_by_every_transport() {
    let running = program(include_str!("../../apps/tunnels/io.js")).argument("--workers").argument("3").run();
    run_client("io_client.js", &format!("http://{}", running.address()));
}

#[test]
fn socket_io_falls_back_to_polling_where_websockets_are_refused() {
    let server = program(include_str!("../../apps/tunnels/io.js")).env("IO_TRANSPORTS", "polling");
    let running = server.argument("--workers").argument("3").run();
    run_client_with(&["io_client.js", &format!("http://{}", running.address()), "polling"]);
}

/// One poll of a session, on a connection of its own.
fn poll(client: &mut Client, sid: &str) -> (u16, String) {
    let answer = client.get(&format!("/engine.io/?EIO=4&transport=polling&sid={sid}"));
    (answer.status, answer.text())
}

#[test]
fn older_releases_of_engine_io_are_recognised() {
    let running =
        program(include_str!("../../apps/tunnels/engine5.js")).argument("--workers").argument("3").run();
    for _ in 0..12 {
        let opened = running.get("/engine.io/?EIO=4&transport=polling").text();
        let opened: serde_json::Value = serde_json::from_str(&opened[1..]).expect("an open packet");
        let sid = opened["sid"].as_str().expect("a session");
        let sent =
            running.connect().post(&format!("/engine.io/?EIO=4&transport=polling&sid={sid}"), b"4hello");
        assert_eq!((sent.status, sent.text()), (200, "ok".into()));
        let (status, text) = poll(&mut running.connect(), sid);
        assert!(status == 200 && text.ends_with(" hello"), "{status} {text}");
        let closed = running.connect().post(&format!("/engine.io/?EIO=4&transport=polling&sid={sid}"), b"1");
        assert_eq!(closed.status, 200);
        assert_eq!(poll(&mut running.connect(), sid).0, 400, "the session is over");
    }
}

/// Its next request goes to a worker that knows nothing of it, and the client connects anew.
#[test]
fn sessions_that_poll_do_not_hold_a_worker_that_is_replaced() {
    for name in ["io", "engine5"] {
        let (text, path) = match name {
            "io" => (include_str!("../../apps/tunnels/io.js"), "/socket.io/"),
            _ => (include_str!("../../apps/tunnels/engine5.js"), "/engine.io/"),
        };
        let running = program(text).run();
        let old = running.worker();
        let opened = running.get(&format!("{path}?EIO=4&transport=polling")).text();
        let opened: serde_json::Value = serde_json::from_str(&opened[1..]).expect("an open packet");
        let sid = opened["sid"].as_str().expect("a session");
        let mut client = running.connect();
        client.send(format!("GET {path}?EIO=4&transport=polling&sid={sid} HTTP/1.1\r\nHost: test\r\n\r\n"));
        // The poll is there once one that comes behind it was answered.
        assert_eq!(running.get("/").status, 200);
        running.signal(Signal::HUP);
        assert_eq!(client.response().text(), "6", "{name}");
        assert!(old.ends_within(super::PATIENCE / 3), "{name}");
        let next = client.get(&format!("{path}?EIO=4&transport=polling&sid={sid}"));
        assert_eq!(next.status, 400, "{name}");
    }
}
