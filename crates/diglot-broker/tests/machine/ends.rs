//! Callers that give up, and workers that end.

use std::time::Duration;

use diglot_broker::Settings;
use diglot_calls::message::{AbortReason, CALL_IDEMPOTENT, CallHead};
use diglot_calls::{Payload, Total};
use serde_json::json;

use crate::world::{Got, MODEL, WEB, World, model, offer};

fn world() -> (World, usize, usize) {
    let mut world = World::new(Settings::default());
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar"), json!({ "name": "again", "idempotent": true })]);
    (world, web, models)
}

#[test]
fn a_caller_gives_up() {
    let (mut world, web, models) = world();
    let id = world.call(web, "similar");
    let taken = world.called(models);
    world.peer(web).connection.abort(id, AbortReason::ClientLeft);
    world.pump();
    assert_eq!(world.only(models), Got::Aborted { id: taken, reason: AbortReason::ClientLeft });
    assert_eq!(world.got(web), [], "the id stays taken");
    world.throw(models, taken, "cancelled");
    assert_eq!(world.only(web), Got::Over { id });
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_caller_gives_up_and_the_answer_comes_all_the_same() {
    let (mut world, web, models) = world();
    let id = world.call(web, "similar");
    let taken = world.called(models);
    world.peer(web).connection.abort(id, AbortReason::GaveUp);
    world.pump();
    world.got(models);
    world.peer(models).connection.answer(taken, Total::Message(3), Payload::Copied(b"a"), false);
    world.pump();
    assert_eq!(world.got(web), []);
    world.peer(models).connection.send(taken, Payload::Copied(b"bc"), true);
    world.pump();
    assert_eq!(world.only(web), Got::Over { id });
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_place_is_free_again_when_the_answer_to_nobody_does_not_fit() {
    let mut world = World::new(Settings::default());
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[json!({ "name": "similar", "concurrency": 1 })]);
    let answer = vec![7; 4 << 20];
    for aborts_first in [true, false] {
        let id = world.call(web, "similar");
        let taken = world.called(models);
        let begin = |world: &mut World| {
            let connection = &mut world.peer(models).connection;
            let went = connection.answer(taken, Total::Message(4 << 20), Payload::Copied(&answer), true);
            connection.send(taken, Payload::Copied(&answer[went..]), true);
            world.pump();
        };
        if !aborts_first {
            begin(&mut world);
            world.got(web);
        }
        world.peer(web).connection.abort(id, AbortReason::Deadline);
        world.pump();
        world.got(models);
        if aborts_first {
            begin(&mut world);
        }
        assert_eq!(world.only(web), Got::Over { id });
        assert_eq!(world.machine.open_calls(), 0);
    }
}

#[test]
fn a_caller_gives_up_what_waits() {
    let mut world = World::new(Settings::default());
    let web = world.worker(WEB, &[]);
    let id = world.call(web, "similar");
    world.peer(web).connection.abort(id, AbortReason::GaveUp);
    world.pump();
    assert_eq!(world.only(web), Got::Over { id });
    assert_eq!((world.machine.open_calls(), world.machine.waiting(MODEL)), (0, 0));
    let models = world.worker(MODEL, &[offer("similar")]);
    assert_eq!(world.got(models), []);
}

#[test]
fn a_caller_ends() {
    let (mut world, web, models) = world();
    world.call(web, "similar");
    let taken = world.called(models);
    world.lose(web);
    assert_eq!(world.only(models), Got::Aborted { id: taken, reason: AbortReason::CallerLost });
    world.answer(models, taken, b"\xF6");
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_callee_ends() {
    let (mut world, web, models) = world();
    world.call(web, "similar");
    world.called(models);
    world.lose(models);
    assert_eq!(world.thrown(web), "worker_lost");
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_worker_that_called_itself_ends() {
    let (mut world, _, models) = world();
    world.call(models, "similar");
    world.call(models, "again");
    world.lose(models);
    assert_eq!((world.machine.open_calls(), world.machine.waiting(MODEL)), (0, 0));
}

#[test]
fn what_is_idempotent_is_begun_once_more() {
    let (mut world, web, models) = world();
    let id =
        world.begin(web, &CallHead { function: "again", deadline_ms: 9000, ..model() }, b"\xA1\x61a\x01");
    world.called(models);
    world.lose(models);
    assert_eq!(world.got(web), []);
    world.pass(Duration::from_secs(1));
    let second = world.worker(MODEL, &[json!({ "name": "again", "idempotent": true })]);
    let got = world.only(second);
    let Got::Call { id: taken, aboard, deadline_ms, .. } = got else { panic!("{got:?}") };
    assert_eq!((aboard.as_slice(), deadline_ms), (b"\xA1\x61a\x01".as_slice(), 8000));
    world.answer(second, taken, b"\xF6");
    assert!(matches!(world.only(web), Got::Return { id: answered, .. } if answered == id));

    // Once, and no more.
    world.call(web, "again");
    world.called(second);
    let third = world.worker(MODEL, &[json!({ "name": "again", "idempotent": true })]);
    world.lose(second);
    world.called(third);
    world.lose(third);
    assert_eq!(world.thrown(web), "worker_lost");
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn what_is_kept_of_calls_is_bounded_for_each_caller() {
    let mut world = World::new(Settings { queue: 60_000, ..Settings::default() });
    let (web, other) = (world.worker(WEB, &[]), world.worker(WEB, &[]));
    let arguments = vec![0; 32 * 1024];
    // 64 MiB of arguments, of which the heads take their part.
    let kept = 2045;
    let head = CallHead { function: "again", window: 0, ..model() };
    let begin = |world: &mut World, worker: usize, count: usize| -> Vec<u32> {
        (0..count).map(|_| world.begin(worker, &head, &arguments)).collect()
    };
    let ids = begin(&mut world, web, kept);
    assert_eq!((world.got(web), world.machine.waiting(MODEL)), (vec![], kept));
    begin(&mut world, web, 1);
    assert_eq!(world.thrown(web), "overloaded");
    begin(&mut world, other, 1);
    assert_eq!(world.got(other), [], "others have room of their own");
    for id in ids {
        world.peer(web).connection.abort(id, AbortReason::GaveUp);
    }
    world.pump();
    assert_eq!((world.got(web).len(), world.machine.waiting(MODEL)), (kept, 1));

    // Those that a worker has are kept as well, to be begun once more: as far as there is room, and no further.
    let models = world.worker(MODEL, &[json!({ "name": "again", "idempotent": true })]);
    world.called(models);
    begin(&mut world, web, kept + 3);
    assert_eq!(world.got(models).len(), kept + 3);
    world.lose(models);
    let lost = world.got(web);
    assert_eq!(lost.len(), 3);
    assert!(lost.iter().all(|got| matches!(got, Got::Throw { code, .. } if code == "worker_lost")));
    // What is answered or thrown is let go.
    let models = world.worker(MODEL, &[json!({ "name": "again", "idempotent": true })]);
    for _ in 0..3 {
        for (at, got) in world.got(models).into_iter().enumerate() {
            let Got::Call { id, .. } = got else { panic!("{got:?}") };
            match at % 2 {
                0 => world.answer(models, id, b"\xF6"),
                _ => world.throw(models, id, "error"),
            }
        }
        world.got(web);
        begin(&mut world, web, kept);
    }
    world.lose(models);
    assert_eq!((world.got(web), world.machine.waiting(MODEL)), (vec![], kept));
    world.lose(web);
    world.lose(other);
    assert_eq!((world.machine.open_calls(), world.machine.waiting(MODEL)), (0, 0));
}

#[test]
fn the_caller_may_know_that_it_is_idempotent() {
    let (mut world, web, models) = world();
    let second = world.worker(MODEL, &[offer("similar")]);
    world.begin(web, &CallHead { flags: CALL_IDEMPOTENT, ..model() }, b"\xA0");
    let (first, second) = match world.got(models).is_empty() {
        true => (second, models),
        false => (models, second),
    };
    world.lose(first);
    world.called(second);
}

#[test]
fn what_has_begun_to_answer_is_not_repeated() {
    let (mut world, web, models) = world();
    world.call(web, "again");
    let taken = world.called(models);
    world.peer(models).connection.answer(taken, Total::Message(9), Payload::Copied(b"a"), false);
    world.pump();
    world.got(web);
    world.lose(models);
    assert_eq!(world.thrown(web), "worker_lost");
}

#[test]
fn what_did_not_come_whole_is_not_repeated() {
    let (mut world, web, models) = world();
    world.begin(web, &CallHead { function: "again", ..model() }, &vec![0; 40_000]);
    world.called(models);
    world.lose(models);
    assert_eq!(world.thrown(web), "worker_lost");
}

#[test]
fn what_was_given_up_is_not_repeated() {
    let (mut world, web, models) = world();
    let id = world.call(web, "again");
    world.called(models);
    world.peer(web).connection.abort(id, AbortReason::GaveUp);
    world.pump();
    world.lose(models);
    assert_eq!(world.only(web), Got::Over { id });
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_service_that_keeps_failing() {
    let mut world = World::new(Settings::default());
    let web = world.worker(WEB, &[]);
    world.call(web, "similar");
    world.machine.set_broken(MODEL, true, world.now);
    world.pump();
    assert_eq!(world.thrown(web), "unavailable");
    world.call(web, "similar");
    assert_eq!(world.thrown(web), "unavailable");
    world.machine.set_broken(MODEL, false, world.now);
    world.call(web, "similar");
    assert_eq!(world.got(web), []);
}

#[test]
fn the_server_stops() {
    let (mut world, web, models) = world();
    world.call(web, "similar");
    let taken = world.called(models);
    world.machine.close(world.now);
    world.call(web, "similar");
    let second = world.called(models);
    world.drain(models);
    assert_eq!(world.only(models), Got::Drain);
    world.call(web, "similar");
    assert_eq!(world.thrown(web), "unavailable");
    world.answer(models, taken, b"\xF6");
    world.answer(models, second, b"\xF6");
    assert_eq!(world.got(web).len(), 2);
}
