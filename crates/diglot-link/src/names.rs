//! Field names and methods that travel as one byte.
//!
//! A worker builds the same few name objects for every request. An id lets it take them from a table made
//! once (interned strings in JavaScript, cached `bytes` in Python). The name's text travels all the same,
//! because applications may see its original case.
//!
//! The tables belong to the protocol revision: entries are only ever appended.

/// Lowercase field names; the id of a name is its position plus one, 0 means "not in the table".
pub const NAMES: [&str; 88] = [
    "host",
    "connection",
    "user-agent",
    "accept",
    "accept-encoding",
    "accept-language",
    "accept-charset",
    "accept-ranges",
    "content-type",
    "content-length",
    "content-encoding",
    "content-language",
    "content-disposition",
    "content-location",
    "content-range",
    "transfer-encoding",
    "te",
    "trailer",
    "expect",
    "upgrade",
    "upgrade-insecure-requests",
    "cookie",
    "authorization",
    "proxy-authorization",
    "origin",
    "referer",
    "range",
    "cache-control",
    "pragma",
    "date",
    "via",
    "from",
    "dnt",
    "priority",
    "if-match",
    "if-none-match",
    "if-modified-since",
    "if-unmodified-since",
    "if-range",
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-real-ip",
    "x-request-id",
    "x-correlation-id",
    "x-requested-with",
    "x-csrf-token",
    "x-csrftoken",
    "x-xsrf-token",
    "x-api-key",
    "x-auth-token",
    "x-http-method-override",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "traceparent",
    "tracestate",
    "baggage",
    "idempotency-key",
    "last-event-id",
    "sec-fetch-site",
    "sec-fetch-mode",
    "sec-fetch-user",
    "sec-fetch-dest",
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-gpc",
    "sec-purpose",
    "sec-websocket-key",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "access-control-request-method",
    "access-control-request-headers",
    "save-data",
    "keep-alive",
    "proxy-connection",
    "purpose",
    "max-forwards",
];

/// Methods; the id of a method is its position plus one, 0 means "spelt out in the text".
pub const METHODS: [&str; 9] =
    ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/// Bits of the hash that chooses a bucket.
const BUCKET_BITS: u32 = 10;
const BUCKETS: usize = 1 << BUCKET_BITS;
/// Collisions a bucket can hold; checked when the table is built, at compile time.
const BUCKET_DEPTH: usize = 3;

static TABLE: [[u8; BUCKET_DEPTH]; BUCKETS] = build_table();

/// Mixes length, first, middle and last byte: enough to spread the table, and cheap for names that are not in it.
const fn bucket(name: &[u8]) -> usize {
    let length = name.len();
    let first = (name[0] | 0x20) as u32;
    let middle = (name[length / 2] | 0x20) as u32;
    let last = (name[length - 1] | 0x20) as u32;
    let mixed = first
        .wrapping_mul(0x9E37_79B1)
        .wrapping_add(middle.wrapping_mul(0x85EB_CA77))
        .wrapping_add(last.wrapping_mul(0xC2B2_AE3D))
        .wrapping_add((length as u32).wrapping_mul(0x27D4_EB2F));
    (mixed >> (32 - BUCKET_BITS)) as usize
}

const fn build_table() -> [[u8; BUCKET_DEPTH]; BUCKETS] {
    let mut table = [[0u8; BUCKET_DEPTH]; BUCKETS];
    let mut index = 0;
    while index < NAMES.len() {
        let chosen = bucket(NAMES[index].as_bytes());
        let mut depth = 0;
        while table[chosen][depth] != 0 {
            depth += 1;
        }
        table[chosen][depth] = index as u8 + 1;
        index += 1;
    }
    table
}

/// The id of a field name in any case, 0 if the table has none.
#[inline]
pub fn id_of(name: &[u8]) -> u8 {
    if name.is_empty() {
        return 0;
    }
    for &id in &TABLE[bucket(name)] {
        if id == 0 {
            return 0;
        }
        if NAMES[usize::from(id) - 1].as_bytes().eq_ignore_ascii_case(name) {
            return id;
        }
    }
    0
}

/// The id of a name the table has, looked up while compiling; one that it lacks is a compile error.
pub const fn id(name: &str) -> u8 {
    let mut index = 0;
    while index < NAMES.len() {
        if equal(NAMES[index].as_bytes(), name.as_bytes()) {
            return index as u8 + 1;
        }
        index += 1;
    }
    panic!("the table lacks this name")
}

const fn equal(one: &[u8], two: &[u8]) -> bool {
    if one.len() != two.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != two[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The lowercase name of an id; `None` for 0 and for ids this revision does not know.
#[inline]
pub fn name_of(id: u8) -> Option<&'static str> {
    usize::from(id).checked_sub(1).and_then(|index| NAMES.get(index)).copied()
}

/// The id of a method (case-sensitive, RFC 9110 section 9.1), 0 if the table has none.
#[inline]
pub fn method_id(method: &[u8]) -> u8 {
    match method {
        b"GET" => 1,
        b"HEAD" => 2,
        b"POST" => 3,
        b"PUT" => 4,
        b"DELETE" => 5,
        b"CONNECT" => 6,
        b"OPTIONS" => 7,
        b"TRACE" => 8,
        b"PATCH" => 9,
        _ => 0,
    }
}

/// The method of an id; `None` for 0 and for ids this revision does not know.
#[inline]
pub fn method_of(id: u8) -> Option<&'static str> {
    usize::from(id).checked_sub(1).and_then(|index| METHODS.get(index)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case() {
        for (index, name) in NAMES.iter().enumerate() {
            let id = index as u8 + 1;
            assert_eq!(id_of(name.as_bytes()), id, "{name}");
            assert_eq!(id_of(name.to_uppercase().as_bytes()), id, "{name}");
            assert_eq!(name_of(id), Some(*name));
        }
    }

    #[test]
    fn other_names_have_no_id() {
        for name in ["", "x", "hosts", "x-forwarded", "__proto__", "content-lengthy"] {
            assert_eq!(id_of(name.as_bytes()), 0, "{name}");
        }
        assert_eq!(name_of(0), None);
        assert_eq!(name_of(255), None);
    }

    #[test]
    fn methods_round_trip_and_are_case_sensitive() {
        for (index, method) in METHODS.iter().enumerate() {
            assert_eq!(method_id(method.as_bytes()), index as u8 + 1);
            assert_eq!(method_of(index as u8 + 1), Some(*method));
        }
        assert_eq!(method_id(b"get"), 0);
        assert_eq!(method_of(0), None);
    }
}
