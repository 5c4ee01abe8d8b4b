//! Values of every kind, made by fast-check in Node and by hypothesis in Python, to the other language and back.

use std::collections::BTreeMap;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::{env, fs, thread};

use diglot_tests::{Server, is_full, server};
use serde_json::{Value, json};

use crate::{CONTROL, printed};

/// How many go each way, and at full size.
const COUNT: u64 = 3_000;
const COUNT_FULL: u64 = 100_000;
/// Workers of each service that make them, and give them back, at full size: making them is what takes the time.
const WORKERS_FULL: u64 = 4;
/// Other values each day would find more, and a test that fails only today. `DIGLOT_TEST_SEED` names another one.
const SEED: u64 = 20_261_120;
/// Between the seeds of two workers: each goes on from its own.
const SEEDS: u64 = 1_000_000;
/// In seconds.
const PATIENCE: &str = "7200";

fn services(workers: u64) -> Server {
    let config = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n\
         [services.web]\nentry = \"web.mjs\"\nroutes = []\nworkers = {workers}\n\
         [services.model]\nentry = \"model.py\"\nroutes = []\nworkers = {workers}\n"
    );
    server()
        .file("web.mjs", include_str!("../../apps/values/web.mjs"))
        .file("crossed.mjs", include_str!("../../apps/values/crossed.mjs"))
        .file("anything.mjs", include_str!("../../apps/values/anything.mjs"))
        .file("of_schema.mjs", include_str!("../../apps/values/of_schema.mjs"))
        .file("model.py", include_str!("../../apps/values/model.py"))
        .file("crossed.py", include_str!("../../apps/values/crossed.py"))
        .file("anything.py", include_str!("../../apps/values/anything.py"))
        .file("of_schema.py", include_str!("../../apps/values/of_schema.py"))
        .file("diglot.toml", &config)
        .argument("--control")
        .argument(CONTROL)
}

/// Beside them one whose types are TypeScript's, read by the `typescript` of `tests/typescript`.
fn with_typed(server: Server, workers: u64) -> Server {
    let modules = Path::new(env!("CARGO_MANIFEST_DIR")).join("typescript/node_modules");
    symlink(modules, server.folder().join("node_modules")).expect("a new folder");
    let config = fs::read_to_string(server.folder().join("diglot.toml")).expect("it was written");
    let config =
        format!("{config}[services.typed]\nentry = \"typed.ts\"\nroutes = []\nworkers = {workers}\n");
    let cache = server.folder().join("cache");
    server
        .file("diglot.toml", &config)
        .file("tsconfig.json", include_str!("../../apps/values/tsconfig.json"))
        .file("typed.ts", include_str!("../../apps/values/typed.ts"))
        .env("XDG_CACHE_HOME", cache)
}

/// Half of the values go to a function of no types, if there is one, the others to those of many.
fn all_come_back(from: &str, to: &str) {
    let seed = env::var("DIGLOT_TEST_SEED").map_or(SEED, |seed| seed.parse().expect("a number"));
    println!("DIGLOT_TEST_SEED={seed} makes these values again");
    let (count, workers) = if is_full() { (COUNT_FULL, WORKERS_FULL) } else { (COUNT, 1) };
    let server = services(workers);
    let running = if to == "typed" { with_typed(server, workers) } else { server }.run();
    let functions = printed(&running, &["functions", "--json"], &Value::Null)[to].take();
    // Each call is given to the worker that has the fewest.
    let check = |worker: u64| {
        let seed = seed + worker * SEEDS;
        let asked =
            json!({ "service": to, "functions": functions, "count": count.div_ceil(workers), "seed": seed });
        printed(&running, &["call", &format!("{from}.check"), "-", "--timeout", PATIENCE], &asked)
    };
    let all: Vec<Value> = thread::scope(|scope| {
        let checks: Vec<_> = (0..workers).map(|worker| scope.spawn(move || check(worker))).collect();
        checks.into_iter().map(|check| check.join().expect("all come back")).collect()
    });
    let mut runs: BTreeMap<&str, u64> = BTreeMap::new();
    for (function, times) in all.iter().filter_map(Value::as_object).flatten() {
        *runs.entry(function).or_default() += times.as_u64().expect("a count");
    }
    println!("{from}: {runs:#?}");
    let made: u64 = runs.values().sum();
    let names: Vec<&str> =
        functions.as_array().into_iter().flatten().filter_map(|function| function["name"].as_str()).collect();
    let untyped = if names.contains(&"echo") { ["echo", "deep"].as_slice() } else { &[] };
    assert!(made >= if untyped.is_empty() { count / 2 } else { count }, "{made} values of {count}");
    let typed = names.iter().filter(|name| name.starts_with("as_")).count();
    assert_eq!(runs.len(), typed + untyped.len(), "each function had its share");
}

#[test]
fn values_of_node_come_back_from_python() {
    all_come_back("web", "model");
}

#[test]
fn values_of_python_come_back_from_node() {
    all_come_back("model", "web");
}

#[test]
fn values_of_python_come_back_from_typescript() {
    all_come_back("model", "typed");
}

#[test]
fn values_of_node_come_back_from_typescript() {
    all_come_back("web", "typed");
}
