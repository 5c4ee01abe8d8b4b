//! What a server makes of the bytes of one connection, however they are cut into reads.

use diglot_front::h1::{
    BodyFraming, Decoder, Field, Item, Limits, Rejection, Scratch, Status, parse_request,
};

/// One thing that happened on a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Request {
        method: String,
        target: String,
        fields: Vec<String>,
        content: Vec<u8>,
        trailers: Vec<String>,
    },
    Rejected(Rejection),
    /// The bytes ended within a message.
    Incomplete,
    /// A request let nothing follow.
    Closed,
}

fn line(field: Field<'_>) -> String {
    format!("{}: {}", field.name.escape_ascii(), field.value.escape_ascii())
}

struct Head {
    method: String,
    target: String,
    fields: Vec<String>,
    framing: BodyFraming,
    keep_alive: bool,
}

/// Feeds `pieces` one after another, as reads of a socket.
pub(crate) fn drive<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, limits: &Limits) -> Vec<Seen> {
    let (mut seen, mut scratch, mut buffer) = (Vec::new(), Scratch::new(), Vec::new());
    let mut request: Option<(Head, Decoder, Vec<u8>)> = None;
    for piece in pieces {
        buffer.extend_from_slice(piece);
        loop {
            let Some((head, decoder, content)) = &mut request else {
                let head = match parse_request(&buffer, &mut scratch, limits) {
                    Ok(Status::Incomplete) => break,
                    Ok(Status::Complete(head)) => head,
                    Err(rejection) => {
                        seen.push(Seen::Rejected(rejection));
                        return seen;
                    }
                };
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let owned = Head {
                    method: text(head.method),
                    target: text(head.target),
                    fields: head.headers.iter().map(line).collect(),
                    framing: head.framing,
                    keep_alive: head.keep_alive,
                };
                let head_bytes = head.head_bytes;
                request = Some((owned, Decoder::new(head.framing, limits), Vec::new()));
                buffer.drain(..head_bytes);
                continue;
            };
            let decoded = match decoder.decode(&buffer) {
                Ok(decoded) => decoded,
                Err(rejection) => {
                    assert_eq!(decoder.decode(b"").unwrap_err(), rejection, "a rejected body stays rejected");
                    seen.push(Seen::Rejected(rejection));
                    return seen;
                }
            };
            match decoded.item {
                Item::NeedMore => assert_eq!(decoded.consumed, buffer.len(), "all input is taken"),
                Item::Data(range) => {
                    assert!(!range.is_empty() && range.end == decoded.consumed);
                    content.extend_from_slice(&buffer[range]);
                }
                Item::End { trailers } => {
                    assert!(decoder.is_finished());
                    if let BodyFraming::Length(length) = head.framing {
                        assert_eq!(length, content.len() as u64);
                    }
                    let trailers = trailers.iter().flat_map(|trailers| trailers.fields().iter().map(line));
                    seen.push(Seen::Request {
                        method: std::mem::take(&mut head.method),
                        target: std::mem::take(&mut head.target),
                        fields: std::mem::take(&mut head.fields),
                        content: std::mem::take(content),
                        trailers: trailers.collect(),
                    });
                    if !head.keep_alive {
                        seen.push(Seen::Closed);
                        return seen;
                    }
                    request = None;
                    buffer.drain(..decoded.consumed);
                    continue;
                }
            }
            buffer.drain(..decoded.consumed);
            if buffer.is_empty() && !decoder.is_finished() {
                break;
            }
        }
    }
    if request.is_some() || !buffer.is_empty() {
        seen.push(Seen::Incomplete);
    }
    seen
}
