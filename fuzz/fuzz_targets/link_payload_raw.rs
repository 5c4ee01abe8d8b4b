//! Each decoder of a payload, of frames and of the preface, on the same bytes.
#![no_main]

use diglot_link::frame;
use diglot_link::message::{self, CancelReason, Open, Ready, Request, Response};
use diglot_link::preface::Preface;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = Preface::decode(bytes);
    if let Ok(Some(frame)) = frame::decode(bytes) {
        assert!(frame.len() <= bytes.len());
        assert!(frame.payload.len() <= frame.header.kind.payload_bytes_max());
    }
    if let Ok(request) = Request::decode(bytes) {
        let text: usize = request.fields().map(|field| field.name.len() + field.value.len()).sum();
        assert!(text <= frame::TEXT_BYTES_MAX);
        assert!(request.path().len() + request.query().len() <= request.line.target.len());
        assert!(usize::from(request.line.mount_length) <= request.path().len());
        assert!(request.body.len() <= frame::ABOARD_BYTES_MAX);
    }
    for response in [Response::decode(bytes), Response::decode_inform(bytes)].into_iter().flatten() {
        assert!(message::is_final(response.status) || message::is_interim(response.status));
    }
    if let Ok(open) = Open::decode(bytes) {
        assert_eq!(8 + open.peer.len() + open.local.len(), bytes.len());
    }
    let _ = Ready::decode(bytes);
    let _ = CancelReason::decode(bytes);
    let _ = message::decode_credit(bytes);
});
