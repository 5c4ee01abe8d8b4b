//! Whether a service's packages look installed. Only looks: the app alone knows what it imports, so this warns and
//! never forbids.

use std::{fs, path::Path};

use diglot_config::{Language, Origin, Problem, Workplace};

use crate::venv;

/// What a service most likely still needs.
pub(crate) fn missing(workplace: &Workplace) -> Option<Problem> {
    match &workplace.language {
        Language::Python { found: Ok(python), .. } if python.origin == Origin::Path => {
            let file = python_list(&workplace.root)?;
            let message = format!(
                "{}: it has a {file}, and no venv of its own: it runs with the packages of {}",
                workplace.name,
                python.interpreter.display()
            );
            Some(Problem::warning(message).hint("`diglot install` makes a venv and fills it"))
        }
        Language::Python { found: Ok(python), .. } if python.origin == Origin::Own => {
            let venv = python.venv.as_deref().filter(|venv| venv::is_empty(venv))?;
            let file = python_list(&workplace.root)?;
            let message =
                format!("{}: nothing of its {file} is in the venv {}", workplace.name, venv.display());
            Some(Problem::warning(message).hint("run `diglot install`"))
        }
        Language::Python { .. } => None,
        Language::Node { entry_folder, .. } => {
            let above = workplace.folders_above(entry_folder);
            let folder = above.into_iter().find(|folder| folder.join("package.json").is_file())?;
            // Packages may also be those of a folder far above, or in archives (Yarn's Plug'n'Play).
            let installed = ["node_modules", ".pnp.cjs"];
            let is_installed =
                folder.ancestors().any(|folder| installed.iter().any(|name| folder.join(name).exists()));
            if is_installed || !has_dependencies(&folder.join("package.json")) {
                return None;
            }
            let message = format!(
                "{}: the dependencies in {} are not installed: there is no node_modules",
                workplace.name,
                folder.join("package.json").display()
            );
            Some(Problem::warning(message).hint("run `diglot install`"))
        }
    }
}

/// A file of the service's folder that names packages.
fn python_list(root: &Path) -> Option<&'static str> {
    let any_line = |file: &str, is_package: fn(&str) -> bool| {
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        text.lines().any(|line| is_package(line.trim()))
    };
    if any_line("requirements.txt", |line| !line.is_empty() && !line.starts_with('#')) {
        return Some("requirements.txt");
    }
    // Many projects keep nothing there but the settings of their tools.
    let is_package = |line: &str| {
        line.starts_with("dependencies")
            || line.starts_with("[tool.poetry.dependencies")
            || (line.starts_with("dynamic") && line.contains("dependencies"))
    };
    any_line("pyproject.toml", is_package).then_some("pyproject.toml")
}

fn has_dependencies(package: &Path) -> bool {
    let package =
        fs::read(package).ok().and_then(|text| serde_json::from_slice::<serde_json::Value>(&text).ok());
    let dependencies = package.as_ref().and_then(|package| package.get("dependencies")?.as_object());
    dependencies.is_some_and(|dependencies| !dependencies.is_empty())
}
