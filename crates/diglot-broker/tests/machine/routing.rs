//! Where calls go, and what they wait for.

use std::time::Duration;

use diglot_broker::Settings;
use diglot_calls::message::CallHead;
use diglot_calls::{Payload, Total, Violation};
use serde_json::json;

use crate::world::{Got, MODEL, WEB, World, model, offer};

fn world() -> World {
    World::new(Settings::default())
}

#[test]
fn a_call_and_its_answer() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    let id = world.begin(web, &CallHead { deadline_ms: 700, ..model() }, b"\xA1\x61a\x01");
    let Got::Call { id: taken, service, function, deadline_ms, window, aboard, end } = world.only(models)
    else {
        panic!("no call")
    };
    assert_eq!((service.as_str(), function.as_str()), ("web", "similar"), "the caller's name");
    assert_eq!((deadline_ms, window, end), (700, 65_536, true));
    assert_eq!(aboard, b"\xA1\x61a\x01");
    world.answer(models, taken, b"\x05");
    let expect = Got::Return { id, total: Total::Message(1), aboard: b"\x05".to_vec(), end: true };
    assert_eq!(world.only(web), expect);
    assert_eq!(world.machine.open_calls(), 0);
    assert_eq!(world.machine.next_deadline(), None);
}

#[test]
fn a_worker_calls_itself_and_is_called_meanwhile() {
    let mut world = world();
    let models = world.worker(MODEL, &[offer("similar"), offer("inner")]);
    let outer = world.call(models, "similar");
    let taken = world.called(models);
    let inner = world.call(models, "inner");
    let taken_inner = world.called(models);
    world.answer(models, taken_inner, b"\x01");
    assert!(matches!(world.only(models), Got::Return { id, .. } if id == inner));
    world.answer(models, taken, b"\x02");
    assert!(matches!(world.only(models), Got::Return { id, .. } if id == outer));
}

#[test]
fn errors_go_through_untouched() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    world.call(web, "similar");
    let taken = world.called(models);
    world.throw(models, taken, "error");
    assert_eq!(world.thrown(web), "error");
}

#[test]
fn names_that_do_not_exist() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    world.worker(MODEL, &[offer("similar")]);
    world.begin(web, &CallHead { service: "mymodel", ..model() }, b"\xA0");
    let Got::Throw { code, message, .. } = world.only(web) else { panic!("no error") };
    assert_eq!(code, "unknown_service");
    assert_eq!(message, "there is no service \"mymodel\": did you mean \"my_model\"?");
    world.call(web, "similr");
    let Got::Throw { code, message, .. } = world.only(web) else { panic!("no error") };
    assert_eq!(code, "unknown_function");
    assert_eq!(message, "service \"my_model\" offers no function \"similr\": did you mean \"similar\"?");
    assert_eq!(world.machine.open_calls(), 0);
}

#[test]
fn a_worker_does_not_offer_without_end() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    let name = |number: usize| format!("{}{number}", "a".repeat(110));
    for number in 1..1024 {
        world.peer(models).connection.offer(offer(&name(number)).to_string().as_bytes());
    }
    world.pump();
    assert_eq!(world.machine.functions()["my_model"].len(), 1024);
    // The same again is no further one.
    world.peer(models).connection.offer(offer("similar").to_string().as_bytes());
    world.pump();
    let other = world.worker(MODEL, &[offer("similar")]);
    world.peer(models).connection.offer(offer(&name(1024)).to_string().as_bytes());
    world.pump();
    assert!(
        matches!(world.violations[..], [(worker, Violation::TooManyFunctions { functions_max: 1024 })] if worker == models)
    );
    assert_eq!(world.machine.functions()["my_model"].len(), 1);
    world.call(web, "similar");
    world.called(other);
}

#[test]
fn few_are_told_what_is_near() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let offers: Vec<_> = (0..1024).map(|number| offer(&format!("{}{number}", "a".repeat(110)))).collect();
    world.worker(MODEL, &offers);
    let missing = "b".repeat(250);
    for _ in 0..1000 {
        let head = CallHead { function: &missing, ..model() };
        world.peer(web).connection.begin((), &head, Payload::Copied(b"")).unwrap().unwrap();
    }
    world.pump();
    let got = world.got(web);
    assert_eq!(got.len(), 1000);
    let advised = |got: &&Got| matches!(got, Got::Throw { message, .. } if message.contains("it offers"));
    assert_eq!(got.iter().filter(advised).count(), 32);
}

