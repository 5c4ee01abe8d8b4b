//! One operation as a function of the client.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::types::Types;
use super::{camel, comment, doc_of, key, path, quoted};
use crate::functions::FUNCTION;
use crate::names::Names;
use crate::references::followed;

const INDENT: &str = "      ";
const DEEPER: &str = "        ";
const ITEMS: &str = "application/x-ndjson";
const EVENTS: &str = "text/event-stream";

/// One operation and where it stands.
pub(super) struct Operation<'d> {
    pub(super) document: &'d Value,
    pub(super) method: &'static str,
    pub(super) path: &'d str,
    pub(super) item: &'d Value,
    pub(super) value: &'d Value,
    pub(super) service: &'d str,
}

/// What a caller says, and what becomes of it.
struct Argument {
    /// As it is declared: `item_id?: number`.
    declared: String,
    doc: String,
    required: bool,
}

/// An error that it says it throws.
pub(super) struct Thrown<'d> {
    pub(super) class: &'d str,
    pub(super) data: Option<&'d Value>,
    /// One that carries nothing is without data.
    pub(super) may_be_missing: bool,
}

/// What comes back.
enum Answer {
    Value(String),
    Items(String),
    Events,
}

impl Operation<'_> {
    pub(super) fn write(&self, text: &mut String, names: &mut Names, types: &Types<'_>) {
        let name = names.take(&self.name());
        let mut sent = vec![format!("method: {}", quoted(&self.method.to_uppercase()))];
        let arguments = match self.value.get(FUNCTION) {
            Some(_) => self.parameters_of_function(&mut sent, types),
            None => self.parameters(&mut sent, types),
        };
        comment(text, INDENT, &self.doc());
        let declared = declared(&arguments);
        let (call, returns) = match self.answer(types) {
            Answer::Value(of) => ("send", format!("Promise<{of}>")),
            Answer::Items(of) if self.value.get(FUNCTION).is_some() => {
                ("results", format!("AsyncIterable<{of}>"))
            }
            Answer::Items(of) => ("items", format!("AsyncIterable<{of}>")),
            Answer::Events => ("events", "AsyncIterable<ServerSentEvent>".to_owned()),
        };
        let _ = writeln!(text, "{INDENT}{name}({declared}call?: CallOptions): {returns} {{");
        let line = format!("{DEEPER}return http.{call}({{ {} }}, call);\n", sent.join(", "));
        match line.len() {
            ..=120 => text.push_str(&line),
            _ => {
                let lines: Vec<String> = sent.iter().map(|each| format!("{DEEPER}  {each},\n")).collect();
                let _ = write!(text, "{DEEPER}return http.{call}({{\n{}{DEEPER}}}, call);\n", lines.concat());
            }
        }
        let _ = writeln!(text, "{INDENT}}},");
    }

    fn doc(&self) -> String {
        let said = |name: &str| self.value[name].as_str().map(str::trim).unwrap_or_default().to_owned();
        let (summary, description) = (said("summary"), said("description"));
        let mut parts = match description.starts_with(&summary) {
            true => vec![description],
            false => vec![summary, description],
        };
        parts.push(format!("`{} {}`", self.method.to_uppercase(), self.path));
        let thrown = self.throws().into_iter().map(|thrown| format!("@throws {}", thrown.class));
        parts.push(thrown.collect::<Vec<_>>().join("\n"));
        if self.value["deprecated"] == true {
            parts.push("@deprecated".to_owned());
        }
        parts.retain(|part| !part.is_empty());
        parts.join("\n\n")
    }

    /// What it says it throws.
    pub(super) fn throws(&self) -> Vec<Thrown<'_>> {
        let problem = &self.resolve(&self.value["responses"]["422"])["content"]["application/problem+json"];
        let of_function =
            problem["schema"]["allOf"].as_array().filter(|_| self.value.get(FUNCTION).is_some());
        let choices = of_function.and_then(|parts| parts.last()?["anyOf"].as_array());
        let choices = choices.into_iter().flatten().filter_map(|choice| {
            let properties = choice.get("properties")?;
            let class = properties["error"]["const"].as_str()?;
            let is_there = choice["required"].as_array().is_some_and(|all| all.iter().any(|it| it == "data"));
            Some(Thrown { class, data: properties.get("data"), may_be_missing: !is_there })
        });
        choices.collect()
    }

    /// What it is called, before that is made the only one.
    fn name(&self) -> String {
        if let Some(function) = self.value[FUNCTION].as_str() {
            return camel(function);
        }
        let Some(id) = self.value["operationId"].as_str() else { return self.name_by_path() };
        let id = id.strip_prefix(&format!("{}_", self.service)).unwrap_or(id);
        camel(&without_path(id, self.path, self.method).replace("Controller_", "_"))
    }

    fn name_by_path(&self) -> String {
        let mut words = self.method.to_owned();
        for segment in self.path.split('/').filter(|segment| !segment.is_empty()) {
            let by = if segment.starts_with('{') { " by " } else { " " };
            let _ = write!(words, "{by}{segment}");
        }
        camel(&words)
    }

    fn resolve<'v>(&'v self, value: &'v Value) -> &'v Value {
        followed(self.document, value).unwrap_or(value)
    }

    /// A function takes the members of its one object, by the names they have in JavaScript.
    fn parameters_of_function(&self, sent: &mut Vec<String>, types: &Types<'_>) -> Vec<Argument> {
        let schema = self.resolve(&self.value["requestBody"]["content"]["application/json"]["schema"]);
        let required =
            |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|it| it == name));
        let properties = || schema["properties"].as_object().into_iter().flatten();
        let mut names = Names::default();
        // Two may be written the same way here: whoever is called that already keeps it, and the others are what they are
        // in whichever order they stand.
        let (own, mut others): (Vec<&str>, Vec<&str>) =
            properties().map(|(name, _)| name.as_str()).partition(|name| camel(name) == *name);
        own.into_iter().for_each(|name| drop(names.take(name)));
        others.sort_unstable();
        let others: BTreeMap<&str, String> =
            others.into_iter().map(|name| (name, names.take(&camel(name)))).collect();
        let mut members = Vec::new();
        let mut arguments = Vec::new();
        for (name, of) in properties() {
            let required = required(name);
            let written = others.get(name.as_str()).unwrap_or(name).clone();
            members.push(if *name == written {
                format!("{name}: args.{name}")
            } else {
                format!("{}: args.{written}", key(name))
            });
            let optional = if required { "" } else { "?" };
            arguments.push(Argument {
                declared: format!("{written}{optional}: {}", types.of_schema(of, DEEPER)),
                doc: doc_of(of),
                required,
            });
        }
        sent.push(path::written(self.cut_off(), self.path, &BTreeMap::new()));
        sent.push(if members.is_empty() {
            "body: {}".to_owned()
        } else {
            format!("body: {{ {} }}", members.join(", "))
        });
        sent.push("type: \"application/json\"".to_owned());
        arguments
    }

    fn parameters(&self, sent: &mut Vec<String>, types: &Types<'_>) -> Vec<Argument> {
        let mut names = Names::default();
        let mut arguments = Vec::new();
        let (mut query, mut headers) = (Vec::new(), Vec::new());
        let mut segments = BTreeMap::new();
        for parameter in self.value["parameters"].as_array().into_iter().flatten() {
            let parameter = self.resolve(parameter);
            let (Some(name), Some(place)) = (parameter["name"].as_str(), parameter["in"].as_str()) else {
                continue;
            };
            // Cookies are the browser's own.
            if place == "cookie" {
                continue;
            }
            let argument = names.take(if name == "body" { "body_" } else { name });
            let used = access(&argument);
            match place {
                "path" => drop(segments.insert(name.to_owned(), used)),
                "query" => match style(parameter) {
                    Some(style) => query.push(format!("[{}, {used}, \"{style}\"]", quoted(name))),
                    None => query.push(format!("[{}, {used}]", quoted(name))),
                },
                _ => headers.push(format!("{}: {used}", key(name))),
            }
            let in_content = parameter["content"].as_object().and_then(|content| content.values().next());
            let schema = in_content.map_or(&parameter["schema"], |media| &media["schema"]);
            let required = place == "path" || parameter["required"] == true;
            let optional = if required { "" } else { "?" };
            arguments.push(Argument {
                declared: format!("{}{optional}: {}", key(&argument), types.of_schema(schema, DEEPER)),
                doc: parameter["description"].as_str().map_or_else(|| doc_of(schema), str::to_owned),
                required,
            });
        }
        for name in path::parts(self.path).filter_map(|(_, name)| name) {
            // Of one that nobody describes there is this much to know.
            segments.entry(name.to_owned()).or_insert_with(|| {
                let argument = names.take(if name == "body" { "body_" } else { name });
                let declared = format!("{}: string | number", key(&argument));
                arguments.push(Argument { declared, doc: String::new(), required: true });
                access(&argument)
            });
        }
        sent.push(path::written(self.cut_off(), self.path, &segments));
        if !query.is_empty() {
            sent.push(format!("query: [{}]", query.join(", ")));
        }
        if !headers.is_empty() {
            sent.push(format!("headers: {{ {} }}", headers.join(", ")));
        }
        arguments.extend(self.body(sent, types));
        arguments
    }

    fn body(&self, sent: &mut Vec<String>, types: &Types<'_>) -> Option<Argument> {
        let body = self.resolve(&self.value["requestBody"]);
        let content = body["content"].as_object()?;
        let is_json = |name: &str| name == "application/json" || name.ends_with("+json");
        let (media_type, media) = content
            .iter()
            .find(|(name, _)| is_json(name))
            .or_else(|| content.iter().find(|(name, _)| *name == "multipart/form-data"))
            .or_else(|| content.iter().next())?;
        let of = match media_type.as_str() {
            name if is_json(name) => types.sent(&media["schema"], DEEPER),
            "multipart/form-data" => format!("FormData | {}", types.sent(&media["schema"], DEEPER)),
            "application/x-www-form-urlencoded" => {
                format!("URLSearchParams | {}", types.sent(&media["schema"], DEEPER))
            }
            _ => "BodyInit".to_owned(),
        };
        sent.push("body: args.body".to_owned());
        if !media_type.contains('*') {
            sent.push(format!("type: {}", quoted(media_type)));
        }
        let required = body["required"] == true;
        Some(Argument {
            declared: format!("body{}: {of}", if required { "" } else { "?" }),
            doc: body["description"].as_str().unwrap_or_default().to_owned(),
            required,
        })
    }

    /// By the responses that are successes.
    fn answer(&self, types: &Types<'_>) -> Answer {
        let responses = self.value["responses"].as_object().into_iter().flatten();
        let successes: Vec<&Value> =
            responses.filter(|(status, _)| status.starts_with('2')).map(|(_, it)| self.resolve(it)).collect();
        let mut kinds: Vec<String> = Vec::new();
        for response in &successes {
            let content = response["content"].as_object().filter(|content| !content.is_empty());
            let Some(content) = content else {
                kinds.push("undefined".to_owned());
                continue;
            };
            if let Some(media) = content.get(ITEMS) {
                let item = media.get(crate::walk::ITEM_SCHEMA);
                return Answer::Items(
                    item.map_or("unknown".to_owned(), |item| types.of_schema(item, INDENT)),
                );
            }
            if content.contains_key(EVENTS) && content.len() == 1 {
                return Answer::Events;
            }
            for (media_type, media) in content {
                kinds.push(match media_type.as_str() {
                    "application/json" => types.of_schema(&media["schema"], INDENT),
                    name if name.ends_with("+json") => types.of_schema(&media["schema"], INDENT),
                    name if name.starts_with("text/") => "string".to_owned(),
                    _ => "Blob".to_owned(),
                });
            }
        }
        kinds.dedup();
        Answer::Value(match kinds.as_slice() {
            [] => "unknown".to_owned(),
            kinds if kinds.iter().any(|kind| kind == "unknown") => "unknown".to_owned(),
            [only] if only == "undefined" => "void".to_owned(),
            kinds => kinds.join(" | "),
        })
    }

    /// What a proxy in front cuts off.
    fn cut_off(&self) -> &str {
        self.item["servers"][0]["url"].as_str().unwrap_or_default()
    }
}

