//! The head of a response: what an application gave, checked and written as field lines.

use std::fmt;

use diglot_link::frame::TEXT_BYTES_MAX;

/// A response's head on its way to the front.
#[derive(Debug, Default)]
pub(crate) struct Head {
    pub(crate) status: u16,
    /// `name: value\r\n` for each field.
    pub(crate) lines: Vec<u8>,
    /// What the application's own Content-Length says.
    pub(crate) length: Option<u64>,
    /// Its Content-Type is `text/event-stream`.
    pub(crate) is_event_stream: bool,
}

/// What is wrong with a field an application gave.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadField {
    Name(String),
    Value(String),
    Length(String),
    TooMuch,
}

impl fmt::Display for BadField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "{name:?} is no name of a header"),
            Self::Value(name) => {
                write!(f, "the value of header {name:?} holds a line break or another control character")
            }
            Self::Length(value) => {
                write!(f, "content-length is {value:?}: it must be one number, and the same each time")
            }
            Self::TooMuch => write!(f, "the headers of a response may have {TEXT_BYTES_MAX} bytes together"),
        }
    }
}

impl Head {
    /// A head without fields; their lines will go into `lines`, which is empty.
    pub(crate) fn new(status: u16, lines: Vec<u8>) -> Self {
        Self { status, lines, ..Self::default() }
    }

    /// Appends a field. Transfer-Encoding is left out: the framing of messages is the server's.
    pub(crate) fn push(&mut self, name: &[u8], value: &[u8]) -> Result<(), BadField> {
        let value = value.trim_ascii();
        if !is_token(name) {
            return Err(BadField::Name(lossy(name)));
        }
        if value.iter().any(|&byte| is_forbidden(byte)) {
            return Err(BadField::Value(lossy(name)));
        }
        if name.len() == 17 && name.eq_ignore_ascii_case(b"transfer-encoding") {
            return Ok(());
        }
        if name.len() == 14 && name.eq_ignore_ascii_case(b"content-length") {
            let digits = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
            let length = str::from_utf8(value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
            match (length, self.length) {
                (Some(length), None) => self.length = Some(length),
                (Some(length), Some(before)) if length == before => return Ok(()),
                _ => return Err(BadField::Length(lossy(value))),
            }
        }
        if name.len() == 12 && name.eq_ignore_ascii_case(b"content-type") {
            self.is_event_stream = is_event_stream(value);
        }
        if self.lines.len() + name.len() + value.len() + 4 > TEXT_BYTES_MAX {
            return Err(BadField::TooMuch);
        }
        self.lines.extend_from_slice(name);
        self.lines.extend_from_slice(b": ");
        self.lines.extend_from_slice(value);
        self.lines.extend_from_slice(b"\r\n");
        Ok(())
    }

    /// True for a status whose responses have no body (RFC 9110 sections 15.3.5 and 15.4.5).
    pub(crate) fn has_no_body(&self) -> bool {
        matches!(self.status, 204 | 304)
    }
}

/// RFC 9110 section 5.6.2.
pub(crate) fn is_token(text: &[u8]) -> bool {
    const TOKEN: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = matches!(byte as u8, b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.'
                | b'^' | b'_' | b'`' | b'|' | b'~' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z');
            byte += 1;
        }
        table
    };
    !text.is_empty() && text.iter().all(|&byte| TOKEN[usize::from(byte)])
}

/// True for a Content-Type of server-sent events, whatever its parameters (WHATWG HTML section 9.2.5).
fn is_event_stream(value: &[u8]) -> bool {
    let media_type = value.split(|&byte| byte == b';').next().unwrap_or(value);
    media_type.trim_ascii_end().eq_ignore_ascii_case(b"text/event-stream")
}

fn is_forbidden(byte: u8) -> bool {
    (byte < 0x20 && byte != b'\t') || byte == 0x7F
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
