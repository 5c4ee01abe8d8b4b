//! What services offer each other, as text: declarations for TypeScript, a module for Python; and what a change of it
//! breaks. No I/O: the functions' offers (`docs/internals/calls.md`) come in as JSON, and text goes out.

mod compare;
mod offers;
mod python;
mod schema;
mod spelling;
mod typescript;

pub use compare::{Change, compare};
pub use offers::{Function, Offers, OffersError, Service};
pub use python::python;
pub use typescript::typescript;

/// The first words of every file that is written, after the language's comment sign.
const WRITTEN_BY: &str =
    "Written by `diglot types`. Do not edit: it is written anew when the functions change.";
