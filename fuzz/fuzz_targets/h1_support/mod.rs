//! What the front makes of a connection's bytes, and the same bytes in pieces.
#![allow(dead_code, reason = "each target uses its part")]

use diglot_front::h1::{
    Decoder, Event, Item, Limits, Rejection, ResponseDecoder, Rule, Scratch, Status, parse_request,
};

/// A request as far as it matters to whoever processes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub content: Vec<u8>,
    pub trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Small enough for inputs of a fuzzer to reach.
pub const LIMITS: Limits = Limits {
    request_line_bytes_max: 512,
    header_bytes_max: 2048,
    header_count_max: 20,
    trailer_bytes_max: 256,
    chunk_extension_bytes_max: 64,
    body_extension_bytes_max: 128,
};

/// The requests of a connection, and why it was closed, if it was.
pub fn connection<'p>(pieces: impl IntoIterator<Item = &'p [u8]>) -> (Vec<Request>, Option<Rejection>) {
    let (mut requests, mut scratch, mut buffer) = (Vec::new(), Scratch::new(), Vec::new());
    let mut open: Option<(Request, Decoder, bool)> = None;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let Some((request, decoder, keep_alive)) = &mut open else {
                let head = match parse_request(&buffer, &mut scratch, &LIMITS) {
                    Ok(Status::Complete(head)) => head,
                    Ok(Status::Incomplete) => break,
                    Err(rejection) => return (requests, Some(rejection)),
                };
                let pair = |field: diglot_front::h1::Field<'_>| (field.name.to_vec(), field.value.to_vec());
                let request = Request {
                    method: head.method.to_vec(),
                    target: head.target.to_vec(),
                    fields: head.headers.iter().map(pair).collect(),
                    content: Vec::new(),
                    trailers: Vec::new(),
                };
                assert!(head.target.ends_with(head.query.unwrap_or_default()));
                assert!(head.path == b"/" || head.target[head.path_start..].starts_with(head.path));
                let head_bytes = head.head_bytes;
                open = Some((request, Decoder::new(head.framing, &LIMITS), head.keep_alive));
                buffer.drain(..head_bytes);
                continue;
            };
            let decoded = match decoder.decode(&buffer) {
                Ok(decoded) => decoded,
                Err(rejection) => return (requests, Some(rejection)),
            };
            let consumed = decoded.consumed;
            match decoded.item {
                Item::NeedMore => {
                    assert_eq!(consumed, buffer.len());
                    buffer.clear();
                    break;
                }
                Item::Data(range) => request.content.extend_from_slice(&buffer[range]),
                Item::End { trailers } => {
                    for field in trailers.iter().flat_map(|trailers| trailers.fields()) {
                        request.trailers.push((field.name.to_vec(), field.value.to_vec()));
                    }
                    requests.push(request.clone());
                    if !*keep_alive {
                        return (requests, None);
                    }
                    open = None;
                }
            }
            buffer.drain(..consumed);
        }
    }
    (requests, None)
}

/// What a worker's response holds: status codes, content, and whether it was whole.
pub fn response<'p>(
    method: &[u8],
    pieces: impl IntoIterator<Item = &'p [u8]>,
) -> Result<(Vec<u16>, Vec<u8>), Rule> {
    let mut decoder = ResponseDecoder::new(method, &LIMITS);
    let (mut codes, mut content) = (Vec::new(), Vec::new());
    for piece in pieces {
        let mut rest = piece;
        loop {
            let step = decoder.decode(rest)?;
            let consumed = step.consumed;
            match step.event {
                Event::NeedMore => break,
                Event::Head(head) => codes.push(head.status),
                Event::Data(range) => content.extend_from_slice(&rest[range]),
                Event::End { .. } if consumed == rest.len() => break,
                Event::End { .. } => {}
            }
            rest = &rest[consumed..];
        }
    }
    decoder.finish()?;
    Ok((codes, content))
}

/// Splits off a first byte that says where to cut the rest.
pub fn cut(bytes: &[u8]) -> Option<(&[u8], [&[u8]; 2])> {
    let (&place, rest) = bytes.split_first()?;
    let (front, back) = rest.split_at(usize::from(place) * rest.len() / 255);
    Some((rest, [front, back]))
}
