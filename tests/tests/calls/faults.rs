//! Faults while calls are made: each is its documented error in both languages, and nothing is left of it.

use std::fs;
use std::time::{Duration, Instant};

use diglot_tests::{Process, Running};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::{CONTROL, call, command, error, path, printed, services, value, wait_for_times};

/// How much memory may differ by from before, which is what allocators keep.
const KEPT_BYTES_MAX: u64 = 48 << 20;
/// Longer than any of it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the server and its workers hold.
#[derive(Debug)]
pub(crate) struct Held {
    processes: Vec<Process>,
    /// By process.
    open_files: Vec<Vec<String>>,
    resident_bytes: Vec<u64>,
}

impl Held {
    pub(crate) fn by(running: &Running) -> Self {
        Self::by_these([running.pid()].into_iter().chain(running.workers()))
    }

    /// What these processes hold.
    pub(crate) fn by_these(pids: impl IntoIterator<Item = u32>) -> Self {
        let processes: Vec<_> = pids.into_iter().map(Process::watch).collect();
        let open_files = processes.iter().map(Process::open_files).collect();
        let resident_bytes = processes.iter().map(Process::resident_bytes).collect();
        Self { processes, open_files, resident_bytes }
    }

    /// The same processes are there, and hold no more than before.
    pub(crate) fn is_all(&self, running: &Running) {
        self.is_all_while(&|| {
            assert_eq!(value(running, "similar", &json!({ "itemId": 1, "k": 0 })), json!([]));
        });
        assert_eq!(running.workers().len() + 1, self.processes.len(), "no process is left, none is lost");
    }

    /// They hold no more than before. What is closed, and given back, may be so a moment later: it is asked for with calls between.
    pub(crate) fn is_all_while(&self, call: &dyn Fn()) {
        let begun = Instant::now();
        let open_files = || self.processes.iter().map(Process::open_files).collect::<Vec<_>>();
        let mut lasting = open_files();
        while lasting.iter().zip(&self.open_files).any(|(now, before)| now.len() > before.len()) {
            let before = &self.open_files;
            assert!(begun.elapsed() < PATIENCE, "descriptors are left open: {lasting:?}, before {before:?}");
            call();
            // The connection that a call came by may still be open, and is another one each time.
            for (lasting, now) in lasting.iter_mut().zip(open_files()) {
                *lasting = in_both(lasting, now);
            }
        }
        let resident = || self.processes.iter().map(Process::resident_bytes).collect::<Vec<_>>();
        while resident().iter().zip(&self.resident_bytes).any(|(now, before)| *now > before + KEPT_BYTES_MAX)
        {
            let (now, before) = (resident(), &self.resident_bytes);
            assert!(begun.elapsed() < PATIENCE, "memory is kept: {now:?} bytes, before {before:?}");
            call();
        }
    }
}

/// What is open at both times, each as often as at the time when it is less often.
fn in_both(earlier: &[String], mut now: Vec<String>) -> Vec<String> {
    let mut is_open =
        |file: &&String| now.iter().position(|other| other == *file).map(|at| now.swap_remove(at)).is_some();
    earlier.iter().filter(|file| is_open(file)).cloned().collect()
}

/// What a call of a function of Node's came to that Python made.
fn through(running: &Running, name: &str, arguments: &Value, timeout: Option<f64>) -> Value {
    let asked = json!({ "name": name, "arguments": arguments, "timeout": timeout });
    printed(running, &["call", "model.through", "-", "--timeout", "60"], &asked)
}

pub(crate) fn with_commands() -> Running {
    services("", "").argument("--control").argument(CONTROL).run()
}

#[test]
fn nothing_is_left_of_calls_that_fail() {
    let running = with_commands();
    let fail = |times: usize| {
        for _ in 0..times {
            assert_eq!(error(&running, "similr", &json!({})).0, "unknown_function");
            assert_eq!(error(&running, "similar", &json!({ "itemId": "three" })).0, "invalid_arguments");
            assert_eq!(error(&running, "fail", &json!({})).0, "error");
            let slow = json!({ "ms": 60_000, "options": { "timeout": 30 } });
            assert_eq!(error(&running, "slow", &slow).0, "deadline_exceeded");
            assert_eq!(value(&running, "count", &json!({ "to": 1_000_000, "stream": 5 })), 5);
            assert_eq!(
                through(&running, "slow_web", &json!({ "ms": 2_000 }), Some(0.05))["name"],
                "DeadlineExceeded"
            );
            assert_eq!(through(&running, "no_such", &json!({}), None)["name"], "UnknownFunction");
            assert_eq!(
                through(&running, "upper_case", &json!({ "text": 3 }), None)["name"],
                "InvalidArguments"
            );
        }
    };
    fail(3);
    let before = Held::by(&running);
    fail(30);
    before.is_all(&running);
}

