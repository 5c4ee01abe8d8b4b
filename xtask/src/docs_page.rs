//! `cargo xtask docs-page`: the files of Swagger UI that the server embeds, as npm has them.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use flate2::{Compression, GzBuilder};

use crate::workspace::{root, step, target};

/// What of the package the page loads, and under which terms.
const FILES: [&str; 5] =
    ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-bundle.js.LICENSE.txt", "LICENSE", "NOTICE"];
/// What begins it. Our own; it stands beside them.
const START: &str = "start.js";

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The version of swagger-ui-dist; by default the one that is embedded
    version: Option<String>,
}

/// Fetches the package, whose scripts are not run and whose dependencies are not wanted, and writes its files compressed.
///
/// # Errors
/// npm does not have it, or one of the files is not in it.
pub(crate) fn run(options: &Options) -> Result<()> {
    let page = root().join("crates/diglot-openapi/page");
    let present = page.join("VERSION");
    let version = match &options.version {
        Some(version) => version.clone(),
        None => fs::read_to_string(&present).with_context(|| format!("cannot read {}", present.display()))?,
    };
    let version = version.trim();
    let folder = target().join("docs-page");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    step(
        Command::new("npm")
            .args(["pack", "--silent", &format!("swagger-ui-dist@{version}")])
            .current_dir(&folder),
    )?;
    let archive = format!("swagger-ui-dist-{version}.tgz");
    step(Command::new("tar").args(["-xzf", &archive]).current_dir(&folder))?;
    for file in FILES {
        let path = folder.join("package").join(file);
        let mut content = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if file == "swagger-ui.css" {
            content = without_map(content)?;
        }
        compress(&content, &page.join(format!("{file}.gz")))?;
    }
    let start = fs::read(page.join(START)).with_context(|| format!("cannot read {START}"))?;
    compress(&start, &page.join(format!("{START}.gz")))?;
    fs::write(&present, format!("{version}\n")).with_context(|| format!("cannot write {}", present.display()))
}

/// Without the comment that names a file which is left out.
fn without_map(content: Vec<u8>) -> Result<Vec<u8>> {
    let text = String::from_utf8(content).context("the style sheet is no text")?;
    let Some(at) = text.find("/*# sourceMappingURL=") else {
        bail!("the style sheet names no source map any more")
    };
    Ok(text.as_bytes()[..at].to_vec())
}

/// The same bytes whenever it is done: no name and no time goes in.
fn compress(content: &[u8], path: &Path) -> Result<()> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(content)?;
    fs::write(path, gzip.finish()?).with_context(|| format!("cannot write {}", path.display()))
}
