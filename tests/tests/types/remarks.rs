//! What `diglot types`, `diglot check` and the log say of functions that are not as they could be.

use crate::{Following, Project};

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
