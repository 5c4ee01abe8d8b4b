//! The request that opens a WebSocket (RFC 6455 section 4.2): whether it is one, whether it keeps to the rules, and
//! what of the answer follows from it.

use base64::Engine;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD};
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use sha1_smol::Sha1;

use super::offer::Deflate;
use crate::h1::{BodyFraming, Fields, RequestHead, Version, list_members};

/// What a server appends to the key before it hashes it (RFC 6455 section 1.3).
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Bytes of the nonce a client sends as its key.
const NONCE_BYTES: usize = 16;

/// Length of a SHA-1 digest in base64.
const ACCEPT_BYTES: usize = 28;

/// Reads keys. The last character of one has bits to spare, which clients fill with anything: RFC 6455 itself does in
/// section 4.1.
const KEYS: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Why a handshake is answered with an error instead of a WebSocket. The connection may live on, unless there is
/// content to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// Status code of the answer: 400 or 426.
    pub status: u16,
    /// One sentence, without a line end.
    pub sentence: &'static str,
    /// Field lines for the answer with their line ends, or nothing. Upgrade is among them where the answer needs it,
    /// Connection is not.
    pub fields: &'static [u8],
}

impl Refusal {
    const VERSION: Self = Self {
        status: 426,
        sentence: "This server speaks version 13 of the WebSocket protocol (RFC 6455 section 4.4).",
        fields: b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n",
    };
    const KEY_MISSING: Self =
        Self::bad("The WebSocket handshake has no Sec-WebSocket-Key (RFC 6455 section 4.2.1).");
    const KEY_DUPLICATE: Self =
        Self::bad("The WebSocket handshake has more than one Sec-WebSocket-Key (RFC 6455 section 11.3.1).");
    const KEY_INVALID: Self =
        Self::bad("Sec-WebSocket-Key is not the base64 of 16 bytes (RFC 6455 section 4.2.1).");
    const CONTENT: Self = Self::bad("The WebSocket handshake announces content (RFC 6455 section 4.1).");

    const fn bad(sentence: &'static str) -> Self {
        Self { status: 400, sentence, fields: b"" }
    }
}

/// Whether the request asks to become a WebSocket: a GET of HTTP/1.1 whose Upgrade names it, and whose Connection
/// names Upgrade. Any other is an ordinary request, whose Upgrade is ignored (RFC 9110 section 7.8).
pub fn is_handshake(head: &RequestHead<'_>) -> bool {
    head.upgrade
        && head.method == b"GET"
        && head.version == Version::Http11
        && values(&head.headers, "upgrade")
            .flat_map(list_members)
            .any(|protocol| protocol.eq_ignore_ascii_case(b"websocket"))
}

/// A handshake that keeps to the rules, and the answer's part that is not the application's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    accept: [u8; ACCEPT_BYTES],
    deflate: Option<Deflate>,
}

impl Handshake {
    /// Checks a request that [`is_handshake`]; `may_deflate` says whether permessage-deflate can be agreed on.
    ///
    /// Origin and Sec-WebSocket-Protocol are not looked at: they are the application's to judge.
    ///
    /// # Errors
    /// What must be answered in the place of a 101.
    pub fn check(head: &RequestHead<'_>, may_deflate: bool) -> Result<Self, Refusal> {
        let headers = &head.headers;
        // The version comes first: what else a handshake of another one holds is not known here.
        let mut versions = values(headers, "sec-websocket-version");
        if versions.next() != Some(b"13") || versions.next().is_some() {
            return Err(Refusal::VERSION);
        }
        let mut keys = values(headers, "sec-websocket-key");
        let key = keys.next().ok_or(Refusal::KEY_MISSING)?;
        if keys.next().is_some() {
            return Err(Refusal::KEY_DUPLICATE);
        }
        // The length first: a decoder's estimate of the room it needs is more than the nonce.
        let mut nonce = [0; NONCE_BYTES + 2];
        if key.len() != NONCE_BYTES.div_ceil(3) * 4 || KEYS.decode_slice(key, &mut nonce) != Ok(NONCE_BYTES) {
            return Err(Refusal::KEY_INVALID);
        }
        if !matches!(head.framing, BodyFraming::None | BodyFraming::Length(0)) {
            return Err(Refusal::CONTENT);
        }
        let deflate =
            if may_deflate { Deflate::negotiate(values(headers, "sec-websocket-extensions")) } else { None };
        Ok(Self { accept: accept(key), deflate })
    }

    /// The value of Sec-WebSocket-Accept.
    pub fn accept(&self) -> &[u8; ACCEPT_BYTES] {
        &self.accept
    }

    /// permessage-deflate, where it is agreed on; for [`super::Decoder::new`] and [`super::Encoder::new`].
    pub fn deflate(&self) -> Option<Deflate> {
        self.deflate
    }

    /// Appends the field lines of the 101 response that the protocol asks for (RFC 6455 section 4.2.2): Upgrade,
    /// Sec-WebSocket-Accept, and Sec-WebSocket-Extensions where there is one. Not Connection, which
    /// [`crate::h1::write_head`] writes.
    pub fn write_fields(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"Upgrade: websocket\r\nSec-WebSocket-Accept: ");
        out.extend_from_slice(&self.accept);
        if let Some(deflate) = self.deflate {
            out.extend_from_slice(b"\r\nSec-WebSocket-Extensions: ");
            deflate.write(out);
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// The values of all fields of this name.
fn values<'b>(headers: &Fields<'b>, name: &'static str) -> impl Iterator<Item = &'b [u8]> {
    headers
        .iter()
        .filter(move |field| field.name.eq_ignore_ascii_case(name.as_bytes()))
        .map(|field| field.value)
}

fn accept(key: &[u8]) -> [u8; ACCEPT_BYTES] {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    let mut accept = [0; ACCEPT_BYTES];
    STANDARD.encode_slice(hash.digest().bytes(), &mut accept).expect("a digest of 20 bytes has 28 in base64");
    accept
}
