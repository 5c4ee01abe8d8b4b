//! Any order of events keeps the machine's promises: a small simulated world does what the machine asks and lets
//! things happen to workers in any order, and checks the promises at every step.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Machine, ServiceShape};
use crate::event::{Action, Event, Limit, LinkEnd, ServiceState, WorkerEvent, WorkerId};
use crate::failure::Exit;
use crate::notice::Notice;
use crate::policy::Policy;

/// What happens next. The number picks the worker it happens to.
#[derive(Clone, Debug)]
enum Step {
    Ready(usize),
    StartFailed(usize),
    SpawnFailed(usize),
    Exited(usize, i32),
    LinkClosed(usize),
    LinkBroken(usize),
    Unresponsive(usize),
    LimitReached(usize),
    /// Something is said of a worker that is gone.
    Late(usize),
    Restart,
    Pass(Duration),
    Shutdown,
    ShutdownNow,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        8 => any::<usize>().prop_map(Step::Ready),
        1 => any::<usize>().prop_map(Step::StartFailed),
        1 => any::<usize>().prop_map(Step::SpawnFailed),
        6 => (any::<usize>(), 0..2).prop_map(|(worker, code)| Step::Exited(worker, code)),
        2 => any::<usize>().prop_map(Step::LinkClosed),
        1 => any::<usize>().prop_map(Step::LinkBroken),
        1 => any::<usize>().prop_map(Step::Unresponsive),
        4 => any::<usize>().prop_map(Step::LimitReached),
        1 => any::<usize>().prop_map(Step::Late),
        2 => Just(Step::Restart),
        6 => (0u64..20_000).prop_map(|ms| Step::Pass(Duration::from_millis(ms))),
    ];
    (
        prop::collection::vec(step, 0..150),
        prop_oneof![4 => Just(None), 1 => Just(Some(Step::Shutdown)), 1 => Just(Some(Step::ShutdownNow))],
        any::<prop::sample::Index>(),
    )
        .prop_map(|(mut steps, end, at)| {
            if let Some(end) = end {
                let at = at.index(steps.len() + 1);
                steps.insert(at, end);
            }
            steps
        })
}

/// What the world knows of a process.
#[derive(Clone, Copy, Debug, Default)]
struct Process {
    drained: bool,
    killed: bool,
    ready: bool,
}

struct World {
    machine: Machine,
    shapes: Vec<ServiceShape>,
    now: Instant,
    alive: BTreeMap<WorkerId, Process>,
    gone: Vec<WorkerId>,
    states: Vec<ServiceState>,
    started: bool,
    stopped: bool,
    /// A shutdown was asked for, or the start failed.
    ending: bool,
}

impl World {
    fn new(workers: &[usize]) -> Self {
        let shapes: Vec<ServiceShape> = workers
            .iter()
            .enumerate()
            .map(|(index, &workers)| ServiceShape {
                name: index.to_string().into(),
                workers,
                policy: Policy::default(),
            })
            .collect();
        Self {
            machine: Machine::new(&shapes),
            states: vec![ServiceState::Serving; shapes.len()],
            shapes,
            now: Instant::now(),
            alive: BTreeMap::new(),
            gone: Vec::new(),
            started: false,
            stopped: false,
            ending: false,
        }
    }

    fn feed(&mut self, event: Event) {
        if let Event::Worker(worker, event) = &event {
            match event {
                WorkerEvent::Exited { .. } | WorkerEvent::SpawnFailed { .. } => {
                    self.alive.remove(worker);
                    self.gone.push(*worker);
                }
                WorkerEvent::Ready => {
                    if let Some(process) = self.alive.get_mut(worker) {
                        process.ready = true;
                    }
                }
                _ => {}
            }
        }
        let shutdown = matches!(event, Event::Shutdown { .. } | Event::ShutdownNow);
        self.ending |= shutdown;
        self.machine.handle(event, self.now);
        while let Some(action) = self.machine.next_action() {
            self.obey(action);
        }
        for (service, shape) in self.shapes.iter().enumerate() {
            let alive = self.alive.keys().filter(|worker| worker.service == service).count();
            let most = shape.workers + shape.workers.div_ceil(2);
            assert!(alive <= most, "{alive} processes of {}", shape.workers);
        }
    }

