//! Who is at the other end of a connection, and for whom a request comes that a trusted proxy has sent.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use diglot_config::TrustedProxies;
use diglot_link::message::{Field, Open};
use diglot_link::names;

/// The two ends of a connection.
#[derive(Debug)]
pub(crate) enum Ends {
    Tcp { peer: SocketAddr, local: SocketAddr },
    Unix { path: PathBuf },
}

/// The client as applications are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Client {
    /// It speaks TLS, if only to a proxy.
    tls: bool,
    /// `None` on a Unix socket. Port 0: a proxy named the address without one.
    address: Option<SocketAddr>,
}

const FORWARDED_FOR: u8 = names::id("x-forwarded-for");
const FORWARDED_PROTO: u8 = names::id("x-forwarded-proto");

impl Ends {
    /// The peer itself.
    pub(crate) fn client(&self) -> Client {
        let address = match self {
            Self::Tcp { peer, .. } => Some(*peer),
            Self::Unix { .. } => None,
        };
        Client { tls: false, address }
    }

    /// Calls `act` with the connection as a worker is told of it, if `client` is at its other end.
    pub(crate) fn announce<R>(&self, client: &Client, act: impl FnOnce(&Open<'_>) -> R) -> R {
        let (local, local_port) = match self {
            Self::Tcp { local, .. } => (local.ip().to_string().into(), local.port()),
            Self::Unix { path } => (path.to_string_lossy(), 0),
        };
        let peer = client.address.map_or_else(String::new, |address| address.ip().to_string());
        let peer_port = client.address.map_or(0, |address| address.port());
        act(&Open { tls: client.tls, peer: &peer, peer_port, local: &local, local_port })
    }

    /// The client as the log names it.
    pub(crate) fn name<'e>(&'e self, client: &Client) -> impl fmt::Display + use<'e> {
        let address = client.address;
        fmt::from_fn(move |f| match (address, self) {
            (Some(address), _) if address.port() == 0 => write!(f, "{}", address.ip()),
            (Some(address), _) => write!(f, "{address}"),
            (None, Self::Unix { path }) => write!(f, "unix:{}", path.display()),
            (None, Self::Tcp { .. }) => f.write_str("-"),
        })
    }
}

impl Client {
    /// For whom this peer asks: whom X-Forwarded-For and X-Forwarded-Proto name if it is a trusted proxy, else itself.
    ///
    /// Each proxy appends whom it got the request from, so that the list is read from its end, as far as those named
    /// are trusted too. What is no address ends it, and so does an X-Forwarded-Proto that says more than one thing.
    #[must_use]
    pub(crate) fn forwarded<'f>(
        self,
        trusted: &TrustedProxies,
        fields: impl Iterator<Item = Field<'f>> + Clone,
    ) -> Self {
        let trusts = |address: Option<SocketAddr>| trusted.trust(address.map(|address| address.ip()));
        if !trusts(self.address) {
            return self;
        }
        let values = |id| fields.clone().filter(move |field| field.id == id).map(|field| field.value);
        let mut client = self;
        let hops: Vec<&[u8]> =
            values(FORWARDED_FOR).flat_map(|value| value.split(|&byte| byte == b',')).collect();
        for hop in hops.into_iter().rev() {
            let Some(address) = hop_address(hop) else { break };
            client.address = Some(address);
            if !trusts(client.address) {
                break;
            }
        }
        let mut schemes = values(FORWARDED_PROTO);
        if let (Some(scheme), None) = (schemes.next(), schemes.next())
            && let Some(tls) = says_tls(scheme)
        {
            client.tls = tls;
        }
        client
    }
}

/// `192.0.2.7`, `192.0.2.7:4711`, `2001:db8::7`, `[2001:db8::7]`, `[2001:db8::7]:4711`.
fn hop_address(hop: &[u8]) -> Option<SocketAddr> {
    let text = str::from_utf8(hop.trim_ascii()).ok()?;
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 0)).or_else(|_| text.parse()).ok()?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

