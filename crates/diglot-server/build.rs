//! Lists the files of the workers' side, so that the binary can carry them: `sdk.rs` in the output folder is a table
//! of relative path and contents.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// What workers need at run time, relative to the workspace. Tests, tools and packages beside them stay out.
const PARTS: [&str; 7] = [
    "python/diglot_worker.py",
    "python/diglot_services.py",
    "python/diglot",
    "node/preload.cjs",
    "node/lib",
    "node/packages",
    "node/sdk",
];
/// What a worker can load or a person's editor can read.
const EXTENSIONS: [&str; 7] = ["py", "pyi", "typed", "cjs", "mjs", "js", "ts"];

fn main() -> io::Result<()> {
    let manifest = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let workspace = manifest.join("../..").canonicalize()?;
    let mut files = Vec::new();
    for part in PARTS {
        let path = workspace.join(part);
        if path.exists() {
            println!("cargo::rerun-if-changed={}", path.display());
            collect(&path, &mut files)?;
        }
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let name = file.strip_prefix(&workspace).map_err(io::Error::other)?;
        table.push_str(&format!("    ({:?}, include_bytes!({file:?})),\n", name.display().to_string()));
    }
    table.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("sdk.rs");
    fs::write(out, table)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if path.is_dir() {
        for entry in fs::read_dir(path)? {
            collect(&entry?.path(), files)?;
        }
    } else if path.file_name().is_some_and(|name| name == "py.typed")
        || path.extension().and_then(|extension| extension.to_str()).is_some_and(|e| EXTENSIONS.contains(&e))
    {
        files.push(path.to_owned());
    }
    Ok(())
}
