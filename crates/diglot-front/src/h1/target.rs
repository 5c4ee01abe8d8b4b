//! The request target (RFC 9112 section 3.2): which of its four forms it has, its parts, and the checks a
//! path must pass before anybody routes by it.

use super::authority;
use super::rule::Rule;

/// The four forms of RFC 9112 section 3.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetForm {
    /// `/path?query`.
    Origin,
    /// `http://host/path?query`, as proxies send it; every server must accept it.
    Absolute,
    /// `*`, of OPTIONS only.
    Asterisk,
    /// `host:port`, of CONNECT only.
    Authority,
}

/// A target's parts, as positions in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) form: TargetForm,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Range of the path; empty for `*` and `host:port`, and where an absolute form has none.
    pub(super) path: (u32, u32),
    /// Start of the query, behind its `?`; it reaches to the target's end.
    pub(super) query: Option<u32>,
    /// Range of the authority in absolute and authority form.
    pub(super) authority: Option<(u32, u32)>,
    /// Port that a missing one stands for.
    pub(super) default_port: u32,
}

/// Splits and checks the target at `start..end`, all of it visible ASCII and not empty.
#[inline]
pub(super) fn parse(bytes: &[u8], method: &[u8], start: usize, end: usize) -> Result<Target, Rule> {
    let target = &bytes[start..end];
    let mut parts = Target {
        form: TargetForm::Origin,
        start: start as u32,
        end: end as u32,
        path: (start as u32, start as u32),
        query: None,
        authority: None,
        default_port: 80,
    };
    let path_start = if target.first() == Some(&b'/') && method != b"CONNECT" {
        start
    } else {
        match other_form(&mut parts, target, method)? {
            Some(path_start) => path_start,
            None => return Ok(parts),
        }
    };
    let rest = &bytes[path_start..end];
    let path_bytes = memchr::memchr2(b'?', b'#', rest).unwrap_or(rest.len());
    if rest.get(path_bytes) == Some(&b'?') {
        if memchr::memchr(b'#', &rest[path_bytes..]).is_some() {
            return Err(Rule::TargetFragment);
        }
        parts.query = Some((path_start + path_bytes + 1) as u32);
    } else if path_bytes < rest.len() {
        return Err(Rule::TargetFragment);
    }
    check_path(&rest[..path_bytes])?;
    parts.path = (path_start as u32, (path_start + path_bytes) as u32);
    Ok(parts)
}

