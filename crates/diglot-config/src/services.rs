//! From a service's section to a [`Service`]: its entry found, its keys checked against its language, its routes its
//! own.

use std::{
    collections::HashMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    config::Server,
    description,
    entry::EntryText,
    environment::{Environment, absolute},
    file::ServiceSection,
    interpreter::{Origin, Python, VENV_NAMES},
    meant::{attribute_of_file, modules, node_file},
    modules::{Found, find_module, first_places},
    node,
    problem::{Problem, Span, closest},
    read::Located,
    service::{Entry, NodeEntry, PythonEntry, PythonTarget, Route, Routing, Service},
    target::is_name_char,
    types::resolve_types,
    workplace::{Language, Workplace, Written},
};

/// Longest name of a service, in characters: it begins every line of its log.
const NAME_CHARS_MAX: usize = 64;

/// A service, where it lives, and the world around it.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) written: Written<'a>,
    pub(crate) workplace: &'a Workplace,
    pub(crate) environment: &'a Environment,
}

pub(crate) fn check_name(name: &Located<String>, problems: &mut Vec<Problem>) {
    let fits =
        !name.value.is_empty() && name.value.len() <= NAME_CHARS_MAX && name.value.chars().all(is_name_char);
    if !fits {
        problems.push(
            Problem::error(format!("`{}` is no name for a service", name.value))
                .at(&name.span)
                .hint(format!("letters, digits, `-` and `_`, at most {NAME_CHARS_MAX}")),
        );
    }
}

/// In calls names are written in one way, whatever the configuration has: `my-api` and `myApi` are both `my_api`.
pub(crate) fn check_names_cross_apart(
    services: &[(Located<String>, Located<ServiceSection>)],
    problems: &mut Vec<Problem>,
) {
    let mut owners: HashMap<String, &Located<String>> = HashMap::new();
    for (name, _) in services {
        let crossing = diglot_calls::names::crossing(&name.value);
        if let Some(first) = owners.get(&crossing) {
            let problem = Problem::error(format!(
                "the services `{}` and `{}` have one name in calls, `{crossing}`",
                first.value, name.value
            ));
            problems
                .push(problem.at(&name.span).related(&first.span, "first here").hint("rename one of them"));
        } else {
            owners.insert(crossing, name);
        }
    }
}

