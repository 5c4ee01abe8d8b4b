//! What needs a process of its own: a server that is killed, one that inherits orphans, one whose descriptors are
//! counted. That process is this test program again, told by its environment which part to play.

use std::io::{BufRead, BufReader, Lines};
use std::os::fd::OwnedFd;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use diglot_workers::Notice;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, kill_process, pidfd_open, waitid};

use crate::harness::{Harness, Seen, service, within};

const PART_ENV: &str = "DIGLOT_TEST_PART";

/// After the server has been killed no worker may be left for longer.
const WORKERS_GONE_WITHIN: Duration = Duration::from_secs(2);

/// Start this program again to run one of its tests as another process.
fn play(part: &str) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", part, "--nocapture"])
        .env(PART_ENV, "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let stdout = child.stdout.take().unwrap();
    (child, BufReader::new(stdout).lines())
}

fn is_played() -> bool {
    std::env::var_os(PART_ENV).is_some()
}

/// The number behind the next line's beginning; the test program's own lines are passed over.
fn number(lines: &mut Lines<BufReader<ChildStdout>>, beginning: &str) -> i32 {
    lines
        .find_map(|line| line.unwrap().strip_prefix(beginning)?.trim().parse().ok())
        .expect("the process says so before it ends")
}

fn watch(pid: i32) -> OwnedFd {
    pidfd_open(Pid::from_raw(pid).unwrap(), PidfdFlags::empty()).unwrap()
}

fn ends_within(process: &OwnedFd, time: Duration) -> bool {
    let timeout = Timespec::try_from(time).unwrap();
    poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&timeout)).unwrap() == 1
}

/// Deaf to the end of their link, so that only the kernel can end them.
#[tokio::test]
async fn part_server_with_deaf_workers() {
    if !is_played() {
        return;
    }
    let ready = service("web", 2, "say('R'); stay()");
    let starting = service("slow", 1, "print('loading'); stay()");
    let (mut harness, supervisor) = Harness::new(vec![ready, starting]);
    let starting = tokio::spawn(supervisor.start());
    let (mut ready, mut loading) = (0, 0);
    while ready < 2 || loading < 1 {
        harness
            .see(|seen| {
                match seen {
                    Seen::Attached { pid, .. } => println!("\nworker {pid}"),
                    Seen::Ready(_) => ready += 1,
                    Seen::Log(_) => loading += 1,
                    _ => return None,
                }
                Some(())
            })
            .await;
    }
    println!("\nall 3");
    let _ = starting.await;
}

#[test]
fn no_worker_outlives_a_server_that_is_killed() {
    let (mut server, mut lines) = play("alone::part_server_with_deaf_workers");
    let workers: Vec<OwnedFd> = (0..3).map(|_| watch(number(&mut lines, "worker "))).collect();
    number(&mut lines, "all ");
    for worker in &workers {
        assert!(!ends_within(worker, Duration::ZERO), "they live while the server does");
    }
    server.kill().unwrap();
    server.wait().unwrap();
    for worker in &workers {
        assert!(ends_within(worker, WORKERS_GONE_WITHIN), "a worker outlived its server");
    }
}

/// As process 1 of a container would, it inherits what its descendants leave behind.
#[tokio::test]
async fn part_server_that_inherits_orphans() {
    if !is_played() {
        return;
    }
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    // The orphan is out of reach of its worker's group, and holds the worker's link and output open.
    let code = "
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        print(os.getpid())
        stay()
    os._exit(0)
os.wait()
serve()
sys.exit(5)";
    let (mut harness, running) = Harness::start(vec![service("web", 1, code)]).await;
    let orphan = Pid::from_raw(harness.line().await.parse().unwrap()).unwrap();
    kill_process(orphan, Signal::KILL).unwrap();
    let reaped = async {
        // Blocks while it lives, goes round while it is dead, ends with an error once it has been reaped.
        while waitid(WaitId::Pid(orphan), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).is_ok() {
            tokio::task::yield_now().await;
        }
    };
    within(reaped).await;
    println!("\nreaped 1");
    harness.handle.shutdown(Duration::from_secs(60));
    println!("\n{}", harness.notice().await);
    running.unwrap().stopped().await;
}

#[test]
fn orphans_are_reaped_and_not_mistaken_for_workers() {
    let (mut server, mut lines) = play("alone::part_server_that_inherits_orphans");
    number(&mut lines, "reaped ");
    let worker_ended = "service \"web\", worker 1 did not finish cleanly: it ended: exit code ";
    assert_eq!(number(&mut lines, worker_ended), 5);
    assert!(server.wait().unwrap().success());
}

#[tokio::test]
async fn part_server_that_restarts_its_workers() {
    if !is_played() {
        return;
    }
    let count = |what: &str| std::fs::read_dir(format!("/proc/self/{what}")).unwrap().count();
    let (mut harness, running) = Harness::start(vec![service("web", 1, "serve()")]).await;
    for round in 1..=30 {
        harness.handle.restart();
        assert!(matches!(harness.notice().await, Notice::RestartDone { .. }));
        if round == 10 || round == 30 {
            println!("\nfds {}\ntasks {}", count("fd"), count("task"));
        }
    }
    harness.stop(running.unwrap()).await;
}

#[test]
fn restarts_leave_neither_descriptors_nor_threads_behind() {
    let (mut server, mut lines) = play("alone::part_server_that_restarts_its_workers");
    let mut count = || (number(&mut lines, "fds "), number(&mut lines, "tasks "));
    let (early, late) = (count(), count());
    // The listening side of this test keeps a thread or two more or less.
    assert!(late.0 <= early.0 + 2 && late.1 <= early.1 + 2, "{early:?} -> {late:?}");
    assert!(server.wait().unwrap().success());
}
