//! Workers that crash, hang, or are replaced.

use std::time::Duration;

use diglot_workers::{Notice, ServiceState};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Harness, PATIENCE, Seen, altered, service, within};

fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

#[tokio::test]
async fn a_killed_worker_is_replaced_at_once() {
    let (mut harness, running) = Harness::start(vec![service("web", 1, "serve()")]).await;
    let (first, pid, _) = harness.attached().await;
    signal(pid, Signal::KILL);
    let detached =
        harness.see(|seen| if let Seen::Detached(worker) = seen { Some(worker) } else { None }).await;
    assert_eq!(detached, first);
    let words = harness.notice().await.to_string();
    assert!(words.ends_with("killed by SIGKILL (by someone, or by the kernel for want of memory); a new one is started at once"), "{words}");
    assert!(harness.ready().await.generation > first.generation);
    harness.stop(running.unwrap()).await;
}

#[tokio::test]
async fn a_crash_loop_breaks_its_service_while_another_serves_and_ends_when_the_app_is_mended() {
    let folder = std::env::temp_dir().join(format!("diglot-crash-loop-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut bad =
        service("bad", 1, "say('R') if not os.path.exists('broken') else sys.exit(4); link.recv(1)");
    bad = altered(bad, |launch| launch.cwd = folder.clone());
    bad.policy.backoff_min = Duration::from_millis(5);
    bad.policy.backoff_max = Duration::from_millis(20);
    let (mut harness, running) = Harness::start(vec![bad, service("good", 1, "serve()")]).await;
    let pids = [harness.attached().await, harness.attached().await];
    std::fs::write(folder.join("broken"), "").unwrap();
    for (worker, pid, _) in pids {
        if worker.service == 0 {
            signal(pid, Signal::KILL);
        }
    }
    let state = async |harness: &mut Harness| {
        harness
            .see(|seen| if let Seen::State { service, state } = seen { Some((service, state)) } else { None })
            .await
    };
    assert_eq!(state(&mut harness).await, (0, ServiceState::Broken));
    assert!(matches!(harness.notice().await, Notice::ServiceBroken { service, .. } if &*service == "bad"));
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::create_dir_all(&folder).unwrap();
    assert_eq!(state(&mut harness).await, (0, ServiceState::Serving));
    harness.stop(running.unwrap()).await;
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn a_stopped_worker_is_killed_and_replaced() {
    let (mut harness, running) = Harness::start(vec![service("web", 1, "serve()")]).await;
    let (first, pid, reporter) = harness.attached().await;
    harness.ready().await;
    signal(pid, Signal::STOP);
    reporter.unresponsive();
    let notice = harness.notice().await;
    assert!(notice.to_string().contains("it stopped answering and was killed"), "{notice}");
    assert!(harness.ready().await.generation > first.generation);
    harness.stop(running.unwrap()).await;
}

#[tokio::test]
async fn a_worker_that_speaks_nonsense_is_ended() {
    let (mut harness, running) = Harness::start(vec![service("web", 1, "say('R'); say('?'); stay()")]).await;
    let notice = harness.notice().await;
    assert!(notice.to_string().contains("it broke the link's protocol (byte 63 means nothing)"), "{notice}");
    harness.handle.shutdown_now();
    within(running.unwrap().stopped()).await;
}

#[tokio::test]
async fn a_restart_replaces_every_worker_one_after_another() {
    let (mut harness, running) = Harness::start(vec![service("web", 2, "serve()")]).await;
    let old = [harness.ready().await, harness.ready().await];
    harness.handle.restart();
    for slot in 0..2 {
        let new = harness.ready().await;
        let drained =
            harness.see(|seen| if let Seen::Drained(worker) = seen { Some(worker) } else { None }).await;
        assert_eq!((new.slot, drained.slot), (slot, slot), "the new one is ready before the old one drains");
        assert!(old.contains(&drained) && !old.contains(&new));
    }
    assert!(matches!(harness.notice().await, Notice::RestartDone { .. }));
    harness.stop(running.unwrap()).await;
}

#[tokio::test]
async fn a_restart_to_a_broken_app_leaves_the_old_one_serving() {
    let folder = std::env::temp_dir().join(format!("diglot-restart-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let code = "say('FSyntaxError: x') if os.path.exists('broken') else serve()";
    let spec = altered(service("web", 1, code), |launch| launch.cwd = folder.clone());
    let (mut harness, running) = Harness::start(vec![spec]).await;
    std::fs::write(folder.join("broken"), "").unwrap();
    harness.handle.restart();
    let notice = harness.notice().await;
    assert_eq!(
        notice.to_string(),
        "service \"web\", worker 1 could not be restarted, the old one serves on: its app could not be loaded: \
         SyntaxError: x"
    );
    harness.handle.shutdown(PATIENCE);
    let drained =
        harness.see(|seen| if let Seen::Drained(worker) = seen { Some(worker) } else { None }).await;
    assert_eq!(drained.generation, 1);
    within(running.unwrap().stopped()).await;
    std::fs::remove_dir_all(&folder).unwrap();
}
