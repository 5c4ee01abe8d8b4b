//! What the users' own TypeScript says of services in Node: what `diglot.functions.json` is to say, the types of functions whose
//! modules are compiled before they are deployed; and which sources these are made of.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use diglot_config::{Entry, NodeEntry, Service};
use serde_json::{Map, Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::sdk::{Needs, Sdk};

/// A program that takes TypeScript longer is not waited for.
const READ_MAX: Duration = Duration::from_secs(300);
/// Where the worker's side has what is asked.
const PROGRAM: &str = "lib/calls/typescript/write.cjs";

/// A file that says what it should.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    pub path: PathBuf,
    pub text: String,
}

/// What is known of services before they are asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sources {
    /// The files that they need.
    pub written: Vec<Written>,
    /// By service: what its entry is made of.
    pub entries: BTreeMap<String, PathBuf>,
}

/// The files that these services need; with `always`, also those of projects that are not seen to be compiled. And their
/// sources.
///
/// # Errors
/// Why one cannot be told.
pub fn sources(services: &[Service], always: bool) -> Result<Sources, String> {
    let nodes = services.iter().filter_map(|service| match &service.entry {
        Entry::Node(node) => Some((service, node)),
        Entry::Python(_) => None,
    });
    let nodes: Vec<(&Service, &NodeEntry)> = nodes.collect();
    if nodes.is_empty() {
        return Ok(Sources::default());
    }
    let sdk = Sdk::prepare(Needs { native: false, compiler: false }).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the system gives no event loop: {error}"))?;
    // One project may have several services.
    let mut files: BTreeMap<PathBuf, Value> = BTreeMap::new();
    let mut entries = BTreeMap::new();
    for (service, node) in nodes {
        let failed = |reason| format!("the types of service \"{}\" cannot be read: {reason}", service.name);
        let told = runtime.block_on(ask(&sdk.node, service, node, always)).map_err(failed)?;
        entries.extend(told["source"].as_str().map(|source| (service.name.clone(), source.into())));
        let written = &told["written"];
        if let (Some(path), Some(text)) = (written["path"].as_str(), written["text"].as_str()) {
            let said = serde_json::from_str(text).map_err(|error| failed(error.to_string()))?;
            merge(files.entry(path.into()).or_insert(Value::Null), said);
        }
    }
    let text = |mut said: Value| {
        // Whichever service is asked first.
        let all = said.as_object_mut().into_iter().flat_map(|said| said.values_mut());
        all.filter_map(Value::as_object_mut).for_each(Map::sort_keys);
        format!("{said:#}\n")
    };
    let written = files.into_iter().map(|(path, said)| Written { path, text: text(said) }).collect();
    Ok(Sources { written, entries })
}

async fn ask(sdk: &Path, service: &Service, node: &NodeEntry, always: bool) -> Result<Value, String> {
    let question = json!({ "root": service.root, "entry": node.file, "always": always }).to_string();
    let is_ours = |name: &str| name.starts_with("DIGLOT_") || name == "NODE_OPTIONS";
    let mut child = Command::new(&node.interpreter)
        .arg(sdk.join(PROGRAM))
        .current_dir(&service.root)
        .env_clear()
        .envs(env::vars_os().filter(|(name, _)| !name.to_str().is_some_and(is_ours)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{} cannot be run: {error}", node.interpreter.display()))?;
    let mut stdin = child.stdin.take();
    let answered = tokio::time::timeout(READ_MAX, async {
        if let Some(stdin) = &mut stdin {
            // One that does not read says why on its stderr.
            let _ = stdin.write_all(question.as_bytes()).await;
        }
        drop(stdin);
        child.wait_with_output().await
    });
    let output = match answered.await {
        Ok(output) => output.map_err(|error| error.to_string())?,
        Err(_) => return Err(format!("TypeScript has not come to an end within {READ_MAX:?}")),
    };
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
}

/// Objects within each other; of all else the later stays.
fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (name, value) in from {
                match (into.get_mut(&name), value) {
                    (Some(present @ Value::Object(_)), value @ Value::Object(_)) => merge(present, value),
                    (_, value) => drop(into.insert(name, value)),
                }
            }
        }
        (into, from) => *into = from,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_services_of_one_project_share_a_file() {
        let mut said = Value::Null;
        merge(
            &mut said,
            json!({ "diglot": 1, "modules": { "a.js": "a.ts" }, "functions": { "a.ts#a": {} } }),
        );
        merge(
            &mut said,
            json!({ "diglot": 1, "modules": { "b.js": "b.ts" }, "functions": { "b.ts#b": {} } }),
        );
        let both = json!({
            "diglot": 1,
            "modules": { "a.js": "a.ts", "b.js": "b.ts" },
            "functions": { "a.ts#a": {}, "b.ts#b": {} },
        });
        assert_eq!(said, both);
    }
}
