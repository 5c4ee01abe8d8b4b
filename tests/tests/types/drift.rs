//! What has changed since the types were written, and files that are left alone.

use std::fs;

use crate::{Following, Project};

#[test]
fn a_breaking_change_is_told_by_its_name() {
    let project = Project::shop();
    project.does(&["types"]);
    let said = project.does(&["types", "--check"]);
    assert!(said.says("all well"), "{}", said.text);

    let before = project.read("web/diglot.d.ts");
    project
        .exchange("model/functions.py", "def similar(item_id: int, k", "def similar(item_id: str, k")
        .exchange("model/functions.py", "Item(item_id + n, f\"item {item_id + n}\"", "Item(n, item_id")
        .exchange("web/server.ts", "similar({ itemId, k: 1 })", "similar({ itemId: String(itemId), k: 1 })");
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(
        said.says(
            "breaking: my_model.similar: parameter `item_id` was integer and is string (model/functions.py:"
        ),
        "{}",
        said.text
    );
    assert!(said.says("web/diglot.d.ts: it is not what would be written now"), "{}", said.text);
    assert!(said.text.contains("1 change, 1 of which can break callers"), "{}", said.text);
    assert_eq!(project.read("web/diglot.d.ts"), before, "a check writes nothing");

    let said = project.does(&["types"]);
    assert!(said.says("breaking: my_model.similar") && said.says("wrote web/diglot.d.ts"), "{}", said.text);
    assert!(project.read("web/diglot.d.ts").contains("itemId: string"));
    project.does(&["types", "--check"]);
}

#[test]
fn what_breaks_nobody_is_told_as_such() {
    let project = Project::shop();
    project.does(&["types"]);
    let last = "    added: datetime | None = None\n";
    project.exchange("model/functions.py", last, &format!("{last}    weight: float = 0.5\n"));
    // Where it stands is no change, and does not come to be one by lines before it.
    project.exchange("web/server.ts", "/** A card of an item. */", "\n\n/** A card of an item. */");
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.says("changed: my_model.similar: result[].weight is new: number"), "{}", said.text);
    let taken = "changed: my_model.renamed: parameter `items[].weight` is new and optional: number";
    assert!(said.says(taken), "{}", said.text);
    assert!(!said.text.contains("breaking:") && !said.text.contains("web."), "{}", said.text);
}

#[test]
fn what_is_asked_of_values_is_compared() {
    let project = Project::shop();
    project
        .exchange("model/functions.py", "import Literal", "import Annotated, Literal")
        .exchange(
            "model/functions.py",
            "from diglot import",
            "from annotated_types import Ge, Le\nfrom diglot import",
        )
        .exchange("model/functions.py", "k: int = 2", "k: Annotated[int, Ge(1)] = 20")
        .exchange(
            "model/functions.py",
            "def ping() -> None:",
            "def ping(ids: list[Annotated[int, Le(9)]]) -> None:",
        )
        .exchange("web/server.ts", "  title: string;", "  /** @maxLength 80 */\n  title: string;");
    project.does(&["types"]);
    project.does(&["types", "--check"]);

    project
        .exchange("model/functions.py", "Ge(1)", "Ge(10)")
        .exchange("model/functions.py", "Le(9)", "Le(99)")
        .exchange("web/server.ts", "@maxLength 80", "@maxLength 100");
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    let tells = |line: &str| assert!(said.says(line), "{line}: {}", said.text);
    tells("breaking: my_model.similar: parameter `k`: the minimum was 1 and is 10 (model/functions.py:");
    tells("changed: my_model.ping: parameter `ids[]`: the maximum was 9 and is 99 (model/functions.py:");
    tells("breaking: web.render_card: result.title: the maximum length was 80 and is 100 (web/server.ts:");
    assert!(said.text.contains("3 changes, 2 of which can break callers"), "{}", said.text);
    project.does(&["types"]);
    project.does(&["types", "--check"]);
}

#[test]
fn files_are_touched_only_where_they_change() {
    let project = Project::shop();
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.says("web/diglot.d.ts: it is not there"), "{}", said.text);
    project.does(&["types"]);
    let paths =
        ["web/diglot.d.ts", "web/diglot-package.d.ts", "model/diglot_services.py", "diglot.types.json"];
    let times = || {
        paths.map(|path| fs::metadata(project.path(path)).and_then(|file| file.modified()).expect("a time"))
    };
    let before = times();
    let said = project.does(&["types"]);
    assert!(said.says("nothing to write"), "{}", said.text);
    assert_eq!(times(), before);
    project.write("web/diglot.d.ts", "// Written by `diglot types`.\n");
    let said = project.does(&["types"]);
    assert!(said.says("wrote web/diglot.d.ts") && !said.text.contains("wrote model"), "{}", said.text);
    // As another version of Diglot has left it.
    project.write("web/diglot-package.d.ts", "// Written by `diglot types`.\n");
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.says("web/diglot-package.d.ts: it is not what would be written now"), "{}", said.text);
}

