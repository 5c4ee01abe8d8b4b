//! What services offer each other, as text: declarations for TypeScript, a module for Python; and what a change of it
//! breaks. No I/O: the functions' offers (`docs/internals/calls.md`) come in as JSON, and text goes out.

mod compare;
mod naming;
mod offers;
mod package;
mod python;
mod schema;
mod spelling;
mod typescript;

pub use compare::{Change, compare};
pub use diglot_calls::names::crossing;
pub use offers::{Function, Offers, OffersError, Service};
pub use package::package;
pub use python::python;
pub use typescript::typescript;

/// The first words of every file that is written, after the language's comment sign.
const WRITTEN_BY_NAME: &str = "Written by `diglot types`.";
/// The same, of one that follows the functions.
const WRITTEN_BY: &str =
    "Written by `diglot types`. Do not edit: it is written anew when the functions change.";
/// Below that in declarations of TypeScript.
const UNLINTED: &str = "/* eslint-disable */\n";

/// Whether a file has been written here, and may be written anew.
pub fn is_written(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    first.trim_start_matches(['/', '#', ' ']).starts_with(WRITTEN_BY_NAME)
}
