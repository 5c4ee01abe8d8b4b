//! Both ends against each other and against strangers, over a transport that splits bytes anywhere.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

mod hostile;
mod pair;
mod tap;

use pair::{Act, Pair};
use proptest::prelude::*;

fn act() -> impl Strategy<Value = Act> {
    let which = 0usize..6;
    let length = prop_oneof![Just(0usize), 1usize..300, 30_000usize..40_000, 60_000usize..200_000];
    let bytes = (which.clone(), length.clone(), any::<bool>());
    let transport = prop_oneof![1usize..40, 40usize..5_000, Just(usize::MAX)];
    prop_oneof![
        3 => (length, any::<bool>()).prop_map(|(length, end)| Act::Begin { length, end }),
        3 => bytes.clone().prop_map(|(which, length, end)| Act::FrontBody { which, length, end }),
        1 => which.clone().prop_map(|which| Act::FrontTrailers { which }),
        1 => which.clone().prop_map(|which| Act::FrontCancel { which }),
        3 => (which.clone(), any::<usize>()).prop_map(|(which, bytes)| Act::FrontConsume { which, bytes }),
        1 => which.clone().prop_map(|which| Act::Inform { which }),
        3 => bytes.clone().prop_map(|(which, length, end)| Act::Respond { which, length, end }),
        3 => bytes.clone().prop_map(|(which, length, end)| Act::WorkerBody { which, length, end }),
        2 => bytes.prop_map(|(which, length, end)| Act::Wire { which, length, end }),
        1 => which.clone().prop_map(|which| Act::WorkerTrailers { which }),
        1 => which.clone().prop_map(|which| Act::Stop { which }),
        1 => which.clone().prop_map(|which| Act::WorkerCancel { which }),
        3 => (which, any::<usize>()).prop_map(|(which, bytes)| Act::WorkerConsume { which, bytes }),
        6 => transport.clone().prop_map(Act::ToWorker),
        6 => transport.prop_map(Act::ToFront),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn conforming_ends_agree_whatever_they_do(acts in prop::collection::vec(act(), 1..120), by_cancel: bool) {
        let mut pair = Pair::ready();
        for act in acts {
            pair.act(&act);
        }
        pair.finish(by_cancel);
    }
}

/// Both directions at once, each many windows long, of which only slices are under way.
#[test]
fn long_bodies_pass_whole() {
    let mut pair = Pair::ready();
    pair.act(&Act::Begin { length: 10, end: false });
    pair.deliver_all();
    pair.act(&Act::Respond { which: 0, length: 10, end: false });
    for _ in 0..200 {
        pair.act(&Act::FrontBody { which: 0, length: 100_000, end: false });
        pair.act(&Act::WorkerBody { which: 0, length: 100_000, end: false });
        pair.deliver_all();
        pair.consume_all();
        pair.deliver_all();
    }
    assert!(pair.received() >= 2 * 200 * 100_000, "only {} bytes arrived", pair.received());
    pair.finish(false);
}

/// An id is used more often than its generation on the wire can count, and keys of old uses stay without effect.
#[test]
fn generations_wrap_and_old_keys_stay_old() {
    let mut pair = Pair::ready();
    let old = pair.one_exchange();
    for _ in 0..u16::MAX {
        pair.one_exchange();
    }
    pair.act(&Act::Begin { length: 0, end: true });
    pair.deliver_all();
    assert_eq!(pair.newest_key().header_generation(), old.header_generation(), "the same number on the wire");
    pair.cancel_by_old_key(old.0);
    pair.deliver_all();
    assert_eq!(pair.open_streams(), (1, 1));
    pair.finish(false);
}