    fn obey(&mut self, action: Action) {
        assert!(!self.stopped, "{action:?} after the end");
        match action {
            Action::Spawn(worker) => {
                assert!(!self.ending, "spawned after a shutdown");
                assert!(
                    self.alive.keys().chain(&self.gone).all(|other| other.generation < worker.generation)
                );
                assert!(worker.slot < self.shapes[worker.service].workers);
                self.alive.insert(worker, Process::default());
            }
            Action::Drain { worker, grace } => {
                let process = self.alive.get_mut(&worker).expect("only what is alive drains");
                assert!(process.ready && !process.killed && !process.drained, "{process:?}");
                process.drained = true;
                // A start that failed drains those that were ready already; it gives them less time than a restart.
                self.ending |= !self.started && grace == Policy::default().exit_timeout;
            }
            Action::Kill(worker) => {
                let process = self.alive.get_mut(&worker).expect("only what is alive is killed");
                assert!(!std::mem::replace(&mut process.killed, true), "killed twice");
            }
            Action::ServiceState { service, state } => {
                assert_ne!(self.states[service], state, "a change changes something");
                self.states[service] = state;
            }
            Action::Started => {
                assert!(!std::mem::replace(&mut self.started, true), "started twice");
            }
            Action::Stopped { start_error } => {
                assert!(self.alive.is_empty(), "stopped with processes left");
                assert_eq!(start_error.is_some(), !self.started);
                self.stopped = true;
            }
            Action::Report(notice) => {
                assert!(!notice.to_string().is_empty());
                if let Notice::RestartDone { .. } | Notice::RestartFailed { .. } = notice {
                    assert!(!self.ending, "a restart does not outlive a shutdown");
                }
            }
        }
    }

    fn pick(&self, number: usize) -> Option<WorkerId> {
        let workers = self.alive.len();
        (workers > 0).then(|| *self.alive.keys().nth(number % workers).expect("it is below the length"))
    }

    fn happen(&mut self, step: Step) {
        let (worker, event) = match step {
            Step::Ready(worker) => (self.pick(worker), WorkerEvent::Ready),
            Step::StartFailed(worker) => {
                (self.pick(worker), WorkerEvent::StartFailed { message: "bad app".to_owned() })
            }
            Step::SpawnFailed(worker) => {
                (self.pick(worker), WorkerEvent::SpawnFailed { message: "no process".to_owned() })
            }
            Step::Exited(worker, code) => {
                (self.pick(worker), WorkerEvent::Exited { exit: Exit::Code(code), last_stderr: Vec::new() })
            }
            Step::LinkClosed(worker) => (self.pick(worker), WorkerEvent::LinkClosed(LinkEnd::Closed)),
            Step::LinkBroken(worker) => {
                (self.pick(worker), WorkerEvent::LinkClosed(LinkEnd::Broken { rule: "length".to_owned() }))
            }
            Step::Unresponsive(worker) => (self.pick(worker), WorkerEvent::Unresponsive),
            Step::LimitReached(worker) => (self.pick(worker), WorkerEvent::LimitReached(Limit::Requests(1))),
            Step::Late(number) => {
                let gone = self.gone.len();
                ((gone > 0).then(|| self.gone[number % gone]), WorkerEvent::Unresponsive)
            }
            Step::Restart => return self.feed(Event::Restart),
            Step::Shutdown => return self.feed(Event::Shutdown { grace: Duration::from_secs(5).into() }),
            Step::ShutdownNow => return self.feed(Event::ShutdownNow),
            Step::Pass(time) => return self.pass(time),
        };
        if let Some(worker) = worker {
            self.feed(Event::Worker(worker, event));
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.machine.next_deadline().filter(|&deadline| deadline <= end) {
            self.now = self.now.max(deadline);
            self.feed(Event::DeadlineReached);
            assert!(self.machine.next_deadline().is_none_or(|next| next > self.now), "time makes no headway");
        }
        self.now = end;
    }

    /// From now on all goes well: workers become ready, and end when they are told to.
    fn calm_down(&mut self) {
        for _ in 0..100 {
            while let Some((&worker, &process)) =
                self.alive.iter().find(|(_, process)| process.killed || process.drained || !process.ready)
            {
                let event = if process.killed || process.drained {
                    WorkerEvent::Exited { exit: Exit::Code(0), last_stderr: Vec::new() }
                } else {
                    WorkerEvent::Ready
                };
                self.feed(Event::Worker(worker, event));
            }
            self.pass(Duration::from_secs(1));
        }
    }
}

proptest! {
    #[test]
    fn any_order_of_events_keeps_the_promises_and_calm_brings_order(
        workers in prop::collection::vec(1usize..4, 1..3),
        steps in steps(),
    ) {
        let mut world = World::new(&workers);
        world.feed(Event::Start);
        for step in steps {
            world.happen(step);
        }
        world.calm_down();
        if world.ending || world.stopped {
            prop_assert!(world.stopped, "an end begun comes to its end");
            return Ok(());
        }
        prop_assert!(world.started);
        prop_assert_eq!(&world.states, &vec![ServiceState::Serving; workers.len()]);
        let alive = |world: &World| world.alive.keys().copied().collect::<Vec<_>>();
        let before = alive(&world);
        prop_assert_eq!(before.len(), workers.iter().sum::<usize>(), "every slot is filled, and nothing else is left");

        world.feed(Event::Restart);
        world.calm_down();
        let after = alive(&world);
        prop_assert_eq!(after.len(), before.len());
        prop_assert!(after.iter().all(|worker| !before.contains(worker)), "a restart replaces every worker");

        world.feed(Event::Shutdown { grace: Duration::from_secs(5).into() });
        world.calm_down();
        prop_assert!(world.stopped);
    }
}
