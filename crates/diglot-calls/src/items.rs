//! Streams of items: each is a u32 length and so many bytes, and frames split them anywhere. Readers take them apart; the broker,
//! which passes them on, sees to it that they can be.

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
        checked(length, self.bytes_max)
    }
}

/// Where in a stream one is, of which nothing is kept.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Boundaries {
    /// The start of an item's length, where it is in parts.
    length: [u8; LENGTH_BYTES],
    length_bytes: usize,
    /// Bytes of an item that have not passed.
    left: usize,
}

impl Boundaries {
    /// A piece of the stream passes.
    pub(crate) fn pass(&mut self, mut piece: &[u8], bytes_max: u32) -> Result<(), ItemTooLarge> {
        loop {
            let of_item = piece.len().min(self.left);
            self.left -= of_item;
            piece = &piece[of_item..];
            if self.length_bytes == 0
                && let Some((length, rest)) = piece.split_first_chunk()
            {
                self.left = checked(*length, bytes_max)?;
                piece = rest;
                continue;
            }
            let Some((byte, rest)) = piece.split_first() else { return Ok(()) };
            self.length[self.length_bytes] = *byte;
            self.length_bytes += 1;
            piece = rest;
            if self.length_bytes == LENGTH_BYTES {
                self.length_bytes = 0;
                self.left = checked(self.length, bytes_max)?;
            }
        }
    }

    /// True if the stream may end here.
    pub(crate) fn is_whole(&self) -> bool {
        self.length_bytes == 0 && self.left == 0
    }
}

fn checked(length: [u8; LENGTH_BYTES], bytes_max: u32) -> Result<usize, ItemTooLarge> {
    let bytes = u32::from_le_bytes(length);
    if bytes > bytes_max {
        return Err(ItemTooLarge { bytes, bytes_max });
    }
    Ok(bytes as usize)
}
