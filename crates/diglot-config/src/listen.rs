//! Listening addresses as they are written: `127.0.0.1:8000`, `[::1]:8000`, `unix:/run/diglot.sock`.

use std::{net::SocketAddr, path::Path};

use crate::{config::Listen, environment::absolute, meant::listen_address, problem::Flaw};

impl Listen {
    /// A socket's path in bytes, with room for the system's closing zero (`sun_path`; macOS has the fewer).
    pub(crate) const UNIX_PATH_BYTES_MAX: usize = 103;

    /// A Unix path is taken from `base`. Names are not resolved: an address that depends on a name server at start
    /// is one that changes unseen.
    pub(crate) fn parse(text: &str, base: &Path) -> Result<Listen, Flaw> {
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
            return parse_unix(path, base);
        }
        if text == "systemd" {
            return Ok(Listen::Systemd);
        }
        if let Some(number) = text.strip_prefix("fd:") {
            return parse_descriptor(number.strip_prefix("//").unwrap_or(number));
        }
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(Listen::Tcp(address));
        }
        let hint = match text.rsplit_once(':') {
            _ if let Some(rest) = text.strip_prefix("http://") => {
                let authority = rest.split('/').next().unwrap_or(rest);
                let (host, port) = match authority.rsplit_once(':') {
                    Some((host, port)) if !port.contains(']') => (host, port),
                    _ => (authority, ""),
                };
                format!("an address alone: \"{}\"", listen_address(host, port))
            }
            _ if text.starts_with("https://") => "TLS has not come yet; without `https://`, it is plain HTTP".to_owned(),
            _ if text.contains('/') => format!("for a Unix socket, write \"unix:{text}\""),
            None if text.parse::<u16>().is_ok() => format!("write \"127.0.0.1:{text}\""),
            Some(("localhost", port)) => format!("write \"127.0.0.1:{port}\", \"[::1]:{port}\" or both"),
            Some(("" | "*", port)) => format!("write \"0.0.0.0:{port}\" for every interface, \"127.0.0.1:{port}\" for this machine only"),
            Some((_, port)) if port.parse::<u64>().is_ok_and(|port| port > 65_535) => "a port is at most 65535".to_owned(),
            Some((host, port)) if host.parse::<std::net::Ipv6Addr>().is_ok() => format!("write \"[{host}]:{port}\""),
            _ if text.parse::<std::net::IpAddr>().is_ok() => "add a port, as in \"127.0.0.1:8000\"".to_owned(),
            _ => "an IP address and a port, as in \"127.0.0.1:8000\" and \"[::1]:8000\", or \"unix:/run/diglot.sock\"".to_owned(),
        };
        Err(Flaw::new(format!("`{text}` is no address to listen on")).hint(hint))
    }

    /// Whether both cannot be bound at once.
    pub(crate) fn clashes(&self, other: &Listen) -> bool {
        match (self, other) {
            (Listen::Unix(one), Listen::Unix(other)) => one == other,
            (Listen::Tcp(one), Listen::Tcp(other)) => {
                let same_ip = one.ip() == other.ip();
                let covers = one.is_ipv4() == other.is_ipv4()
                    && (one.ip().is_unspecified() || other.ip().is_unspecified());
                one.port() != 0 && one.port() == other.port() && (same_ip || covers)
            }
            (Listen::Inherited(one), Listen::Inherited(other)) => one == other,
            // Which descriptors systemd passes is known only once it has.
            (Listen::Systemd, Listen::Systemd | Listen::Inherited(_))
            | (Listen::Inherited(_), Listen::Systemd) => true,
            _ => false,
        }
    }
}

/// The numbers 1 and 2 are this process's own output.
fn parse_descriptor(number: &str) -> Result<Listen, Flaw> {
    match number.parse::<i32>() {
        Ok(descriptor) if descriptor == 0 || descriptor > 2 => Ok(Listen::Inherited(descriptor)),
        _ => Err(Flaw::new(format!("`{number}` is no descriptor of a listening socket"))
            .hint("the number that whoever starts Diglot gives it, as in \"fd:3\"")),
    }
}

