//! How long a message's content is (RFC 9112 section 6.3), in both directions.

use super::Version;
use super::rule::Rule;
use super::scan;

/// How the content of a request or of a worker's response is delimited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyFraming {
    /// There is no content.
    None,
    /// Exactly this many bytes follow the head.
    Length(u64),
    /// Chunks follow, the last of size zero.
    Chunked,
    /// Everything up to the end of the stream; responses only.
    UntilEnd,
}

/// Digits of the largest Content-Length that is read; every number of so many fits into 64 bits.
const LENGTH_DIGITS_MAX: usize = 19;

/// The value of one Content-Length field: digits and nothing else, no sign, no list.
#[inline]
pub(super) fn content_length(value: &[u8]) -> Result<u64, Rule> {
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(Rule::LengthInvalid);
    }
    if value.len() > LENGTH_DIGITS_MAX {
        return Err(Rule::LengthTooLarge);
    }
    Ok(value.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
}

/// Checks the value of the only Transfer-Encoding field: nothing but `chunked` is understood.
pub(super) fn transfer_encoding(value: &[u8]) -> Result<(), Rule> {
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    let mut codings: Vec<&[u8]> = value.split(|&byte| byte == b',').map(scan::trim_ows).collect();
    let last = codings.pop().unwrap_or_default();
    let known_form =
        codings.iter().all(|coding| scan::is_token(coding) && !coding.eq_ignore_ascii_case(b"chunked"));
    if last.eq_ignore_ascii_case(b"chunked") && known_form {
        Err(Rule::TransferEncodingUnsupported)
    } else {
        Err(Rule::TransferEncodingInvalid)
    }
}

/// What of a request decides how its response is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestFacts {
    /// The method was HEAD.
    pub is_head: bool,
    /// The method was CONNECT.
    pub is_connect: bool,
    /// The client's version.
    pub version: Version,
    /// Whether the request lets the connection live on.
    pub keep_alive: bool,
}

/// How a response's content is delimited towards the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseFraming {
    /// No content, and no field about it.
    NoBody,
    /// No content, but the Content-Length a GET would have had (HEAD, 304).
    NoBodyLength(u64),
    /// Content-Length and so many bytes.
    ContentLength(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// Bytes until the connection closes: for HTTP/1.0 clients, and where a server of the application's own does so.
    Close,
}

/// Chooses the framing of a response (RFC 9112 section 6.3, RFC 9110 sections 6.4.1 and 8.6).
///
/// `content_length` is the one the application declared; `complete_bytes` is the length of the content where
/// all of it is at hand with the head. A declared length wins, and [`super::BodyEncoder`] holds the content
/// to it.
pub fn frame_response(
    request: RequestFacts,
    status: u16,
    content_length: Option<u64>,
    complete_bytes: Option<u64>,
) -> ResponseFraming {
    if status < 200 || status == 204 || (request.is_connect && (200..300).contains(&status)) {
        return ResponseFraming::NoBody;
    }
    if request.is_head || status == 304 {
        return content_length.map_or(ResponseFraming::NoBody, ResponseFraming::NoBodyLength);
    }
    match content_length.or(complete_bytes) {
        Some(length) => ResponseFraming::ContentLength(length),
        None if request.version == Version::Http11 => ResponseFraming::Chunked,
        None => ResponseFraming::Close,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_digits_alone() {
        assert_eq!(content_length(b"0"), Ok(0));
        assert_eq!(content_length(b"0042"), Ok(42));
        assert_eq!(content_length(b"9999999999999999999"), Ok(9_999_999_999_999_999_999));
        for value in ["", "+5", "-1", "0x5", "1_0", "5,5", "5, 5", "5 5", "5\t", "\u{0665}", "1e3", "5."] {
            assert_eq!(content_length(value.as_bytes()), Err(Rule::LengthInvalid), "{value}");
        }
        assert_eq!(content_length(b"18446744073709551615"), Err(Rule::LengthTooLarge));
    }

    #[test]
    fn only_chunked_is_understood() {
        assert_eq!(transfer_encoding(b"chunked"), Ok(()));
        assert_eq!(transfer_encoding(b"Chunked"), Ok(()));
        assert_eq!(transfer_encoding(b"gzip, chunked"), Err(Rule::TransferEncodingUnsupported));
        for value in [
            &b""[..],
            b"chunked, gzip",
            b"xchunked",
            b",chunked",
            b"chunked,",
            b"chunked, chunked",
            b"identity",
            b"\xa0chunked",
            b"chunked;q=1",
            b"\"chunked\"",
            b"gzip;a, chunked",
            b"gzip,,chunked",
        ] {
            let shown = value.escape_ascii();
            assert_eq!(transfer_encoding(value), Err(Rule::TransferEncodingInvalid), "{shown}");
        }
    }

    #[test]
    fn responses_are_framed_by_the_table_of_section_6_3() {
        use ResponseFraming::*;
        let get =
            RequestFacts { is_head: false, is_connect: false, version: Version::Http11, keep_alive: true };
        let head = RequestFacts { is_head: true, ..get };
        let old = RequestFacts { version: Version::Http10, ..get };
        let connect = RequestFacts { is_connect: true, ..get };
        for (request, status, declared, complete, expected) in [
            (get, 200, None, None, Chunked),
            (get, 200, None, Some(3), ContentLength(3)),
            (get, 200, Some(5), Some(3), ContentLength(5)),
            (get, 200, Some(5), None, ContentLength(5)),
            (get, 204, Some(0), Some(0), NoBody),
            (get, 103, Some(9), None, NoBody),
            (get, 101, None, None, NoBody),
            (get, 304, Some(7), None, NoBodyLength(7)),
            (get, 304, None, Some(0), NoBody),
            (get, 205, None, Some(0), ContentLength(0)),
            (head, 200, Some(7), Some(0), NoBodyLength(7)),
            (head, 200, None, Some(0), NoBody),
            (head, 404, None, None, NoBody),
            (old, 200, None, None, Close),
            (old, 200, None, Some(4), ContentLength(4)),
            (connect, 200, Some(1), None, NoBody),
            (connect, 501, Some(1), None, ContentLength(1)),
        ] {
            assert_eq!(frame_response(request, status, declared, complete), expected, "{request:?} {status}");
        }
    }
}
