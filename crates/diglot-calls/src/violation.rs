//! What a peer did that no conforming peer does.

use crate::frame::Type;

/// A broken rule of the protocol. The end that saw it closes the socket; where it is the broker, the worker ends with it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// The first bytes are not the preface's.
    #[error("the peer does not speak Diglot's calls protocol")]
    NotDiglot,
    /// The preface names another revision.
    #[error("the peer speaks revision {theirs} of the calls protocol, this end speaks {ours}")]
    WrongRevision {
        /// The revision in the peer's preface.
        theirs: u16,
        /// The revision of this crate.
        ours: u16,
    },
    /// The preface's numbers are not what its sender may say.
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
    /// A frame of the socket with a call's id, a call's without one, or bits set that have no meaning.
    #[error("a {kind:?} frame addressed to {id:#010x}")]
    Misaddressed {
        /// The frame's type.
        kind: Type,
        /// The frame's id.
        id: u32,
    },
    /// A payload whose parts do not add up.
    #[error("a {kind:?} frame whose payload is malformed")]
    Malformed {
        /// The frame's type.
        kind: Type,
    },
    /// A frame this end never receives, or not in the state the call is in.
    #[error("a {kind:?} frame out of turn, on call {id:#010x}")]
    OutOfTurn {
        /// The frame's type.
        kind: Type,
        /// The frame's id.
        id: u32,
    },
    /// A frame of a call that was never begun.
    #[error("a {kind:?} frame of call {id:#010x}, which was never begun")]
    UnknownCall {
        /// The frame's type.
        kind: Type,
        /// The frame's id.
        id: u32,
    },
    /// A CALL whose id is not the next.
    #[error("call {id:#010x} is begun out of order")]
    OutOfOrder {
        /// The frame's id.
        id: u32,
    },
    /// More calls open than may be.
    #[error("more than {calls_max} calls are open")]
    TooManyCalls {
        /// How many may be.
        calls_max: usize,
    },
    /// More bytes of DATA than were granted.
    #[error("{bytes} bytes of DATA on call {id:#010x} without credit")]
    NoCredit {
        /// The frame's id.
        id: u32,
        /// Bytes of the frame.
        bytes: usize,
    },
    /// A worker that grants more than may be held for it.
    #[error("{bytes} bytes are granted and not received, above the maximum of {bytes_max}")]
    TooMuchCredit {
        /// Granted on all calls together.
        bytes: u64,
        /// How many may be.
        bytes_max: u64,
    },
    /// A message announced as longer than messages may be.
    #[error("a message of {bytes} bytes is announced, above the maximum of {bytes_max}")]
    TooLarge {
        /// Announced.
        bytes: u32,
        /// How many may be.
        bytes_max: u32,
    },
    /// A message that has more bytes than were announced.
    #[error("call {id:#010x}: a message goes on behind its announced length")]
    Excess {
        /// The frame's id.
        id: u32,
    },
    /// A message that ends before it is whole.
    #[error("call {id:#010x}: a message ends {missing_bytes} bytes before its announced length")]
    Incomplete {
        /// The frame's id.
        id: u32,
        /// What it lacks.
        missing_bytes: u32,
    },
    /// An item announced as longer than messages may be.
    #[error("call {id:#010x}: an item of {bytes} bytes is announced, above the maximum of {bytes_max}")]
    ItemTooLarge {
        /// The frame's id.
        id: u32,
        /// Announced.
        bytes: u32,
        /// How many may be.
        bytes_max: u32,
    },
    /// A stream that ends within an item.
    #[error("call {id:#010x}: a stream ends within an item")]
    IncompleteItem {
        /// The frame's id.
        id: u32,
    },
    /// An OFFER that cannot be one.
    #[error("the offer of function {function:?} cannot be: {problem}")]
    UnfitOffer {
        /// As much of its name as people need.
        function: Box<str>,
        /// Which member it is, and what it has to be.
        problem: &'static str,
    },
    /// More functions offered than may be.
    #[error("more than {functions_max} functions are offered")]
    TooManyFunctions {
        /// How many may be.
        functions_max: usize,
    },
    /// More offered than may be.
    #[error("the functions offered are longer than {bytes_max} bytes")]
    TooMuchOffered {
        /// Of their JSON, in all.
        bytes_max: usize,
    },
    /// A peer that writes and does not read.
    #[error("the peer does not read: {pending_bytes} bytes wait for it")]
    NotReading {
        /// Bytes that wait to be written.
        pending_bytes: usize,
    },
}
