//! What of a client's Sec-WebSocket-Extensions is agreed to: permessage-deflate (RFC 7692 section 7.1), in the first
//! of its offers that can be kept to. An offer that is malformed or asks for more than can be done is declined; the
//! connection goes on without.

use crate::h1::is_token_byte;

/// The only extension.
const PERMESSAGE_DEFLATE: &[u8] = b"permessage-deflate";

/// Base-2 logarithm of the largest window of DEFLATE, which is meant where nothing is said.
const WINDOW_BITS_MAX: u8 = 15;

/// The smallest window that can be named, of 256 bytes.
const WINDOW_BITS_MIN: u8 = 8;

/// The smallest window zlib compresses with: it takes 9 where raw DEFLATE is asked for 8, which the client could not
/// inflate.
const SERVER_WINDOW_BITS_MIN: u8 = 9;

/// permessage-deflate as agreed on. Neither side keeps its context from one message to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deflate {
    /// Base-2 logarithm of the largest window the server may compress with, 9 to 15, where the client names one.
    pub server_max_window_bits: Option<u8>,
    /// The same of the client's own, 8 to 15, where it names one. Messages of any window can be inflated.
    pub client_max_window_bits: Option<u8>,
}

impl Deflate {
    /// The first acceptable offer among the values of all Sec-WebSocket-Extensions fields.
    pub(super) fn negotiate<'v>(mut values: impl Iterator<Item = &'v [u8]>) -> Option<Self> {
        values.find_map(|value| {
            let mut reader = Reader { rest: value };
            loop {
                // Behind what breaks the grammar nobody knows where the next offer begins.
                if let Some(deflate) = reader.offer()? {
                    return Some(deflate);
                }
            }
        })
    }

    /// Appends the value of the answer's Sec-WebSocket-Extensions.
    pub(super) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"permessage-deflate; server_no_context_takeover; client_no_context_takeover");
        let windows = [
            (&b"; server_max_window_bits="[..], self.server_max_window_bits),
            (b"; client_max_window_bits=", self.client_max_window_bits),
        ];
        for (name, bits) in windows {
            if let Some(bits) = bits {
                out.extend_from_slice(name);
                out.extend_from_slice(itoa::Buffer::new().format(bits).as_bytes());
            }
        }
    }

    /// Base-2 logarithm of the window the server compresses with.
    pub(super) fn server_window_bits(self) -> u8 {
        self.server_max_window_bits.unwrap_or(WINDOW_BITS_MAX)
    }
}

/// The parameters of one offer while they are read. Each may stand there once.
#[derive(Debug, Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// The outer one: it is there; the inner one: with a value.
    client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    /// Notes one; `false` where it is unknown, has a wrong value or stands there twice.
    fn note(&mut self, name: &[u8], value: Option<&[u8]>) -> bool {
        match (name, value) {
            (b"server_no_context_takeover", None) => {
                !std::mem::replace(&mut self.server_no_context_takeover, true)
            }
            (b"client_no_context_takeover", None) => {
                !std::mem::replace(&mut self.client_no_context_takeover, true)
            }
            (b"server_max_window_bits", Some(value)) => {
                let bits = window_bits(value);
                bits.is_some() && std::mem::replace(&mut self.server_max_window_bits, bits).is_none()
            }
            (b"client_max_window_bits", value) => {
                let bits = value.map(window_bits);
                // A value that is none makes the inner option of a mapped one empty.
                bits != Some(None) && self.client_max_window_bits.replace(bits.flatten()).is_none()
            }
            _ => false,
        }
    }
}

/// A number from 8 to 15 without leading zeros.
fn window_bits(value: &[u8]) -> Option<u8> {
    let bits = match *value {
        [ones @ b'8'..=b'9'] => ones - b'0',
        [b'1', ones @ b'0'..=b'5'] => 10 + (ones - b'0'),
        _ => return None,
    };
    debug_assert!((WINDOW_BITS_MIN..=WINDOW_BITS_MAX).contains(&bits));
    Some(bits)
}

/// Reads the list of offers (RFC 6455 section 9.1).
struct Reader<'v> {
    rest: &'v [u8],
}

impl<'v> Reader<'v> {
    /// Reads one offer. `None`: there is no further one, or the grammar is broken. `Some(None)`: it is declined.
    fn offer(&mut self) -> Option<Option<Deflate>> {
        while self.take(b',') {}
        let name = self.token()?;
        let (mut parameters, mut is_acceptable) = (Parameters::default(), name == PERMESSAGE_DEFLATE);
        while self.take(b';') {
            let name = self.token()?;
            let value = if self.take(b'=') { Some(self.value()?) } else { None };
            is_acceptable = is_acceptable && parameters.note(name, value);
        }
        self.skip_space();
        if !matches!(self.rest, [] | [b',', ..]) {
            return None;
        }
        let server_bits = parameters.server_max_window_bits;
        is_acceptable &= server_bits.is_none_or(|bits| bits >= SERVER_WINDOW_BITS_MIN);
        Some(is_acceptable.then_some(Deflate {
            server_max_window_bits: server_bits,
            client_max_window_bits: parameters.client_max_window_bits.flatten(),
        }))
    }