/// What stands between the parentheses before the call's own options.
fn declared(arguments: &[Argument]) -> String {
    if arguments.is_empty() {
        return String::new();
    }
    let optional = if arguments.iter().any(|argument| argument.required) { "" } else { " = {}" };
    let line = arguments.iter().map(|argument| argument.declared.as_str()).collect::<Vec<_>>().join("; ");
    let is_documented = arguments.iter().any(|argument| !argument.doc.trim().is_empty());
    if line.len() <= 80 && !is_documented && !line.contains('\n') {
        return format!("args: {{ {line} }}{optional}, ");
    }
    let mut text = "args: {\n".to_owned();
    for argument in arguments {
        comment(&mut text, DEEPER, &argument.doc);
        let _ = writeln!(text, "{DEEPER}{};", argument.declared);
    }
    format!("{text}{INDENT}}}{optional}, ")
}

fn access(argument: &str) -> String {
    if super::is_identifier(argument) {
        format!("args.{argument}")
    } else {
        format!("args[{}]", quoted(argument))
    }
}

/// How a parameter of the query is written, where not in the way that is the default.
fn style(parameter: &Value) -> Option<&'static str> {
    if parameter["content"].is_object() {
        return Some("json");
    }
    let explodes = parameter["explode"].as_bool();
    match parameter["style"].as_str().unwrap_or("form") {
        "deepObject" => Some("deep"),
        "spaceDelimited" => Some("space"),
        "pipeDelimited" => Some("pipe"),
        _ if explodes == Some(false) => Some("comma"),
        _ => None,
    }
}

/// FastAPI writes path and method behind the name of the function, and nobody wants to type that.
fn without_path<'i>(id: &'i str, path: &str, method: &str) -> &'i str {
    let starts = path.match_indices('/').map(|(at, _)| at);
    for start in starts {
        let words: String =
            path[start..].chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '_' }).collect();
        if let Some(name) = id.strip_suffix(&format!("{words}_{method}"))
            && !name.is_empty()
        {
            return name;
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_without_their_paths() {
        assert_eq!(without_path("read_item_items__item_id__get", "/api/items/{item_id}", "get"), "read_item");
        assert_eq!(without_path("read_item", "/items", "get"), "read_item");
        assert_eq!(without_path("root__get", "/", "get"), "root");
    }
}
