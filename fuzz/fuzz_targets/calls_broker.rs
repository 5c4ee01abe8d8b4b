//! Two workers that write any bytes to the broker's machine, each in turns.
#![no_main]

use std::time::{Duration, Instant};

use bytes::Bytes;
use diglot_broker::{Machine, Settings, WorkerKey};
use diglot_calls::preface::Preface;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|turns: Vec<(bool, u8, Vec<u8>)>| {
    let mut now = Instant::now();
    let mut machine = Machine::new(Settings::default(), &["a"], now);
    let mut workers: Vec<(WorkerKey, Vec<u8>)> = (0..2)
        .map(|_| (machine.attach(0), Preface { message_bytes_max: 0 }.encode().to_vec()))
        .collect();
    workers.iter().for_each(|(key, _)| machine.ready(*key, now));
    for (which, ms, bytes) in turns {
        let (key, pending) = &mut workers[usize::from(which)];
        pending.extend(bytes);
        now += Duration::from_millis(ms.into());
        machine.handle_deadlines(now);
        let input = Bytes::from(std::mem::take(pending));
        match machine.receive(*key, &input, now) {
            Ok(taken) => *pending = input[taken..].to_vec(),
            Err(_) => machine.lost(*key, now),
        }
        while machine.next_dirty().is_some() {}
        for (key, _) in &workers {
            let count = machine.output(*key).map_or(0, |output| output.pending_bytes());
            machine.sent(*key, count, now);
        }
    }
    workers.iter().for_each(|(key, _)| machine.lost(*key, now));
    assert_eq!(machine.open_calls(), machine.waiting(0));
});
