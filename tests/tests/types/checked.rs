//! What is written, as `tsc --strict` and pyright read it.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::{Following, Project, Said, repository, sources};

/// Nothing where all is well.
fn tsc(project: &Project, folder: &str) -> String {
    let tsc = project.path("node_modules/typescript/bin/tsc");
    let mut command = Command::new("node");
    command.arg(tsc).args(["--strict", "--project"]).arg(project.path(folder));
    Said::of(command.output().expect("node can be run")).text
}

#[test]
fn typescript_passes_what_is_right_and_nothing_else() {
    let project = Project::shop();
    let said = project.does(&["types"]);
    assert!(
        said.says("wrote web/diglot.d.ts") && said.says("wrote model/diglot_services.py"),
        "{}",
        said.text
    );
    let found = tsc(&project, "web");
    assert_eq!(found, "", "{}", project.read("web/diglot.d.ts"));
    // And it does find what is wrong: an expected error that is none is an error.
    project.exchange("web/uses.ts", "similar({ itemId: \"3\" })", "similar({ itemId: 3 })");
    let found = tsc(&project, "web");
    assert!(found.contains("TS2578") && found.lines().count() == 1, "{found}");
}

#[test]
fn pyright_passes_what_is_right_and_nothing_else() {
    let project = Project::shop();
    project.does(&["types"]);
    let mut config: Value = serde_json::from_str(&project.read("model/pyrightconfig.json")).expect("JSON");
    config["extraPaths"] = serde_json::json!([repository().join("python")]);
    project.write("model/pyrightconfig.json", &config.to_string());
    let pyright = sources().join("node_modules/pyright/index.js");
    let mut command = Command::new("node");
    command.arg(pyright).args(["--outputjson", "--project"]).arg(project.path("model"));
    let output = command.output().expect("node can be run");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let diagnostics = found["generalDiagnostics"].as_array().expect("an array");
    let places: BTreeSet<(String, u64)> = diagnostics
        .iter()
        .map(|one| {
            let file = one["file"].as_str().unwrap_or_default().rsplit('/').next().unwrap_or_default();
            (file.to_owned(), one["range"]["start"]["line"].as_u64().unwrap_or_default() + 1)
        })
        .collect();
    let wrong = project.read("model/wrong.py");
    let marked = wrong.lines().zip(1..).filter(|(line, _)| line.contains("# wrong: "));
    let marked: BTreeSet<(String, u64)> = marked.map(|(_, number)| ("wrong.py".to_owned(), number)).collect();
    assert_eq!(marked.len(), 11, "wrong.py has what is wrong");
    assert_eq!(places, marked, "{diagnostics:#?}\n{}", project.read("model/diglot_services.py"));
}

#[test]
fn declarations_are_the_types_of_the_source_again() {
    let project = Project::empty();
    let mut command = Command::new("node");
    command.arg(sources().join("same/write.cjs")).arg(project.folder.path());
    let written = Said::of(command.output().expect("node can be run"));
    assert_eq!(written.code, Some(0), "{}", written.text);
    project.does(&["types"]);
    let found = tsc(&project, ".");
    assert_eq!(found, "", "{}", project.read("diglot.d.ts"));
}

#[test]
fn what_is_written_runs() {
    let project = Project::shop();
    project.does(&["types"]);
    let running = Following::of(project.command(&["serve"]));
    running.wait_for("diglot: listening on ");
    let said = project.does(&["call", "my-model.title", "{\"item_id\": 3}"]);
    assert!(said.says("\"item 3 small\""), "Python calls Node, which calls Python: {}", said.text);
}
