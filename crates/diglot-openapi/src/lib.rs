//! One description of an API out of several: what services say of themselves (OpenAPI 3.0 and 3.1) and the functions that
//! are published become one document of OpenAPI 3.1, and that a client for browsers. No I/O: JSON comes in, JSON and text
//! go out.

mod beside;
mod client;
mod components;
mod discriminators;
mod flatten;
mod functions;
mod links;
mod merge;
mod named;
mod names;
mod operations;
mod page;
mod places;
mod raise;
mod reached;
mod read;
mod references;
mod remark;
mod walk;

pub use client::{Difference, client, differences, is_client, operations};
pub use functions::functions;
pub use merge::{About, Merged, Part, merge};
pub use page::{Asset, CONTENT_SECURITY_POLICY, asset, page};
pub use places::{Mount, Owner};
pub use read::{Unreadable, read};
pub use remark::Remark;
