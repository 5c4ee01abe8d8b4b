//! Routes as they are written: `/api`, `example.com/shop`.

use crate::{problem::Flaw, service::Route};

impl Route {
    /// Longest in bytes. A path that is compared with it is no longer than a request line.
    pub(crate) const BYTES_MAX: usize = 1_024;

    /// Everything, on every host.
    pub fn everything() -> Route {
        Route { host: None, prefix: "/".to_owned() }
    }

    /// What is refused here could never match: the front turns such paths away before it routes, or a client would
    /// send them in another form.
    pub(crate) fn parse(text: &str) -> Result<Route, Flaw> {
        let flaw = |why: &str| Flaw::new(format!("`{text}` is no route: {why}"));
        if text.len() > Self::BYTES_MAX {
            return Err(
                Flaw::new("this route is too long").hint(format!("at most {} bytes", Self::BYTES_MAX))
            );
        }
        if let Some((_, rest)) = text.split_once("://") {
            return Err(flaw("it has a scheme").hint(format!("write \"{rest}\"")));
        }
        let Some(slash) = text.find('/') else {
            let hint = match text {
                "" => "for everything, write \"/\"".to_owned(),
                _ if text.contains('.') => format!("for a host, write \"{text}/\"; for a path, \"/{text}\""),
                _ => format!("write \"/{text}\""),
            };
            return Err(flaw("it has no slash").hint(hint));
        };
        let (host, path) = text.split_at(slash);
        check_path(path, &flaw)?;
        let host = (!host.is_empty()).then(|| parse_host(host, &flaw)).transpose()?;
        let prefix = match path.trim_end_matches('/') {
            "" => "/".to_owned(),
            prefix => prefix.to_owned(),
        };
        Ok(Route { host, prefix })
    }
}

impl Route {
    /// A path below which the server answers by itself, on every host.
    pub(crate) fn parse_own(text: &str) -> Result<Route, Flaw> {
        let route = Self::parse(text)?;
        match &route.host {
            None => Ok(route),
            Some(host) => {
                Err(Flaw::new(format!("`{text}` names a host: the server answers there on all of them"))
                    .hint(format!("write \"{}\"", text.get(host.len()..).unwrap_or("/rpc"))))
            }
        }
    }

    /// A prefix of paths alone, `/api`, that clients see and requests do not have.
    pub(crate) fn parse_path(text: &str) -> Result<&str, Flaw> {
        let flaw = |why: &str| Flaw::new(format!("`{text}` is no path to mount at: {why}"));
        if text.len() > Self::BYTES_MAX {
            return Err(Flaw::new("this path is too long").hint(format!("at most {} bytes", Self::BYTES_MAX)));
        }
        if !text.starts_with('/') {
            let path =
                text.split_once("://").map_or(text, |(_, rest)| rest.find('/').map_or("", |at| &rest[at..]));
            return Err(flaw("it does not begin with a slash")
                .hint(format!("write \"/{}\"", path.trim_start_matches('/'))));
        }
        check_path(text, &flaw)?;
        Ok(text)
    }
}

fn check_path(path: &str, flaw: &dyn Fn(&str) -> Flaw) -> Result<(), Flaw> {
    if path.contains(['*', '{', '}']) {
        return Err(flaw("it has a pattern").hint("it is a prefix: \"/api\" takes all below /api as well"));
    }
    if path.contains(['?', '#']) {
        return Err(
            flaw("a query or a fragment is no part of a path").hint("leave out `?`, `#` and what follows")
        );
    }
    if !path.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(flaw("a path has neither spaces nor letters beyond ASCII")
            .hint("write it as clients send it, percent-encoded: \"/caf%C3%A9\""));
    }
    if path.contains("//") {
        return Err(flaw("it has an empty segment").hint("single slashes only"));
    }
    let lower = path.to_ascii_lowercase();
    let climbs = lower.replace("%2e", ".").split('/').any(|segment| segment == "." || segment == "..");
    if climbs || path.contains('\\') || lower.contains("%00") {
        return Err(flaw("requests with such a path are refused")
            .hint("`.` and `..` segments, `\\` and `%00` never reach a service"));
    }
    Ok(())
}

/// A name or an address, as the Host header has it once its port is cut off; lower case, since hosts are compared so.
fn parse_host(host: &str, flaw: &dyn Fn(&str) -> Flaw) -> Result<String, Flaw> {
    if let Some(v6) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: std::net::Ipv6Addr =
            v6.parse().map_err(|_| flaw("its host is no IPv6 address").hint("as in \"[::1]/shop\""))?;
        return Ok(format!("[{address}]"));
    }
    if let Some((name, _)) = host.split_once(':') {
        return Err(flaw("its host has a port")
            .hint(format!("write \"{name}/…\": a route holds on every port the server listens on")));
    }
    if host.contains('*') {
        return Err(flaw("its host is a pattern").hint("write one route for each host"));
    }
    let is_name = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if host.len() > 253 || !host.split('.').all(is_name) {
        return Err(flaw("its host is no host name").hint(
            "a path begins with a slash; a host with letters beyond ASCII is written in its xn-- form",
        ));
    }
    Ok(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes() {
        let check = |text: &str, expect: Result<&str, &str>| {
            let found = Route::parse(text);
            match (&found, expect) {
                (Ok(route), Ok(expect)) => assert_eq!(route.to_string(), expect, "{text}"),
                (Err(flaw), Err(expect)) => assert!(flaw.message.contains(expect), "{text}: {flaw:?}"),
                _ => panic!("{text}: {found:?}"),
            }
        };
        check("/", Ok("/"));
        check("/api", Ok("/api"));
        check("/api/", Ok("/api"));
        check("/api/v1", Ok("/api/v1"));
        check("/Api", Ok("/Api"));
        check("/a%2Fb", Ok("/a%2Fb"));
        check("/...", Ok("/..."));
        check("example.com/", Ok("example.com/"));
        check("Example.COM/Shop", Ok("example.com/Shop"));
        check("localhost/x", Ok("localhost/x"));
        check("127.0.0.1/x", Ok("127.0.0.1/x"));
        check("[0::1]/x", Ok("[::1]/x"));
        check("", Err("no slash"));
        check("api", Err("no slash"));
        check("example.com", Err("no slash"));
        check("https://example.com/x", Err("scheme"));
        check("example.com:8080/x", Err("port"));
        check("*.example.com/x", Err("host is a pattern"));
        check("[::g]/x", Err("IPv6"));
        check("exämple.com/x", Err("no host name"));
        check("a..b/x", Err("no host name"));
        check("/api/*", Err("pattern"));
        check("/users/{id}", Err("pattern"));
        check("/a?b=1", Err("a query"));
        check("/café", Err("beyond ASCII"));
        check("/a b", Err("spaces"));
        check("//", Err("empty segment"));
        check("/a//b", Err("empty segment"));
        check("/a/../b", Err("refused"));
        check("/a/%2E%2e/b", Err("refused"));
        check("/a/.", Err("refused"));
        check("/a\\b", Err("refused"));
        check("/a%00", Err("refused"));
        check(&format!("/{}", "a".repeat(1_024)), Err("too long"));
    }
}
