//! Arrow's tables: those of pandas, polars and pyarrow in Python, of apache-arrow in Node.

use diglot_tests::{Server, server};
use serde_json::{Value, json};

use crate::{CONTROL, command, printed};

const MODEL: &str = include_str!("../../apps/tables/model.py");

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

/// Whether the Python of the tests has the packages: there are none of pandas' and pyarrow's for 3.10.
fn has_packages() -> bool {
    let python = std::env::var_os("DIGLOT_TEST_PYTHON").unwrap_or_else(|| "python3".into());
    let output = std::process::Command::new(python).args(["-c", "import pandas, polars, pyarrow"]).output();
    output.is_ok_and(|output| output.status.success())
}

#[test]
fn tables_cross() {
    if !has_packages() {
        eprintln!("passed over: this Python has no pandas, polars and pyarrow");
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
