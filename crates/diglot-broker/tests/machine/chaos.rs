//! Workers that do anything they may, in any order: every call ends once, nothing is left over, and nobody who keeps the rules is
//! taken for one who breaks them.

use std::collections::BTreeMap;
use std::time::Duration;

use diglot_broker::Settings;
use diglot_calls::message::{AbortReason, CALL_IDEMPOTENT, CALL_ITEMS, CallHead};
use diglot_calls::{Payload, Total};
use proptest::prelude::*;
use serde_json::json;

use crate::world::{Got, MODEL, WEB, World, model};

#[derive(Debug, Clone)]
enum Step {
    Start {
        service: usize,
    },
    Drain {
        worker: usize,
    },
    Lose {
        worker: usize,
    },
    Call {
        worker: usize,
        function: usize,
        bytes: usize,
        items: bool,
        idempotent: bool,
        deadline_ms: u32,
    },
    Abort {
        call: usize,
    },
    /// As callee.
    Grant {
        call: usize,
        bytes: u32,
    },
    Answer {
        call: usize,
        bytes: usize,
        stream: bool,
    },
    Throw {
        call: usize,
    },
    Stop {
        call: usize,
    },
    /// As either.
    Send {
        call: usize,
        bytes: usize,
        end: bool,
    },
    GrantAnswer {
        call: usize,
        bytes: u32,
    },
    Broken {
        broken: bool,
    },
    Pass {
        ms: u64,
    },
    Pause {
        worker: usize,
        reads: bool,
    },
}

const FUNCTIONS: [&str; 4] = ["similar", "single", "again", "missing"];

fn step() -> impl Strategy<Value = Step> {
    let worker = 0..8usize;
    let call = 0..64usize;
    let bytes = prop_oneof![0..100usize, 30_000..40_000usize, 0..200_000usize];
    let call_step = (worker.clone(), 0..4usize, bytes.clone(), any::<bool>(), any::<bool>(), 0..500u32)
        .prop_map(|(worker, function, bytes, items, idempotent, deadline_ms)| Step::Call {
            worker,
            function,
            bytes,
            items,
            idempotent,
            deadline_ms,
        });
    prop_oneof![
        2 => (0..2usize).prop_map(|service| Step::Start { service }),
        1 => worker.clone().prop_map(|worker| Step::Drain { worker }),
        1 => worker.clone().prop_map(|worker| Step::Lose { worker }),
        10 => call_step,
        2 => call.clone().prop_map(|call| Step::Abort { call }),
        4 => (call.clone(), 1..200_000u32).prop_map(|(call, bytes)| Step::Grant { call, bytes }),
        6 => (call.clone(), bytes.clone(), any::<bool>())
            .prop_map(|(call, bytes, stream)| Step::Answer { call, bytes, stream }),
        2 => call.clone().prop_map(|call| Step::Throw { call }),
        1 => call.clone().prop_map(|call| Step::Stop { call }),
        8 => (call.clone(), bytes, any::<bool>()).prop_map(|(call, bytes, end)| Step::Send { call, bytes, end }),
        4 => (call, 1..200_000u32).prop_map(|(call, bytes)| Step::GrantAnswer { call, bytes }),
        1 => any::<bool>().prop_map(|broken| Step::Broken { broken }),
        2 => (0..400u64).prop_map(|ms| Step::Pass { ms }),
        1 => (worker, any::<bool>()).prop_map(|(worker, reads)| Step::Pause { worker, reads }),
    ]
}

/// A call's end in one worker.
#[derive(Debug, Clone, Copy)]
struct Side {
    worker: usize,
    id: u32,
    is_caller: bool,
    /// What this side has still to send of its message; `None`: it has not begun.
    left: Option<usize>,
    has_items: bool,
    /// Bytes of items that have gone. Items are empty, four bytes of 0 each.
    items_bytes: usize,
    has_ended: bool,
}

#[derive(Default)]
struct Run {
    sides: Vec<Side>,
    /// Calls begun in a worker and not over.
    open: BTreeMap<(usize, u32), ()>,
}

