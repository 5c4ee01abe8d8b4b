//! The first sixteen bytes of each direction.
//!
//! ```text
//!  0          6          8            12            16
//!  +----------+----------+------------+-------------+
//!  | "DIGLOT" | revision | generation | streams max |
//!  +----------+----------+------------+-------------+
//!               u16 le     u32 le       u32 le
//! ```
//!
//! The server speaks first; the worker answers with the same revision and generation. `streams max` is the
//! highest stream id the server will use; the worker repeats it.

use crate::Violation;

/// Bytes of a preface.
pub const PREFACE_BYTES: usize = 16;
/// The revision this crate speaks.
pub const REVISION: u16 = 1;
/// The highest stream id a server may announce.
pub const STREAMS_MAX: u32 = 65_536;

const NAME: &[u8; 6] = b"DIGLOT";

/// Who is at the other end, and on which terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preface {
    /// The revision the sender speaks.
    pub revision: u16,
    /// Which start of the worker this is; a worker repeats what the server sent.
    pub generation: u32,
    /// The highest stream id that will be used, 1..=[`STREAMS_MAX`].
    pub streams_max: u32,
}

impl Preface {
    /// Appends the preface.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(NAME);
        out.extend_from_slice(&self.revision.to_le_bytes());
        out.extend_from_slice(&self.generation.to_le_bytes());
        out.extend_from_slice(&self.streams_max.to_le_bytes());
    }

    /// Reads a preface. `Ok(None)`: it is not whole yet.
    ///
    /// # Errors
    /// The peer does not speak this protocol, or another revision of it.
    pub fn decode(bytes: &[u8]) -> Result<Option<Self>, Violation> {
        let known = bytes.len().min(NAME.len());
        if bytes[..known] != NAME[..known] {
            return Err(Violation::NotDiglot);
        }
        let Some(bytes) = bytes.first_chunk::<PREFACE_BYTES>() else { return Ok(None) };
        let [_, _, _, _, _, _, r0, r1, g0, g1, g2, g3, s0, s1, s2, s3] = *bytes;
        let revision = u16::from_le_bytes([r0, r1]);
        if revision != REVISION {
            return Err(Violation::WrongRevision { theirs: revision, ours: REVISION });
        }
        let streams_max = u32::from_le_bytes([s0, s1, s2, s3]);
        if !(1..=STREAMS_MAX).contains(&streams_max) {
            return Err(Violation::BadPreface);
        }
        Ok(Some(Self { revision, generation: u32::from_le_bytes([g0, g1, g2, g3]), streams_max }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFACE: Preface = Preface { revision: REVISION, generation: 3, streams_max: 1024 };

    #[test]
    fn a_preface_round_trips_and_each_prefix_is_incomplete() {
        let mut out = vec![];
        PREFACE.encode(&mut out);
        assert_eq!(out.len(), PREFACE_BYTES);
        for length in 0..PREFACE_BYTES {
            assert_eq!(Preface::decode(&out[..length]), Ok(None));
        }
        assert_eq!(Preface::decode(&out), Ok(Some(PREFACE)));
    }

    #[test]
    fn strangers_are_refused_at_the_first_wrong_byte() {
        assert_eq!(Preface::decode(b"G"), Err(Violation::NotDiglot));
        assert_eq!(Preface::decode(b"DIGLOX"), Err(Violation::NotDiglot));
        let mut out = vec![];
        Preface { revision: 9, ..PREFACE }.encode(&mut out);
        assert_eq!(Preface::decode(&out), Err(Violation::WrongRevision { theirs: 9, ours: REVISION }));
        out.clear();
        Preface { streams_max: 0, ..PREFACE }.encode(&mut out);
        assert_eq!(Preface::decode(&out), Err(Violation::BadPreface));
    }
}
