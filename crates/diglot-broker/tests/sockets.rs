//! The broker's thread between workers at real sockets, and its calls for those who are no workers.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect ends there")]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use diglot_broker::{Broker, Call, CallError, Reply, Settings, SocketEnd, WorkerKey};
use diglot_calls::message::{CallHead, Code};
use diglot_calls::{Connection, Event, Payload, Total, Violation};

const MODEL: usize = 0;
const WEB: usize = 1;

fn broker() -> Broker {
    Broker::start(Settings::default(), &["model", "web"]).unwrap()
}

/// One end of a real socket, with a worker's protocol.
struct Worker {
    socket: UnixStream,
    connection: Connection<()>,
    unread: Vec<u8>,
}

impl Worker {
    fn new(socket: UnixStream) -> Self {
        Self { socket, connection: Connection::worker(), unread: vec![] }
    }

    /// A broker that is gone reads nothing more: its end is what the next read tells.
    fn flush(&mut self) {
        while !self.connection.output().is_empty() {
            let Ok(count) = self.socket.write(self.connection.output().first()) else { return };
            self.connection.output().sent(count);
        }
    }

    /// Waits for bytes, and shows what they mean; false at the end.
    fn turn(&mut self, mut see: impl FnMut(&mut Connection<()>, Event<'_, ()>)) -> bool {
        self.flush();
        let mut buffer = vec![0; 1 << 20];
        let Ok(count @ 1..) = self.socket.read(&mut buffer) else { return false };
        self.unread.extend_from_slice(&buffer[..count]);
        let mut at = 0;
        while let Some((count, event)) = self.connection.handle(&self.unread[at..]).unwrap() {
            at += count;
            if let Some(event) = event {
                see(&mut self.connection, event);
            }
        }
        self.unread.drain(..at);
        self.flush();
        true
    }
}

/// Attaches a worker; what its socket's end was comes later.
fn attach(broker: &Broker, service: usize) -> (WorkerKey, Worker, mpsc::Receiver<SocketEnd>) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let (ended, end) = mpsc::channel();
    let key = broker.attach(service, ours, move |how| ended.send(how).unwrap());
    (key, Worker::new(theirs), end)
}

