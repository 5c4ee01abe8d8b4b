//! Where a service lives: its folder, environment and tools. Known even for a service that could not be served now,
//! since `install` and `run` are how it comes to be one.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    entry::EntryText,
    env_file,
    environment::{Environment, absolute},
    file::ServiceSection,
    interpreter::{Python, VENV_NAMES, Wish, find_node, find_python, own_venv},
    problem::{Flaw, Problem, Source, Span},
    read::Located,
    values::{OneOrMany, Table},
};

/// A service's surroundings.
#[derive(Clone, Debug)]
pub struct Workplace {
    pub name: String,
    /// The working directory.
    pub root: PathBuf,
    /// The configuration's folder: nothing of the service is looked for above both this and `root`.
    pub base: PathBuf,
    /// As in [`crate::Service`], or why it is not whole: a command without it might work on another database.
    pub env: Result<BTreeMap<String, String>, Problem>,
    pub language: Language,
}

/// Which tools a service is run and installed with.
#[derive(Clone, Debug)]
pub enum Language {
    Python {
        /// The one that serves, or why there is none.
        found: Result<Python, Problem>,
        /// The venv `install` fills, and makes where there is none; `None` where `python =` names an interpreter.
        own_venv: Option<PathBuf>,
    },
    Node {
        found: Result<PathBuf, Problem>,
        /// The folder of the entry; `package.json` is here or above.
        entry_folder: PathBuf,
    },
}

impl Workplace {
    /// The entry's folder and those above it, as far up as the project reaches.
    pub fn folders_above(&self, entry_folder: &Path) -> Vec<PathBuf> {
        let within = |folder: &&Path| folder.starts_with(&self.base) || folder.starts_with(&self.root);
        entry_folder.ancestors().take_while(within).map(Path::to_owned).collect()
    }
}

/// A service's name and keys as they were written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    pub(crate) name: &'a Located<String>,
    pub(crate) section: &'a ServiceSection,
}

