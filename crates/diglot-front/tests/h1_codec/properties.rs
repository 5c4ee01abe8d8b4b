//! Properties of any bytes and of any message.

use diglot_front::h1::{
    BodyEncoder, FieldScratch, HeadOptions, Limits, ResponseFraming, Version, WorkerFields, write_head,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::connection::{Seen, drive};
use crate::wire;

/// Cuts `bytes` at the given places, taken modulo its length.
fn cut<'b>(bytes: &'b [u8], places: &[usize]) -> Vec<&'b [u8]> {
    let mut places: Vec<usize> = places.iter().map(|place| place % (bytes.len() + 1)).collect();
    places.extend([0, bytes.len()]);
    places.sort_unstable();
    places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
}

/// Bytes that look enough like HTTP to come far into the parser before they are wrong.
fn nearly_http() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"GET / HTTP/1.1\r\n".to_vec()),
        Just(b"POST /a/../%2e?b#c HTTP/1.0\r\n".to_vec()),
        Just(b"Host: a\r\n".to_vec()),
        Just(b"Content-Length: 3\r\n".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
        Just(b"Connection: close, x\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"3\r\nabc\r\n".to_vec()),
        Just(b"0;a=\"b\"\r\n".to_vec()),
        Just(b"abc".to_vec()),
        Just(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Just(b"HTTP/1.1 100 Continue\r\n\r\n".to_vec()),
        vec(any::<u8>(), 0..4),
        "[ -~\r\n\t]{0,6}".prop_map(String::into_bytes),
    ];
    vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

fn small_limits() -> impl Strategy<Value = Limits> {
    (1..40usize, 1..90usize, 1..4usize, 1..30usize, 0..12usize, 0..24usize).prop_map(
        |(line, header, count, trailer, ext, body_ext)| Limits {
            request_line_bytes_max: line,
            header_bytes_max: header,
            header_count_max: count,
            trailer_bytes_max: trailer,
            chunk_extension_bytes_max: ext,
            body_extension_bytes_max: body_ext,
        },
    )
}

fn name() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,20}".prop_filter(
        "names of the codec's own have rules of their own",
        |name| {
            let own =
                ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "date"];
            !own.contains(&name.to_ascii_lowercase().as_str())
        },
    )
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![0x21..=0x7eu8, 0x80..=0xffu8, Just(b' '), Just(b'\t')], 0..40)
        .prop_map(|bytes| bytes.trim_ascii().to_vec())
}

fn field() -> impl Strategy<Value = (String, Vec<u8>)> {
    (name(), value())
}

