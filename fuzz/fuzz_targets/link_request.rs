//! A request of any parts: what can be encoded is decoded as the same, or refused for what its parts say.
#![no_main]

use arbitrary::Arbitrary;
use diglot_link::message::{self, Field, HttpVersion, Request, RequestLine};
use diglot_link::names;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Parts {
    connection: u32,
    method: Vec<u8>,
    known_method: u8,
    version: u8,
    flags: u8,
    target: Vec<u8>,
    path_start: u16,
    path_length: u16,
    mount_length: u16,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    known_name: u8,
    body: Vec<u8>,
}

fuzz_target!(|parts: Parts| {
    let known = names::name_of(parts.known_name).unwrap_or("host");
    let fields: Vec<Field<'_>> = parts
        .fields
        .iter()
        .map(|(name, value)| Field { id: names::id_of(name), name, value })
        .chain([Field { id: names::id_of(known.as_bytes()), name: known.as_bytes(), value: b"v" }])
        .collect();
    let line = RequestLine {
        connection: parts.connection,
        method: names::method_of(parts.known_method).map_or(&parts.method[..], str::as_bytes),
        version: [HttpVersion::Http10, HttpVersion::Http11, HttpVersion::Http2]
            [usize::from(parts.version % 3)],
        flags: parts.flags & 0x3F,
        target: &parts.target,
        path_start: parts.path_start,
        path_length: parts.path_length,
        mount_length: parts.mount_length,
    };
    let mut payload = vec![];
    if message::encode_request(&mut payload, &line, fields.iter().copied(), &parts.body).is_err() {
        return;
    }
    let path_end = usize::from(line.path_start) + usize::from(line.path_length);
    let right = !line.method.is_empty()
        && path_end <= line.target.len()
        && line.mount_length <= line.path_length
        && fields.iter().all(|field| !field.name.is_empty());
    match Request::decode(&payload) {
        Ok(request) => {
            assert!(right);
            assert_eq!(request.line, line);
            assert!(request.fields().eq(fields.iter().copied()));
            assert_eq!(request.body, parts.body);
        }
        Err(_) => assert!(!right),
    }
});
