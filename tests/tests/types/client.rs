//! The client for browsers: read by `tsc --strict`, and run against the server that it was written from.

use std::process::Command;

use diglot_tests::Client;
use serde_json::{Value, json};

use crate::{Following, Project, Said, sources};

/// Where the page has it.
const FILE: &str = "page/api.ts";
const WRITE: [&str; 3] = ["types", "--client", FILE];
const CHECK: [&str; 4] = ["types", "--check", "--client", FILE];

/// A service of functions in Python, and one in TypeScript that answers requests besides.
fn market() -> Project {
    Project::like("market")
}

/// Its server, and where it listens.
fn served(project: &Project) -> (Following, std::net::SocketAddr) {
    let running = Following::of(project.command(&["serve"]));
    let address = running.address();
    (running, address)
}

fn node(arguments: &[&str]) -> Said {
    Said::of(Command::new("node").args(arguments).output().expect("node can be run"))
}

fn tsc(project: &Project) -> String {
    let path = |path: &str| project.path(path).display().to_string();
    node(&[&path("node_modules/typescript/bin/tsc"), "--project", &path("page")]).text
}

/// What the page tells of its visit.
fn visit(project: &Project, address: std::net::SocketAddr) -> Value {
    let run = project.path("page/run.mjs").display().to_string();
    let said = node(&[&run, &format!("http://{address}")]);
    assert_eq!(said.code, Some(0), "{}", said.text);
    serde_json::from_str(&said.text).unwrap_or_else(|error| panic!("{error}: {}", said.text))
}

#[test]
fn a_page_calls_functions_and_services() {
    let project = market();
    let (running, address) = served(&project);
    let said = project.does(&WRITE);
    assert!(said.says("asked the server that runs") && said.says("wrote page/api.ts"), "{}", said.text);
    assert!(said.says("a client of 9 operations"), "{}", said.text);
    assert!(
        said.says("the API's description: functions that take a stream are left out: goods.total"),
        "{}",
        said.text
    );
    assert!(!project.path("diglot.types.json").exists(), "the client is all that is written");
    assert_eq!(tsc(&project), "", "{}", project.read(FILE));

    let told = visit(&project, address);
    let item =
        json!({ "id": 3, "kind": "toy", "price": "9.90", "added": "2026-01-02T03:04:05Z", "cover": "AP8=" });
    let card = json!({ "title": "toy large", "printed": "1970-01-01T00:00:00.000Z", "stamp": "AQID" });
    let expect = json!({
        "item": item,
        "kind": "toy",
        "price": "9.90",
        "cover": "AP8=",
        "card": card,
        "reserved": { "id": "3", "until": "2026-05-06T07:08:09", "bare": "4" },
        "rows": [[2, 5], [-6, 0]],
        "page": { "slug": "a b/ä", "lang": "de" },
        "letters": [{ "letter": "a", "at": 0 }, { "letter": "b", "at": 1 }],
        "ticks": ["0", "0.5", "1"],
        "before": ["0", "0.5"],
        "seen": 100,
        "aborted": "AbortError",
        "late": "AbortError",
    });
    for (name, value) in expect.as_object().expect("an object") {
        assert_eq!(&told[name], value, "{name}");
    }
    let check = |refused: &Value, status: u16, message: &str, problem: Value| {
        assert_eq!((&refused["status"], &refused["message"]), (&json!(status), &json!(message)), "{refused}");
        let Some(members) = problem.as_object() else {
            return assert_eq!(refused["problem"], Value::Null, "{refused}");
        };
        members.iter().for_each(|(name, value)| assert_eq!(&refused["problem"][name], value, "{refused}"));
    };
    let thrown = |error: &str, data: Value| json!({ "code": "error", "error": error, "data": data });
    check(&told["thrown"][0], 422, "422: 3 are missing", thrown("OutOfStock", json!({ "missing": 3 })));
    check(&told["thrown"][1], 422, "422: not so many left", thrown("SoldOut", json!({ "left": 9 })));
    let other = "nothing that is said to be thrown";
    let caught =
        json!([{ "missing": 3 }, { "after": "it is over" }, { "left": 9 }, 8, other, other, other, other]);
    assert_eq!(told["caught"], caught);
    let failed = "500: The function failed. The server's log says why.";
    check(&told["failed"], 500, failed, json!({ "code": "error", "data": null }));
    check(&told["broken"], 500, failed, json!({ "code": "error" }));
    check(&told["missing"], 404, "404: Not Found", Value::Null);
    assert_eq!(told["missing"]["body"], "no such page");
    let invalid = &told["invalid"];
    assert_eq!(
        (&invalid["status"], &invalid["problem"]["code"]),
        (&json!(422), &json!("invalid_arguments")),
        "{invalid}"
    );
    assert_eq!(invalid["problem"]["issues"][0]["path"], json!(["item_id"]), "{invalid}");
    // All four streams have come to an end, also those that nobody read to theirs.
    (0..4).for_each(|_| drop(running.wait_for("goods[1] ticks are over")));

    // And the compiler does find what is wrong: an expected error that is none is an error.
    project.exchange("page/page.ts", "api.goods.item({});", "api.goods.item({ itemId: 3 });");
    let found = tsc(&project);
    assert!(found.contains("TS2578") && found.lines().count() == 1, "{found}");
}

