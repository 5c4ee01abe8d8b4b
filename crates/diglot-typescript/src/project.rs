//! `tsconfig.json`: read with all it extends, and filled in with the defaults of the TypeScript that is installed beside it.

use std::path::{Component, Path, PathBuf};
use std::{fs, io};

use serde_json::{Map, Value, json};

use crate::jsonc;
use crate::module::strict_by_default;
use crate::options::{Decorators, Jsx, ModuleKind, Options};

/// Most configurations one can extend, directly and indirectly.
const EXTENDS_MAX: usize = 64;
/// Longest configuration that is read.
const CONFIG_BYTES_MAX: u64 = 1024 * 1024;
/// The TypeScript whose defaults hold where none is installed.
const TYPESCRIPT_NEWEST: u32 = 7;
/// The first TypeScript that is strict, and emits ES modules with interop, unless told otherwise.
const TYPESCRIPT_STRICT: u32 = 6;
/// The first ECMAScript with fields of classes.
const FIELDS_SINCE: u32 = 2022;

/// `type` of the package.json that is nearest to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackageType {
    Module,
    CommonJs,
    /// No package.json, or one that does not say.
    Unsaid,
}

/// A `tsconfig.json` as a program's modules are compiled and found by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Project {
    pub options: Options,
    /// Imports without an ending and of folders are found in ES modules too, as `moduleResolution` permits.
    pub permissive: bool,
    /// `baseUrl`, absolute.
    pub base_url: Option<PathBuf>,
    /// What is wrong with it and does not keep it from being used: a sentence each, with file and line.
    pub warnings: Vec<String>,
    /// `paths`: a pattern with at most one `*`, and where to look, absolute, in this order.
    pub paths: Vec<(String, Vec<PathBuf>)>,
}

/// Why a configuration cannot be used. The message is one a person can act on.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    #[error("{} cannot be read: {error}", .file.display())]
    Unreadable { file: PathBuf, error: io::Error },
    #[error("{} is longer than {CONFIG_BYTES_MAX} bytes", .file.display())]
    TooLong { file: PathBuf },
    #[error("{} is no JSON: {error}", .file.display())]
    NoJson { file: PathBuf, error: serde_json::Error },
    #[error("{}: {message}", .file.display())]
    Wrong { file: PathBuf, message: String },
}

impl Project {
    /// Reads a configuration and all it extends.
    ///
    /// # Errors
    /// If one of them cannot be read or is not what TypeScript takes.
    pub fn read(file: &Path) -> Result<Self, ProjectError> {
        let mut merged = Merged::default();
        merged.extend_with(file, folder(file), &mut Vec::new())?;
        merged.project(file)
    }

    /// What a worker has to know: JSON.
    pub fn describe(&self) -> Value {
        json!({
            "options": self.options.fingerprint(),
            "permissive": self.permissive,
            "baseUrl": self.base_url,
            "paths": self.paths,
            "warnings": self.warnings,
        })
    }
}

/// What TypeScript takes as `module`.
const MODULES: [&str; 15] = [
    "none", "commonjs", "amd", "umd", "system", "es6", "es2015", "es2020", "es2022", "esnext", "node16",
    "node18", "node20", "nodenext", "preserve",
];

/// `compilerOptions` of a chain of configurations.
#[derive(Debug, Default)]
struct Merged {
    options: Map<String, Value>,
    base_url: Option<PathBuf>,
    /// With the folder of the configuration that says them.
    paths: Option<(PathBuf, Map<String, Value>)>,
    /// Where `module` is said: file and line.
    module_at: Option<(PathBuf, usize)>,
}

