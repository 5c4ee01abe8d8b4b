//! A tap on one direction of the transport: counts what its frames cost and give back, without asking either end.

use std::collections::HashMap;

use diglot_link::Output;
use diglot_link::credit::{LINK_WINDOW_BYTES, STREAM_WINDOW_BYTES};
use diglot_link::frame::{self, Type};
use diglot_link::message;

/// Consumed bytes of the link for which no credit need have come back: its portion, less one.
const LINK_REST_BYTES_MAX: i64 = 256 * 1024 - 1;

/// What went over one direction of the transport, counted from its bytes.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    rest: Vec<u8>,
    costly: HashMap<(u32, u16), i64>,
    credit: HashMap<(u32, u16), i64>,
}

impl Tap {
    /// Moves up to `bytes` of what waits to `input`, and counts the frames that became whole.
    pub(crate) fn take(&mut self, output: &mut Output, bytes: usize, input: &mut Vec<u8>) {
        let moved = &output.pending()[..output.pending().len().min(bytes)];
        input.extend_from_slice(moved);
        self.rest.extend_from_slice(moved);
        let count = moved.len();
        output.sent(count);
        let mut at = 0;
        while let Some(frame) = frame::decode(&self.rest[at..]).unwrap() {
            at += frame.len();
            let stream = (frame.header.stream, frame.header.generation);
            match frame.header.kind {
                Type::Body | Type::Wire => {
                    *self.costly.entry(stream).or_default() += frame.payload.len() as i64;
                    *self.costly.entry((0, 0)).or_default() += frame.payload.len() as i64;
                }
                Type::Credit => {
                    let credit = message::decode_credit(frame.payload).unwrap();
                    *self.credit.entry(stream).or_default() += i64::from(credit);
                }
                _ => {}
            }
        }
        self.rest.drain(..at);
    }

    /// Never more than a window is under way, on any stream and on the link. `back` is the other direction.
    pub(crate) fn check_windows(&self, back: &Self) {
        for (&stream, &costly) in &self.costly {
            let window = if stream == (0, 0) { LINK_WINDOW_BYTES } else { STREAM_WINDOW_BYTES };
            let under_way = costly - back.credit.get(&stream).copied().unwrap_or_default();
            assert!(under_way <= i64::from(window), "{under_way} bytes under way on {stream:?}");
        }
    }

    pub(crate) fn check_link_returned(&self, back: &Self) {
        let costly = self.costly.get(&(0, 0)).copied().unwrap_or_default();
        let credit = back.credit.get(&(0, 0)).copied().unwrap_or_default();
        assert!(
            (0..=LINK_REST_BYTES_MAX).contains(&(costly - credit)),
            "{costly} bytes, {credit} given back"
        );
    }
}
