//! Reads a JSON Schema as the type it stands for.
//!
//! Constraints (`minimum`, `pattern`, …) do not change what is written of a type: who is called checks them, and people
//! are told. What is read to be compared has them.

use serde_json::Value;

use super::{
    Constraints, Definition, Definitions, Doc, Field, Form, Object, SAFE_INTEGER_MAX, Type, constrained,
};

/// How the keys of an object look that are numbers in TypeScript.
const NUMERIC_KEYS: &str = r"^-?\d+(\.\d+)?$";
/// Constraints that people are told.
const TOLD: [&str; 10] = [
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
    "minItems",
    "maxItems",
];
/// Formats of text whose values are text in TypeScript, and that people are told.
const FORMATS: [&str; 10] =
    ["date", "time", "duration", "uuid", "decimal", "email", "uri", "hostname", "ipv4", "ipv6"];

/// What arrays of numbers can be of.
const DTYPES: [&str; 13] = [
    "bool",
    "int8",
    "uint8",
    "uint8_clamped",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
];

/// Reads schemas, and keeps those in their `$defs`.
#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) form: Form,
    /// With what is asked of values beyond their type.
    is_exact: bool,
    pub(crate) definitions: Definitions,
}

/// What people are told of it.
pub(crate) fn doc(schema: &Value) -> Doc {
    let text = schema["description"].as_str().map(str::trim).filter(|text| !text.is_empty());
    let inner = optional_part(schema).unwrap_or(schema);
    let said = |name: &str| schema.get(name).or_else(|| inner.get(name)).filter(|value| !value.is_null());
    let is_tuple = inner.get("prefixItems").is_some();
    let shown = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut notes: Vec<(&'static str, String)> = TOLD
        .into_iter()
        .filter(|name| !(is_tuple && name.ends_with("Items")))
        .filter_map(|name| Some((name, shown(said(name)?))))
        .collect();
    if let Some(format) = said("format").and_then(Value::as_str)
        && (FORMATS.contains(&format) || inner["x-diglot"] == "text")
    {
        notes.push(("format", format.to_owned()));
    }
    notes.extend(said("default").map(|value| ("default", value.to_string())));
    notes.extend((said("deprecated") == Some(&Value::Bool(true))).then(|| ("deprecated", String::new())));
    Doc { text: text.map(str::to_owned), notes }
}

/// Of a type or null: the type, where it has no name.
fn optional_part(schema: &Value) -> Option<&Value> {
    let choices = schema["anyOf"].as_array().filter(|choices| choices.len() == 2)?;
    choices.iter().find(|choice| choice["type"] != "null" && choice.get("$ref").is_none())
}

impl Reader {
    pub(crate) fn new(form: Form, is_exact: bool) -> Self {
        Self { form, is_exact, definitions: Definitions::new() }
    }

    /// The type of a schema; those in its `$defs` are kept.
    pub(crate) fn read(&mut self, schema: &Value) -> Type {
        for (name, defined) in schema["$defs"].as_object().into_iter().flatten() {
            let of = self.read(defined);
            self.definitions.insert(name.clone(), Definition { of, doc: doc(defined) });
        }
        let of = self.read_one(schema);
        if self.is_exact { constrained(of, &Constraints::read(schema)) } else { of }
    }

    fn read_one(&mut self, schema: &Value) -> Type {
        if let Some(all) = schema.as_bool() {
            return if all { Type::Any } else { Type::Never };
        }
        if let Some(reference) = schema["$ref"].as_str() {
            return match reference.strip_prefix("#/$defs/") {
                Some(name) => Type::Named(unescaped(name)),
                None => Type::Any,
            };
        }
        if let Some(value) = schema.get("const") {
            return literals(schema, std::slice::from_ref(value));
        }
        if let Some(values) = schema["enum"].as_array() {
            return literals(schema, values);
        }
        if let Some(choices) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
            return union(choices.iter().map(|choice| self.read(choice)).collect());
        }
        if let Some(parts) = schema["allOf"].as_array() {
            // Some only say what else is asked, as several patterns.
            let is_exact = self.is_exact;
            let (asked, mut parts): (Vec<Type>, Vec<Type>) = parts
                .iter()
                .map(|part| self.read(part))
                .partition(|part| is_exact && *part.unconstrained() == Type::Any);
            if schema.get("properties").is_some() {
                parts.push(self.object(schema));
            } else if let (true, Some(kind)) = (parts.is_empty(), schema["type"].as_str()) {
                parts.push(self.of_kind(kind, schema));
            }
            if parts.len() > 1 {
                parts.extend(asked);
                return Type::All(parts);
            }
            let of = parts.pop().unwrap_or(Type::Any);
            return asked.iter().filter_map(Type::asked).fold(of, constrained);
        }
        match &schema["type"] {
            Value::String(name) => self.of_kind(name, schema),
            Value::Array(names) => {
                union(names.iter().filter_map(Value::as_str).map(|name| self.of_kind(name, schema)).collect())
            }
            _ if schema.get("properties").is_some() => self.object(schema),
            _ => Type::Any,
        }
    }

    fn of_kind(&mut self, kind: &str, schema: &Value) -> Type {
        let ours = schema["x-diglot"].as_str().unwrap_or_default();
        match (kind, ours) {
            ("null", "undefined") => Type::Undefined,
            ("null", _) => Type::Null,
            ("boolean", _) => Type::Bool,
            ("integer", "bigint") if self.form != Form::Json => Type::BigInt,
            ("integer", _) if self.form == Form::Rich && reaches_far(schema) => Type::BigInt,
            ("integer", _) => Type::Integer,
            ("number", _) => Type::Number,
            ("string", _) if self.form == Form::Json => Type::Text,
            ("string", "bytes") => Type::Bytes,
            ("string", "table") => Type::Table,
            ("string", ours) => self.text(ours, schema["format"].as_str().unwrap_or_default()),
            ("array", "array") => self.numbers(schema),
            ("array", "set") if self.form != Form::Json => Type::Set(Box::new(self.items(schema))),
            ("array", "map") if self.form != Form::Json => {
                let pair = schema["items"]["prefixItems"].as_array().cloned().unwrap_or_default();
                let mut part = |at: usize| pair.get(at).map_or(Type::Any, |schema| self.read(schema));
                Type::Map(Box::new((part(0), part(1))))
            }
            ("array", _) => match schema["prefixItems"].as_array() {
                Some(first) => Type::Tuple {
                    items: first.iter().map(|item| self.read(item)).collect(),
                    required: schema["minItems"].as_u64().map_or(0, |least| least as usize).min(first.len()),
                    rest: match schema.get("items") {
                        None | Some(Value::Bool(false)) => None,
                        Some(rest) => Some(Box::new(self.read(rest))),
                    },
                },
                None => Type::Array(Box::new(self.items(schema))),
            },
            ("object", _) => self.object(schema),
            _ => Type::Any,
        }
    }

    fn text(&self, ours: &str, format: &str) -> Type {
        match (ours, format) {
            ("text", _) => Type::Text,
            (_, "date-time") => Type::DateTime,
            _ if self.form == Form::Plain => Type::Text,
            ("decimal", _) => Type::Decimal,
            (_, "date") => Type::Date,
            (_, "time") => Type::Time,
            (_, "duration") => Type::Duration,
            (_, "uuid") => Type::Uuid,
            _ => Type::Text,
        }
    }

    fn numbers(&self, schema: &Value) -> Type {
        let dimensions = schema["shape"].as_array().map(Vec::len);
        match self.form {
            Form::Json if dimensions == Some(1) => Type::Array(Box::new(Type::Number)),
            Form::Json => Type::Array(Box::new(Type::Any)),
            _ => {
                // It becomes a name in what is written: nothing else may come there.
                let dtype = schema["dtype"].as_str().filter(|dtype| DTYPES.contains(dtype));
                Type::Numbers { dtype: dtype.unwrap_or_default().to_owned(), dimensions }
            }
        }
    }

    fn items(&mut self, schema: &Value) -> Type {
        schema.get("items").map_or(Type::Any, |items| self.read(items))
    }

    fn object(&mut self, schema: &Value) -> Type {
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let mut fields = Vec::new();
        for (name, of) in schema["properties"].as_object().into_iter().flatten() {
            fields.push(Field {
                required: required.contains(&name.as_str()),
                doc: doc(of),
                of: self.read(of),
                name: name.clone(),
            });
        }
        let (mut numbered, mut others) = (None, None);
        for (pattern, of) in schema["patternProperties"].as_object().into_iter().flatten() {
            let of = Some(Box::new(self.read(of)));
            if pattern == NUMERIC_KEYS { numbered = of } else { others = of }
        }
        let mut is_closed = false;
        match schema.get("additionalProperties") {
            Some(Value::Bool(false)) => is_closed = self.is_exact,
            Some(of) => others = Some(Box::new(self.read(of))),
            None if fields.is_empty() && others.is_none() && numbered.is_none() => return Type::AnyObject,
            None => {}
        }
        Type::Object(Object { fields, others, numbered, is_closed })
    }
}

