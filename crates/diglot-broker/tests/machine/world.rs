//! A machine, and workers that do what a test says.

use std::time::{Duration, Instant};

use bytes::Bytes;
use diglot_broker::{Machine, Settings, WorkerKey};
use diglot_calls::message::{AbortReason, CALL_ITEMS, CallHead};
use diglot_calls::{Connection, Event, Payload, Total, Violation};
use serde_json::{Value, json};

/// What a worker has been told.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Got {
    Call {
        id: u32,
        service: String,
        function: String,
        deadline_ms: u32,
        window: u32,
        aboard: Vec<u8>,
        end: bool,
    },
    Return {
        id: u32,
        total: Total,
        aboard: Vec<u8>,
        end: bool,
    },
    Throw {
        id: u32,
        code: String,
        message: String,
    },
    Data {
        id: u32,
        bytes: Vec<u8>,
        end: bool,
    },
    Granted {
        id: u32,
        bytes: u32,
    },
    Stopped {
        id: u32,
    },
    Aborted {
        id: u32,
        reason: AbortReason,
    },
    Over {
        id: u32,
    },
    Drain,
}

pub(crate) struct Peer {
    pub(crate) key: WorkerKey,
    pub(crate) connection: Connection<()>,
    pub(crate) got: Vec<Got>,
    /// Bytes on their way to it.
    to_it: Vec<u8>,
    /// It reads.
    pub(crate) reads: bool,
    /// Of what it sent, what the machine has not taken.
    from_it: Vec<u8>,
}

pub(crate) struct World {
    pub(crate) machine: Machine,
    pub(crate) now: Instant,
    pub(crate) peers: Vec<Option<Peer>>,
    pub(crate) violations: Vec<(usize, Violation)>,
}

/// The services of every world.
pub(crate) const WEB: usize = 0;
pub(crate) const MODEL: usize = 1;

impl World {
    pub(crate) fn new(settings: Settings) -> Self {
        let now = Instant::now();
        let machine = Machine::new(settings, &["web", "myModel"], now);
        Self { machine, now, peers: vec![], violations: vec![] }
    }

    /// A worker that is not ready.
    pub(crate) fn start(&mut self, service: usize) -> usize {
        let key = self.machine.attach(service);
        self.peers.push(Some(Peer {
            key,
            connection: Connection::worker(),
            got: vec![],
            to_it: vec![],
            reads: true,
            from_it: vec![],
        }));
        self.peers.len() - 1
    }

    /// A worker that is ready and offers these functions.
    pub(crate) fn worker(&mut self, service: usize, offers: &[Value]) -> usize {
        let worker = self.start(service);
        for offer in offers {
            self.peer(worker).connection.offer(offer.to_string().as_bytes());
        }
        self.pump();
        self.ready(worker);
        worker
    }

    pub(crate) fn ready(&mut self, worker: usize) {
        let key = self.peer(worker).key;
        self.machine.ready(key, self.now);
        self.pump();
    }

    pub(crate) fn drain(&mut self, worker: usize) {
        let key = self.peer(worker).key;
        self.machine.drain(key, self.now);
        self.pump();
    }

    pub(crate) fn lose(&mut self, worker: usize) {
        let peer = self.peers[worker].take().unwrap();
        self.machine.lost(peer.key, self.now);
        self.pump();
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
        self.machine.handle_deadlines(self.now);
        self.pump();
    }

    pub(crate) fn peer(&mut self, worker: usize) -> &mut Peer {
        self.peers[worker].as_mut().unwrap()
    }

    /// All that has come since this was last asked.
    pub(crate) fn got(&mut self, worker: usize) -> Vec<Got> {
        std::mem::take(&mut self.peer(worker).got)
    }

    /// The one thing that has come.
    pub(crate) fn only(&mut self, worker: usize) -> Got {
        let got = self.got(worker);
        assert_eq!(got.len(), 1, "{got:?}");
        got.into_iter().next().unwrap()
    }

    /// The id of the one call that has come.
    pub(crate) fn called(&mut self, worker: usize) -> u32 {
        match self.only(worker) {
            Got::Call { id, .. } => id,
            other => panic!("{other:?} is no call"),
        }
    }

    /// The code of the one error that has come.
    pub(crate) fn thrown(&mut self, worker: usize) -> String {
        match self.only(worker) {
            Got::Throw { code, .. } => code,
            other => panic!("{other:?} is no error"),
        }
    }

    pub(crate) fn begin(&mut self, worker: usize, head: &CallHead<'_>, arguments: &[u8]) -> u32 {
        let head = CallHead { total: arguments.len() as u32, ..*head };
        let id = self.peer(worker).connection.begin((), &head, Payload::Copied(arguments)).unwrap().unwrap();
        self.pump();
        id
    }

