//! Starting, and failing to.

use std::path::PathBuf;
use std::time::Duration;

use diglot_workers::{ServiceSpec, StartError};

use crate::harness::{Harness, PATIENCE, altered, service, within};

#[tokio::test]
async fn workers_of_all_services_start_and_end_when_asked() {
    let code = "serve()";
    let (mut harness, running) = Harness::start(vec![service("web", 2, code), service("api", 1, code)]).await;
    let running = running.unwrap();
    for _ in 0..3 {
        harness.ready().await;
    }
    harness.stop(running).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_worker_gets_what_its_launch_says_and_nothing_else() {
    let code = "
print(' '.join(sorted(open('/proc/self/environ').read().strip('\\0').split('\\0'))))
null = os.stat('/dev/null').st_rdev
print(os.getcwd(), 'own group', os.getpgrp() == os.getpid(), 'empty stdin', os.fstat(0).st_rdev == null)
open_fds = {int(fd) for fd in os.listdir('/proc/self/fd')} - {0, 1, 2, link.fileno(), int(os.environ['DIGLOT_CALLS'])}
print([fd for fd in open_fds if os.path.exists(f'/proc/self/fd/{fd}')])
serve()";
    let cwd = std::env::temp_dir().canonicalize().unwrap();
    let spec = altered(service("web", 1, code), |launch| {
        launch.cwd = cwd.clone();
        launch.env = vec![("ONE".into(), "1".into()), ("TWO".into(), "2".into())];
    });
    let cwd = cwd.display().to_string();
    let (mut harness, running) = Harness::start(vec![spec]).await;
    let environment = harness.line().await;
    let numbers =
        environment.strip_prefix("DIGLOT_CALLS=").and_then(|rest| rest.strip_suffix(" ONE=1 TWO=2"));
    let (calls, link) = numbers.and_then(|rest| rest.split_once(" DIGLOT_LINK=")).unwrap_or_default();
    assert!(
        calls != link && [calls, link].iter().all(|number| number.parse::<u32>().is_ok()),
        "{environment}"
    );
    assert_eq!(harness.line().await, format!("{cwd} own group True empty stdin True"));
    assert_eq!(harness.line().await, "[]", "open descriptors");
    harness.stop(running.unwrap()).await;
}

async fn check_start_error(failing: ServiceSpec, expected: &str) {
    let good = service("web", 1, "serve()");
    let (_, running) = Harness::start(vec![good, failing]).await;
    let error = running.unwrap_err();
    assert!(matches!(error, StartError::Worker { .. }));
    assert_eq!(error.to_string(), format!("service \"api\", worker 1 did not start: {expected}"));
}

#[tokio::test]
async fn a_failed_start_says_why() {
    let check = async |code: &str, expected: &str| check_start_error(service("api", 1, code), expected).await;
    check(
        "say('FTraceback\\n  ModuleNotFoundError: x\\x1b[2J')",
        "its app could not be loaded:\nTraceback\n  ModuleNotFoundError: x\\x1b[2J",
    )
    .await;
    check("sys.exit(3)", "it ended before it was ready: exit code 3").await;
    check(
        "os.kill(os.getpid(), signal.SIGKILL)",
        "it ended before it was ready: killed by SIGKILL (by someone, or by the kernel for want of memory)",
    )
    .await;
    check(
        "print('first\\nlast', file=sys.stderr, end=''); sys.exit(1)",
        "the last it wrote to stderr:\n  first\n  last\nit ended before it was ready: exit code 1",
    )
    .await;
}

#[tokio::test]
async fn a_start_that_takes_too_long_is_ended() {
    let mut slow = altered(service("api", 1, ""), |launch| {
        launch.program = PathBuf::from("/bin/sh");
        launch.args = vec!["-c".into(), "echo waiting for the database >&2; exec sleep 1000".into()];
    });
    slow.policy.start_timeout = Duration::from_secs(2);
    check_start_error(
        slow,
        "the last it wrote to stderr:\n  waiting for the database\n\
         it was not ready after 2s and was killed: its start waits for something, or needs longer",
    )
    .await;
}

#[tokio::test]
async fn a_process_that_cannot_be_made_says_what_is_missing() {
    let spec = altered(service("api", 1, ""), |launch| {
        launch.program = PathBuf::from("/nowhere/python");
        launch.cwd = PathBuf::from("/");
    });
    let expected =
        "its process could not be made: running /nowhere/python in /: No such file or directory (os error 2)";
    check_start_error(spec, expected).await;

    let spec = altered(service("api", 1, ""), |launch| launch.cwd = PathBuf::from("/nowhere"));
    check_start_error(spec, "its process could not be made: its folder /nowhere does not exist").await;
}

#[tokio::test]
async fn a_shutdown_during_the_start_interrupts_it() {
    let (mut harness, supervisor) = Harness::new(vec![service("web", 2, "print('loading'); stay()")]);
    let starting = tokio::spawn(supervisor.start());
    assert_eq!(harness.line().await, "loading");
    harness.handle.shutdown(PATIENCE);
    assert_eq!(within(starting).await.unwrap().unwrap_err(), StartError::Interrupted);
}
