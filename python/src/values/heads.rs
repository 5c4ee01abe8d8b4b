//! Heads of CBOR's data items (RFC 8949 section 3), and tags.

pub(super) const UNSIGNED: u8 = 0;
pub(super) const NEGATIVE: u8 = 1;
pub(super) const BYTES: u8 = 2;
pub(super) const TEXT: u8 = 3;
pub(super) const ARRAY: u8 = 4;
pub(super) const MAP: u8 = 5;
pub(super) const TAG: u8 = 6;

pub(super) const FALSE: u8 = 0xf4;
pub(super) const TRUE: u8 = 0xf5;
pub(super) const NULL: u8 = 0xf6;
pub(super) const FLOAT64: u8 = 0xfb;

pub(super) const TAG_BIG_POSITIVE: u64 = 2;
pub(super) const TAG_BIG_NEGATIVE: u64 = 3;
pub(super) const TAG_NDARRAY: u64 = 40;
pub(super) const TAG_SET: u64 = 258;
pub(super) const TAG_ANY_MAP: u64 = 259;
pub(super) const TAG_BOOLEANS: u64 = 43303;

/// The size of an element of the typed arrays Diglot knows, by their tag (RFC 8746 section 2.1); None for other tags.
pub(super) const fn element_size(tag: u64) -> Option<usize> {
    Some(match tag {
        64 | 68 | 72 | TAG_BOOLEANS => 1,
        69 | 77 | 84 => 2,
        70 | 78 | 85 => 4,
        71 | 79 | 86 => 8,
        _ => return None,
    })
}

/// Writes the shortest head.
#[inline]
pub(super) fn write(out: &mut Vec<u8>, major: u8, argument: u64) {
    write_of(out, major, argument, shortest(argument));
}

/// The bytes of the shortest head.
const fn shortest(argument: u64) -> usize {
    match argument {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

#[inline]
fn write_of(out: &mut Vec<u8>, major: u8, argument: u64, length: usize) {
    let major = major << 5;
    match length {
        1 => out.push(major | argument as u8),
        2 => out.extend_from_slice(&[major | 24, argument as u8]),
        3 => {
            out.push(major | 25);
            out.extend_from_slice(&(argument as u16).to_be_bytes());
        }
        5 => {
            out.push(major | 26);
            out.extend_from_slice(&(argument as u32).to_be_bytes());
        }
        _ => {
            out.push(major | 27);
            out.extend_from_slice(&argument.to_be_bytes());
        }
    }
}

/// Writes the heads of a typed array so that its bytes begin at a multiple of `size` from the message's start. Of the heads
/// that do, the shortest together, and of those the ones with the shorter tag; where none do, the shortest of all.
pub(super) fn write_aligned(out: &mut Vec<u8>, start: usize, tag: u64, bytes: usize, size: usize) {
    const LENGTHS: [usize; 5] = [1, 2, 3, 5, 9];
    let position = out.len() - start;
    let (tag_min, bytes_min) = (shortest(tag), shortest(bytes as u64));
    let pairs = LENGTHS.iter().flat_map(|&tag| LENGTHS.iter().map(move |&bytes| (tag, bytes)));
    let aligned = pairs
        .filter(|&(tag, bytes)| tag >= tag_min && bytes >= bytes_min)
        .filter(|&(tag, bytes)| (position + tag + bytes).is_multiple_of(size))
        .min_by_key(|&(tag, bytes)| (tag + bytes, tag));
    let (tag_length, bytes_length) = aligned.unwrap_or((tag_min, bytes_min));
    write_of(out, TAG, tag, tag_length);
    write_of(out, BYTES, bytes as u64, bytes_length);
}
