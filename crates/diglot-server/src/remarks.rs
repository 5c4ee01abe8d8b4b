//! What is said of the functions that services offer: nothing is wrong with them, and something is missing.

use std::path::Path;
use std::sync::Arc;

use diglot_broker::{Broker, Offer};
use diglot_calls::names::crossing;
use diglot_config::Config;
use serde::Deserialize;
use serde_json::Value;

use crate::published::amiss;

/// Says in the log what there is to say, as soon as the services have said what they offer.
pub(crate) async fn tell(config: Config, broker: Arc<Broker>) {
    broker.settled().await;
    let functions = broker.functions();
    let offers = |service: &str| functions.get(service).into_iter().flatten();
    let mut lines =
        config.published.as_ref().map(|published| amiss(published, &functions)).unwrap_or_default();
    lines.extend(without_types(&config, |service| {
        offers(service).filter_map(|offer| serde_json::from_str(&offer.json).ok()).collect()
    }));
    for line in lines {
        tracing::warn!("{line}");
    }
}

/// A line for each published name that cannot be called, and for each function whose types are not written down. `functions` are
/// `{"SERVICE": [OFFER, …], …}`; anything else: it is not known what is offered.
pub fn remarks(config: &Config, functions: &Value) -> Vec<String> {
    let Some(services) = functions.as_object() else { return Vec::new() };
    let offers = |service: &str| services.get(service).and_then(Value::as_array).into_iter().flatten();
    let mut lines = Vec::new();
    if let Some(published) = &config.published {
        // What is no offer is told by who reads their types.
        let parsed = |offer: &Value| Offer::parse(offer.to_string().as_bytes()).ok().map(Arc::new);
        let all =
            services.keys().map(|service| (service.clone(), offers(service).filter_map(parsed).collect()));
        lines = amiss(published, &all.collect());
    }
    lines.extend(without_types(config, |service| {
        offers(service).filter_map(|offer| Read::deserialize(offer).ok()).collect()
    }));
    lines
}

/// A line for each function whose types are not written down. `offers` are those of a service, by the name that crosses.
fn without_types(config: &Config, offers: impl Fn(&str) -> Vec<Read>) -> Vec<String> {
    let lines = config.services.iter().flat_map(|service| {
        let root = service.root.strip_prefix(&config.base).unwrap_or(&service.root);
        let offers = offers(&crossing(&service.name)).into_iter();
        offers.filter_map(move |offer| untyped(&service.name, root, offer))
    });
    lines.collect()
}

/// What of an offer says that its author has not.
#[derive(Deserialize)]
struct Read {
    name: String,
    untyped: Option<Untyped>,
    #[serde(default)]
    file: String,
    #[serde(default)]
    line: u64,
}

#[derive(Deserialize)]
struct Untyped {
    params: Vec<String>,
    result: bool,
}

/// What is missing, if something is.
fn untyped(service: &str, root: &Path, offer: Read) -> Option<String> {
    let Read { name, untyped, file, line } = offer;
    let Untyped { params, result } = untyped?;
    let params = params.iter().map(|name| format!("the parameter \"{name}\""));
    let missing: Vec<String> = params.chain(result.then(|| "the result".to_owned())).collect();
    let (last, others) = missing.split_last()?;
    let (what, has) = match others {
        [] => (last.clone(), "has no annotation"),
        others => (format!("{} and {last}", others.join(", ")), "have no annotation"),
    };
    let place = root.join(file);
    Some(format!(
        "{service}.{name} ({}:{line}): {what} {has}: to callers it may be anything",
        place.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_annotated() {
        let said = |members: &str| {
            let offer = format!(r#"{{"name":"similar","file":"functions.py","line":3{members}}}"#);
            untyped("model", Path::new("model"), serde_json::from_str(&offer).ok()?)
        };
        let told = |what: &str| {
            Some(format!("model.similar (model/functions.py:3): {what}: to callers it may be anything"))
        };
        assert_eq!(said(""), None);
        assert_eq!(said(r#","untyped":{"params":[],"result":false}"#), None);
        assert_eq!(said(r#","untyped":{"params":[],"result":true}"#), told("the result has no annotation"));
        assert_eq!(
            said(r#","untyped":{"params":["a","b"],"result":true}"#),
            told("the parameter \"a\", the parameter \"b\" and the result have no annotation")
        );
        assert_eq!(said(r#","untyped":5"#), None, "what is no offer of ours is not told of");
    }
}
