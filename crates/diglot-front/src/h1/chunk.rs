//! Chunk size lines with their extensions (RFC 9112 sections 7.1 and 7.1.1), byte by byte.

use super::rule::Rule;
use super::scan::is_token_byte;

/// Digits of a chunk size that is read; so many fill 64 bits.
const SIZE_DIGITS_MAX: u8 = 16;

/// Reads `chunk-size [ chunk-ext ] CRLF`. The extensions mean nothing to anybody, but a parser that skips
/// them carelessly takes a bare LF for the line's end: hence the whole grammar.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SizeLine {
    size: u64,
    /// Bytes of extensions so far.
    extension_bytes: usize,
    digits: u8,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Size,
    /// Whitespace that must lead to a semicolon.
    BeforeSemicolon,
    BeforeName,
    Name,
    /// Whitespace behind a name, which leads to `=` or to the next semicolon.
    AfterName,
    BeforeValue,
    Value,
    Quoted,
    QuotedPair,
    AfterQuoted,
    Lf,
}

impl SizeLine {
    /// Bytes that the extensions have taken so far.
    pub(super) fn extension_bytes(&self) -> usize {
        self.extension_bytes
    }

    /// Takes one byte; `Some` is the size, at the line's last byte.
    #[inline]
    pub(super) fn push(&mut self, byte: u8) -> Result<Option<u64>, Rule> {
        if self.state == State::Size {
            if let Some(value) = hex_value(byte) {
                if self.digits == SIZE_DIGITS_MAX {
                    return Err(Rule::ChunkSizeTooLarge);
                }
                self.digits += 1;
                self.size = self.size << 4 | u64::from(value);
                return Ok(None);
            }
            if self.digits == 0 {
                return Err(Rule::ChunkSizeInvalid);
            }
        }
        if self.state == State::Lf {
            return if byte == b'\n' { Ok(Some(self.size)) } else { Err(Rule::BareCr) };
        }
        self.state = self.after(byte)?;
        if self.state != State::Lf {
            self.extension_bytes += 1;
        }
        Ok(None)
    }

    /// The state behind `byte`, which is no digit of the size.
    fn after(&self, byte: u8) -> Result<State, Rule> {
        use State::{
            AfterName, AfterQuoted, BeforeName, BeforeSemicolon, BeforeValue, Lf, Name, Quoted, QuotedPair,
            Size, Value,
        };
        Ok(match (self.state, byte) {
            (Quoted, b'"') => AfterQuoted,
            (Quoted, b'\\') => QuotedPair,
            (Quoted | QuotedPair, b'\t' | b' '..=0x7e | 0x80..) => Quoted,
            (Size | Name | Value | AfterQuoted, b'\r') => Lf,
            (_, b'\r') => return Err(Rule::ChunkExtensionInvalid),
            (_, b'\n') => return Err(Rule::BareLf),
            (Size | BeforeSemicolon | Name | AfterName | Value | AfterQuoted, b';') => BeforeName,
            (Size | BeforeSemicolon | Value | AfterQuoted, b' ' | b'\t') => BeforeSemicolon,
            (Size, _) => return Err(Rule::ChunkSizeInvalid),
            (BeforeName, b' ' | b'\t') => BeforeName,
            (Name | AfterName, b' ' | b'\t') => AfterName,
            (Name | AfterName, b'=') => BeforeValue,
            (BeforeValue, b' ' | b'\t') => BeforeValue,
            (BeforeValue, b'"') => Quoted,
            (BeforeName | Name, byte) if is_token_byte(byte) => Name,
            (BeforeValue | Value, byte) if is_token_byte(byte) => Value,
            _ => return Err(Rule::ChunkExtensionInvalid),
        })
    }
}

fn hex_value(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &[u8]) -> Result<Option<u64>, Rule> {
        let mut reader = SizeLine::default();
        for (at, &byte) in line.iter().enumerate() {
            if let Some(size) = reader.push(byte)? {
                assert_eq!(at + 1, line.len(), "the line ended early");
                return Ok(Some(size));
            }
        }
        Ok(None)
    }

    #[test]
    fn sizes_and_extensions_of_the_grammar() {
        for (line, size) in [
            ("0\r\n", 0),
            ("a\r\n", 10),
            ("00F\r\n", 15),
            ("ffffffffffffffff\r\n", u64::MAX),
            ("5;a\r\n", 5),
            ("5;a=b\r\n", 5),
            ("5 ; a = b ;c\r\n", 5),
            ("5;a=\"b;\\\" c\"\r\n", 5),
            ("5;a=\"\";b\r\n", 5),
        ] {
            assert_eq!(read(line.as_bytes()), Ok(Some(size)), "{line:?}");
        }
    }

    #[test]
    fn everything_else_is_rejected() {
        use Rule::*;
        for (line, rule) in [
            ("\r\n", ChunkSizeInvalid),
            (";a\r\n", ChunkSizeInvalid),
            ("0x5\r\n", ChunkSizeInvalid),
            ("+5\r\n", ChunkSizeInvalid),
            ("-5\r\n", ChunkSizeInvalid),
            ("5_\r\n", ChunkSizeInvalid),
            (" 5\r\n", ChunkSizeInvalid),
            ("00000000000000005\r\n", ChunkSizeTooLarge),
            ("2;\n", BareLf),
            ("2\n", BareLf),
            ("2;\r\n", ChunkExtensionInvalid),
            ("2 \r\n", ChunkExtensionInvalid),
            ("2;a\rb\r\n", BareCr),
            ("2;a\x00\r\n", ChunkExtensionInvalid),
            ("2;a=\r\n", ChunkExtensionInvalid),
            ("2;a=\"b\r\n", ChunkExtensionInvalid),
            ("2;a=\"b\"c\r\n", ChunkExtensionInvalid),
            ("2;a b\r\n", ChunkExtensionInvalid),
            ("2 a\r\n", ChunkExtensionInvalid),
            ("2\r\r\n", BareCr),
        ] {
            assert_eq!(read(line.as_bytes()), Err(rule), "{line:?}");
        }
    }
}
