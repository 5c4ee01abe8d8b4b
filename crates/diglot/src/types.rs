//! `diglot types`: what the services offer each other, as files that compilers and editors read.

mod client;
mod files;
mod package;
mod watch;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::ExitCode,
};

use diglot_config::{Arguments, Config, Environment, Problem, resolve};
use diglot_control::Offered;
use diglot_types::{Change, Offers, compare, crossing, python, typescript};
use serde_json::{Value, json};

use crate::{
    arguments::Types,
    ask,
    report::{self, plural},
};
use files::{File, Files, Kind};
use package::{package_at, way};

/// Members of an offer that callers' types depend on. The others may change unnoticed.
const KEPT: [&str; 7] = ["name", "params", "result", "stream", "input", "errors", "doc"];
/// What is said where the sources may be newer than what was asked.
const ASKED_A_SERVER: &str = "asked the server that runs; --fresh asks the sources as they are now";
/// The form of what is kept.
const REVISION: u64 = 1;

pub(crate) fn types(types: Types, environment: &Environment) -> ExitCode {
    let done = match (&types.client, types.watch) {
        (_, true) => return watch::watch(&types, environment),
        (Some(file), false) => client::client(&types, file, environment),
        (None, false) => once(&types, environment),
    };
    done.unwrap_or_else(|code| code)
}