/// Whether an integer says of itself that it goes beyond what a `number` of JavaScript has: most say nothing, and are ids and
/// counts.
fn reaches_far(schema: &Value) -> bool {
    let safe = SAFE_INTEGER_MAX as f64;
    let is_beyond = |name: &str, bound: f64| schema[name].as_f64().is_some_and(|said| said.abs() > bound);
    let of_all = ["minimum", "maximum"].iter().any(|name| is_beyond(name, safe));
    of_all || ["exclusiveMinimum", "exclusiveMaximum"].iter().any(|name| is_beyond(name, safe + 1.0))
}

fn literals(schema: &Value, values: &[Value]) -> Type {
    if schema["x-diglot"] != "bigint" {
        return Type::Literals(values.to_vec());
    }
    let of = |value: &Value| {
        let digits = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if is_integer(&digits) { Type::BigLiteral(digits) } else { Type::BigInt }
    };
    union(values.iter().map(of).collect())
}

/// Whether it is digits and nothing else, which can be written as they are.
fn is_integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits == "0"
        || (!digits.starts_with('0')
            && !digits.is_empty()
            && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// One type of several, each named once.
fn union(choices: Vec<Type>) -> Type {
    let mut flat: Vec<Type> = Vec::new();
    for choice in choices {
        let parts = match choice {
            Type::Union(parts) => parts,
            one => vec![one],
        };
        for part in parts {
            if flat.contains(&part) {
                continue;
            }
            match (flat.last_mut(), part) {
                (Some(Type::Literals(present)), Type::Literals(more)) => present.extend(more),
                (_, part) => flat.push(part),
            }
        }
    }
    match flat.len() {
        0 => Type::Never,
        1 => flat.remove(0),
        _ => Type::Union(flat),
    }
}

/// Of a reference: RFC 6901 section 3, in a fragment of a URI.
fn unescaped(name: &str) -> String {
    percent_decoded(name).replace("~1", "/").replace("~0", "~")
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let escaped = more.get(..2).filter(|_| *first == b'%').and_then(|hex| str::from_utf8(hex).ok());
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}
