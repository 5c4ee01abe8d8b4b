//! A client that builds requests of any parts: those that are accepted come out as they were put together.
#![no_main]

mod h1_support;

use arbitrary::Arbitrary;
use h1_support::connection;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Message<'a> {
    method: &'a str,
    target: &'a str,
    fields: Vec<(&'a [u8], &'a [u8])>,
    content: &'a [u8],
    chunks: Option<u8>,
    trailers: Vec<(&'a [u8], &'a [u8])>,
}

fn push_fields(out: &mut Vec<u8>, fields: &[(&[u8], &[u8])]) {
    for (name, value) in fields {
        out.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
    }
}

fuzz_target!(|messages: Vec<Message<'_>>| {
    let mut sent = Vec::new();
    for message in &messages {
        sent.extend_from_slice(
            format!("{} /{} HTTP/1.1\r\nHost: h\r\n", message.method, message.target).as_bytes(),
        );
        push_fields(&mut sent, &message.fields);
        match message.chunks {
            None => {
                let length = format!("Content-Length: {}\r\n\r\n", message.content.len());
                sent.extend_from_slice(&[length.as_bytes(), message.content].concat());
            }
            Some(size) => {
                sent.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in message.content.chunks(usize::from(size) + 1) {
                    sent.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    sent.extend_from_slice(chunk);
                    sent.extend_from_slice(b"\r\n");
                }
                sent.extend_from_slice(b"0\r\n");
                push_fields(&mut sent, &message.trailers);
                sent.extend_from_slice(b"\r\n");
            }
        }
    }
    let (requests, rejection) = connection([&sent[..]]);
    assert_eq!(connection(sent.chunks(3)), (requests.clone(), rejection));
    // A part with line ends of its own is another message than the one meant.
    let is_plain = |part: &[u8]| !part.iter().any(|byte| matches!(byte, b'\r' | b'\n' | b':' | b' '));
    let is_meant = |message: &Message<'_>| {
        let parts = message.fields.iter().chain(&message.trailers).flat_map(|(name, value)| [*name, *value]);
        parts.chain([message.method.as_bytes(), message.target.as_bytes()]).all(is_plain)
    };
    for (message, request) in messages.iter().take_while(|message| is_meant(message)).zip(&requests) {
        assert_eq!(request.method, message.method.as_bytes());
        assert_eq!(request.target[1..], *message.target.as_bytes());
        assert_eq!(request.content, message.content);
        assert_eq!(request.fields.len(), message.fields.len() + 2);
    }
});