fn shown(name: &str, value: &[u8]) -> String {
    format!("{}: {}", name.as_bytes().escape_ascii(), value.escape_ascii())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_give_the_same_however_they_are_cut(
        bytes in prop_oneof![nearly_http(), vec(any::<u8>(), 0..200)],
        places in vec(any::<usize>(), 0..6),
        limits in prop_oneof![Just(Limits::default()), small_limits()],
    ) {
        let whole = drive([&bytes[..]], &limits);
        prop_assert_eq!(&drive(cut(&bytes, &places), &limits), &whole);
        prop_assert_eq!(&drive(bytes.chunks(1), &limits), &whole);
    }

    #[test]
    fn any_response_gives_the_same_however_it_is_cut(
        start in prop_oneof![Just(&b""[..]), Just(&b"HTTP/1.1 200 OK\r\n"[..])],
        rest in nearly_http(),
        places in vec(any::<usize>(), 0..6),
    ) {
        let bytes = [start, &rest].concat();
        let whole = wire::decode("GET", [&bytes[..]]);
        prop_assert_eq!(&wire::decode("GET", cut(&bytes, &places)), &whole);
        prop_assert_eq!(&wire::decode("GET", bytes.chunks(1)), &whole);
    }

    #[test]
    fn valid_requests_come_out_as_they_went_in(
        method in "[A-Z]{1,32}".prop_filter("have rules of their own", |m| m != "CONNECT" && m != "PRI"),
        target in "/[a-zA-Z0-9_~;=@:]{0,20}(/[a-z]{1,5}){0,3}(\\?[!-\"$-~]{0,20})?",
        fields in vec(field(), 0..20),
        space in "[ \t]{0,3}",
        content in vec(any::<u8>(), 0..100),
        trailers in vec("X-[a-z]{1,9}", 0..3),
        is_chunked in any::<bool>(),
        places in vec(any::<usize>(), 0..6),
    ) {
        let mut sent = format!("{method} {target} HTTP/1.1\r\nHost: example.com\r\n").into_bytes();
        for (name, value) in &fields {
            sent.extend_from_slice(format!("{name}:{space}").as_bytes());
            sent.extend_from_slice(value);
            sent.extend_from_slice(format!("{space}\r\n").as_bytes());
        }
        if is_chunked {
            sent.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
            for chunk in content.chunks(7) {
                sent.extend_from_slice(format!("{:X} ; a=\"b\"\r\n", chunk.len()).as_bytes());
                sent.extend_from_slice(chunk);
                sent.extend_from_slice(b"\r\n");
            }
            sent.extend_from_slice(b"0\r\n");
            trailers.iter().for_each(|name| sent.extend_from_slice(format!("{name}: t\r\n").as_bytes()));
            sent.extend_from_slice(b"\r\n");
        } else {
            sent.extend_from_slice(format!("Content-Length: {}\r\n\r\n", content.len()).as_bytes());
            sent.extend_from_slice(&content);
        }
        let seen = drive(cut(&sent, &places), &Limits::default());
        let [Seen::Request { method: m, target: t, fields: f, content: c, trailers: r }] = &seen[..] else {
            return Err(TestCaseError::fail(format!("{}: {seen:?}", sent.escape_ascii())));
        };
        prop_assert_eq!((m, t, c), (&method, &target, &content));
        let expected: Vec<String> = fields.iter().map(|(name, value)| shown(name, value)).collect();
        prop_assert_eq!(&f[1..f.len() - 1], &expected[..]);
        prop_assert_eq!(r.len(), if is_chunked { trailers.len() } else { 0 });
    }

    #[test]
    fn what_the_encoder_writes_the_decoder_reads(
        status in 200..600u16,
        fields in vec(field(), 0..10),
        pieces in vec(vec(any::<u8>(), 0..50), 0..6),
        framing in 0..3u8,
        places in vec(any::<usize>(), 0..6),
    ) {
        prop_assume!(status != 204 && status != 304);
        let content = pieces.concat();
        let framing = match framing {
            0 => ResponseFraming::ContentLength(content.len() as u64),
            1 => ResponseFraming::Chunked,
            _ => ResponseFraming::Close,
        };
        let mut lines = Vec::new();
        for (name, value) in &fields {
            lines.extend_from_slice(format!("{name}: ").as_bytes());
            lines.extend_from_slice(value);
            lines.extend_from_slice(b"\r\n");
        }
        let (mut out, mut scratch) = (Vec::new(), FieldScratch::default());
        let checked = WorkerFields::parse(&lines, &mut scratch, 100).unwrap();
        let options = HeadOptions {
            status,
            reason: Some(b"Why not"),
            framing,
            version: Version::Http11,
            keep_alive: true,
            date: Some(b"Sun, 06 Nov 1994 08:49:37 GMT"),
        };
        write_head(&mut out, &options, &checked);
        let mut encoder = BodyEncoder::new(framing);
        for piece in &pieces {
            encoder.write(&mut out, piece).unwrap();
        }
        encoder.finish(&mut out, b"").unwrap();
        let read = wire::decode("GET", cut(&out, &places)).unwrap();
        let own = |name: &str| ["keep-alive", "proxy-connection"].contains(&name.to_ascii_lowercase().as_str());
        let mut expected = format!("{status} Why not ");
        for (name, value) in fields.iter().filter(|(name, _)| !own(name)) {
            expected += &format!("[{}] ", shown(name, value));
        }
        prop_assert!(read.starts_with(&expected), "{} does not begin with {}", read, expected);
        let quoted = format!("\"{}\"", content.escape_ascii());
        prop_assert!(read.ends_with(&quoted), "{} does not end with {}", read, quoted);
    }
}
