//! The workers' side, which the binary carries: the Python package, the Node preload, and where they are unpacked.
//!
//! The native module of the Python worker is a library of its own and is found beside the binary.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use diglot_config::{Entry, Service};

use crate::typescript::{self, Compiler};
use crate::unpacked::{self, InUse};

/// Relative path and contents of every file.
const FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/sdk.rs"));

/// The Python package, relative to where packages are, without the workers' own. Nor is `diglot_services` among it: type
/// checkers would find that one, without types, before the one that `diglot types` has written beside a program.
pub fn python_package() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    let is_of_workers = |name: &str| {
        matches!(name, "diglot_worker.py" | "diglot_services.py") || name.starts_with("diglot/_worker/")
    };
    let files = FILES.iter().filter_map(|(name, contents)| Some((name.strip_prefix("python/")?, *contents)));
    files.filter(move |(name, _)| !is_of_workers(name))
}

/// The native module as cargo names it.
const NATIVE: &str = if cfg!(target_os = "macos") { "libdiglot_native.dylib" } else { "libdiglot_native.so" };

/// Where the workers' side is.
#[derive(Debug)]
pub(crate) struct Sdk {
    /// Holds `diglot_worker.py` and the `diglot` package.
    pub(crate) python: PathBuf,
    /// Holds `preload.cjs`.
    pub(crate) node: PathBuf,
    /// The Python worker's native module.
    pub(crate) native: PathBuf,
    /// Of services in TypeScript.
    pub(crate) compiler: Compiler,
    /// Keeps what was unpacked while workers may be started.
    _in_use: InUse,
}

/// What the services of a configuration need beside the files that the binary carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// The Python worker's native module.
    pub(crate) native: bool,
    /// The TypeScript compiler.
    pub(crate) compiler: bool,
}

impl Needs {
    pub(crate) fn of(services: &[Service]) -> Self {
        let is_typescript = |service: &Service| match &service.entry {
            Entry::Node(node) => node.is_typescript(),
            Entry::Python(_) => false,
        };
        Self {
            native: services.iter().any(|service| matches!(service.entry, Entry::Python(_))),
            compiler: services.iter().any(is_typescript),
        }
    }

    fn missing(self, native: &Path, compiler: &Path) -> Option<SdkError> {
        if self.native && !native.is_file() {
            Some(SdkError::NoNative { expected: native.to_owned() })
        } else if self.compiler && !compiler.is_file() {
            Some(SdkError::NoCompiler { expected: compiler.to_owned() })
        } else {
            None
        }
    }
}

/// What this installation lacks of what the services need; without it no server starts. Nothing is made to find it out.
pub fn missing_part(services: &[Service]) -> Option<String> {
    let missing = Needs::of(services).missing(&native(), &typescript::binary());
    missing.map(|missing| missing.to_string())
}

/// Why there is no workers' side.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SdkError {
    #[error("the workers' files cannot be unpacked into {}: {error}", .folder.display())]
    Unpack { folder: PathBuf, error: io::Error },
    #[error(
        "the Python worker's native module is missing: expected {}. `cargo build --release --workspace` \
         builds it beside the binary; an installation keeps the two together",
        .expected.display()
    )]
    NoNative { expected: PathBuf },
    #[error(
        "the TypeScript compiler is missing: expected {}. `cargo build --release --workspace` builds it beside the \
         binary; an installation keeps the two together",
        .expected.display()
    )]
    NoCompiler { expected: PathBuf },
}

impl Sdk {
    /// Unpacks what is not there yet, and finds the rest of what is needed.
    ///
    /// # Errors
    /// If no folder can be written, or something that is needed is missing.
    pub(crate) fn prepare(needs: Needs) -> Result<Self, SdkError> {
        let folder = folder();
        let in_use = take(&folder).map_err(|error| SdkError::Unpack { folder: folder.clone(), error })?;
        // Beside this version's files, for all versions.
        let (native, compiler) = (native(), Compiler::new(folder.with_file_name("typescript")));
        if let Some(missing) = needs.missing(&native, compiler.binary()) {
            return Err(missing);
        }
        let (python, node) = (folder.join("python"), folder.join("node"));
        Ok(Self { python, node, native, compiler, _in_use: in_use })
    }
}

/// Beside the binary, or in the `lib/diglot` beside its `bin`.
fn native() -> PathBuf {
    let binary = env::current_exe().and_then(fs::canonicalize).unwrap_or_default();
    let beside = binary.with_file_name(NATIVE);
    let in_lib = binary.parent().map(|bin| bin.join("../lib/diglot").join(NATIVE));
    in_lib.filter(|path| !beside.is_file() && path.is_file()).unwrap_or(beside)
}

/// A folder of this version's own in the user's cache, or a private one among the temporary files.
fn folder() -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .filter(|cache| fs::create_dir_all(cache).is_ok() && is_writable(cache));
    let version = format!("{}-{:016x}", env!("CARGO_PKG_VERSION"), fingerprint());
    match cache {
        Some(cache) => cache.join("diglot").join(version),
        None => env::temp_dir().join(format!("diglot-{}", rustix::process::getuid().as_raw())).join(version),
    }
}

fn is_writable(folder: &Path) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
}

/// Tells one set of files from another (FNV-1a).
fn fingerprint() -> u64 {
    let parts = FILES.iter().flat_map(|(name, contents)| [name.as_bytes(), contents]);
    parts
        .flat_map(|part| part.iter().chain(&[0xFF]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Unpacks what is not there yet, for as long as it is used. Where this version is new, others that nobody uses any more are removed.
fn take(folder: &Path) -> io::Result<InUse> {
    let is_new = !folder.exists();
    make_private(folder)?;
    let in_use = InUse::begin(folder)?;
    unpack(folder)?;
    if is_new {
        unpacked::remove_unused(folder);
    }
    Ok(in_use)
}

/// Makes the folder, which nobody else can write.
fn make_private(folder: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    // In a shared temporary folder somebody else could have been first; and who can write the folder around this one can
    // put another in its place at any time.
    for folder in folder.ancestors().take(2) {
        let metadata = fs::symlink_metadata(folder)?;
        let is_ours = metadata.is_dir() && metadata.uid() == rustix::process::getuid().as_raw();
        if !is_ours || metadata.permissions().mode() & 0o022 != 0 {
            let folder = folder.display();
            return Err(io::Error::other(format!("{folder} belongs to, or can be written by, someone else")));
        }
    }
    Ok(())
}

/// Makes every file what it should be. Several servers may do so at once: a file appears whole or not at all.
fn unpack(folder: &Path) -> io::Result<()> {
    for (name, contents) in FILES {
        let path = folder.join(name);
        if fs::read(&path).is_ok_and(|present| present == *contents) {
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let partial = path.with_extension(format!("{}.part", std::process::id()));
        fs::File::create(&partial)?.write_all(contents)?;
        fs::rename(&partial, &path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_unpacked_and_mended() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("a/b");
        take(&inner).unwrap();
        let worker = inner.join("python/diglot_worker.py");
        let expected = fs::read(&worker).unwrap();
        fs::write(&worker, "changed").unwrap();
        take(&inner).unwrap();
        assert_eq!(fs::read(&worker).unwrap(), expected);
    }

    #[test]
    fn a_folder_others_can_write_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let inner = folder.path().join("version");
        assert!(take(&inner).is_err(), "it could be exchanged for another");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).unwrap();
        take(&inner).unwrap();
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(take(&inner).is_err());
    }
}