    fn skip_space(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Takes the byte if it is next, with space around it.
    fn take(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.rest.first() == Some(&byte);
        if is_next {
            self.rest = &self.rest[1..];
            self.skip_space();
        }
        is_next
    }

    fn token(&mut self) -> Option<&'v [u8]> {
        let end = self.rest.iter().position(|&byte| !is_token_byte(byte)).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!token.is_empty()).then_some(token)
    }

    /// A token, or a quoted string, whose text must be a token too. Escapes in it stay, for no value that means
    /// anything here has one.
    fn value(&mut self) -> Option<&'v [u8]> {
        let [b'"', quoted @ ..] = self.rest else { return self.token() };
        let mut at = 0;
        loop {
            match quoted.get(at)? {
                b'"' => break,
                b'\\' => at += 2,
                _ => at += 1,
            }
        }
        self.rest = &quoted[at + 1..];
        Some(&quoted[..at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(fields: &[&str]) -> String {
        let Some(deflate) = Deflate::negotiate(fields.iter().map(|field| field.as_bytes())) else {
            return "none".to_owned();
        };
        let mut out = Vec::new();
        deflate.write(&mut out);
        let text = String::from_utf8(out).unwrap();
        let always = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
        text.strip_prefix(always).unwrap().to_owned()
    }

    /// An offer, and what the answer says beyond that no context is kept.
    const OFFERS: &[(&str, &str)] = &[
        ("permessage-deflate", ""),
        ("permessage-deflate; client_max_window_bits", ""),
        ("permessage-deflate; client_max_window_bits=8", "; client_max_window_bits=8"),
        ("permessage-deflate; client_max_window_bits=\"12\"", "; client_max_window_bits=12"),
        ("permessage-deflate ;server_max_window_bits=9", "; server_max_window_bits=9"),
        ("permessage-deflate;server_max_window_bits = 15", "; server_max_window_bits=15"),
        (
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=10; client_max_window_bits=11",
            "; server_max_window_bits=10; client_max_window_bits=11",
        ),
        // What zlib cannot compress with.
        ("permessage-deflate; server_max_window_bits=8", "none"),
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", ""),
        // Values that are none.
        ("permessage-deflate; server_max_window_bits", "none"),
        ("permessage-deflate; server_max_window_bits=7", "none"),
        ("permessage-deflate; server_max_window_bits=16", "none"),
        ("permessage-deflate; server_max_window_bits=09", "none"),
        ("permessage-deflate; server_max_window_bits=+9", "none"),
        ("permessage-deflate; server_max_window_bits=9.0", "none"),
        ("permessage-deflate; server_max_window_bits=\"\"", "none"),
        ("permessage-deflate; server_max_window_bits=\"1\\5\"", "none"),
        ("permessage-deflate; client_max_window_bits=7", "none"),
        ("permessage-deflate; client_max_window_bits=16", "none"),
        ("permessage-deflate; client_max_window_bits=0x9", "none"),
        ("permessage-deflate; server_no_context_takeover=1", "none"),
        ("permessage-deflate; client_no_context_takeover=\"\"", "none"),
        // Twice, and unknown ones.
        ("permessage-deflate; client_max_window_bits; client_max_window_bits=9", "none"),
        ("permessage-deflate; server_max_window_bits=9; server_max_window_bits=9", "none"),
        ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", "none"),
        ("permessage-deflate; client_no_context_takeover; client_no_context_takeover", "none"),
        ("permessage-deflate; mux", "none"),
        ("permessage-deflate; mux, permessage-deflate; client_max_window_bits", ""),
        // Other extensions, and names that only look like this one.
        ("x-webkit-deflate-frame", "none"),
        ("x-webkit-deflate-frame; no_context_takeover, permessage-deflate", ""),
        ("foo; a=\"x, permessage-deflate; \\\" y\"", "none"),
        ("permessage-deflatex", "none"),
        // Broken lists: what stands before the break counts.
        ("", "none"),
        (", ,permessage-deflate,", ""),
        ("permessage-deflate,;", ""),
        ("; permessage-deflate", "none"),
        ("permessage-deflate;", "none"),
        ("permessage-deflate; =9", "none"),
        ("permessage-deflate; server_max_window_bits=", "none"),
        ("permessage-deflate; server_max_window_bits=\"9", "none"),
        ("permessage-deflate; server_max_window_bits=\"9\\", "none"),
        ("permessage-deflate server_no_context_takeover", "none"),
        ("permessage-deflate/, permessage-deflate", "none"),
    ];

    #[test]
    fn offers_are_judged_by_section_7_1() {
        for (offer, expected) in OFFERS {
            assert_eq!(answer(&[offer]), *expected, "{offer}");
        }
    }

    #[test]
    fn several_fields_are_one_list() {
        assert_eq!(
            answer(&["foo", "permessage-deflate; server_max_window_bits=9", "permessage-deflate"]),
            "; server_max_window_bits=9"
        );
        assert_eq!(answer(&["permessage-deflate; =", "permessage-deflate"]), "");
        assert_eq!(answer(&[]), "none");
    }
}