#[test]
fn a_file_of_somebody_elses_stays() {
    let project = Project::shop();
    project.write("web/diglot.d.ts", "export {};\n");
    let said = project.diglot(&["types"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.text.contains("`web/diglot.d.ts` was not written by `diglot types`"), "{}", said.text);
    assert!(said.text.contains("types = \"…\" in [services.web]"), "{}", said.text);
    assert_eq!(project.read("web/diglot.d.ts"), "export {};\n");
    assert!(!project.path("model/diglot_services.py").exists(), "nothing is written by halves");
    project.exchange("diglot.toml", "[services.web]", "[services.web]\ntypes = \"types/services.d.ts\"");
    let said = project.does(&["types"]);
    assert!(said.says("wrote web/types/services.d.ts"), "{}", said.text);
    project.exchange("diglot.toml", "\"types/services.d.ts\"", "\"none\"");
    let said = project.does(&["types"]);
    assert!(said.says("nothing to write"), "{}", said.text);
}

#[test]
fn a_server_that_runs_is_asked() {
    let project = Project::shop();
    let running = Following::of(project.command(&["serve"]));
    running.wait_for("diglot: listening on ");
    project.exchange("model/functions.py", "def ping() -> None:", "def pong() -> None:");
    let said = project.does(&["types"]);
    assert!(said.says("asked the server that runs"), "{}", said.text);
    assert!(project.read("web/diglot.d.ts").contains("ping("));
    // A check is of the sources, unless the server is named.
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.says("breaking: my_model.ping: it is not offered any more"), "{}", said.text);
    let mut sockets = fs::read_dir(project.path("diglot")).expect("a folder").flatten();
    let socket = sockets.next().expect("a socket").path();
    let said = project.does(&["types", "--check", "--control", socket.to_str().expect("text")]);
    assert!(said.says("asked the server that runs") && said.says("all well"), "{}", said.text);
}

#[test]
fn a_service_that_cannot_start_says_why() {
    let project = Project::shop();
    project.exchange("model/functions.py", "from dataclasses", "import nowhere\nfrom dataclasses");
    let said = project.diglot(&["types"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(
        said.text.contains("error: service \"my-model\"") && said.text.contains("nowhere"),
        "{}",
        said.text
    );
    assert!(!project.path("web/diglot.d.ts").exists());
}

#[test]
fn a_server_of_something_else_is_not_asked() {
    let project = Project::shop();
    project.write(
        "other.py",
        "from diglot import function\n\n\n@function\ndef elsewhere() -> None:\n    pass\n",
    );
    let running = Following::of(project.command(&["serve", "other.py", "--listen", "127.0.0.1:0"]));
    running.wait_for("diglot: listening on ");
    let said = project.does(&["types"]);
    assert!(!said.says("asked the server that runs"), "{}", said.text);
    let written = project.read("web/diglot.d.ts");
    assert!(written.contains("similar(") && !written.contains("elsewhere("), "{written}");
    // It is what somebody has named, and it has none of the services.
    let socket =
        fs::read_dir(project.path("diglot")).expect("a folder").flatten().next().expect("a socket").path();
    let said = project.diglot(&["types", "--control", socket.to_str().expect("text")]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.text.contains("the server that runs has no service \"web\""), "{}", said.text);
    assert_eq!(project.read("web/diglot.d.ts"), written);
}

#[test]
fn a_service_that_does_not_run_keeps_its_functions() {
    let project = Project::shop();
    project.exchange(
        "model/functions.py",
        "def ping() -> None:\n    pass",
        "def ping() -> None:\n    import os\n\n    os._exit(3)",
    );
    project.does(&["types"]);
    let running = Following::of(project.command(&["serve"]));
    running.wait_for("diglot: listening on ");
    // Whichever comes after this one cannot start.
    project.exchange("model/functions.py", "from dataclasses", "import nowhere\nfrom dataclasses");
    project.diglot(&["call", "my_model.ping"]);
    let before = project.read("web/diglot.d.ts");
    let said = project.diglot(&["types"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.text.contains("service \"my-model\" has no worker that is ready"), "{}", said.text);
    assert!(said.text.contains("--fresh"), "{}", said.text);
    assert_eq!(project.read("web/diglot.d.ts"), before);
}

#[test]
fn a_type_of_another_name_is_told_and_mended() {
    let project = Project::shop();
    project.exchange("web/server.ts", "<Card & { width: number }>", "<Card>").exchange(
        "model/functions.py",
        "from diglot_services import services",
        "from diglot_services import Card, services\n\nKNOWN = Card",
    );
    project.does(&["types"]);
    assert!(project.read("model/diglot_services.py").contains("class Card("));
    project.exchange("web/server.ts", "interface Card", "interface Kard").exchange(
        "web/server.ts",
        "<Card>",
        "<Kard>",
    );
    let said = project.diglot(&["types", "--check"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.text.contains("type `Card` is called `Kard` now"), "{}", said.text);
    // What imports it is not in the way of what mends it.
    let said = project.does(&["types"]);
    assert!(said.says("breaking: web."), "{}", said.text);
    assert!(project.read("model/diglot_services.py").contains("class Kard("));
    let said = project.diglot(&["serve"]);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(
        said.text.contains("diglot_services.py has the names that types had when `diglot types` wrote it"),
        "{}",
        said.text
    );
    project.exchange("model/functions.py", "Card", "Kard");
    project.does(&["types", "--check"]);
}
