//! The JSON Schema and the reference of `diglot.toml`, made from the types, and the test that keeps the committed ones
//! fresh. `UPDATE_REFERENCE=1 cargo test -p diglot-config reference` writes them.

use std::{fmt::Write as _, fs, path::Path, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    Functions, Limits, Listen, LogLevel, Service, Timeouts, TrustedProxies, WebSocket,
    file::{
        File, FunctionsSection, LimitsSection, ServerSection, ServiceLimitsSection, ServiceSection,
        ServiceTimeoutsSection, TimeoutsSection, WebSocketSection,
    },
    problem::Source,
    read::Reader,
    units::show_size,
};

const INTRODUCTION: &str = r#"# Configuration

`diglot serve` reads `diglot.toml` in the working directory, or the file named with `--config`. With TARGETs on the
command line no file is read. `diglot check` shows everything that is wrong with a file, each with its place and a hint.

```toml
[server]
listen = ["127.0.0.1:8000"]

[services.web]
entry  = "web/server.js"
routes = ["/", "example.com/shop"]

[services.api]
root    = "api"
entry   = "main:app"
routes  = ["/api"]
workers = 2
env     = { LOG_LEVEL = "info" }
```

Editors complete and check the file by its JSON Schema, [diglot.schema.json](diglot.schema.json). Those with Taplo take
it from a first line `#:schema path/to/diglot.schema.json`.

**Sizes** are a number of bytes, or a number and a unit: `"8190 B"`, `"64 KiB"`, `"10 MiB"`, `"1 GiB"`, and the decimal
`KB`, `MB`, `GB`.
**Times** are a number and a unit: `"500ms"`, `"30s"`, `"2m"`, `"1h"`; from 1 ms to 24 h.
**Paths** in `[server]` start from the folder of the file, those of a service from its `root`.
"#;

/// A table of the file: its heading, its schema's name and its keys in their order.
const TABLES: [(&str, &str, &[&str]); 8] = [
    ("[server]", "ServerSection", ServerSection::KEYS),
    ("[server.limits]", "LimitsSection", LimitsSection::KEYS),
    ("[server.timeouts]", "TimeoutsSection", TimeoutsSection::KEYS),
    ("[server.websocket]", "WebSocketSection", WebSocketSection::KEYS),
    ("[functions]", "FunctionsSection", FunctionsSection::KEYS),
    ("[services.NAME]", "ServiceSection", ServiceSection::KEYS),
    ("[services.NAME.limits]", "ServiceLimitsSection", ServiceLimitsSection::KEYS),
    ("[services.NAME.timeouts]", "ServiceTimeoutsSection", ServiceTimeoutsSection::KEYS),
];

/// Defaults that are values. Where a default depends on something, the description says on what.
fn defaults() -> Vec<(&'static str, &'static str, Value)> {
    let limits = Limits::default();
    let timeouts = Timeouts::default();
    let websocket = WebSocket::default();
    let functions = Functions::default();
    let proxies = TrustedProxies::default().to_string();
    let size = |bytes: usize| json!(show_size(bytes as u64));
    let wait = |wait: Duration| json!(show_wait(wait));
    vec![
        ("ServerSection", "listen", json!([Listen::default().to_string()])),
        ("ServerSection", "access_log", json!(false)),
        ("ServerSection", "log_level", json!(LogLevel::default().as_str())),
        ("ServerSection", "trusted_proxies", json!(proxies.split(' ').collect::<Vec<_>>())),
        ("LimitsSection", "request_line", size(limits.request_line_bytes_max)),
        ("LimitsSection", "headers", size(limits.header_bytes_max)),
        ("LimitsSection", "header_count", json!(limits.header_count_max)),
        ("LimitsSection", "body", json!(show_size(limits.body_bytes_max))),
        ("LimitsSection", "connections", json!(limits.connections_max)),
        ("LimitsSection", "backlog", json!(limits.backlog)),
        ("TimeoutsSection", "header_read", wait(timeouts.header_read)),
        ("TimeoutsSection", "idle", wait(timeouts.idle)),
        ("TimeoutsSection", "body", wait(timeouts.body)),
        ("TimeoutsSection", "write", wait(timeouts.write)),
        ("TimeoutsSection", "grace", wait(timeouts.grace)),
        ("TimeoutsSection", "start", wait(timeouts.start)),
        ("TimeoutsSection", "heartbeat", timeouts.heartbeat.map_or(json!("none"), wait)),
        ("WebSocketSection", "message", json!(show_size(websocket.message_bytes_max))),
        ("WebSocketSection", "compression", json!(websocket.compression)),
        ("WebSocketSection", "ping_interval", websocket.ping_interval.map_or(json!("none"), wait)),
        ("WebSocketSection", "ping_timeout", wait(websocket.ping_timeout)),
        ("FunctionsSection", "timeout", wait(functions.timeout)),
        ("FunctionsSection", "queue", json!(functions.queue)),
        ("FunctionsSection", "message_bytes_max", size(functions.message_bytes_max as usize)),
        ("ServiceSection", "workers", json!(1)),
        ("ServiceSection", "strip", json!(false)),
        ("ServiceSection", "loop", json!("auto")),
        ("ServiceSection", "lifespan", json!("auto")),
        ("ServiceSection", "asgi_spec", json!("2.3")),
        ("ServiceSection", "pathsend", json!(false)),
        ("ServiceSection", "concurrency", json!(Service::CONCURRENCY_DEFAULT)),
        ("ServiceSection", "queue", json!(Service::QUEUE_DEFAULT)),
        ("ServiceSection", "queue_timeout", wait(Service::QUEUE_TIMEOUT_DEFAULT)),
    ]
}

