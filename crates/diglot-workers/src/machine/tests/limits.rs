//! Workers that reach a limit of their lives.

use super::{check, running, s, world_with};
use crate::event::{Event, Limit, WorkerEvent};
use crate::failure::Exit;
use crate::policy::Policy;

#[test]
fn a_worker_at_its_limit_serves_until_the_next_one_is_ready() {
    let mut world = running(&[2]);
    world.pass(s(50.0));
    check(
        world.worker(1, WorkerEvent::LimitReached(Limit::Requests(1_000))),
        &["report service \"web\", worker 1 is replaced: it has had 1000 requests", "spawn web.1 #3"],
    );
    let memory = Limit::Memory { bytes: 700 << 20, bytes_max: 512 << 20 };
    check(world.worker(2, WorkerEvent::LimitReached(memory)), &[]);
    check(world.worker(2, WorkerEvent::LimitReached(Limit::Requests(1))), &[]);
    check(world.ready(3), &["drain #1 30s"]);
    check(
        world.exit(1, Exit::Code(0)),
        &[
            "report service \"web\", worker 2 is replaced: it holds 700 MiB of memory, above its limit of 512 MiB",
            "spawn web.2 #4",
        ],
    );
    check(world.worker(3, WorkerEvent::LimitReached(Limit::Requests(1_000))), &[]);
    check(world.ready(4), &["drain #2 30s"]);
    check(
        world.exit(2, Exit::Code(0)),
        &[
            "report service \"web\", worker 1 is replaced: it has had 1000 requests, only 0.0 s after it was ready: the \
             limit is low for this app",
            "spawn web.1 #5",
        ],
    );
}

#[test]
fn a_lifetime_counts_from_being_ready() {
    let policy = Policy { lifetime: Some(s(100.0)), ..Policy::default() };
    let mut world = world_with(&[2], policy);
    world.feed(Event::Start);
    world.pass(s(30.0));
    world.ready(1);
    world.ready(2);
    check(world.pass(s(99.0)), &[]);
    check(
        world.pass(s(1.0)),
        &["report service \"web\", worker 1 is replaced: it has lived for 100s", "spawn web.1 #3"],
    );
    world.ready(3);
    check(
        world.exit(1, Exit::Code(0)),
        &["report service \"web\", worker 2 is replaced: it has lived for 100s", "spawn web.2 #4"],
    );
}

#[test]
fn a_replacement_that_cannot_start_is_tried_again_later() {
    let mut world = running(&[1]);
    world.pass(s(100.0));
    world.worker(1, WorkerEvent::LimitReached(Limit::Requests(9)));
    let failed = "report service \"web\", worker 1 could not be replaced at its limit, the old one serves on; the next \
                  attempt is in ";
    check(world.exit(2, Exit::Code(3)), &[&format!("{failed}100ms: ...")]);
    check(world.pass(s(0.09)), &[]);
    check(
        world.pass(s(0.01)),
        &["report service \"web\", worker 1 is replaced: it has had 9 requests", "spawn web.1 #3"],
    );
    check(world.exit(3, Exit::Code(3)), &[&format!("{failed}200ms: ...")]);
    world.pass(s(0.2));
    check(world.ready(4), &["drain #1 30s"]);
}

#[test]
fn a_restart_goes_before_limits_and_a_restarted_worker_has_none_behind_it() {
    let mut world = running(&[2]);
    world.pass(s(100.0));
    check(world.feed(Event::Restart), &["spawn web.1 #3"]);
    check(world.worker(2, WorkerEvent::LimitReached(Limit::Requests(9))), &[]);
    world.ready(3);
    check(world.exit(1, Exit::Code(0)), &["spawn web.2 #4"]);
    check(world.ready(4), &["drain #2 30s"]);
    check(world.exit(2, Exit::Code(0)), &["report service \"web\": every worker has been restarted"]);
}

#[test]
fn a_shutdown_ends_replacements_and_their_waits() {
    let mut world = running(&[2]);
    world.worker(1, WorkerEvent::LimitReached(Limit::Requests(9)));
    world.exit(3, Exit::Code(3));
    check(world.feed(Event::Shutdown { grace: s(5.0).into() }), &["drain #1 5s", "drain #2 5s"]);
    world.exit(1, Exit::Code(0));
    check(world.exit(2, Exit::Code(0)), &["stopped"]);
    assert!(world.machine.next_deadline().is_none(), "nothing is waited for");
}
