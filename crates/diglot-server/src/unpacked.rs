//! The folders of unpacked workers' files, one for each version: which are in use, and which have not been for long.
//!
//! A server holds a shared lock on a file of its version's folder as long as it runs, for its workers read from there whenever
//! one starts. Who removes a folder holds that lock alone. A folder without that file is left alone: nobody can tell whether it is used.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// Whose lock says that the folder is used.
const LOCK: &str = "lock";
/// What the name of a folder begins with that is being removed.
const REMOVED: &str = "removed-";
/// A version that nobody has begun to use for so long is removed when another comes.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How often a folder that was just removed is taken again: each time, another server has removed it in between.
const ATTEMPTS_MAX: usize = 8;

/// A version's folder that stays while this lives.
#[derive(Debug)]
pub(crate) struct InUse {
    /// Locked. A process that it starts does not inherit it.
    _lock: File,
}

impl InUse {
    /// Notes that the folder is used from now on. It is made if it is not there.
    ///
    /// # Errors
    /// If it, or its lock, cannot be made, or the lock not be taken.
    pub(crate) fn begin(folder: &Path) -> io::Result<Self> {
        let path = folder.join(LOCK);
        for _ in 0..ATTEMPTS_MAX {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
            let lock = File::options().create(true).append(true).open(&path)?;
            lock.lock_shared()?;
            // Whoever has removed the folder meanwhile has left a lock that nobody else finds.
            let (held, found) = (lock.metadata()?, fs::metadata(&path));
            if found.is_ok_and(|found| (found.dev(), found.ino()) == (held.dev(), held.ino())) {
                File::open(folder)?.set_modified(SystemTime::now())?;
                return Ok(Self { _lock: lock });
            }
        }
        Err(io::Error::other("it is removed again and again"))
    }
}

/// Removes the versions beside `current` that nobody uses, nor has begun to use for [`UNUSED_MAX`]. What cannot be removed stays.
pub(crate) fn remove_unused(current: &Path) {
    let Some(entries) = current.parent().and_then(|parent| fs::read_dir(parent).ok()) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let Some(name) = name.to_str() else { continue };
        let removed = if name.starts_with(REMOVED) {
            // Of one that has not come to the end of it.
            fs::remove_dir_all(&path).map(|()| true)
        } else if path != current && is_version(name) {
            remove_if_unused(&path, &path.with_file_name(format!("{REMOVED}{name}")))
        } else {
            continue;
        };
        match removed {
            Ok(true) => tracing::debug!("removed {}: unused for {UNUSED_MAX:?}", path.display()),
            Ok(false) => {}
            Err(error) => tracing::debug!("{} is unused and stays: {error}", path.display()),
        }
    }
}

/// Whether a folder's name is that of a version: `0.1.0-0123456789abcdef`.
fn is_version(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(version, fingerprint)| {
        version.starts_with(|first: char| first.is_ascii_digit())
            && fingerprint.len() == 16
            && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

fn remove_if_unused(folder: &Path, on_its_way: &Path) -> io::Result<bool> {
    if !is_old(folder)? {
        return Ok(false);
    }
    let lock = match File::open(folder.join(LOCK)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        opened => opened?,
    };
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Ok(false),
        Err(TryLockError::Error(error)) => return Err(error),
    }
    // Somebody may have used it, and ended, between the look at its age and the lock.
    if !is_old(folder)? {
        return Ok(false);
    }
    // At once, with its lock: who waits for that sees that it is gone, and nobody finds half of it.
    fs::rename(folder, on_its_way)?;
    fs::remove_dir_all(on_its_way)?;
    Ok(true)
}

fn is_old(folder: &Path) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(folder)?;
    let age = SystemTime::now().duration_since(metadata.modified()?).unwrap_or_default();
    Ok(metadata.is_dir() && age > UNUSED_MAX)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    const OLD: &str = "0.1.0-0123456789abcdef";
    const NEW: &str = "0.2.0-fedcba9876543210";

    fn folder(parent: &Path, name: &str) -> PathBuf {
        let folder = parent.join(name);
        fs::create_dir_all(folder.join("node")).unwrap();
        fs::write(folder.join("node/preload.cjs"), "").unwrap();
        folder
    }

    fn age(folder: &Path, age: Duration) {
        File::open(folder).unwrap().set_modified(SystemTime::now() - age).unwrap();
    }

    #[test]
    fn what_nobody_has_used_for_long_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let (old, new) = (folder(parent.path(), OLD), folder(parent.path(), NEW));
        drop(InUse::begin(&old).unwrap());
        let _used = InUse::begin(&new).unwrap();
        remove_unused(&new);
        assert!(old.is_dir(), "it was used just now");
        age(&old, UNUSED_MAX + Duration::from_secs(60));
        age(&new, UNUSED_MAX + Duration::from_secs(60));
        remove_unused(&new);
        assert!(!old.exists());
        assert!(new.join("node/preload.cjs").is_file());
    }

    #[test]
    fn what_a_server_uses_stays_however_old() {
        let parent = tempfile::tempdir().unwrap();
        let (old, new) = (folder(parent.path(), OLD), folder(parent.path(), NEW));
        let used = [InUse::begin(&old).unwrap(), InUse::begin(&old).unwrap()];
        for used in used {
            age(&old, UNUSED_MAX * 2);
            remove_unused(&new);
            assert!(old.join("node/preload.cjs").is_file());
            drop(used);
        }
        remove_unused(&new);
        assert!(!old.exists());
    }

    #[test]
    fn what_is_no_version_or_has_no_lock_stays() {
        let parent = tempfile::tempdir().unwrap();
        let new = folder(parent.path(), NEW);
        let others = ["typescript", "1-2", "x-0123456789abcdef"].map(|name| folder(parent.path(), name));
        for other in &others {
            drop(InUse::begin(other).unwrap());
            age(other, UNUSED_MAX * 2);
        }
        let unlocked = folder(parent.path(), OLD);
        age(&unlocked, UNUSED_MAX * 2);
        remove_unused(&new);
        assert!(others.iter().all(|other| other.is_dir()));
        assert!(unlocked.is_dir());
    }

    #[test]
    fn a_use_renews_the_age() {
        let parent = tempfile::tempdir().unwrap();
        let old = folder(parent.path(), OLD);
        age(&old, UNUSED_MAX * 2);
        drop(InUse::begin(&old).unwrap());
        assert!(!is_old(&old).unwrap());
    }
}
