//! `diglot types --watch`: the command itself, run again whenever a source is saved.
//!
//! Each run is a process of its own, so that nothing of one, or of the applications it has loaded, is left in the next.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    time::{Duration, Instant},
};

use diglot_config::{Arguments, Environment, FILE_NAME, resolve};
use notify::{Event, EventKind, RecursiveMode, Watcher};

use super::{kept_at, package::package_at};
use crate::{arguments::Types, report};

/// What functions and their types are written in, and what says how they are run.
const ENDINGS: [&str; 13] =
    ["py", "pyi", "ts", "tsx", "mts", "cts", "js", "mjs", "cjs", "jsx", "json", "toml", "env"];
/// How files with variables begin, whatever follows: `.env.local`.
const VARIABLES: &str = ".env.";
/// What the runs write where a project of TypeScript has it.
const WRITTEN_ANYWHERE: [&str; 2] = ["diglot.functions.json", "diglot.d.ts"];
/// Folders in which nobody writes sources.
const PASSED_OVER: [&str; 3] = ["node_modules", "__pycache__", "target"];
/// Folders that are watched. Systems grant only so many.
const FOLDERS_MAX: usize = 8_192;
/// A source that is longer counts as changed whenever it is written.
const SOURCE_BYTES_MAX: u64 = 16 << 20;
/// Who saves a file writes it in several steps, and often several files.
const QUIET: Duration = Duration::from_millis(100);

pub(super) fn watch(types: &Types, environment: &Environment) -> ExitCode {
    let (sender, changes) = mpsc::channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // Who does not listen any more has ended.
        let _ = sender.send(event);
    });
    let mut watching = match watcher {
        Ok(watcher) => {
            Watching { watcher, folders: BTreeSet::new(), own: BTreeSet::new(), known: BTreeMap::new() }
        }
        Err(error) => return report::failed(&format!("sources cannot be watched: {error}"), None),
    };
    loop {
        // Before the run: what is saved while it reads is seen.
        if let Err(error) = watching.look_around(types, environment) {
            let hint = "the system grants only so many watched folders (fs.inotify.max_user_watches)";
            return report::failed(&format!("sources cannot be watched: {error}"), Some(hint));
        }
        // What is wrong it has said itself; the next save may mend it.
        if let Err(error) = again(types).status() {
            return report::failed(&format!("diglot cannot be started again: {error}"), None);
        }
        anstream::eprintln!("watching {}", report::plural(watching.folders.len(), "folder"));
        if !watching.wait(&changes) {
            return report::failed("the system does not tell of changes any more", None);
        }
    }
}

/// The command of one run.
fn again(types: &Types) -> Command {
    let own = env::current_exe().unwrap_or_else(|_| "diglot".into());
    let mut command = Command::new(own);
    command.args(["types", "--fresh"]);
    if types.compiled {
        command.arg("--compiled");
    }
    if let Some(file) = &types.client {
        command.arg("--client").arg(file);
    }
    if let Some(host) = &types.host {
        command.arg("--host").arg(host);
    }
    if let Some(config) = &types.running.config {
        command.arg("--config").arg(config);
    }
    command
}

struct Watching {
    watcher: notify::RecommendedWatcher,
    folders: BTreeSet<PathBuf>,
    /// What the runs write.
    own: BTreeSet<PathBuf>,
    /// Sources that have been written since, and what was in them then.
    known: BTreeMap<PathBuf, Contents>,
}

/// What is at a path, as far as it is told from what was there.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Contents {
    Missing,
    Folder,
    Digest(u64),
    TooLong,
}

impl Contents {
    fn of(path: &Path) -> Self {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Self::Folder,
            Ok(found) if found.len() > SOURCE_BYTES_MAX => Self::TooLong,
            _ => fs::read(path).map_or(Self::Missing, |bytes| {
                let mut hasher = DefaultHasher::new();
                bytes.hash(&mut hasher);
                Self::Digest(hasher.finish())
            }),
        }
    }
}

