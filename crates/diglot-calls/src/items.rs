//! Taking a stream of items apart: each is a u32 length and so many bytes, and frames split them anywhere.

/// An item that is longer than a message may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an item of {bytes} bytes is announced, above the maximum of {bytes_max}")]
pub struct ItemTooLarge {
    /// Announced.
    pub bytes: u32,
    /// How many may be.
    pub bytes_max: u32,
}

/// Bytes of an item's length.
pub const LENGTH_BYTES: usize = 4;
/// An item in parts is given room as it comes: what was announced alone allocates no more than this.
const TRUSTED_BYTES: usize = 64 * 1024;

/// Puts items together from the pieces they come in.
#[derive(Debug)]
pub struct Items {
    bytes_max: u32,
    /// The length and what is there of an item that is not whole.
    partial: Vec<u8>,
}

impl Items {
    /// `bytes_max`: of one item; a message's.
    pub fn new(bytes_max: u32) -> Self {
        Self { bytes_max, partial: Vec::new() }
    }

    /// Calls `take` with each item that `piece` makes whole. Those that lie whole in the piece are not copied.
    ///
    /// # Errors
    /// [`ItemTooLarge`]; the stream cannot go on then.
    pub fn push(&mut self, mut piece: &[u8], mut take: impl FnMut(&[u8])) -> Result<(), ItemTooLarge> {
        while !piece.is_empty() {
            if self.partial.is_empty() {
                if let Some((length, rest)) = piece.split_first_chunk::<LENGTH_BYTES>()
                    && let Some((item, rest)) = rest.split_at_checked(self.checked(*length)?)
                {
                    take(item);
                    piece = rest;
                    continue;
                }
            } else if let Some(length) = self.partial.first_chunk::<LENGTH_BYTES>() {
                self.checked(*length)?;
            }
            let whole = match self.partial.first_chunk::<LENGTH_BYTES>() {
                Some(length) => LENGTH_BYTES + self.checked(*length)?,
                None => LENGTH_BYTES,
            };
            let taken = piece.len().min(whole - self.partial.len());
            let (part, rest) = piece.split_at(taken);
            self.partial.reserve(whole.min(self.partial.len() + TRUSTED_BYTES) - self.partial.len());
            self.partial.extend_from_slice(part);
            piece = rest;
            if let Some((length, item)) = self.partial.split_first_chunk::<LENGTH_BYTES>()
                && item.len() == self.checked(*length)?
            {
                take(item);
                self.partial.clear();
                self.partial.shrink_to(TRUSTED_BYTES);
            }
        }
        Ok(())
    }

    /// True if the stream may end here: no item is in parts.
    pub fn is_whole(&self) -> bool {
        self.partial.is_empty()
    }

    fn checked(&self, length: [u8; LENGTH_BYTES]) -> Result<usize, ItemTooLarge> {
        let bytes = u32::from_le_bytes(length);
        if bytes > self.bytes_max {
            return Err(ItemTooLarge { bytes, bytes_max: self.bytes_max });
        }
        Ok(bytes as usize)
    }
}
