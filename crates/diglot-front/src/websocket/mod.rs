//! WebSocket as bytes, the server's side: a strict codec without sockets, clock or tasks.
//!
//! [`is_handshake`] and [`Handshake::check`] judge the request that opens a connection (RFC 6455 section 4.2).
//! [`Decoder`] reads what the client sends behind it, [`Encoder`] and the `write_` functions write what it gets;
//! both compress messages where permessage-deflate (RFC 7692) was agreed on.
//!
//! Nothing waits for a whole message or frame: payload is handed on as it comes, checked as far as it came. What
//! breaks a rule ends the connection, and each rule has a name ([`Fault`]). The outcome depends on the bytes, never on
//! how they were split into reads.
//!
//! Both directions drop the compression's context behind each message, so the large states of DEFLATE belong to a
//! thread and not to a connection: one that is idle holds neither.
//!
//! `docs/internals/websocket.md` tells the decisions and what was measured.

mod decode;
mod deflate;
mod encode;
mod fault;
mod frame;
mod handshake;
mod header;
mod inflate;
mod mask;
mod offer;
mod pool;
mod utf8;

pub use decode::{Decoded, Decoder, Item, Limits};
pub use encode::{COMPRESSED_BYTES_MIN, Encoder, write_close, write_ping, write_pong};
pub use fault::Fault;
pub use frame::{CONTROL_BYTES_MAX, Kind};
pub use handshake::{Handshake, Refusal, is_handshake};
pub use offer::Deflate;
