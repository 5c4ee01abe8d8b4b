//! What a peer did that no conforming peer does.

use crate::frame::Type;

/// A broken rule of the protocol. The link that saw it is closed, and with it the worker at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The first bytes are not the preface's.
    #[error("the peer does not speak Diglot's link protocol")]
    NotDiglot,
    /// The preface names another revision.
    #[error("the peer speaks revision {theirs} of the link protocol, this end speaks {ours}")]
    WrongRevision {
        /// The revision in the peer's preface.
        theirs: u16,
        /// The revision of this crate.
        ours: u16,
    },
    /// The preface's numbers are out of range or not those the server sent.
    #[error("the preface carries impossible numbers")]
    BadPreface,
    /// A frame of a type this revision does not have.
    #[error("a frame of the unknown type {number:#04x}")]
    UnknownType {
        /// The type's byte.
        number: u8,
    },
    /// A frame with flags that its type cannot have, or without the one it must have.
    #[error("a {kind:?} frame with the impossible flags {flags:#04x}")]
    WrongFlags {
        /// The frame's type.
        kind: Type,
        /// The flags' byte.
        flags: u8,
    },
    /// A length above its maximum.
    #[error("a {kind:?} frame of {length} bytes, above the maximum of {length_max}")]
    TooLong {
        /// The frame's type.
        kind: Type,
        /// Bytes announced.
        length: usize,
        /// Bytes allowed.
        length_max: usize,
    },
    /// A frame that does not belong to a stream, with the id or the generation of one.
    #[error("a {kind:?} frame addressed to stream {stream}, generation {generation}")]
    Misaddressed {
        /// The frame's type.
        kind: Type,
        /// The frame's stream id.
        stream: u32,
        /// The frame's generation.
        generation: u16,
    },
    /// A payload whose parts do not add up.
    #[error("a {kind:?} frame whose payload is malformed")]
    Malformed {
        /// The frame's type.
        kind: Type,
    },
    /// A frame this end never receives, or not in the state the stream or the link is in.
    #[error("a {kind:?} frame out of turn on stream {stream}")]
    OutOfTurn {
        /// The frame's type.
        kind: Type,
        /// The frame's stream id.
        stream: u32,
    },
    /// A frame for a stream that was never opened, or not yet in this generation.
    #[error("a {kind:?} frame for stream {stream}, which was never opened")]
    UnknownStream {
        /// The frame's type.
        kind: Type,
        /// The frame's stream id.
        stream: u32,
    },
    /// More bytes of a body than there was credit for.
    #[error("{bytes} bytes on stream {stream} without credit")]
    NoCredit {
        /// The frame's stream id.
        stream: u32,
        /// Bytes of the frame.
        bytes: usize,
    },
    /// More credit than the window is wide.
    #[error("credit for stream {stream} beyond its window")]
    TooMuchCredit {
        /// The frame's stream id, 0 for the link.
        stream: u32,
    },
    /// A worker that answers and gives credit without reading what is sent to it.
    #[error("the peer does not read: {pending_bytes} bytes wait for it")]
    NotReading {
        /// Bytes that wait to be written.
        pending_bytes: usize,
    },
}
