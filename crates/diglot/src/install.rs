//! `diglot install`: what each service depends on, put where `serve` will look for it.

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use diglot_config::{Environment, Language, Origin, Problem, Python, Workplace, resolve};

use crate::{arguments::Install, pyproject, report, sdk, step::Step, tools, venv};

/// What earlier services saw to: two may share a folder or a venv.
#[derive(Debug, Default)]
struct Done {
    venvs: HashSet<PathBuf>,
    /// A Python project's folder, and the interpreter it was installed for.
    filled: HashSet<(PathBuf, PathBuf)>,
    /// Folders with a `package.json`.
    node: HashSet<PathBuf>,
}

pub(crate) fn install(install: Install, environment: &Environment) -> ExitCode {
    let resolution = match resolve(&install.file.into(), environment) {
        Ok(resolution) => resolution,
        Err(nothing) => return report::no_file(&nothing),
    };
    let wrong: Vec<Problem> =
        resolution.problems.into_iter().filter(|problem| problem.is_error() && !problem.missing).collect();
    if !wrong.is_empty() {
        report::problems(&wrong);
        return report::wrong();
    }
    let mut done = Done::default();
    for workplace in &resolution.workplaces {
        let steps = match steps(workplace, &mut done, environment) {
            Ok(steps) => steps,
            Err(problem) => return failed(problem),
        };
        for step in steps {
            if let Err(problem) = step.run() {
                return failed(problem);
            }
        }
        if let Some(venv) = venv_of(workplace)
            && let Err(problem) = sdk::into_venv(&workplace.name, &venv)
        {
            return failed(problem);
        }
    }
    ExitCode::SUCCESS
}

/// Of a service in Python, where it has one.
fn venv_of(workplace: &Workplace) -> Option<PathBuf> {
    let Language::Python { found, own_venv } = &workplace.language else { return None };
    let named = || found.as_ref().ok().filter(|python| python.origin == Origin::Named)?.venv.clone();
    own_venv.clone().or_else(named).filter(|venv| venv.join("pyvenv.cfg").is_file())
}

fn failed(problem: Problem) -> ExitCode {
    report::problems(&[problem]);
    ExitCode::FAILURE
}

/// What a service needs, in order.
fn steps(workplace: &Workplace, done: &mut Done, environment: &Environment) -> Result<Vec<Step>, Problem> {
    match &workplace.language {
        Language::Python { found, own_venv } => {
            python_steps(workplace, found.as_ref(), own_venv.as_deref(), done, environment)
        }
        Language::Node { found: Ok(_), entry_folder } => {
            Ok(node_steps(workplace, entry_folder, done, environment))
        }
        Language::Node { found: Err(problem), .. } => Err(problem.clone()),
    }
}

fn python_steps(
    workplace: &Workplace,
    found: Result<&Python, &Problem>,
    own_venv: Option<&Path>,
    done: &mut Done,
    environment: &Environment,
) -> Result<Vec<Step>, Problem> {
    let Some(what) = what_it_asks_for(workplace) else { return Ok(Vec::new()) };
    let uv = environment.find_on_path("uv");
    let mut steps = Vec::new();
    let interpreter = match (found, own_venv) {
        (Ok(python), _) if matches!(python.origin, Origin::Named | Origin::Own) => {
            let lacks_pip = python.venv.as_deref().is_some_and(|venv| !venv::has_pip(venv));
            if uv.is_none() && lacks_pip && done.venvs.insert(python.interpreter.clone()) {
                steps.push(add_pip(workplace, &python.interpreter));
            }
            python.interpreter.clone()
        }
        // An active venv is the person's and `python3` the system's: a service gets one of its own.
        (_, Some(venv)) => {
            if let Err(problem) = found
                && venv.exists()
                && !done.venvs.contains(venv)
            {
                return Err(problem.clone());
            }
            if done.venvs.insert(venv.to_owned()) {
                steps.push(make_venv(workplace, venv, uv.as_deref(), environment)?);
            }
            venv.join("bin/python")
        }
        (Ok(python), None) => python.interpreter.clone(),
        (Err(problem), None) => return Err(problem.clone()),
    };
    if done.filled.insert((workplace.root.clone(), interpreter.clone())) {
        steps.push(fill_venv(workplace, &interpreter, &what, uv.as_deref()));
    }
    Ok(steps)
}

