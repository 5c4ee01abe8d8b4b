//! Takes the mask off a client's payload (RFC 6455 section 5.3), eight bytes at a step.

/// The masking key, turned so that its lowest byte is for the next byte of payload.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Key(u32);

impl Key {
    /// From the four bytes of the frame's header.
    #[inline]
    pub(super) fn new(bytes: [u8; 4]) -> Self {
        Self(u32::from_le_bytes(bytes))
    }

    /// Unmasks the next bytes of the payload.
    #[inline]
    pub(super) fn apply(&mut self, payload: &mut [u8]) {
        let wide = u64::from(self.0) << 32 | u64::from(self.0);
        let (blocks, rest) = payload.as_chunks_mut::<8>();
        for block in blocks {
            *block = (u64::from_le_bytes(*block) ^ wide).to_le_bytes();
        }
        for (byte, mask) in rest.iter_mut().zip(wide.to_le_bytes()) {
            *byte ^= mask;
        }
        self.0 = self.0.rotate_right((payload.len() % 4) as u32 * 8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_agree_with_single_bytes_in_any_cut() {
        const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
        let payload: Vec<u8> = (0..100).map(|n: u8| n.wrapping_mul(7)).collect();
        let expected: Vec<u8> = payload.iter().enumerate().map(|(at, byte)| byte ^ KEY[at % 4]).collect();
        for length in 0..payload.len() {
            for cut in 0..=length {
                let mut unmasked = payload[..length].to_vec();
                let mut key = Key::new(KEY);
                let (front, back) = unmasked.split_at_mut(cut);
                key.apply(front);
                key.apply(back);
                assert_eq!(unmasked, expected[..length], "{length} bytes, cut at {cut}");
            }
        }
    }
}
