//! Where the declarations of the package `diglot` are: a project that Diglot runs has not installed it, and its compiler asks
//! for it all the same.

use std::path::{Path, PathBuf};

use diglot_config::{Config, Service};

use super::is_of_python;

const NAME: &str = "diglot-package.d.ts";
/// By which TypeScript knows what is compiled together: of one project there is one file, or all would be declared twice.
const PROJECT: &str = "tsconfig.json";

/// The file; `None` for services that are told of functions in another language, or not at all.
pub(super) fn package_at(service: &Service, config: &Config) -> Option<PathBuf> {
    let types = service.types.as_deref().filter(|path| !is_of_python(path))?;
    let beside = types.parent()?;
    let within = |folder: &&Path| folder.starts_with(&config.base) || folder.starts_with(&service.root);
    let mut folders = beside.ancestors().take_while(within);
    Some(folders.find(|folder| folder.join(PROJECT).is_file()).unwrap_or(beside).join(NAME))
}

/// The way to it from a file that is beside it, or below.
pub(super) fn way(types: &Path, package: &Path) -> String {
    let folder = |path: &Path| path.parent().map(Path::to_owned).unwrap_or_default();
    let below = folder(types).strip_prefix(folder(package)).map_or(0, |below| below.components().count());
    match below {
        0 => format!("./{NAME}"),
        below => format!("{}{NAME}", "../".repeat(below)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_up() {
        let check = |types: &str, expect: &str| {
            assert_eq!(way(Path::new(types), Path::new("/p/web/diglot-package.d.ts")), expect);
        };
        check("/p/web/diglot.d.ts", "./diglot-package.d.ts");
        check("/p/web/src/diglot.d.ts", "../diglot-package.d.ts");
        check("/p/web/src/types/all.d.ts", "../../diglot-package.d.ts");
    }
}
