//! Whether Python would find a module, judged from the file system alone.
//!
//! A misspelt module is the most common mistake in an entry, and starting an interpreter to learn of it would be
//! slow. But import has hooks no one can foresee, so there are three answers, and only a certain one is an error.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use crate::{
    environment::{Environment, absolute},
    interpreter::Python,
};

/// What the file system says of a dotted name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Yes,
    /// Found up to a package that lacks the rest; the folder to look into.
    Partly {
        package: PathBuf,
        missing: String,
    },
    /// In none of the places Python looks into.
    No,
    /// Some of those places cannot be known.
    Unknown,
}

/// Where `python` looks first: the service's folder, then PYTHONPATH as the worker gets it.
pub(crate) fn first_places(root: &Path, pythonpath: Option<&OsStr>) -> Vec<PathBuf> {
    let more = pythonpath.into_iter().flat_map(std::env::split_paths).map(|place| absolute(root, &place));
    std::iter::once(root.to_owned()).chain(more).collect()
}

/// Looks into `first`, then into the interpreter's own libraries.
pub(crate) fn find_module(
    module: &str,
    first: &[PathBuf],
    python: &Python,
    environment: &Environment,
) -> Found {
    match find_in(module, first) {
        Found::No => {}
        found => return found,
    }
    match installed(python, environment) {
        Some(places) => find_in(module, &places),
        None => Found::Unknown,
    }
}

/// As import does, the first place that has the first part decides; folders without `__init__.py` (namespace
/// packages) give way to a later place that has more.
fn find_in(module: &str, places: &[PathBuf]) -> Found {
    let mut partly = Found::No;
    for place in places {
        match descend(module, place) {
            Found::No => {}
            Found::Partly { package, missing } => {
                let found = Found::Partly { package, missing };
                let first = module.split('.').next().unwrap_or(module);
                if place.join(first).join("__init__.py").is_file() {
                    return found;
                }
                if partly == Found::No {
                    partly = found;
                }
            }
            found => return found,
        }
    }
    partly
}

fn descend(module: &str, place: &Path) -> Found {
    let mut folder = place.to_owned();
    for (depth, part) in module.split('.').enumerate() {
        let next = folder.join(part);
        if next.is_dir() {
            folder = next;
        } else if is_module_file(&folder, part) {
            // A module may hold what looks like submodules (`os.path`): only import can tell.
            return Found::Yes;
        } else if depth == 0 {
            return Found::No;
        } else {
            return Found::Partly { package: folder, missing: part.to_owned() };
        }
    }
    Found::Yes
}

/// `part.py`, or an extension module `part.*.so`.
fn is_module_file(folder: &Path, part: &str) -> bool {
    if folder.join(format!("{part}.py")).is_file() {
        return true;
    }
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().any(|entry| {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        name.strip_prefix(part)
            .is_some_and(|rest| rest.starts_with('.') && (rest.ends_with(".so") || rest == ".pyc"))
    })
}

/// The interpreter's library folders, or `None` where they cannot be told: a wrapper script, an unusual layout, or
/// an import hook (editable installs).
fn installed(python: &Python, environment: &Environment) -> Option<Vec<PathBuf>> {
    if environment.var("PYTHONHOME").is_some() {
        return None;
    }
    let real = python.interpreter.canonicalize().ok()?;
    let bin = real.parent()?;
    let mut places = match bin.ends_with("shims") {
        // pyenv chooses a version when it is run: what none of them has, the chosen one has not.
        true => {
            let versions = fs::read_dir(bin.parent()?.join("versions")).ok()?.flatten();
            versions.flat_map(|version| libraries(&version.path())).collect()
        }
        false => libraries(bin.parent()?),
    };
    if places.is_empty() {
        return None;
    }
    let system_too = python.venv.as_deref().is_none_or(|venv| {
        let cfg = fs::read_to_string(venv.join("pyvenv.cfg")).unwrap_or_default();
        cfg.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
            key.trim() == "include-system-site-packages" && value.trim().eq_ignore_ascii_case("true")
        })
    });
    let mut sites = Vec::new();
    if system_too {
        sites.extend(site_folders(&places));
        sites.extend(site_folders(&libraries(Path::new("/usr/local"))));
        sites.push(PathBuf::from("/usr/lib/python3/dist-packages"));
        if let Some(home) = environment.var("HOME") {
            sites.extend(site_folders(&libraries(&Path::new(home).join(".local"))));
        }
    }
    if let Some(venv) = &python.venv {
        sites.extend(site_folders(&libraries(venv)));
    }
    for site in sites {
        places.extend(added_by_pth(&site)?);
        places.push(site);
    }
    Some(places)
}