fn says_tls(scheme: &[u8]) -> Option<bool> {
    let is = |word: &str| scheme.eq_ignore_ascii_case(word.as_bytes());
    match () {
        () if is("https") || is("wss") => Some(true),
        () if is("http") || is("ws") => Some(false),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "127.0.0.1:50000";

    /// The client of a request with these fields from this peer, as `scheme address`.
    fn client(peer: &str, trusted: &TrustedProxies, fields: &[(&str, &str)]) -> String {
        let ends = match peer {
            "unix" => Ends::Unix { path: "/run/x.sock".into() },
            _ => Ends::Tcp {
                peer: peer.parse().expect("a peer"),
                local: "127.0.0.1:80".parse().expect("an end"),
            },
        };
        let fields = fields.iter().map(|(name, value)| Field {
            id: names::id_of(name.as_bytes()),
            name: name.as_bytes(),
            value: value.as_bytes(),
        });
        let client = ends.client().forwarded(trusted, fields);
        format!("{} {}", if client.tls { "https" } else { "http" }, ends.name(&client))
    }

    fn trusting(networks: &[&str]) -> TrustedProxies {
        let networks = networks.iter().map(|network| network.parse().expect("a network")).collect();
        TrustedProxies { networks, unix: false }
    }

    #[test]
    fn a_trusted_proxy_names_the_client() {
        let check = |value: &str, expect: &str| {
            let fields = [("X-Forwarded-For", value), ("X-Forwarded-Proto", "https")];
            assert_eq!(
                client(PROXY, &TrustedProxies::default(), &fields),
                format!("https {expect}"),
                "{value}"
            );
        };
        check("203.0.113.9", "203.0.113.9");
        check("203.0.113.9:4711", "203.0.113.9:4711");
        check("2001:db8::7", "2001:db8::7");
        check("[2001:db8::7]", "2001:db8::7");
        check("[2001:db8::7]:4711", "[2001:db8::7]:4711");
        check("::ffff:203.0.113.9", "203.0.113.9");
        check(" 198.51.100.1 ,\t203.0.113.9 ", "203.0.113.9");
        // The last word of a client that tries to be somebody else is before that of the proxy.
        check("127.0.0.1, 203.0.113.9", "203.0.113.9");
        check("203.0.113.9, 127.0.0.1", "203.0.113.9");
        check("127.0.0.1, ::1", "127.0.0.1");
        check("203.0.113.9, unknown", PROXY);
        check("203.0.113.9, unknown, 127.0.0.1", "127.0.0.1");
        check("203.0.113.9,", PROXY);
        check("", PROXY);
        check("\u{e4}", PROXY);
    }

    #[test]
    fn lines_of_a_field_are_one_list() {
        let fields = [("x-forwarded-for", "198.51.100.1"), ("X-FORWARDED-FOR", "203.0.113.9, 127.0.0.1")];
        assert_eq!(client(PROXY, &TrustedProxies::default(), &fields), "http 203.0.113.9");
    }

    #[test]
    fn the_scheme_is_said_once_or_not_at_all() {
        let check = |values: &[&str], expect: &str| {
            let fields: Vec<_> = values.iter().map(|value| ("X-Forwarded-Proto", *value)).collect();
            let got = client(PROXY, &TrustedProxies::default(), &fields);
            assert_eq!(got, format!("{expect} {PROXY}"), "{values:?}");
        };
        check(&["https"], "https");
        check(&["HTTPS"], "https");
        check(&["wss"], "https");
        check(&["http"], "http");
        check(&["ftp"], "http");
        check(&["https, http"], "http");
        check(&["https", "http"], "http");
        check(&["https", "https"], "http");
    }

    #[test]
    fn others_are_not_believed() {
        let fields = [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")];
        let check = |peer: &str, trusted: &TrustedProxies, expect: &str| {
            assert_eq!(client(peer, trusted, &fields), expect, "{peer} {trusted}");
        };
        let default = TrustedProxies::default();
        check("192.0.2.1:4000", &default, "http 192.0.2.1:4000");
        check("127.0.0.2:4000", &default, "http 127.0.0.2:4000");
        check("[::1]:4000", &default, "https 203.0.113.9");
        check("unix", &default, "https 203.0.113.9");
        check("unix", &trusting(&["0.0.0.0/0"]), "http unix:/run/x.sock");
        check("127.0.0.1:4000", &trusting(&[]), "http 127.0.0.1:4000");
        check("10.1.2.3:4000", &trusting(&["10.0.0.0/8"]), "https 203.0.113.9");
    }

    #[test]
    fn among_everyone_the_first_of_the_list_is_the_client() {
        let trusted = trusting(&["0.0.0.0/0", "::/0"]);
        let fields = [("X-Forwarded-For", "203.0.113.9, 198.51.100.1, 2001:db8::1")];
        assert_eq!(client(PROXY, &trusted, &fields), "http 203.0.113.9");
    }

    #[test]
    fn neither_a_similar_name_nor_the_standard_field_is_read() {
        // A proxy that sets X-Forwarded-For passes a client's own Forwarded on.
        let fields = [("Forwarded", "for=203.0.113.9;proto=https"), ("X_Forwarded_For", "203.0.113.9")];
        assert_eq!(client(PROXY, &TrustedProxies::default(), &fields), format!("http {PROXY}"));
    }
}
