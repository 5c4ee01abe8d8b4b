//! Ending: of workers that do not want to, and of what they started.

use std::os::fd::OwnedFd;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;

use crate::harness::{Harness, PATIENCE, service, within};

/// A pipe that everything a worker starts inherits: its end is seen when none of them is left.
struct Leash {
    read: OwnedFd,
    write: OwnedFd,
}

impl Leash {
    fn new() -> Self {
        let (read, write) = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap();
        Self { read, write }
    }

    /// Code that makes the worker hold the leash, and lets its children inherit it.
    fn code(&self) -> String {
        use std::os::fd::AsRawFd;
        format!(
            "leash = os.open('/proc/{}/fd/{}', os.O_WRONLY); os.set_inheritable(leash, True)",
            std::process::id(),
            self.write.as_raw_fd()
        )
    }

    /// Resolves when nobody holds the leash any more.
    async fn let_go(self) {
        drop(self.write);
        let mut read = pipe::Receiver::from_owned_fd(self.read).unwrap();
        assert_eq!(within(read.read(&mut [0])).await.unwrap(), 0);
    }
}

/// A worker whose child outlives it, unless its whole group is ended.
fn with_child(leash: &Leash, rest: &str) -> String {
    format!("{}\nsubprocess.Popen(['sleep', '1000'], pass_fds=[leash])\n{rest}", leash.code())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_a_worker_started_ends_with_it() {
    let leash = Leash::new();
    let code = with_child(&leash, "serve()");
    let (harness, running) = Harness::start(vec![service("web", 1, &code)]).await;
    harness.stop(running.unwrap()).await;
    leash.let_go().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn dropping_a_running_supervisor_ends_its_workers() {
    let leash = Leash::new();
    let code = with_child(&leash, "say('R'); stay()");
    let (_harness, running) = Harness::start(vec![service("web", 2, &code)]).await;
    drop(running.unwrap());
    leash.let_go().await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn giving_up_the_start_ends_the_workers() {
    let leash = Leash::new();
    let code = with_child(&leash, "print('loading'); stay()");
    let (mut harness, supervisor) = Harness::new(vec![service("web", 1, &code)]);
    let starting = tokio::spawn(supervisor.start());
    assert_eq!(harness.line().await, "loading");
    starting.abort();
    leash.let_go().await;
}

#[tokio::test]
async fn a_worker_that_does_not_drain_is_killed_when_the_grace_is_over() {
    let (mut harness, running) = Harness::start(vec![service("web", 1, "say('R'); stay()")]).await;
    harness.handle.shutdown(Duration::from_millis(50));
    let notice = harness.notice().await;
    assert_eq!(
        notice.to_string(),
        "service \"web\", worker 1 was killed: its requests, its shutdown or a thread of it took longer than 50ms"
    );
    within(running.unwrap().stopped()).await;
}

#[tokio::test]
async fn a_second_signal_ends_at_once() {
    let (harness, running) = Harness::start(vec![service("web", 2, "say('R'); stay()")]).await;
    harness.handle.shutdown(Duration::from_secs(3600));
    harness.handle.shutdown_now();
    within(running.unwrap().stopped()).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn who_left_the_group_and_holds_the_output_does_not_hold_up_the_end() {
    let leash = Leash::new();
    let code = format!(
        "{}\ndaemon = subprocess.Popen(['sleep', '1000'], start_new_session=True, pass_fds=[leash])\n\
         print(daemon.pid)\nserve()",
        leash.code()
    );
    let (mut harness, running) = Harness::start(vec![service("web", 1, &code)]).await;
    let daemon: i32 = harness.line().await.parse().unwrap();
    harness.handle.shutdown(PATIENCE);
    within(running.unwrap().stopped()).await;
    let daemon = rustix::process::Pid::from_raw(daemon).unwrap();
    rustix::process::kill_process(daemon, rustix::process::Signal::KILL).unwrap();
    leash.let_go().await;
}