/// `lib/python3.12`, `lib64/python3.12`, … below a prefix.
fn libraries(prefix: &Path) -> Vec<PathBuf> {
    let folders = ["lib", "lib64"].into_iter().filter_map(|lib| fs::read_dir(prefix.join(lib)).ok());
    folders
        .flat_map(|entries| entries.flatten())
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("python3."))
        .map(|entry| entry.path())
        .collect()
}

fn site_folders(libraries: &[PathBuf]) -> Vec<PathBuf> {
    libraries
        .iter()
        .flat_map(|library| ["site-packages", "dist-packages"].map(|name| library.join(name)))
        .collect()
}

/// Folders that `.pth` files of a site folder add; `None` where one installs an import hook instead.
fn added_by_pth(site: &Path) -> Option<Vec<PathBuf>> {
    let mut added = Vec::new();
    let Ok(entries) = fs::read_dir(site) else { return Some(added) };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension() != Some(OsStr::new("pth")) {
            continue;
        }
        for line in fs::read_to_string(&path).unwrap_or_default().lines() {
            if line.starts_with("import ") || line.starts_with("import\t") {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.contains("editable") {
                    return None;
                }
            } else if !line.is_empty() && !line.starts_with('#') {
                added.push(absolute(site, Path::new(line.trim_end())));
            }
        }
    }
    Some(added)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("file");
    }

    #[test]
    fn modules_of_a_project() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        touch(root, "main.py", "");
        touch(root, "pkg/__init__.py", "");
        touch(root, "pkg/mod.py", "");
        touch(root, "space/inner/deep.py", "");
        touch(root, "native.cpython-312-x86_64-linux-gnu.so", "");
        let check = |module: &str, expect: Found| {
            assert_eq!(find_in(module, &[root.to_owned()]), expect, "{module}");
        };
        check("main", Found::Yes);
        check("main.app", Found::Yes);
        check("pkg", Found::Yes);
        check("pkg.mod", Found::Yes);
        check("space.inner.deep", Found::Yes);
        check("native", Found::Yes);
        check("mian", Found::No);
        check("nat", Found::No);
        check("pkg.mdo", Found::Partly { package: root.join("pkg"), missing: "mdo".to_owned() });
    }

    #[test]
    fn a_namespace_package_gives_way_to_a_later_place() {
        let root = tempfile::tempdir().expect("a folder");
        touch(root.path(), "one/space/a.py", "");
        touch(root.path(), "two/space/b.py", "");
        let places = [root.path().join("one"), root.path().join("two")];
        assert_eq!(find_in("space.b", &places), Found::Yes);
    }

    #[test]
    fn installed_modules() {
        let root = tempfile::tempdir().expect("a folder");
        let root = root.path();
        touch(root, "base/bin/python3.12", "");
        touch(root, "base/lib/python3.12/json/__init__.py", "");
        touch(root, "venv/pyvenv.cfg", "home = /x\ninclude-system-site-packages = false\n");
        touch(root, "venv/lib/python3.12/site-packages/shop/__init__.py", "");
        touch(
            root,
            "venv/lib/python3.12/site-packages/paths.pth",
            "# added\n../../../../elsewhere\nimport sys\n",
        );
        touch(root, "elsewhere/linked.py", "");
        fs::create_dir(root.join("venv/bin")).expect("bin");
        fs::create_dir(root.join("app")).expect("app");
        std::os::unix::fs::symlink(root.join("base/bin/python3.12"), root.join("venv/bin/python"))
            .expect("a link");
        let python = Python {
            interpreter: root.join("venv/bin/python"),
            venv: Some(root.join("venv")),
            origin: crate::interpreter::Origin::Own,
            note: None,
        };
        let find = |module: &str| find_module(module, &[root.join("app")], &python, &Environment::default());
        assert_eq!(find("shop"), Found::Yes);
        assert_eq!(find("linked"), Found::Yes);
        assert_eq!(find("json"), Found::Yes);
        assert_eq!(find("shpo"), Found::No);
        touch(
            root,
            "venv/lib/python3.12/site-packages/__editable___shop.pth",
            "import __editable___shop_finder\n",
        );
        assert_eq!(find("shpo"), Found::Unknown);
    }
}