/// `None` where a problem stands in the way; it has been added then.
pub(crate) fn resolve_service(
    place: Place<'_>,
    entry: &EntryText,
    (routes, routing): (Vec<Route>, Routing),
    server: &Server,
    notes: &mut Vec<String>,
    problems: &mut Vec<Problem>,
) -> Option<Service> {
    let Place { written: Written { name, section }, workplace, .. } = place;
    check_language(section, entry, problems);
    check_jitter(section, problems);
    let root_path = resolve_root_path(section, problems);
    let entry = match &workplace.language {
        Language::Python { found, .. } => {
            let found = found.as_ref().map_err(|problem| problems.push(blame(problem, section))).ok();
            problems.extend(found.and_then(|python| passed_over_venv(place, python)));
            let target = find_python_target(place, entry, found, problems);
            let (python, target) = (found?, target?);
            notes.extend(python.note.clone());
            Entry::Python(python_entry(section, python, target))
        }
        Language::Node { found, .. } => {
            let found = found.as_ref().map_err(|problem| problems.push(blame(problem, section))).ok();
            let file = find_node_file(place, entry, problems);
            let (args, inspect) = (node::args(section, problems), node::inspect(section, problems));
            Entry::Node(NodeEntry { file: file?, interpreter: found?.clone(), args, inspect })
        }
    };
    let types = resolve_types(section, &entry, &workplace.root, problems);
    let env = workplace.env.as_ref().ok()?.clone();
    let limits = section.limits.as_ref().map(|limits| &limits.value);
    let timeouts = section.timeouts.as_ref().map(|timeouts| &timeouts.value);
    let concurrency = section.concurrency.as_ref().map(|number| number.value.as_usize());
    let max_requests = section.max_requests.as_ref().map(|number| number.value.0);
    let threads = section.threads.as_ref().map_or(0, |threads| threads.value.as_usize());
    let on_threads = (threads * Service::CONCURRENCY_A_THREAD).max(Service::CONCURRENCY_ON_THREADS_MIN);
    Some(Service {
        name: name.value.clone(),
        entry,
        root: workplace.root.clone(),
        routes,
        routing,
        workers: section.workers.as_ref().map_or(1, |workers| workers.value.as_usize()),
        max_requests,
        max_requests_jitter: section
            .max_requests_jitter
            .as_ref()
            .map_or(max_requests.unwrap_or(0) / Service::JITTER_DIVISOR, |number| number.value.0),
        lifetime: section.lifetime.as_ref().map(|wait| wait.value.0),
        memory_bytes_max: section.memory.as_ref().map(|size| size.value.0),
        root_path,
        described_at: description::of_service(section, problems),
        strip: section.strip.as_ref().is_some_and(|strip| strip.value),
        env,
        port: section.port.as_ref().and_then(|port| u16::try_from(port.value.0).ok()),
        concurrency: concurrency.unwrap_or(Service::CONCURRENCY_DEFAULT),
        concurrency_on_threads: concurrency.unwrap_or(on_threads),
        queue: section.queue.as_ref().map_or(Service::QUEUE_DEFAULT, |n| n.value.as_usize()),
        queue_timeout: section
            .queue_timeout
            .as_ref()
            .map_or(Service::QUEUE_TIMEOUT_DEFAULT, |wait| wait.value.0),
        body_bytes_max: limits
            .and_then(|limits| limits.body.as_ref())
            .map_or(server.limits.body_bytes_max, |size| size.value.bytes_max()),
        start_timeout: timeouts
            .and_then(|timeouts| timeouts.start.as_ref())
            .map_or(server.timeouts.start, |wait| wait.value.0),
        heartbeat: timeouts
            .and_then(|timeouts| timeouts.heartbeat.as_ref())
            .map_or(server.timeouts.heartbeat, |wait| wait.value.wait()),
        types,
        types_are_named: section.types.is_some(),
    })
}

/// A missing interpreter that no key names is shown at the entry that needs it.
fn blame(problem: &Problem, section: &ServiceSection) -> Problem {
    let span = problem.span.clone().or_else(|| section.entry.as_ref().map(|entry| entry.span.clone()));
    Problem { span, ..problem.clone() }
}

/// A folder that should be the service's venv and is none, so that another interpreter is used.
fn passed_over_venv(place: Place<'_>, python: &Python) -> Option<Problem> {
    if !matches!(python.origin, Origin::Active | Origin::Path) {
        return None;
    }
    let Place { written, workplace, environment } = place;
    let venvs = VENV_NAMES.iter().map(|name| workplace.root.join(name));
    // A link that leads nowhere is no folder any more, and all the more a venv that has gone.
    let broken = venvs.into_iter().find(|venv| venv.is_dir() || (venv.is_symlink() && !venv.exists()))?;
    let shown = environment.shown(&broken);
    let message = format!(
        "the venv `{shown}` of service `{}` is broken: {} is used instead",
        written.name.value,
        python.interpreter.display()
    );
    let hint = format!(
        "remove it, then make it again: `python3 -m venv {shown}`, or, with a diglot.toml, `diglot install`"
    );
    let problem = Problem::warning(message).hint(hint);
    Some(match &written.section.entry {
        Some(entry) => problem.at(&entry.span),
        None => problem,
    })
}

