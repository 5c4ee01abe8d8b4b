//! One release for all of a worker's life.
//!
//! Releases are often put in place by turning a symbolic link: `ln -sfn releases/2 current`. The next worker is to run the new
//! one, so a service's folder is known by the link. But a worker that has begun with the old release is to import
//! nothing of the new one, however late it imports: so links are followed when a worker is started, and not after.

use std::fs;
use std::path::{Path, PathBuf};

use diglot_config::{Entry, PythonTarget, Service};

/// The service with its folders as they are at this moment, without links on the way to them.
pub(crate) fn pinned(service: &Service) -> Service {
    let mut pinned = Service { root: physical(&service.root), ..service.clone() };
    match &mut pinned.entry {
        Entry::Python(python) => {
            if let PythonTarget::File { path, .. } = &mut python.target {
                *path = in_physical_folder(path);
            }
            // A venv that is itself a link keeps its name, as it would for who activates it.
            if let Some(venv) = &mut python.venv {
                let folder = in_physical_folder(venv);
                if let Ok(interpreter) = python.interpreter.strip_prefix(&*venv) {
                    python.interpreter = folder.join(interpreter);
                }
                *venv = folder;
            }
        }
        Entry::Node(node) => node.file = in_physical_folder(&node.file),
    }
    pinned
}

/// As it is where it is not there: whoever uses it says so.
fn physical(folder: &Path) -> PathBuf {
    fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned())
}

fn in_physical_folder(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => physical(folder).join(name),
        _ => path.to_owned(),
    }
}
