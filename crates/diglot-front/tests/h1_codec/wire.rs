//! Raw responses of workers, whole and in every cut.

use diglot_front::h1::{Event, Limits, ResponseDecoder, Rule};

/// Feeds `pieces` and the end of the stream; what was seen as text, or the rule that was broken.
pub(crate) fn decode<'p>(method: &str, pieces: impl IntoIterator<Item = &'p [u8]>) -> Result<String, Rule> {
    let mut decoder = ResponseDecoder::new(method.as_bytes(), &Limits::default());
    let (mut heads, mut content, mut end) = (String::new(), Vec::new(), String::new());
    for piece in pieces {
        let mut rest = piece;
        loop {
            let step = decoder.decode(rest)?;
            let consumed = step.consumed;
            let mut goes_on = true;
            match step.event {
                Event::NeedMore => goes_on = false,
                Event::Head(head) => {
                    heads += &format!("{} {} ", head.status, head.reason.escape_ascii());
                    for field in head.fields {
                        heads += &format!("[{}: {}] ", field.name.escape_ascii(), field.value.escape_ascii());
                    }
                }
                Event::Data(range) => content.extend_from_slice(&rest[range]),
                Event::End { trailers } => {
                    for field in trailers.iter().flat_map(|trailers| trailers.fields()) {
                        end += &format!(" ({}: {})", field.name.escape_ascii(), field.value.escape_ascii());
                    }
                    goes_on = consumed < rest.len();
                }
            }
            rest = &rest[consumed..];
            if !goes_on {
                break;
            }
        }
    }
    decoder.finish()?;
    Ok(format!("{heads}\"{}\"{end}", content.escape_ascii()))
}

fn check(method: &str, sent: &str, expected: Result<&str, Rule>) {
    let expected = expected.map(str::to_owned);
    let sent = sent.as_bytes();
    assert_eq!(decode(method, [sent]), expected, "{}", sent.escape_ascii());
    assert_eq!(decode(method, sent.chunks(1)), expected, "byte by byte: {}", sent.escape_ascii());
    for cut in (0..=sent.len()).step_by(1 + sent.len() / 4096 * 997) {
        let (front, back) = sent.split_at(cut);
        assert_eq!(decode(method, [front, back]), expected, "cut at {cut}: {}", sent.escape_ascii());
    }
}

#[test]
fn responses_as_node_writes_them() {
    check("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", Ok("200 OK [Content-Length: 2] \"hi\""));
    check(
        "GET",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\nX-Sum: 1\r\n\r\n",
        Ok("200 OK [Transfer-Encoding: chunked] \"hi!\" (X-Sum: 1)"),
    );
    check("GET", "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhi", Ok("200 OK [Connection: close] \"hi\""));
    check("GET", "HTTP/1.1 204 No Content\r\n\r\n", Ok("204 No Content \"\""));
    check("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", Ok("200 OK [Content-Length: 2] \"\""));
    check(
        "GET",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n",
        Ok("304 Not Modified [Content-Length: 2] \"\""),
    );
    check("GET", "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", Ok("200  [Content-Length: 0] \"\""));
    check(
        "GET",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx",
        Ok("100 Continue 103 Early Hints [Link: a] 404 Not Found [Content-Length: 1] \"x\""),
    );
    check(
        "GET",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n\0\u{1}",
        Ok("101 Switching Protocols [Upgrade: x] \"\\x00\\x01\""),
    );
    check("CONNECT", "HTTP/1.1 200 OK\r\n\r\nraw", Ok("200 OK \"raw\""));
    check("GET", "HTTP/1.0 200 OK\r\n\r\nhi", Ok("200 OK \"hi\""));
}

#[test]
fn what_no_server_may_send() {
    use Rule::*;
    for (method, sent, rule) in [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!", BytesAfterEnd),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\nx", BytesAfterEnd),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", BytesAfterEnd),
        ("GET", "HTTP/1.1 304 Not Modified\r\n\r\nx", BytesAfterEnd),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
            BytesAfterEnd,
        ),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi", BodyCut),
        ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", BodyCut),
        ("GET", "HTTP/1.1 200 OK\r\nA: b\r\n", BodyCut),
        ("GET", "HTTP/1.1 100 Continue\r\n\r\n", BodyCut),
        ("GET", "", BodyCut),
        (
            "GET",
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            LengthWithTransferEncoding,
        ),
        ("GET", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", TransferEncodingHttp10),
        ("GET", "HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n", BodyForbidden),
        ("GET", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", BareLf),
        ("GET", "HTTP/1.1 200 O\rK\r\n\r\n", BareCr),
        ("GET", "HTTP/1.1 200 O\0K\r\n\r\n", StatusLineInvalid),
        ("GET", "HTTP/1.1 200\r\n\r\n", StatusLineInvalid),
        ("GET", "HTTP/1.1 2000 OK\r\n\r\n", StatusLineInvalid),
        ("GET", "HTTP/1.1 099 OK\r\n\r\n", StatusLineInvalid),
        ("GET", "HTTP/1.2 200 OK\r\n\r\n", StatusLineInvalid),
        ("GET", "HTTP/2.0 200 OK\r\n\r\n", StatusLineInvalid),
        ("GET", "hello", StatusLineInvalid),
        ("GET", "\r\nHTTP/1.1 200 OK\r\n\r\n", StatusLineInvalid),
        ("GET", "HTTP/1.1 200 OK\r\nA : b\r\n\r\n", SpaceBeforeColon),
        ("GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", ChunkSizeInvalid),
    ] {
        check(method, sent, Err(rule));
    }
    check("GET", &format!("HTTP/1.1 200 {}", "x".repeat(5000)), Err(StatusLineTooLong));
    check("GET", &format!("HTTP/1.1 200 OK\r\nA: {}", "x".repeat(40_000)), Err(HeaderTooLarge));
    check("GET", &format!("HTTP/1.1 200 OK\r\n{}", "A: b\r\n".repeat(101)), Err(TooManyFields));
}
