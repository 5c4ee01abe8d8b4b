//! TypeScript for Node workers, which have no build step: what `tsconfig.json` says, the compiler, its cache on disk, and the way
//! workers ask for it.
//!
//! A worker loads modules synchronously, so it asks a process of its own on a blocking socket ([`serve`]) and reads the cache by itself. Types are
//! removed, not checked: each file is compiled alone, as `tsc` does it with `isolatedModules`. What JavaScript the Node in use already
//! runs is left as it is, whatever `target` says.
//!
//! The transforms are swc's. Its own are replaced where they differ from `tsc` in what a program can observe: decorators with their
//! metadata ([`decorators`]), fields that are assigned ([`fields`]), and exports that are read before they are initialised ([`exports`]).

mod cache;
mod compile;
mod decorators;
mod depth;
mod exports;
mod fields;
mod jsonc;
mod module;
mod namespaces;
mod options;
mod problem;
mod product;
mod project;
mod requires;
mod serve;

pub use cache::Cache;
pub use compile::{Input, SOURCE_BYTES_MAX, compile};
pub use options::{Decorators, Jsx, ModuleKind, Options};
pub use problem::Problem;
pub use product::{Format, Product};
pub use project::{PackageType, Project, ProjectError};
pub use serve::{answer_one, serve};

/// Told from every other state of the compiler in the names of cached files: raise it with any change of what comes out.
pub const COMPILER_VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "-2");
