//! What services and functions say, as one document.

use std::collections::BTreeMap;

use diglot_calls::names::crossing;
use diglot_config::Published;
use diglot_front::{Front, Target};
use diglot_openapi::{About, Merged, Owner, Part, Remark, functions, merge};
use serde_json::Value;

use super::Functions;
use super::source::{Found, Source};

/// How many remarks of one kind are told in full.
const TOLD_MAX: usize = 5;

/// Merges what all of them have said, for clients of a host. Not for a thread that runs tasks.
pub(super) fn merged(
    sources: &[Source],
    offered: &Functions,
    published: Option<&Published>,
    host: Option<&str>,
    about: About<'_>,
    owner: impl Fn(&str) -> Owner,
) -> Merged {
    let found =
        sources.iter().map(|source| source.document().map(|Found { path, document }| (path, document)));
    let (paths, documents): (Vec<_>, Vec<_>) = found.map(Option::unzip).unzip();
    let prefixes: Vec<Vec<String>> = sources.iter().map(|source| source.prefixes(host)).collect();
    let mut parts = Vec::new();
    for (((source, path), document), prefixes) in sources.iter().zip(&paths).zip(documents).zip(&prefixes) {
        if let Some((path, document)) = path.as_deref().zip(document) {
            parts.push(Part { service: &source.name, document, mount: Some(source.mount(path, prefixes)) });
        }
        let Some(published) = published else { continue };
        let of_service = offered.iter().find(|(service, _)| crossing(service) == crossing(&source.name));
        let Some((_, offers)) = of_service.filter(|(_, offers)| !offers.is_empty()) else { continue };
        let offers: Vec<Value> =
            offers.iter().filter_map(|offer| serde_json::from_str(&offer.json).ok()).collect();
        let base = format!("{}/{}", published.route.prefix.trim_end_matches('/'), crossing(&source.name));
        parts.push(Part { service: &source.name, document: functions(&base, &offers), mount: None });
    }
    merge(parts, about, owner)
}

/// Who answers a path of this host.
pub(super) fn owner(front: &Front, host: Option<&str>, path: &str) -> Owner {
    match front.destination(host, path) {
        Some(Target::Service(service)) => Owner::Service(service.name().to_owned()),
        Some(Target::Own(_) | Target::Fixed(_)) => Owner::Server,
        None => Owner::Nobody,
    }
}

/// What is left out, as lines of the log: many of one kind are one.
pub(super) fn lines(remarks: &[Remark], offered: &Functions) -> Vec<String> {
    let mut kinds: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for remark in remarks {
        let (beginning, one, end) = match remark {
            Remark::Unreachable { service, method, path, owner } => {
                let why = match owner {
                    Owner::Service(owner) => format!("the routes of service \"{owner}\" take them"),
                    Owner::Server => "the server itself answers there".to_owned(),
                    Owner::Nobody => "no route leads there".to_owned(),
                };
                let beginning =
                    format!("of service \"{service}\" these cannot be reached and are left out: ");
                (beginning, format!("{method} {path}"), why)
            }
            Remark::Elsewhere { service, method, path, server } => (
                format!("of service \"{service}\" these are left out: "),
                format!("{method} {path} ({server})"),
                "its document says that other servers answer them".to_owned(),
            ),
            Remark::NoItem { service, path, reference } => (
                format!("of service \"{service}\" these are left out: "),
                format!("{path} ({reference})"),
                "there is no path where each refers to".to_owned(),
            ),
            Remark::Dangling { service, reference } => (
                format!("the description of service \"{service}\" refers to what it does not have: "),
                reference.clone(),
                "anything is taken to be allowed there".to_owned(),
            ),
            Remark::Twice { service, method, path, kept } => (
                format!("of service \"{service}\" these are left out: "),
                format!("{method} {path} ({kept})"),
                "what stands behind each is the same path".to_owned(),
            ),
            Remark::Renamed { name, services, names } => (
                format!(
                    "services \"{}\" mean different things by names that are the same, which are called by their services: ",
                    services.join("\", \"")
                ),
                format!("{name} ({})", names.join(", ")),
                String::new(),
            ),
            Remark::Repeated { .. } => (String::new(), remark.to_string(), String::new()),
        };
        kinds.entry((beginning, end)).or_default().push(one);
    }
    let line = |((beginning, end), all): ((String, String), Vec<String>)| {
        let end = if end.is_empty() { end } else { format!("; {end}") };
        format!("{beginning}{}{end}", told(&all))
    };
    let mut lines: Vec<String> = kinds.into_iter().map(line).collect();
    let streams: Vec<String> = offered
        .iter()
        .flat_map(|(service, offers)| offers.iter().map(move |offer| (service, offer)))
        .filter(|(_, offer)| offer.takes_items)
        .map(|(service, offer)| format!("{service}.{}", offer.name))
        .collect();
    if !streams.is_empty() {
        lines.push(format!("functions that take a stream are left out: {}", told(&streams)));
    }
    lines
}

/// The first of them, and how many there are.
fn told(names: &[String]) -> String {
    let more = match names.len().saturating_sub(TOLD_MAX) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    format!("{}{more}", names[..names.len().min(TOLD_MAX)].join(", "))
}

/// What tells one document from another.
pub(super) fn digest(json: &[u8]) -> String {
    sha1_smol::Sha1::from(json).digest().to_string()
}
