//! An error that functions say they throw, as a class that can be caught.

use std::fmt::Write as _;

use super::docstring::{docstring, said};
use super::spelled::Spelling;
use super::{is_plain, quoted};
use crate::offers::Offers;
use crate::schema::{Field, Object, Type};

/// What every error of a call has: fields of these names are in `data` alone.
const TAKEN: [&str; 10] =
    ["add_note", "args", "code", "data", "function", "message", "service", "stack", "type", "with_traceback"];

/// The package makes errors of that `class`, and of these services, instances of it (`python/diglot/_calls/derived.py`).
pub(super) fn error_class(text: &mut String, offers: &Offers, name: &str, class: &str, data: &Type) {
    let (services, functions) = thrown_by(offers, name);
    let services: Vec<String> = services.into_iter().map(quoted).collect();
    let services = match services.as_slice() {
        [one] => one.clone(),
        several => format!("({})", several.join(", ")),
    };
    let kind = if class == name { String::new() } else { format!(", type={}", quoted(class)) };
    let _ = writeln!(text, "class {name}(RemoteError, service={services}{kind}):");
    docstring(text, "    ", &format!("Raised by {}.", functions.join(", ")));
    if *data == Type::Any {
        return;
    }
    let spelling = Spelling { offers, is_qualified: false, is_sent: false, is_either: false };
    let _ = writeln!(text, "\n    data: {}", spelling.of(data));
    for field in fields_of(offers, data).iter().filter(|field| is_attribute(offers, field)) {
        let _ = match field.required {
            true => writeln!(text, "    {}: {}", field.name, spelling.of(&field.of)),
            false => {
                let mut parts = match field.of.clone() {
                    Type::Union(parts) => parts,
                    one => vec![one],
                };
                parts.push(Type::Null);
                let of = spelling.of(&Type::Union(parts));
                writeln!(text, "    {}: {of} = None", field.name)
            }
        };
        if let Some(said) = said(&field.doc) {
            docstring(text, "    ", &said);
        }
    }
}

/// The services whose functions say that they throw it, and these functions.
fn thrown_by<'o>(offers: &'o Offers, name: &str) -> (Vec<&'o str>, Vec<String>) {
    let (mut services, mut functions) = (Vec::new(), Vec::new());
    for service in &offers.services {
        let is_it = |of: &Type| matches!(of, Type::Named(own) if own == name);
        let throwing = |function: &&crate::Function| function.errors.iter().any(|error| is_it(&error.of));
        let before = functions.len();
        let named = service.functions.iter().filter(throwing);
        functions.extend(named.map(|function| format!("`{}.{}`", service.name, function.name)));
        if functions.len() > before {
            services.push(service.name.as_str());
        }
    }
    (services, functions)
}

/// Those of an object, also of one that has a name.
fn fields_of<'o>(offers: &'o Offers, mut of: &'o Type) -> &'o [Field] {
    // One that is called by its own name is none.
    for _ in 0..offers.types.len() {
        match of {
            Type::Named(name) => of = offers.named(name),
            _ => break,
        }
    }
    match of {
        Type::Object(Object { fields, .. }) => fields,
        _ => &[],
    }
}

fn is_attribute(offers: &Offers, field: &Field) -> bool {
    is_plain(offers, field) && !field.name.starts_with('_') && !TAKEN.contains(&field.name.as_str())
}
