//! `diglot functions`: what the services of a running server offer each other.

use std::{fmt::Write as _, process::ExitCode};

use diglot_config::Environment;
use serde_json::Value;

use crate::{arguments::Functions, ask};

pub(crate) fn functions(functions: Functions, environment: &Environment) -> ExitCode {
    let Functions { running, json } = functions;
    ask::server(running, environment, |client| async move {
        let offered = client.functions().await?;
        match json {
            // Where nobody reads any more, as `head` does not, these say nothing of it.
            true => anstream::println!("{offered:#}"),
            false => anstream::print!("{}", listed(&offered)),
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// A line each, by service: how it is called, what it returns, and the first line of its documentation.
fn listed(offered: &Value) -> String {
    let mut text = String::new();
    for (service, functions) in offered.as_object().into_iter().flatten() {
        for function in functions.as_array().into_iter().flatten() {
            let name = function["name"].as_str().unwrap_or_default();
            let _ = write!(text, "{service}.{name}({})", parameters(function));
            if let Some(result) = function.get("result") {
                let of = if function["stream"] == true { "stream of " } else { "" };
                let _ = write!(text, " -> {of}{}", type_name(result));
            }
            text.push('\n');
            if let Some(line) = function["doc"].as_str().and_then(|doc| doc.lines().next()) {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    if text.is_empty() {
        text.push_str("no service offers a function\n");
    }
    text
}

/// Of an enumeration, so many are shown.
const VALUES_MAX: usize = 6;

fn parameters(function: &Value) -> String {
    let params = &function["params"];
    let required: Vec<&str> =
        params["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = params["properties"].as_object().into_iter().flatten();
    let mut parameters: Vec<String> = properties
        .map(|(name, schema)| {
            let optional = if required.contains(&name.as_str()) { "" } else { "?" };
            format!("{name}{optional}: {}", type_name(schema))
        })
        .collect();
    if let Some(input) = function["input"]["name"].as_str() {
        parameters.push(format!("{input}: stream of {}", type_name(&function["input"]["schema"])));
    }
    parameters.join(", ")
}

/// A schema in a word or two.
fn type_name(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()) {
        return name.to_owned();
    }
    if let Some(name) = schema["title"].as_str() {
        return name.to_owned();
    }
    if let Some(of) = schema["x-diglot"].as_str() {
        return match schema["dtype"].as_str() {
            Some(dtype) => format!("{of} of {dtype}"),
            None => of.to_owned(),
        };
    }
    if let Some(values) = schema["enum"].as_array() {
        let shown = values.iter().take(VALUES_MAX).map(Value::to_string);
        return shown
            .chain((values.len() > VALUES_MAX).then(|| "…".to_owned()))
            .collect::<Vec<_>>()
            .join(" | ");
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(any) = schema["anyOf"].as_array() {
        return any.iter().map(type_name).collect::<Vec<_>>().join(" | ");
    }
    if let Some(format) = schema["format"].as_str() {
        return format.to_owned();
    }
    if let Some(items) = schema["prefixItems"].as_array() {
        return tuple(items, schema);
    }
    if schema["type"] == "array" && schema.get("items").is_some() {
        return format!("array of {}", type_name(&schema["items"]));
    }
    match &schema["type"] {
        Value::String(name) => name.clone(),
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        _ => "any".to_owned(),
    }
}

/// Its items, those of a named tuple with their names, and what may follow them.
fn tuple(items: &[Value], schema: &Value) -> String {
    let item = |item: &Value| match item["title"].as_str().filter(|_| item.get("$ref").is_none()) {
        Some(name) => {
            let mut plain = item.clone();
            plain["title"] = Value::Null;
            format!("{name}: {}", type_name(&plain))
        }
        None => type_name(item),
    };
    let rest = schema.get("items").filter(|rest| **rest != Value::Bool(false));
    let rest = rest.map(|rest| format!("...{}", type_name(rest)));
    format!("[{}]", items.iter().map(item).chain(rest).collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_tuple_is_its_items() {
        let number = json!({ "type": "number" });
        let tuple = |items: Value, rest: Value| {
            type_name(&json!({ "type": "array", "prefixItems": items, "items": rest }))
        };
        assert_eq!(tuple(json!([number, { "$ref": "#/$defs/Item" }]), false.into()), "[number, Item]");
        let point = json!([{ "title": "x", "type": "number" }, { "title": "y", "type": "number" }]);
        assert_eq!(tuple(point, false.into()), "[x: number, y: number]");
        assert_eq!(tuple(json!([number]), json!({ "type": "string" })), "[number, ...string]");
        let pairs = json!({ "type": "array", "items": { "type": "array", "prefixItems": [number, number], "items": false } });
        assert_eq!(type_name(&pairs), "array of [number, number]");
    }

    #[test]
    fn a_function_is_a_line_and_its_documentation_another() {
        let offered = json!({ "model": [{
            "name": "similar",
            "params": {
                "type": "object",
                "properties": { "user_id": { "const": 7 }, "item_id": { "type": "integer" }, "k": { "type": "integer" },
                    "size": { "type": "string", "enum": ["small", "large"] } },
                "required": ["user_id", "item_id"],
            },
            "result": { "type": "array", "items": { "$ref": "#/$defs/Item" } },
            "doc": "Items like this one.\n\nBy their vectors.",
        }, { "name": "watch", "params": {}, "result": { "type": "number" }, "stream": true }] });
        assert_eq!(
            listed(&offered),
            "model.similar(user_id: 7, item_id: integer, k?: integer, size?: \"small\" | \"large\") -> array of Item\n    Items like this one.\n\
             model.watch() -> stream of number\n"
        );
        assert_eq!(listed(&json!({ "web": [] })), "no service offers a function\n");
    }
}