    /// A call of a function of the model, with small arguments.
    pub(crate) fn call(&mut self, worker: usize, function: &str) -> u32 {
        self.begin(worker, &CallHead { function, ..model() }, b"\xA0")
    }

    pub(crate) fn answer(&mut self, worker: usize, id: u32, answer: &[u8]) {
        let total = Total::Message(answer.len() as u32);
        self.peer(worker).connection.answer(id, total, Payload::Copied(answer), true);
        self.pump();
    }

    pub(crate) fn throw(&mut self, worker: usize, id: u32, code: &str) {
        let error = json!({ "code": code, "message": "because" }).to_string();
        self.peer(worker).connection.throw(id, error.as_bytes());
        self.pump();
    }

    /// Moves bytes until none move.
    pub(crate) fn pump(&mut self) {
        loop {
            let mut moved = false;
            for worker in 0..self.peers.len() {
                moved |= self.pump_worker(worker);
            }
            while self.machine.next_broken().is_some() {}
            if !moved {
                return;
            }
        }
    }

    fn pump_worker(&mut self, worker: usize) -> bool {
        let Some(peer) = &mut self.peers[worker] else { return false };
        let mut moved = drain_output(peer.connection.output(), &mut peer.from_it);
        if !peer.from_it.is_empty() {
            let input = Bytes::from(std::mem::take(&mut peer.from_it));
            let key = peer.key;
            match self.machine.receive(key, &input, self.now) {
                Ok(taken) => {
                    moved |= taken > 0;
                    self.peer(worker).from_it = input[taken..].to_vec();
                }
                Err(violation) => {
                    self.violations.push((worker, violation));
                    self.lose(worker);
                    return true;
                }
            }
        }
        let Some(peer) = &mut self.peers[worker] else { return true };
        if peer.reads {
            let key = peer.key;
            let mut arrived = vec![];
            let output = self.machine.output(key).unwrap();
            let count = output.pending_bytes();
            let mut slices = vec![std::io::IoSlice::new(&[]); 10_000];
            let used = output.slices(&mut slices);
            slices[..used].iter().for_each(|slice| arrived.extend_from_slice(slice));
            assert_eq!(arrived.len(), count);
            drop(slices);
            self.machine.sent(key, count, self.now);
            self.peer(worker).to_it.extend(arrived);
            moved |= count > 0;
            self.peer(worker).take_in();
        }
        moved
    }
}

fn drain_output(output: &mut diglot_calls::Output, into: &mut Vec<u8>) -> bool {
    let before = into.len();
    while !output.is_empty() {
        let first = output.first();
        into.extend_from_slice(first);
        let count = first.len();
        output.sent(count);
    }
    into.len() > before
}

impl Peer {
    fn take_in(&mut self) {
        let mut at = 0;
        while let Some((count, event)) = self.connection.handle(&self.to_it[at..]).unwrap() {
            at += count;
            self.got.extend(event.and_then(told));
        }
        self.to_it.drain(..at);
    }
}

fn told(event: Event<'_, ()>) -> Option<Got> {
    Some(match event {
        Event::Met => return None,
        Event::Drain => Got::Drain,
        Event::Call { id, head, aboard, end } => Got::Call {
            id,
            service: head.service.to_owned(),
            function: head.function.to_owned(),
            deadline_ms: head.deadline_ms,
            window: head.window,
            aboard: aboard.to_vec(),
            end,
        },
        Event::Return { id, total, aboard, end, .. } => {
            Got::Return { id, total, aboard: aboard.to_vec(), end }
        }
        Event::Throw { id, error, .. } => {
            let error: Value = serde_json::from_slice(error).unwrap();
            let text = |name: &str| error[name].as_str().unwrap().to_owned();
            Got::Throw { id, code: text("code"), message: text("message") }
        }
        Event::Data { id, bytes, end, .. } => Got::Data { id, bytes: bytes.to_vec(), end },
        Event::Granted { id, bytes, .. } => Got::Granted { id, bytes },
        Event::Stopped { id, .. } => Got::Stopped { id },
        Event::Aborted { id, reason, .. } => Got::Aborted { id, reason },
        Event::Over { id, .. } => Got::Over { id },
        Event::Offer(_) => panic!("the broker offers nothing"),
    })
}

/// A call to the model.
pub(crate) fn model() -> CallHead<'static> {
    CallHead { service: "my_model", function: "similar", window: 65_536, ..CallHead::default() }
}

/// The same with items behind the arguments.
pub(crate) fn model_with_items() -> CallHead<'static> {
    CallHead { flags: CALL_ITEMS, ..model() }
}

/// A function without any peculiarity.
pub(crate) fn offer(name: &str) -> Value {
    json!({ "name": name })
}
