//! What does not come at once: long messages, and items, both ways.

use diglot_broker::Settings;
use diglot_calls::message::{AbortReason, CallHead};
use diglot_calls::{Payload, Total, Violation};

use crate::world::{Got, MODEL, WEB, World, model, model_with_items, offer};

fn world() -> (World, usize, usize) {
    let mut world = World::new(Settings::default());
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    (world, web, models)
}

fn data(got: &[Got]) -> (Vec<u8>, bool) {
    let mut all = vec![];
    let mut ended = false;
    for got in got {
        if let Got::Data { bytes, end, .. } = got {
            all.extend_from_slice(bytes);
            ended |= *end;
        }
    }
    (all, ended)
}

fn bytes(count: usize) -> Vec<u8> {
    (0..count).map(|at| (at % 251) as u8).collect()
}

#[test]
fn long_arguments_come_as_they_are_granted() {
    let (mut world, web, models) = world();
    let arguments = bytes(1_000_000);
    let id = world.begin(web, &model(), &arguments);
    let Got::Call { id: taken, aboard, end, .. } = world.only(models) else { panic!("no call") };
    assert_eq!((aboard.len(), end), (32_768, false));
    world.peer(models).connection.grant(taken, 500_000);
    world.pump();
    assert_eq!(world.only(web), Got::Granted { id, bytes: 500_000 });
    let rest = &arguments[32_768..];
    assert_eq!(world.peer(web).connection.send(id, Payload::Copied(rest), true), 500_000);
    world.pump();
    let (first, ended) = data(&world.got(models));
    assert_eq!((first.len(), ended), (500_000, false));
    world.peer(models).connection.grant(taken, 10_000_000);
    world.pump();
    world.peer(web).connection.send(id, Payload::Copied(&rest[500_000..]), true);
    world.pump();
    let (second, ended) = data(&world.got(models));
    assert!(ended);
    assert_eq!([aboard, first, second].concat(), arguments);
    world.answer(models, taken, b"\xF6");
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_long_answer_comes_as_it_is_granted() {
    let (mut world, web, models) = world();
    let id = world.begin(web, &CallHead { window: 100_000, ..model() }, b"\xA0");
    let taken = world.called(models);
    let answer = bytes(300_000);
    let callee = &mut world.peer(models).connection;
    let mut at = callee.answer(taken, Total::Message(300_000), Payload::Copied(&answer), true);
    assert_eq!(at, 32_768);
    at += callee.send(taken, Payload::Copied(&answer[at..]), true);
    assert_eq!(at, 132_768);
    world.pump();
    let mut got = world.got(web);
    world.peer(web).connection.grant(id, 200_000);
    world.pump();
    world.peer(models).connection.send(taken, Payload::Copied(&answer[at..]), true);
    world.pump();
    got.extend(world.got(web));
    let Got::Return { aboard, .. } = &got[0] else { panic!("{:?}", got[0]) };
    let (rest, ended) = data(&got);
    assert!(ended);
    assert_eq!([aboard.as_slice(), &rest].concat(), answer);
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn items_both_ways_at_once() {
    let (mut world, web, models) = world();
    let id = world.begin(web, &model_with_items(), b"\xA0");
    let taken = world.called(models);
    world.peer(models).connection.grant(taken, 1000);
    world.peer(models).connection.answer(taken, Total::Stream, Payload::Copied(b"\x01\0\0\0a"), false);
    world.pump();
    assert_eq!(world.got(web).len(), 2);
    for item in [b"\x01\0\0\0b", b"\x01\0\0\0c"] {
        world.peer(web).connection.send(id, Payload::Copied(item), false);
        world.pump();
        let (item, _) = data(&world.got(models));
        world.peer(models).connection.send(taken, Payload::Copied(&item), false);
        world.pump();
        assert_eq!(data(&world.got(web)).0, item);
    }
    world.peer(models).connection.stop(taken);
    world.pump();
    assert_eq!(world.only(web), Got::Stopped { id });
    world.peer(web).connection.send(id, Payload::Copied(b""), true);
    world.pump();
    assert_eq!(data(&world.got(models)), (vec![], true));
    world.peer(models).connection.send(taken, Payload::Copied(b""), true);
    world.pump();
    assert_eq!(data(&world.got(web)), (vec![], true));
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn grants_come_together_to_one_who_does_not_read() {
    let (mut world, web, models) = world();
    let id = world.begin(web, &model_with_items(), b"\xA0");
    let taken = world.called(models);
    world.peer(web).reads = false;
    let grants = 20_000;
    for _ in 0..grants {
        world.peer(models).connection.grant(taken, 1);
        world.pump();
    }
    let key = world.peer(web).key;
    let pending = world.machine.output(key).unwrap().pending_bytes();
    assert!(pending <= 128 * 1024, "{pending} bytes wait");
    world.peer(web).reads = true;
    world.pump();
    let granted: u32 = world
        .got(web)
        .iter()
        .map(|got| match got {
            Got::Granted { id: of, bytes } if *of == id => *bytes,
            other => panic!("{other:?}"),
        })
        .sum();
    assert_eq!(granted, grants);
    assert_eq!(world.peer(web).connection.room(id), grants as usize);
}

#[test]
fn items_are_stopped_once() {
    let (mut world, web, models) = world();
    let id = world.begin(web, &model_with_items(), b"\xA0");
    let taken = world.called(models);
    for _ in 0..3 {
        world.peer(models).connection.stop(taken);
        world.pump();
    }
    assert_eq!(world.only(web), Got::Stopped { id });
    assert!(world.violations.is_empty());
}

/// A stream that nobody could take apart ends who sends it, and not who reads it.
#[test]
fn a_stream_that_is_none() {
    for (items, end) in
        [(&b"\x64\0\0\0abc"[..], true), (&b"\x01\0\0\0a\xF0\xFF\xFF\xFF"[..], false), (&b"\0\0"[..], true)]
    {
        for aboard in [items.len(), 5, 0] {
            let (mut world, web, models) = world();
            world.begin(web, &model(), b"\xA0");
            let taken = world.called(models);
            let (first, rest) = items.split_at(aboard.min(items.len()));
            let callee = &mut world.peer(models).connection;
            callee.answer(taken, Total::Stream, Payload::Copied(first), end && rest.is_empty());
            callee.send(taken, Payload::Copied(rest), end);
            world.pump();
            let [(worker, ref violation)] = world.violations[..] else { panic!("{:?}", world.violations) };
            assert_eq!(worker, models);
            let is_named = match violation {
                Violation::ItemTooLarge { bytes, .. } => *bytes == 0xFFFF_FFF0 && !end,
                Violation::IncompleteItem { .. } => end,
                _ => false,
            };
            assert!(is_named, "{violation:?}");
            let last = world.got(web).pop();
            assert!(matches!(&last, Some(Got::Throw { code, .. }) if code == "worker_lost"), "{last:?}");
        }
    }
}

#[test]
fn items_of_a_caller_that_are_none() {
    let (mut world, web, models) = world();
    world.begin(web, &model_with_items(), &bytes(40_000));
    let taken = world.called(models);
    world.peer(models).connection.grant(taken, 100_000);
    world.pump();
    let Some(Got::Granted { id, .. }) = world.got(web).pop() else { panic!("nothing granted") };
    // The rest of the arguments and a whole item in one frame, then half of one.
    let rest = [&bytes(40_000)[32_768..], b"\x02\0\0\0ab\x01\0"].concat();
    world.peer(web).connection.send(id, Payload::Copied(&rest), false);
    world.pump();
    assert!(world.violations.is_empty(), "{:?}", world.violations);
    world.peer(web).connection.send(id, Payload::Copied(b"\0\0"), true);
    world.pump();
    assert!(matches!(world.violations[..], [(worker, Violation::IncompleteItem { .. })] if worker == web));
    assert!(matches!(world.got(models).pop(), Some(Got::Aborted { .. })));
}

#[test]
fn an_answer_may_end_before_the_items() {
    let (mut world, web, models) = world();
    let id = world.begin(web, &model_with_items(), b"\xA0");
    let taken = world.called(models);
    world.peer(models).connection.grant(taken, 1000);
    world.pump();
    world.answer(models, taken, b"\xF6");
    world.got(web);
    world.peer(web).connection.send(id, Payload::Copied(b"\0\0\0\0"), true);
    world.pump();
    assert_eq!(world.got(models), []);
    assert!(world.violations.is_empty());
}

#[test]
fn what_a_caller_says_while_it_waits_is_not_lost() {
    let mut world = World::new(Settings::default());
    let web = world.worker(WEB, &[]);
    let id = world.begin(web, &CallHead { window: 10, ..model_with_items() }, b"\xA0");
    world.peer(web).connection.grant(id, 20);
    world.peer(web).connection.send(id, Payload::Copied(b""), true);
    world.pump();
    let models = world.worker(MODEL, &[offer("similar")]);
    let got = world.got(models);
    let [Got::Call { id: taken, window: 30, .. }, Got::Data { ref bytes, end: true, .. }] = got[..] else {
        panic!("{got:?}")
    };
    assert_eq!(bytes, b"");
    let callee = &mut world.peer(models).connection;
    callee.answer(taken, Total::Stream, Payload::Copied(b""), false);
    assert_eq!(callee.send(taken, Payload::Copied(&[0; 40]), true), 30);
}

#[test]
fn a_stream_is_aborted() {
    let (mut world, web, models) = world();
    let id = world.call(web, "similar");
    let taken = world.called(models);
    let callee = &mut world.peer(models).connection;
    callee.answer(taken, Total::Stream, Payload::Copied(b"\0\0\0\0"), false);
    callee.send(taken, Payload::Copied(b"\0\0\0\0"), false);
    world.pump();
    world.got(web);
    world.peer(web).connection.abort(id, AbortReason::GaveUp);
    // Crosses it.
    world.peer(models).connection.send(taken, Payload::Copied(b"\0\0\0\0"), false);
    world.pump();
    assert_eq!(world.got(web), []);
    world.throw(models, taken, "cancelled");
    assert_eq!(world.only(web), Got::Over { id });
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_callee_ends_in_the_midst_of_a_stream() {
    let (mut world, web, models) = world();
    world.call(web, "similar");
    let taken = world.called(models);
    world.peer(models).connection.answer(taken, Total::Stream, Payload::Copied(b"\0\0\0\0"), false);
    world.pump();
    world.got(web);
    world.lose(models);
    assert_eq!(world.thrown(web), "worker_lost");
}