impl Merged {
    /// `root` is the folder of the configuration that extends all others, `${configDir}`.
    fn extend_with(
        &mut self,
        file: &Path,
        root: &Path,
        above: &mut Vec<PathBuf>,
    ) -> Result<(), ProjectError> {
        let wrong = |message: String| ProjectError::Wrong { file: file.to_owned(), message };
        if above.iter().any(|other| other == file) {
            return Err(wrong("it extends itself".to_owned()));
        }
        if above.len() == EXTENDS_MAX {
            return Err(wrong(format!("more than {EXTENDS_MAX} configurations extend each other")));
        }
        let (text, config) = read(file)?;
        let Value::Object(config) = config else { return Err(wrong("it is no JSON object".to_owned())) };
        above.push(file.to_owned());
        let bases = match config.get("extends") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::String(base)) => vec![base.as_str()],
            Some(Value::Array(bases)) => bases.iter().filter_map(Value::as_str).collect(),
            Some(_) => return Err(wrong("`extends` is a path, or a list of paths".to_owned())),
        };
        for base in bases {
            let found = find_base(folder(file), base);
            let found = found.ok_or_else(|| {
                wrong(format!("it extends `{base}`, which was not found; `diglot install` installs packages"))
            })?;
            self.extend_with(&found, root, above)?;
        }
        above.pop();
        let Some(Value::Object(options)) = config.get("compilerOptions") else { return Ok(()) };
        for (name, value) in options {
            match (name.as_str(), value) {
                ("baseUrl", Value::String(text)) => self.base_url = Some(placed(text, folder(file), root)),
                ("paths", Value::Object(paths)) => {
                    self.paths = Some((folder(file).to_owned(), paths.clone()));
                }
                _ => {
                    if name == "module" {
                        self.module_at = Some((file.to_owned(), line_of(&text, name, value)));
                    }
                    self.options.insert(name.clone(), value.clone());
                }
            }
        }
        Ok(())
    }

    fn flag(&self, name: &str) -> Option<bool> {
        self.options.get(name).and_then(Value::as_bool)
    }

    /// Names of kinds are written in any case.
    fn word(&self, name: &str) -> Option<String> {
        self.options.get(name).and_then(Value::as_str).map(str::to_ascii_lowercase)
    }

    fn text(&self, name: &str) -> Option<String> {
        self.options.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    fn project(self, file: &Path) -> Result<Project, ProjectError> {
        let newer = typescript_major(folder(file)) >= TYPESCRIPT_STRICT;
        let target = match self.word("target").as_deref() {
            None => {
                if newer {
                    u32::MAX
                } else {
                    5
                }
            }
            Some("esnext") => u32::MAX,
            Some("es6") => 2015,
            Some(named) => named.strip_prefix("es").and_then(|year| year.parse().ok()).unwrap_or(u32::MAX),
        };
        let said = self.word("module");
        let module = match said.as_deref() {
            Some("commonjs" | "amd" | "umd" | "system" | "none") => ModuleKind::CommonJs,
            Some(kind) if kind.starts_with("node") => ModuleKind::Node,
            None if !newer && target < 2015 => ModuleKind::CommonJs,
            _ => ModuleKind::Es,
        };
        let permissive = match self.word("moduleResolution").as_deref() {
            Some(kind) => !strict_by_default(kind),
            None => module != ModuleKind::Node,
        };
        let legacy = self.flag("experimentalDecorators").unwrap_or(false);
        let interop_unsaid = newer || module == ModuleKind::Node || said.as_deref() == Some("preserve");
        let options = Options {
            module,
            decorators: match legacy {
                true => Decorators::Legacy { metadata: self.flag("emitDecoratorMetadata").unwrap_or(false) },
                false => Decorators::Standard,
            },
            strict_null_checks: self.flag("strictNullChecks").or(self.flag("strict")).unwrap_or(newer),
            define_fields: self.flag("useDefineForClassFields").unwrap_or(target >= FIELDS_SINCE),
            verbatim_module_syntax: self.flag("verbatimModuleSyntax").unwrap_or(false),
            es_module_interop: self.flag("esModuleInterop").unwrap_or(interop_unsaid),
            jsx: self.jsx(),
        };
        let paths = match &self.paths {
            None => Vec::new(),
            Some((says, paths)) => {
                let base = self.base_url.as_deref().unwrap_or(says);
                let places = |patterns: &Value| {
                    let patterns = patterns.as_array().into_iter().flatten().filter_map(Value::as_str);
                    patterns.map(|pattern| placed(pattern, base, folder(file))).collect()
                };
                paths.iter().map(|(pattern, patterns)| (pattern.clone(), places(patterns))).collect()
            }
        };
        if let Some((pattern, _)) = paths.iter().find(|(pattern, _)| pattern.matches('*').count() > 1) {
            let message = format!("`{pattern}` of `paths` has more than one `*`");
            return Err(ProjectError::Wrong { file: file.to_owned(), message });
        }
        let warnings = self.unknown_module(module).into_iter().collect();
        Ok(Project { options, permissive, base_url: self.base_url, warnings, paths })
    }

    fn unknown_module(&self, taken: ModuleKind) -> Option<String> {
        let said = self.options.get("module").filter(|said| !said.is_null())?;
        if self.word("module").is_some_and(|kind| MODULES.contains(&kind.as_str())) {
            return None;
        }
        let (file, line) = self.module_at.as_ref()?;
        let like = match taken {
            ModuleKind::Node => "nodenext",
            ModuleKind::CommonJs | ModuleKind::Es => "esnext",
        };
        Some(format!(
            "{}:{line}: `module` is {said}, which TypeScript does not know; it is taken as \"{like}\" (there are {})",
            file.display(),
            MODULES.join(", ")
        ))
    }

    fn jsx(&self) -> Jsx {
        let factory = self
            .text("jsxFactory")
            .or_else(|| self.text("reactNamespace").map(|namespace| format!("{namespace}.createElement")));
        let kind = self.word("jsx");
        // Nothing comes after that could compile what is preserved.
        let classic = match kind.as_deref() {
            Some("react") => true,
            Some("react-jsx" | "react-jsxdev") => false,
            _ => factory.is_some(),
        };
        match classic {
            true => Jsx::Classic {
                factory: factory.unwrap_or_else(|| "React.createElement".to_owned()),
                fragment: self.text("jsxFragmentFactory").unwrap_or_else(|| "React.Fragment".to_owned()),
            },
            false => Jsx::Automatic {
                import_source: self.text("jsxImportSource").unwrap_or_else(|| "react".to_owned()),
                development: kind.as_deref() == Some("react-jsxdev"),
            },
        }
    }
}

fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("/"))
}

/// Its text, and what it says.
fn read(file: &Path) -> Result<(String, Value), ProjectError> {
    let unreadable = |error| ProjectError::Unreadable { file: file.to_owned(), error };
    if fs::metadata(file).map_err(unreadable)?.len() > CONFIG_BYTES_MAX {
        return Err(ProjectError::TooLong { file: file.to_owned() });
    }
    let text = fs::read_to_string(file).map_err(unreadable)?;
    let config =
        jsonc::parse(&text).map_err(|error| ProjectError::NoJson { file: file.to_owned(), error })?;
    Ok((text, config))
}

/// The line, from 1, that has an option and its value; the first, where they are on several.
fn line_of(text: &str, name: &str, value: &Value) -> usize {
    let (name, value) = (format!("\"{name}\""), value.to_string());
    let has_both = |line: &str| line.split_once(&name).is_some_and(|(_, rest)| rest.contains(&value));
    let found =
        text.lines().position(has_both).or_else(|| text.lines().position(|line| line.contains(&name)));
    found.map_or(1, |line| line + 1)
}

/// An absolute path without `.` and `..`.
fn placed(text: &str, base: &Path, root: &Path) -> PathBuf {
    let joined = match text.strip_prefix("${configDir}") {
        Some(rest) => root.join(rest.trim_start_matches('/')),
        None => base.join(text),
    };
    let mut path = PathBuf::new();
    for component in joined.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(path.pop()),
            other => path.push(other),
        }
    }
    path
}

/// What `extends` names, seen from the folder of the file that says it: a path, or a file of a package.
fn find_base(from: &Path, base: &str) -> Option<PathBuf> {
    let is_path = base.starts_with("./") || base.starts_with("../") || base.starts_with('/') || base == "..";
    if is_path {
        return existing(&placed(base, from, from));
    }
    from.ancestors().find_map(|folder| {
        let named = folder.join("node_modules").join(base);
        existing(&named).or_else(|| {
            let package: Value = jsonc::parse(&fs::read_to_string(named.join("package.json")).ok()?).ok()?;
            let file = package.get("tsconfig").and_then(Value::as_str).unwrap_or("tsconfig.json");
            existing(&named.join(file))
        })
    })
}

fn existing(path: &Path) -> Option<PathBuf> {
    let with_ending = path.with_added_extension("json");
    [path.to_owned(), with_ending].into_iter().find(|path| path.is_file())
}

/// The major version of the TypeScript that a project in `folder` is checked with.
fn typescript_major(folder: &Path) -> u32 {
    let version = folder.ancestors().find_map(|folder| {
        let package = fs::read_to_string(folder.join("node_modules/typescript/package.json")).ok()?;
        let package: Value = serde_json::from_str(&package).ok()?;
        package.get("version")?.as_str()?.split('.').next()?.parse().ok()
    });
    version.unwrap_or(TYPESCRIPT_NEWEST)
}
