//! `diglot check`: everything `serve` would find wrong, without serving.

use std::{net::TcpListener, os::unix::net::UnixStream, process::ExitCode};

use diglot_config::{Config, Entry, Environment, Listen, Problem, Resolution, Service, resolve};

use crate::{arguments::Check, packages, report, types};

pub(crate) fn check(check: Check, environment: &Environment) -> ExitCode {
    let mut resolution = match resolve(&check.file.into(), environment) {
        Ok(resolution) => resolution,
        Err(nothing) => return report::no_file(&nothing),
    };
    let taken = taken_addresses(&resolution);
    resolution.problems.extend(taken);
    resolution.problems.extend(resolution.workplaces.iter().filter_map(packages::missing));
    resolution.problems.extend(resolution.config.iter().flat_map(of_nobody));
    let missing = resolution.config.iter().find_map(|config| diglot_server::missing_part(&config.services));
    resolution.problems.extend(missing.map(Problem::error));
    report::problems(&resolution.problems);
    let is_wrong = resolution.problems.iter().any(Problem::is_error);
    match resolution.config.filter(|_| !is_wrong) {
        Some(config) => {
            anstream::eprint!("{}", all_well(&config));
            report::count(&resolution.problems);
            ExitCode::SUCCESS
        }
        None => {
            report::count(&resolution.problems);
            report::wrong()
        }
    }
}

/// What is published and comes to nothing by what `diglot types` has written, where it has. Warnings only: that may be older than
/// the sources. Of what diglot.types.json does not keep nothing is said, as of parameters that have no types.
fn of_nobody(config: &Config) -> Vec<Problem> {
    let remarks = diglot_server::remarks(config, &types::written(config));
    let warnings = remarks.into_iter().map(Problem::warning);
    let hint = "so says diglot.types.json: `diglot types` writes it anew. Functions belong to the service whose program imports them";
    warnings.map(|warning| warning.hint(hint)).collect()
}

/// Warnings only: what holds the port now is most often the very server that is to be restarted.
fn taken_addresses(resolution: &Resolution) -> Vec<Problem> {
    let taken = resolution.listen.iter().filter_map(|(listen, span)| {
        let problem = Problem::warning(in_use(listen)?).hint(match listen {
            Listen::Tcp(_) => "stop what listens there, or choose another port; port 0 takes a free one",
            _ => "stop what listens there, or choose another path",
        });
        Some(match span {
            Some(span) => problem.at(span),
            None => problem,
        })
    });
    taken.collect()
}

/// What keeps an address from being bound now.
fn in_use(listen: &Listen) -> Option<String> {
    match listen {
        Listen::Tcp(address) => TcpListener::bind(address).err().map(|error| match error.kind() {
            std::io::ErrorKind::AddrInUse => format!("`{listen}` is in use"),
            std::io::ErrorKind::PermissionDenied => format!("`{listen}` cannot be bound without more rights"),
            std::io::ErrorKind::AddrNotAvailable => format!("`{listen}` is no address of this machine"),
            _ => format!("`{listen}` cannot be bound: {error}"),
        }),
        // Whoever starts the server passes these.
        Listen::Inherited(_) | Listen::Systemd => None,
        // A socket file nobody listens on is a left-over, which the server replaces.
        Listen::Unix(path) => UnixStream::connect(path).is_ok().then(|| format!("`{listen}` is in use")),
    }
}

fn all_well(config: &Config) -> String {
    let services = &config.services;
    let workers = services.iter().map(|service| service.workers).sum();
    let routes = services.iter().map(|service| service.routes.len()).sum();
    let mut text = format!(
        "all well: {}, {}, {}\n",
        report::plural(services.len(), "service"),
        report::plural(routes, "route"),
        report::plural(workers, "worker"),
    );
    let width = services.iter().map(|service| service.name.len()).max().unwrap_or(0);
    for service in services {
        let routes: Vec<String> = service.routes.iter().map(ToString::to_string).collect();
        let place = match routes.is_empty() {
            true => "for calls only".to_owned(),
            false => format!("at {}", routes.join(", ")),
        };
        text += &format!("  {:width$}  {} {place}\n", service.name, described(service, config));
    }
    for note in &config.notes {
        text += &format!("note: {note}\n");
    }
    text
}

/// The entry and the interpreter, as short as they can be told.
fn described(service: &Service, config: &Config) -> String {
    let short =
        |path: &std::path::Path| path.strip_prefix(&config.base).unwrap_or(path).display().to_string();
    match &service.entry {
        Entry::Node(node) => format!("{} ({})", short(&node.file), short(&node.interpreter)),
        Entry::Python(python) => {
            let target = match &python.target {
                diglot_config::PythonTarget::File { path, .. } => {
                    python.target.to_string().replacen(&path.display().to_string(), &short(path), 1)
                }
                module => module.to_string(),
            };
            format!("{target} ({})", short(&python.interpreter))
        }
    }
}