#[test]
fn nothing_is_left_of_clients_that_leave() {
    let running = with_commands();
    let leave = |times: usize| {
        for _ in 0..times {
            let mut client = running.connect();
            client.send(format!(
                "GET {} HTTP/1.1\r\nHost: test\r\n\r\n",
                path("slow", &json!({ "ms": 60_000 }))
            ));
            drop(client);
        }
        // Who left before the call began has made none.
        let lines = |end: &str| running.log().iter().filter(|line| line.ends_with(end)).count();
        let begun = Instant::now();
        while lines("slow begins") != lines("slow is cancelled") {
            assert!(begun.elapsed() < PATIENCE, "calls go on whose clients have left");
            value(&running, "similar", &json!({ "itemId": 1, "k": 0 }));
        }
    };
    leave(3);
    let before = Held::by(&running);
    leave(50);
    before.is_all(&running);
}

#[test]
fn a_worker_that_stands_still() {
    let running = with_commands();
    let before = Held::by(&running);
    // The workers in the order of the services: the web, the model.
    let model = before.processes.iter().find(|process| is_python(process.pid())).expect("a worker in Python");
    model.signal(Signal::STOP);
    let slow = json!({ "itemId": 1, "k": 0, "options": { "timeout": 300 } });
    for _ in 0..5 {
        assert_eq!(error(&running, "similar", &slow).0, "deadline_exceeded");
    }
    model.signal(Signal::CONT);
    assert_eq!(value(&running, "similar", &json!({ "itemId": 1, "k": 0 })), json!([]));
    before.is_all(&running);
}

pub(crate) fn is_python(pid: u32) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.contains("python"))
}

#[test]
fn a_callee_in_node_dies() {
    let running = with_commands();
    assert_eq!(through(&running, "die_web", &json!({}), None)["name"], "WorkerLost");
    // The next one waits until there is another worker.
    assert_eq!(through(&running, "upper_case", &json!({ "text": "a" }), None)["value"], "A");
}

#[test]
fn a_caller_dies() {
    let running = with_commands();
    let mut client = running.connect();
    client.send(format!("GET {} HTTP/1.1\r\nHost: test\r\n\r\n", path("slow", &json!({ "ms": 60_000 }))));
    running.wait_for(|line| line.ends_with("slow begins"));
    let web = running.workers().into_iter().find(|pid| !is_python(*pid)).expect("a worker in Node");
    Process::watch(web).signal(Signal::KILL);
    running.wait_for(|line| line.ends_with("slow is cancelled"));
    assert_eq!(client.response().status, 502);
    assert_eq!(value(&running, "similar", &json!({ "itemId": 1, "k": 0 })), json!([]));
}

#[test]
fn a_callee_in_node_learns_that_its_caller_waits_no_more() {
    let running = with_commands();
    let told = through(&running, "slow_web", &json!({ "ms": 5_000 }), Some(1.0));
    assert_eq!(told["name"], "DeadlineExceeded", "{told}");
    wait_for_times(&running, "slowWeb is aborted", 1);
    let refused = command(&running, &["call", "web.slow_web", r#"{"ms": 5000}"#, "--timeout", "0.5"], b"");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("deadline_exceeded"), "{refused:?}");
}

/// The callee's only worker dies, and cannot start again until what is in its way is taken away.
fn keeps_failing(running: &Running, service: &str, die: impl Fn(), ask: impl Fn() -> Value) {
    let answer = ask()["value"].take();
    let in_the_way = running.folder().join(format!("{service}.broken"));
    fs::write(&in_the_way, "").expect("a file");
    die();
    // This one waits for a worker, until there is no hope: before its deadline, of which it would be told otherwise.
    assert_eq!(ask()["code"], "unavailable");
    running
        .wait_for(|line| line.contains(&format!("service \"{service}\"")) && line.contains("keep failing"));
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(ask()["code"], "unavailable");
    }
    assert!(begun.elapsed() < PATIENCE, "they wait for nothing");

    fs::remove_file(&in_the_way).expect("it is there");
    wait_for_times(running, &format!("the {service} starts"), 2);
    let begun = Instant::now();
    let mut now = ask();
    while now["code"] == "unavailable" {
        assert!(begun.elapsed() < PATIENCE, "the worker is there, and is not called");
        now = ask();
    }
    assert_eq!(now["value"], answer, "{now:#}");
}

#[test]
fn a_callee_in_python_keeps_failing() {
    let running = with_commands();
    let die = || assert_eq!(error(&running, "die", &json!({})).0, "worker_lost");
    let ask = || call(&running, "similar", &json!({ "itemId": 1, "k": 1 }));
    keeps_failing(&running, "model", die, ask);
}

#[test]
fn a_callee_in_node_keeps_failing() {
    let running = with_commands();
    let die = || assert_eq!(through(&running, "die_web", &json!({}), None)["name"], "WorkerLost");
    let ask = || through(&running, "upper_case", &json!({ "text": "a" }), None);
    keeps_failing(&running, "web", die, ask);
}
