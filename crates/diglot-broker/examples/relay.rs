//! What a call costs the broker: one worker calls another over real sockets, both ends in Rust.
//! `cargo run --release -p diglot-broker --example relay`
//!
//! CPU is that of the broker's thread alone, by the clock of the thread that the kernel keeps.

#![expect(clippy::unwrap_used, reason = "what goes wrong here ends the measurement")]

use std::fs;
use std::io::{IoSlice, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use diglot_broker::{Broker, Settings};
use diglot_calls::message::{CallHead, STREAM};
use diglot_calls::{Connection, Event, Payload, Total};

struct Worker {
    socket: UnixStream,
    connection: Connection<()>,
    buffer: Vec<u8>,
    filled: usize,
}

impl Worker {
    fn attach(broker: &Broker, service: usize) -> Self {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let key = broker.attach(service, ours, |_| ());
        let mut worker =
            Self { socket: theirs, connection: Connection::worker(), buffer: vec![0; 1 << 20], filled: 0 };
        worker.connection.offer(br#"{"name":"echo"}"#);
        worker.flush();
        broker.ready(key);
        worker
    }

    fn flush(&mut self) {
        while !self.connection.output().is_empty() {
            let mut slices = [IoSlice::new(&[]); 64];
            let filled = self.connection.output().slices(&mut slices);
            let count = self.socket.write_vectored(&slices[..filled]).unwrap();
            self.connection.output().sent(count);
        }
    }

    fn turn(&mut self, mut see: impl FnMut(&mut Connection<()>, Event<'_, ()>)) -> bool {
        self.flush();
        let Ok(count @ 1..) = self.socket.read(&mut self.buffer[self.filled..]) else { return false };
        self.filled += count;
        let mut at = 0;
        while let Some((count, event)) = self.connection.handle(&self.buffer[at..self.filled]).unwrap() {
            at += count;
            if let Some(event) = event {
                see(&mut self.connection, event);
            }
        }
        self.buffer.copy_within(at..self.filled, 0);
        self.filled -= at;
        true
    }
}

/// The thread of the one broker there is, once it has begun; `None` where there is none.
fn broker_thread() -> Option<PathBuf> {
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let mut paths = tasks.flatten().map(|task| task.path());
    paths.find(|path| fs::read_to_string(path.join("comm")).is_ok_and(|name| name.trim() == "diglot-calls"))
}

/// User and system time of a thread.
fn cpu(thread: &Path) -> Duration {
    let statistics = fs::read_to_string(thread.join("schedstat")).unwrap();
    Duration::from_nanos(statistics.split(' ').next().unwrap().parse().unwrap())
}

/// Answers with what it got.
fn serve(mut worker: Worker, bytes: usize) -> thread::JoinHandle<()> {
    let answer = Bytes::from(vec![7; bytes]);
    thread::spawn(move || {
        while worker.turn(|connection, event| match event {
            Event::Call { id, head, end, .. } => {
                let rest = head.total as usize - head.aboard_bytes();
                connection.grant(id, rest as u32);
                if end {
                    reply(connection, id, &answer);
                }
            }
            Event::Data { id, end: true, .. } => reply(connection, id, &answer),
            _ => {}
        }) {}
    })
}

fn reply(connection: &mut Connection<()>, id: u32, answer: &Bytes) {
    let total = Total::Message(answer.len() as u32);
    let went = connection.answer(id, total, answer.into(), true);
    connection.send(id, Payload::Shared(answer, &answer[went..]), true);
}

fn measure(bytes: usize, at_once: usize, calls: usize) {
    while broker_thread().is_some() {
        thread::yield_now();
    }
    let broker = Broker::start(Settings::default(), &["model", "web"]).unwrap();
    let broker_thread = loop {
        if let Some(path) = broker_thread() {
            break path;
        }
        thread::yield_now();
    };
    let served = serve(Worker::attach(&broker, 0), bytes);
    let mut web = Worker::attach(&broker, 1);
    let arguments = Bytes::from(vec![7; bytes]);
    let window = bytes as u32;
    let head =
        CallHead { service: "model", function: "echo", window, total: bytes as u32, ..CallHead::default() };
    let begin = |connection: &mut Connection<()>| {
        connection.begin((), &head, (&arguments).into()).unwrap().unwrap();
    };
    assert_ne!(window, STREAM);
    let (mut begun, mut answered) = (0, 0);
    let (start, before) = (Instant::now(), cpu(&broker_thread));
    while begun < at_once {
        begin(&mut web.connection);
        begun += 1;
    }
    while answered < calls {
        assert!(web.turn(|connection, event| match event {
            Event::Return { end: true, .. } | Event::Data { end: true, .. } => {
                answered += 1;
                if begun < calls {
                    begin(connection);
                    begun += 1;
                }
            }
            Event::Granted { id, .. } => {
                connection.send(id, Payload::Shared(&arguments, &arguments[head.aboard_bytes()..]), true);
            }
            _ => {}
        }));
    }
    let (took, cpu) = (start.elapsed().as_secs_f64(), (cpu(&broker_thread) - before).as_secs_f64());
    println!(
        "{bytes:>8} bytes each way, {at_once:>4} at once: {:>8.0} calls/s, {:>7.2} us a call, {:>6.2} us of them the broker's CPU",
        calls as f64 / took,
        took * 1e6 / calls as f64,
        cpu * 1e6 / calls as f64,
    );
    drop(broker);
    served.join().unwrap();
}

fn main() {
    measure(20, 1, 50_000);
    measure(20, 64, 500_000);
    measure(20, 1024, 500_000);
    measure(4096, 64, 200_000);
    measure(1 << 20, 1, 1_000);
    measure(1 << 20, 8, 2_000);
}
