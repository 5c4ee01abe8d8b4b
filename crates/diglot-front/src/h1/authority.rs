//! `host [":" port]` (RFC 9110 section 7.2, RFC 3986 section 3.2.2), strictly.

use std::net::Ipv6Addr;

use super::rule::Rule;

/// A checked authority, split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Authority<'b> {
    pub(super) host: &'b [u8],
    /// Digits of the port; `None` where there is none or it is empty, which both mean the scheme's default.
    pub(super) port: Option<&'b [u8]>,
}

/// What RFC 3986 calls `reg-name` without percent-encoding: `unreserved` and `sub-delims`.
static REGISTERED_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'-' | b'.'
                    | b'_'
                    | b'~'
                    | b'!'
                    | b'$'
                    | b'&'
                    | b'\''
                    | b'('
                    | b')'
                    | b'*'
                    | b'+'
                    | b','
                    | b';'
                    | b'='
            );
        byte += 1;
    }
    table
};

/// Checks an authority. User information has a rule of its own: it is how a URL is made to look like
/// another host's.
pub(super) fn check(authority: &[u8]) -> Result<Authority<'_>, Rule> {
    let host_end = if authority.first() == Some(&b'[') {
        let close = memchr::memchr(b']', authority).ok_or(Rule::HostInvalid)?;
        let address = std::str::from_utf8(&authority[1..close]).map_err(|_| Rule::HostInvalid)?;
        address.parse::<Ipv6Addr>().map_err(|_| Rule::HostInvalid)?;
        close + 1
    } else {
        name_end(authority)?
    };
    let (host, rest) = authority.split_at(host_end);
    match rest {
        _ if host.is_empty() => Err(Rule::HostInvalid),
        [] | [b':'] => Ok(Authority { host, port: None }),
        [b':', port @ ..] => {
            check_port(port)?;
            Ok(Authority { host, port: Some(port) })
        }
        _ if rest.contains(&b'@') => Err(Rule::HostUserinfo),
        _ => Err(Rule::HostInvalid),
    }
}

/// End of a registered name; its percent-encodings are whole ones.
fn name_end(authority: &[u8]) -> Result<usize, Rule> {
    let mut at = 0;
    while let Some(&byte) = authority.get(at) {
        if REGISTERED_NAME[byte as usize] {
            at += 1;
        } else if byte == b'%' && is_encoded(&authority[at..]) {
            at += 3;
        } else {
            break;
        }
    }
    match authority.get(at) {
        None | Some(b':') => Ok(at),
        Some(_) if authority.contains(&b'@') => Err(Rule::HostUserinfo),
        Some(_) => Err(Rule::HostInvalid),
    }
}

fn is_encoded(rest: &[u8]) -> bool {
    matches!(rest, [b'%', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit())
}

fn check_port(port: &[u8]) -> Result<(), Rule> {
    if port.contains(&b'@') {
        return Err(Rule::HostUserinfo);
    }
    let mut number = 0u32;
    for &byte in port {
        if !byte.is_ascii_digit() {
            return Err(Rule::HostInvalid);
        }
        number = number * 10 + u32::from(byte - b'0');
        if number > u32::from(u16::MAX) {
            return Err(Rule::HostInvalid);
        }
    }
    Ok(())
}

impl Authority<'_> {
    /// Whether both name the same origin under a scheme with `default_port`: hosts have no case, and a
    /// missing port is the scheme's.
    pub(super) fn matches(&self, other: &Authority<'_>, default_port: u32) -> bool {
        self.host.eq_ignore_ascii_case(other.host)
            && self.port_number(default_port) == other.port_number(default_port)
    }

    fn port_number(&self, default_port: u32) -> u32 {
        self.port.map_or(default_port, |digits| {
            digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_and_addresses() {
        for (text, host, port) in [
            ("example.com", "example.com", None),
            ("example.com:", "example.com", None),
            ("EXAMPLE.com:8080", "EXAMPLE.com", Some("8080")),
            ("127.0.0.1:00080", "127.0.0.1", Some("00080")),
            ("[::1]:65535", "[::1]", Some("65535")),
            ("[::ffff:1.2.3.4]", "[::ffff:1.2.3.4]", None),
            ("a_b-c~d.%e4%b8", "a_b-c~d.%e4%b8", None),
        ] {
            let expected = Authority { host: host.as_bytes(), port: port.map(str::as_bytes) };
            assert_eq!(check(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn rejects_the_rest() {
        for text in [
            "",
            ":80",
            "a/b",
            "a?b",
            "a#b",
            "a b",
            "a,b c",
            "a:65536",
            "a:99999999999999999999",
            "a:+1",
            "a:1:2",
            "[::1",
            "[::1]x",
            "[v1.x]",
            "[fe80::1%25eth0]",
            "::1",
            "a%2",
            "a%zz",
            "a\\b",
            "a\u{e4}",
            "\"a\"",
        ] {
            assert_eq!(check(text.as_bytes()), Err(Rule::HostInvalid), "{text}");
        }
        for text in ["u@a", "u:p@a", "u:80@a:80", "@a", "u%40@a", "[::1]@a"] {
            assert_eq!(check(text.as_bytes()), Err(Rule::HostUserinfo), "{text}");
        }
    }

    #[test]
    fn compares_origins() {
        let same = |one: &str, two: &str| {
            let (one, two) = (check(one.as_bytes()).unwrap(), check(two.as_bytes()).unwrap());
            one.matches(&two, 80)
        };
        assert!(same("A.example", "a.EXAMPLE:80"));
        assert!(same("a:080", "a:"));
        assert!(!same("a:81", "a"));
        assert!(!same("a", "b"));
    }
}
