//! Compiled files on disk, each under a name that says all it was made from, so that none is ever wrong.
//!
//! Servers write, workers read. A file appears whole or not at all; one that a crash of the machine has damaged is told by its sum and
//! made again. Nothing depends on the cache: where it cannot be written, files are compiled each time.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};
use std::{fs, io, process};

use sha1_smol::Sha1;

use crate::COMPILER_VERSION;
use crate::project::PackageType;

/// Files nobody has read for so long are removed. Workers touch what they read, once a day.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// Most that is kept. The files that have not been read for longest go first.
const BYTES_MAX: u64 = 512 * 1024 * 1024;

/// How often a cache is looked through, and the file that says when it was.
const CLEAN_EVERY: Duration = Duration::from_secs(24 * 60 * 60);
const CLEANED: &str = "cleaned";

/// A folder of compiled files.
#[derive(Clone, Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// A cache in `folder`, which has to be one that nobody else can write: its files are run.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The name for what `source` becomes: 40 hexadecimal digits.
    ///
    /// Workers reckon it too (`node/lib/typescript/compiler.cjs`).
    pub fn key(fingerprint: &str, package: PackageType, file: &Path, source: &[u8]) -> String {
        use std::os::unix::ffi::OsStrExt as _;
        let package = match package {
            PackageType::Module => "module",
            PackageType::CommonJs => "commonjs",
            PackageType::Unsaid => "",
        };
        let mut sum = Sha1::new();
        for part in [
            COMPILER_VERSION.as_bytes(),
            fingerprint.as_bytes(),
            package.as_bytes(),
            file.as_os_str().as_bytes(),
        ] {
            sum.update(part);
            sum.update(&[0]);
        }
        sum.update(source);
        sum.digest().to_string()
    }

    /// Keeps `bytes` under a name.
    ///
    /// # Errors
    /// If it cannot be written, which changes nothing for the program.
    pub fn store(&self, key: &str, bytes: &[u8]) -> io::Result<()> {
        static PARTIAL: AtomicU64 = AtomicU64::new(0);
        let number = PARTIAL.fetch_add(1, Ordering::Relaxed);
        let partial = self.folder.join(format!("{key}.{}-{number}.part", process::id()));
        fs::write(&partial, bytes)?;
        fs::rename(&partial, self.folder.join(key)).inspect_err(|_| drop(fs::remove_file(&partial)))
    }

    /// Removes what nobody has used for long, and what is too much, once a day.
    ///
    /// # Errors
    /// If the folder cannot be read. A file that cannot be removed stays.
    pub fn clean(&self, now: SystemTime) -> io::Result<()> {
        let cleaned = self.folder.join(CLEANED);
        let last = fs::metadata(&cleaned).and_then(|metadata| metadata.modified());
        if last.is_ok_and(|last| now.duration_since(last).is_ok_and(|since| since < CLEAN_EVERY)) {
            return Ok(());
        }
        fs::write(&cleaned, b"")?;
        let mut kept = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let Ok((path, metadata)) = entry.and_then(|entry| Ok((entry.path(), entry.metadata()?))) else {
                continue;
            };
            let Ok(used) = metadata.modified() else { continue };
            match now.duration_since(used).is_ok_and(|unused| unused > UNUSED_MAX) {
                true => drop(fs::remove_file(path)),
                false => kept.push((used, metadata.len(), path)),
            }
        }
        kept.sort_by_key(|file| std::cmp::Reverse(file.0));
        let mut total = 0;
        for (_, length, path) in kept {
            total += length;
            if total > BYTES_MAX {
                let _ = fs::remove_file(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_unused_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        cache.store("a", b"one").unwrap();
        cache.store("b", b"two").unwrap();
        let now = SystemTime::now();
        let file = fs::File::options().write(true).open(folder.path().join("a")).unwrap();
        file.set_modified(now - UNUSED_MAX - Duration::from_secs(60)).unwrap();
        cache.clean(now).unwrap();
        let left: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left.iter().filter(|name| *name != CLEANED).collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn a_key_tells_all_it_was_made_from() {
        let key = |options: &str, package, file: &str, source: &str| {
            Cache::key(options, package, Path::new(file), source.as_bytes())
        };
        let keys = [
            key("o", PackageType::Unsaid, "/a.ts", "x"),
            key("p", PackageType::Unsaid, "/a.ts", "x"),
            key("o", PackageType::Module, "/a.ts", "x"),
            key("o", PackageType::CommonJs, "/a.ts", "x"),
            key("o", PackageType::Unsaid, "/b.ts", "x"),
            key("o", PackageType::Unsaid, "/a.ts", "y"),
        ];
        let all: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(all.len(), keys.len());
    }
}
