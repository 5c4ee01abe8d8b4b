//! What a `pyproject.toml` asks for, where it describes an application and no package.

use toml::de::{DeTable, DeValue};

/// The dependencies that are named in a file without `[build-system]`: nobody has said how a package would be built from it, and
/// a guess at that often fails (two folders with modules are enough), and leaves its traces in the folder. `None` where
/// the project is to be installed as a whole.
pub(crate) fn dependencies_alone(text: &str) -> Option<Vec<String>> {
    let file = DeTable::parse(text).ok()?;
    let file = file.get_ref();
    if file.contains_key("build-system") {
        return None;
    }
    let project = file.get("project")?.get_ref().as_table()?;
    let DeValue::Array(listed) = project.get("dependencies")?.get_ref() else { return None };
    let dependency = |value: &DeValue<'_>| {
        // What begins like an option would be one.
        value.as_str().filter(|text| !text.trim_start().starts_with('-')).map(str::to_owned)
    };
    listed.iter().map(|value| dependency(value.get_ref())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_files_that_say_how_they_are_built_and_of_those_that_do_not() {
        let check = |text: &str, expect: Option<&[&str]>| {
            let expect = expect.map(|list| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
            assert_eq!(dependencies_alone(text), expect, "{text}");
        };
        let project = "[project]\nname = \"shop\"\ndependencies = [\"django>=5\", \"psycopg[binary]\"]\n";
        check(project, Some(&["django>=5", "psycopg[binary]"]));
        check(&format!("{project}[build-system]\nrequires = [\"hatchling\"]\n"), None);
        check("[project]\nname = \"shop\"\ndependencies = []\n", Some(&[]));
        check("[project]\nname = \"shop\"\ndynamic = [\"dependencies\"]\n", None);
        check("[project]\ndependencies = [\"--index-url=x\"]\n", None);
        check("[tool.poetry.dependencies]\ndjango = \"5\"\n", None);
        check("[project\n", None);
        check("", None);
    }
}