impl Run {
    fn observe(&mut self, world: &mut World) {
        for worker in 0..world.peers.len() {
            if world.peers[worker].is_none() {
                self.sides.retain(|side| side.worker != worker);
                self.open.retain(|(of, _), ()| *of != worker);
                continue;
            }
            for got in world.got(worker) {
                match got {
                    Got::Call { id, .. } => self.sides.push(Side {
                        worker,
                        id,
                        is_caller: false,
                        left: None,
                        has_items: false,
                        items_bytes: 0,
                        has_ended: false,
                    }),
                    Got::Return { id, end: true, .. } | Got::Over { id } | Got::Throw { id, .. } => {
                        self.over(worker, id);
                    }
                    Got::Data { id, end: true, .. } if world.peer(worker).connection.is_ours(id) => {
                        self.over(worker, id);
                    }
                    _ => {}
                }
            }
        }
    }

    fn over(&mut self, worker: usize, id: u32) {
        assert_eq!(self.open.remove(&(worker, id)), Some(()), "a call ends once");
        self.sides.retain(|side| !(side.worker == worker && side.id == id));
    }

    fn callee(&self, call: usize) -> Option<usize> {
        self.pick(call, |side| !side.is_caller)
    }

    fn pick(&self, call: usize, wanted: impl Fn(&Side) -> bool) -> Option<usize> {
        let fitting: Vec<usize> = (0..self.sides.len()).filter(|index| wanted(&self.sides[*index])).collect();
        fitting.get(call % fitting.len().max(1)).copied()
    }

