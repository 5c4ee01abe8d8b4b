//! What a front that gives all its streams up says to the worker.

use diglot_link::frame::{self, Header, Type};
use diglot_link::message::{CancelReason, HttpVersion, Interface, Ready, RequestLine};
use diglot_link::preface::{PREFACE_BYTES, Preface, REVISION};
use diglot_link::{Front, FrontEvent};

const LINE: RequestLine<'static> = RequestLine {
    connection: 1,
    method: b"GET",
    version: HttpVersion::Http11,
    flags: 0,
    target: b"/",
    path_start: 0,
    path_length: 1,
    mount_length: 0,
};

/// A front whose worker is ready, with nothing left to send.
fn front() -> Front<&'static str> {
    let mut front = Front::new(1, 8);
    let mut bytes = Vec::new();
    Preface { revision: REVISION, generation: 1, streams_max: 8 }.encode(&mut bytes);
    let mark = frame::begin(&mut bytes, Header { kind: Type::Ready, flags: 0, generation: 0, stream: 0 });
    Ready { interface: Interface::Asgi, runtime: "test" }.encode(&mut bytes);
    frame::finish(&mut bytes, mark);
    assert!(matches!(front.handle(&bytes), Ok(Some((PREFACE_BYTES, None)))));
    assert!(matches!(front.handle(&bytes[PREFACE_BYTES..]), Ok(Some((_, Some(FrontEvent::Ready(_)))))));
    forget_output(&mut front);
    front
}

fn forget_output(front: &mut Front<&'static str>) {
    let pending = front.output().pending().len();
    front.output().sent(pending);
}

#[test]
fn every_stream_is_cancelled_and_its_owner_returned() {
    let mut front = front();
    for owner in ["one", "two"] {
        front.begin(owner, &LINE, std::iter::empty(), b"", true).expect("it fits").expect("there is room");
    }
    forget_output(&mut front);
    assert_eq!(front.cancel_all(CancelReason::ShuttingDown), ["one", "two"]);
    let output = front.output().pending().to_vec();
    let mut rest = output.as_slice();
    for stream in [1, 2] {
        let frame = frame::decode(rest).expect("a frame").expect("a whole one");
        assert_eq!((frame.header.kind, frame.header.stream), (Type::Cancel, stream));
        assert_eq!(frame.payload, [CancelReason::ShuttingDown as u8]);
        rest = &rest[frame.len()..];
    }
    assert!(rest.is_empty());
    assert_eq!(front.open_streams(), 2, "the worker has not confirmed it");
    assert!(front.cancel_all(CancelReason::ShuttingDown).is_empty());
}
