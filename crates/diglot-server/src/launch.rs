//! From a service of the configuration to the command line and environment of its workers.

use std::collections::BTreeMap;
use std::env;
use std::ffi::{OsStr, OsString};

use diglot_config::{
    Entry, EventLoop, Functions, Identity, Interface, Lifespan, NodeEntry, PythonEntry, PythonTarget,
    Routing, Service,
};
use diglot_front::Address;
use diglot_workers::Launch;
use serde_json::{Value, json};

use crate::cluster::WORKER_ID_ENV;
use crate::sdk::Sdk;
use crate::sockets::PASSED_VARIABLES;
use crate::typescript::TYPESCRIPT_ENV;

/// The variable that tells a worker what to run. It is gone before user code sees the environment.
const WORKER_ENV: &str = "DIGLOT_WORKER";
/// Which of its service's workers one is, for Node. It is gone before user code sees the environment.
const NUMBER_ENV: &str = "DIGLOT_NUMBER";

/// How the workers of `service` are run behind listeners at `addresses`, as whom the server has become, with that soft
/// limit of open files. `in_cluster`: the program is to take itself for a worker of Node's `cluster`.
pub(crate) fn launch(
    service: &Service,
    sdk: &Sdk,
    addresses: &[Address],
    functions: Functions,
    identity: Option<&Identity>,
    in_cluster: bool,
    open_files_max: Option<u64>,
) -> Launch {
    let mut env: BTreeMap<OsString, OsString> = env::vars_os().collect();
    PASSED_VARIABLES.iter().for_each(|name| drop(env.remove(OsStr::new(name))));
    // Of a server that this one was started by.
    env.remove(OsStr::new(TYPESCRIPT_ENV));
    // Else those of root, whose files the workers may not read. A number without a name is at home nowhere.
    if let Some(Identity { uid: Some(_), name, home, .. }) = identity {
        env.insert("HOME".into(), home.clone().unwrap_or_else(|| "/".into()).into());
        for variable in ["USER", "LOGNAME"] {
            match name {
                Some(name) => drop(env.insert(variable.into(), name.into())),
                None => drop(env.remove(OsStr::new(variable))),
            }
        }
    }
    env.extend(service.env.iter().map(|(name, value)| (name.into(), value.into())));
    let mut numbered_env = Vec::new();
    let mut aside = None;
    let (program, args, about) = match &service.entry {
        Entry::Python(python) => {
            activate(python, &mut env);
            let script = sdk.python.join("diglot_worker.py");
            (&python.interpreter, vec![script.into_os_string()], about_python(python, sdk))
        }
        Entry::Node(node) => {
            let preload = sdk.node.join("preload.cjs");
            let mut args: Vec<OsString> = vec!["--require".into(), preload.into_os_string()];
            args.extend(node.args.iter().map(OsString::from));
            args.push(node.file.clone().into());
            numbered_env.push(NUMBER_ENV.into());
            if in_cluster {
                numbered_env.push(WORKER_ID_ENV.into());
            }
            if node.is_typescript() {
                env.insert(TYPESCRIPT_ENV.into(), sdk.compiler.describe().into());
                aside = Some(sdk.compiler.aside());
            }
            (&node.interpreter, args, about_node(node, service))
        }
    };
    let of_the_front = addresses.iter().find_map(|address| match address {
        Address::Tcp(address) => Some(address.port()),
        Address::Unix(_) => None,
    });
    // A program that listens on it must be routed: on a port it shall ask for, if there is one.
    if let Some(port) = service.port.or(of_the_front) {
        env.entry("PORT".into()).or_insert_with(|| port.to_string().into());
    }
    env.insert(WORKER_ENV.into(), describe(service, addresses, functions, about).to_string().into());
    Launch {
        program: program.clone(),
        args,
        env: env.into_iter().collect(),
        cwd: service.root.clone(),
        numbered_env,
        open_files_max,
        aside,
    }
}

/// What is the same for both languages, with what is not.
fn describe(service: &Service, addresses: &[Address], functions: Functions, about: Value) -> Value {
    let listen: Vec<Value> = addresses
        .iter()
        .map(|address| match address {
            Address::Tcp(address) => json!({ "host": address.ip().to_string(), "port": address.port() }),
            Address::Unix(path) => json!({ "path": path }),
        })
        .collect();
    let functions = json!({
        "timeout_ms": functions.timeout.as_millis() as u64,
        "queue": functions.queue,
        "message_bytes_max": functions.message_bytes_max,
        "service": service.name,
    });
    // Without it a program that offers functions may still be about to listen.
    let routes = match service.routing {
        Routing::Written => Some(true),
        Routing::Default => None,
        Routing::NoneLeft | Routing::Nowhere => Some(false),
    };
    let mut described = json!({
        "service": service.name,
        "root": service.root,
        "listen": listen,
        "functions": functions,
        "routes": routes,
    });
    if let (Value::Object(described), Value::Object(about)) = (&mut described, about) {
        described.extend(about);
    }
    described
}

fn about_python(python: &PythonEntry, sdk: &Sdk) -> Value {
    let entry = match &python.target {
        PythonTarget::Module { module, attr, call } => {
            json!({ "module": module, "attr": attr, "call": call })
        }
        PythonTarget::File { path, attr, call } => json!({ "file": path, "attr": attr, "call": call }),
    };
    json!({
        "entry": entry,
        "interface": python.interface.map(|interface| match interface {
            Interface::Asgi => "asgi",
            Interface::Wsgi => "wsgi",
        }),
        "threads": python.threads,
        "loop": match python.event_loop {
            EventLoop::Auto => "auto",
            EventLoop::Uvloop => "uvloop",
            EventLoop::Asyncio => "asyncio",
        },
        "lifespan": match python.lifespan {
            Lifespan::Auto => "auto",
            Lifespan::On => "on",
            Lifespan::Off => "off",
        },
        "asgi_spec": python.asgi_spec.as_str(),
        "pathsend": python.pathsend,
        "native": sdk.native,
        "sdk": sdk.python,
    })
}

fn about_node(node: &NodeEntry, service: &Service) -> Value {
    let inspect = node.inspect.map(|address| {
        json!({ "host": address.ip().to_string(), "port": address.port(), "workers": service.workers })
    });
    let debug = tracing::enabled!(tracing::Level::DEBUG);
    json!({
        "entry": { "file": node.file },
        "workers": service.workers,
        "port": service.port,
        "inspect": inspect,
        "debug": debug,
    })
}

/// As `activate` of a venv would: what the app starts by name is the venv's.
fn activate(python: &PythonEntry, env: &mut BTreeMap<OsString, OsString>) {
    let Some(venv) = &python.venv else { return };
    env.insert("VIRTUAL_ENV".into(), venv.clone().into());
    env.remove(OsStr::new("PYTHONHOME"));
    let present = env.get(OsStr::new("PATH")).cloned().unwrap_or_default();
    let folders = std::iter::once(venv.join("bin")).chain(env::split_paths(&present));
    if let Ok(path) = env::join_paths(folders) {
        env.insert("PATH".into(), path);
    }
}
