//! Starting, and failing to.

use diglot_workers::{Launch, Policy, StartError};

use crate::harness::{Harness, service};

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

async fn check_start_error(mut change: impl FnMut(&mut Launch, &mut Policy), code: &str, expected: &str) {
    let mut failing = service("api", 1, code);
    change(&mut failing.launch, &mut failing.policy);
    let good = service("web", 1, "serve()");
    let (_, running) = Harness::start(vec![good, failing]).await;
    let error = running.unwrap_err();
    assert!(matches!(error, StartError::Worker { .. }));
    let error = error.to_string();
    assert!(error.contains(expected), "{error:?} should contain {expected:?}");
}

#[tokio::test]
async fn a_failed_start_says_why() {
    let prefix = "service \"api\", worker 1 did not start: ";
    let check = async |code: &str, expected: &str| {
        check_start_error(|_, _| {}, code, &format!("{prefix}{expected}")).await;
    };
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
        "it ended before it was ready: exit code 1\nThe last it wrote to stderr:\n  first\n  last",
    )
    .await;
}
