//! The client's side, written plainly from the specification: it shares nothing with the codec but zlib.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// A frame as it stands on the wire, its payload unmasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// FIN, reserved bits and opcode.
    pub(crate) first: u8,
    pub(crate) payload: Vec<u8>,
}

/// A frame of a client.
pub(crate) fn frame(first: u8, key: [u8; 4], payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        0..=125 => frame.push(0x80 | payload.len() as u8),
        126..=65535 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(payload.len() as u16).to_be_bytes());
        }
        _ => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&key);
    frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ key[at % 4]));
    frame
}

/// Reads the frames of a server, all of them whole.
pub(crate) fn read_frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [first, second, rest @ ..] = bytes {
        assert_eq!(second & 0x80, 0, "a server's frame is masked");
        let (length, rest) = match second {
            126 => {
                let (length, rest) = rest.split_first_chunk::<2>().unwrap();
                let length = u16::from_be_bytes(*length) as usize;
                assert!(length > 125, "the length is not minimal");
                (length, rest)
            }
            127 => {
                let (length, rest) = rest.split_first_chunk::<8>().unwrap();
                let length = u64::from_be_bytes(*length) as usize;
                assert!(length > 65535, "the length is not minimal");
                (length, rest)
            }
            length => (usize::from(*length), rest),
        };
        frames.push(Frame { first: *first, payload: rest[..length].to_vec() });
        bytes = &rest[length..];
    }
    assert!(bytes.is_empty(), "a frame is cut");
    frames
}

/// A message's payload as a client compresses it, without the end that is left out.
pub(crate) fn compress(data: &[u8], level: u32, window_bits: u8) -> Vec<u8> {
    let mut state = Compress::new_with_window_bits(Compression::new(level), false, window_bits);
    let mut out = Vec::with_capacity(data.len() * 2 + 1024);
    state.compress_vec(data, &mut out, FlushCompress::Sync).unwrap();
    assert_eq!(state.total_in(), data.len() as u64);
    if !out.ends_with(&[0, 0, 0xff, 0xff]) {
        assert_eq!(out, b"", "a flush ends with an empty block");
        return vec![0];
    }
    out.truncate(out.len() - 4);
    out
}

/// Inflates a message of a server in a window no larger than the one agreed on. Behind its end stands an empty last block,
/// which is read only if the message ends where a block may begin.
pub(crate) fn inflate(payload: &[u8], window_bits: u8) -> Vec<u8> {
    let payload = [payload, &[0, 0, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff]].concat();
    let mut state = Decompress::new_with_window_bits(false, window_bits);
    let mut out = Vec::new();
    loop {
        let mut room = [0; 64];
        let (taken, given) = (state.total_in() as usize, state.total_out());
        let status = state.decompress(&payload[taken..], &mut room, FlushDecompress::None).unwrap();
        let given = (state.total_out() - given) as usize;
        out.extend_from_slice(&room[..given]);
        if status == Status::StreamEnd {
            assert_eq!(state.total_in(), payload.len() as u64, "a server flushes and does not end");
            return out;
        }
        assert!(given == room.len(), "the message is cut");
    }
}
