//! The payloads: what stands inside each type of frame.
//!
//! A payload is read into a borrowed view after every length in it has been checked against the bytes that
//! are there; bytes left over are refused. Texts are bytes as HTTP has them: never assumed to be UTF-8 but
//! where this module says so.

use crate::frame::{
    ABOARD_BYTES_MAX, CLOSE_BYTES_MAX, FIELDS_MAX, LIMITS_BYTES, MESSAGE_BYTES_MAX, OPEN_BYTES_MAX,
    RULE_BYTES_MAX, TEXT_BYTES_MAX, Type,
};
use crate::{Violation, names};

/// Bytes of a REQUEST payload before its field table.
pub const REQUEST_FIXED_BYTES: usize = 24;
/// Bytes of one entry of the field table.
pub const FIELD_ENTRY_BYTES: usize = 4;
/// Bytes of a RESPONSE or INFORM payload before its text.
pub const RESPONSE_FIXED_BYTES: usize = 8;
/// Most bytes of one field's name.
pub const NAME_BYTES_MAX: usize = 255;
/// Most bytes of each of the two addresses in OPEN.
pub const ADDRESS_BYTES_MAX: usize = (OPEN_BYTES_MAX - 8) / 2;

/// The client asked for, or its version implies, a connection that stays open.
pub const REQUEST_KEEP_ALIVE: u8 = 0x01;
/// The client waits for a 100 (Continue) before it sends the body (RFC 9110 section 10.1.1).
pub const REQUEST_EXPECT_CONTINUE: u8 = 0x02;
/// The client offers another protocol (RFC 9110 section 7.8).
pub const REQUEST_UPGRADE: u8 = 0x04;
/// The request has a body, which may be empty in the end.
pub const REQUEST_BODY: u8 = 0x08;
/// The body's length was not announced (`Transfer-Encoding: chunked`, or HTTP/2 without Content-Length).
pub const REQUEST_UNSIZED: u8 = 0x10;
/// A WebSocket handshake that the front has checked (RFC 6455 section 4.2.1): ACCEPT or a RESPONSE answers it.
pub const REQUEST_WEBSOCKET: u8 = 0x20;
/// What is aboard is not the request's: it came behind its head, and is the tunnel's if TUNNEL answers it. Only on a
/// request without a body that [`RequestLine::may_tunnel`].
pub const REQUEST_AHEAD: u8 = 0x40;
const REQUEST_FLAGS: u8 = 0x7F;

/// HTTP's version as the protocol writes it: 10, 11 or 20.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum HttpVersion {
    /// HTTP/1.0
    Http10 = 10,
    /// HTTP/1.1
    Http11 = 11,
    /// HTTP/2
    Http2 = 20,
}

/// One field of a head: its name's id ([`names`]), its name in original case, its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<'b> {
    /// 0 if the name is not in the table.
    pub id: u8,
    /// The name as the client wrote it, 1..=255 bytes.
    pub name: &'b [u8],
    /// The value without the white space around it, at most 65,535 bytes.
    pub value: &'b [u8],
}

/// Everything of a request's head but its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLine<'b> {
    /// The client connection, announced before by an OPEN frame.
    pub connection: u32,
    /// The method as sent.
    pub method: &'b [u8],
    /// The version the client speaks.
    pub version: HttpVersion,
    /// `REQUEST_…` bits.
    pub flags: u8,
    /// The request target as the application sees it.
    pub target: &'b [u8],
    /// Where the path begins in the target: 0 but for the absolute form.
    pub path_start: u16,
    /// Bytes of the path, without the query and its question mark.
    pub path_length: u16,
    /// How many bytes of the path belong to the prefix the service is mounted at; 0 if it is not mounted.
    pub mount_length: u16,
}

impl RequestLine<'_> {
    /// Whether TUNNEL can answer the request: it offers an upgrade that the front does not serve itself, or its method
    /// is CONNECT.
    pub fn may_tunnel(&self) -> bool {
        self.flags & (REQUEST_UPGRADE | REQUEST_WEBSOCKET) == REQUEST_UPGRADE || self.method == b"CONNECT"
    }
}

