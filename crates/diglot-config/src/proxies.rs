//! Whose word on the client is taken: `127.0.0.1`, `10.0.0.0/8`, `unix`, `*`.

use std::{fmt, net::IpAddr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::problem::Flaw;

/// Peers that may say in `X-Forwarded-For` and `X-Forwarded-Proto` for whom they ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProxies {
    /// Their addresses.
    pub networks: Vec<IpNet>,
    /// Whoever can open one of the server's Unix sockets.
    pub unix: bool,
}

/// This machine's own, as uvicorn and gunicorn have it.
impl Default for TrustedProxies {
    fn default() -> Self {
        let networks = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        TrustedProxies { networks: networks.map(IpNet::from).to_vec(), unix: true }
    }
}

impl TrustedProxies {
    /// Whether the one at this address is trusted; `None` is a peer on a Unix socket.
    pub fn trust(&self, peer: Option<IpAddr>) -> bool {
        match peer.map(|address| address.to_canonical()) {
            Some(address) => self.networks.iter().any(|network| network.contains(&address)),
            None => self.unix,
        }
    }

    pub(crate) fn none() -> Self {
        TrustedProxies { networks: Vec::new(), unix: false }
    }

    /// Adds what `text` names.
    pub(crate) fn add(&mut self, text: &str) -> Result<(), Flaw> {
        match text {
            "unix" => self.unix = true,
            "*" => {
                self.networks.extend([IpNet::from(Ipv4Net::default()), IpNet::from(Ipv6Net::default())]);
                self.unix = true;
            }
            _ => self.networks.push(network(text)?),
        }
        Ok(())
    }
}

/// The forms it is written in.
impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let networks =
            self.networks.iter().map(|network| match network.prefix_len() == network.max_prefix_len() {
                true => network.addr().to_string(),
                false => network.to_string(),
            });
        let words: Vec<String> = networks.chain(self.unix.then(|| "unix".to_owned())).collect();
        f.write_str(&words.join(" "))
    }
}

fn network(text: &str) -> Result<IpNet, Flaw> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_canonical().into());
    }
    let flaw = Flaw::new(format!("`{text}` is no address of a proxy"));
    let network = match text.parse::<IpNet>() {
        Ok(network) => network,
        Err(_) => {
            let hint = match text.split_once('/') {
                Some((address, _)) if address.parse::<IpAddr>().is_ok_and(|address| address.is_ipv4()) => {
                    "the length of an IPv4 prefix is at most 32, as in \"10.0.0.0/8\""
                }
                Some((address, _)) if address.parse::<IpAddr>().is_ok() => {
                    "the length of an IPv6 prefix is at most 128, as in \"fd00::/8\""
                }
                _ if text.parse::<std::net::SocketAddr>().is_ok() => {
                    "without the port: a proxy has another for each connection"
                }
                _ => {
                    "an IP address (\"10.0.0.7\"), a network (\"10.0.0.0/8\"), \"unix\" for Unix sockets, or \"*\" for everyone; names are not looked up"
                }
            };
            return Err(flaw.hint(hint));
        }
    };
    match network.trunc() {
        truncated if truncated == network => Ok(network),
        truncated => Err(flaw.hint(format!(
            "it has bits beyond its prefix: \"{truncated}\" for the network, \"{}\" for the one address",
            network.addr()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(words: &[&str]) -> Result<TrustedProxies, Flaw> {
        let mut proxies = TrustedProxies::none();
        words.iter().try_for_each(|word| proxies.add(word)).map(|()| proxies)
    }

    #[test]
    fn trust() {
        let check = |words: &[&str], peer: &str, expect: bool| {
            let peer = (peer != "unix").then(|| peer.parse().expect("an address"));
            assert_eq!(proxies(words).expect("proxies").trust(peer), expect, "{words:?} {peer:?}");
        };
        check(&[], "127.0.0.1", false);
        check(&[], "unix", false);
        check(&["127.0.0.1"], "127.0.0.1", true);
        check(&["127.0.0.1"], "127.0.0.2", false);
        check(&["127.0.0.1"], "::ffff:127.0.0.1", true);
        check(&["::ffff:127.0.0.1"], "127.0.0.1", true);
        check(&["10.0.0.0/8"], "10.255.0.1", true);
        check(&["10.0.0.0/8"], "11.0.0.1", false);
        check(&["10.0.0.0/8"], "unix", false);
        check(&["fd00::/8"], "fd12::1", true);
        check(&["fd00::/8"], "10.0.0.1", false);
        check(&["unix"], "unix", true);
        check(&["unix"], "127.0.0.1", false);
        check(&["*"], "203.0.113.7", true);
        check(&["*"], "2001:db8::1", true);
        check(&["*"], "unix", true);
    }

    #[test]
    fn the_default_is_this_machine() {
        let default = TrustedProxies::default();
        assert_eq!(default.to_string(), "127.0.0.1 ::1 unix");
        assert_eq!(proxies(&["127.0.0.1", "::1", "unix"]), Ok(default));
    }

    #[test]
    fn no_proxies() {
        let check = |text: &str, hint: &str| {
            let flaw = proxies(&[text]).expect_err(text);
            assert!(flaw.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {flaw:?}");
        };
        check("localhost", "names are not looked up");
        check("", "an IP address");
        check("10.0.0.1:80", "without the port");
        check("10.0.0.0/33", "at most 32");
        check("fd00::/129", "at most 128");
        check("10.0.0.7/8", "\"10.0.0.0/8\" for the network, \"10.0.0.7\"");
    }
}
