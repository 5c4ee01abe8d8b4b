//! From `diglot.toml`, TARGETs and arguments to one resolved, checked [`Config`].
//!
//! [`resolve()`] reads (`read`, `file`), looks (`workplace`, `modules`) and decides (`resolve`, `services`); it binds
//! nothing and starts nothing, and takes the environment as a value. Whatever is wrong comes back as [`Problem`]s,
//! all of them at once, each with its place and a hint. No other part of the server knows a default or reads a
//! variable of the environment.

mod config;
mod description;
mod entry;
mod env_file;
mod environment;
mod file;
mod identity;
mod interpreter;
mod listen;
mod meant;
mod modules;
mod node;
mod own;
mod problem;
mod proxies;
mod published;
mod read;
#[cfg(test)]
mod reference;
mod resolve;
mod route;
mod service;
mod services;
mod target;
#[cfg(test)]
mod tests;
mod types;
mod units;
mod values;
mod workplace;

pub use config::{AccessLog, Config, Functions, Limits, Listen, LogLevel, Server, Timeouts, WebSocket};
pub use description::{DescribedAt, Description};
pub use environment::Environment;
pub use identity::Identity;
pub use interpreter::{Origin, Python};
pub use problem::{Problem, Severity, Source, Span, render};
pub use proxies::TrustedProxies;
pub use published::{Published, PublishedName};
pub use resolve::{Arguments, FILE_NAME, ForTargets, NothingGiven, Resolution, resolve};
pub use service::{
    AsgiSpec, Entry, EventLoop, Interface, Lifespan, NodeEntry, PythonEntry, PythonTarget, Route, Routing,
    Service,
};
pub use workplace::{Language, Workplace};