/// The three forms that do not begin with `/`; returns where the path of an absolute form begins.
#[cold]
fn other_form(parts: &mut Target, target: &[u8], method: &[u8]) -> Result<Option<usize>, Rule> {
    let start = parts.start as usize;
    if method == b"CONNECT" {
        let checked = authority::check(target).map_err(|rule| match rule {
            Rule::HostUserinfo => rule,
            _ => Rule::TargetForm,
        })?;
        // A tunnel has no default port (RFC 9110 section 9.3.6).
        checked.port.ok_or(Rule::TargetForm)?;
        parts.form = TargetForm::Authority;
        parts.authority = Some((parts.start, parts.end));
        return Ok(None);
    }
    if target == b"*" {
        parts.form = TargetForm::Asterisk;
        return if method == b"OPTIONS" { Ok(None) } else { Err(Rule::TargetForm) };
    }
    let scheme_bytes = memchr::memmem::find(target, b"://").ok_or(Rule::TargetForm)?;
    let scheme = &target[..scheme_bytes];
    parts.default_port = if scheme.eq_ignore_ascii_case(b"http") {
        80
    } else if scheme.eq_ignore_ascii_case(b"https") {
        443
    } else {
        return Err(Rule::TargetScheme);
    };
    let rest = &target[scheme_bytes + 3..];
    let authority_bytes =
        rest.iter().position(|byte| matches!(byte, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    authority::check(&rest[..authority_bytes])?;
    let authority_start = start + scheme_bytes + 3;
    parts.form = TargetForm::Absolute;
    parts.authority = Some((authority_start as u32, (authority_start + authority_bytes) as u32));
    Ok(Some(authority_start + authority_bytes))
}

/// Refuses paths that a second reader could understand as another path: dot segments in any mix of plain and
/// encoded bytes, backslashes, NUL, and overlong UTF-8, which a careless decoder turns into dots and slashes.
/// An encoded slash or backslash divides segments for this check alone, because an application that decodes
/// the path sees the segment behind it; for routing it divides nothing.
#[inline]
pub(super) fn check_path(path: &[u8]) -> Result<(), Rule> {
    let suspicious = path.iter().fold(false, |found, &b| found | (b == b'%') | (b == b'\\') | (b == b'.'));
    if suspicious { check_suspicious_path(path) } else { Ok(()) }
}

fn check_suspicious_path(path: &[u8]) -> Result<(), Rule> {
    let mut segment = Segment::default();
    let mut at = 0;
    while let Some((byte, encoded, width)) = decoded(&path[at..]) {
        match byte {
            b'\\' if !encoded => return Err(Rule::PathBackslash),
            0 => return Err(Rule::PathNul),
            b'/' | b'\\' => segment.end()?,
            _ => {
                if encoded && is_overlong(byte, decoded(&path[at + width..])) {
                    return Err(Rule::PathOverlong);
                }
                segment.push(byte);
            }
        }
        at += width;
    }
    segment.end()
}

/// What one segment holds, as far as it matters: nothing, dots alone, or something else.
#[derive(Default)]
struct Segment {
    dots: usize,
    other: bool,
}

impl Segment {
    fn push(&mut self, byte: u8) {
        if byte == b'.' {
            self.dots += 1;
        } else {
            self.other = true;
        }
    }

    fn end(&mut self) -> Result<(), Rule> {
        let ended = std::mem::take(self);
        if !ended.other && matches!(ended.dots, 1 | 2) { Err(Rule::PathDotSegment) } else { Ok(()) }
    }
}

/// The first byte of `rest` after percent-decoding, whether it was encoded, and how many bytes it takes.
/// A `%` without two hexadecimal digits stands for itself: browsers send it so, and no decoder reads it.
fn decoded(rest: &[u8]) -> Option<(u8, bool, usize)> {
    let hex = |digit: u8| (digit as char).to_digit(16).map(|value| value as u8);
    match *rest {
        [] => None,
        [b'%', high, low, ..] => match (hex(high), hex(low)) {
            (Some(high), Some(low)) => Some((high << 4 | low, true, 3)),
            _ => Some((b'%', false, 1)),
        },
        [byte, ..] => Some((byte, false, 1)),
    }
}

/// Whether an encoded `lead` byte with the encoded byte after it begins a UTF-8 sequence longer than needed.
fn is_overlong(lead: u8, next: Option<(u8, bool, usize)>) -> bool {
    let Some((next, true, _)) = next else { return false };
    match lead {
        0xc0 | 0xc1 => matches!(next, 0x80..=0xbf),
        0xe0 => matches!(next, 0x80..=0x9f),
        0xf0 => matches!(next, 0x80..=0x8f),
        0xf8 => matches!(next, 0x80..=0x87),
        0xfc => matches!(next, 0x80..=0x83),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_nobody_misreads_pass() {
        for path in [
            "/",
            "//",
            "/a//b/",
            "/a.b/.c/..d/...",
            "/..;/x",
            "/.../",
            "/%2e%2e%2e",
            "/a%2Fb",
            "/100%",
            "/%",
            "/%2",
            "/%zz",
            "/%u002e",
            "/caf%E9",
            "/%C3%A9",
            "/%e2%82%ac",
            "/%c0",
            "/%c0x",
            "/%25%32%65",
            "/%252e%252e/",
            "/a:b@c;d=e,f",
            "/|^`{}<>\"",
            "/%5c",
            "/x%5cy",
        ] {
            assert_eq!(check_path(path.as_bytes()), Ok(()), "{path}");
        }
    }

    #[test]
    fn paths_with_two_readings_are_rejected() {
        use Rule::*;
        for (path, rule) in [
            ("/.", PathDotSegment),
            ("/..", PathDotSegment),
            ("/a/./b", PathDotSegment),
            ("/a/../b", PathDotSegment),
            ("/%2e", PathDotSegment),
            ("/%2E%2e/", PathDotSegment),
            ("/.%2e/x", PathDotSegment),
            ("/%2e./x", PathDotSegment),
            ("/a/..%2fb", PathDotSegment),
            ("/a%2f..", PathDotSegment),
            ("/a%5C..%5Cb", PathDotSegment),
            ("/a\\b", PathBackslash),
            ("/..\\b", PathBackslash),
            ("/%00", PathNul),
            ("/a%00.png", PathNul),
            ("/%c0%ae%c0%ae/", PathOverlong),
            ("/%C1%9c", PathOverlong),
            ("/%e0%80%ae", PathOverlong),
            ("/%f0%80%80%af", PathOverlong),
            ("/%f8%80%80%80%ae", PathOverlong),
            ("/%fc%80%80%80%80%ae", PathOverlong),
        ] {
            assert_eq!(check_path(path.as_bytes()), Err(rule), "{path}");
        }
    }
}
