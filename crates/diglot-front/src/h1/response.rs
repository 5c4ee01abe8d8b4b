//! Writes response heads. On the way of every response, hence copies of whole lines and no formatting.

use super::Version;
use super::framing::ResponseFraming;
use super::status::{canonical_reason, common_line};
use super::worker_fields::{Kept, WorkerFields};

/// Length of a date as HTTP writes it, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
pub const DATE_BYTES: usize = 29;

/// What a response head says apart from the application's fields.
#[derive(Debug, Clone, Copy)]
pub struct HeadOptions<'a> {
    /// 200..=999, or 101.
    pub status: u16,
    /// The reason phrase, of visible ASCII, spaces, tabs and bytes above 0x7f; `None` for the registered one.
    pub reason: Option<&'a [u8]>,
    /// How the content is delimited; see [`super::frame_response`].
    pub framing: ResponseFraming,
    /// Version of the request.
    pub version: Version,
    /// Whether the server and the request let the connection live on.
    pub keep_alive: bool,
    /// The time, written where the application gave no Date; `None` where its own server has decided against one. The
    /// caller keeps it, renewed once a second.
    pub date: Option<&'a [u8; DATE_BYTES]>,
}

/// Appends a response head with its empty line: the application's fields in their order and case, without
/// those of the worker's connection (but where a server of its own has written them and they are true of the client's,
/// too), then Date, the framing and Connection as far as they are needed.
///
/// Returns whether the connection lives on after the response: it does not where the caller, the framing or
/// the application says so.
pub fn write_head(out: &mut Vec<u8>, options: &HeadOptions<'_>, fields: &WorkerFields<'_>) -> bool {
    let status = options.status;
    write_status_line(out, status, options.reason);
    let length_stays = match options.framing {
        ResponseFraming::ContentLength(length) | ResponseFraming::NoBodyLength(length) => {
            fields.content_length() == Some(length)
        }
        _ => false,
    };
    let switches = status == 101;
    let has_upgrade = switches || status == 426;
    let closes = options.framing == ResponseFraming::Close || fields.asks_for_close();
    let lives_on = options.keep_alive && !closes;
    let is_chunked = options.framing == ResponseFraming::Chunked;
    // What a server of the application's own has written stays as it is where it is right.
    let of_server = options.reason.is_some();
    let kept = Kept {
        content_length: length_stays,
        transfer_encoding: of_server && is_chunked,
        upgrade: has_upgrade,
        connection: of_server && !has_upgrade && fields.says_only(lives_on),
    };
    fields.write(out, kept);
    if let Some(date) = options.date
        && !fields.has_date()
    {
        out.extend_from_slice(b"Date: ");
        out.extend_from_slice(date);
        out.extend_from_slice(b"\r\n");
    }
    match options.framing {
        ResponseFraming::ContentLength(length) | ResponseFraming::NoBodyLength(length) if !length_stays => {
            out.extend_from_slice(b"Content-Length: ");
            out.extend_from_slice(itoa::Buffer::new().format(length).as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        ResponseFraming::Chunked if !(kept.transfer_encoding && fields.is_chunked()) => {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
        }
        _ => {}
    }
    let connection: &[u8] = match (lives_on, has_upgrade) {
        // What such a server ends without a word ends without a word.
        _ if kept.connection || (of_server && options.framing == ResponseFraming::Close) => b"",
        (_, true) if switches => b"Connection: Upgrade\r\n",
        (true, true) => b"Connection: Upgrade\r\n",
        (false, true) => b"Connection: Upgrade, close\r\n",
        (false, false) => b"Connection: close\r\n",
        (true, false) if options.version == Version::Http10 => b"Connection: keep-alive\r\n",
        (true, false) => b"",
    };
    out.extend_from_slice(connection);
    out.extend_from_slice(b"\r\n");
    lives_on
}

/// Appends an interim response (RFC 9110 section 15.2): 1xx but 101, which is final for HTTP.
pub fn write_informational(out: &mut Vec<u8>, status: u16, fields: &WorkerFields<'_>) {
    write_status_line(out, status, None);
    fields.write(out, Kept::default());
    out.extend_from_slice(b"\r\n");
}

#[inline]
fn write_status_line(out: &mut Vec<u8>, status: u16, reason: Option<&[u8]>) {
    if reason.is_none()
        && let Some(line) = common_line(status)
    {
        out.extend_from_slice(line);
        return;
    }
    let digit = |place: u16| b'0' + (status / place % 10) as u8;
    out.extend_from_slice(b"HTTP/1.1 ");
    out.extend_from_slice(&[digit(100), digit(10), digit(1), b' ']);
    out.extend_from_slice(reason.unwrap_or_else(|| canonical_reason(status).as_bytes()));
    out.extend_from_slice(b"\r\n");
}

/// An answer of the server itself: a status and a sentence.
#[derive(Debug, Clone, Copy)]
pub struct SimpleResponse<'a> {
    /// The status code.
    pub status: u16,
    /// What happened and what to do, sent as text; nothing of the request's bytes.
    pub sentence: &'a str,
    /// After how many seconds a retry makes sense, for 503.
    pub retry_after_s: Option<u32>,
    /// The request was HEAD: the sentence counts but is not sent.
    pub is_head: bool,
    /// Version of the request.
    pub version: Version,
    /// Whether the connection lives on; never after a [`super::Rejection`].
    pub keep_alive: bool,
    /// The time.
    pub date: &'a [u8; DATE_BYTES],
}

/// Appends a whole answer of the server itself, as `text/plain`.
pub fn write_simple(out: &mut Vec<u8>, response: &SimpleResponse<'_>) {
    let mut number = itoa::Buffer::new();
    write_status_line(out, response.status, None);
    out.extend_from_slice(b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: ");
    out.extend_from_slice(number.format(response.sentence.len() + 1).as_bytes());
    out.extend_from_slice(b"\r\nDate: ");
    out.extend_from_slice(response.date);
    out.extend_from_slice(b"\r\n");
    if let Some(seconds) = response.retry_after_s {
        out.extend_from_slice(b"Retry-After: ");
        out.extend_from_slice(number.format(seconds).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    let connection: &[u8] = match (response.keep_alive, response.version) {
        (false, _) => b"Connection: close\r\n",
        (true, Version::Http10) => b"Connection: keep-alive\r\n",
        (true, Version::Http11) => b"",
    };
    out.extend_from_slice(connection);
    out.extend_from_slice(b"\r\n");
    if !response.is_head {
        out.extend_from_slice(response.sentence.as_bytes());
        out.push(b'\n');
    }
}
