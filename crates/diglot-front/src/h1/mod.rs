//! HTTP/1.1 and 1.0 as bytes: a strict codec without sockets, clock or tasks.
//!
//! Towards clients: [`parse_request`] reads a request head, [`Decoder`] its body, [`write_head`] and
//! [`BodyEncoder`] write the response. Towards workers: [`WorkerFields`] checks the header fields a worker
//! hands over, and [`ResponseDecoder`] reads the raw responses of the byte lane.
//!
//! It rejects what RFC 9112 calls invalid instead of repairing it: two parties that repair differently are
//! how a second request is smuggled out of a first. Each broken rule has a name ([`Rule`]), so tests, logs
//! and error pages say the same. Errors depend only on the bytes, never on how they were split into reads:
//! the first offending byte decides.
//!
//! `docs/internals/http1.md` tells the decisions and what was measured.

mod authority;
mod body;
mod chunk;
mod encode;
mod field;
mod framing;
mod known;
mod request;
mod response;
mod rule;
mod scan;
mod status;
mod target;
mod trailers;
mod wire;
mod worker_fields;

pub use body::{Decoded, Decoder, Item};
pub use diglot_link::message::Field;
pub use encode::{BodyEncoder, LengthMismatch};
pub use field::{FieldIter, Fields};
pub use framing::{BodyFraming, RequestFacts, ResponseFraming, frame_response};
pub use request::{RequestHead, Scratch, parse_request};
pub use response::{DATE_BYTES, HeadOptions, SimpleResponse, write_head, write_informational, write_simple};
pub use rule::{Rejection, Rule};
pub(crate) use scan::{is_token_byte, list_members};
pub use status::canonical_reason;
pub use target::TargetForm;
pub use trailers::Trailers;
pub use wire::{Event, ResponseDecoder, Step, WireHead};
pub use worker_fields::{FieldScratch, WorkerFields};

/// What a decoder says of the bytes so far; bytes that break a rule are a [`Rejection`] instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status<T> {
    /// All bytes so far are well formed, and more are needed.
    Incomplete,
    /// The element is whole.
    Complete(T),
}

/// The protocol version a message is processed as (RFC 9112 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// `HTTP/1.0`.
    Http10,
    /// `HTTP/1.1`, and any higher minor version: RFC 9110 section 6.2 has it processed as the highest known.
    Http11,
}

/// How much of a message is read before it is refused. Each is checked before the bytes are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Length of the request line without its CRLF; beyond it 414.
    pub request_line_bytes_max: usize,
    /// Length of the header section, from the byte after the request line to the empty line; beyond it 431.
    pub header_bytes_max: usize,
    /// Field lines in a header or trailer section; beyond it 431.
    pub header_count_max: usize,
    /// Length of a trailer section with its empty line; beyond it 431.
    pub trailer_bytes_max: usize,
    /// Bytes of one chunk's extensions: they carry nothing anybody reads; beyond it 400.
    pub chunk_extension_bytes_max: usize,
    /// Bytes of chunk extensions over the whole of one body; beyond it 400.
    pub body_extension_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_line_bytes_max: 16 * 1024,
            header_bytes_max: 32 * 1024,
            header_count_max: 100,
            trailer_bytes_max: 8 * 1024,
            chunk_extension_bytes_max: 16 * 1024,
            body_extension_bytes_max: 64 * 1024,
        }
    }
}
