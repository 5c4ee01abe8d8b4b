//! Where the paths of a document are really reached: it says where the application sees them.

use serde_json::Value;

/// Of a document's `servers`, those that are looked at.
const SERVERS_MAX: usize = 16;
/// Bytes of a server's URL, its variables filled in.
const URL_BYTES_MAX: usize = 8 * 1024;

/// Who answers a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// The service of this name.
    Service(String),
    /// The server itself.
    Server,
    /// No route leads to it.
    Nobody,
}

/// How requests come to a service.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mount<'a> {
    /// The route that is cut off its paths (`strip = true`), without a slash at the end; empty if none is.
    pub prefix: &'a str,
    /// The application is told of that, as those of ASGI and WSGI are, and may have it in its paths.
    pub is_known: bool,
    /// What a proxy has cut off before: `root_path` of the configuration.
    pub root_path: &'a str,
    /// Where its document was found, as the server has it; empty if that says nothing.
    pub found_at: &'a str,
}

/// What makes a path of a document one of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    prefix: String,
    root_path: &'a str,
}

impl<'a> Place<'a> {
    /// The place by which most of `paths` reach their service; by default what `servers` says first.
    pub(crate) fn find<'p>(
        servers: &Value,
        mount: Mount<'a>,
        paths: impl Iterator<Item = &'p str> + Clone,
        is_reached: impl Fn(&str) -> bool,
    ) -> Self {
        let mut bases: Vec<String> = Vec::new();
        let said = servers.as_array().into_iter().flatten().take(SERVERS_MAX).filter_map(base);
        for base in said.chain([String::new()]) {
            let below = format!("{}{base}", mount.prefix);
            let both = if mount.is_known { [base, below] } else { [below, base] };
            bases.extend(both);
        }
        let places = bases.into_iter().map(|prefix| Self { prefix, root_path: mount.root_path });
        let reached = |place: &Self| paths.clone().filter(|path| is_reached(&place.of(path))).count();
        // A document that names its own path says by that where all of them begin.
        let is_own = |place: &Self| paths.clone().any(|path| place.of(path) == mount.found_at);
        // Of those that are equal the last is the maximum, and the first is meant.
        let places: Vec<Self> = places.collect();
        let best = places.iter().rev().max_by_key(|place| (reached(place), is_own(place))).cloned();
        best.unwrap_or(Self { prefix: String::new(), root_path: mount.root_path })
    }

    /// The path as clients ask the server for it.
    pub(crate) fn of(&self, path: &str) -> String {
        let slash = if path.starts_with('/') { "" } else { "/" };
        let whole = format!("{}{slash}{path}", self.prefix);
        match whole.strip_prefix(self.root_path) {
            Some(rest) if rest.starts_with('/') => rest.to_owned(),
            _ => whole,
        }
    }
}

/// The path of one of `servers`, without a slash at the end.
fn base(server: &Value) -> Option<String> {
    let is_short = |text: &str| text.len() <= URL_BYTES_MAX;
    let mut url = server["url"].as_str().filter(|url| is_short(url))?.to_owned();
    for (name, variable) in server["variables"].as_object().into_iter().flatten() {
        let default = variable["default"].as_str().filter(|text| is_short(text)).unwrap_or_default();
        url = Some(url.replace(&format!("{{{name}}}"), default)).filter(|url| is_short(url))?;
    }
    let path = match url.split_once("//") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url.trim_start_matches("./"),
    };
    let path = path.trim_matches('/');
    Some(if path.is_empty() || path == "." { String::new() } else { format!("/{path}") })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn placed(servers: Value, mount: Mount<'_>, route: &str, path: &str) -> String {
        let is_reached = |path: &str| path == route || path.starts_with(&format!("{route}/"));
        Place::find(&servers, mount, [path].into_iter(), is_reached).of(path)
    }

    #[test]
    fn servers_say_where_an_application_is() {
        let plain = Mount::default();
        assert_eq!(placed(json!(null), plain, "/api", "/api/items"), "/api/items");
        assert_eq!(placed(json!([{ "url": "/api" }]), plain, "/api", "/items"), "/api/items");
        assert_eq!(
            placed(json!([{ "url": "https://example.com/api/" }]), plain, "/api", "/items"),
            "/api/items"
        );
        let variables = json!([{ "url": "//{host}/{base}", "variables": { "base": { "default": "api" } } }]);
        assert_eq!(placed(variables, plain, "/api", "/items"), "/api/items");
        let two = json!([{ "url": "https://example.com/v1" }, { "url": "/api" }]);
        assert_eq!(placed(two, plain, "/api", "/items"), "/api/items");
        let elsewhere = json!([{ "url": "https://example.com/production" }]);
        assert_eq!(placed(elsewhere, plain, "/api", "/api/items"), "/api/items");
    }

    #[test]
    fn what_is_mounted_is_below_its_route() {
        let node = Mount { prefix: "/api", ..Mount::default() };
        assert_eq!(placed(json!(null), node, "/api", "/items"), "/api/items");
        assert_eq!(placed(json!(null), node, "/api", "/api/items"), "/api/api/items");
        let python = Mount { is_known: true, ..node };
        assert_eq!(placed(json!([{ "url": "/api" }]), python, "/api", "/items"), "/api/items");
        assert_eq!(placed(json!(null), python, "/api", "/api/items"), "/api/items");
        assert_eq!(placed(json!(null), python, "/api", "/items"), "/api/items");
        let found = Mount { found_at: "/api/api/schema/", ..python };
        assert_eq!(placed(json!(null), found, "/api", "/api/schema/"), "/api/api/schema/");
        assert_eq!(placed(json!(null), found, "/api", "/api/api/schema/"), "/api/api/schema/");
    }

    #[test]
    fn what_a_proxy_cuts_off_does_not_reach_the_server() {
        let proxied = Mount { root_path: "/shop", is_known: true, ..Mount::default() };
        assert_eq!(placed(json!([{ "url": "/shop" }]), proxied, "/items", "/items/1"), "/items/1");
        assert_eq!(placed(json!(null), proxied, "/items", "/shop/items/1"), "/items/1");
    }
}
