//! The table of figures in the README: one line a row, between two marks.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::report::thousands;
use super::results::Results;

const BEGIN: &str = "<!-- figures: written by `cargo xtask bench --publish` -->\n";
const END: &str = "<!-- end of figures -->\n";
/// Rows that are told of in docs/benchmarks.md alone: the newer Node speaks for both.
const OLDER_NODE: &str = "-20";

/// Replaces what stands between the marks of a README.
///
/// # Errors
/// The file cannot be read or written, or has no marks.
pub(crate) fn update(results: &Results, readme: &Path) -> Result<()> {
    let text = fs::read_to_string(readme).with_context(|| format!("cannot read {}", readme.display()))?;
    let text = with_table(&text, &table(results))
        .with_context(|| format!("{} lacks the marks {BEGIN}and {END}", readme.display()))?;
    fs::write(readme, text).with_context(|| format!("cannot write {}", readme.display()))?;
    eprintln!("wrote {}", readme.display());
    Ok(())
}

fn with_table(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some([before, BEGIN, table, END, after].concat())
}

fn table(results: &Results) -> String {
    let mut table = String::from(
        "| requests a second | Diglot | the better peer | ratio | CPU, Diglot / peer |\n|---|---:|---:|---:|---:|\n",
    );
    for row in results.rows.iter().filter(|row| !row.id.ends_with(OLDER_NODE)) {
        let Some((diglot, name, peer)) = row.duel() else { continue };
        let _ = writeln!(
            table,
            "| {} | {} | {} {name} | {:.2} × | {:.1} / {:.1} |",
            row.title_with_unit(),
            thousands(diglot.requests_per_second),
            thousands(peer.requests_per_second),
            diglot.requests_per_second / peer.requests_per_second,
            diglot.cpu_seconds_per_million,
            peer.cpu_seconds_per_million,
        );
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = format!("before\n{BEGIN}| old |\n{END}after\n");
        assert_eq!(with_table(&text, "| new |\n"), Some(format!("before\n{BEGIN}| new |\n{END}after\n")));
        assert_eq!(with_table("no marks", ""), None);
    }

    #[test]
    fn the_readme_has_its_marks() {
        let readme = fs::read_to_string(crate::workspace::root().join("README.md")).expect("a README");
        assert!(with_table(&readme, "").is_some());
    }
}
