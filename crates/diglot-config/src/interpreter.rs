//! Which `python` and which `node` run a service. Nothing is started to find out.

use std::path::{Path, PathBuf};

use crate::{
    environment::{Environment, absolute, is_executable},
    problem::Problem,
    read::Located,
};

/// The oldest Python a worker runs on.
const PYTHON_MIN: (u32, u32) = (3, 10);
/// Where a service's own venv is looked for.
pub(crate) const VENV_NAMES: [&str; 2] = [".venv", "venv"];

/// A Python and the venv it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Python {
    /// Absolute.
    pub interpreter: PathBuf,
    pub venv: Option<PathBuf>,
    pub origin: Origin,
    /// Said in the log where it was not taken from where a person may think.
    pub(crate) note: Option<String>,
}

/// Why a Python was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `python =` names it.
    Named,
    /// The service's own venv: `venv =`, or one found in its root.
    Own,
    /// The venv the person works in: `VIRTUAL_ENV`.
    Active,
    /// `python3` on PATH.
    Path,
}

/// What a service says of its interpreter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    pub(crate) service: &'a str,
    pub(crate) root: &'a Path,
    pub(crate) python: Option<&'a Located<String>>,
    pub(crate) venv: Option<&'a Located<String>>,
}

/// An explicit `python`, else the service's own venv, else `VIRTUAL_ENV`, else `python3` on PATH.
pub(crate) fn find_python(wish: Wish<'_>, environment: &Environment) -> Result<Python, Problem> {
    if let Some(python) = wish.python {
        if let Some(venv) = wish.venv {
            return Err(Problem::error("both `python` and `venv` say which interpreter is used")
                .at(&venv.span)
                .related(&python.span, "said here first")
                .hint("keep `venv`, or write the venv's own interpreter: python = \".venv/bin/python\""));
        }
        let interpreter = find_command(python, wish.root, environment)?;
        let venv = interpreter.parent().and_then(Path::parent).filter(|folder| is_venv(folder));
        return Ok(Python { venv: venv.map(Path::to_owned), interpreter, origin: Origin::Named, note: None });
    }
    if let Some(venv) = wish.venv {
        let folder = absolute(wish.root, Path::new(&venv.value));
        return in_venv(&folder, Origin::Own, wish, environment).map_err(|problem| problem.at(&venv.span));
    }
    if let Some(own) = own_venv(wish.root) {
        return in_venv(&own, Origin::Own, wish, environment);
    }
    if let Some(active) = environment.var("VIRTUAL_ENV") {
        let folder = absolute(&environment.cwd, Path::new(active));
        return in_venv(&folder, Origin::Active, wish, environment).map_err(|problem| Problem {
            hint: Some(
                "VIRTUAL_ENV is set in the environment: unset it, or activate a venv that exists".to_owned(),
            ),
            ..problem
        });
    }
    match environment.find_on_path("python3") {
        Some(interpreter) => Ok(Python { interpreter, venv: None, origin: Origin::Path, note: None }),
        None => Err(Problem::error(format!(
            "service `{}` needs Python, and there is no `python3` on PATH",
            wish.service
        ))
        .hint("install Python 3.10 or later, or name one: python = \"/path/to/python3\"")
        .missing()),
    }
}

/// `node =`, else `node` on PATH.
pub(crate) fn find_node(
    service: &str,
    root: &Path,
    node: Option<&Located<String>>,
    environment: &Environment,
) -> Result<PathBuf, Problem> {
    match node {
        Some(node) => find_command(node, root, environment),
        None => environment.find_on_path("node").ok_or_else(|| {
            Problem::error(format!("service `{service}` needs Node.js, and there is no `node` on PATH"))
                .hint("install Node.js 20 or later, or name one: node = \"/path/to/node\"")
                .missing()
        }),
    }
}

/// The venv a service has of its own, whole or not.
pub(crate) fn own_venv(root: &Path) -> Option<PathBuf> {
    VENV_NAMES.iter().map(|name| root.join(name)).find(|folder| is_venv(folder))
}

fn is_venv(folder: &Path) -> bool {
    folder.join("pyvenv.cfg").is_file()
}

fn in_venv(
    venv: &Path,
    origin: Origin,
    wish: Wish<'_>,
    environment: &Environment,
) -> Result<Python, Problem> {
    let shown = environment.shown(venv);
    let service = wish.service;
    let again = format!("make it with `python3 -m venv {shown}`, or, with a diglot.toml, `diglot install`");
    if !venv.is_dir() {
        return Err(Problem::error(format!("the venv `{shown}` of service `{service}` does not exist"))
            .hint(again)
            .missing());
    }
    if !is_venv(venv) {
        return Err(Problem::error(format!("`{shown}` is no venv: it has no pyvenv.cfg"))
            .hint(again)
            .missing());
    }
    let interpreter = venv.join("bin/python");
    if !is_executable(&interpreter) {
        let gone = match interpreter.read_link() {
            Ok(link) => format!("its interpreter leads to `{}`, which is gone", link.display()),
            Err(_) => "it has no bin/python".to_owned(),
        };
        return Err(Problem::error(format!("the venv `{shown}` of service `{service}` is broken: {gone}"))
            .hint(format!("remove it, then {again}"))
            .missing());
    }
    if let Some((major, minor)) = venv_version(venv)
        && (major, minor) < PYTHON_MIN
    {
        return Err(Problem::error(format!(
            "the venv `{shown}` of service `{service}` has Python {major}.{minor}"
        ))
        .hint(format!("Diglot needs {}.{} or later", PYTHON_MIN.0, PYTHON_MIN.1)));
    }
    let note = environment
        .var("VIRTUAL_ENV")
        .map(|active| absolute(&environment.cwd, Path::new(active)))
        .filter(|active| active != venv)
        .map(|active| {
            format!(
                "{service}: VIRTUAL_ENV ({}) is ignored, since it has a venv of its own: {shown}",
                active.display()
            )
        });
    Ok(Python { interpreter, venv: Some(venv.to_owned()), origin, note })
}

/// The version `pyvenv.cfg` names: `version = 3.12.4` (venv) or `version_info = 3.12.4` (uv, virtualenv).
fn venv_version(venv: &Path) -> Option<(u32, u32)> {
    let text = std::fs::read_to_string(venv.join("pyvenv.cfg")).ok()?;
    text.lines().filter_map(|line| line.split_once('=')).find_map(|(key, version)| {
        matches!(key.trim(), "version" | "version_info").then_some(())?;
        let mut parts = version.trim().split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    })
}

/// A path from `root` where the text has a slash, else a command on PATH.
fn find_command(
    command: &Located<String>,
    root: &Path,
    environment: &Environment,
) -> Result<PathBuf, Problem> {
    let text = &command.value;
    if !text.contains('/') {
        return environment.find_on_path(text).ok_or_else(|| {
            Problem::error(format!("there is no `{text}` on PATH"))
                .at(&command.span)
                .hint("install it, or write a path to it")
                .missing()
        });
    }
    let path = absolute(root, Path::new(text));
    match is_executable(&path) {
        true => Ok(path),
        false if path.is_dir() => Err(Problem::error(format!("`{text}` is a folder, not an interpreter"))
            .at(&command.span)
            .hint(format!("perhaps \"{}/bin/python\"", text.trim_end_matches('/')))),
        false => Err(Problem::error(format!("there is no interpreter at `{text}`"))
            .at(&command.span)
            .hint(format!("looked for {}", path.display()))
            .missing()),
    }
}
