//! Where the paths of a document are really reached: it says where the application sees them.

use std::collections::BTreeSet;

use serde_json::Value;

/// Of a document's `servers`, those that are looked at.
const SERVERS_MAX: usize = 16;
/// Of the variables of one of them, those that are filled in.
const VARIABLES_MAX: usize = 16;
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
    /// The routes of which one is cut off its paths (`strip = true`), without a slash at the end; none if nothing is cut off.
    pub prefixes: &'a [String],
    /// That below which it was asked for its document, which may be another; empty if none was.
    pub asked: &'a str,
    /// The hosts that its routes name.
    pub hosts: &'a [String],
    /// The application is told of that, as those of ASGI and WSGI are, and may have it in its paths.
    pub is_known: bool,
    /// What a proxy has cut off before: `root_path` of the configuration.
    pub root_path: &'a str,
    /// Where its document was found, below that route; empty if that says nothing.
    pub found_at: &'a str,
}

/// What makes a path of a document one of the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    /// What is cut off the paths that have it: where the application was mounted when it was asked.
    cut: &'a str,
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
        let everything = [String::new()];
        let prefixes = if mount.prefixes.is_empty() { &everything } else { mount.prefixes };
        let mut places: Vec<Self> = Vec::new();
        let mut add = |cut, prefix| {
            let place = Self { cut, prefix, root_path: mount.root_path };
            if !places.contains(&place) {
                places.push(place);
            }
        };
        for base in urls(servers).map(|url| path_of(&url)).chain([String::new()]) {
            if mount.is_known {
                add("", base.clone());
            }
            for prefix in prefixes {
                let is_other = mount.is_known && prefix != mount.asked;
                match below(&base, mount.asked) {
                    Some(rest) if is_other => add("", format!("{prefix}{rest}")),
                    None if is_other => add(mount.asked, format!("{prefix}{base}")),
                    _ => add("", format!("{prefix}{base}")),
                }
            }
            if !mount.is_known {
                add("", base);
            }
        }
        let reached = |place: &Self| paths.clone().filter(|path| is_reached(&place.of(path))).count();
        // A document that names its own path says by that where all of them begin.
        let found_at: Vec<String> =
            prefixes.iter().map(|prefix| format!("{prefix}{}", mount.found_at)).collect();
        let is_own = |place: &Self| paths.clone().any(|path| found_at.contains(&place.of(path)));
        // Of those that are equal the last is the maximum, and the first is meant.
        let best = places.iter().rev().max_by_key(|place| (reached(place), is_own(place))).cloned();
        best.unwrap_or(Self { cut: "", prefix: String::new(), root_path: mount.root_path })
    }

    /// The path as clients ask the server for it.
    pub(crate) fn of(&self, path: &str) -> String {
        let path = below(path, self.cut).unwrap_or(path);
        let slash = if path.starts_with('/') { "" } else { "/" };
        let whole = format!("{}{slash}{path}", self.prefix);
        match below(&whole, self.root_path) {
            Some(rest) if !rest.is_empty() => rest.to_owned(),
            _ => whole,
        }
    }
}

