//! HTTP/1.1 as a client of a bench needs it: one request written once, answers read by their heads.

use std::net::SocketAddr;

use memchr::memmem;

use crate::Result;
use crate::connection::Seen;

const HEAD_BYTES_MAX: usize = 16 * 1024;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// The bytes of a request.
pub(crate) fn request(method: &str, path: &str, to: SocketAddr, body_bytes: usize) -> Vec<u8> {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {to}\r\n");
    if body_bytes > 0 {
        request.push_str(&format!("Content-Length: {body_bytes}\r\n"));
    }
    request.push_str("\r\n");
    let mut request = request.into_bytes();
    request.resize(request.len() + body_bytes, b'x');
    request
}

/// Where a connection stands in its answers.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// Of a head that is not complete.
    head: Vec<u8>,
    body_left: usize,
    closes: bool,
}

impl Answers {
    /// # Errors
    /// An answer other than a 200 with its length.
    pub(crate) fn feed(&mut self, mut bytes: &[u8], seen: &mut Seen) -> Result<()> {
        while !bytes.is_empty() {
            if self.body_left == 0 {
                bytes = self.feed_head(bytes)?;
                if !self.head.is_empty() {
                    return Ok(());
                }
            }
            let taken = self.body_left.min(bytes.len());
            self.body_left -= taken;
            bytes = &bytes[taken..];
            if self.body_left == 0 {
                seen.answers += 1;
                seen.closed |= self.closes;
            }
        }
        Ok(())
    }

    /// Takes a head, or the part of one; returns what follows it.
    fn feed_head<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8]> {
        let before = self.head.len();
        if before == 0
            && let Some(end) = memmem::find(bytes, HEAD_END)
        {
            self.read_head(&bytes[..end])?;
            return Ok(&bytes[end + HEAD_END.len()..]);
        }
        self.head.extend_from_slice(bytes);
        let Some(end) = memmem::find(&self.head, HEAD_END) else {
            if self.head.len() > HEAD_BYTES_MAX {
                return Err(format!("an answer's head has more than {HEAD_BYTES_MAX} bytes").into());
            }
            return Ok(&[]);
        };
        let head = std::mem::take(&mut self.head);
        self.read_head(&head[..end])?;
        Ok(&bytes[end + HEAD_END.len() - before..])
    }

    fn read_head(&mut self, head: &[u8]) -> Result<()> {
        let head = std::str::from_utf8(head).map_err(|_| "an answer's head is not UTF-8")?;
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap_or_default();
        if !status.starts_with("HTTP/1.1 200") {
            return Err(format!("an answer was `{status}`, expected a 200").into());
        }
        let mut length = None;
        self.closes = false;
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse().ok();
            } else if name.eq_ignore_ascii_case("connection") {
                self.closes = value.trim().eq_ignore_ascii_case("close");
            }
        }
        self.body_left = length.ok_or("an answer has no Content-Length")?;
        if self.body_left == 0 {
            return Err("an answer has no body".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in two reads, at every place they can be cut.
    fn check(bytes: &str, expect: std::result::Result<(usize, bool), &str>) {
        for cut in 0..=bytes.len() {
            let (mut answers, mut seen) = (Answers::default(), Seen::default());
            let (one, other) = bytes.as_bytes().split_at(cut);
            let fed = answers.feed(one, &mut seen).and_then(|()| answers.feed(other, &mut seen));
            let fed = fed.map(|()| (seen.answers, seen.closed)).map_err(|error| error.to_string());
            assert_eq!(fed, expect.map_err(str::to_owned), "cut at {cut}");
        }
    }

    #[test]
    fn answers_are_counted_however_they_arrive() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc";
        check(answer, Ok((1, false)));
        check(&answer.repeat(3), Ok((3, false)));
        check("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", Ok((1, true)));
        check("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", Ok((0, false)));
    }

    #[test]
    fn an_error_page_is_no_answer() {
        check("HTTP/1.1 500 No\r\n\r\n", Err("an answer was `HTTP/1.1 500 No`, expected a 200"));
        check("HTTP/1.1 200 OK\r\n\r\n", Err("an answer has no Content-Length"));
    }
}