fn show_wait(wait: Duration) -> String {
    match wait.as_millis() {
        ms if ms.is_multiple_of(60_000) => format!("{}m", ms / 60_000),
        ms if ms.is_multiple_of(1_000) => format!("{}s", ms / 1_000),
        ms => format!("{ms}ms"),
    }
}

fn schema() -> Value {
    let mut schema = schemars::schema_for!(File).to_value();
    without_null(&mut schema);
    schema["title"] = json!("diglot.toml");
    for (table, key, default) in defaults() {
        let property = &mut schema["$defs"][table]["properties"][key];
        assert!(property.is_object(), "{table} has no key {key}");
        property["default"] = default;
    }
    schema
}

/// TOML has no null: a key that may be left out is not one that may be null.
fn without_null(schema: &mut Value) {
    let is_null = |value: &Value| *value == json!({ "type": "null" }) || value.is_null();
    if let Value::Object(object) = schema {
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_mut_slice() {
                let only = only.take();
                object.insert("type".to_owned(), only);
            }
        }
        for key in ["anyOf", "enum"] {
            if let Some(Value::Array(items)) = object.get_mut(key) {
                items.retain(|item| !is_null(item));
            }
        }
        if let Some(Value::Array(items)) = object.get("anyOf")
            && let [Value::Object(only)] = items.as_slice()
        {
            let only = only.clone();
            object.remove("anyOf");
            object.extend(only);
        }
    }
    match schema {
        Value::Object(object) => object.values_mut().for_each(without_null),
        Value::Array(items) => items.iter_mut().for_each(without_null),
        _ => {}
    }
}

/// What a person may write for a value of this schema.
fn kind(schema: &Value) -> String {
    if schema.get("$ref").is_some() || schema.get("additionalProperties").is_some() {
        return "table".to_owned();
    }
    if let Some(constant) = schema.get("const") {
        return format!("`{constant}`");
    }
    if let Some(words) = schema["enum"].as_array() {
        return words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return match any.as_slice() {
            [one, many] if many["items"] == *one => format!("{}, or an array", kind(one)),
            [bytes, text] if bytes["type"] == "integer" && text["type"] == "string" => {
                format!("size{}", bounds(bytes, show_size))
            }
            any => any.iter().map(kind).collect::<Vec<_>>().join(" or "),
        };
    }
    match schema["type"].as_str() {
        Some("integer") => format!("integer{}", bounds(schema, |number| number.to_string())),
        Some("string") if schema["pattern"].as_str().is_some_and(|pattern| pattern.contains("[0-7]")) => {
            "permissions".to_owned()
        }
        Some("string") if schema.get("pattern").is_some() => "time".to_owned(),
        Some(plain) => plain.to_owned(),
        None => panic!("no kind: {schema}"),
    }
}

fn bounds(schema: &Value, show: impl Fn(u64) -> String) -> String {
    match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
        (Some(min), Some(u64::MAX)) => format!(", from {}", show(min)),
        (Some(min), Some(max)) => format!(", {} to {}", show(min), show(max)),
        bounds => panic!("no bounds: {bounds:?}"),
    }
}

fn reference(schema: &Value) -> String {
    let mut text =
        String::from("<!-- Made from the types in crates/diglot-config by its tests; do not edit. -->\n");
    text += INTRODUCTION;
    for (heading, name, keys) in TABLES {
        let table = &schema["$defs"][name];
        write!(text, "\n## `{heading}`\n\n{}\n\n", described(table)).expect("a string grows");
        text += "| Key | Value | Default | Meaning |\n|---|---|---|---|\n";
        let properties: &Map<String, Value> = table["properties"].as_object().expect("properties");
        assert_eq!(properties.len(), keys.len(), "{name}");
        for key in keys {
            let property = &properties[crate::read::key_name(key)];
            let required =
                table["required"].as_array().is_some_and(|required| required.contains(&json!(key)));
            let default = match property.get("default") {
                Some(default) => format!("`{}`", default.to_string().replace("\",\"", "\", \"")),
                None if required => "required".to_owned(),
                None => String::new(),
            };
            writeln!(text, "| `{key}` | {} | {default} | {} |", kind(property), described(property))
                .expect("a string grows");
        }
    }
    text
}

fn described(schema: &Value) -> String {
    let description = schema["description"].as_str().unwrap_or_else(|| panic!("no description: {schema}"));
    description.replace('\n', " ")
}

fn check_fresh(name: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(&path, fresh).expect("written");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == fresh, "{name} is stale: UPDATE_REFERENCE=1 cargo test -p diglot-config reference");
}

#[test]
fn the_schema_is_fresh() {
    let text = serde_json::to_string_pretty(&schema()).expect("JSON") + "\n";
    check_fresh("diglot.schema.json", &text);
}

#[test]
fn the_reference_is_fresh() {
    check_fresh("configuration.md", &reference(&schema()));
}

#[test]
fn the_example_of_the_reference_reads() {
    let example = INTRODUCTION.split("```").nth(1).expect("an example").trim_start_matches("toml\n");
    let mut reader = Reader::new(Source { name: "example".to_owned(), text: example.to_owned() }.into());
    let file: File = reader.read();
    assert!(reader.problems.is_empty(), "{:?}", reader.problems);
    assert_eq!(file.services.map(|services| services.value.0.len()), Some(2));
}
