//! The first sixteen bytes each end sends, without waiting for the other's.

use crate::{Role, Violation};

/// Bytes of a preface.
pub const PREFACE_BYTES: usize = 16;
/// The revision of the protocol that this crate speaks.
pub const REVISION: u16 = 1;

const MAGIC: &[u8; 6] = b"DGCALL";

/// What a preface says beside the revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preface {
    /// Most bytes of a message, both ways; 0 from a worker.
    pub message_bytes_max: u32,
}

impl Preface {
    /// Its bytes.
    pub fn encode(&self) -> [u8; PREFACE_BYTES] {
        let mut bytes = [0; PREFACE_BYTES];
        bytes[..6].copy_from_slice(MAGIC);
        bytes[6..8].copy_from_slice(&REVISION.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.message_bytes_max.to_le_bytes());
        bytes
    }

    /// Reads the preface of the end that has the role `from`; `None`: more bytes are needed.
    ///
    /// # Errors
    /// [`Violation::NotDiglot`], [`Violation::WrongRevision`] or [`Violation::BadPreface`].
    pub fn decode(input: &[u8], from: Role) -> Result<Option<Self>, Violation> {
        let known = input.len().min(MAGIC.len());
        if input[..known] != MAGIC[..known] {
            return Err(Violation::NotDiglot);
        }
        let Some((bytes, _)) = input.split_first_chunk::<PREFACE_BYTES>() else { return Ok(None) };
        let revision = u16::from_le_bytes([bytes[6], bytes[7]]);
        if revision != REVISION {
            return Err(Violation::WrongRevision { theirs: revision, ours: REVISION });
        }
        let message_bytes_max = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
        if bytes[12..] != [0; 4] || (message_bytes_max == 0) != (from == Role::Worker) {
            return Err(Violation::BadPreface);
        }
        Ok(Some(Self { message_bytes_max }))
    }
}
