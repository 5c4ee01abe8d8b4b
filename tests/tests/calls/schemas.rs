//! Functions of plain JavaScript by the schemas of zod, valibot and TypeBox, called by Python.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use diglot_tests::{Running, server};
use serde_json::{Value, json};

use crate::{CONTROL, command, printed};

const SETS: [&str; 2] = ["by_zod", "by_valibot"];
const LISTS: [&str; 2] = ["by_typebox", "by_old_typebox"];

fn services() -> Running {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[services.web]\nentry = \"web/schemas.mjs\"\nroutes = []\n\
                  [services.model]\nentry = \"model/schemas.py\"\nroutes = []\n";
    let server = server()
        .file("web/schemas.mjs", include_str!("../../apps/calls/schemas.mjs"))
        .file("model/schemas.py", include_str!("../../apps/calls/schemas.py"))
        .file("diglot.toml", config)
        .argument("--control")
        .argument(CONTROL);
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("apps/node_modules");
    symlink(modules, server.folder().join("web/node_modules")).expect("a link");
    server.run()
}

fn ask(running: &Running, function: &str) -> Value {
    printed(running, &["call", &format!("model.{function}")], &Value::Null)
}

#[test]
fn values_are_what_the_library_makes_of_them() {
    let running = services();
    let answers = ask(&running, "good");
    let total = format!("int {}", 2_u128.pow(71));
    let later = "datetime 2026-11-21 10:30:00+00:00";
    for name in SETS.iter().chain(&LISTS) {
        let tags = if SETS.contains(name) { "set" } else { "list" };
        // A point in time is text to TypeBox of today.
        let due = if *name == "by_typebox" { "str 2026-11-21T10:30:00.000Z" } else { later };
        let expected =
            json!({ "line": "str 1 of 3: ink", "due": due, "total": total, "tags": [tags, "new", "sold"] });
        assert_eq!(answers[name], expected, "{name}");
    }
    let answers = ask(&running, "given");
    for name in SETS.iter().chain(&LISTS) {
        assert_eq!(answers[name].as_str().map(str::trim), Some("2 of 3: ink"), "{name}");
    }
}

#[test]
fn what_is_wrong_is_told_with_its_path() {
    let running = services();
    let answers = ask(&running, "wrong");
    for name in SETS.iter().chain(&LISTS) {
        let within = if LISTS.contains(name) { json!([["tags", 1]]) } else { json!([["tags"]]) };
        let expected = json!({
            "small": [["item_id"]],
            "fraction": [["item_id"]],
            "text": [["name"]],
            "time": [["due"]],
            "digits": [["total"]],
            "within": within,
            "several": [["count"], ["item_id"]],
            "unknown": [["colour"]],
        });
        assert_eq!(answers[name], expected, "{name}");
    }
    let answer = ask(&running, "awaited");
    assert_eq!(answer["right"], json!([{ "itemId": 3 }]));
    assert_eq!(answer["wrong"], json!([{ "path": ["item_id"], "message": "is not known" }]));
}

#[test]
fn python_is_told_their_types() {
    let running = services();
    let output = command(&running, &["types"], b"");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let written = fs::read_to_string(running.folder().join("diglot_services.py")).expect("it is written");
    let takes = "item_id: int, count: int = ..., name: str";
    let typed = [
        format!(
            "def by_zod(self, *, {takes}, due: datetime.datetime, total: int, tags: set[str]) -> OfZod: ..."
        ),
        format!(
            "def by_valibot(self, *, {takes}, due: datetime.datetime, total: int, tags: set[str]) -> WebByValibotResult: ..."
        ),
        format!(
            "def by_old_typebox(self, *, {takes}, due: datetime.datetime, total: int, tags: list[str]) -> WebByOldTypeboxResult: ..."
        ),
        format!(
            "def by_typebox(self, *, {takes}, due: str, total: int, tags: list[str]) -> WebByTypeboxResult: ..."
        ),
        "def by_zod_awaited(self, *, item_id: int) -> list[WebByZodAwaitedResult]: ...".to_owned(),
    ];
    for line in typed {
        assert!(written.contains(&line), "{line}\n{written}");
    }
    for (name, due, tags) in [
        ("OfZod", "datetime.datetime", "set[str]"),
        ("WebByValibotResult", "datetime.datetime", "set[str]"),
        ("WebByOldTypeboxResult", "datetime.datetime", "list[str]"),
        ("WebByTypeboxResult", "str", "list[str]"),
    ] {
        let class = format!(
            "class {name}(TypedDict):\n    line: str\n    due: {due}\n    total: int\n    tags: {tags}\n"
        );
        assert!(written.contains(&class), "{class}\n{written}");
    }
}
