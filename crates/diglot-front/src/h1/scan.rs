//! Byte classes and the loops that run over every byte of a head, eight bytes at a step.

/// `tchar` of RFC 9110 section 5.6.2.
static TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'!' | b'#'
                    | b'$'
                    | b'%'
                    | b'&'
                    | b'\''
                    | b'*'
                    | b'+'
                    | b'-'
                    | b'.'
                    | b'^'
                    | b'_'
                    | b'`'
                    | b'|'
                    | b'~'
            );
        byte += 1;
    }
    table
};

const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);

#[inline]
const fn repeat(byte: u8) -> u64 {
    ONES * byte as u64
}

/// The high bit of each byte that is below `bound` (at most 0x80); exact up to and including the first hit.
#[inline]
const fn below(word: u64, bound: u8) -> u64 {
    word.wrapping_sub(repeat(bound)) & !word & HIGH
}

/// The high bit of each byte that equals `byte`; exact up to and including the first hit.
#[inline]
const fn equal(word: u64, byte: u8) -> u64 {
    let difference = word ^ repeat(byte);
    difference.wrapping_sub(ONES) & !difference & HIGH
}

/// Position of the first byte at or after `from` for which `hits` sets a high bit, or the length.
/// `single` is the same class for one byte.
#[inline(always)]
fn find(bytes: &[u8], from: usize, hits: impl Fn(u64) -> u64, single: impl Fn(u8) -> bool) -> usize {
    let mut at = from;
    while let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let found = hits(u64::from_le_bytes(*block));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if single(byte) {
            break;
        }
        at += 1;
    }
    at
}

/// Position of the first byte at or after `from` that no field value or reason phrase may hold: a control
/// other than HTAB (RFC 9110 section 5.5), which includes the line's own CR.
#[inline]
pub(super) fn text_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    loop {
        at = find(bytes, at, |word| below(word, 0x20) | equal(word, 0x7f), |b| b < 0x20 || b == 0x7f);
        if bytes.get(at) != Some(&b'\t') {
            return at;
        }
        at += 1;
    }
}

/// Position of the first byte at or after `from` outside visible ASCII, where a request target ends.
#[inline]
pub(super) fn visible_end(bytes: &[u8], from: usize) -> usize {
    find(
        bytes,
        from,
        |word| below(word, 0x21) | equal(word, 0x7f) | (word & HIGH),
        |b| !matches!(b, 0x21..=0x7e),
    )
}

/// Position of the first byte at or after `from` that is no token character.
#[inline]
pub(super) fn token_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        if !TOKEN[byte as usize] {
            break;
        }
        at += 1;
    }
    at
}

/// Whether `bytes` is a token: at least one character, all of them `tchar`.
#[inline]
pub(super) fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && token_end(bytes, 0) == bytes.len()
}

#[inline]
pub(crate) fn is_token_byte(byte: u8) -> bool {
    TOKEN[byte as usize]
}

/// Strips spaces and tabs from both ends (`OWS`, RFC 9110 section 5.6.3); nothing else is whitespace.
#[inline]
pub(super) fn trim_ows(bytes: &[u8]) -> &[u8] {
    let mut trimmed = bytes;
    while let [b' ' | b'\t', rest @ ..] = trimmed {
        trimmed = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = trimmed {
        trimmed = rest;
    }
    trimmed
}

/// The members of a comma-separated list (RFC 9110 section 5.6.1), trimmed, empty ones left out.
pub(crate) fn list_members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(trim_ows).filter(|member| !member.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each byte value at each offset of a block and of a tail, against the plain definition.
    #[test]
    fn blocks_agree_with_single_bytes() {
        for length in 1..=19 {
            for place in 0..length {
                for byte in 0..=255u8 {
                    let mut bytes = vec![b'a'; length];
                    bytes[place] = byte;
                    let stops = |stop: bool| if stop { place } else { length };
                    let control = (byte < 0x20 && byte != b'\t') || byte == 0x7f;
                    assert_eq!(
                        text_end(&bytes, 0),
                        stops(control),
                        "text, byte {byte:#x} at {place} of {length}"
                    );
                    let invisible = !(0x21..=0x7e).contains(&byte);
                    assert_eq!(visible_end(&bytes, 0), stops(invisible), "target, byte {byte:#x} at {place}");
                }
            }
        }
    }

    #[test]
    fn the_first_of_several_hits_is_found() {
        assert_eq!(text_end(b"ab\tcd\xff\x80 \r\n\r\n", 0), 8);
        assert_eq!(text_end(b"\x80\x20\x00\x1f\x1f\x1f\x1f\x1f", 0), 2);
        assert_eq!(visible_end(b"/a\x80 b \xff", 0), 2);
    }
}
