//! A server that has no descriptor left.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::canary::{Canary, seen};

/// Ticks of CPU time in a second, as `/proc` counts them on every Linux that runs today.
const TICKS_PER_SECOND: f64 = 100.0;

/// CPU seconds a process has used.
fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a running process");
    let fields: Vec<&str> = stat.rsplit(") ").next().expect("fields").split(' ').collect();
    let ticks = |at: usize| fields[at].parse::<f64>().expect("a number");
    (ticks(11) + ticks(12)) / TICKS_PER_SECOND
}

fn open_descriptors(pid: u32) -> u64 {
    fs::read_dir(format!("/proc/{pid}/fd")).expect("a running process").count() as u64
}

#[test]
fn accepting_pauses_while_there_is_no_descriptor_and_goes_on_after() {
    let server = Canary::Asgi.server("threads = 2").run();
    let mut early = server.connect();
    assert_eq!(early.get("/").status, 200);
    let limit = open_descriptors(server.pid()) + 2;
    let pid = Pid::from_raw(server.pid().cast_signed());
    prlimit(pid, Resource::Nofile, Rlimit { current: Some(limit), maximum: Some(limit) })
        .expect("a lower limit");

    let crowd: Vec<_> = (0..20).map(|_| server.connect()).collect();
    let warning = server.wait_for(|line| line.contains("cannot accept a connection"));
    assert!(warning.contains("Too many open files"), "{warning}");

    let (begun, before) = (Instant::now(), cpu_seconds(server.pid()));
    // A span to measure in, not a wait for anything: who spins uses all of it.
    std::thread::sleep(Duration::from_secs(1));
    let used = cpu_seconds(server.pid()) - before;
    assert!(used < begun.elapsed().as_secs_f64() * 0.2, "{used} CPU seconds while nothing happened");
    assert_eq!(early.get("/").status, 200, "connections that are open are served on");
    let complaints = server.log().iter().filter(|line| line.contains("cannot accept a connection")).count();
    // One of each thread.
    assert!(complaints <= 2, "{complaints} lines say the same");

    drop(crowd);
    assert_eq!(server.get("/").status, 200);
    assert_eq!(seen(&server).len(), 3);
}