#[test]
fn calls_within_calls_end_somewhere() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    world.begin(web, &CallHead { depth: 64, ..model() }, b"\xA0");
    world.called(models);
    world.begin(web, &CallHead { depth: 65, ..model() }, b"\xA0");
    assert_eq!(world.thrown(web), "too_deep");
}

#[test]
fn the_least_busy_worker_gets_the_next_call() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let models = [world.worker(MODEL, &[offer("similar")]), world.worker(MODEL, &[offer("similar")])];
    for _ in 0..6 {
        world.call(web, "similar");
    }
    let calls: Vec<Vec<Got>> = models.iter().map(|model| world.got(*model)).collect();
    assert_eq!([calls[0].len(), calls[1].len()], [3, 3]);
    for got in &calls[1] {
        let Got::Call { id, .. } = got else { panic!("no call") };
        world.answer(models[1], *id, b"\xF6");
    }
    for _ in 0..3 {
        world.call(web, "similar");
    }
    assert_eq!(world.got(models[1]).len(), 3);
}

#[test]
fn concurrency_and_queue_are_the_functions() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let offers = [json!({ "name": "similar", "concurrency": 1, "queue": 2 }), offer("other")];
    let models = world.worker(MODEL, &offers);
    let ids: Vec<u32> = (0..3).map(|_| world.call(web, "similar")).collect();
    let mut taken = world.called(models);
    world.call(web, "similar");
    assert_eq!(world.thrown(web), "overloaded");
    world.call(web, "other");
    world.called(models);
    for id in ids {
        world.answer(models, taken, b"\xF6");
        assert!(matches!(world.only(web), Got::Return { id: answered, .. } if answered == id), "in order");
        if let [Got::Call { id, .. }] = world.got(models)[..] {
            taken = id;
        }
    }
    assert_eq!(world.machine.waiting(MODEL), 0);
}

#[test]
fn calls_wait_for_a_worker_that_starts() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    world.call(web, "similar");
    let models = world.start(MODEL);
    world.peer(models).connection.offer(offer("similar").to_string().as_bytes());
    world.call(web, "similar");
    world.call(web, "missing");
    assert_eq!((world.got(web), world.got(models)), (vec![], vec![]));
    world.ready(models);
    assert_eq!(world.got(models).len(), 2);
    assert_eq!(world.thrown(web), "unknown_function");
}

/// No queue is no reason to refuse a call while the worker is being replaced, and what a function says of itself holds meanwhile.
#[test]
fn calls_without_a_queue_wait_for_a_worker_that_is_replaced() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let offers = [json!({ "name": "similar", "concurrency": 1, "queue": 0, "timeout_ms": 2000 })];
    let first = world.worker(MODEL, &offers);
    world.call(web, "similar");
    let taken = world.called(first);
    world.call(web, "similar");
    assert_eq!(world.thrown(web), "overloaded");
    world.answer(first, taken, b"\xF6");
    world.got(web);

    world.drain(first);
    world.got(first);
    let id = world.call(web, "similar");
    assert_eq!(world.got(web), [], "another is to come");
    let second = world.worker(MODEL, &offers);
    let taken = world.called(second);
    world.lose(first);
    world.answer(second, taken, b"\xF6");
    assert!(matches!(world.only(web), Got::Return { id: of, .. } if of == id));

    world.lose(second);
    world.call(web, "similar");
    world.pass(Duration::from_millis(1990));
    assert_eq!(world.got(web), []);
    world.pass(Duration::from_millis(30));
    assert_eq!(world.thrown(web), "deadline_exceeded", "after the function's timeout, not the server's");
    // A worker that offers it no more knows better.
    world.worker(MODEL, &[offer("other")]);
    world.call(web, "similar");
    assert_eq!(world.thrown(web), "unknown_function");
}

#[test]
fn one_that_is_ready_may_offer_more() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    world
        .peer(models)
        .connection
        .offer(json!({ "name": "similar", "concurrency": 1 }).to_string().as_bytes());
    world.peer(models).connection.offer(offer("other").to_string().as_bytes());
    world.pump();
    world.call(web, "other");
    world.called(models);
    world.call(web, "similar");
    world.call(web, "similar");
    world.called(models);
    let names: Vec<String> =
        world.machine.functions()["my_model"].iter().map(|offer| offer.name.to_string()).collect();
    assert_eq!(names, ["other", "similar"]);
}