fn python_entry(section: &ServiceSection, python: &Python, target: PythonTarget) -> PythonEntry {
    PythonEntry {
        target,
        interpreter: python.interpreter.clone(),
        venv: python.venv.clone(),
        interface: section.interface.as_ref().map(|interface| interface.value.0),
        threads: section.threads.as_ref().map(|threads| threads.value.as_usize()),
        event_loop: section.r#loop.as_ref().map(|choice| choice.value.0).unwrap_or_default(),
        lifespan: section.lifespan.as_ref().map(|choice| choice.value.0).unwrap_or_default(),
        asgi_spec: section.asgi_spec.as_ref().map(|choice| choice.value.0).unwrap_or_default(),
        pathsend: section.pathsend.as_ref().is_some_and(|pathsend| pathsend.value),
    }
}

/// Jitter of nothing would be ignored without a word.
fn check_jitter(section: &ServiceSection, problems: &mut Vec<Problem>) {
    if let (None, Some(jitter)) = (&section.max_requests, &section.max_requests_jitter) {
        problems.push(
            Problem::error("`max_requests_jitter` needs `max_requests`")
                .at(&jitter.span)
                .hint("add it, as in max_requests = 10_000, or remove this"),
        );
    }
}

/// Without a slash at the end; empty where there is none, or where a problem was added.
fn resolve_root_path(section: &ServiceSection, problems: &mut Vec<Problem>) -> String {
    let Some(written) = &section.root_path else { return String::new() };
    match Route::parse_path(&written.value) {
        Ok(path) => path.trim_end_matches('/').to_owned(),
        Err(flaw) => {
            problems.push(flaw.at(&written.span));
            String::new()
        }
    }
}

