//! Types that are written anew whenever a source is saved.

use crate::{Following, Project};

#[test]
fn what_is_saved_is_written() {
    let project = Project::shop();
    let watching = Following::of(project.command(&["types", "--watch"]));
    let seen = watching.wait_for("watching ");
    assert!(seen.iter().any(|line| line == "wrote web/diglot.d.ts"), "{seen:#?}");

    project.exchange("model/functions.py", "def ping() -> None:", "def ping(loud: bool = False) -> None:");
    let seen = watching.wait_for("watching ");
    let change = "changed: my_model.ping: parameter `loud` is new and optional: boolean";
    assert!(seen.iter().any(|line| line.starts_with(change)), "{seen:#?}");
    assert!(project.read("web/diglot.d.ts").contains("loud?: boolean"));

    // An error is told, and the next save mends it.
    let right = project.read("model/functions.py");
    project.write("model/functions.py", "def (\n");
    let seen = watching.wait_for("watching ");
    assert!(seen.iter().any(|line| line.contains("SyntaxError")), "{seen:#?}");
    assert!(project.read("web/diglot.d.ts").contains("loud?: boolean"), "what was written stays");
    // A file of its own is as good, in a folder that was not there.
    std::fs::create_dir(project.path("model/more")).expect("a folder");
    project.write("model/more/sounds.py", "");
    project.write("model/functions.py", &right.replace("loud: bool", "silent: bool"));
    loop {
        let seen = watching.wait_for("watching ");
        if seen.iter().any(|line| line.starts_with("breaking: my_model.ping: parameter `loud` is gone")) {
            break;
        }
    }
    assert!(project.read("web/diglot.d.ts").contains("silent?: boolean"));
}

#[test]
fn what_an_application_writes_itself_is_no_change_for_ever() {
    let project = Project::shop();
    project.exchange(
        "model/functions.py",
        "from diglot import",
        "import pathlib\n\npathlib.Path(\"written.json\").write_text(\"{}\")\n\nfrom diglot import",
    );
    let watching = Following::of(project.command(&["types", "--watch"]));
    watching.wait_for("watching ");
    // Once it is something that was not there; from then on it is what it was. Whoever saves is heard.
    watching.wait_for("watching ");
    project.exchange("model/functions.py", "def ping() -> None:", "def ping(loud: bool = False) -> None:");
    let seen = watching.wait_for("watching ");
    let change = "changed: my_model.ping: parameter `loud` is new and optional: boolean";
    assert!(seen.iter().any(|line| line.starts_with(change)), "{seen:#?}");
}