#[test]
fn a_worker_that_drains_is_told_so_behind_its_last_call() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let old = world.worker(MODEL, &[offer("similar")]);
    world.call(web, "similar");
    world.drain(old);
    let got = world.got(old);
    let [Got::Call { id, .. }, Got::Drain] = got[..] else { panic!("{got:?}") };
    world.call(web, "similar");
    assert_eq!(world.got(old), []);
    let new = world.worker(MODEL, &[offer("similar")]);
    world.called(new);
    // It may still call, and answer.
    world.call(old, "similar");
    world.called(new);
    world.answer(old, id, b"\xF6");
    assert!(matches!(world.only(web), Got::Return { .. }));
}

#[test]
fn a_worker_that_does_not_read_gets_no_more_calls() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    world.peer(models).reads = false;
    let big = vec![0; 32 * 1024];
    let calls = 200;
    for _ in 0..calls {
        world.begin(web, &model(), &big);
    }
    let waiting = world.machine.waiting(MODEL);
    assert!((50..100).contains(&waiting), "{waiting}");
    world.peer(models).reads = true;
    world.pump();
    assert_eq!(world.machine.waiting(MODEL), 0);
    assert_eq!(world.got(models).len(), calls);
}

#[test]
fn one_who_breaks_a_rule_is_alone_with_it() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let other = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[offer("similar")]);
    world.call(web, "similar");
    world.call(other, "similar");
    let got = world.got(models);
    let [Got::Call { .. }, Got::Call { id, .. }] = got[..] else { panic!("{got:?}") };
    world.peer(web).connection.offer(b"{}");
    world.pump();
    assert!(matches!(world.violations[..], [(worker, Violation::Malformed { .. })] if worker == web));
    assert!(matches!(world.only(models), Got::Aborted { .. }));
    world.answer(models, id, b"\xF6");
    assert!(matches!(world.only(other), Got::Return { .. }));
}

#[test]
fn deadlines() {
    let mut world = world();
    let web = world.worker(WEB, &[]);
    let offers =
        [json!({ "name": "similar", "concurrency": 1, "timeout_ms": 2000 }), json!({ "name": "other" })];
    let models = world.worker(MODEL, &offers);
    let deadline = |got: Got| match got {
        Got::Call { deadline_ms, .. } => deadline_ms,
        other => panic!("{other:?} is no call"),
    };
    let running = world.call(web, "similar");
    assert_eq!(deadline(world.only(models)), 2000, "the function's");
    world.call(web, "other");
    assert_eq!(deadline(world.only(models)), 30_000, "the server's");
    let waiting = world.begin(web, &CallHead { deadline_ms: 500, ..model() }, b"\xA0");
    let patient = world.begin(web, &CallHead { deadline_ms: 5000, ..model() }, b"\xA0");
    world.pass(Duration::from_millis(499));
    assert_eq!(world.got(web), []);
    world.pass(Duration::from_millis(20));
    assert!(
        matches!(world.only(web), Got::Throw { id, code, .. } if id == waiting && code == "deadline_exceeded")
    );
    world.pass(Duration::from_millis(1500));
    assert!(
        matches!(world.only(web), Got::Throw { id, code, .. } if id == running && code == "deadline_exceeded")
    );
    let got = world.only(models);
    let Got::Aborted { id, .. } = got else { panic!("{got:?}") };
    // It counts as running until it has answered.
    world.throw(models, id, "cancelled");
    assert_eq!(world.got(web), []);
    let got = world.only(models);
    let Got::Call { id, deadline_ms, .. } = got else { panic!("{got:?}") };
    assert_eq!(deadline_ms, 5000 - 2019, "what is left");
    world.answer(models, id, b"\xF6");
    assert!(matches!(world.only(web), Got::Return { id, .. } if id == patient));
}

#[test]
fn many_calls_wait() {
    let calls = 10_000;
    let mut world = World::new(Settings { queue: calls, ..Settings::default() });
    let web = world.worker(WEB, &[]);
    let models = world.worker(MODEL, &[json!({ "name": "similar", "concurrency": 1 })]);
    for _ in 0..=calls {
        let connection = &mut world.peer(web).connection;
        let head = CallHead { total: 1, window: 0, ..model() };
        connection.begin((), &head, Payload::Copied(b"\xA0")).unwrap().unwrap();
    }
    world.pump();
    assert_eq!(world.machine.waiting(MODEL), calls);
    world.call(web, "similar");
    assert_eq!(world.thrown(web), "overloaded");
    let taken = world.called(models);
    world.answer(models, taken, b"\xF6");
    let taken = world.called(models);
    world.pass(Duration::from_secs(31));
    assert_eq!(world.machine.waiting(MODEL), 0);
    assert_eq!(world.got(web).len(), calls + 1);
    world.throw(models, taken, "cancelled");
    assert_eq!(world.machine.open_calls(), 0);
}
