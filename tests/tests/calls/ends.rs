//! Calls that do not come to their end by themselves: deadlines, clients that leave, workers that die or are replaced.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use rustix::process::Signal;
use serde_json::json;

use crate::{call, error, path, services, value, wait_for_times};

#[test]
fn a_deadline_passes() {
    let running = services("", "").run();
    let begun = Instant::now();
    let (code, _) = error(&running, "slow", &json!({ "ms": 20_000, "options": { "timeout": 300 } }));
    assert_eq!(code, "deadline_exceeded");
    assert!(begun.elapsed() < Duration::from_secs(10));
    running.wait_for(|line| line.ends_with("slow is cancelled"));
}

#[test]
fn the_servers_deadline_holds_for_all() {
    let running = services("", "[functions]\ntimeout = \"400ms\"").run();
    assert_eq!(error(&running, "slow", &json!({ "ms": 20_000 })).0, "deadline_exceeded");
}

#[test]
fn a_client_leaves() {
    let running = services("", "").run();
    let mut client = running.connect();
    client.send(format!("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", path("slow", &json!({ "ms": 20_000 }))));
    running.wait_for(|line| line.ends_with("slow begins"));
    drop(client);
    running.wait_for(|line| line.ends_with("slow is cancelled"));
}

#[test]
fn a_callee_dies() {
    let running = services("", "").run();
    let (code, message) = error(&running, "die", &json!({}));
    assert_eq!(code, "worker_lost", "{message}");
    // The next one waits until there is another worker.
    assert_eq!(value(&running, "similar", &json!({ "itemId": 1, "k": 0 })), json!([]));
    assert_eq!(error(&running, "dieMidway", &json!({ "stream": 0 })).0, "worker_lost");
    assert_eq!(value(&running, "similar", &json!({ "itemId": 1, "k": 0 })), json!([]));
}

/// A function that looks at nothing answers when nobody waits any more, with more than fits into the socket: its place is free then.
#[test]
fn an_answer_that_comes_too_late_leaves_its_place() {
    let running = services("", "").run();
    for size in [10, 4 << 20, 40 << 20] {
        let late = json!({ "ms": 700, "size": size, "options": { "timeout": 200 } });
        assert_eq!(error(&running, "late", &late).0, "deadline_exceeded");
        let next = call(&running, "late", &json!({ "ms": 0, "size": 1, "options": { "timeout": 20_000 } }));
        assert_eq!(next["value"], json!({ "0": 0 }), "{next:#}");
    }
    let (status, log) = running.stop();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn what_is_idempotent_is_begun_again() {
    let running = services("", "").run();
    let mark = running.folder().join("mark");
    assert_eq!(value(&running, "dieOnce", &json!({ "mark": mark })), "alive");
    assert!(fs::exists(mark).expect("a folder"));
}

#[test]
fn a_queue_is_full() {
    let running = services("", "").run();
    let parameters = json!({ "ms": 1500 });
    thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| call(&running, "single", &parameters))).collect();
        let answers: Vec<_> = calls.into_iter().map(|call| call.join().expect("no panic")).collect();
        let refused = answers.iter().filter(|answer| answer["code"] == "overloaded").count();
        let served = answers.iter().filter(|answer| answer["value"] == "single").count();
        assert_eq!((served, refused), (2, 2), "{answers:#?}");
    });
}

#[test]
fn no_call_is_lost_when_workers_are_replaced() {
    replaced("workers = 2");
}

#[test]
fn no_call_is_lost_when_the_only_worker_is_replaced() {
    replaced("workers = 1");
}

/// Both services are restarted while one calls the other.
fn replaced(model: &str) {
    let running = services(model, "").run();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut calls = 0;
                    while !over.load(Ordering::Relaxed) {
                        assert_eq!(value(&running, "similar", &json!({ "itemId": 1, "k": 0 })), json!([]));
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        for times in 1..=2 {
            running.signal(Signal::HUP);
            // Both services.
            wait_for_times(&running, "every worker has been restarted", 2 * times);
        }
        over.store(true, Ordering::Relaxed);
        let calls: usize = callers.into_iter().map(|caller| caller.join().expect("no call is lost")).sum();
        assert!(calls > 0);
    });
}

#[test]
fn a_call_in_flight_is_finished_when_the_server_stops() {
    let running = services("", "").run();
    let mut client = running.connect();
    client.send(format!("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", path("slow", &json!({ "ms": 2000 }))));
    running.wait_for(|line| line.ends_with("slow begins"));
    running.signal(Signal::TERM);
    assert_eq!(client.response().text(), r#"{"value":"slow"}"#);
    let (status, log) = running.ended();
    assert!(status.success(), "{log:#?}");
}