/// What of a path stands below another.
fn below<'p>(path: &'p str, above: &str) -> Option<&'p str> {
    path.strip_prefix(above).filter(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The hosts, with their ports, that `servers` names.
pub(crate) fn hosts(servers: &Value) -> BTreeSet<String> {
    urls(servers).filter_map(|url| host_of(&url)).collect()
}

/// An operation's own `servers` without those that are other hosts, neither in `known`, which are those of the whole document, nor
/// of the service's routes. Where nothing is left, the first of these.
pub(crate) fn here(servers: &Value, known: &BTreeSet<String>, mount: Mount<'_>) -> Result<Value, String> {
    let is_of_routes = |host: &str| mount.hosts.iter().any(|known| host.split(':').next() == Some(known));
    let is_elsewhere =
        |url: &str| host_of(url).is_some_and(|host| !known.contains(&host) && !is_of_routes(&host));
    let mut here = Vec::new();
    let mut elsewhere = None;
    for server in servers.as_array().into_iter().flatten().take(SERVERS_MAX) {
        match url_of(server).filter(|url| is_elsewhere(url)) {
            Some(url) => elsewhere = elsewhere.or(Some(url)),
            None => here.push(server.clone()),
        }
    }
    elsewhere.filter(|_| here.is_empty()).map_or(Ok(Value::Array(here)), Err)
}

fn urls(servers: &Value) -> impl Iterator<Item = String> {
    servers.as_array().into_iter().flatten().take(SERVERS_MAX).filter_map(url_of)
}

/// The URL of one of `servers`, its variables filled in.
fn url_of(server: &Value) -> Option<String> {
    let is_short = |text: &str| text.len() <= URL_BYTES_MAX;
    let mut url = server["url"].as_str().filter(|url| is_short(url))?.to_owned();
    for (name, variable) in server["variables"].as_object().into_iter().flatten().take(VARIABLES_MAX) {
        let default = variable["default"].as_str().filter(|text| is_short(text)).unwrap_or_default();
        url = Some(url.replace(&format!("{{{name}}}"), default)).filter(|url| is_short(url))?;
    }
    Some(url)
}

/// The path of a server's URL, without a slash at the end.
fn path_of(url: &str) -> String {
    let path = match url.split_once("//") {
        Some((_, rest)) => rest.find('/').map_or("", |at| &rest[at..]),
        None => url.trim_start_matches("./"),
    };
    let path = path.trim_matches('/');
    if path.is_empty() || path == "." { String::new() } else { format!("/{path}") }
}

/// The host that it names, with its port, in small letters. What is yet to be filled in is none.
fn host_of(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("//")?;
    let host = rest.split(['/', '?', '#']).next().filter(|host| !host.is_empty() && !host.contains('{'))?;
    Some(host.to_ascii_lowercase())
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
        let api = ["/api".to_owned()];
        let node = Mount { prefixes: &api, asked: "/api", ..Mount::default() };
        assert_eq!(placed(json!(null), node, "/api", "/items"), "/api/items");
        assert_eq!(placed(json!(null), node, "/api", "/api/items"), "/api/api/items");
        let python = Mount { is_known: true, ..node };
        assert_eq!(placed(json!([{ "url": "/api" }]), python, "/api", "/items"), "/api/items");
        assert_eq!(placed(json!(null), python, "/api", "/api/items"), "/api/items");
        assert_eq!(placed(json!(null), python, "/api", "/items"), "/api/items");
        let found = Mount { found_at: "/api/schema/", ..python };
        assert_eq!(placed(json!(null), found, "/api", "/api/schema/"), "/api/api/schema/");
        assert_eq!(placed(json!(null), found, "/api", "/api/api/schema/"), "/api/api/schema/");
    }

    #[test]
    fn of_several_mounts_one_is_where_a_path_is_reached() {
        let both = ["/one".to_owned(), "/api".to_owned()];
        let node = Mount { prefixes: &both, asked: "/one", ..Mount::default() };
        assert_eq!(placed(json!(null), node, "/one", "/items"), "/one/items");
        assert_eq!(placed(json!(null), node, "/api", "/items"), "/api/items");
        let python = Mount { is_known: true, ..node };
        assert_eq!(placed(json!([{ "url": "/one" }]), python, "/api", "/items"), "/api/items");
        assert_eq!(placed(json!(null), python, "/api", "/one/items"), "/api/items");
        let found = Mount { found_at: "/api/schema/", ..python };
        assert_eq!(placed(json!(null), found, "/api", "/one/api/schema/"), "/api/api/schema/");
        let of_another_host = Mount { prefixes: &both[1..], ..python };
        assert_eq!(placed(json!(null), of_another_host, "/api", "/one/items"), "/api/items");
    }

    #[test]
    fn what_only_other_hosts_answer_is_elsewhere() {
        let known = hosts(&json!([{ "url": "https://API.example.com/v1" }, { "url": "/v2" }]));
        let routes = ["shop.example.com".to_owned()];
        let mount = Mount { hosts: &routes, ..Mount::default() };
        let of = |urls: &[&str]| {
            let servers: Vec<Value> = urls.iter().map(|url| json!({ "url": url })).collect();
            here(&json!(servers), &known, mount)
        };
        let uploads = "https://uploads.example.com/in";
        assert_eq!(of(&[uploads]), Err(uploads.to_owned()));
        assert_eq!(of(&[uploads, "https://files.example.com"]), Err(uploads.to_owned()));
        for url in [
            "/v3",
            "v3",
            "https://api.example.com/v3",
            "http://shop.example.com:8000",
            "//{host}/v3",
            "https://",
        ] {
            assert_eq!(of(&[uploads, url]), Ok(json!([{ "url": url }])));
        }
        assert_eq!(of(&[]), Ok(json!([])));
    }

    #[test]
    fn what_a_proxy_cuts_off_does_not_reach_the_server() {
        let proxied = Mount { root_path: "/shop", is_known: true, ..Mount::default() };
        assert_eq!(placed(json!([{ "url": "/shop" }]), proxied, "/items", "/items/1"), "/items/1");
        assert_eq!(placed(json!(null), proxied, "/items", "/shop/items/1"), "/items/1");
    }
}