    fn step(&mut self, world: &mut World, step: &Step) {
        let alive = |world: &World, worker: usize| {
            let alive: Vec<usize> =
                (0..world.peers.len()).filter(|worker| world.peers[*worker].is_some()).collect();
            alive.get(worker % alive.len().max(1)).copied()
        };
        match *step {
            Step::Start { service } => {
                if world.peers.iter().flatten().count() < 8 {
                    let offers = [
                        json!({ "name": "similar" }),
                        json!({ "name": "single", "concurrency": 1, "queue": 3 }),
                        json!({ "name": "again", "idempotent": true, "concurrency": 2 }),
                    ];
                    world.worker(service, &offers);
                }
            }
            Step::Drain { worker } => {
                alive(world, worker).into_iter().for_each(|worker| world.drain(worker));
            }
            Step::Lose { worker } => {
                alive(world, worker).into_iter().for_each(|worker| world.lose(worker));
            }
            Step::Call { worker, function, bytes, items, idempotent, deadline_ms } => {
                let Some(worker) = alive(world, worker) else { return };
                let mut flags = 0;
                flags |= if items { CALL_ITEMS } else { 0 };
                flags |= if idempotent { CALL_IDEMPOTENT } else { 0 };
                let head = CallHead {
                    total: bytes as u32,
                    function: FUNCTIONS[function],
                    flags,
                    deadline_ms,
                    ..model()
                };
                let arguments = vec![7; head.aboard_bytes()];
                let begun = world.peer(worker).connection.begin((), &head, Payload::Copied(&arguments));
                let id = begun.unwrap().unwrap();
                self.open.insert((worker, id), ());
                let left = bytes - arguments.len();
                self.sides.push(Side {
                    worker,
                    id,
                    is_caller: true,
                    left: Some(left),
                    has_items: items,
                    items_bytes: 0,
                    has_ended: left == 0 && !items,
                });
            }
            Step::Abort { call } => {
                if let Some(index) = self.pick(call, |side| side.is_caller) {
                    let Side { worker, id, .. } = self.sides.remove(index);
                    world.peer(worker).connection.abort(id, AbortReason::GaveUp);
                }
            }
            Step::Grant { call, bytes } => {
                if let Some(index) = self.callee(call) {
                    let Side { worker, id, .. } = self.sides[index];
                    world.peer(worker).connection.grant(id, bytes);
                }
            }
            Step::GrantAnswer { call, bytes } => {
                if let Some(index) = self.pick(call, |side| side.is_caller) {
                    let Side { worker, id, .. } = self.sides[index];
                    world.peer(worker).connection.grant(id, bytes);
                }
            }
            Step::Answer { call, bytes, stream } => {
                if let Some(index) = self.pick(call, |side| side.left.is_none()) {
                    let Side { worker, id, .. } = self.sides[index];
                    let total = if stream { Total::Stream } else { Total::Message(bytes as u32) };
                    let answer = vec![9; if stream { 0 } else { bytes }];
                    let connection = &mut world.peer(worker).connection;
                    let aboard = connection.answer(id, total, Payload::Copied(&answer), !stream);
                    let side = &mut self.sides[index];
                    (side.left, side.has_items) = (Some(answer.len() - aboard), stream);
                    if !stream && side.left == Some(0) {
                        self.sides.remove(index);
                    }
                }
            }
            Step::Throw { call } => {
                if let Some(index) = self.callee(call) {
                    let Side { worker, id, .. } = self.sides.remove(index);
                    let error = json!({ "code": "error", "message": "m" }).to_string();
                    world.peer(worker).connection.throw(id, error.as_bytes());
                }
            }
            Step::Stop { call } => {
                if let Some(index) = self.callee(call) {
                    let Side { worker, id, .. } = self.sides[index];
                    world.peer(worker).connection.stop(id);
                }
            }
            Step::Send { call, bytes, end } => {
                if let Some(index) = self.pick(call, |side| side.left.is_some() && !side.has_ended) {
                    let side = &mut self.sides[index];
                    let left = side.left.unwrap();
                    let is_items = side.has_items && left == 0;
                    let bytes = match is_items {
                        true => bytes.next_multiple_of(4) + (4 - side.items_bytes % 4) % 4,
                        false => bytes.min(left),
                    };
                    let end = end && bytes >= left;
                    let connection = &mut world.peer(side.worker).connection;
                    let went = connection.send(side.id, Payload::Copied(&vec![0; bytes]), end);
                    side.items_bytes += if is_items { went } else { 0 };
                    side.left = Some(left.saturating_sub(went));
                    side.has_ended = end && went == bytes;
                    if side.has_ended && !side.is_caller {
                        self.sides.remove(index);
                    }
                }
            }
            Step::Broken { broken } => world.machine.set_broken(MODEL, broken, world.now),
            Step::Pass { ms } => world.pass(Duration::from_millis(ms)),
            Step::Pause { worker, reads } => {
                if let Some(worker) = alive(world, worker) {
                    world.peer(worker).reads = reads;
                }
            }
        }
        world.pump();
        self.observe(world);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_once(steps in proptest::collection::vec(step(), 1..150)) {
        let mut world = World::new(Settings { queue: 4, ..Settings::default() });
        let mut run = Run::default();
        world.worker(WEB, &[]);
        world.worker(MODEL, &[json!({ "name": "similar" })]);
        for step in &steps {
            run.step(&mut world, step);
            prop_assert!(world.violations.is_empty(), "{:?}", world.violations);
        }
        // The callees answer what they have, whatever it is; the rest waits in vain.
        for worker in 0..world.peers.len() {
            if world.peers[worker].is_some() {
                world.peer(worker).reads = true;
            }
        }
        for _ in 0..10_000 {
            world.pump();
            run.observe(&mut world);
            world.machine.set_broken(MODEL, true, world.now);
            if run.callee(0).is_none() {
                world.pass(Duration::from_secs(31));
                run.observe(&mut world);
            }
            if run.callee(0).is_none() {
                break;
            }
            run.step(&mut world, &Step::Throw { call: 0 });
        }
        prop_assert!(world.violations.is_empty(), "{:?}", world.violations);
        prop_assert_eq!(run.open.len(), 0, "calls that never ended");
        prop_assert_eq!(world.machine.open_calls(), 0);
        prop_assert_eq!(world.machine.waiting(MODEL), 0);
        for peer in world.peers.iter().flatten() {
            prop_assert_eq!(world.machine.under_way(peer.key), 0);
            prop_assert_eq!(peer.connection.open_ours() + peer.connection.open_theirs(), 0);
        }
    }
}
