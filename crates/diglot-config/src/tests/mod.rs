//! The whole way from a file or a command line to a `Config`, in a folder with stand-ins for the interpreters.
//!
//! `said` has what a person reads, `resolved` what the server gets, `arbitrary` what nobody should write.

mod arbitrary;
mod resolved;
mod said;

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
};

use crate::*;

/// A folder that stands for a person's machine: `project` is where they are, `usr` has the interpreters.
struct Machine {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Machine {
    fn new() -> Machine {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let machine = Machine { environment: Environment::default(), folder };
        machine
            .executable("usr/bin/python3.12")
            .executable("usr/bin/node")
            .file("usr/lib/python3.12/json/__init__.py", "")
            .link("python3.12", "usr/bin/python3")
            .file("project/main.py", "")
            .file("project/server.js", "");
        let cwd = machine.path("project");
        let path = machine.path("usr/bin");
        Machine { environment: Environment { cwd, vars: [("PATH".into(), path.into())].into() }, ..machine }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn file(&self, path: &str, text: impl AsRef<[u8]>) -> &Machine {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
        self
    }

    fn executable(&self, path: &str) -> &Machine {
        self.file(path, "");
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).expect("permissions");
        self
    }

    fn link(&self, to: &str, path: &str) -> &Machine {
        symlink(to, self.path(path)).expect("a link");
        self
    }

    fn venv(&self, path: &str) -> &Machine {
        self.file(&format!("{path}/pyvenv.cfg"), "version = 3.12.4\n")
            .file(&format!("{path}/bin/activate"), "")
            .link(self.path("usr/bin/python3.12").to_str().expect("UTF-8"), &format!("{path}/bin/python"))
    }

    fn var(mut self, name: &str, value: impl Into<OsString>) -> Machine {
        self.environment.vars.insert(name.into(), value.into());
        self
    }

    fn resolve(&self, arguments: &Arguments) -> Resolution {
        resolve(arguments, &self.environment).expect("something to serve")
    }

    fn with_file(&self, text: impl AsRef<[u8]>) -> Resolution {
        self.file("project/diglot.toml", text).resolve(&Arguments::default())
    }

    fn with_targets(&self, targets: &[&str]) -> Resolution {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        self.resolve(&Arguments { targets, ..Arguments::default() })
    }

    /// What a person reads, with the temporary folder taken out.
    fn shown(&self, resolution: &Resolution) -> String {
        let mut text = render(&resolution.problems, false);
        for note in resolution.config.iter().flat_map(|config| &config.notes) {
            text += &format!("note: {note}\n");
        }
        text.replace(&self.folder.path().display().to_string(), "")
    }
}
