//! The Python package `diglot` in a service's venv, for those who look there: editors, type checkers, tests that no server runs.
//! What runs in a worker is the server's own (`python/diglot/__init__.py`).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use diglot_config::Problem;

use crate::venv::site_folders;

/// What tells a copy that was put there from a package of that name which somebody has installed.
const MARK: &str = "diglot/.of-diglot-install";

/// Puts the package there, where it is not yet as this version has it, and says so.
pub(crate) fn into_venv(service: &str, venv: &Path) -> Result<(), Problem> {
    for site in site_folders(venv) {
        let put = put(&site).map_err(|error| {
            let message =
                format!("{service}: the package `diglot` cannot be put into {}: {error}", site.display());
            Problem::error(message)
                .hint("see who may write there; the service runs without it, editors and tests want it")
        })?;
        if put {
            anstream::eprintln!(
                "{service}: the package `diglot` is in {}, for editors and tests; pytest's fixtures: \
                 pytest_plugins = [\"diglot.testing.pytest\"] in the uppermost conftest.py",
                site.display()
            );
        }
    }
    Ok(())
}

/// Whether it was not there, or of another version. What somebody else has installed stays.
fn put(site: &Path) -> io::Result<bool> {
    let mark = site.join(MARK);
    if !mark.exists() && is_taken(site) {
        return Ok(false);
    }
    let files: Vec<(PathBuf, &[u8])> =
        diglot_server::python_package().map(|(name, contents)| (site.join(name), contents)).collect();
    let is_as_it_should_be =
        |(path, contents): &(PathBuf, &[u8])| fs::read(path).is_ok_and(|present| present == *contents);
    if mark.exists() && files.iter().all(is_as_it_should_be) {
        return Ok(false);
    }
    // Modules of an earlier version would be found beside these.
    match fs::remove_dir_all(site.join("diglot")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => fs::create_dir_all(site.join("diglot"))?,
    }
    // First: what is interrupted is made anew.
    fs::write(&mark, "")?;
    for (path, contents) in files {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, contents)?;
    }
    Ok(true)
}

/// Whether a package of that name is there, or is found from there.
fn is_taken(site: &Path) -> bool {
    let is_it = |name: &str| {
        let is_record = name.starts_with("diglot-") && name.ends_with(".dist-info");
        name == "diglot" || name == "diglot.py" || is_record
    };
    let mut entries = fs::read_dir(site).into_iter().flatten().flatten();
    entries.any(|entry| entry.file_name().to_str().is_some_and(is_it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_put_once_and_made_anew_for_another_version() {
        let folder = tempfile::tempdir().expect("a folder");
        let site = folder.path();
        assert!(put(site).expect("it can be written"));
        assert!(site.join("diglot/__init__.pyi").is_file() && site.join("diglot/py.typed").is_file());
        assert!(!site.join("diglot/_worker").exists(), "workers have theirs");
        assert!(!put(site).expect("it can be read"), "it is there");
        fs::write(site.join("diglot/_calls/errors.py"), "").expect("a file");
        fs::write(site.join("diglot/gone.py"), "").expect("a file");
        assert!(put(site).expect("it can be written"));
        assert!(!site.join("diglot/gone.py").exists());
    }

    #[test]
    fn what_somebody_else_has_installed_stays() {
        for taken in ["diglot/__init__.py", "diglot.py", "diglot-0.1.0.dist-info/METADATA"] {
            let folder = tempfile::tempdir().expect("a folder");
            let path = folder.path().join(taken);
            fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
            fs::write(&path, "own").expect("a file");
            assert!(!put(folder.path()).expect("it can be read"), "{taken}");
            assert_eq!(fs::read_to_string(&path).expect("it is there"), "own");
        }
    }
}
