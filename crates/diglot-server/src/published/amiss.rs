//! Names that are published and cannot be called: a configuration names functions before anybody offers them.

use std::collections::BTreeMap;
use std::sync::Arc;

use diglot_broker::{Offer, advice};
use diglot_config::{Published, PublishedName};

/// A line for each published name that cannot be called. `functions` are those of each service, by the names that cross.
pub(crate) fn amiss(published: &Published, functions: &BTreeMap<String, Vec<Arc<Offer>>>) -> Vec<String> {
    let of = |name: &PublishedName| functions.get(&name.service).map_or(&[][..], Vec::as_slice);
    let names = published.only.iter().flatten();
    names.filter_map(|name| Some(format!("`published` ({}): {}", name.place, why(name, of(name))?))).collect()
}

/// Why nothing comes of a name, if nothing does.
fn why(PublishedName { service, function, .. }: &PublishedName, offers: &[Arc<Offer>]) -> Option<String> {
    let Some(function) = function else {
        return offers.is_empty().then(|| format!("service \"{service}\" offers no function"));
    };
    match offers.iter().find(|offer| *offer.name == **function) {
        None => {
            let near = advice(function, offers.iter().map(|offer| &*offer.name), "it offers");
            Some(format!("service \"{service}\" offers no function \"{function}\"{near}"))
        }
        Some(offer) => offer.takes_items.then(|| {
            format!("{service}.{function} takes a stream: services can call it, and clients over HTTP cannot")
        }),
    }
}

#[cfg(test)]
mod tests {
    use diglot_config::Route;

    use super::*;

    #[test]
    fn names_that_nothing_comes_of() {
        let offer = |json: &str| Arc::new(Offer::parse(json.as_bytes()).expect("an offer"));
        let functions = BTreeMap::from([
            (
                "model".to_owned(),
                vec![offer(r#"{"name":"similar"}"#), offer(r#"{"name":"total","input":{}}"#)],
            ),
            ("web".to_owned(), Vec::new()),
        ]);
        let said = |service: &str, function: Option<&str>| {
            let name = PublishedName {
                service: service.to_owned(),
                function: function.map(str::to_owned),
                place: "diglot.toml:3".to_owned(),
            };
            let route = Route { host: None, prefix: "/rpc".to_owned() };
            let mut lines = amiss(&Published { route, only: Some(vec![name]) }, &functions);
            lines.pop().unwrap_or_default()
        };
        assert_eq!(said("model", None), "");
        assert_eq!(said("model", Some("similar")), "");
        assert_eq!(
            said("model", Some("similr")),
            "`published` (diglot.toml:3): service \"model\" offers no function \"similr\": did you mean \"similar\"?"
        );
        assert!(said("model", Some("xyz")).ends_with("\"xyz\"; it offers \"similar\", \"total\""));
        assert!(said("model", Some("total")).contains("model.total takes a stream"));
        assert!(said("web", None).ends_with("service \"web\" offers no function"));
        assert!(said("web", Some("similar")).ends_with("service \"web\" offers no function \"similar\""));
    }
}
