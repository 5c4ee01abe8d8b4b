//! Clients that leave before their response is over: the application is told at once, and nothing is left of them.

use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use diglot_tests::{APPS, ASGI, App, Client, FETCH, NODE, Running, WSGI, server};

const PATIENCE: Duration = Duration::from_secs(30);
/// Clients that leave in all.
const CLIENTS: usize = 1_000;
/// How long after the last of a group has left the application may hear of it.
const NOTICE_MAX: Duration = Duration::from_millis(100);

/// What the application says of itself.
struct State {
    open: u64,
    left: u64,
    left_at: f64,
    tasks: u64,
}

fn state(client: &mut Client) -> State {
    let state: serde_json::Value = serde_json::from_str(&client.get("/state").text()).expect("JSON");
    let number = |key: &str| state[key].as_u64().expect("a number");
    State {
        open: number("open"),
        left: number("left"),
        left_at: state["left_at"].as_f64().expect("a time"),
        tasks: number("tasks"),
    }
}

fn wait_for_open(observer: &mut Client, open: u64, what: &str) -> State {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let state = state(observer);
        if state.open == open {
            return state;
        }
        assert!(Instant::now() < deadline, "{what}: {} are open, not {open}", state.open);
        thread::sleep(Duration::from_millis(2));
    }
}

/// Clients of `app` ask for `path` in groups, and leave when the application has them all.
fn leave(app: App, path: &str, group: usize) {
    let running = server().app("/", app).run();
    let mut observer = running.connect();
    let what = format!("{} {path}", app.name);
    let before = state(&mut observer);
    let processes = [running.process(), running.worker()];
    let descriptors = processes.each_ref().map(|process| process.descriptors());
    let mut notices = Vec::new();
    for _ in 0..CLIENTS / group {
        let clients = ask(&running, path, group);
        wait_for_open(&mut observer, group as u64, &what);
        let gone = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs_f64();
        drop(clients);
        let state = wait_for_open(&mut observer, 0, &what);
        notices.push(Duration::from_secs_f64((state.left_at - gone).max(0.0)));
    }
    let after = state(&mut observer);
    notices.sort();
    println!(
        "{what}: told after {:?}, at the most {:?}",
        notices[notices.len() / 2],
        notices[notices.len() - 1]
    );
    assert_eq!(after.left as usize, CLIENTS / group * group, "{what}: each was told");
    assert!(notices[notices.len() / 2] <= NOTICE_MAX, "{what}: {notices:?}");
    assert_eq!(after.tasks, before.tasks, "{what}: tasks are left");
    for (process, before) in processes.iter().zip(descriptors) {
        assert!(process.descriptors() <= before + 1, "{what}: descriptors are left");
    }
    assert_eq!(running.get("/hello").text(), "hello");
}

fn ask(running: &Running, path: &str, count: usize) -> Vec<Client> {
    (0..count)
        .map(|_| {
            let mut client = running.connect();
            client.send(format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n"));
            client
        })
        .collect()
}

#[test]
fn node_hears_of_a_client_that_leaves_before_the_response() {
    leave(NODE, "/wait", 50);
}

#[test]
fn asgi_hears_of_a_client_that_leaves_before_the_response() {
    leave(ASGI, "/wait", 50);
}

#[test]
fn node_hears_of_a_client_that_leaves_an_event_stream() {
    leave(NODE, "/sse", 50);
}

#[test]
fn asgi_hears_of_a_client_that_leaves_an_event_stream() {
    leave(ASGI, "/sse", 50);
}

#[test]
fn fetch_hears_of_a_client_that_leaves_before_the_response() {
    leave(FETCH, "/wait", 50);
}

#[test]
fn fetch_hears_of_a_client_that_leaves_an_event_stream() {
    leave(FETCH, "/sse", 50);
}

/// An iterable is closed at its next part: only then does WSGI leave a word for it.
#[test]
fn wsgi_closes_the_iterable_of_a_client_that_leaves() {
    leave(WSGI, "/sse", 5);
}

/// The rest of an upload that never comes ends the wait for it.
#[test]
fn a_client_that_leaves_in_the_middle_of_a_body_is_noticed() {
    for app in [NODE, ASGI, WSGI] {
        let running = server().app("/", app).run();
        for _ in 0..100 {
            let mut client = running.connect();
            client.send("POST /up HTTP/1.1\r\nHost: test\r\nContent-Length: 1000000\r\n\r\nonly this");
        }
        // More than a pool has threads: none of them waits for the rest.
        for _ in 0..20 {
            assert_eq!(running.get("/hello").text(), "hello", "{}", app.name);
        }
        let (status, log) = running.stop();
        assert_eq!(status.code(), Some(0), "{}: {log:?}", app.name);
    }
}

/// It is the application's, as behind any server that reads no faster than it does.
#[test]
fn a_body_that_was_sent_whole_arrives_though_its_client_has_left() {
    for app in APPS {
        let running = server().app("/", app).run();
        // Of a client that has left, Node itself gives up a body that is within one buffer and unread.
        let sizes: &[usize] =
            if app.name == NODE.name { &[150_000, 300_000] } else { &[0, 10, 50_000, 150_000, 300_000] };
        for &bytes in sizes {
            let mut client = running.connect();
            client
                .send(format!("POST /late?ms=100 HTTP/1.1\r\nHost: test\r\nContent-Length: {bytes}\r\n\r\n"));
            client.send("x".repeat(bytes));
            drop(client);
            running.wait_for(|line| line.contains(&format!("took {bytes} until http.request")));
            let mut client = running.connect();
            client.send("POST /late?ms=100 HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n");
            let chunk = format!("{:x}\r\n{}\r\n", bytes + 1, "x".repeat(bytes + 1));
            client.send(chunk + "0\r\n\r\n");
            drop(client);
            running.wait_for(|line| line.contains(&format!("took {} until http.request", bytes + 1)));
        }
    }
}