/// A key of the other language would be ignored without a word.
fn check_language(section: &ServiceSection, entry: &EntryText, problems: &mut Vec<Problem>) {
    let python_only = [
        ("python", section.python.as_ref().map(|key| &key.span)),
        ("venv", section.venv.as_ref().map(|key| &key.span)),
        ("interface", section.interface.as_ref().map(|key| &key.span)),
        ("threads", section.threads.as_ref().map(|key| &key.span)),
        ("loop", section.r#loop.as_ref().map(|key| &key.span)),
        ("lifespan", section.lifespan.as_ref().map(|key| &key.span)),
        ("asgi_spec", section.asgi_spec.as_ref().map(|key| &key.span)),
        ("pathsend", section.pathsend.as_ref().map(|key| &key.span)),
        ("root_path", section.root_path.as_ref().map(|key| &key.span)),
    ];
    let node_only = [
        ("node", section.node.as_ref().map(|key| &key.span)),
        ("node_args", section.node_args.as_ref().map(|key| &key.span)),
        ("inspect", section.inspect.as_ref().map(|key| &key.span)),
        ("port", section.port.as_ref().map(|key| &key.span)),
    ];
    let (foreign, language, other): (&[(&str, Option<&Span>)], &str, &str) = match entry {
        EntryText::NodeFile { .. } => (&python_only, "Node", "Python"),
        _ => (&node_only, "Python", "Node"),
    };
    for (key, span) in foreign {
        let (Some(span), Some(entry)) = (span, &section.entry) else { continue };
        problems.push(
            Problem::error(format!("`{key}` is for {other} services"))
                .at(span)
                .related(&entry.span, format!("this entry is {language}"))
                .hint("remove it"),
        );
    }
}

fn find_python_target(
    place: Place<'_>,
    entry: &EntryText,
    python: Option<&Python>,
    problems: &mut Vec<Problem>,
) -> Option<PythonTarget> {
    match entry {
        EntryText::PythonFile { path, attr, call } => {
            let path = find_file(place, path, problems)?;
            Some(PythonTarget::File { path, attr: attr.clone(), call: *call })
        }
        EntryText::PythonModule { module, attr, call } => {
            if let Some(python) = python {
                check_module(place, module, python, problems)?;
            }
            Some(PythonTarget::Module { module: module.clone(), attr: attr.clone(), call: *call })
        }
        EntryText::NodeFile { .. } => None,
    }
}

fn check_module(place: Place<'_>, module: &str, python: &Python, problems: &mut Vec<Problem>) -> Option<()> {
    let root = &place.workplace.root;
    let shown = place.environment.shown(root);
    let span = &place.written.section.entry.as_ref()?.span;
    let own = place.workplace.env.as_ref().ok().and_then(|env| env.get("PYTHONPATH")).map(OsStr::new);
    let places = first_places(root, own.or_else(|| place.environment.var("PYTHONPATH")));
    let written = place.written.section.entry.as_ref()?.value.as_str();
    if written == module
        && let Some((file, app)) = attribute_of_file(module, root)
    {
        // Only a warning: a module may put modules of its making in the place of its attributes, as `os` does.
        let problem = Problem::warning(format!("`{file}` is a file, and has no module in it")).at(span);
        problems.push(problem.hint(format!("did you mean \"{app}\"?")));
        return Some(());
    }
    let (folder, missing, problem) = match find_module(module, &places, python, place.environment) {
        Found::Yes => return Some(()),
        found @ (Found::No | Found::Unknown) => {
            let first = module.split('.').next().unwrap_or(module);
            // Where some places cannot be looked into, Python has the last word at the start.
            let problem = match &found {
                Found::Unknown => Problem::warning(format!("there is no module `{first}` to be seen")),
                _ => Problem::error(format!("there is no module `{first}`")),
            };
            let hint = match shown.as_str() {
                "" => "looked in the working directory".to_owned(),
                shown => format!("looked in {shown}"),
            };
            if let Some(file) = node_file(written, root) {
                problems.push(problem.at(span).missing().hint(format!("did you mean \"{file}\"?")));
                return matches!(found, Found::Unknown).then_some(());
            }
            (
                root.clone(),
                first.to_owned(),
                problem.hint(format!("{hint}, and among the packages of {}", python.interpreter.display())),
            )
        }
        Found::Partly { package, missing } => {
            let shown = place.environment.shown(&package);
            let problem = Problem::error(format!("there is no module `{missing}` in the package `{shown}`"));
            (package, missing, problem)
        }
    };
    let problem = problem.at(span).missing();
    let may_go_on = (!problem.is_error()).then_some(());
    // Without an app's name after a colon, nearly anything may have been meant: only a slip of the pen is certain.
    let is_app = written != module;
    let inside = module.split('.').skip_while(|part| *part != missing).skip(1).collect::<Vec<_>>().join(".");
    let names = modules(&missing, &inside, &folder);
    let is_slip = matches!(names.as_slice(), [name] if closest(&missing, [name.as_str()]).is_some());
    let entries: Vec<String> =
        names.iter().map(|name| format!("`{}`", written.replacen(&missing, name, 1))).collect();
    let question = match entries.as_slice() {
        [] => None,
        [entry] => Some(format!("did you mean {entry}?")),
        several => Some(format!("did you mean one of {}?", several.join(", "))),
    };
    let hint = match (question.filter(|_| is_slip || is_app), problem.hint.clone()) {
        (Some(question), Some(looked)) if !is_slip => Some(format!("{looked}; {question}")),
        (question, looked) => question.or(looked),
    };
    problems.push(Problem { hint, ..problem });
    may_go_on
}

fn find_node_file(place: Place<'_>, entry: &EntryText, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    let EntryText::NodeFile { path } = entry else { return None };
    find_file(place, path, problems)
}

fn find_file(place: Place<'_>, path: &str, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    let file = absolute(&place.workplace.root, Path::new(path));
    if file.is_file() {
        return Some(file);
    }
    let span = &place.written.section.entry.as_ref()?.span;
    if file.is_dir() {
        problems.push(Problem::error(format!("`{path}` is a folder, not a file")).at(span));
        return None;
    }
    let problem = Problem::error(format!("the entry file `{path}` does not exist")).at(span).missing();
    let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let files = neighbours(file.parent()?, |path| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        name.filter(|_| path.extension() == file.extension())
    });
    problems.push(match closest(&name, files.iter().map(String::as_str)) {
        Some(meant) => problem.hint(format!("did you mean \"{}\"?", path.replacen(&name, meant, 1))),
        None => problem.hint(format!("looked for {}", file.display())),
    });
    None
}