#[test]
fn the_document_is_openapi() {
    let project = market();
    let (_running, address) = served(&project);
    let document = Client::connect(address).get("/openapi.json");
    assert_eq!(document.status, 200);
    project.write("document.json", &document.text());
    let validate = sources().join("validate.mjs").display().to_string();
    let path = project.path("document.json").display().to_string();
    assert_eq!(node(&[&validate, &path]).text.trim(), "valid OpenAPI 3.1");
    // What the validator passes is not passed because it passes everything.
    project.exchange("document.json", "\"responses\":", "\"answers\":");
    assert!(node(&[&validate, &path]).text.contains("/paths/"), "it finds what is wrong");
    let document: Value = serde_json::from_str(&document.text()).expect("JSON");
    let paths: Vec<&String> = document["paths"].as_object().expect("paths").keys().collect();
    let expect = [
        "/rpc/goods/broken",
        "/rpc/goods/item",
        "/rpc/goods/reserve",
        "/rpc/goods/scaled",
        "/rpc/goods/ticks",
    ];
    assert_eq!(paths[..5], expect);
    let scaled = &document["paths"]["/rpc/goods/scaled"]["post"]["responses"];
    assert!(scaled["200"]["content"]["application/json"]["schema"]["items"].is_object(), "{scaled}");
    let ticks = &document["paths"]["/rpc/goods/ticks"]["post"]["responses"]["200"]["content"];
    assert!(ticks["text/event-stream"].is_object() && ticks["application/x-ndjson"].is_object(), "{ticks}");
}

#[test]
fn where_no_server_runs_workers_are_asked() {
    let project = market();
    project.exchange("diglot.toml", "openapi = \"/openapi.json\"\n", "");
    let said = project.does(&WRITE);
    assert!(
        !said.text.contains("asked the server") && said.says("a client of 9 operations"),
        "{}",
        said.text
    );
    let (_running, address) = served(&project);
    assert_eq!(Client::connect(address).get("/openapi.json").status, 200, "the service's own");
    let said = project.does(&WRITE);
    assert!(said.says("asked the server that runs"), "{}", said.text);
    assert!(said.says("nothing to write: the client of 9 operations"), "{}", said.text);
}

#[test]
fn a_client_of_another_api_is_told() {
    let project = market();
    let said = project.diglot(&CHECK);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.says("page/api.ts: it is not there"), "{}", said.text);
    project.does(&WRITE);
    assert!(project.does(&CHECK).says("all well"));
    let before = project.read(FILE);
    project.exchange("goods/goods.py", "count: int, fails", "number: int, fails").exchange(
        "goods/goods.py",
        "range(count)",
        "range(number)",
    );
    let said = project.diglot(&CHECK);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(said.says("page/api.ts: it is not what would be written now"), "{}", said.text);
    assert!(said.says("breaking: goods.ticks: parameter `count: number` is gone"), "{}", said.text);
    assert!(said.says("breaking: goods.ticks: parameter `number: number` is new"), "{}", said.text);
    assert!(said.text.contains("2 changes, 2 of which can break callers"), "{}", said.text);
    assert!(said.text.contains("`diglot types --fresh --client page/api.ts`"), "{}", said.text);
    assert_eq!(project.read(FILE), before, "a check writes nothing");
    project.does(&WRITE);
    assert!(project.read(FILE).contains("number: args.number, fails: args.fails"), "{}", project.read(FILE));
}

