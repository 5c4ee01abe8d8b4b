//! Functions that are called over HTTP: where, and which.

use crate::{
    file::{FunctionsSection, ServiceSection},
    own::OwnPath,
    problem::{Flaw, Problem, closest},
    read::Located,
    service::Route,
};
use diglot_calls::names::{crossing, is_function_name};

/// The functions that anybody who reaches the server may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Each is below it, as `/service/function`.
    pub route: Route,
    /// `None`: all of all services.
    pub only: Option<Vec<PublishedName>>,
}

/// A function, or all those of a service, by the names that cross.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedName {
    pub service: String,
    /// `None`: all of them.
    pub function: Option<String>,
    /// Where it is written: `diglot.toml:7`.
    pub place: String,
}

impl Published {
    /// Whether a function is one of them, if there is one of that name.
    pub fn includes(&self, service: &str, function: &str) -> bool {
        let is_it = |name: &PublishedName| {
            name.service == service && name.function.as_ref().is_none_or(|name| name == function)
        };
        self.only.as_ref().is_none_or(|only| only.iter().any(is_it))
    }

    /// Whether functions of a service may be among them.
    pub fn includes_any_of(&self, service: &str) -> bool {
        self.only.as_ref().is_none_or(|only| only.iter().any(|name| name.service == service))
    }
}

/// `None` where nothing is published, or where a problem was added.
pub(crate) fn resolve(
    section: &FunctionsSection,
    services: &[(Located<String>, Located<ServiceSection>)],
    problems: &mut Vec<Problem>,
) -> Option<(Published, OwnPath)> {
    let only = section.published.as_ref().map(|written| {
        let names = written.value.0.iter().filter_map(|name| {
            let place = format!("{}:{}", name.span.source.name, name.span.line());
            let parsed = parse_name(&name.value, place, services);
            parsed.map_err(|flaw| problems.push(flaw.at(&name.span))).ok()
        });
        names.collect()
    });
    let Some(path) = &section.http else {
        if let Some(published) = &section.published {
            let problem = Problem::error("`published` needs `http`").at(&published.span);
            problems.push(problem.hint("say where they are called: http = \"/rpc\""));
        }
        return None;
    };
    let path = OwnPath::read(path, "`http` in `[functions]`", problems)?;
    Some((Published { route: path.route.clone(), only }, path))
}

/// `model`, `model.similar`.
fn parse_name(
    text: &str,
    place: String,
    services: &[(Located<String>, Located<ServiceSection>)],
) -> Result<PublishedName, Flaw> {
    let (service, function) = match text.split_once('.') {
        Some((service, function)) => (service, Some(function)),
        None => (text, None),
    };
    let names = || services.iter().map(|(name, _)| name.value.as_str());
    let crossed = crossing(service);
    if !names().any(|name| crossing(name) == crossed) {
        let flaw = Flaw::new(format!("there is no service `{service}`"));
        return Err(match closest(service, names()) {
            Some(meant) => flaw.hint(format!("did you mean \"{}\"?", text.replacen(service, meant, 1))),
            None => flaw.hint("name a service, or a function of it: \"model\", \"model.similar\""),
        });
    }
    match function.map(crossing) {
        Some(name) if !is_function_name(&name) => {
            let flaw = Flaw::new(format!("`{text}` names no function"));
            Err(flaw.hint(format!("as `diglot functions` lists them: \"{service}.similar\"")))
        }
        function => Ok(PublishedName { service: crossed, function, place }),
    }
}
