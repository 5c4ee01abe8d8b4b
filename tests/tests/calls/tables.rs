//! Arrow's tables: those of pandas, polars and pyarrow in Python, of apache-arrow in Node.

use diglot_tests::{Server, server};
use serde_json::{Value, json};

use crate::{CONTROL, command, printed};

const MODEL: &str = include_str!("../../apps/tables/model.py");
const FRAMES: &str = include_str!("../../apps/tables/frames.py");

fn services(model: &str) -> Server {
    let config = "[server]\nlisten = \"127.0.0.1:0\"\n[services.web]\nentry = \"web.mjs\"\nroutes = []\n[services.model]\n\
                  entry = \"model.py\"\nroutes = []\n";
    server()
        .file("web.mjs", include_str!("../../apps/tables/web.mjs"))
        .file("model.py", model)
        .file("diglot.toml", config)
        .argument("--control")
        .argument(CONTROL)
}

/// Whether there are packages for the Python of the tests: none of pandas' and pyarrow's for 3.10. For others they have to be there.
fn has_packages() -> bool {
    let python = std::env::var_os("DIGLOT_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let looked = "import sys\nif sys.version_info < (3, 11): sys.exit(10)\nimport pandas, polars, pyarrow";
    let output = std::process::Command::new(python).args(["-c", looked]).output().expect("it can be run");
    if output.status.code() == Some(10) {
        eprintln!("passed over: there are no packages for this Python");
        return false;
    }
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "what tests/apps/requirements.txt names has to be installed: {said}");
    true
}

#[test]
fn tables_cross() {
    if !has_packages() {
        return;
    }
    let running = services(MODEL).run();
    let made = printed(&running, &["call", "web.check"], &Value::Null);
    let row = |id: i32, name: Value, score: &str, big: &str| json!({ "id": id, "name": name, "score": score, "big": big });
    let all = [
        row(1, json!("a"), "0.5", "1152921504606846976"),
        row(2, Value::Null, "Infinity", "0"),
        row(3, json!("ä"), "-1", "-1152921504606846976"),
    ];
    for package in ["Pandas", "Polars", "Pyarrow"] {
        // Arrow's integers of 64 bits are BigInt in JavaScript, which JSON has as numbers if they are safe.
        assert_eq!(made[format!("of{package}")], json!(all), "{made:#}");
        assert_eq!(made[format!("to{package}")], json!(all[1..]), "{made:#}");
        assert_eq!(made[format!("made{package}")], json!(all[1..]), "{made:#}");
    }
    assert_eq!(made["same"], json!(all), "as what it is where nothing is declared");
    assert_eq!(made["imported"], json!([{ "id": 2, "score": "2", "big": "2" }]));
    let names = json!(["id", "name", "score", "big"]);
    assert_eq!(made["columns"], json!([names, names]));
}

/// Of every type of column that there is, with nulls, without rows, in parts.
#[test]
fn columns_of_all_types_come_back_from_node() {
    if !has_packages() {
        return;
    }
    let running = services(FRAMES).run();
    let sent = printed(&running, &["call", "model.check", "--timeout", "300"], &Value::Null);
    for package in ["pandas", "polars", "pyarrow"] {
        assert!(sent[package].as_u64().is_some_and(|count| count > 90), "{sent}");
    }

    // What is nobody's column but its own ends that call, and says so.
    let said = printed(&running, &["call", "model.odd"], &Value::Null);
    for (name, words) in [
        ("object", ["UnsupportedValue: ", "column 'odd' is of Object"]),
        ("within", ["UnsupportedValue: ", "column 'odd' is of Int128"]),
        ("sparse", ["UnsupportedValue: ", "column odd"]),
        ("mixed", ["UnsupportedValue: ", "column odd"]),
        ("view", ["InvalidArguments: ", "apache-arrow cannot read"]),
    ] {
        let text = said[name].as_str().unwrap_or_else(|| panic!("{name}: {said:#}"));
        assert!(text.starts_with(words[0]) && text.contains(words[1]), "{name}: {text}");
    }
}

/// Base64 of Arrow's IPC stream, declared or not.
#[test]
fn tables_are_bytes_in_json() {
    if !has_packages() {
        return;
    }
    let running = services(MODEL).run();
    let call = |function: &str, table: &Value| {
        let arguments = if table.is_null() { Value::Null } else { json!({ "table": table }) };
        printed(&running, &["call", function, if table.is_null() { "{}" } else { "-" }], &arguments)
    };
    let made = call("model.of_pyarrow", &Value::Null);
    for service in ["web", "model"] {
        let of_service = |function: &str, table: &Value| call(&format!("{service}.{function}"), table);
        assert_eq!(of_service("count", &made), 3);
        let last = of_service("last", &made);
        let any = of_service("anything", &Value::Null)["tables"][0].take();
        assert!(last.is_string() && any.is_string(), "{last} {any}");
        for reader in ["web", "model"] {
            assert_eq!(call(&format!("{reader}.count"), &last), 1, "{service} to {reader}");
            assert_eq!(call(&format!("{reader}.count"), &any), 2, "{service} to {reader}");
        }
        for (given, why) in [("no base64", "base64"), ("bm8gdGFibGUgYXQgYWxsLg==", "IPC stream")] {
            let arguments = json!({ "table": given }).to_string();
            let refused = command(&running, &["call", &format!("{service}.count"), &arguments], b"");
            let said = String::from_utf8_lossy(&refused.stderr);
            assert!(!refused.status.success() && said.contains("invalid_arguments"), "{said}");
            assert!(said.contains(why) || service == "model", "{said}");
        }
    }
}

#[test]
fn tables_that_nobody_can_read_are_named() {
    if !has_packages() {
        return;
    }
    let running = services(MODEL).env("NODE_PATH", "").run();
    let said = printed(&running, &["call", "web.without"], &Value::Null);
    let said = said.as_str().expect("an error's name and message");
    assert!(said.starts_with("InvalidResult: ") && said.contains("apache-arrow"), "{said}");
    assert!(said.contains("is not among the program's packages"), "{said}");

    // Neither can a Python without its packages.
    let bare = "import sys\nsys.modules['pyarrow'] = sys.modules['polars'] = None\n\
                from diglot import function, services\n\
                @function\ndef columns(tables):\n    return 0\n";
    let running = services(bare).run();
    let refused = command(&running, &["call", "web.columns"], b"");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("neither is installed in"), "{said}");
}