#[test]
fn a_file_of_somebody_elses_stays() {
    let project = market();
    for file in ["page/own.ts", "web/diglot.ts"] {
        project.write(
            file,
            if file == "page/own.ts" { "export {};\n" } else { "// Written by `diglot types`.\n" },
        );
        let before = project.read(file);
        let said = project.diglot(&["types", "--client", file]);
        assert_eq!(said.code, Some(1), "{}", said.text);
        assert!(said.text.contains(&format!("`{file}` was not written by `diglot types`")), "{}", said.text);
        assert!(said.text.contains("--client FILE"), "{}", said.text);
        assert_eq!(project.read(file), before);
    }
}

#[test]
fn a_service_that_cannot_be_asked_leaves_the_client_as_it_is() {
    let project = market();
    project.does(&WRITE);
    let before = project.read(FILE);
    project.exchange("diglot.toml", "routes = \"/\"", "routes = \"/\"\nopenapi = \"/nothing\"");
    let said = project.diglot(&WRITE);
    assert_eq!(said.code, Some(1), "{}", said.text);
    let why = "the API's description: service \"web\" was asked for its OpenAPI document: GET /nothing was answered with 404";
    assert!(said.says(why) && said.text.contains("the client stays as it is"), "{}", said.text);
    assert_eq!(said.text.matches("GET /nothing").count(), 1, "it is said once: {}", said.text);
    assert_eq!(project.read(FILE), before);
}

#[test]
fn an_api_that_nobody_can_call_has_no_client() {
    let project = market();
    project.exchange("diglot.toml", "http = \"/rpc\"", "").exchange(
        "diglot.toml",
        "routes = \"/\"",
        "routes = \"/\"\nopenapi = \"none\"",
    );
    let said = project.diglot(&WRITE);
    assert_eq!(said.code, Some(1), "{}", said.text);
    assert!(
        said.text.contains("there is nothing to call") && said.text.contains("[functions]"),
        "{}",
        said.text
    );
    assert!(!project.path(FILE).exists());
}

#[test]
fn each_host_has_a_client_of_its_own() {
    let project = market();
    project.exchange("diglot.toml", "routes = \"/\"", "routes = [\"one.example/\", \"two.example/\"]");
    let said = project.diglot(&WRITE);
    assert_eq!(said.code, Some(2), "{}", said.text);
    assert!(said.text.contains("say which with --host: one.example, two.example"), "{}", said.text);
    let said = project.diglot(&["types", "--client", FILE, "--host", "three.example"]);
    assert!(
        said.code == Some(2) && said.text.contains("they name one.example, two.example"),
        "{}",
        said.text
    );
    let said = project.does(&["types", "--client", FILE, "--host", "two.example"]);
    assert!(said.says("a client of 9 operations"), "{}", said.text);
    project.exchange("diglot.toml", "\"one.example/\", ", "");
    assert!(project.does(&CHECK).says("all well"), "where there is one, that is meant");
}

#[test]
fn what_is_saved_is_in_the_client() {
    let project = market();
    let watching = Following::of(project.command(&["types", "--watch", "--client", FILE]));
    let seen = watching.wait_for("watching ");
    assert!(seen.iter().any(|line| line == "wrote page/api.ts"), "{seen:#?}");
    project.exchange("web/server.ts", "operationId: \"readPage\"", "operationId: \"showPage\"");
    let seen = watching.wait_for("watching ");
    assert!(seen.iter().any(|line| line == "wrote page/api.ts"), "{seen:#?}");
    assert!(project.read(FILE).contains("showPage("));
    assert!(!project.path("diglot.types.json").exists(), "the client is all that is written");
}
