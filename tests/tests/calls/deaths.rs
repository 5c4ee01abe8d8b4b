//! Workers that are killed, stand still or are slow to come back while calls are made: the same both ways.

use std::cell::Cell;
use std::process::Command;
use std::time::Instant;
use std::{fs, thread};

use diglot_tests::{Process, Running};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::faults::{Held, is_python};
use crate::pair::{BOTH_WAYS, PATIENCE, ask, pair};
use crate::{command, wait_for_times};

/// How a callee dies: before it answers, in the midst of its answer's items, in the midst of its argument's.
const WAYS: [(&str, &str); 3] = [("call", "die"), ("midway", "die_midway"), ("reading", "die_reading")];

/// The workers of a service.
fn workers_of(running: &Running, service: &str) -> Vec<u32> {
    running.workers().into_iter().filter(|pid| is_python(*pid) == (service == "python")).collect()
}

/// The callee dies, and its caller is told.
fn meet(running: &Running, (caller, callee): (&str, &str), (how, function): (&str, &str)) {
    let met = ask(running, caller, "meet", &json!({ "how": how }));
    assert_eq!(met["name"], "WorkerLost", "{how}, {caller} of {callee}: {met}");
    assert_eq!(met["of"], format!("{callee}.{function}"));
    let seen = met["seen"].as_u64().expect("a number");
    assert!(if how == "midway" { (1..=100_000).contains(&seen) } else { seen == 0 }, "{met}");
}

#[test]
fn a_callee_dies_before_its_answer_and_in_the_midst_of_streams() {
    let running = pair("", "").run();
    for both @ (caller, callee) in BOTH_WAYS {
        for way in WAYS {
            meet(&running, both, way);
            // The next one waits until there is another worker.
            let made = ask(&running, caller, "ask", &json!({ "ms": 30_000 }));
            assert_eq!(made, json!({ "value": 0 }), "{callee}");
        }
        // What it was sent is not made any more.
        wait_for_times(&running, &format!("{caller}: numbers are over"), 1);
    }
}

/// Waits until so many workers of a service have been ready, those that are gone among them.
fn wait_for_ready(running: &Running, service: &str, times: usize) {
    let beginning = format!("service \"{service}\", worker ");
    let seen = Cell::new(0);
    running.wait_for(|line| {
        seen.set(seen.get() + usize::from(line.contains(&beginning) && line.contains(" is ready: ")));
        seen.get() == times
    });
}

/// Of one that dies again and again, beside others that are ready: those are not what is measured.
fn nothing_is_left(both: (&str, &str)) {
    let (caller, callee) = both;
    let workers = "workers = 6";
    let running = if callee == "node" { pair(workers, "") } else { pair("", workers) }.run();
    let die = |times: usize| (0..times).for_each(|n| meet(&running, both, WAYS[n % WAYS.len()]));
    die(3);
    // One that is not there yet holds less.
    wait_for_ready(&running, callee, 6 + 3);
    let survivors = [running.pid()].into_iter().chain(workers_of(&running, caller));
    let before = Held::by_these(survivors);
    die(20);
    wait_for_times(&running, &format!("{callee}: it starts"), 6 + 23);
    before.is_all_while(&|| {
        let made = ask(&running, caller, "ask", &json!({ "ms": 30_000 }));
        assert!(made["value"].is_u64(), "{made}");
    });
    assert_eq!(workers_of(&running, callee).len(), 6, "each has been replaced");
}

#[test]
fn nothing_is_left_of_callees_in_python_that_die() {
    nothing_is_left(("node", "python"));
}

#[test]
fn nothing_is_left_of_callees_in_node_that_die() {
    nothing_is_left(("python", "node"));
}

/// Its callee learns of it.
#[test]
fn a_caller_dies() {
    let running = pair("", "").run();
    for (caller, callee) in BOTH_WAYS {
        thread::scope(|scope| {
            let calling = scope.spawn(|| command(&running, &["call", &format!("{caller}.give_up")], b""));
            wait_for_times(&running, &format!("{callee}: slow begins"), 1);
            Process::watch(workers_of(&running, caller)[0]).signal(Signal::KILL);
            wait_for_times(&running, &format!("{callee}: slow is cancelled"), 1);
            let told = calling.join().expect("it ends");
            assert!(String::from_utf8_lossy(&told.stderr).contains("worker_lost"), "{told:?}");
        });
        assert_eq!(ask(&running, caller, "ask", &json!({ "ms": 30_000 })), json!({ "value": 0 }));
    }
}

#[test]
fn a_callee_stands_still() {
    let running = pair("", "").run();
    let held = Held::by(&running);
    for (caller, callee) in BOTH_WAYS {
        let ask = |ms: u32| ask(&running, caller, "ask", &json!({ "ms": ms }));
        let worker = Process::watch(workers_of(&running, callee)[0]);
        assert_eq!(ask(30_000), json!({ "value": 0 }));
        worker.signal(Signal::STOP);
        for _ in 0..5 {
            assert_eq!(ask(200), json!({ "name": "DeadlineExceeded" }), "{caller} of {callee}");
        }
        worker.signal(Signal::CONT);
        assert_eq!(ask(30_000), json!({ "value": 0 }));
    }
    held.is_all_while(&|| drop(ask(&running, "node", "ask", &json!({ "ms": 30_000 }))));
}

/// A call waits for the only worker that is to come, and no longer than its deadline.
#[test]
fn a_callee_is_long_in_coming_back() {
    let running = pair("", "").run();
    for both @ (caller, callee) in BOTH_WAYS {
        let pipe = running.folder().join(format!("{callee}.held"));
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo").success());
        meet(&running, both, WAYS[0]);
        let ask = |ms: u32| -> Value { ask(&running, caller, "ask", &json!({ "ms": ms })) };
        let begun = Instant::now();
        assert_eq!(ask(300), json!({ "name": "DeadlineExceeded" }), "{caller} of {callee}");
        assert!(begun.elapsed() < PATIENCE);
        thread::scope(|scope| {
            let waiting = scope.spawn(|| ask(30_000));
            // Its other end is open when the program is there.
            drop(fs::OpenOptions::new().write(true).open(&pipe).expect("a pipe"));
            assert_eq!(waiting.join().expect("it is answered"), json!({ "value": 0 }));
        });
        fs::remove_file(&pipe).expect("it is there");
    }
}
