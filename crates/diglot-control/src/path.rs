//! Where the control socket is when nobody has named a place.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::ClientError;

/// Digits of the hash that are in a socket's name: a path of a Unix socket has 107 bytes at most.
const HASH_DIGITS: usize = 16;
/// Its owner's alone.
const FOLDER_MODE: u32 = 0o700;

/// The socket of the server that was started from `named`: its configuration file, or the working directory where
/// TARGETs were given. `runtime_dir` is `XDG_RUNTIME_DIR`. Makes the folder.
///
/// # Errors
/// The folder cannot be made, or is somebody else's: whoever owns it could answer in the server's place.
pub fn default_path(named: &Path, runtime_dir: Option<&OsStr>) -> io::Result<PathBuf> {
    let folder = folder(runtime_dir);
    match DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&folder) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    check_private(&folder)?;
    Ok(folder.join(name(named)))
}

/// Where the sockets of servers started from each of `named` would be. Makes nothing.
///
/// # Errors
/// [`ClientError::NoServer`] if none can be there: their folder is missing, or is somebody else's, who could answer in the server's
/// place.
pub fn candidates(named: &[&Path], runtime_dir: Option<&OsStr>) -> Result<Vec<PathBuf>, ClientError> {
    let folder = folder(runtime_dir);
    let paths: Vec<PathBuf> = named.iter().map(|named| folder.join(name(named))).collect();
    match check_private(&folder) {
        Ok(()) => Ok(paths),
        Err(error) => Err(ClientError::NoServer { path: paths.into_iter().next().unwrap_or(folder), error }),
    }
}

fn check_private(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    let is_private = found.is_dir()
        && found.uid() == nix::unistd::geteuid().as_raw()
        && found.mode() & 0o777 & !FOLDER_MODE == 0;
    if is_private {
        return Ok(());
    }
    let message = format!("{} is not this user's alone", folder.display());
    Err(io::Error::new(io::ErrorKind::PermissionDenied, message))
}

/// A `runtime_dir` that is empty or relative counts as none, as the XDG Base Directory Specification has it.
fn folder(runtime_dir: Option<&OsStr>) -> PathBuf {
    match runtime_dir.map(Path::new).filter(|folder| folder.is_absolute()) {
        Some(folder) => folder.join("diglot"),
        None => std::env::temp_dir().join(format!("diglot-{}", nix::unistd::geteuid())),
    }
}

/// Whatever the path is called by, the same file has the same name.
fn name(named: &Path) -> String {
    let path = fs::canonicalize(named).unwrap_or_else(|_| named.to_owned());
    let digest = sha1_smol::Sha1::from(path.as_os_str().as_encoded_bytes()).digest().to_string();
    format!("{}.sock", &digest[..HASH_DIGITS])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn one_file_by_two_names_has_one_socket() {
        let place = tempfile::tempdir().expect("a folder");
        let (file, link) = (place.path().join("diglot.toml"), place.path().join("link.toml"));
        fs::write(&file, "").expect("written");
        symlink(&file, &link).expect("linked");
        let runtime_dir = Some(place.path().as_os_str());
        let path = default_path(&file, runtime_dir).expect("a path");
        assert_eq!(path, default_path(&link, runtime_dir).expect("a path"));
        let found = candidates(&[link.as_path()], runtime_dir).expect("its folder is there");
        assert_eq!(vec![path.clone()], found);
        assert_ne!(path, default_path(place.path(), runtime_dir).expect("a path"));
        assert_eq!(fs::metadata(path.parent().expect("a folder")).expect("made").mode() & 0o777, 0o700);
    }

    #[test]
    fn a_folder_that_others_can_write_is_refused() {
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("diglot");
        fs::create_dir(&folder).expect("made");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777)).expect("set");
        let error = default_path(place.path(), Some(place.path().as_os_str())).expect_err("refused");
        assert!(error.to_string().contains("is not this user's alone"), "{error}");
        let error = candidates(&[place.path()], Some(place.path().as_os_str())).expect_err("refused");
        assert!(error.to_string().contains("is not this user's alone"), "{error}");
    }

    #[test]
    fn no_server_is_looked_for_where_there_is_no_folder() {
        let place = tempfile::tempdir().expect("a folder");
        let error = candidates(&[place.path()], Some(place.path().as_os_str())).expect_err("nothing there");
        assert!(error.to_string().starts_with("no server answers at "), "{error}");
        assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_runtime_folder_that_is_no_place_counts_as_none() {
        for none in ["", "run/user", "."] {
            assert_eq!(folder(Some(OsStr::new(none))), folder(None), "{none:?}");
        }
        assert_eq!(folder(Some(OsStr::new("/run/user/1"))), Path::new("/run/user/1/diglot"));
    }
}
