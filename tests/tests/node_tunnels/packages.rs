//! `ws` and http-proxy, with their own clients.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diglot_tests::is_full;
use diglot_tests::websocket::Socket;

use super::{WS, program, run_client, until};

/// Clients that leave at once, and how long after the last of them the program may hear of it, in the median of some turns.
const LEAVING: usize = 100;
const TURNS: usize = 5;
const NOTICE_MAX: Duration = Duration::from_millis(100);

#[test]
fn ws_serves_its_own_client() {
    let running = program(WS).run();
    run_client("ws_client.js", &format!("ws://{}", running.address()));
}

#[test]
fn ws_hears_of_clients_that_vanish() {
    let running = program(WS).run();
    let mut notices: Vec<f64> = (0..TURNS)
        .map(|_| {
            let sockets: Vec<Socket> = (0..LEAVING).map(|_| Socket::open(running.address(), "/")).collect();
            until(&running, "all there", |state| state["open"] == LEAVING);
            let gone = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64();
            drop(sockets);
            let state = until(&running, "all gone", |state| state["open"] == 0);
            state["left_at"].as_f64().expect("a time") - gone
        })
        .collect();
    notices.sort_by(f64::total_cmp);
    assert!(notices[TURNS / 2] <= NOTICE_MAX.as_secs_f64(), "the last was noticed after {notices:?} s");
    let codes = until(&running, "all counted", |state| state["open"] == 0);
    assert_eq!(codes["codes"].as_array().map(Vec::len), Some(TURNS * LEAVING));
}

#[test]
fn idle_websockets_cost_little() {
    let running = program(WS).run();
    drop(Socket::open(running.address(), "/"));
    let process = running.process();
    let before = process.resident_bytes();
    let count = if is_full() { 1_000 } else { 200 };
    let mut sockets: Vec<Socket> = (0..count).map(|_| Socket::open(running.address(), "/")).collect();
    for socket in &mut sockets {
        assert_eq!(socket.text("hello").next_text(), "hello");
    }
    let each = process.resident_bytes().saturating_sub(before) / count as u64;
    assert!(each < 16 * 1024, "{each} bytes each");
    until(&running, "all there", |state| state["open"] == count);
}

#[test]
fn http_proxy_passes_requests_and_websockets_on() {
    let target = program(WS).run();
    let proxy = program(include_str!("../../apps/tunnels/proxy.js"))
        .env("TARGET", format!("http://{}", target.address()))
        .run();
    assert_eq!(proxy.get("/").status, 200);
    run_client("ws_client.js", &format!("ws://{}", proxy.address()));
}