fn parse_unix(path: &str, base: &Path) -> Result<Listen, Flaw> {
    if path.is_empty() || path.ends_with('/') {
        return Err(Flaw::new("a Unix socket needs a file name").hint("as in \"unix:/run/diglot.sock\""));
    }
    if path.contains('\0') {
        return Err(Flaw::new("a path holds no zero byte"));
    }
    let path = absolute(base, Path::new(path));
    if path.as_os_str().len() > Listen::UNIX_PATH_BYTES_MAX {
        return Err(Flaw::new("the path of this Unix socket is too long").hint(format!(
            "systems take at most {} bytes: {}",
            Listen::UNIX_PATH_BYTES_MAX,
            path.display()
        )));
    }
    Ok(Listen::Unix(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> Result<Listen, Flaw> {
        Listen::parse(text, Path::new("/base"))
    }

    #[test]
    fn addresses() {
        let check =
            |text: &str, expect: &str| assert_eq!(listen(text).map(|l| l.to_string()), Ok(expect.to_owned()));
        check("127.0.0.1:8000", "127.0.0.1:8000");
        check("0.0.0.0:0", "0.0.0.0:0");
        check("[::1]:8000", "[::1]:8000");
        check("unix:/run/x.sock", "unix:/run/x.sock");
        check("unix:///run/x.sock", "unix:/run/x.sock");
        check("unix:x.sock", "unix:/base/x.sock");
        check("unix:./run/x.sock", "unix:/base/run/x.sock");
        check("fd:3", "fd:3");
        check("fd://0", "fd:0");
        check("systemd", "systemd");
    }

    #[test]
    fn no_addresses() {
        let check = |text: &str, hint: &str| {
            let flaw = listen(text).expect_err(text);
            assert!(flaw.hint.as_deref().unwrap_or_default().contains(hint), "{text}: {flaw:?}");
        };
        check("8000", "\"127.0.0.1:8000\"");
        check(":8000", "\"0.0.0.0:8000\"");
        check("*:8000", "\"0.0.0.0:8000\"");
        check("localhost:8000", "\"[::1]:8000\"");
        check("http://127.0.0.1:3000/", "\"127.0.0.1:3000\"");
        check("http://localhost:3000", "\"127.0.0.1:3000\"");
        check("http://localhost", "\"127.0.0.1:8000\"");
        check("http://[::1]:3000/x", "\"[::1]:3000\"");
        check("http://[::1]", "\"[::1]:8000\"");
        check("http://", "\"127.0.0.1:8000\"");
        check("https://127.0.0.1:8000", "TLS");
        check("127.0.0.1:80000", "65535");
        check("127.0.0.1", "add a port");
        check("::1:8000", "\"[::1]:8000\"");
        check("/run/x.sock", "\"unix:/run/x.sock\"");
        check("unix:", "unix:/run/diglot.sock");
        check("unix:/run/", "unix:/run/diglot.sock");
        check("", "an IP address and a port");
        check("fd:", "\"fd:3\"");
        check("fd:2", "\"fd:3\"");
        check("fd:-1", "\"fd:3\"");
        check("example.com:80", "an IP address and a port");
        assert!(listen(&format!("unix:/{}", "x".repeat(200))).is_err());
        assert!(listen("unix:/a\0b").is_err());
    }

    #[test]
    fn clashes() {
        let check = |one: &str, other: &str, expect: bool| {
            let (one, other) = (listen(one).expect("one"), listen(other).expect("other"));
            assert_eq!(one.clashes(&other), expect, "{one} {other}");
            assert_eq!(other.clashes(&one), expect, "{other} {one}");
        };
        check("127.0.0.1:8000", "127.0.0.1:8000", true);
        check("127.0.0.1:0", "127.0.0.1:0", false);
        check("127.0.0.1:8000", "127.0.0.1:8001", false);
        check("127.0.0.1:8000", "127.0.0.2:8000", false);
        check("0.0.0.0:8000", "127.0.0.1:8000", true);
        check("[::]:8000", "127.0.0.1:8000", false);
        check("unix:/a", "unix:/a", true);
        check("unix:/a", "unix:/b", false);
        check("fd:3", "fd:3", true);
        check("fd:3", "fd:4", false);
        check("fd:3", "systemd", true);
        check("systemd", "systemd", true);
        check("systemd", "unix:/a", false);
    }
}