/// Finds a service's workplace, and adds to `problems` what stands in the way. `None` where not even its folder or
/// its language can be told.
pub(crate) fn find(
    written: Written<'_>,
    base: &Path,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Option<(Workplace, EntryText)> {
    let Written { name, section } = written;
    let root = find_root(section, base, problems);
    let env = read_env(section, root.as_deref().unwrap_or(base), environment, problems);
    let Some(entry) = &section.entry else {
        if !section.misread {
            problems.push(
                Problem::error(format!("service `{}` has no entry", name.value))
                    .at(&name.span)
                    .hint("say what is run: entry = \"main:app\", or entry = \"server.js\""),
            );
        }
        return None;
    };
    let text = EntryText::parse(&entry.value).map_err(|flaw| {
        let meant = root.as_deref().and_then(|root| meant_file(root, &entry.value));
        problems.push(meant.into_iter().fold(flaw, Flaw::hint).at(&entry.span));
    });
    let (root, text) = (root?, text.ok()?);
    let language = match &text {
        EntryText::NodeFile { path } => Language::Node {
            found: find_node(&name.value, &root, section.node.as_ref(), environment),
            entry_folder: absolute(&root, Path::new(path)).parent().unwrap_or(&root).to_owned(),
        },
        EntryText::PythonModule { .. } | EntryText::PythonFile { .. } => {
            let wish = Wish {
                service: &name.value,
                root: &root,
                python: section.python.as_ref(),
                venv: section.venv.as_ref(),
            };
            let own_venv = match (&section.venv, &section.python) {
                (Some(venv), _) => Some(absolute(&root, Path::new(&venv.value))),
                (None, Some(_)) => None,
                (None, None) => Some(own_venv(&root).unwrap_or_else(|| root.join(VENV_NAMES[0]))),
            };
            Language::Python { found: find_python(wish, environment), own_venv }
        }
    };
    let workplace = Workplace { name: name.value.clone(), root, base: base.to_owned(), env, language };
    Some((workplace, text))
}

/// What to write for an entry whose ending was left out, as `node` allows it, where the disk has such a file.
fn meant_file(root: &Path, entry: &str) -> Option<String> {
    const ENDINGS: [&str; 7] = ["js", "mjs", "cjs", "ts", "mts", "cts", "py"];
    let file = absolute(root, Path::new(entry));
    if file.is_file() {
        return Some(format!(
            "what runs a file is told by its ending: call it \"{entry}.js\", or make \"{entry}.js\" a file of one line, \
             require(\"{}\")",
            Path::new("./").join(file.file_name()?).display()
        ));
    }
    let with_ending = |ending: &str| absolute(root, Path::new(&format!("{entry}.{ending}"))).is_file();
    let ending = ENDINGS.iter().find(|ending| with_ending(ending))?;
    Some(format!("did you mean \"{entry}.{ending}\"?"))
}

fn find_root(section: &ServiceSection, base: &Path, problems: &mut Vec<Problem>) -> Option<PathBuf> {
    let Some(root) = &section.root else { return Some(base.to_owned()) };
    let folder = absolute(base, Path::new(&root.value));
    if folder.is_dir() {
        return Some(folder);
    }
    let problem = match folder.exists() {
        true => Problem::error(format!("`{}` is not a folder", root.value)),
        false => Problem::error(format!("the folder `{}` does not exist", root.value)),
    };
    problems.push(problem.at(&root.span).hint(format!("looked for {}", folder.display())));
    None
}

/// `env_file` in its order, where the process has nothing of that name; then `env`, whatever the process has.
fn read_env(
    section: &ServiceSection,
    root: &Path,
    environment: &Environment,
    problems: &mut Vec<Problem>,
) -> Result<BTreeMap<String, String>, Problem> {
    let mut env = BTreeMap::new();
    let mut unread = None;
    if let Some(Located { value: OneOrMany(files), .. }) = &section.env_file {
        for file in files {
            let path = absolute(root, Path::new(&file.value));
            match read_source(&path, environment.shown(&path)) {
                Ok(source) => {
                    problems.extend(env_file::read_into(&mut env, &source, environment));
                }
                Err(problem) => {
                    let problem = problem.at(&file.span);
                    problems.push(problem.clone());
                    unread = unread.or(Some(problem));
                }
            }
        }
    }
    if let Some(Located { value: Table(variables), .. }) = &section.env {
        for (name, value) in variables {
            let checked = env_file::check_name(&name.value).map_err(|flaw| flaw.at(&name.span));
            let checked = checked
                .and_then(|()| env_file::check_value(&value.value).map_err(|flaw| flaw.at(&value.span)));
            match checked {
                Ok(()) => drop(env.insert(name.value.clone(), value.value.clone())),
                Err(problem) => problems.push(problem),
            }
        }
    }
    match unread {
        None => Ok(env),
        Some(problem) => Err(problem),
    }
}

/// A text file of bounded size.
pub(crate) fn read_source(path: &Path, name: String) -> Result<Arc<Source>, Problem> {
    let cannot = |why: String| Problem::error(format!("cannot read `{name}`: {why}"));
    let size = fs::metadata(path).map_err(|error| cannot(reason(&error)).missing())?;
    if size.is_dir() {
        return Err(cannot("it is a folder".to_owned()));
    }
    if size.len() > env_file::FILE_BYTES_MAX {
        return Err(cannot(format!("it is larger than {} bytes", env_file::FILE_BYTES_MAX)));
    }
    let bytes = fs::read(path).map_err(|error| cannot(reason(&error)))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::new(Source { name, text })),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let message = format!("`{name}` is not UTF-8 text");
            let source = Arc::new(Source { name, text });
            Err(Problem::error(message)
                .at(&Span { source, range: valid..valid + 1 })
                .hint("save it in the encoding UTF-8"))
        }
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it does not exist".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