/// A worker on a thread of its own that offers functions, and does what their names say.
fn serve(broker: &Broker) -> (WorkerKey, thread::JoinHandle<()>) {
    let (key, mut worker, _) = attach(broker, MODEL);
    for name in ["echo", "count", "fail", "hang", "context", "half"] {
        worker.connection.offer(format!(r#"{{"name":"{name}"}}"#).as_bytes());
    }
    worker.flush();
    broker.ready(key);
    let served = thread::spawn(move || {
        let mut arguments = vec![];
        let mut answer = vec![];
        while worker.turn(|connection, event| match event {
            Event::Call { id, head, aboard, end } if head.function == "echo" => {
                arguments = aboard.to_vec();
                connection.grant(id, head.total - aboard.len() as u32);
                if end {
                    connection.answer(id, Total::Message(head.total), Payload::Copied(aboard), true);
                }
            }
            Event::Call { id, head, .. } if head.function == "count" => {
                let items: Vec<u8> = (0..100_000u32)
                    .flat_map(|item| [&4u32.to_le_bytes()[..], &item.to_le_bytes()].concat())
                    .collect();
                connection.answer(id, Total::Stream, Payload::Copied(b""), false);
                let went = connection.send(id, Payload::Copied(&items), true);
                answer = items[went..].to_vec();
            }
            Event::Call { id, head, .. } if head.function == "context" => {
                let total = Total::Message(head.context.len() as u32);
                connection.answer(id, total, Payload::Copied(head.context), true);
            }
            Event::Call { id, head, .. } if head.function == "half" => {
                connection.answer(id, Total::Stream, Payload::Copied(b"\x01\0\0\x001\x01\0\0\x002"), false);
                connection.throw(id, br#"{"code":"error","message":"no"}"#);
            }
            Event::Call { id, head, .. } if head.function == "fail" => {
                connection.throw(id, br#"{"code":"error","message":"no","type":"Oops","data":{"at":3}}"#);
            }
            Event::Data { id, bytes, end, .. } => {
                arguments.extend_from_slice(bytes);
                if end {
                    let total = Total::Message(arguments.len() as u32);
                    let went = connection.answer(id, total, Payload::Copied(&arguments), true);
                    answer = arguments[went..].to_vec();
                    let went = connection.send(id, Payload::Copied(&answer), true);
                    answer.drain(..went);
                }
            }
            Event::Granted { id, .. } => {
                let went = connection.send(id, Payload::Copied(&answer), true);
                answer.drain(..went);
            }
            Event::Aborted { id, .. } => connection.throw(id, br#"{"code":"cancelled","message":""}"#),
            _ => {}
        }) {}
    });
    (key, served)
}

fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(60), future).await.unwrap() })
}

async fn value(call: Call) -> Result<Vec<u8>, CallError> {
    match call.reply().await? {
        Reply::Value(value) => value.read().await,
        Reply::Items(_) => panic!("a stream"),
    }
}

fn call(broker: &Broker, function: &str, arguments: Bytes) -> Result<Vec<u8>, CallError> {
    block_on(value(broker.call("model", function, arguments, None, b"")))
}

#[test]
fn who_waits_until_all_are_ready_sees_all_offers() {
    let broker = broker();
    let (served_key, _served) = serve(&broker);
    let (starting, _worker, _) = attach(&broker, WEB);
    let (lost, worker, ended) = attach(&broker, WEB);
    let waits = async { tokio::time::timeout(Duration::from_millis(50), broker.settled()).await.is_err() };
    assert!(block_on(waits), "two are starting");
    drop(worker);
    ended.recv().unwrap();
    broker.ready(starting);
    block_on(broker.settled());
    assert_eq!(broker.functions()["model"].len(), 6, "all that the one has offered");
    broker.detach(lost);
    broker.detach(served_key);
}

#[test]
fn calls_of_those_who_are_no_workers() {
    let broker = broker();
    let (key, served) = serve(&broker);
    assert_eq!(call(&broker, "echo", Bytes::from_static(b"{}")).unwrap(), b"{}");
    let long: Bytes = (0..5_000_000u32).map(|at| (at % 251) as u8).collect();
    assert!(call(&broker, "echo", long.clone()).unwrap() == long);
    let error = call(&broker, "fail", Bytes::from_static(b"{}")).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Code::Error, "no"));
    assert_eq!(error.details["type"], "Oops");
    assert_eq!(error.details["data"]["at"], 3);
    let error = call(&broker, "ecko", Bytes::from_static(b"{}")).unwrap_err();
    assert_eq!(error.code, Code::UnknownFunction);
    let names: Vec<String> = broker.functions()["model"].iter().map(|offer| offer.name.to_string()).collect();
    assert_eq!(names, ["context", "count", "echo", "fail", "half", "hang"]);
    let too_long = Bytes::from(vec![0; 67_108_865]);
    assert_eq!(call(&broker, "echo", too_long).unwrap_err().code, Code::TooLarge);
    assert_eq!(broker.open_calls(), 0);
    broker.detach(key);
    served.join().unwrap();
}

#[test]
fn a_name_that_no_function_can_have_waits_for_none() {
    let broker = broker();
    // Nobody is there yet: what may be offered waits.
    let (_key, _worker, _end) = attach(&broker, MODEL);
    for bytes in [129, 255, 256, 300, 70_000] {
        let name = "a".repeat(bytes);
        let error = call(&broker, &name, Bytes::from_static(b"{}")).unwrap_err();
        assert_eq!(error.code, Code::UnknownFunction);
        assert!(
            error.message.starts_with(&format!("no function has a name of {bytes} bytes, \"aaa")),
            "{error}"
        );
        assert!(error.message.ends_with("128 are the most") && error.message.len() < 250, "{error}");
    }
    let longest = "a".repeat(128);
    let waits =
        broker.call("model", &longest, Bytes::from_static(b"{}"), Some(Duration::from_millis(50)), b"");
    let error = block_on(waits.reply()).unwrap_err();
    // Whose call it was stands beside it: callers put that before the message.
    let said = "the deadline of the call passed before a worker was free";
    assert_eq!((error.code, error.message.as_str()), (Code::DeadlineExceeded, said));
}

