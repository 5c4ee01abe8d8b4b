//! Functions in TypeScript that are compiled before they are deployed.

use std::fs;
use std::process::Command;

use crate::{Following, Project, Said};

const SOURCE: &str = "import { func } from \"diglot\";\n\
     export const double = func(async (value: number): Promise<number> => 2 * value);\n";

fn project() -> Project {
    let project = Project::empty();
    fs::create_dir(project.path("src")).expect("a folder");
    project
        .write("package.json", "{ \"type\": \"module\" }")
        .write(
            "tsconfig.json",
            "{ \"compilerOptions\": { \"strict\": true, \"module\": \"nodenext\", \"target\": \"esnext\", \"types\": [], \
             \"rootDir\": \"src\", \"outDir\": \"dist\" }, \"include\": [\"src\"] }",
        )
        .write("src/main.ts", SOURCE)
        .write("diglot.toml", "[server]\nlisten = \"127.0.0.1:0\"\n[services.web]\nentry = \"src/main.ts\"\nroutes = []\n");
    project
}

/// What the compiler says.
fn compiled(project: &Project) -> String {
    let tsc = project.path("node_modules/typescript/bin/tsc");
    let mut command = Command::new("node");
    command.arg(tsc).arg("--project").arg(project.path("."));
    Said::of(command.output().expect("node can be run")).text
}

fn compile(project: &Project) {
    assert_eq!(compiled(project), "");
}

#[test]
fn what_they_take_is_known_without_typescript() {
    let project = project();
    let said = project.does(&["types"]);
    assert!(said.says("wrote diglot.functions.json") && said.says("wrote src/diglot.d.ts"), "{}", said.text);
    project.does(&["types", "--check"]);
    compile(&project);
    project.exchange("diglot.toml", "src/main.ts", "dist/main.js");
    fs::remove_file(project.path("node_modules/typescript")).expect("removed");
    let running = Following::of(project.command(&["serve"]));
    running.wait_for("diglot: listening on ");
    let said = project.does(&["call", "web.double", "{\"value\": 21}"]);
    assert!(said.says("42"), "{}", said.text);
    let said = project.diglot(&["call", "web.double", "{\"value\": \"21\"}"]);
    assert!(said.code == Some(1) && said.text.contains("invalid_arguments"), "{}", said.text);
}

#[test]
fn a_compiled_entry_leads_to_its_source() {
    const CALLER: &str = "import { services } from \"diglot\";\n\
        export const four: number = await services.web.double({ value: 2 });\n";
    let project = project().with_package();
    compile(&project);
    project.exchange("diglot.toml", "src/main.ts", "dist/main.js");
    let running = Said::of(project.command(&["serve"]).output().expect("the command can be run"));
    assert_eq!(running.code, Some(1), "{}", running.text);
    assert!(
        running.text.contains("nothing says what its parameters are")
            && running.text.contains("diglot types"),
        "{}",
        running.text
    );
    let said = project.does(&["types"]);
    assert!(said.says("wrote diglot.functions.json") && said.says("wrote src/diglot.d.ts"), "{}", said.text);
    // There the compiler looks: what is called has its types, and needs no package.
    fs::remove_file(project.path("node_modules/diglot")).expect("removed");
    project.write("src/caller.ts", CALLER);
    compile(&project);
    project.exchange("src/caller.ts", "value: 2", "value: \"2\"");
    let found = compiled(&project);
    assert!(found.contains("src/caller.ts(2,") && found.contains("TS2322"), "{found}");
    fs::remove_file(project.path("src/caller.ts")).expect("removed");
    project.does(&["types", "--check"]);
    project.exchange("src/main.ts", "value: number)", "value: string)").exchange(
        "src/main.ts",
        "2 * value",
        "2 * Number(value)",
    );
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.says("diglot.functions.json: it is not what would be written now"), "{}", said.text);
}

#[test]
fn a_compiled_entry_that_only_calls_has_its_types_beside_its_source() {
    let project = project().with_package();
    project.write(
        "src/main.ts",
        "import { services } from \"diglot\";\nexport const late = () => services.model.twice({ value: 2 });\nexport default { fetch: () => new Response(String(late)) };\n",
    );
    project.write(
        "model.py",
        "from diglot import function\n\n\n@function\ndef twice(value: int) -> int:\n    return 2 * value\n",
    );
    project.exchange("tsconfig.json", "\"types\": []", "\"types\": [], \"lib\": [\"esnext\", \"dom\"]");
    compile(&project);
    project.exchange("diglot.toml", "src/main.ts", "dist/main.js");
    let services = project.read("diglot.toml");
    project.write("diglot.toml", &format!("{services}[services.model]\nentry = \"model.py\"\nroutes = []\n"));
    let said = project.does(&["types"]);
    assert!(said.says("wrote src/diglot.d.ts") && !said.says("wrote diglot.d.ts"), "{}", said.text);
    assert!(!said.text.contains("diglot.functions.json"), "{}", said.text);
    // Where the configuration names a file, it is that one.
    project.exchange("diglot.toml", "[services.web]", "[services.web]\ntypes = \"diglot.d.ts\"");
    let said = project.does(&["types"]);
    assert!(said.says("wrote diglot.d.ts"), "{}", said.text);
}
