//! Admission: how many requests a service takes, how many wait, and what the others are told.

use std::time::{Duration, Instant};

use diglot_tests::{ASGI, App, Client, NODE, Running, WSGI, server};

fn serve(app: App, keys: &str) -> Running {
    let config =
        format!("[server]\nlisten = [\"127.0.0.1:0\"]\n[services.app]\nentry = \"{}\"\n{keys}\n", app.entry);
    server().file(app.file, app.text).file("diglot.toml", &config).run()
}

fn ask(running: &Running, path: &str) -> Client {
    let mut client = running.connect();
    client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
    client
}

#[test]
fn what_does_not_fit_the_queue_is_refused_at_once() {
    for app in [NODE, ASGI, WSGI] {
        let running = serve(app, "concurrency = 1\nqueue = 2\nqueue_timeout = \"30s\"");
        let mut first = ask(&running, "/slow?ms=2000&id=first");
        running.wait_for(|line| line.ends_with(" first"));
        let asked = Instant::now();
        let mut others: Vec<Client> = (0..10).map(|id| ask(&running, &format!("/echo?id={id}"))).collect();
        let mut refused = 0;
        let mut waited = 0;
        // Those that were refused have their answer while the first is still served.
        for client in &mut others {
            client.stream().set_read_timeout(Some(Duration::from_millis(300))).expect("it can be set");
            match client.try_response(false) {
                Ok(answer) => {
                    assert_eq!(answer.status, 503, "{}: {answer:?}", app.name);
                    assert!(answer.field("retry-after").is_some(), "{answer:?}");
                    refused += 1;
                }
                Err(_) => waited += 1,
            }
        }
        assert_eq!((refused, waited), (8, 2), "{}", app.name);
        assert!(asked.elapsed() < Duration::from_millis(1900), "{}: {:?}", app.name, asked.elapsed());
        assert_eq!(first.response().text(), "first");
        let mut served = 0;
        for client in &mut others {
            client.stream().set_read_timeout(Some(Duration::from_secs(30))).expect("it can be set");
            if let Ok(answer) = client.send("GET /hello HTTP/1.1\r\nHost: test\r\n\r\n").try_response(false) {
                assert_eq!(answer.status, 200, "{}: {answer:?}", app.name);
                served += 1;
            }
        }
        assert_eq!(served, 10, "{}: each connection lives on, and those that waited were served", app.name);
    }
}

#[test]
fn what_waits_too_long_is_refused() {
    for app in [NODE, ASGI] {
        let running = serve(app, "concurrency = 1\nqueue = 10\nqueue_timeout = \"300ms\"");
        let mut first = ask(&running, "/slow?ms=2000&id=first");
        running.wait_for(|line| line.ends_with(" first"));
        let asked = Instant::now();
        let answer = ask(&running, "/hello").response();
        let took = asked.elapsed();
        assert_eq!(answer.status, 503, "{}: {answer:?}", app.name);
        assert!(answer.field("retry-after").is_some(), "{answer:?}");
        assert!((300..1500).contains(&took.as_millis()), "{}: after {took:?}", app.name);
        assert_eq!(first.response().text(), "first");
        assert_eq!(running.get("/hello").status, 200);
    }
}

/// Those who leave while they wait give their place up.
#[test]
fn a_client_that_leaves_the_queue_makes_room() {
    let running = serve(ASGI, "concurrency = 1\nqueue = 2\nqueue_timeout = \"30s\"");
    let mut first = ask(&running, "/slow?ms=2000&id=first");
    running.wait_for(|line| line.ends_with(" first"));
    for _ in 0..20 {
        drop((ask(&running, "/echo?id=left"), ask(&running, "/echo?id=left")));
    }
    let deadline = Instant::now() + Duration::from_secs(1);
    let mut waiting = loop {
        let mut client = ask(&running, "/echo?id=waits");
        client.stream().set_read_timeout(Some(Duration::from_millis(100))).expect("it can be set");
        if client.try_response(false).is_err() {
            break client;
        }
        assert!(Instant::now() < deadline, "the places of those who left are not given to others");
    };
    waiting.stream().set_read_timeout(Some(Duration::from_secs(30))).expect("it can be set");
    assert_eq!(first.response().text(), "first");
    assert_eq!(waiting.response().text(), "waits");
}

/// Under five times what it can do a service does what it can, and says no to the rest in no time.
#[test]
fn overload_is_refused_and_leaves_no_trace() {
    let running = serve(ASGI, "concurrency = 4\nqueue = 8\nqueue_timeout = \"5s\"");
    let load = diglot_tests::load(running.address(), "/slow?ms=20&id=x", 60);
    load.goes_on(300);
    let outcomes = load.stop();
    assert_eq!(outcomes.lost, Vec::<String>::new());
    assert!(outcomes.of(503) > 0 && outcomes.of(200) >= 300, "{:?}", outcomes.statuses);
    assert_eq!(outcomes.statuses.len(), 2, "{:?}", outcomes.statuses);
    for _ in 0..20 {
        assert_eq!(running.get("/hello").status, 200, "it has recovered");
    }
}
