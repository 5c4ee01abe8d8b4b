//! The description of the API: where the server has it, and where services have theirs.

use crate::{
    file::{ServerSection, ServiceSection},
    own::OwnPath,
    problem::Problem,
    read::Located,
    service::Route,
};

/// What stands for no description.
const NONE: &str = "none";

/// Where the server describes what its services answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Of the document.
    pub route: Route,
    /// Of the page that shows it.
    pub page: Option<Route>,
    /// What the API is called, if that is said.
    pub title: Option<String>,
    /// Its version, likewise.
    pub version: Option<String>,
}

/// Where a service describes itself.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum DescribedAt {
    /// Where its framework has it, if it does.
    #[default]
    Usual,
    /// At this path of its app.
    Path(String),
    /// What it answers is left out.
    Nowhere,
}

/// The server's keys; `None` where nothing is described, or a problem was added. The paths come with it, for who else has them.
pub(crate) fn resolve(
    section: &ServerSection,
    problems: &mut Vec<Problem>,
) -> (Option<Description>, Vec<OwnPath>) {
    let mut read = |written: &Located<String>, key| {
        let path = OwnPath::read(written, key, problems);
        let is_all = path.as_ref().is_some_and(|path| path.route.prefix == "/");
        if is_all {
            let problem = Problem::error(format!("{key} cannot be `/`, below which all other paths are"));
            problems.push(
                problem
                    .at(&written.span)
                    .hint("give it one of its own, as in \"/openapi.json\" and \"/docs\""),
            );
        }
        path.filter(|_| !is_all)
    };
    let document = section.openapi.as_ref().and_then(|path| read(path, "`openapi` in `[server]`"));
    let page = section.docs.as_ref().and_then(|path| read(path, "`docs` in `[server]`"));
    if let (None, Some(docs)) = (&section.openapi, &section.docs) {
        let problem = Problem::error("`docs` needs `openapi`: the page shows the document").at(&docs.span);
        problems.push(problem.hint("say where that is: openapi = \"/openapi.json\""));
    }
    let [title, version] =
        [("openapi_title", &section.openapi_title), ("openapi_version", &section.openapi_version)].map(
            |(key, written)| {
                let written = written.as_ref()?;
                if section.openapi.is_none() {
                    let problem = Problem::error(format!("`{key}` needs `openapi`: the document says it"))
                        .at(&written.span);
                    problems.push(problem.hint("say where that is: openapi = \"/openapi.json\""));
                } else if written.value.trim().is_empty() {
                    let problem = Problem::error(format!("`{key}` says nothing")).at(&written.span);
                    problems.push(problem.hint("write something, or leave it out for the default"));
                }
                Some(written.value.trim().to_owned())
            },
        );
    let route = |path: &OwnPath| path.route.clone();
    let description = document.as_ref().map(|document| Description {
        route: route(document),
        page: page.as_ref().map(route),
        title,
        version,
    });
    (description, document.into_iter().chain(page).collect())
}

/// A service's key.
pub(crate) fn of_service(section: &ServiceSection, problems: &mut Vec<Problem>) -> DescribedAt {
    let Some(written) = &section.openapi else { return DescribedAt::Usual };
    let path = written.value.as_str();
    let is_path = path.starts_with('/') && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    match path {
        NONE => DescribedAt::Nowhere,
        _ if is_path => DescribedAt::Path(path.to_owned()),
        _ => {
            let problem = Problem::error(format!("`{path}` is no path of the app")).at(&written.span);
            let hint =
                "write the path its framework serves the JSON at, as in \"/openapi.json\", or \"none\"";
            problems.push(problem.hint(hint));
            DescribedAt::Nowhere
        }
    }
}