/// Appends a REQUEST payload: the head and what has arrived of the body, or behind it ([`REQUEST_AHEAD`]).
///
/// # Errors
/// `TooLong` if a part exceeds what the format can carry. Nothing of use has been appended then; the caller
/// cuts `out` back.
pub fn encode_request<'b>(
    out: &mut Vec<u8>,
    line: &RequestLine<'b>,
    fields: impl Iterator<Item = Field<'b>> + Clone,
    body: &[u8],
) -> Result<(), TooLong> {
    let method_id = names::method_id(line.method);
    let method_text: &[u8] = if method_id == 0 { line.method } else { b"" };
    let method_length = u8::try_from(method_text.len()).map_err(|_| TooLong("method"))?;
    let target_length = u16::try_from(line.target.len()).map_err(|_| TooLong("request target"))?;
    if body.len() > ABOARD_BYTES_MAX {
        return Err(TooLong("body aboard the head"));
    }
    let fixed_at = out.len();
    let connection = line.connection.to_le_bytes();
    out.extend_from_slice(&connection);
    out.extend_from_slice(&[method_id, line.version as u8, 0, 0]);
    out.extend_from_slice(&target_length.to_le_bytes());
    out.extend_from_slice(&line.path_start.to_le_bytes());
    out.extend_from_slice(&line.path_length.to_le_bytes());
    out.extend_from_slice(&line.mount_length.to_le_bytes());
    out.extend_from_slice(&[method_length, line.flags & REQUEST_FLAGS, 0, 0, 0, 0, 0, 0]);

    let mut count = 0usize;
    for field in fields.clone() {
        let name_length = u8::try_from(field.name.len()).map_err(|_| TooLong("field name"))?;
        let [v0, v1] = u16::try_from(field.value.len()).map_err(|_| TooLong("field value"))?.to_le_bytes();
        out.extend_from_slice(&[field.id, name_length, v0, v1]);
        count += 1;
    }
    if count > FIELDS_MAX {
        return Err(TooLong("number of fields"));
    }
    let text_at = out.len();
    out.extend_from_slice(method_text);
    out.extend_from_slice(line.target);
    for field in fields {
        out.extend_from_slice(field.name);
        out.extend_from_slice(field.value);
    }
    let text_length = out.len() - text_at;
    if text_length > TEXT_BYTES_MAX {
        return Err(TooLong("head"));
    }
    out[fixed_at + 6..fixed_at + 8].copy_from_slice(&(count as u16).to_le_bytes());
    out[fixed_at + 20..fixed_at + 24].copy_from_slice(&(text_length as u32).to_le_bytes());
    out.extend_from_slice(body);
    Ok(())
}

/// A part of a message that does not fit the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the {0} is longer than the link can carry")]
pub struct TooLong(pub &'static str);

/// A response that the front would end the link for; it is refused before it leaves the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unsendable {
    /// A part of it is above the format's limit.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// The status is not one the message can have.
    #[error("the status {0} is not one of a response")]
    Status(u16),
}

/// A REQUEST payload, checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'b> {
    /// Everything but the fields.
    pub line: RequestLine<'b>,
    /// The method's id, 0 if it is not in the table.
    pub method_id: u8,
    /// The first bytes of the body, all of it where the frame ends the request; with [`REQUEST_AHEAD`] what came
    /// behind the head.
    pub body: &'b [u8],
    table: &'b [u8],
    text: &'b [u8],
}