fn once(types: &Types, environment: &Environment) -> Result<ExitCode, ExitCode> {
    let mut config = configuration(types, environment)?;
    let mut all = Files::new(&environment.cwd);
    let sources = diglot_server::sources(&config.services, types.compiled)
        .map_err(|reason| report::failed(&reason, None))?;
    beside_sources(&mut config, &sources.entries);
    for diglot_server::Written { path, text } in sources.written {
        all.add(File { path, text, kind: Kind::Functions });
    }
    all.refuse_others(&config)?;
    if !types.check {
        // Workers of compiled modules ask for it when they start.
        all.write()?;
    }

    let running = match asks_the_sources(types) {
        true => None,
        false => ask::offered(&types.running, environment)?,
    };
    let whose = if running.is_some() { "those of the server that runs" } else { "as they should be" };
    let offered = match running {
        Some(offered) => {
            anstream::eprintln!("{ASKED_A_SERVER}");
            refuse_other_services(&offered, &config)?;
            offered
        }
        None => diglot_server::gather(config.clone()).ok_or(ExitCode::FAILURE)?,
    };
    refuse_unknown(&offered)?;
    let remarks = diglot_server::remarks(&config, &offered.functions);
    report::problems(&remarks.into_iter().map(Problem::warning).collect::<Vec<_>>());
    let offered = placed(offered.functions, &config);
    let now = read(&offered)?;
    let kept_at = kept_at(&config);
    let before = files::text_of(&kept_at);
    if now.is_empty() && before.is_none() {
        anstream::eprintln!("no service offers a function: there is nothing to write");
        return Ok(ExitCode::SUCCESS);
    }
    for service in &config.services {
        let Some(path) = service.types.clone() else { continue };
        let text = match package_at(service, &config) {
            None => python(&now),
            Some(package) => {
                let text = typescript(&now, &way(&path, &package));
                all.add(File { path: package, text: diglot_types::package(), kind: Kind::Types });
                text
            }
        };
        all.add(File { path, text, kind: Kind::Types });
    }
    all.add(File { path: kept_at.clone(), text: format!("{:#}\n", kept(&offered)), kind: Kind::Kept });
    all.refuse_others(&config)?;

    let before = before.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let changes = match before {
        Some(before) => {
            let before = Offers::read(&before["services"]).map_err(|error| {
                let message = format!("{}: {error}", shown(&kept_at, &environment.cwd));
                report::failed(
                    &message,
                    Some("remove it: it is written anew, and nothing is compared this once"),
                )
            })?;
            compare(&before, &now)
        }
        None => Vec::new(),
    };
    for change in &changes {
        let kind = if change.breaks { "breaking" } else { "changed" };
        let change = change.to_string().replace(&format!("{}/", environment.cwd.display()), "");
        anstream::eprintln!("{kind}: {change}");
    }
    if types.check {
        return Ok(checked(types, &changes, &all));
    }
    let count = plural(now.functions(), "function");
    match all.write()? {
        0 => anstream::eprintln!("nothing to write: the types of {count} are {whose}"),
        _ => anstream::eprintln!("the types of {count}, to be committed"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The types of a service whose entry is compiled belong beside its source: there its compiler looks.
fn beside_sources(config: &mut Config, entries: &BTreeMap<String, PathBuf>) {
    for service in config.services.iter_mut().filter(|service| !service.types_are_named) {
        if let (Some(types), Some(source)) = (&mut service.types, entries.get(&service.name)) {
            let name = types.file_name().unwrap_or_default().to_owned();
            *types = source.with_file_name(name);
        }
    }
}

/// A check is of the sources as they are: a server that runs may be older. One that is named is meant.
fn asks_the_sources(types: &Types) -> bool {
    types.fresh || (types.check && types.running.control.is_none())
}

/// Ends the command where a server runs with other services than the configuration has: it was started for something else, or
/// before one was added.
fn refuse_other_services(offered: &Offered, config: &Config) -> Result<(), ExitCode> {
    let names: Vec<&str> = config.services.iter().map(|service| service.name.as_str()).collect();
    let missing = names.iter().find(|name| !offered.services.iter().any(|has| has == *name));
    let more = offered.services.iter().find(|has| !names.contains(&has.as_str()));
    let message = match (missing, more) {
        (Some(name), _) => {
            format!("the server that runs has no service \"{name}\", and the configuration has")
        }
        (None, Some(name)) => {
            format!("the server that runs has a service \"{name}\", and the configuration has none")
        }
        (None, None) => return Ok(()),
    };
    let hint = "restart it, or have the sources asked with --fresh";
    Err(report::failed(&format!("{message}: the types stay as they are"), Some(hint)))
}

/// Ends the command where a service cannot say what it offers: all its functions would be taken for gone.
fn refuse_unknown(offered: &Offered) -> Result<(), ExitCode> {
    if offered.not_ready.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = offered.not_ready.iter().map(|name| format!("\"{name}\"")).collect();
    let which = if let [one] = names.as_slice() {
        format!("service {one} has")
    } else {
        format!("services {} have", names.join(", "))
    };
    let message = format!("{which} no worker that is ready, and cannot be asked: the types stay as they are");
    let hint = "the server's log says why; --fresh asks the sources as they are now";
    Err(report::failed(&message, Some(hint)))
}

fn configuration(types: &Types, environment: &Environment) -> Result<Config, ExitCode> {
    let arguments = Arguments { config: types.running.config.clone(), ..Arguments::default() };
    let resolution = resolve(&arguments, environment).map_err(|nothing| report::no_file(&nothing))?;
    report::problems(&resolution.problems);
    resolution.config.ok_or_else(report::wrong)
}

/// The offers with the places of their functions told from the root of the file system; workers tell them from that of their
/// service.
fn placed(mut offered: Value, config: &Config) -> Value {
    for service in &config.services {
        let offers = offered.get_mut(crossing(&service.name)).and_then(Value::as_array_mut);
        for offer in offers.into_iter().flatten() {
            if let Some(Value::String(file)) = offer.get_mut("file") {
                *file = service.root.join(&*file).display().to_string();
            }
        }
    }
    offered
}

/// What all services offered when types were written last; `null` where that is not known.
pub(crate) fn written(config: &Config) -> Value {
    let text = files::text_of(&kept_at(config)).unwrap_or_default();
    let mut kept: Value = serde_json::from_str(&text).unwrap_or_default();
    kept.get_mut("services").map(Value::take).unwrap_or_default()
}

fn read(offered: &Value) -> Result<Offers, ExitCode> {
    Offers::read(offered).map_err(|error| report::failed(&error.to_string(), None))
}

/// What was offered when types were written: `diglot.types.json` beside `diglot.toml`.
fn kept_at(config: &Config) -> PathBuf {
    let source = config.source.clone().unwrap_or_else(|| config.base.join(diglot_config::FILE_NAME));
    source.with_extension("types.json")
}

fn kept(offered: &Value) -> Value {
    let services = offered.as_object().into_iter().flatten().map(|(name, functions)| {
        let functions = functions.as_array().into_iter().flatten().map(|offer| {
            let member = |name: &&str| Some(((*name).to_owned(), offer.get(name)?.clone()));
            let mut kept: serde_json::Map<String, Value> = KEPT.iter().filter_map(member).collect();
            // Which language it is in; where it stands may change.
            let ending = offer["file"].as_str().and_then(|file| file.rsplit_once('.'));
            kept.extend(ending.map(|(_, ending)| ("file".to_owned(), format!(".{ending}").into())));
            Value::Object(kept)
        });
        (name.clone(), functions.collect::<Value>())
    });
    json!({ "diglot": REVISION, "services": services.collect::<serde_json::Map<String, Value>>() })
}

/// Tells what has changed; the changes of functions have been told.
fn checked(types: &Types, changes: &[Change], all: &Files) -> ExitCode {
    let drifted = all.tell_drifted();
    if changes.is_empty() && drifted == 0 {
        anstream::eprintln!("all well: the types are those of the functions");
        return ExitCode::SUCCESS;
    }
    let breaking = changes.iter().filter(|change| change.breaks).count();
    let told = match (changes.len(), breaking) {
        (0, _) => format!("{} not as written", plural(drifted, "file")),
        (some, 0) => format!("{}, none of which breaks callers", plural(some, "change")),
        (some, breaking) => format!("{}, {breaking} of which can break callers", plural(some, "change")),
    };
    report::failed(
        &format!("the types are not those of the functions: {told}"),
        Some(&format!("run `{}`, see to the callers, and commit what it writes", writing(types))),
    )
}

/// The command that writes what has been checked, of the same functions.
fn writing(types: &Types) -> String {
    match (&types.running.control, &types.running.config) {
        (Some(path), _) => format!("diglot types --control {}", path.display()),
        (None, Some(path)) => format!("diglot types --fresh --config {}", path.display()),
        (None, None) => "diglot types --fresh".to_owned(),
    }
}

fn is_of_python(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "py")
}

/// A path as short as it can be told.
fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}
