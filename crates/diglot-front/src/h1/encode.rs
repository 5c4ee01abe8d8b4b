//! Writes a response's content in the framing that was chosen for it.

use super::framing::ResponseFraming;

/// The content differs from the Content-Length the application declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LengthMismatch {
    /// More content than declared. Nothing of the piece was written; the connection must close, since the
    /// client takes what was written for the whole.
    TooLong {
        /// Bytes above the declared length.
        excess_bytes: u64,
    },
    /// The content ended early; the connection must close, or the client waits for the rest.
    TooShort {
        /// Bytes that are missing.
        missing_bytes: u64,
    },
}

impl std::fmt::Display for LengthMismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooLong { excess_bytes } => {
                write!(f, "the content is {excess_bytes} bytes longer than its Content-Length")
            }
            Self::TooShort { missing_bytes } => {
                write!(f, "the content ended {missing_bytes} bytes before its Content-Length")
            }
        }
    }
}

impl std::error::Error for LengthMismatch {}

/// Writes one response's content. Where the response has none (HEAD, 204, 304) it swallows what the
/// application sends, as servers do.
#[derive(Debug)]
pub struct BodyEncoder {
    mode: Mode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Nothing,
    Length(u64),
    Chunked,
    Raw,
}

impl BodyEncoder {
    /// For the content behind a head of this framing.
    pub fn new(framing: ResponseFraming) -> Self {
        let mode = match framing {
            ResponseFraming::NoBody | ResponseFraming::NoBodyLength(_) => Mode::Nothing,
            ResponseFraming::ContentLength(length) => Mode::Length(length),
            ResponseFraming::Chunked => Mode::Chunked,
            ResponseFraming::Close => Mode::Raw,
        };
        Self { mode }
    }

    /// Appends a piece of content.
    ///
    /// # Errors
    /// [`LengthMismatch::TooLong`] where it exceeds the declared length; nothing is appended then.
    pub fn write(&mut self, out: &mut Vec<u8>, data: &[u8]) -> Result<(), LengthMismatch> {
        if self.before(out, data.len())? {
            out.extend_from_slice(data);
            self.after(out);
        }
        Ok(())
    }

    /// Appends what stands before a piece of `data_bytes`, for callers that send the content itself from
    /// where it lies; `false` says that it is not sent at all. Behind a piece that was sent comes
    /// [`Self::after`].
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn before(&mut self, out: &mut Vec<u8>, data_bytes: usize) -> Result<bool, LengthMismatch> {
        match &mut self.mode {
            Mode::Nothing => return Ok(false),
            Mode::Length(remaining) => {
                let bytes = data_bytes as u64;
                let Some(rest) = remaining.checked_sub(bytes) else {
                    return Err(LengthMismatch::TooLong { excess_bytes: bytes - *remaining });
                };
                *remaining = rest;
            }
            // An empty chunk would end the body.
            Mode::Chunked if data_bytes > 0 => push_chunk_size(out, data_bytes),
            Mode::Chunked | Mode::Raw => {}
        }
        Ok(data_bytes > 0)
    }

    /// Whether the client can tell the content's end by the connection's alone.
    pub fn ends_with_connection(&self) -> bool {
        self.mode == Mode::Raw
    }

    /// Appends what stands behind a piece of content.
    #[inline]
    pub fn after(&self, out: &mut Vec<u8>) {
        if self.mode == Mode::Chunked {
            out.extend_from_slice(b"\r\n");
        }
    }

    /// Appends the end of the content. `trailers` are checked field lines (`name: value\r\n` each); they are
    /// left out where the framing has no place for them.
    ///
    /// # Errors
    /// [`LengthMismatch::TooShort`] where content is missing.
    pub fn finish(self, out: &mut Vec<u8>, trailers: &[u8]) -> Result<(), LengthMismatch> {
        match self.mode {
            Mode::Nothing | Mode::Raw | Mode::Length(0) => Ok(()),
            Mode::Length(missing_bytes) => Err(LengthMismatch::TooShort { missing_bytes }),
            Mode::Chunked => {
                out.extend_from_slice(b"0\r\n");
                out.extend_from_slice(trailers);
                out.extend_from_slice(b"\r\n");
                Ok(())
            }
        }
    }
}

/// Appends a chunk's size line: lowercase hexadecimal without leading zeros.
fn push_chunk_size(out: &mut Vec<u8>, bytes: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut line = [0u8; 18];
    let mut start = 16;
    line[16] = b'\r';
    line[17] = b'\n';
    let mut rest = bytes;
    loop {
        start -= 1;
        line[start] = DIGITS[rest & 0xf];
        rest >>= 4;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&line[start..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunk_sizes_are_written_in_full() {
        for (bytes, line) in [(1, "1\r\n"), (15, "f\r\n"), (16, "10\r\n"), (65_536, "10000\r\n")] {
            let mut out = Vec::new();
            push_chunk_size(&mut out, bytes);
            assert_eq!(out, line.as_bytes());
        }
        let mut out = Vec::new();
        push_chunk_size(&mut out, usize::MAX);
        assert_eq!(out, b"ffffffffffffffff\r\n");
    }

    #[test]
    fn an_empty_piece_does_not_end_a_chunked_body() {
        let (mut out, mut encoder) = (Vec::new(), BodyEncoder::new(ResponseFraming::Chunked));
        encoder.write(&mut out, b"").unwrap();
        encoder.write(&mut out, b"ab").unwrap();
        encoder.finish(&mut out, b"X-Sum: 1\r\n").unwrap();
        assert_eq!(out, b"2\r\nab\r\n0\r\nX-Sum: 1\r\n\r\n");
    }

    #[test]
    fn a_declared_length_is_kept() {
        let (mut out, mut encoder) = (Vec::new(), BodyEncoder::new(ResponseFraming::ContentLength(3)));
        encoder.write(&mut out, b"ab").unwrap();
        assert_eq!(encoder.write(&mut out, b"cd"), Err(LengthMismatch::TooLong { excess_bytes: 1 }));
        assert_eq!(encoder.finish(&mut out, b""), Err(LengthMismatch::TooShort { missing_bytes: 1 }));
        assert_eq!(out, b"ab");
    }

    #[test]
    fn content_of_a_response_without_any_is_swallowed() {
        for framing in [ResponseFraming::NoBody, ResponseFraming::NoBodyLength(9)] {
            let (mut out, mut encoder) = (Vec::new(), BodyEncoder::new(framing));
            encoder.write(&mut out, b"ab").unwrap();
            encoder.finish(&mut out, b"a: b\r\n").unwrap();
            assert_eq!(out, b"");
        }
    }
}