impl<'b> Request<'b> {
    /// Reads a REQUEST payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] if its lengths do not add up or a number is outside its range.
    pub fn decode(payload: &'b [u8]) -> Result<Self, Violation> {
        let malformed = || Violation::Malformed { kind: Type::Request };
        let (fixed, rest) = payload.split_first_chunk::<REQUEST_FIXED_BYTES>().ok_or_else(malformed)?;
        let u16_at = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let u32_at = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let version = match fixed[5] {
            10 => HttpVersion::Http10,
            11 => HttpVersion::Http11,
            20 => HttpVersion::Http2,
            _ => return Err(malformed()),
        };
        let (method_id, method_length, flags) = (fixed[4], usize::from(fixed[16]), fixed[17]);
        let count = usize::from(u16_at(6));
        let text_length = u32_at(20) as usize;
        if count > FIELDS_MAX
            || text_length > TEXT_BYTES_MAX
            || flags & !REQUEST_FLAGS != 0
            || u16_at(18) != 0
        {
            return Err(malformed());
        }
        let (table, rest) = rest.split_at_checked(count * FIELD_ENTRY_BYTES).ok_or_else(malformed)?;
        let (text, body) = rest.split_at_checked(text_length).ok_or_else(malformed)?;
        if body.len() > ABOARD_BYTES_MAX {
            return Err(malformed());
        }
        let (method_text, text) = text.split_at_checked(method_length).ok_or_else(malformed)?;
        let method = match (method_id, method_text) {
            (0, []) => return Err(malformed()),
            (0, text) => text,
            (id, []) => names::method_of(id).ok_or_else(malformed)?.as_bytes(),
            _ => return Err(malformed()),
        };
        let (target, text) = text.split_at_checked(usize::from(u16_at(8))).ok_or_else(malformed)?;
        let (path_start, path_length, mount_length) = (u16_at(10), u16_at(12), u16_at(14));
        if usize::from(path_start) + usize::from(path_length) > target.len() || mount_length > path_length {
            return Err(malformed());
        }
        let mut fields_length = 0;
        for entry in table.chunks_exact(FIELD_ENTRY_BYTES) {
            if entry[1] == 0 || (entry[0] != 0 && names::name_of(entry[0]).is_none()) {
                return Err(malformed());
            }
            fields_length += usize::from(entry[1]) + usize::from(u16::from_le_bytes([entry[2], entry[3]]));
        }
        if fields_length != text.len() {
            return Err(malformed());
        }
        let connection = u32_at(0);
        let line =
            RequestLine { connection, method, version, flags, target, path_start, path_length, mount_length };
        if flags & REQUEST_AHEAD != 0 && (flags & REQUEST_BODY != 0 || !line.may_tunnel()) {
            return Err(malformed());
        }
        Ok(Self { line, method_id, body, table, text })
    }

    /// The fields in the order the client sent them.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Field<'b>> + use<'b> {
        let mut text = self.text;
        self.table.chunks_exact(FIELD_ENTRY_BYTES).map(move |entry| {
            let name;
            let value;
            (name, text) = text.split_at(usize::from(entry[1]));
            (value, text) = text.split_at(usize::from(u16::from_le_bytes([entry[2], entry[3]])));
            Field { id: entry[0], name, value }
        })
    }

    /// The path of the target, percent-encoded as sent, without the query. It is never empty: a target without a path
    /// means `/` (RFC 9110 section 4.2.3).
    pub fn path(&self) -> &'b [u8] {
        if self.line.path_length == 0 {
            return b"/";
        }
        let start = usize::from(self.line.path_start);
        &self.line.target[start..start + usize::from(self.line.path_length)]
    }

    /// The query without its question mark, empty if there is none.
    pub fn query(&self) -> &'b [u8] {
        let path_end = usize::from(self.line.path_start) + usize::from(self.line.path_length);
        self.line.target.get(path_end + 1..).unwrap_or_default()
    }
}

/// True for a status that INFORM can have: 1xx, but 101 ends the exchange (RFC 9110 section 15.2.2).
pub const fn is_interim(status: u16) -> bool {
    matches!(status, 100 | 102..=199)
}

/// True for a status that RESPONSE can have.
pub const fn is_final(status: u16) -> bool {
    matches!(status, 200..=999)
}

/// A RESPONSE or INFORM payload.
///
/// `fields` is text as HTTP/1.1 writes it, `name: value\r\n` for each field and no empty line after them. Its
/// syntax is the front's to check, like any bytes a worker sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'b> {
    /// [`is_interim`] in INFORM, [`is_final`] in RESPONSE.
    pub status: u16,
    /// The field lines.
    pub fields: &'b [u8],
    /// The first bytes of the body; all of it where the frame ends the response. Empty in INFORM.
    pub body: &'b [u8],
}