#[test]
fn a_stream_for_one_who_is_no_worker() {
    let broker = broker();
    let (_, served) = serve(&broker);
    block_on(async {
        let call = broker.call("model", "count", Bytes::from_static(b"{}"), None, b"");
        let Reply::Items(mut items) = call.reply().await.unwrap() else { panic!("no stream") };
        for expect in 0..100_000u32 {
            assert_eq!(items.next().await.unwrap().unwrap(), expect.to_le_bytes());
        }
        assert!(items.next().await.is_none());
        // One that is dropped in its midst is aborted.
        let call = broker.call("model", "count", Bytes::from_static(b"{}"), None, b"");
        let Reply::Items(mut items) = call.reply().await.unwrap() else { panic!("no stream") };
        items.next().await.unwrap().unwrap();
    });
    assert_eq!(call(&broker, "echo", Bytes::from_static(b"{}")).unwrap(), b"{}");
    assert_eq!(broker.open_calls(), 0);
    drop(broker);
    served.join().unwrap();
}

/// A stream that throws in its midst: all that came before comes, also when the error is there first.
#[test]
fn items_before_an_error_are_not_lost() {
    let broker = broker();
    let (key, mut worker, _end) = attach(&broker, MODEL);
    worker.connection.offer(br#"{"name":"fails"}"#);
    worker.flush();
    broker.ready(key);
    for aboard in [0, 8, 16] {
        let call = broker.call("model", "fails", Bytes::from_static(b"{}"), None, b"");
        let mut has_thrown = false;
        while !has_thrown {
            assert!(worker.turn(|connection, event| {
                if let Event::Call { id, .. } = event {
                    let items = b"\x04\0\0\0\"a\" \x04\0\0\0\"b\" ";
                    connection.answer(id, Total::Stream, Payload::Copied(&items[..aboard]), false);
                    connection.send(id, Payload::Copied(&items[aboard..]), false);
                    connection.throw(id, br#"{"code":"error","message":"no"}"#);
                    has_thrown = true;
                }
            }));
        }
        // All of it is there when this one gets through.
        while broker.open_calls() > 0 {
            thread::yield_now();
        }
        block_on(async {
            let Reply::Items(mut items) = call.reply().await.unwrap() else { panic!("no stream") };
            assert_eq!(items.next().await.unwrap().unwrap(), b"\"a\" ");
            assert_eq!(items.next().await.unwrap().unwrap(), b"\"b\" ");
            assert_eq!(items.next().await.unwrap().unwrap_err().message, "no");
            assert!(items.next().await.is_none());
        });
    }
}

/// That a worker has ended may be known before its last bytes have been seen.
#[test]
fn the_last_answer_of_one_who_is_gone_counts() {
    let broker = broker();
    for _ in 0..20 {
        // Its end holds up the broker's thread.
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (held_up, is_held_up) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel::<()>();
        broker.attach(WEB, ours, move |_| {
            held_up.send(()).unwrap();
            goes_on.recv().unwrap();
        });
        let (key, mut worker, end) = attach(&broker, MODEL);
        worker.connection.offer(br#"{"name":"last"}"#);
        worker.flush();
        broker.ready(key);
        let call = broker.call("model", "last", Bytes::from_static(b"{}"), None, b"");
        let mut called = None;
        while called.is_none() {
            assert!(worker.turn(|_, event| {
                if let Event::Call { id, .. } = event {
                    called = Some(id);
                }
            }));
        }
        drop(theirs);
        is_held_up.recv().unwrap();
        let answer = Payload::Copied(b"\"done\"");
        worker.connection.answer(called.unwrap(), Total::Message(6), answer, true);
        worker.flush();
        broker.detach(key);
        go_on.send(()).unwrap();
        assert_eq!(block_on(value(call)).unwrap(), b"\"done\"");
        assert_eq!(end.recv().unwrap(), SocketEnd::Closed);
    }
}

#[test]
fn items_that_came_before_an_error_are_good() {
    let broker = broker();
    let (_, served) = serve(&broker);
    block_on(async {
        let call = broker.call("model", "half", Bytes::from_static(b"{}"), None, b"");
        let Reply::Items(mut items) = call.reply().await.unwrap() else { panic!("no stream") };
        assert_eq!(items.next().await.unwrap().unwrap(), b"1");
        assert_eq!(items.next().await.unwrap().unwrap(), b"2");
        assert_eq!(items.next().await.unwrap().unwrap_err().message, "no");
        assert!(items.next().await.is_none());
    });
    drop(broker);
    served.join().unwrap();
}

#[test]
fn a_trace_crosses_unless_it_is_too_long() {
    let broker = broker();
    let (_, served) = serve(&broker);
    let context_of = |context: &[u8]| {
        let call = broker.call("model", "context", Bytes::from_static(b"{}"), None, context);
        block_on(value(call)).unwrap()
    };
    assert_eq!(context_of(b"x-request-id: a\r\n"), b"x-request-id: a\r\n");
    assert_eq!(context_of(&[b'x'; 4_097]), b"");
    drop(broker);
    served.join().unwrap();
}

#[test]
fn a_deadline_passes() {
    let broker = broker();
    let (_, served) = serve(&broker);
    let hangs = broker.call("model", "hang", Bytes::from_static(b"{}"), Some(Duration::from_millis(50)), b"");
    let error = block_on(hangs.reply()).unwrap_err();
    let said = "it did not answer before the deadline of its call";
    assert_eq!((error.code, error.message.as_str()), (Code::DeadlineExceeded, said));
    drop(broker);
    served.join().unwrap();
}

#[test]
fn many_calls_between_workers() {
    const CALLS: u32 = 20_000;
    const AT_ONCE: u32 = 64;
    let broker = broker();
    let (_, served) = serve(&broker);
    let (key, mut web, _) = attach(&broker, WEB);
    broker.ready(key);
    let head = CallHead { service: "model", function: "echo", window: 0, total: 4, ..CallHead::default() };
    let begin = |connection: &mut Connection<()>, number: u32| {
        connection.begin((), &head, Payload::Copied(&number.to_le_bytes())).unwrap().unwrap();
    };
    let (mut begun, mut answered, mut sum) = (0, 0, 0u64);
    while begun < AT_ONCE {
        begin(&mut web.connection, begun);
        begun += 1;
    }
    while answered < CALLS {
        assert!(web.turn(|connection, event| {
            if let Event::Return { aboard, end: true, .. } = event {
                sum += u64::from(u32::from_le_bytes(aboard.try_into().unwrap()));
                answered += 1;
                if begun < CALLS {
                    begin(connection, begun);
                    begun += 1;
                }
            }
        }));
    }
    assert_eq!(sum, u64::from(CALLS) * u64::from(CALLS - 1) / 2);
    drop(broker);
    served.join().unwrap();
}

#[test]
fn what_was_offered_before_ready_counts() {
    for _ in 0..200 {
        // Few are told by one what it offers.
        let broker = broker();
        let (key, mut worker, _end) = attach(&broker, MODEL);
        worker.connection.offer(br#"{"name":"late"}"#);
        worker.flush();
        broker.ready(key);
        let error = block_on(broker.call("model", "other", Bytes::from_static(b"{}"), None, b"").reply());
        let error = error.unwrap_err();
        assert_eq!(error.code, Code::UnknownFunction);
        assert_eq!(error.message, "service \"model\" offers no function \"other\"; it offers \"late\"");
        broker.drain(key);
        let mut drained = false;
        while !drained {
            assert!(worker.turn(|_, event| drained |= event == Event::Drain));
        }
        broker.detach(key);
    }
}

#[test]
fn who_breaks_a_rule_is_named_and_who_leaves_is_not() {
    let broker = broker();
    let (_, mut worker, end) = attach(&broker, MODEL);
    worker.socket.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(end.recv().unwrap(), SocketEnd::Broken(Violation::NotDiglot));
    assert_eq!(worker.socket.read(&mut [0; 100]).unwrap(), 16, "the preface");
    assert_eq!(worker.socket.read(&mut [0; 100]).unwrap(), 0);
    let (_, worker, end) = attach(&broker, MODEL);
    drop(worker);
    assert_eq!(end.recv().unwrap(), SocketEnd::Closed);
    let (key, _worker, end) = attach(&broker, MODEL);
    broker.detach(key);
    assert_eq!(end.recv().unwrap(), SocketEnd::Closed);
}

/// A worker that finds its socket closed may end at once: why is known by then.
#[test]
fn what_the_end_was_is_told_before_the_worker_sees_it() {
    let broker = broker();
    let (ours, mut theirs) = UnixStream::pair().unwrap();
    let mut seen = theirs.try_clone().unwrap();
    let (ended, end) = mpsc::channel();
    broker.attach(MODEL, ours, move |how| {
        seen.set_nonblocking(true).unwrap();
        // The preface, and nothing behind it.
        let reads = [seen.read(&mut [0; 100]), seen.read(&mut [0; 100])];
        ended.send((how, reads.map(|read| read.ok()))).unwrap();
    });
    theirs.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    assert_eq!(end.recv().unwrap(), (SocketEnd::Broken(Violation::NotDiglot), [Some(16), None]));
}
