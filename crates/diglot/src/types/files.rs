//! The files: which are to be there, with what in them, and what is there. None appears half, none is touched that is as it
//! should be, and none that somebody else has written.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use diglot_config::{Config, Problem};
use serde_json::Value;

use super::shown;
use crate::report;

/// What a file is, by which it is known again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// Declarations, or a module.
    Types,
    /// `diglot.functions.json`.
    Functions,
    /// What was offered.
    Kept,
    /// A client of the API.
    Client,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) path: PathBuf,
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// How a file is not as it should be.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Drift {
    Missing,
    Differs,
}

impl Drift {
    fn told(self) -> &'static str {
        match self {
            Self::Missing => "it is not there",
            Self::Differs => "it is not what would be written now",
        }
    }
}

#[derive(Debug)]
pub(super) struct Files {
    cwd: PathBuf,
    /// Services in one folder share theirs.
    all: BTreeMap<PathBuf, File>,
}

impl Files {
    pub(super) fn new(cwd: &Path) -> Self {
        Self { cwd: cwd.to_owned(), all: BTreeMap::new() }
    }

    pub(super) fn add(&mut self, file: File) {
        self.all.insert(file.path.clone(), file);
    }

    /// Ends the command where a file would take the place of one that was not written here.
    pub(super) fn refuse_others(&self, config: &Config) -> Result<(), ExitCode> {
        let is_other = |file: &&File| text_of(&file.path).is_some_and(|text| !is_ours(file.kind, &text));
        let problems: Vec<Problem> =
            self.all.values().filter(is_other).map(|file| self.taken(file, config)).collect();
        if problems.is_empty() {
            return Ok(());
        }
        report::problems(&problems);
        Err(ExitCode::FAILURE)
    }

    fn taken(&self, file: &File, config: &Config) -> Problem {
        let path = shown(&file.path, &self.cwd);
        if let Err(error) = fs::read(&file.path) {
            let problem = Problem::error(format!("`{path}` cannot be read, and stays as it is: {error}"));
            return problem.hint("`diglot types` writes there: see to what is in its place");
        }
        let problem =
            Problem::error(format!("`{path}` was not written by `diglot types`, and stays as it is"));
        let service = config.services.iter().find(|service| service.types.as_ref() == Some(&file.path));
        problem.hint(match service {
            _ if file.kind == Kind::Client => "remove it, or name another file: --client FILE".to_owned(),
            Some(service) => format!(
                "remove it, or name another file: types = \"…\" in [services.{}]; \"none\" for no file",
                service.name
            ),
            None => "remove it, or give it another name".to_owned(),
        })
    }

    /// Writes what is not as it should be, says so, and returns how many files that were.
    pub(super) fn write(&self) -> Result<usize, ExitCode> {
        let mut count = 0;
        for file in self.all.values().filter(|file| drift(file).is_some()) {
            let path = shown(&file.path, &self.cwd);
            write(&file.path, &file.text)
                .map_err(|error| report::failed(&format!("cannot write {path}: {error}"), None))?;
            anstream::eprintln!("wrote {path}");
            count += 1;
        }
        Ok(count)
    }

    /// Tells which are not as they should be, and returns how many.
    pub(super) fn tell_drifted(&self) -> usize {
        let drifted = self.all.values().filter_map(|file| Some((shown(&file.path, &self.cwd), drift(file)?)));
        drifted.inspect(|(path, drift)| anstream::eprintln!("{path}: {}", drift.told())).count()
    }
}

/// What a file has in it; `None` where there is none. One that is no text is somebody's.
pub(super) fn text_of(path: &Path) -> Option<String> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(_) => Some(String::new()),
        Ok(bytes) => Some(String::from_utf8(bytes).unwrap_or_default()),
    }
}

fn drift(file: &File) -> Option<Drift> {
    match text_of(&file.path) {
        None => Some(Drift::Missing),
        // A checkout may have given it other line ends.
        Some(text) => (text.replace("\r\n", "\n") != file.text).then_some(Drift::Differs),
    }
}

fn is_ours(kind: Kind, text: &str) -> bool {
    let has = |member: &str| {
        let read = serde_json::from_str::<Value>(text);
        read.is_ok_and(|value| value["diglot"].is_u64() && value[member].is_object())
    };
    match kind {
        Kind::Types => diglot_types::is_written(text),
        Kind::Functions => has("functions"),
        Kind::Kept => has("services"),
        Kind::Client => diglot_openapi::is_client(text),
    }
}

/// Puts a file there whole, or not at all.
fn write(path: &Path, text: &str) -> io::Result<()> {
    // A link stays one, also where it leads to nothing yet.
    let target = || -> io::Result<PathBuf> { Ok(path.parent().unwrap_or(path).join(fs::read_link(path)?)) };
    let path = fs::canonicalize(path).or_else(|_| target()).unwrap_or_else(|_| path.to_owned());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let put = || {
        let mut file = fs::File::create(&partial)?;
        // Whoever could read or write it still can.
        if let Ok(present) = fs::metadata(&path) {
            file.set_permissions(present.permissions())?;
        }
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&partial, &path)
    };
    put().inspect_err(|_| {
        // The reason is told; a left-over says nothing more.
        let _ = fs::remove_file(&partial);
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_was_written_here_is_known_again() {
        let check = |kind, text: &str, expect| assert_eq!(is_ours(kind, text), expect, "{text}");
        check(Kind::Types, "// Written by `diglot types`. …\n", true);
        check(Kind::Types, "# Written by `diglot types`. …\n", true);
        check(Kind::Types, "import x from 'y';\n// Written by `diglot types`\n", false);
        check(Kind::Types, "", false);
        check(Kind::Functions, r#"{"diglot": 1, "functions": {}}"#, true);
        check(Kind::Functions, r#"{"functions": {}}"#, false);
        check(Kind::Kept, r#"{"diglot": 1, "services": {}}"#, true);
        check(Kind::Kept, "{", false);
        check(Kind::Client, "// Written by `diglot types --client`. …\n", true);
        check(Kind::Client, "// Written by `diglot types`. …\n", false);
        check(Kind::Types, "// Written by `diglot types --client`. …\n", false);
    }

    #[test]
    fn a_file_is_exchanged_whole_and_a_link_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("inner/a.d.ts"), folder.path().join("b.d.ts"));
        write(&file, "one").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        write(&link, "two").expect("written");
        assert_eq!(fs::read_to_string(&file).expect("it is there"), "two");
        assert!(link.is_symlink());
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
        write(&file, "three").expect("written");
        assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o640);
        let ahead = folder.path().join("c.d.ts");
        std::os::unix::fs::symlink("inner/c.d.ts", &ahead).expect("linked");
        write(&ahead, "four").expect("written");
        assert!(ahead.is_symlink());
        assert_eq!(fs::read_to_string(&ahead).expect("it is there"), "four");
        assert_eq!(
            fs::read_dir(folder.path().join("inner")).expect("a folder").count(),
            2,
            "nothing else stays"
        );
    }
}
