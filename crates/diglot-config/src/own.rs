//! Paths below which the server answers by itself. None of them is a service's route.

use crate::{
    file::ServiceSection,
    problem::{Problem, Span},
    read::Located,
    service::Route,
    services::{is_root_taken, routes_of},
};

/// Such a path, and the key that says so.
#[derive(Clone, Debug)]
pub(crate) struct OwnPath {
    pub(crate) route: Route,
    /// As in a sentence: "`http` in `[functions]`".
    pub(crate) key: &'static str,
    pub(crate) span: Span,
}

impl OwnPath {
    /// What is written at `key`; `None` where it is no path, which has been told then.
    pub(crate) fn read(
        written: &Located<String>,
        key: &'static str,
        problems: &mut Vec<Problem>,
    ) -> Option<OwnPath> {
        match Route::parse_own(&written.value) {
            Ok(route) => Some(OwnPath { route, key, span: written.span.clone() }),
            Err(flaw) => {
                problems.push(flaw.at(&written.span));
                None
            }
        }
    }
}

/// Whose a path is that two claim would be a matter of chance: on whichever host, a path of the server's own is no service's, and
/// no other's. Below it a service may have a longer one, which wins.
pub(crate) fn check_own_paths_are_apart(
    own: &[OwnPath],
    services: &[(Located<String>, Located<ServiceSection>)],
    problems: &mut Vec<Problem>,
) {
    for (at, path) in own.iter().enumerate() {
        if let Some(first) = own[..at].iter().find(|other| other.route == path.route) {
            let problem =
                Problem::error(format!("the path `{}` is {} and {}", path.route, first.key, path.key));
            problems.push(
                problem.at(&path.span).related(&first.span, "first here").hint("give one of them another"),
            );
        }
    }
    let is_root_taken = is_root_taken(services);
    for (name, section) in services {
        for (route, span) in routes_of(name, section, is_root_taken) {
            let Some(path) = own.iter().find(|path| path.route.prefix == route.prefix) else { continue };
            let problem = Problem::error(format!(
                "the route `{route}` of service `{}` is the path of {}, which the server answers by itself",
                name.value, path.key
            ));
            let hint = match section.value.routes {
                Some(_) => "give one of them another: the longest prefix wins",
                None => {
                    "without `routes`, a service takes \"/\": give it its own, as in routes = [\"/api\"], or the server another path"
                }
            };
            problems.push(problem.at(&span).related(&path.span, "this takes it").hint(hint));
        }
    }
}
