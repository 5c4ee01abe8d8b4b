//! The declarations of the package `diglot` itself, for projects in which it is not installed: every project, as long as Diglot
//! runs it.

use std::fmt::Write as _;

use crate::{UNLINTED, WRITTEN_BY_NAME};

/// Its modules by what is imported, and the declarations of each as the package has them.
const MODULES: [(&str, &str); 2] = [
    ("diglot", include_str!("../../../node/sdk/index.d.ts")),
    ("diglot/testing", include_str!("../../../node/sdk/testing.d.ts")),
];
/// What of TypeScript's own the declarations name, which a project's `lib` may lack.
const LIBRARIES: [&str; 2] = ["es2020", "esnext.disposable"];

/// The text of a `.d.ts` file. It is no module, so that what it declares is there for all that is compiled with it; an installed
/// package of the same name stands behind it.
pub fn package() -> String {
    let mut text =
        format!("// {WRITTEN_BY_NAME} Do not edit: it is written anew when Diglot changes.\n{UNLINTED}");
    text.push_str("// biome-ignore-all lint: it is written\n");
    for library in LIBRARIES {
        let _ = writeln!(text, "/// <reference lib=\"{library}\" />");
    }
    for (name, declarations) in MODULES {
        // Of the file itself: what it is linted by.
        let mut lines = declarations.lines().filter(|line| !line.trim_start().starts_with("// biome-ignore"));
        let about = lines.next().unwrap_or_default();
        let _ = writeln!(text, "\n{about}\ndeclare module \"{name}\" {{");
        for line in lines {
            let _ = writeln!(text, "{}", format!("  {line}").trim_end());
        }
        // Else what is not exported would be.
        text.push_str("\n  export {};\n}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_modules_are_declared_once() {
        let text = package();
        assert!(crate::is_written(&text));
        for module in ["\ndeclare module \"diglot\" {\n", "\ndeclare module \"diglot/testing\" {\n"] {
            assert_eq!(text.matches(module).count(), 1, "{text}");
        }
        let is_outside = |line: &&str| line.starts_with("export") || line.starts_with("import");
        assert_eq!(text.lines().find(is_outside), None, "a module could only say more of another one");
        assert!(text.contains("  export function func<"), "{text}");
    }
}
