//! The access log: one line a request, where it was asked for.

use std::fmt::{self, Display, Write as _};

use diglot_config::AccessLog;
use tokio::time::Instant;

use crate::h1::{RequestHead, Version};

/// What `tracing` calls a line of text.
pub const ACCESS_TEXT: &str = "access";
/// What `tracing` calls a line that is the members of a JSON object, without its braces: whoever writes the log adds the
/// time.
pub const ACCESS_JSON: &str = "access_json";

/// A request that will have a line when it is over.
#[derive(Debug)]
pub(super) struct Record {
    line: String,
    is_json: bool,
    started: Instant,
}

impl Record {
    /// Of a request that was read; `None` where no line was asked for. The codec lets nothing but visible ASCII into a
    /// target, and tokens into a method.
    #[inline]
    pub(super) fn of(log: AccessLog, client: impl Display, head: &RequestHead<'_>) -> Option<Box<Self>> {
        if log == AccessLog::Off {
            return None;
        }
        let version = match head.version {
            Version::Http10 => "1.0",
            Version::Http11 => "1.1",
        };
        let method = String::from_utf8_lossy(head.method);
        let target = String::from_utf8_lossy(head.target);
        Self::new(
            log,
            match log {
                AccessLog::Json => format!(
                    r#""client":{},"method":{},"target":{},"version":"{version}""#,
                    Json(client),
                    Json(method),
                    Json(target)
                ),
                AccessLog::Off | AccessLog::Text => format!("{client} \"{method} {target} HTTP/{version}\""),
            },
        )
    }

    /// Of bytes that were no request.
    pub(super) fn of_malformed(log: AccessLog, client: impl Display) -> Option<Box<Self>> {
        if log == AccessLog::Off {
            return None;
        }
        Self::new(
            log,
            match log {
                AccessLog::Json => {
                    format!(r#""client":{},"method":null,"target":null,"version":null"#, Json(client))
                }
                AccessLog::Off | AccessLog::Text => format!("{client} \"-\""),
            },
        )
    }

    fn new(log: AccessLog, line: String) -> Option<Box<Self>> {
        Some(Box::new(Self { line, is_json: log == AccessLog::Json, started: Instant::now() }))
    }

    /// Writes the line: client, request, status (`-` or null where the client left before there was one), bytes of
    /// content, milliseconds.
    pub(super) fn write(&mut self, status: u16, content_bytes: u64) {
        let took_ms = self.started.elapsed().as_secs_f64() * 1e3;
        // Writing into memory cannot fail.
        let _ = match (self.is_json, status) {
            (true, 0) => write!(self.line, r#","status":null,"bytes":{content_bytes},"ms":{took_ms:.1}"#),
            (true, _) => write!(self.line, r#","status":{status},"bytes":{content_bytes},"ms":{took_ms:.1}"#),
            (false, 0) => write!(self.line, " - {content_bytes} {took_ms:.1} ms"),
            (false, _) => write!(self.line, " {status} {content_bytes} {took_ms:.1} ms"),
        };
        match self.is_json {
            true => tracing::info!(target: ACCESS_JSON, "{}", self.line),
            false => tracing::info!(target: ACCESS_TEXT, "{}", self.line),
        }
    }
}

/// A text as a JSON string (RFC 8259 section 7).
struct Json<T>(T);

impl<T: Display> Display for Json<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Escaping<'f, 'b>(&'f mut fmt::Formatter<'b>);
        impl fmt::Write for Escaping<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                text.chars().try_for_each(|char| match char {
                    '"' | '\\' => write!(self.0, "\\{char}"),
                    char if char.is_control() => write!(self.0, "\\u{:04x}", u32::from(char)),
                    char => self.0.write_char(char),
                })
            }
        }
        f.write_char('"')?;
        write!(Escaping(f), "{}", self.0)?;
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_escaped() {
        let check = |text: &str, expect: &str| assert_eq!(Json(text).to_string(), expect);
        check("/a?b=c", r#""/a?b=c""#);
        check(r#"/"quoted"\"#, r#""/\"quoted\"\\""#);
        check("unix:/x\ny\u{7f}é", r#""unix:/x\u000ay\u007fé""#);
    }
}
