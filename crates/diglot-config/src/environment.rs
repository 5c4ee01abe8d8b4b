//! The part of the outside world a configuration depends on, as a value: tests hand in a map.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use crate::{
    problem::{Source, Span},
    read::Located,
};

/// Working directory and environment variables. The file system itself is looked at directly.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Absolute.
    pub cwd: PathBuf,
    pub vars: BTreeMap<OsString, OsString>,
}

impl Environment {
    /// This process's own. Fails where the working directory has been removed.
    pub fn of_process() -> io::Result<Environment> {
        Ok(Environment { cwd: std::env::current_dir()?, vars: std::env::vars_os().collect() })
    }

    /// The same with the working directory by the name that its shell has for it (`PWD`), where that is a name of it. A
    /// symbolic link on the way stays one: whoever follows it later finds what it points to then, such as a new release.
    pub fn named_as_in_the_shell(mut self) -> Environment {
        let named = self.var("PWD").map(PathBuf::from);
        if let Some(named) = named.filter(|named| is_a_name_of(named, &self.cwd)) {
            self.cwd = named;
        }
        self
    }

    /// A variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.vars.get(OsStr::new(name)).map(OsString::as_os_str).filter(|value| !value.is_empty())
    }

    /// The same, in a line of its own that a problem can point into.
    pub(crate) fn located(&self, name: &str) -> Option<Located<String>> {
        let value: Cow<'_, str> = self.var(name)?.to_string_lossy();
        let source = Source { name: "environment".to_owned(), text: format!("{name}={value}") };
        let span = Span { range: name.len() + 1..source.text.len(), source: Arc::new(source) };
        Some(Located { value: value.into_owned(), span })
    }

    /// The absolute path of a command, as a shell would find it on PATH.
    pub fn find_on_path(&self, command: &str) -> Option<PathBuf> {
        std::env::split_paths(self.var("PATH")?)
            .map(|folder| absolute(&self.cwd, &folder.join(command)))
            .find(|candidate| is_executable(candidate))
    }

    /// A path as a person would write it from where they stand.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.cwd).unwrap_or(path).display().to_string()
    }
}

/// Joined and without `.` parts. `..` stays: only the file system knows what it means behind a link.
pub(crate) fn absolute(base: &Path, path: &Path) -> PathBuf {
    base.join(path).components().collect()
}

/// Whether a path leads to this folder from anywhere, and not by `..`, which a link may turn to another place.
fn is_a_name_of(path: &Path, folder: &Path) -> bool {
    let place = |path: &Path| path.metadata().map(|metadata| (metadata.dev(), metadata.ino()));
    let is_plain = path.is_absolute() && !path.components().any(|part| part == Component::ParentDir);
    is_plain && matches!((place(path), place(folder)), (Ok(one), Ok(other)) if one == other)
}

/// A file, or a link to one, that someone may execute.
pub(crate) fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
