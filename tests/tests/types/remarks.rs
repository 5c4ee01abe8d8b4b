//! What `diglot types`, `diglot check` and the log say of functions that are not as they could be.

use std::fs;
use std::process::Command;

use crate::{Following, Project, Said};

const CONFIG: &str = "[services.my-model]\nentry = \"model/functions.py\"\nroutes = []\n\
    [functions]\nhttp = \"/rpc\"\npublished = [\"my-model.similar\", \"my-model.render\"]\n";
const FUNCTIONS: &str =
    "from diglot import function\n\n\n@function\ndef similar(item_id, k: int = 2):\n    return k\n";
const UNTYPED: &str =
    "my-model.similar (model/functions.py:4): the parameter \"item_id\" and the result have no annotation";
const OF_NOBODY: &str = "`published` (diglot.toml:6): service \"my_model\" offers no function \"render\"";

#[test]
fn what_is_not_annotated_and_what_nobody_offers_is_told_by_each_command() {
    let project = Project::empty();
    project.write("diglot.toml", CONFIG).write("model/functions.py", FUNCTIONS);
    let said = project.does(&["check"]);
    assert!(!said.text.contains("warning"), "nothing is known yet: {}", said.text);
    for arguments in [&["types"][..], &["types", "--check"]] {
        let said = project.does(arguments);
        assert!(said.says(&format!("warning: {UNTYPED}")), "{}", said.text);
        assert!(said.says(&format!("warning: {OF_NOBODY}")), "{}", said.text);
    }
    let said = project.does(&["check"]);
    assert!(said.says(&format!("warning: {OF_NOBODY}")), "{}", said.text);

    let running = Following::of(project.command(&["serve", "--listen", "127.0.0.1:0"]));
    let before = running.wait_for("diglot: listening on ");
    let (after, _) = running.until_has(UNTYPED);
    assert!(before.iter().chain(&after).any(|line| line.contains(OF_NOBODY)), "{before:#?} {after:#?}");
    let said = project.does(&["types"]);
    assert!(said.says(&format!("warning: {UNTYPED}")), "of the server that runs, too: {}", said.text);
}

#[test]
fn a_default_of_another_type_ends_the_start() {
    let project = Project::empty();
    let config = "[services.model]\nentry = \"model/functions.py\"\nroutes = []\n";
    let functions = FUNCTIONS.replace("k: int = 2", "k: int = \"a\"");
    project.write("diglot.toml", config).write("model/functions.py", &functions);
    let said = project.diglot(&["types"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    let told = "the default of the parameter \"k\" of the function similar (model/functions.py:4): expected an int, not 'a'";
    assert!(said.text.contains(told), "{}", said.text);
}

#[test]
fn a_check_takes_whatever_was_written() {
    let project = Project::empty();
    project.write("diglot.toml", CONFIG).write("model/functions.py", FUNCTIONS);
    for text in ["[]", "3", "\"services\"", "{}", "{\"services\": 3}", "{"] {
        project.write("diglot.types.json", text);
        project.does(&["check"]);
    }
}

/// As after an installation of which one file was taken, and by whoever looks after it.
#[test]
fn a_check_tells_of_parts_that_are_missing_and_makes_nothing() {
    let project = Project::empty();
    project
        .write("diglot.toml", "[services.web]\nentry = \"server.ts\"\nroutes = \"/\"\n")
        .write("server.ts", "export default { fetch: () => new Response() };\n")
        .write("cache/.keep", "");
    let alone = project.path("bin/diglot");
    fs::create_dir(project.path("bin")).expect("a folder");
    fs::copy(diglot_tests::binary(), &alone).expect("the binary can be copied");
    let mut command = Command::new(&alone);
    command.arg("check").current_dir(project.path(".")).env("XDG_CACHE_HOME", project.path("cache"));
    let said = Said::of(command.env("NO_COLOR", "1").output().expect("the command can be run"));
    assert_eq!(said.code, Some(2), "{}", said.text);
    let expected = "the TypeScript compiler is missing: expected ";
    assert!(said.text.contains(expected) && said.text.contains("bin/diglot-typescript"), "{}", said.text);
    assert_eq!(fs::read_dir(project.path("cache")).expect("a folder").count(), 1);
}