impl<'b> Response<'b> {
    /// Appends the payload's fixed part for `fields_length` bytes of field lines; the lines and the body
    /// follow by appending to `out`.
    ///
    /// The caller keeps to [`TEXT_BYTES_MAX`] and [`ABOARD_BYTES_MAX`].
    pub fn encode_fixed(out: &mut Vec<u8>, status: u16, fields_length: usize) {
        out.extend_from_slice(&status.to_le_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&(fields_length as u32).to_le_bytes());
    }

    /// Reads a RESPONSE payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] if its lengths do not add up or the status is not that of a final response.
    pub fn decode(payload: &'b [u8]) -> Result<Self, Violation> {
        Self::decode_parts(payload)
            .filter(|response| is_final(response.status))
            .filter(|response| response.body.len() <= ABOARD_BYTES_MAX)
            .ok_or(Violation::Malformed { kind: Type::Response })
    }

    /// Reads an INFORM payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] if its lengths do not add up or the status is not [`is_interim`].
    pub fn decode_inform(payload: &'b [u8]) -> Result<Self, Violation> {
        Self::decode_parts(payload)
            .filter(|response| is_interim(response.status) && response.body.is_empty())
            .ok_or(Violation::Malformed { kind: Type::Inform })
    }

    fn decode_parts(payload: &'b [u8]) -> Option<Self> {
        let (fixed, rest) = payload.split_first_chunk::<RESPONSE_FIXED_BYTES>()?;
        let [s0, s1, z0, z1, f0, f1, f2, f3] = *fixed;
        let fields_length = u32::from_le_bytes([f0, f1, f2, f3]) as usize;
        if z0 != 0 || z1 != 0 || fields_length > TEXT_BYTES_MAX {
            return None;
        }
        let (fields, body) = rest.split_at_checked(fields_length)?;
        Some(Self { status: u16::from_le_bytes([s0, s1]), fields, body })
    }
}

/// Why a stream ends before its time. The numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CancelReason {
    /// The client went away.
    ClientGone = 1,
    /// A time limit of the front was reached.
    TimedOut = 2,
    /// The server is stopping and the grace period is over.
    ShuttingDown = 3,
    /// The application failed, or destroyed the exchange itself.
    AppFailed = 4,
    /// The front refused what the application or the client sent.
    Refused = 5,
    /// Only the worker's acknowledgement of a CANCEL.
    Acknowledged = 6,
    /// The application resets the connection: its client is to see an error and not an end.
    Reset = 7,
    /// The client has ended its side of the connection, and may still read what is answered.
    ClientEnded = 8,
}

impl CancelReason {
    /// The reason of a number of this revision.
    pub const fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::ClientGone,
            2 => Self::TimedOut,
            3 => Self::ShuttingDown,
            4 => Self::AppFailed,
            5 => Self::Refused,
            6 => Self::Acknowledged,
            7 => Self::Reset,
            8 => Self::ClientEnded,
            _ => return None,
        })
    }

    /// Reads a CANCEL payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] for anything but one known number.
    pub fn decode(payload: &[u8]) -> Result<Self, Violation> {
        match payload {
            [number] => Self::from_number(*number),
            _ => None,
        }
        .ok_or(Violation::Malformed { kind: Type::Cancel })
    }
}

/// A CLOSE payload: why a WebSocket ends.
///
/// ```text
///  u16 code · reason, UTF-8
/// ```
/// 1005 is a close frame without a code, 1006 a connection that ended without one (RFC 6455 section 7.4.1). Neither comes
/// from a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Close<'b> {
    /// The status code.
    pub code: u16,
    /// The reason, at most [`Self::REASON_BYTES_MAX`] bytes.
    pub reason: &'b str,
}

impl<'b> Close<'b> {
    /// Most bytes of a reason.
    pub const REASON_BYTES_MAX: usize = CLOSE_BYTES_MAX - 2;

    /// With a reason that is cut where it is too long.
    pub fn new(code: u16, reason: &'b str) -> Self {
        Self { code, reason: &reason[..reason.floor_char_boundary(Self::REASON_BYTES_MAX)] }
    }

