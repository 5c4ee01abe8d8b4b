//! Checks that text which comes in pieces is UTF-8 (RFC 3629), and says so at the first byte that cannot be.

/// Bytes of the longest character.
const CHARACTER_BYTES_MAX: usize = 4;

/// How far into a character the pieces so far end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Utf8 {
    /// The first bytes of a character whose others have not come.
    begun: [u8; CHARACTER_BYTES_MAX - 1],
    begun_bytes: u8,
}

/// The bytes are not UTF-8, whatever follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotUtf8;

impl Utf8 {
    /// Takes the next piece; with the last one the text must end behind a whole character.
    #[inline]
    pub(super) fn check(&mut self, piece: &[u8], is_last: bool) -> Result<(), NotUtf8> {
        let rest = if self.begun_bytes == 0 { piece } else { self.go_on(piece)? };
        match std::str::from_utf8(rest) {
            Ok(_) => {}
            Err(error) if error.error_len().is_none() => {
                let begun = &rest[error.valid_up_to()..];
                self.begun[..begun.len()].copy_from_slice(begun);
                self.begun_bytes = begun.len() as u8;
            }
            Err(_) => return Err(NotUtf8),
        }
        if is_last && self.begun_bytes != 0 { Err(NotUtf8) } else { Ok(()) }
    }

    /// Takes the bytes that belong to the character that has begun; what is left stands behind it.
    fn go_on<'p>(&mut self, piece: &'p [u8]) -> Result<&'p [u8], NotUtf8> {
        let mut character = [0; CHARACTER_BYTES_MAX];
        let begun = usize::from(self.begun_bytes);
        character[..begun].copy_from_slice(&self.begun[..begun]);
        for (taken, &byte) in piece.iter().enumerate() {
            let length = begun + taken + 1;
            character[length - 1] = byte;
            match std::str::from_utf8(&character[..length]) {
                Ok(_) => {
                    self.begun_bytes = 0;
                    return Ok(&piece[taken + 1..]);
                }
                // No four bytes are the beginning of a character, so a place for this one is left.
                Err(error) if error.error_len().is_none() => {
                    self.begun[length - 1] = byte;
                    self.begun_bytes = length as u8;
                }
                Err(_) => return Err(NotUtf8),
            }
        }
        Ok(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Where the first byte is that makes the text wrong, as the standard library sees it.
    fn first_wrong(text: &[u8]) -> Option<usize> {
        (1..=text.len())
            .find(|&end| std::str::from_utf8(&text[..end]).is_err_and(|error| error.error_len().is_some()))
    }

    #[test]
    fn every_sequence_of_three_bytes_is_judged_at_its_first_wrong_byte() {
        // One byte of each class the grammar of RFC 3629 section 4 tells apart.
        const CLASSES: [u8; 18] = [
            0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xf0, 0xf1,
            0xf4, 0xf5,
        ];
        for a in CLASSES {
            for b in CLASSES {
                for c in CLASSES {
                    for d in CLASSES {
                        let text = [a, b, c, d];
                        let mut state = Utf8::default();
                        let found = (1..=4).find(|&end| state.check(&text[end - 1..end], false).is_err());
                        assert_eq!(found, first_wrong(&text), "{}", text.escape_ascii());
                        let mut state = Utf8::default();
                        let whole = (0..4).all(|at| state.check(&text[at..=at], at == 3).is_ok());
                        assert_eq!(whole, std::str::from_utf8(&text).is_ok(), "{}", text.escape_ascii());
                    }
                }
            }
        }
    }

    #[test]
    fn the_end_within_a_character_is_wrong() {
        let mut state = Utf8::default();
        assert_eq!(state.check(b"a\xe2\x82", false), Ok(()));
        assert_eq!(state.check(b"", true), Err(NotUtf8));
        assert_eq!(Utf8::default().check(b"\xf0\x9f\x98\x80", true), Ok(()));
    }
}
