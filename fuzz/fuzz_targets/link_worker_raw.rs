//! A front that writes any bytes, preface included: the worker handles them or names the rule they break.
#![no_main]

use diglot_link::message::{Interface, Ready};
use diglot_link::{Worker, WorkerEvent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut worker = Worker::<()>::new();
    worker.ready(&Ready { interface: Interface::Asgi, runtime: "" });
    let mut rest = bytes;
    while let Ok(Some((count, event))) = worker.handle(rest) {
        if let Some(WorkerEvent::Request { key, .. }) = event {
            worker.attach(key, ());
        }
        rest = &rest[count..];
    }
});