    /// True for a code that an endpoint may send: registered ones that are not kept for what has no close frame, and those
    /// of libraries and applications (RFC 6455 section 7.4.2).
    pub const fn is_sendable(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.code.to_le_bytes());
        out.extend_from_slice(Self::new(self.code, self.reason).reason.as_bytes());
    }

    /// Reads a CLOSE payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] without a code, with one that no close has, or with a reason that is not UTF-8.
    pub fn decode(payload: &'b [u8]) -> Result<Self, Violation> {
        let malformed = || Violation::Malformed { kind: Type::Close };
        let (code, reason) = payload.split_first_chunk::<2>().ok_or_else(malformed)?;
        let code = u16::from_le_bytes(*code);
        if !Self::is_sendable(code) && !matches!(code, 1005 | 1006) {
            return Err(malformed());
        }
        Ok(Self { code, reason: str::from_utf8(reason).map_err(|_| malformed())? })
    }
}

/// An OPEN payload: the ends of a client connection.
///
/// ```text
///  u8 flags (1 = TLS) · u8 reserved · u16 peer port · u16 local port · u8 peer length · u8 local length
///  peer text · local text
/// ```
/// The texts are IP addresses in their usual form. A local port of 0 is a Unix socket: the local end is its path,
/// and the peer is empty unless a proxy named the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open<'b> {
    /// The client speaks TLS, to the front or to a proxy before it.
    pub tls: bool,
    /// The client's address, empty on a Unix socket and no proxy named it.
    pub peer: &'b str,
    /// The client's port, 0 where it is not known.
    pub peer_port: u16,
    /// The listener's address or path.
    pub local: &'b str,
    /// The listener's port, 0 on a Unix socket.
    pub local_port: u16,
}

impl<'b> Open<'b> {
    /// Appends the payload. Texts above [`ADDRESS_BYTES_MAX`] are cut: no address is as long.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let cut = |text: &'b str| &text.as_bytes()[..text.floor_char_boundary(ADDRESS_BYTES_MAX)];
        let (peer, local) = (cut(self.peer), cut(self.local));
        out.extend_from_slice(&[u8::from(self.tls), 0]);
        out.extend_from_slice(&self.peer_port.to_le_bytes());
        out.extend_from_slice(&self.local_port.to_le_bytes());
        out.extend_from_slice(&[peer.len() as u8, local.len() as u8]);
        out.extend_from_slice(peer);
        out.extend_from_slice(local);
    }

    /// Reads an OPEN payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] if its lengths do not add up or a text is not UTF-8.
    pub fn decode(payload: &'b [u8]) -> Result<Self, Violation> {
        let malformed = || Violation::Malformed { kind: Type::Open };
        let (fixed, rest) = payload.split_first_chunk::<8>().ok_or_else(malformed)?;
        let [flags, reserved, p0, p1, l0, l1, peer_length, local_length] = *fixed;
        if flags > 1 || reserved != 0 || rest.len() != usize::from(peer_length) + usize::from(local_length) {
            return Err(malformed());
        }
        let (peer, local) = rest.split_at(usize::from(peer_length));
        Ok(Self {
            tls: flags == 1,
            peer: str::from_utf8(peer).map_err(|_| malformed())?,
            peer_port: u16::from_le_bytes([p0, p1]),
            local: str::from_utf8(local).map_err(|_| malformed())?,
            local_port: u16::from_le_bytes([l0, l1]),
        })
    }
}

/// A FAULT payload: what a client has sent in the place of a request, or has failed to send in time.
///
/// ```text
///  u32 connection · u8 length of the rule's name · 3 reserved · name of the rule · bytes
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault<'b> {
    /// The connection, announced before by OPEN.
    pub connection: u32,
    /// The rule it breaks, by the name the front has for it: ASCII, at most [`RULE_BYTES_MAX`].
    pub rule: &'b str,
    /// What came, for those who log it: nobody parses it. At most [`ABOARD_BYTES_MAX`].
    pub bytes: &'b [u8],
}

