//! What is written, as `tsc --strict` and pyright read it.

use std::collections::BTreeSet;
use std::env;
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
    let found = tsc(&project, "web");
    assert!(found.contains("error TS2307: Cannot find module 'diglot'"), "nobody has installed it: {found}");
    let said = project.does(&["types"]);
    for path in ["web/diglot.d.ts", "web/diglot-package.d.ts", "model/diglot_services.py"] {
        assert!(said.says(&format!("wrote {path}")), "{}", said.text);
    }
    let found = tsc(&project, "web");
    assert_eq!(found, "", "{}", project.read("web/diglot.d.ts"));
    // And it does find what is wrong: an expected error that is none is an error.
    project.exchange("web/uses.ts", "similar({ itemId: \"3\" })", "similar({ itemId: 3 })");
    let found = tsc(&project, "web");
    assert!(found.contains("TS2578") && found.lines().count() == 1, "{found}");
}

/// Neither `Float16Array` nor apache-arrow is there for all whose services meet one.
#[test]
fn what_a_project_has_not_is_in_nobodys_way() {
    let project = Project::shop();
    project.does(&["types"]);
    let written = project.read("web/diglot.d.ts");
    assert!(written.contains("Float16s") && written.contains("Table"), "{written}");
    for library in ["es2020", "es2022", "esnext"] {
        let mut config: Value = serde_json::from_str(&project.read("web/tsconfig.json")).expect("JSON");
        config["compilerOptions"]["lib"] = serde_json::json!([library, "dom"]);
        config["compilerOptions"]["skipLibCheck"] = false.into();
        project.write("web/tsconfig.json", &config.to_string());
        assert_eq!(tsc(&project, "web"), "", "{library}");
    }
    // Where it is installed, a table is one.
    project
        .write("node_modules/apache-arrow/package.json", "{ \"name\": \"apache-arrow\", \"types\": \"index.d.ts\" }")
        .write("node_modules/apache-arrow/index.d.ts", "export declare class Table { readonly numRows: number }\n")
        .write("web/tables.ts", "import { services } from \"diglot\";\nconst table = await services.myModel.firstRows({ table: 3 });\ntable.numRows.toFixed();\n");
    let found = tsc(&project, "web");
    assert!(
        found.contains("tables.ts(2,") && found.contains("TS2322") && found.lines().count() == 1,
        "{found}"
    );
}

/// Two services are compiled together, by settings old and new, and nothing is left out of the check.
#[test]
fn a_project_has_the_package_declared_once() {
    const SERVER: &str = "import { func, services } from \"diglot\";\n\
        export const once = func((n: number): number => n);\n\
        export const twice = func(async (n: number): Promise<number> => (await services.jobs.done({ n })).n);\n";
    const WORKER: &str = "import { func } from \"diglot\";\nexport interface Done { n: number; at: Date }\n\
        export const done = func((n: number): Done => ({ n, at: new Date(0) }));\n";
    const TEST: &str = "import { stub } from \"diglot/testing\";\nimport type { Done } from \"./jobs/diglot.js\";\n\
        stub(\"jobs\", { done: ({ n }): Done => ({ n, at: new Date(0) }) }).restore();\n";
    const SERVICES: &str = "[services.web]\nentry = \"src/server.ts\"\nroutes = []\n\
        [services.jobs]\nentry = \"src/jobs/worker.ts\"\nroutes = []\n";
    let project = Project::empty();
    project
        .write("diglot.toml", SERVICES)
        .write("src/server.ts", SERVER)
        .write("src/jobs/worker.ts", WORKER)
        .write("src/server.test.ts", TEST);
    let settings = [
        r#""module": "commonjs", "target": "es2022", "lib": ["es2022", "dom"]"#,
        r#""module": "esnext", "moduleResolution": "bundler", "target": "es2020", "lib": ["es2020", "dom"]"#,
        r#""module": "nodenext", "target": "esnext", "lib": ["esnext", "dom"], "rootDir": "src", "outDir": "dist""#,
    ];
    for options in settings {
        let config = format!(
            r#"{{ "compilerOptions": {{ "strict": true, "types": [], {options} }}, "include": ["src"] }}"#
        );
        project.write("tsconfig.json", &config);
        project.does(&["types"]);
        assert!(
            project.read("src/jobs/diglot.d.ts").contains("<reference path=\"../../diglot-package.d.ts\" />")
        );
        assert!(
            project.path("diglot-package.d.ts").exists() && !project.path("src/diglot-package.d.ts").exists()
        );
        assert_eq!(tsc(&project, "."), "", "{options}");
    }
}

#[test]
fn pyright_passes_what_is_right_and_nothing_else() {
    let project = Project::shop();
    project.does(&["types"]);
    let mut config: Value = serde_json::from_str(&project.read("model/pyrightconfig.json")).expect("JSON");
    config["extraPaths"] = serde_json::json!([repository().join("python")]);
    project.write("model/pyrightconfig.json", &config.to_string());
    let mut command = pyright(&project);
    command.arg("--project").arg(project.path("model"));
    // That which has numpy.
    command.args(
        env::var_os("DIGLOT_TEST_PYTHON").map(|python| ["--pythonpath".into(), python]).into_iter().flatten(),
    );
    finds_what_is_marked(&project, command, 24);
}

/// As an editor does that was opened at the project's root, with the venv that the documentation names.
#[test]
fn pyright_at_the_root_reads_the_module_that_was_written() {
    const FUNCTIONS: &str = "from diglot import function\n\n\n@function\ndef similar(item_id: int) -> list[str]:\n    return []\n";
    const WRONG: &str = "from diglot_services import Itm, services  # wrong: no such type\n\n\n\
        async def uses() -> None:\n    items = await services.model.similar(item_id=3)\n    items[0].upper()\n\
        \x20   await services.model.similar(item_id=\"3\")  # wrong: another type\n\
        \x20   await services.modle.similar(item_id=3)  # wrong: no such service\n    print(Itm)\n";
    let project = Project::empty();
    project
        .write("diglot.toml", "[services.model]\nroot = \"model\"\nentry = \"functions.py\"\nroutes = []\n")
        .write("model/functions.py", FUNCTIONS)
        .write("model/requirements.txt", "")
        .write("model/wrong.py", WRONG);
    for arguments in ["install", "types"] {
        let mut command = project.command(&[arguments]);
        let said = Said::of(command.env_remove("VIRTUAL_ENV").output().expect("the command can be run"));
        assert_eq!(said.code, Some(0), "{}", said.text);
    }
    let python = project.path("model/.venv/bin/python");
    assert!(python.exists(), "`diglot install` has made a venv");
    let mut command = pyright(&project);
    command.arg("--pythonpath").arg(python).arg("model");
    finds_what_is_marked(&project, command, 3);
}

/// At the project's root, before its arguments.
fn pyright(project: &Project) -> Command {
    let mut command = Command::new("node");
    command.arg(sources().join("node_modules/pyright/index.js")).arg("--outputjson");
    command.current_dir(project.folder.path()).env_remove("VIRTUAL_ENV");
    command
}

/// Errors stand where `model/wrong.py` says so, and nowhere else.
fn finds_what_is_marked(project: &Project, mut pyright: Command, count: usize) {
    let output = pyright.output().expect("node can be run");
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
    assert_eq!(marked.len(), count, "wrong.py has what is wrong");
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