impl Watching {
    /// Watches the folders of the configuration and its services as they are now.
    fn look_around(&mut self, types: &Types, environment: &Environment) -> notify::Result<()> {
        let config = types.running.config.clone();
        let file = environment.cwd.join(config.clone().unwrap_or_else(|| FILE_NAME.into()));
        let mut roots: Vec<PathBuf> = file.parent().map(Path::to_owned).into_iter().collect();
        let arguments = Arguments { config, ..Arguments::default() };
        if let Ok(resolution) = resolve(&arguments, environment) {
            roots.extend(resolution.workplaces.into_iter().map(|workplace| workplace.root));
            if let Some(config) = resolution.config {
                self.own = config.services.iter().filter_map(|service| service.types.clone()).collect();
                self.own.extend(config.services.iter().filter_map(|service| package_at(service, &config)));
                self.own.insert(kept_at(&config));
            }
        }
        self.own.extend(types.client.iter().map(|file| environment.cwd.join(file)));
        for root in roots {
            self.add(&root)?;
        }
        Ok(())
    }

    /// A folder and those within.
    fn add(&mut self, folder: &Path) -> notify::Result<()> {
        let mut open = vec![folder.to_owned()];
        while let Some(folder) = open.pop() {
            if self.folders.len() >= FOLDERS_MAX && !self.folders.contains(&folder) {
                return Err(notify::Error::generic(&format!("there are more than {FOLDERS_MAX} folders")));
            }
            // Also one that is watched: it may have been removed and made anew.
            match self.watcher.watch(&folder, RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.folders.insert(folder.clone())),
                // Gone meanwhile, or nobody's business.
                Err(_) if fs::read_dir(&folder).is_err() => continue,
                Err(error) => return Err(error),
            }
            let within = fs::read_dir(&folder).into_iter().flatten().flatten();
            open.extend(within.filter(is_folder_of_sources).map(|entry| entry.path()));
        }
        Ok(())
    }

    /// Waits for a source to change, and until none has for a moment. False: nobody tells any more.
    fn wait(&mut self, changes: &Receiver<notify::Result<Event>>) -> bool {
        let mut quiet_at: Option<Instant> = None;
        let (mut written, mut is_missed) = (BTreeSet::new(), false);
        loop {
            let event = match quiet_at {
                Some(at) => changes.recv_timeout(at.saturating_duration_since(Instant::now())),
                None => changes.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            match event {
                Ok(Ok(event)) if self.concerns(&event) => {
                    quiet_at = Some(Instant::now() + QUIET);
                    is_missed |= event.need_rescan();
                    written.extend(event.paths.into_iter().filter(|path| self.is_source(path)));
                }
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) if self.differ(&written) || is_missed => return true,
                Err(RecvTimeoutError::Timeout) => {
                    quiet_at = None;
                    written.clear();
                }
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// Whether something else is in one of them than before: an application may write its files anew whenever it is loaded, with
    /// what is in them already.
    fn differ(&mut self, written: &BTreeSet<PathBuf>) -> bool {
        let mut is_one = false;
        for path in written {
            let now = Contents::of(path);
            is_one |= self.known.insert(path.clone(), now) != Some(now) || now == Contents::TooLong;
        }
        is_one
    }

    fn concerns(&self, event: &Event) -> bool {
        match event.kind {
            // Whoever reads a source opens it.
            EventKind::Access(_) => false,
            _ => event.need_rescan() || event.paths.iter().any(|path| self.is_source(path)),
        }
    }

    fn is_source(&self, path: &Path) -> bool {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if self.own.contains(path) || WRITTEN_ANYWHERE.contains(&name) {
            return false;
        }
        let ending = name.rsplit('.').next().unwrap_or_default();
        ENDINGS.contains(&ending) || name.starts_with(VARIABLES) || (path.is_dir() && !is_passed_over(path))
    }
}

fn is_folder_of_sources(entry: &fs::DirEntry) -> bool {
    // Links to folders lead out of the project, or in circles.
    entry.file_type().is_ok_and(|kind| kind.is_dir()) && !is_passed_over(&entry.path())
}

/// Hidden ones, packages, venvs.
fn is_passed_over(folder: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    name.starts_with('.') || PASSED_OVER.contains(&name) || folder.join("pyvenv.cfg").exists()
}