fn make_venv(
    workplace: &Workplace,
    venv: &Path,
    uv: Option<&Path>,
    environment: &Environment,
) -> Result<Step, Problem> {
    let Some(base) = environment.find_on_path("python3") else {
        let message = format!("{}: there is no `python3` on PATH to make a venv with", workplace.name);
        return Err(Problem::error(message).hint("install Python 3.10 or later"));
    };
    let (program, arguments) = match uv {
        Some(uv) => (text(uv), vec!["venv".to_owned(), "--python".to_owned(), text(&base), text(venv)]),
        None => (text(&base), vec!["-m".to_owned(), "venv".to_owned(), text(venv)]),
    };
    Ok(Step {
        service: workplace.name.clone(),
        program,
        arguments,
        folder: workplace.root.clone(),
        variables: Vec::new(),
        advice: "on Debian and Ubuntu, venvs need the package python3-venv".to_owned(),
    })
}

/// What pip is to install: the words for its command line. `None` where there is nothing.
fn what_it_asks_for(workplace: &Workplace) -> Option<Vec<String>> {
    if workplace.root.join("requirements.txt").is_file() {
        return Some(["-r", "requirements.txt"].map(str::to_owned).to_vec());
    }
    let Ok(project) = fs::read_to_string(workplace.root.join("pyproject.toml")) else {
        nothing_to_do(workplace, "no requirements.txt or pyproject.toml", &workplace.root);
        return None;
    };
    let what = pyproject::dependencies_alone(&project).unwrap_or_else(|| vec![".".to_owned()]);
    if what.is_empty() {
        nothing_to_do(workplace, "no dependencies in the pyproject.toml", &workplace.root);
        return None;
    }
    Some(what)
}

/// A venv that uv has made has none, nor has one whose making was interrupted.
fn add_pip(workplace: &Workplace, interpreter: &Path) -> Step {
    Step {
        service: workplace.name.clone(),
        program: text(interpreter),
        arguments: ["-m", "ensurepip", "--upgrade"].map(str::to_owned).to_vec(),
        folder: workplace.root.clone(),
        variables: Vec::new(),
        advice: "the venv has no pip: remove it, and `diglot install` makes it anew; or install uv, which needs none"
            .to_owned(),
    }
}

fn fill_venv(workplace: &Workplace, interpreter: &Path, what: &[String], uv: Option<&Path>) -> Step {
    let (program, mut arguments) = match uv {
        Some(uv) => (
            text(uv),
            ["pip", "install", "--python"]
                .map(str::to_owned)
                .into_iter()
                .chain([text(interpreter)])
                .collect(),
        ),
        None => (
            text(interpreter),
            ["-m", "pip", "install", "--disable-pip-version-check"].map(str::to_owned).to_vec(),
        ),
    };
    arguments.extend_from_slice(what);
    Step {
        service: workplace.name.clone(),
        program,
        arguments,
        folder: workplace.root.clone(),
        variables: Vec::new(),
        advice: "the lines above say what is in the way; then run `diglot install` again".to_owned(),
    }
}

fn node_steps(
    workplace: &Workplace,
    entry_folder: &Path,
    done: &mut Done,
    environment: &Environment,
) -> Vec<Step> {
    let above = workplace.folders_above(entry_folder);
    let Some(folder) = above.into_iter().find(|folder| folder.join("package.json").is_file()) else {
        nothing_to_do(workplace, "no package.json", entry_folder);
        return Vec::new();
    };
    if !done.node.insert(folder.clone()) {
        return Vec::new();
    }
    let locked = ["package-lock.json", "npm-shrinkwrap.json"].iter().any(|lock| folder.join(lock).is_file());
    let command = if locked { "ci" } else { "install" };
    vec![Step {
        service: workplace.name.clone(),
        program: "npm".to_owned(),
        arguments: [command, "--no-audit", "--no-fund"].map(str::to_owned).to_vec(),
        folder,
        variables: tools::variables(workplace, environment),
        advice: match locked {
            true => "the lines above say what is in the way; where package.json and its lockfile differ, run `npm install`",
            false => "the lines above say what is in the way; then run `diglot install` again",
        }
        .to_owned(),
    }]
}

fn nothing_to_do(workplace: &Workplace, why: &str, folder: &Path) {
    anstream::eprintln!("{}: nothing to install: {why} in {}", workplace.name, folder.display());
}

fn text(path: &Path) -> String {
    path.display().to_string()
}
