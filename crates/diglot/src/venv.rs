//! What is in a venv, as far as its files tell.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// What a new venv has, and what comes with it: these are no packages that a service asks for.
const FURNITURE: [&str; 9] = [
    "diglot",
    "pip",
    "setuptools",
    "wheel",
    "pkg_resources",
    "_distutils_hack",
    "distutils",
    "_virtualenv",
    "__pycache__",
];

/// Whether pip is there, whole. Not in venvs that uv has made, nor in one whose making was interrupted.
pub(crate) fn has_pip(venv: &Path) -> bool {
    // The record of what was installed is written when all of it has been.
    let is_record = |name: &str| name.starts_with("pip-") && name.ends_with(".dist-info");
    entries(venv).any(|path| name(&path).is_some_and(is_record) && path.join("RECORD").is_file())
}

/// Whether it can be seen that nothing has been installed into it.
pub(crate) fn is_empty(venv: &Path) -> bool {
    let config = fs::read_to_string(venv.join("pyvenv.cfg")).unwrap_or_default();
    let has_those_of_the_system =
        config.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
            key.trim() == "include-system-site-packages" && value.trim().eq_ignore_ascii_case("true")
        });
    let is_furniture = |path: &PathBuf| {
        let stem = name(path).and_then(|name| name.split(['-', '.']).next()).unwrap_or_default();
        FURNITURE.contains(&stem)
    };
    !has_those_of_the_system
        && site_folders(venv).next().is_some()
        && entries(venv).all(|path| is_furniture(&path))
}

fn name(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

/// Everything in the folders where its packages are.
fn entries(venv: &Path) -> impl Iterator<Item = PathBuf> {
    site_folders(venv).flat_map(list)
}

/// Where packages are; a venv has one such folder.
pub(crate) fn site_folders(venv: &Path) -> impl Iterator<Item = PathBuf> {
    list(venv.join("lib")).map(|version| version.join("site-packages")).filter(|folder| folder.is_dir())
}

fn list(folder: PathBuf) -> impl Iterator<Item = PathBuf> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_a_venv() {
        let folder = tempfile::tempdir().expect("a folder");
        let venv = folder.path();
        assert!(!has_pip(venv) && !is_empty(venv), "nothing can be told of what is not there");
        let site = venv.join("lib/python3.13/site-packages");
        let make = |file: &str| {
            let path = site.join(file);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(path, "").expect("a file");
        };
        make("pip/__init__.py");
        assert!(!has_pip(venv) && is_empty(venv), "half of pip");
        make("pip-25.3.dist-info/RECORD");
        make("distutils-precedence.pth");
        assert!(has_pip(venv) && is_empty(venv));
        make("flask/__init__.py");
        assert!(!is_empty(venv));
    }
}
