//! The digit board, installed and served as its README says, for what drives it from outside.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::server::{Launch, Ready, Server};
use crate::workspace::{root, step};

/// Installs it; returns its folder.
///
/// # Errors
/// It cannot be installed.
pub(crate) fn install(diglot: &Path) -> Result<PathBuf> {
    let example = root().join("examples/digits");
    step(Command::new(diglot).arg("install").current_dir(&example))?;
    Ok(example)
}

/// Serves it while `drive` runs, which is told where: `http://127.0.0.1:PORT`.
///
/// # Errors
/// It cannot be installed or served, or what `drive` says.
pub(crate) fn with_digits<T: Send + 'static>(
    diglot: &Path,
    drive: impl FnOnce(&str) -> Result<T> + Send + 'static,
) -> Result<T> {
    let example = install(diglot)?;
    let mut serve = tokio::process::Command::new(diglot);
    serve.args(["serve", "--listen", "127.0.0.1:0"]).current_dir(&example);
    let launch =
        Launch { name: "diglot".into(), command: serve, ready: Ready::Address("diglot: listening on ") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::start(launch).await?;
        let url = format!("http://{}", server.address);
        // The server's output is read meanwhile.
        let driven = tokio::task::spawn_blocking(move || drive(&url)).await;
        server.stop().await;
        driven.context("the thread of what drives the digit board ended")?
    })
}
