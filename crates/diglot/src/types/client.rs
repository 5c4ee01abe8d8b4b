//! `diglot types --client`: the API as pages in browsers call it, in one file.

use std::{collections::BTreeSet, path::Path, process::ExitCode};

use diglot_config::{Config, Environment, Problem};
use diglot_control::Described;
use diglot_openapi::Difference;

use super::{
    ASKED_A_SERVER, asks_the_sources, configuration,
    files::{File, Files, Kind, text_of},
    shown, writing,
};
use crate::{
    arguments::Types,
    ask,
    report::{self, plural},
};

pub(super) fn client(types: &Types, file: &Path, environment: &Environment) -> Result<ExitCode, ExitCode> {
    let config = configuration(types, environment)?;
    let host = host(types.host.as_deref(), &config)?;
    let running = match asks_the_sources(types) {
        true => None,
        false => ask::described(&types.running, host.as_deref(), environment)?,
    };
    let described = match running {
        Some(described) => {
            anstream::eprintln!("{ASKED_A_SERVER}");
            described
        }
        None => diglot_server::describe(config.clone(), host).ok_or(ExitCode::FAILURE)?,
    };
    let Described { document, left_out, unanswered } = described;
    for line in left_out.iter().chain(&unanswered) {
        anstream::eprintln!("the API's description: {line}");
    }
    if !unanswered.is_empty() {
        // A client without what these have to say would break its callers, until the next one is written.
        let hint =
            "run it again when they answer; openapi = \"none\" in `[services.NAME]` leaves one out for good";
        let services = plural(unanswered.len(), "service");
        return Err(report::failed(
            &format!("{services} could not be asked: the client stays as it is"),
            Some(hint),
        ));
    }
    let operations = match diglot_openapi::operations(&document) {
        0 => {
            let message = "there is nothing to call: no service describes what it answers, and no function is published";
            let hint = "docs/openapi.md says where descriptions are looked for; http = \"/rpc\" in `[functions]` \
                        publishes functions";
            return Err(report::failed(message, Some(hint)));
        }
        count => plural(count, "operation"),
    };
    let mut all = Files::new(&environment.cwd);
    let (path, text) = (environment.cwd.join(file), diglot_openapi::client(&document));
    let differences = text_of(&path).map(|before| diglot_openapi::differences(&before, &text));
    let shown = shown(&path, &environment.cwd);
    all.add(File { path, text, kind: Kind::Client });
    all.refuse_others(&config)?;
    if types.check {
        return Ok(match all.tell_drifted() {
            0 => {
                anstream::eprintln!("all well: the client is that of the API");
                ExitCode::SUCCESS
            }
            _ => {
                let message = "the client is not that of the API";
                let message = match differences {
                    Some(Some(differences)) => format!("{message}: {}", told(&differences)),
                    Some(None) => format!("{message}, nor can it be read: what is different is not known"),
                    None => message.to_owned(),
                };
                let host = types.host.as_ref().map(|host| format!(" --host {host}")).unwrap_or_default();
                let writing = format!("{} --client {shown}{host}", writing(types));
                let hint = format!("run `{writing}`, see to the callers, and commit it");
                report::failed(&message, Some(&hint))
            }
        });
    }
    match all.write()? {
        0 => anstream::eprintln!("nothing to write: the client of {operations} is as it should be"),
        _ => anstream::eprintln!("a client of {operations}, to be committed"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Tells each of them, and returns how many there are.
fn told(differences: &[Difference]) -> String {
    for Difference { breaks, operation, message } in differences {
        let kind = if *breaks { "breaking" } else { "changed" };
        anstream::eprintln!("{kind}: {operation}: {message}");
    }
    let breaking = differences.iter().filter(|one| one.breaks).count();
    match (differences.len(), breaking) {
        (0, _) => "no operation is another; what is said of them, their order, or what all clients have, is"
            .to_owned(),
        (some, 0) => format!("{}, none of which breaks callers", plural(some, "change")),
        (some, breaking) => format!("{}, {breaking} of which can break callers", plural(some, "change")),
    }
}

/// The host whose API it is; `None`: that of all whom no route names.
fn host(named: Option<&str>, config: &Config) -> Result<Option<String>, ExitCode> {
    let routes = || config.services.iter().flat_map(|service| &service.routes);
    let hosts: BTreeSet<&str> = routes().filter_map(|route| route.host.as_deref()).collect();
    let listed = || hosts.iter().copied().collect::<Vec<_>>().join(", ");
    let refused = |message: String, hint: String| {
        report::problems(&[Problem::error(message).hint(hint)]);
        Err(report::wrong())
    };
    match named.map(str::to_ascii_lowercase) {
        Some(named) if hosts.contains(named.as_str()) => Ok(Some(named)),
        Some(named) if hosts.is_empty() => refused(
            format!("no route names the host `{named}`"),
            "none names any: leave out --host".to_owned(),
        ),
        Some(named) => {
            refused(format!("no route names the host `{named}`"), format!("they name {}", listed()))
        }
        None if routes().any(|route| route.host.is_none()) => Ok(None),
        None if hosts.len() > 1 => refused(
            "each route names a host, and each host has an API of its own".to_owned(),
            format!("say which with --host: {}", listed()),
        ),
        None => Ok(hosts.first().map(|only| (*only).to_owned())),
    }
}