/// What a folder holds, each by the name `name` gives it, sorted so that advice does not depend on the disk.
fn neighbours(folder: &Path, name: impl Fn(&Path) -> Option<String>) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| name(&entry.path())).collect();
    names.sort();
    names
}

/// A service's routes: all that parse. Where none is written, `/`, unless `is_root_taken`: another service names that.
pub(crate) fn resolve_routes(
    written: Written<'_>,
    is_root_taken: bool,
    problems: &mut Vec<Problem>,
) -> (Vec<Route>, Routing) {
    let Some(routes) = &written.section.routes else {
        return match is_root_taken {
            true => (Vec::new(), Routing::NoneLeft),
            false => (vec![Route::everything()], Routing::Default),
        };
    };
    let parsed =
        routes.value.0.iter().map(|route| Route::parse(&route.value).map_err(|flaw| flaw.at(&route.span)));
    let routing = match routes.value.0.is_empty() {
        true => Routing::Nowhere,
        false if is_unsaid(written.section) => Routing::Default,
        false => Routing::Written,
    };
    (parsed.filter_map(|route| route.map_err(|problem| problems.push(problem)).ok()).collect(), routing)
}

/// A TARGET without a ROUTE: what stands for its route is the whole TARGET.
fn is_unsaid(section: &ServiceSection) -> bool {
    let (Some(entry), Some(routes)) = (&section.entry, &section.routes) else { return false };
    routes.value.0.iter().any(|route| route.span == entry.span)
}

/// Whether a service names `/`, on every host, as its own.
pub(crate) fn is_root_taken(services: &[(Located<String>, Located<ServiceSection>)]) -> bool {
    let routes = services.iter().filter_map(|(_, section)| section.value.routes.as_ref());
    let mut routes = routes.flat_map(|routes| &routes.value.0);
    routes.any(|route| Route::parse(&route.value).is_ok_and(|route| route == Route::everything()))
}

/// A service's routes, each with the place that says so.
pub(crate) fn routes_of(
    name: &Located<String>,
    section: &Located<ServiceSection>,
    is_root_taken: bool,
) -> Vec<(Route, Span)> {
    match &section.value.routes {
        Some(routes) => {
            let parsed = routes.value.0.iter();
            parsed.filter_map(|route| Some((Route::parse(&route.value).ok()?, route.span.clone()))).collect()
        }
        None if section.value.misread || is_root_taken => Vec::new(),
        None => vec![(Route::everything(), name.span.clone())],
    }
}

/// One route belongs to one service.
pub(crate) fn check_routes_are_apart(
    services: &[(Located<String>, Located<ServiceSection>)],
    problems: &mut Vec<Problem>,
) {
    let mut owners: HashMap<Route, (&str, Span)> = HashMap::new();
    let is_root_taken = is_root_taken(services);
    for (name, section) in services {
        for (route, span) in routes_of(name, section, is_root_taken) {
            let Some((owner, first)) = owners.get(&route) else {
                owners.insert(route, (&name.value, span));
                continue;
            };
            let problem = match *owner == name.value {
                true => Problem::error(format!("service `{owner}` has the route `{route}` twice")),
                false => Problem::error(format!(
                    "the route `{route}` belongs to two services, `{owner}` and `{}`",
                    name.value
                )),
            };
            let unsaid = section.value.entry.as_ref().is_some_and(|entry| entry.span == span);
            let hint = match section.value.routes {
                Some(_) if unsaid => {
                    "without a ROUTE, a TARGET takes \"/\": give one of them its own, as in /api=main:app"
                }
                Some(_) => "each route leads to one service",
                None => {
                    "without `routes`, a service takes \"/\": give one of them its own, as in routes = [\"/api\"], or none, routes = [], \
                     if it only offers functions"
                }
            };
            problems.push(problem.at(&span).related(first, "first here").hint(hint));
        }
    }
}
