//! Calls whose caller waits no more: whatever the callee does with them then, they end.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

use diglot_calls::message::{AbortReason, CallHead};
use diglot_calls::{Connection, Event, Payload, Total};

/// What the caller lets come of an answer, beyond what rides with its head.
const WINDOW: u32 = 1000;

/// The broker's end and a worker's, and the call that the worker has.
struct Pair {
    broker: Connection<u32>,
    worker: Connection<u32>,
    id: u32,
}

impl Pair {
    fn called() -> Self {
        let mut pair = Self { broker: Connection::broker(10_000_000), worker: Connection::worker(), id: 0 };
        let head = CallHead { window: WINDOW, ..CallHead::default() };
        pair.id = pair.broker.begin(0, &head, Payload::Copied(b"")).unwrap().unwrap();
        pair.pass_to_worker();
        pair
    }

    fn pass_to_worker(&mut self) -> Vec<String> {
        carry(&mut self.broker, &mut self.worker)
    }

    fn pass_to_broker(&mut self) -> Vec<String> {
        carry(&mut self.worker, &mut self.broker)
    }

    fn abort(&mut self) {
        self.broker.abort(self.id, AbortReason::Deadline);
        let told = self.pass_to_worker();
        assert!(matches!(&told[..], [one] if one.starts_with("Aborted")), "{told:?}");
    }

    /// The call is over on both sides, and the broker knows it by one THROW or the end of the answer.
    fn ends_so(mut self) {
        let told = self.pass_to_broker();
        assert!(matches!(&told[..], [one] if one.starts_with("Over")), "{told:?}");
        assert_eq!((self.worker.open_theirs(), self.broker.open_ours()), (0, 0));
        assert_eq!(self.worker.pending_bytes(), 0);
    }
}

fn carry(from: &mut Connection<u32>, to: &mut Connection<u32>) -> Vec<String> {
    let mut bytes = vec![];
    while !from.output().is_empty() {
        let first = from.output().first().to_vec();
        from.output().sent(first.len());
        bytes.extend(first);
    }
    let (mut at, mut told) = (0, vec![]);
    while let Some((count, event)) = to.handle(&bytes[at..]).unwrap() {
        at += count;
        told.extend(event.filter(|event| *event != Event::Met).map(|event| format!("{event:?}")));
    }
    told
}

#[test]
fn an_answer_that_comes_afterwards_and_fits() {
    let mut pair = Pair::called();
    pair.abort();
    let answer = [7; 32_768 + WINDOW as usize];
    let total = Total::Message(answer.len() as u32);
    let went = pair.worker.answer(pair.id, total, Payload::Copied(&answer), true);
    assert_eq!(went, 32_768);
    assert_eq!(pair.worker.send(pair.id, Payload::Copied(&answer[went..]), true), WINDOW as usize);
    pair.ends_so();
}

#[test]
fn an_answer_that_comes_afterwards_and_does_not_fit() {
    let mut pair = Pair::called();
    pair.abort();
    let answer = [7; 32_769 + WINDOW as usize];
    let total = Total::Message(answer.len() as u32);
    assert_eq!(pair.worker.answer(pair.id, total, Payload::Copied(&answer), true), answer.len(), "dropped");
    assert!(!pair.worker.is_open(pair.id));
    pair.ends_so();
}

#[test]
fn a_stream_that_begins_afterwards() {
    let mut pair = Pair::called();
    pair.abort();
    pair.worker.answer(pair.id, Total::Stream, Payload::Copied(b""), false);
    assert_eq!(pair.worker.send(pair.id, Payload::Copied(b"\0\0\0\0"), false), 4);
    pair.ends_so();
}

#[test]
fn an_answer_that_waits_for_credit() {
    let mut pair = Pair::called();
    let answer = [7; 100_000];
    let went = pair.worker.answer(pair.id, Total::Message(100_000), Payload::Copied(&answer), true);
    pair.worker.send(pair.id, Payload::Copied(&answer[went..]), true);
    pair.pass_to_broker();
    pair.abort();
    assert!(!pair.worker.is_open(pair.id));
    assert_eq!(pair.worker.send(pair.id, Payload::Copied(&answer), true), answer.len(), "dropped");
    pair.ends_so();
}

#[test]
fn items_that_wait_for_credit() {
    let mut pair = Pair::called();
    pair.worker.answer(pair.id, Total::Stream, Payload::Copied(b""), false);
    let items = [0; 4000];
    let went = pair.worker.send(pair.id, Payload::Copied(&items), false);
    assert_eq!(went, WINDOW as usize);
    pair.pass_to_broker();
    pair.abort();
    assert!(pair.worker.is_open(pair.id), "it may still end as it likes");
    assert_eq!(pair.worker.send(pair.id, Payload::Copied(&items[went..]), false), items.len() - went);
    pair.ends_so();
}

#[test]
fn an_error_that_is_too_long_is_not_told() {
    let mut pair = Pair::called();
    pair.worker.throw(pair.id, &[b' '; 300_000]);
    let told = pair.pass_to_broker();
    assert!(matches!(&told[..], [one] if one.starts_with("Throw")), "{told:?}");
    assert_eq!(pair.broker.open_ours(), 0);
}
