//! Stories of workers, told as events and the actions that answer them. Workers are called by their generation:
//! `#1` is the first that was spawned.

mod limits;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::{Machine, ServiceShape};
use crate::event::{Action, Event, Grace, LinkEnd, WorkerEvent, WorkerId};
use crate::failure::Exit;
use crate::policy::Policy;

const SERVICES: [&str; 2] = ["web", "api"];

/// A machine, its simulated time, and the workers it has asked for.
struct World {
    machine: Machine,
    now: Instant,
    workers: HashMap<u32, WorkerId>,
}

/// Seconds, for policies and time that passes.
fn s(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn world_with(workers: &[usize], policy: Policy) -> World {
    let shape = |(&workers, name): (&usize, &str)| ServiceShape { name: name.into(), workers, policy };
    let shapes: Vec<_> = workers.iter().zip(SERVICES).map(shape).collect();
    World { machine: Machine::new(&shapes), now: Instant::now(), workers: HashMap::new() }
}

fn world(workers: &[usize]) -> World {
    world_with(workers, Policy::default())
}

/// A world in which every worker has become ready, and stable.
fn running(workers: &[usize]) -> World {
    let mut world = world(workers);
    world.feed(Event::Start);
    for generation in 1..=workers.iter().sum::<usize>() {
        world.ready(u32::try_from(generation).unwrap());
    }
    world.pass(s(10.0));
    world
}

impl World {
    fn feed(&mut self, event: Event) -> Vec<String> {
        self.machine.handle(event, self.now);
        let mut said = Vec::new();
        while let Some(action) = self.machine.next_action() {
            said.push(match action {
                Action::Spawn(worker) => {
                    self.workers.insert(worker.generation, worker);
                    format!("spawn {}.{} #{}", SERVICES[worker.service], worker.slot + 1, worker.generation)
                }
                Action::Drain { worker, grace } => format!("drain #{} {grace:?}", worker.generation),
                Action::Kill(worker) => format!("kill #{}", worker.generation),
                Action::ServiceState { service, state } => format!("{} {state:?}", SERVICES[service]),
                Action::Report(notice) => format!("report {notice}"),
                Action::Started => "started".to_owned(),
                Action::Stopped { start_error: None } => "stopped".to_owned(),
                Action::Stopped { start_error: Some(error) } => format!("stopped: {error}"),
            });
        }
        said
    }

    fn worker(&mut self, generation: u32, event: WorkerEvent) -> Vec<String> {
        self.feed(Event::Worker(self.workers[&generation], event))
    }

    fn ready(&mut self, generation: u32) -> Vec<String> {
        self.worker(generation, WorkerEvent::Ready)
    }

    fn exit(&mut self, generation: u32, exit: Exit) -> Vec<String> {
        self.worker(generation, WorkerEvent::Exited { exit, last_stderr: Vec::new() })
    }

    fn closed(&mut self, generation: u32) -> Vec<String> {
        self.worker(generation, WorkerEvent::LinkClosed(LinkEnd::Closed))
    }

    /// Let time pass, stopping at each deadline on the way.
    fn pass(&mut self, time: Duration) -> Vec<String> {
        let end = self.now + time;
        let mut said = Vec::new();
        while let Some(deadline) = self.machine.next_deadline().filter(|&deadline| deadline <= end) {
            self.now = self.now.max(deadline);
            said.extend(self.feed(Event::DeadlineReached));
            assert!(self.machine.next_deadline().is_none_or(|next| next > self.now), "time makes no headway");
        }
        self.now = end;
        said
    }
}

/// Compares whole lists, so that nothing unexpected goes unseen. A `...` at an expected line's end leaves its rest open.
#[track_caller]
fn check(said: Vec<String>, expected: &[&str]) {
    let fits = |(said, expected): (&String, &&str)| match expected.strip_suffix("...") {
        Some(start) => said.starts_with(start),
        None => said == expected,
    };
    assert!(
        said.len() == expected.len() && said.iter().zip(expected).all(fits),
        "said: {said:#?}\nexpected: {expected:#?}"
    );
}

const CRASH: Exit = Exit::Signal(9);

#[test]
fn all_start_at_once_and_the_last_one_ready_ends_the_start() {
    let mut world = world(&[2, 1]);
    check(world.feed(Event::Start), &["spawn web.1 #1", "spawn web.2 #2", "spawn api.1 #3"]);
    check(world.feed(Event::Start), &[]);
    check(world.ready(3), &[]);
    check(world.ready(1), &[]);
    check(world.ready(1), &[]);
    check(world.ready(2), &["started"]);
}

#[test]
fn a_server_without_services_has_started_and_stops() {
    let mut world = world(&[]);
    check(world.feed(Event::Start), &["started"]);
    check(world.feed(Event::Shutdown { grace: s(1.0).into() }), &["stopped"]);
}

#[test]
fn a_first_start_that_fails_ends_it_all_and_the_first_reason_counts() {
    let mut world = world(&[3]);
    world.feed(Event::Start);
    world.ready(1);
    check(world.exit(2, Exit::Code(3)), &["drain #1 2s", "kill #3"]);
    check(world.exit(3, CRASH), &[]);
    check(
        world.exit(1, Exit::Code(0)),
        &["stopped: service \"web\", worker 2 did not start: it ended before it was ready: exit code 3"],
    );
    check(world.feed(Event::Shutdown { grace: s(1.0).into() }), &[]);
}

#[test]
fn an_app_that_cannot_be_loaded_is_told_once_not_once_for_each_worker() {
    let mut world = world(&[2]);
    world.feed(Event::Start);
    for generation in [1, 2] {
        world.worker(generation, WorkerEvent::StartFailed { message: "no module x".to_owned() });
    }
    check(world.exit(1, Exit::Code(1)), &[]);
    check(
        world.exit(2, Exit::Code(1)),
        &["stopped: service \"web\", worker 1 did not start: its app could not be loaded: no module x"],
    );
}

#[test]
fn a_start_has_each_of_its_ways_to_fail() {
    #[track_caller]
    fn check_start(fail: impl FnOnce(&mut World), expected: &str) {
        let mut world = world(&[1]);
        world.feed(Event::Start);
        fail(&mut world);
        let said = world.exit(1, Exit::Code(1));
        check(said, &[&format!("stopped: service \"web\", worker 1 did not start: {expected}")]);
    }
    check_start(|_| {}, "it ended before it was ready: exit code 1");
    check_start(|world| drop(world.closed(1)), "it ended before it was ready: exit code 1");
    check_start(
        |world| {
            let message = "no module x".to_owned();
            check(world.worker(1, WorkerEvent::StartFailed { message }), &[]);
            check(world.closed(1), &[]);
            check(world.pass(s(1.9)), &[]);
        },
        "its app could not be loaded: no module x",
    );
    check_start(
        |world| {
            let message = "no module x".to_owned();
            world.worker(1, WorkerEvent::StartFailed { message });
            check(world.pass(s(2.0)), &["kill #1"]);
        },
        "its app could not be loaded: no module x",
    );
    check_start(
        |world| {
            check(world.pass(s(119.0)), &[]);
            check(world.pass(s(1.0)), &["kill #1"]);
            check(world.ready(1), &[]);
        },
        "it was not ready after 120s and was killed: its start waits for something, or needs longer",
    );
    check_start(
        |world| {
            world.closed(1);
            check(world.pass(s(2.0)), &["kill #1"]);
        },
        "it closed its link to the server, did not end, and was killed",
    );
    check_start(
        |world| {
            let rule = "frame too long".to_owned();
            let broken = WorkerEvent::LinkClosed(LinkEnd::Broken { rule });
            check(world.worker(1, broken), &["kill #1"]);
        },
        "it broke the link's protocol (frame too long) and was killed",
    );

    let mut world = world(&[1]);
    world.feed(Event::Start);
    let message = "no such file".to_owned();
    check(
        world.worker(1, WorkerEvent::SpawnFailed { message }),
        &["stopped: service \"web\", worker 1 did not start: its process could not be made: no such file"],
    );
}

#[test]
fn a_crash_is_answered_at_once_then_with_growing_delays_and_forgotten_when_stable() {
    let mut world = running(&[1]);
    check(
        world.exit(1, CRASH),
        &[
            "report service \"web\", worker 1: it ended: killed by SIGKILL (by someone, or by the kernel for want of memory); a new one is started at once",
            "spawn web.1 #2",
        ],
    );
    for (generation, delay_s) in [(2, 0.1), (3, 0.2), (4, 0.4)] {
        world.ready(generation);
        check(world.closed(generation), &[]);
        let said = world.exit(generation, Exit::Code(1));
        let delay = s(delay_s);
        let notice = format!(
            "report service \"web\", worker 1: it ended: exit code 1; a new one is started in {delay:?}"
        );
        check(said, &[&notice]);
        check(world.pass(delay - Duration::from_millis(1)), &[]);
        check(world.pass(Duration::from_millis(1)), &[&format!("spawn web.1 #{}", generation + 1)]);
    }
    world.ready(5);
    check(world.pass(s(10.0)), &[]);
    check(
        world.exit(5, Exit::Code(0)),
        &[
            "report service \"web\", worker 1: its program has ended by itself, with exit code 0; a new one is started at once",
            "spawn web.1 #6",
        ],
    );
}

#[test]
fn a_crash_loop_opens_the_circuit_of_its_service_only_and_a_stable_worker_closes_it() {
    let mut world = running(&[1, 1]);
    for generation in [1, 3, 4, 5] {
        world.exit(generation, CRASH);
        world.pass(s(1.0));
    }
    check(
        world.exit(6, CRASH),
        &[
            "report service \"web\", worker 1: it ended before it was ready:...",
            "web Broken",
            "report service \"web\" is down: its workers keep failing...",
        ],
    );
    // Retries go on. One that gets ready lets requests through, its death stops them again, without more words.
    check(world.pass(s(0.8)), &["spawn web.1 #7"]);
    check(world.ready(7), &["web Serving"]);
    check(world.exit(7, CRASH), &["report service \"web\", worker 1: it ended: killed...", "web Broken"]);
    check(world.pass(s(1.6)), &["spawn web.1 #8"]);
    check(world.ready(8), &["web Serving"]);
    check(world.pass(s(10.0)), &["report service \"web\" serves again"]);
    check(world.exit(8, CRASH), &["report ...", "spawn web.1 #9"]);
}

#[test]
fn failures_that_lie_far_apart_open_no_circuit() {
    let policy = Policy { circuit_window: s(20.0), ..Policy::default() };
    let mut world = world_with(&[1], policy);
    world.feed(Event::Start);
    world.ready(1);
    for generation in 1..20 {
        let said = world.exit(generation, CRASH);
        assert!(!said.contains(&"web Broken".to_owned()), "{said:?}");
        world.pass(s(10.0));
    }
}

#[test]
fn failures_beside_a_ready_worker_do_not_open_the_circuit() {
    let mut world = running(&[2]);
    world.exit(1, CRASH);
    for generation in 3..30 {
        check(world.exit(generation, CRASH), &["report ..."]);
        check(world.pass(s(10.0)), &[&format!("spawn web.1 #{}", generation + 1)]);
    }
    // Not even when that one goes: it may be back in a moment.
    check(world.exit(2, CRASH), &["report ...", "spawn web.2 #31"]);
    // But now they count.
    for generation in 30..38 {
        check(world.exit(generation, CRASH), &["report ..."]);
        world.pass(s(10.0));
    }
    check(world.exit(38, CRASH), &["report ...", "web Broken", "report service \"web\" is down..."]);
}

#[test]
fn all_workers_lost_at_one_blow_are_no_crash_loop() {
    let mut world = running(&[8]);
    for generation in 1..=8 {
        check(world.exit(generation, CRASH), &["report ...", "spawn ..."]);
    }
}

#[test]
fn an_unresponsive_worker_is_killed_and_replaced() {
    let mut world = running(&[1]);
    check(world.worker(1, WorkerEvent::Unresponsive), &["kill #1"]);
    check(world.worker(1, WorkerEvent::Unresponsive), &[]);
    check(world.closed(1), &[]);
    check(
        world.exit(1, CRASH),
        &[
            "report service \"web\", worker 1: it stopped answering and was killed: something blocks its event loop, or it was stopped; a new one is started at once",
            "spawn web.1 #2",
        ],
    );
}

#[test]
fn a_worker_that_closes_its_link_may_end_by_itself_before_it_is_killed() {
    let mut world = running(&[1]);
    check(world.closed(1), &[]);
    check(world.pass(s(1.9)), &[]);
    check(world.pass(s(0.1)), &["kill #1"]);
    check(
        world.exit(1, CRASH),
        &["report service \"web\", worker 1: it closed its link...", "spawn web.1 #2"],
    );
    // A broken rule leaves nothing to wait for, even when it is found while it leaves.
    world.ready(2);
    world.closed(2);
    let broken = LinkEnd::Broken { rule: "bad length".to_owned() };
    check(world.worker(2, WorkerEvent::LinkClosed(broken)), &["kill #2"]);
}

#[test]
fn who_was_told_to_end_and_raises_the_signal_again_has_ended_in_order() {
    const TERM: i32 = 15;
    for exit in [Exit::Signal(TERM), Exit::Code(128 + TERM), Exit::Code(130)] {
        let mut world = running(&[1]);
        check(world.feed(Event::Shutdown { grace: s(5.0).into() }), &["drain #1 5s"]);
        check(world.exit(1, exit), &["stopped"]);
    }
    // While it serves, the same is the end of a worker that is missed.
    let said = running(&[1]).exit(1, Exit::Signal(TERM));
    assert!(said[0].contains("killed by SIGTERM"), "{said:?}");
}

#[test]
fn a_shutdown_drains_kills_what_takes_too_long_and_starts_nothing_more() {
    let mut world = running(&[2, 2]);
    world.exit(4, CRASH);
    world.exit(5, CRASH);
    check(
        world.feed(Event::Shutdown { grace: s(5.0).into() }),
        &["drain #1 5s", "drain #2 5s", "drain #3 5s"],
    );
    check(world.closed(1), &[]);
    check(world.exit(1, Exit::Code(0)), &[]);
    check(
        world.exit(2, Exit::Code(7)),
        &["report service \"web\", worker 2 did not finish cleanly: it ended: exit code 7"],
    );
    check(world.feed(Event::Restart), &[]);
    check(
        world.pass(s(5.0)),
        &[
            "kill #3",
            "report service \"api\", worker 1 was killed: its requests, its shutdown or a thread of it took longer than 5s",
        ],
    );
    check(world.exit(3, CRASH), &["stopped"]);
    check(world.pass(s(100.0)), &[]);
}

#[test]
fn a_second_signal_ends_at_once_and_a_shorter_grace_counts() {
    let mut world = running(&[2]);
    world.feed(Event::Shutdown { grace: s(60.0).into() });
    world.pass(s(1.0));
    check(world.feed(Event::Shutdown { grace: s(5.0).into() }), &[]);
    check(world.pass(s(5.0)), &["kill #1", "report ...", "kill #2", "report ..."]);

    // What requests have had of it is part of what people are told.
    let mut world = running(&[1]);
    let grace = Grace { left: s(1.0), whole: s(5.0) };
    check(world.feed(Event::Shutdown { grace }), &["drain #1 1s"]);
    let told = "report service \"web\", worker 1 was killed: its requests, its shutdown or a thread of it took longer than 5s";
    check(world.pass(s(1.0)), &["kill #1", told]);

    let mut world = running(&[2]);
    world.feed(Event::Shutdown { grace: s(60.0).into() });
    check(world.exit(2, Exit::Code(0)), &[]);
    check(world.feed(Event::ShutdownNow), &["kill #1"]);
    check(world.feed(Event::ShutdownNow), &[]);
    check(world.exit(1, CRASH), &["stopped"]);
}

#[test]
fn a_shutdown_during_the_start_interrupts_it() {
    for event in [Event::Shutdown { grace: s(5.0).into() }, Event::ShutdownNow] {
        let mut world = world(&[1, 1]);
        world.feed(Event::Start);
        check(world.feed(event), &["kill #1", "kill #2"]);
        // Not a failed start, whatever becomes of them.
        check(world.worker(1, WorkerEvent::SpawnFailed { message: String::new() }), &[]);
        check(world.exit(2, CRASH), &["stopped: stopped before every worker was ready"]);
    }
    let mut world = world(&[1]);
    check(world.feed(Event::ShutdownNow), &["stopped: stopped before every worker was ready"]);
    check(world.feed(Event::Start), &[]);
}

#[test]
fn a_crash_after_ready_is_replaced_even_while_others_still_start() {
    let mut world = world(&[2]);
    world.feed(Event::Start);
    world.ready(1);
    check(world.exit(1, CRASH), &["report ...", "spawn web.1 #3"]);
    check(world.exit(3, CRASH), &["report service \"web\", worker 1: it ended before it was ready..."]);
    check(world.ready(2), &["started"]);
}

#[test]
fn a_restart_replaces_one_worker_after_another_each_ready_before_the_old_one_drains() {
    let mut world = running(&[2, 1]);
    check(world.feed(Event::Restart), &["spawn web.1 #4", "spawn api.1 #5"]);
    check(world.ready(4), &["drain #1 30s"]);
    check(world.ready(5), &["drain #3 30s"]);
    check(world.exit(3, Exit::Code(0)), &["report service \"api\": every worker has been restarted"]);
    check(world.exit(1, Exit::Code(0)), &["spawn web.2 #6"]);
    check(world.ready(6), &["drain #2 30s"]);
    check(world.pass(s(30.0)), &["kill #2", "report service \"web\", worker 2 was killed..."]);
    check(
        world.exit(2, CRASH),
        &[
            "report service \"web\": every worker has been restarted",
            "report the restart is complete: every service has new workers only",
        ],
    );
    check(world.pass(s(100.0)), &[]);
}

#[test]
fn a_restart_goes_on_while_as_many_as_half_of_the_workers_finish_what_they_have() {
    let mut world = running(&[4]);
    check(world.feed(Event::Restart), &["spawn web.1 #5"]);
    check(world.ready(5), &["drain #1 30s", "spawn web.2 #6"]);
    check(world.ready(6), &["drain #2 30s"]);
    check(world.exit(2, Exit::Code(0)), &["spawn web.3 #7"]);
    check(world.ready(7), &["drain #3 30s"]);
    check(world.exit(1, Exit::Code(0)), &["spawn web.4 #8"]);
    check(world.exit(3, Exit::Code(0)), &[]);
    check(world.ready(8), &["drain #4 30s"]);
    check(world.exit(4, Exit::Code(0)), &["report service \"web\": every worker has been restarted"]);
}

#[test]
fn a_restart_that_one_service_has_given_up_is_not_complete() {
    let mut world = running(&[1, 1]);
    world.feed(Event::Restart);
    world.ready(4);
    check(world.exit(3, CRASH), &["report service \"web\", worker 1 could not be restarted..."]);
    check(world.exit(2, Exit::Code(0)), &["report service \"api\": every worker has been restarted"]);
    check(world.pass(s(100.0)), &[]);
    check(world.feed(Event::Restart), &["spawn web.1 #5", "spawn api.1 #6"]);
    world.ready(5);
    world.ready(6);
    check(world.exit(1, Exit::Code(0)), &["report service \"web\": every worker has been restarted"]);
    check(
        world.exit(4, Exit::Code(0)),
        &["report service \"api\": every worker...", "report the restart is complete..."],
    );
}

#[test]
fn a_restart_whose_new_worker_fails_leaves_the_old_ones_serving_and_says_so_once() {
    let mut world = running(&[2]);
    world.feed(Event::Restart);
    let message = "SyntaxError".to_owned();
    check(world.worker(3, WorkerEvent::StartFailed { message }), &[]);
    check(
        world.exit(3, Exit::Code(1)),
        &[
            "report service \"web\", worker 1 could not be restarted, the old one serves on: its app could not be loaded: SyntaxError",
        ],
    );
    check(world.pass(s(1000.0)), &[]);
    check(world.feed(Event::Restart), &["spawn web.1 #4"]);
    check(world.pass(s(120.0)), &["kill #4"]);
    check(world.exit(4, CRASH), &["report service \"web\", worker 1 could not be restarted..."]);
    check(world.exit(1, CRASH), &["report ...", "spawn web.1 #5"]);
}

#[test]
fn a_worker_that_dies_while_its_replacement_starts_gives_up_its_seat() {
    let mut world = running(&[1]);
    world.feed(Event::Restart);
    check(world.exit(1, CRASH), &["report ..."]);
    check(world.ready(2), &["report service \"web\": every worker has been restarted"]);

    // The same, but its link goes first and its exit is only seen after the new one is ready.
    let mut world = running(&[1]);
    world.feed(Event::Restart);
    world.closed(1);
    check(world.ready(2), &[]);
    check(
        world.exit(1, CRASH),
        &["report service \"web\", worker 1 did not finish cleanly...", "report service \"web\": every..."],
    );
}

#[test]
fn a_new_worker_that_dies_while_the_old_one_drains_is_replaced() {
    let mut world = running(&[1]);
    world.feed(Event::Restart);
    world.ready(2);
    check(world.exit(2, CRASH), &["report ...", "spawn web.1 #3"]);
    check(world.exit(1, Exit::Code(0)), &[]);
    check(world.ready(3), &["report service \"web\": every worker has been restarted"]);
}

#[test]
fn a_restart_during_a_restart_begins_anew() {
    let mut world = running(&[2]);
    world.feed(Event::Restart);
    check(world.feed(Event::Restart), &[]);
    check(world.ready(3), &["drain #1 30s"]);
    check(world.exit(1, Exit::Code(0)), &["spawn web.1 #4"]);
    world.ready(4);
    check(world.exit(3, Exit::Code(0)), &["spawn web.2 #5"]);
    world.ready(5);
    check(world.exit(2, Exit::Code(0)), &["report service \"web\": every worker has been restarted"]);
}

#[test]
fn a_restart_goes_on_when_a_new_worker_from_before_it_cannot_start() {
    let mut world = running(&[1]);
    world.feed(Event::Restart);
    check(world.feed(Event::Restart), &[]);
    check(world.exit(2, CRASH), &["report ...", "spawn web.1 #3"]);
    check(world.ready(3), &["drain #1 30s"]);
}

#[test]
fn a_shutdown_during_a_restart_ends_both_generations() {
    let mut world = running(&[2]);
    world.feed(Event::Restart);
    check(world.feed(Event::Shutdown { grace: s(5.0).into() }), &["drain #1 5s", "kill #3", "drain #2 5s"]);
    check(world.exit(3, CRASH), &[]);
    check(world.exit(1, Exit::Code(0)), &[]);
    check(world.exit(2, Exit::Code(0)), &["stopped"]);

    // One that drains already gets no more time than it had.
    let mut world = running(&[1]);
    world.feed(Event::Restart);
    world.ready(2);
    world.pass(s(28.0));
    check(world.feed(Event::Shutdown { grace: s(5.0).into() }), &["drain #2 5s"]);
    check(world.pass(s(2.0)), &["kill #1", "report ..."]);
}

#[test]
fn what_is_said_of_strangers_changes_nothing() {
    let mut world = running(&[1]);
    world.exit(1, CRASH);
    for event in [WorkerEvent::Ready, WorkerEvent::Unresponsive, WorkerEvent::LinkClosed(LinkEnd::Closed)] {
        check(world.worker(1, event.clone()), &[]);
        for id in [(0, 0, 99), (0, 7, 2), (9, 0, 2)] {
            let (service, slot, generation) = id;
            check(world.feed(Event::Worker(WorkerId { service, slot, generation }, event.clone())), &[]);
        }
    }
    check(world.ready(2), &[]);
}
