//! Which service a request goes to.
//!
//! The longest prefix wins, on whole segments, byte-wise and case-sensitive on the path as it was sent. Between
//! equal prefixes the one that names the request's host wins.

use std::sync::Arc;

use diglot_config::Route;

use crate::own::Handler;
use crate::service::Service;

/// All routes of a server, longest prefix first.
#[derive(Debug)]
pub struct Router {
    routes: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    host: Option<String>,
    /// Without the final slash: empty for `/`.
    prefix: String,
    target: Target,
    strip: bool,
}

/// What answers the requests of a route.
#[derive(Debug, Clone)]
pub enum Target {
    /// The workers of a service.
    Service(Arc<Service>),
    /// The front itself, always the same.
    Fixed(Arc<FixedAnswer>),
    /// The server itself.
    Own(Arc<dyn Handler>),
}

impl Target {
    /// False for a service that has turned out to offer functions only: it is routed nowhere.
    fn has_app(&self) -> bool {
        match self {
            Self::Service(service) => service.has_app(),
            Self::Fixed(_) | Self::Own(_) => true,
        }
    }
}

/// An answer that needs no worker.
#[derive(Debug)]
pub struct FixedAnswer {
    /// 200..=599
    pub status: u16,
    /// Field lines, `name: value\r\n` each.
    pub fields: String,
    /// All of it.
    pub body: Vec<u8>,
}

/// Where a request goes.
#[derive(Debug)]
pub(crate) struct Destination<'r> {
    pub(crate) target: &'r Target,
    /// Bytes of the path that belong to the prefix the service is mounted at; 0 if it is not mounted.
    pub(crate) mount_length: u16,
}

impl Router {
    /// A router over the routes of `targets`; `strip` says that a service is mounted at its prefixes.
    pub fn new<'a>(targets: impl IntoIterator<Item = (Target, &'a [Route], bool)>) -> Self {
        let mut routes: Vec<Entry> = targets
            .into_iter()
            .flat_map(|(target, routes, strip)| {
                routes.iter().map(move |route| Entry {
                    host: route.host.clone(),
                    prefix: route.prefix.trim_end_matches('/').to_owned(),
                    target: target.clone(),
                    strip,
                })
            })
            .collect();
        routes.sort_by_key(|entry| (std::cmp::Reverse(entry.prefix.len()), entry.host.is_none()));
        Self { routes }
    }

    /// The service that answers everything, but what the server answers by itself, if one does: then the listeners are as good as
    /// its own.
    pub(crate) fn owner(&self) -> Option<&Arc<Service>> {
        let mut services = self.routes.iter().filter_map(|entry| match &entry.target {
            Target::Service(service) => Some(Some(service)),
            Target::Fixed(_) => Some(None),
            Target::Own(_) => None,
        });
        let owner = services.next()??;
        services.all(|other| other.is_some_and(|other| Arc::ptr_eq(other, owner))).then_some(owner)
    }

    /// What answers a path as sent and the authority the client asked, if it named one.
    #[inline]
    pub(crate) fn find(&self, authority: Option<&[u8]>, path: &[u8]) -> Option<Destination<'_>> {
        let entry = self.routes.iter().find(|entry| {
            is_below(entry.prefix.as_bytes(), path)
                && entry.target.has_app()
                && entry.host.as_ref().is_none_or(|host| authority.is_some_and(|given| is_host(host, given)))
        })?;
        let mount_length = if entry.strip { entry.prefix.len() as u16 } else { 0 };
        Some(Destination { target: &entry.target, mount_length })
    }
}

/// Whether `path` is `prefix` or below it. The asterisk of `OPTIONS *` belongs to the root.
#[inline]
fn is_below(prefix: &[u8], path: &[u8]) -> bool {
    match path.strip_prefix(prefix) {
        Some([]) => true,
        Some([next, ..]) => *next == b'/' || prefix.is_empty(),
        None => false,
    }
}

/// Whether an authority, with or without a port, names `host`.
fn is_host(host: &str, authority: &[u8]) -> bool {
    let name = match authority.iter().rposition(|&byte| byte == b':') {
        // An IPv6 literal has colons of its own, inside its brackets.
        Some(colon) if !authority[colon..].contains(&b']') => &authority[..colon],
        _ => authority,
    };
    name.strip_suffix(b".").unwrap_or(name).eq_ignore_ascii_case(host.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Admission;

    fn router(routes: &[&str]) -> Router {
        let parsed: Vec<(Target, Vec<Route>)> = routes
            .iter()
            .map(|text| {
                let (host, path) = text.split_at(text.find('/').unwrap());
                let host = (!host.is_empty()).then(|| host.to_owned());
                let route = Route { host, prefix: path.to_owned() };
                (
                    Target::Service(Arc::new(Service::new((*text).to_owned(), Admission::default()))),
                    vec![route],
                )
            })
            .collect();
        Router::new(parsed.iter().map(|(target, routes)| (target.clone(), routes.as_slice(), true)))
    }

    fn check(routes: &[&str], host: Option<&str>, path: &str, expect: Option<(&str, u16)>) {
        let router = router(routes);
        let found = router.find(host.map(str::as_bytes), path.as_bytes());
        let found = found.as_ref().map(|to| match to.target {
            Target::Service(service) => (service.name(), to.mount_length),
            Target::Fixed(_) | Target::Own(_) => ("", 0),
        });
        assert_eq!(found, expect, "{host:?} {path} among {routes:?}");
    }

    #[test]
    fn the_longest_prefix_wins_on_whole_segments() {
        let routes = &["/", "/api", "/api/v1"];
        check(routes, None, "/", Some(("/", 0)));
        check(routes, None, "/apis", Some(("/", 0)));
        check(routes, None, "/API", Some(("/", 0)));
        check(routes, None, "/api", Some(("/api", 4)));
        check(routes, None, "/api/", Some(("/api", 4)));
        check(routes, None, "/api/v10", Some(("/api", 4)));
        check(routes, None, "/api%2Fv1", Some(("/", 0)));
        check(routes, None, "/api/v1/x", Some(("/api/v1", 7)));
        check(routes, None, "//api", Some(("/", 0)));
        check(&["/api"], None, "/", None);
    }

    #[test]
    fn hosts_are_compared_without_port_and_case() {
        let routes = &["/shop", "example.com/shop", "[::1]/shop", "example.com/"];
        check(routes, Some("example.com"), "/shop/1", Some(("example.com/shop", 5)));
        check(routes, Some("Example.COM:8000"), "/shop", Some(("example.com/shop", 5)));
        check(routes, Some("example.com."), "/x", Some(("example.com/", 0)));
        check(routes, Some("other.com"), "/shop", Some(("/shop", 5)));
        check(routes, Some("other.com"), "/x", None);
        check(routes, Some("[::1]:80"), "/shop", Some(("[::1]/shop", 5)));
        check(routes, Some("[::1]"), "/shop", Some(("[::1]/shop", 5)));
        check(routes, None, "/shop", Some(("/shop", 5)));
    }
}
