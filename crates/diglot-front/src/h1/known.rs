//! The field names the codec itself acts on, by their ids in the link's table, and the groups they form.

use diglot_link::names::id;

pub(super) const HOST: u8 = id("host");
pub(super) const CONNECTION: u8 = id("connection");
pub(super) const CONTENT_LENGTH: u8 = id("content-length");
pub(super) const TRANSFER_ENCODING: u8 = id("transfer-encoding");
pub(super) const EXPECT: u8 = id("expect");
pub(super) const UPGRADE: u8 = id("upgrade");
pub(super) const DATE: u8 = id("date");
pub(super) const KEEP_ALIVE: u8 = id("keep-alive");
pub(super) const PROXY_CONNECTION: u8 = id("proxy-connection");
pub(super) const X_FORWARDED_FOR: u8 = id("x-forwarded-for");
pub(super) const X_FORWARDED_PROTO: u8 = id("x-forwarded-proto");

/// Fields of one connection, which no intermediary passes on (RFC 9110 section 7.6.1). Those that Connection
/// names come on top.
pub(super) const fn is_hop_by_hop(id: u8) -> bool {
    matches!(id, CONNECTION | KEEP_ALIVE | TRANSFER_ENCODING | UPGRADE | PROXY_CONNECTION)
}

/// Names that RFC 9110 section 6.5.1 keeps out of trailers, for they decide framing, routing, access, how a
/// request is to be processed or how content is to be read.
const NEVER_IN_TRAILERS: [&str; 39] = [
    "age",
    "authorization",
    "cache-control",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "keep-alive",
    "location",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authentication-info",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "warning",
    "www-authenticate",
    "x-forwarded-for",
    "x-forwarded-host",
    "forwarded",
];

/// Whether a trailer section must not hold the field.
pub(super) fn is_forbidden_in_trailers(name: &[u8]) -> bool {
    NEVER_IN_TRAILERS.iter().any(|forbidden| forbidden.as_bytes().eq_ignore_ascii_case(name))
}
