//! The front against hostile, slow and unusual clients and workers, as a whole server with real applications.

mod attacks;
mod canary;
mod descriptors;
mod identity;
mod limits;
mod links;
mod listeners;
mod mounting;
mod responses;
mod slow;
#[path = "../../../crates/diglot-front/tests/h1_codec/table.rs"]
mod table;
