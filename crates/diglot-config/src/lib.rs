//! From `diglot.toml`, TARGETs and arguments to one resolved, checked [`Config`].

mod config;
mod service;

pub use config::{Config, Limits, Listen, Server, Timeouts};
pub use service::{
    AsgiSpec, Entry, EventLoop, Interface, Lifespan, NodeEntry, PythonEntry, PythonTarget, Route, Service,
};