impl<'b> Fault<'b> {
    /// Appends the payload. What is too long is cut.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let rule = &self.rule.as_bytes()[..self.rule.floor_char_boundary(RULE_BYTES_MAX)];
        out.extend_from_slice(&self.connection.to_le_bytes());
        out.extend_from_slice(&[rule.len() as u8, 0, 0, 0]);
        out.extend_from_slice(rule);
        out.extend_from_slice(&self.bytes[..self.bytes.len().min(ABOARD_BYTES_MAX)]);
    }

    /// Reads a FAULT payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] without the name of a rule.
    pub fn decode(payload: &'b [u8]) -> Result<Self, Violation> {
        let malformed = || Violation::Malformed { kind: Type::Fault };
        let (fixed, rest) = payload.split_first_chunk::<8>().ok_or_else(malformed)?;
        let [c0, c1, c2, c3, length, reserved @ ..] = *fixed;
        let (rule, bytes) = rest.split_at_checked(length.into()).ok_or_else(malformed)?;
        let is_name = (1..=RULE_BYTES_MAX).contains(&rule.len()) && rule.is_ascii();
        if reserved != [0; 3] || !is_name || bytes.len() > ABOARD_BYTES_MAX {
            return Err(malformed());
        }
        let rule = str::from_utf8(rule).map_err(|_| malformed())?;
        Ok(Self { connection: u32::from_le_bytes([c0, c1, c2, c3]), rule, bytes })
    }
}

/// A LIMITS payload: two u32. 0 leaves a limit to the front, whose own hold besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// From a request's first byte to the end of its head.
    pub head_ms: u32,
    /// From a request's first byte to the end of its body.
    pub request_ms: u32,
}

impl Limits {
    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        for limit in [self.head_ms, self.request_ms] {
            out.extend_from_slice(&limit.to_le_bytes());
        }
    }

    /// Reads a LIMITS payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] if it has another length.
    pub fn decode(payload: &[u8]) -> Result<Self, Violation> {
        let bytes: &[u8; LIMITS_BYTES] =
            payload.try_into().map_err(|_| Violation::Malformed { kind: Type::Limits })?;
        let at = |start: usize| {
            u32::from_le_bytes([bytes[start], bytes[start + 1], bytes[start + 2], bytes[start + 3]])
        };
        Ok(Self { head_ms: at(0), request_ms: at(4) })
    }
}

/// How a worker runs its application. The numbers are the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Interface {
    /// ASGI 3 (Python).
    Asgi = 1,
    /// WSGI, PEP 3333 (Python).
    Wsgi = 2,
    /// An `http` server (Node).
    Http = 3,
    /// `export default { fetch }` (Node).
    Fetch = 4,
    /// No application: functions for others to call, and nothing that takes requests.
    Functions = 5,
}

/// A READY payload: one byte for the interface, then a UTF-8 line about the runtime (`CPython 3.11.7, uvloop 0.21.0`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ready<'b> {
    /// How the application is run.
    pub interface: Interface,
    /// For the log.
    pub runtime: &'b str,
}

impl<'b> Ready<'b> {
    /// Appends the payload. A line that would not fit is cut.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.interface as u8);
        let runtime_length = self.runtime.floor_char_boundary(MESSAGE_BYTES_MAX - 1);
        out.extend_from_slice(&self.runtime.as_bytes()[..runtime_length]);
    }

    /// Reads a READY payload.
    ///
    /// # Errors
    /// [`Violation::Malformed`] for an unknown interface or text that is not UTF-8.
    pub fn decode(payload: &'b [u8]) -> Result<Self, Violation> {
        let malformed = || Violation::Malformed { kind: Type::Ready };
        let (&number, text) = payload.split_first().ok_or_else(malformed)?;
        let interface = match number {
            1 => Interface::Asgi,
            2 => Interface::Wsgi,
            3 => Interface::Http,
            4 => Interface::Fetch,
            5 => Interface::Functions,
            _ => return Err(malformed()),
        };
        Ok(Self { interface, runtime: str::from_utf8(text).map_err(|_| malformed())? })
    }
}

/// Reads a CREDIT payload: bytes, at least one.
///
/// # Errors
/// [`Violation::Malformed`] for anything but a number above 0.
pub fn decode_credit(payload: &[u8]) -> Result<u32, Violation> {
    match payload.try_into().map(u32::from_le_bytes) {
        Ok(bytes) if bytes > 0 => Ok(bytes),
        _ => Err(Violation::Malformed { kind: Type::Credit }),
    }
}
