//! A worker's fields of any bytes: what is accepted of them leaves the front as a response that is read as
//! exactly one, with the content it had.
#![no_main]

mod h1_support;

use arbitrary::Arbitrary;
use diglot_front::h1::{
    BodyEncoder, FieldScratch, HeadOptions, Limits, RequestFacts, Rule, Version, WorkerFields,
    frame_response, write_head,
};
use h1_support::{LIMITS, response};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Reply<'a> {
    status: u16,
    fields: &'a [u8],
    pieces: Vec<&'a [u8]>,
    is_complete: bool,
    is_head: bool,
    is_http10: bool,
    keep_alive: bool,
}

fuzz_target!(|reply: Reply<'_>| {
    let status = 200 + reply.status % 800;
    let mut scratch = FieldScratch::default();
    let limits = Limits { header_bytes_max: 1 << 20, ..LIMITS };
    let Ok(fields) = WorkerFields::parse(reply.fields, &mut scratch, limits.header_count_max - 4) else {
        return;
    };
    let content = reply.pieces.concat();
    let version = if reply.is_http10 { Version::Http10 } else { Version::Http11 };
    let request =
        RequestFacts { is_head: reply.is_head, is_connect: false, version, keep_alive: reply.keep_alive };
    let complete = reply.is_complete.then_some(content.len() as u64);
    let framing = frame_response(request, status, fields.content_length(), complete);
    let date = Some(b"Sun, 06 Nov 1994 08:49:37 GMT");
    let options = HeadOptions { status, reason: None, framing, version, keep_alive: reply.keep_alive, date };
    let mut out = Vec::new();
    let lives_on = write_head(&mut out, &options, &fields);
    let mut encoder = BodyEncoder::new(framing);
    for piece in &reply.pieces {
        if encoder.write(&mut out, piece).is_err() {
            return;
        }
    }
    if encoder.finish(&mut out, b"").is_err() {
        return;
    }
    let method = if reply.is_head { &b"HEAD"[..] } else { b"GET" };
    match response(method, [&out[..]]) {
        Ok((codes, read)) => {
            assert_eq!(codes, [status]);
            let has_content = !reply.is_head && status != 204 && status != 304;
            assert_eq!(read, if has_content { &content[..] } else { b"" });
        }
        // The reader of this test is as strict as that of clients, with smaller limits.
        Err(rule) => assert_eq!(rule, Rule::HeaderTooLarge, "{}", out.escape_ascii()),
    }
    assert!(reply.keep_alive || !lives_on);
});
