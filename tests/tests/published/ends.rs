//! Calls that do not come to their end by themselves: clients that leave, workers that are replaced, a server that stops.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diglot_tests::Client;
use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use serde_json::json;

use crate::{ALL, EVENTS, SHOPS, call, call_on, published, request, shops_within, wait_for_times};

/// Calls that wait at once.
const WAITING: usize = 10_000;
/// What a call that waits may cost the server, with its connection.
const WAITING_BYTES_MAX: u64 = 16 * 1024;

#[test]
fn a_client_that_leaves_cancels_its_call() {
    let running = published();
    for (times, shop) in SHOPS.iter().enumerate() {
        let mut client = running.connect();
        client.send(request(&format!("{shop}/slow"), "", &json!({ "ms": 60_000 })));
        wait_for_times(&running, "slow begins", times + 1);
        drop(client);
        wait_for_times(&running, "slow is cancelled", times + 1);
    }
}

#[test]
fn no_call_is_lost_when_workers_are_replaced() {
    let running = published();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let callers: Vec<_> = (0..8)
            .map(|n| {
                let (running, over) = (&running, &over);
                scope.spawn(move || {
                    let (mut client, mut calls) = (running.connect(), 0);
                    while !over.load(Ordering::Relaxed) {
                        let path = format!("{}/echo", SHOPS[n % SHOPS.len()]);
                        let response = call_on(&mut client, &path, &json!({ "text": "a" }));
                        assert_eq!(
                            (response.status, response.text().as_str()),
                            (200, "\"a\""),
                            "{response:?}"
                        );
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        for times in 1..=2 {
            running.signal(Signal::HUP);
            wait_for_times(&running, "every worker has been restarted", SHOPS.len() * times);
        }
        over.store(true, Ordering::Relaxed);
        let calls: Vec<u64> =
            callers.into_iter().map(|caller| caller.join().expect("no call is lost")).collect();
        assert!(calls.iter().all(|calls| *calls > 0), "{calls:?}");
    });
}

#[test]
fn a_call_in_flight_is_finished_when_the_server_stops() {
    let running = published();
    let mut client = running.connect();
    client.send(request("python/slow", "", &json!({ "ms": 1_500 })));
    running.wait_for(|line| line.ends_with("slow begins"));
    running.signal(Signal::TERM);
    let response = client.response();
    assert_eq!((response.text().as_str(), response.field("connection")), ("\"slow\"", Some("close")));
    let (status, log) = running.ended();
    assert!(status.success(), "{log:#?}");
}

#[test]
fn streams_end_at_half_of_the_grace_period_when_the_server_stops() {
    let running = shops_within("4s", ALL).run();
    let mut clients = Vec::new();
    for shop in SHOPS {
        for fields in ["", EVENTS] {
            // One that says nothing, and one that says more than anybody wants to hear.
            for (function, arguments) in
                [("wait_first", json!({ "ms": 600_000 })), ("watch", json!({ "to": 1_000_000_000 }))]
            {
                let mut client = running.connect();
                client.send(request(&format!("{shop}/{function}"), fields, &arguments));
                client.take_until(b"\r\n\r\n").expect("a head");
                clients.push((format!("{shop}/{function} {fields}"), client));
            }
        }
    }
    let mut brief = running.connect();
    brief.send(request("python/wait_first", "", &json!({ "ms": 1_200 })));
    brief.take_until(b"\r\n\r\n").expect("a head");
    let asked = Instant::now();
    running.signal(Signal::TERM);
    let rests: Vec<_> = thread::scope(|scope| {
        let readers = clients.into_iter().map(|(called, mut client)| {
            scope.spawn(move || (called, client.rest().unwrap_or_default(), asked.elapsed()))
        });
        let readers: Vec<_> = readers.collect();
        readers.into_iter().map(|reader| reader.join().expect("it reads")).collect()
    });
    for (called, rest, took) in rests {
        assert!(took >= Duration::from_secs(2), "{called} had half of the grace period: {took:?}");
        let rest = String::from_utf8_lossy(&rest);
        let told = &rest[rest.len().saturating_sub(200)..];
        assert!(
            told.contains(r#""code":"unavailable""#) && told.contains(r#""detail":"The server stops.""#),
            "{called}: {told}"
        );
        assert!(!told.ends_with("\r\n0\r\n\r\n"), "{called} is not taken for whole: {told}");
    }
    let brief = brief.rest().expect("all of it");
    assert_eq!(String::from_utf8_lossy(&brief), "2\r\n1\n\r\n0\r\n\r\n", "what has an end comes to it");
    let (status, log) = running.ended();
    assert!(status.success(), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("still in flight")), "{log:#?}");
}

#[test]
fn ten_thousand_calls_wait() {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).expect("up to the hard limit");
    let running = published();
    let before = running.process().resident_bytes();
    let asked = request("python/gated", "", &json!({ "calls": WAITING }));
    let mut clients: Vec<Client> = (0..WAITING)
        .map(|_| {
            let mut client = running.connect();
            client.send(&asked);
            client
        })
        .collect();
    running.wait_for(|line| line.ends_with("all are here"));
    let grown = running.process().resident_bytes().saturating_sub(before);
    assert!(grown < WAITING as u64 * WAITING_BYTES_MAX, "{grown} bytes");
    assert_eq!(call(&running, "node/echo", &json!({ "text": "a" })).status, 200, "others are served");
    assert_eq!(call(&running, "python/open_gate", &json!({})).status, 200);
    for client in &mut clients {
        let response = client.response();
        assert_eq!((response.status, response.text().as_str()), (200, "true"));
    }
}
