//! Results as people and programs read them: a table on the terminal, Markdown, JSON, and the chart beside them.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::chart;
use super::results::{EntrantResult, Medians, Results, RowResult, Verdict};

/// The heads of an entrant's columns, after its name; the last one where its row has an equal load.
fn columns(row: &RowResult) -> Vec<String> {
    let rate = format!("{}/s", row.unit);
    let others = ["rounds", "p50", "p99", "CPU-s per million", "peak RSS"].map(str::to_owned);
    [rate].into_iter().chain(others).chain(row.p99_at_equal_load()).collect()
}

/// Writes `NAME.json`, `NAME.md` and, where Diglot has figures, `NAME.svg` into the folder.
pub(crate) fn write(results: &Results, folder: &Path, name: &str) -> Result<()> {
    let mut files =
        vec![("json", serde_json::to_string_pretty(results)? + "\n"), ("md", markdown(results, name))];
    files.extend(chart::svg(results).map(|svg| ("svg", svg)));
    for (extension, text) in files {
        let path = folder.join(format!("{name}.{extension}"));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        eprintln!("wrote {}", path.display());
    }
    Ok(())
}

/// For the terminal.
pub(crate) fn text(results: &Results) -> String {
    let mut text = format!("\n{}\n{}\n", results.machine, settings(results));
    for row in &results.rows {
        let mut lines = vec![[row.id.clone()].into_iter().chain(columns(row)).collect::<Vec<_>>()];
        lines.extend(row.entrants.iter().map(|entrant| {
            let cells = entrant.figures.as_ref().map(|figures| cells(row, figures)).unwrap_or_default();
            [entrant.name.clone()].into_iter().chain(cells).collect()
        }));
        let cell_width =
            |line: &[String], column: usize| line.get(column).map_or(0, |cell| cell.chars().count());
        let width = |column: usize| lines.iter().map(|line| cell_width(line, column)).max().unwrap_or(0);
        let widths: Vec<usize> = (0..lines[0].len()).map(width).collect();
        text.push('\n');
        for line in &lines {
            let mut columns = line.iter().zip(&widths);
            if let Some((name, width)) = columns.next() {
                let _ = write!(text, "{name:width$}");
            }
            for (cell, width) in columns {
                let _ = write!(text, "  {cell:>width$}");
            }
            text.push('\n');
        }
        for (entrant, why) in unmeasured(row) {
            let _ = writeln!(text, "  {}: {why}", entrant.name);
        }
        for verdict in &row.verdicts {
            let _ = writeln!(text, "  {}: {} {}", verdict.floor, ratio(verdict), met(verdict));
        }
    }
    let verdicts = || results.rows.iter().flat_map(|row| &row.verdicts);
    let count = |met: Option<bool>| verdicts().filter(|verdict| verdict.met == met).count();
    let (met, missed, open) = (count(Some(true)), count(Some(false)), count(None));
    let _ = writeln!(text, "\nfloors: {met} met, {missed} missed, {open} without figures");
    text
}

fn markdown(results: &Results, name: &str) -> String {
    let mut text = String::from(
        "# Benchmarks\n\n\
         Written by `cargo xtask bench`; do not edit. Diglot and its peers were run in turn on one machine, each \
         freshly started and warmed up, one worker each, access logs off, loaded over loopback by wrk on the same \
         cores; WebSockets by a client of our own, `crates/diglot-front/examples/load`, each connection with one \
         32-byte message under way, and a broadcast to 32 subscribers with two. Diglot runs at its defaults, each \
         peer at the best settings its documentation names. Figures are \
         medians over the rounds. CPU-seconds and memory are those of all processes that answer, and in \
         parentheses of each. A Python row's *limit* is the same app called in a loop with no server around it. Bun runs \
         the same programs in another runtime: it stands beside Node's rows, and no floor is held against it.\n\n\
         The *p99 at* so many requests a second is of a second measurement, in which every contender of a row is \
         offered the same load: half of what its slowest contender takes. That client sends at equal intervals and \
         does not wait for answers; latency runs from the moment a request was due. It goes on until it has sent at \
         least a thousand.\n\n",
    );
    let _ = writeln!(text, "- {}, {}", results.date, results.machine);
    let _ = writeln!(text, "- {}", settings(results));
    let versions: Vec<String> =
        results.versions.iter().map(|(name, version)| format!("{name} {version}")).collect();
    let _ = writeln!(text, "- {}\n", versions.join(", "));
    if results.rows.iter().any(|row| chart::ratio(row).is_some()) {
        let _ = writeln!(text, "![Requests a second as a multiple of the better peer's]({name}.svg)\n");
    }
    let _ = writeln!(text, "## Floors\n\n| row | floor | measured | |\n|---|---|---:|---|");
    for row in &results.rows {
        for verdict in &row.verdicts {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                row.title,
                verdict.floor,
                ratio(verdict),
                met(verdict)
            );
        }
    }
    for row in &results.rows {
        let _ = writeln!(text, "\n## {}\n", row.title);
        let columns = columns(row);
        let _ = writeln!(text, "| | {} |\n|---|{}", columns.join(" | "), "---:|".repeat(columns.len()));
        for entrant in &row.entrants {
            if let Some(figures) = &entrant.figures {
                let _ = writeln!(text, "| {} | {} |", entrant.name, cells(row, figures).join(" | "));
            }
        }
        for (entrant, why) in unmeasured(row) {
            let _ = writeln!(
                text,
                "\n{} has no figures: {}",
                entrant.name,
                why.lines().next().unwrap_or_default()
            );
        }
    }
    text
}

fn settings(results: &Results) -> String {
    let Results { connections, wrk_threads, rounds, seconds, .. } = results;
    format!(
        "{rounds} rounds of {seconds} s, {connections} connections where a row names no other number, wrk with \
         {wrk_threads} thread"
    )
}

fn unmeasured(row: &RowResult) -> impl Iterator<Item = (&EntrantResult, &str)> {
    row.entrants.iter().filter_map(|entrant| Some((entrant, entrant.unmeasured.as_deref()?)))
}

/// The columns of [`columns`].
fn cells(row: &RowResult, figures: &Medians) -> Vec<String> {
    let lowest = figures.rounds.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = figures.rounds.iter().copied().fold(0.0, f64::max);
    let ms = |us: Option<u64>| us.map_or_else(|| "–".to_owned(), |us| format!("{:.2} ms", us as f64 / 1e3));
    let rss_kib: u64 = figures.processes.iter().map(|process| process.rss_peak_kib).sum();
    let mut cpu = format!("{:.2}", figures.cpu_seconds_per_million);
    let mut rss = format!("{} MiB", mib(rss_kib));
    if figures.processes.len() > 1 {
        let each = |of: fn(&super::results::ProcessMedians) -> String| -> String {
            figures.processes.iter().map(of).collect::<Vec<_>>().join(", ")
        };
        let _ = write!(
            cpu,
            " ({})",
            each(|process| format!("{} {:.2}", process.name, process.cpu_seconds_per_million))
        );
        let _ = write!(rss, " ({})", each(|process| mib(process.rss_peak_kib)));
    }
    let mut cells = vec![
        thousands(figures.requests_per_second),
        format!("{}–{}", thousands(lowest), thousands(highest)),
        ms(figures.p50_us),
        ms(figures.p99_us),
        cpu,
        rss,
    ];
    cells.extend(row.equal_load_per_second.map(|_| ms(figures.p99_at_equal_load_us)));
    cells
}

fn ratio(verdict: &Verdict) -> String {
    verdict.ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2} ×"))
}

fn met(verdict: &Verdict) -> &'static str {
    match verdict.met {
        Some(true) => "met",
        Some(false) => "MISSED",
        None => "no figures",
    }
}

fn mib(kib: u64) -> String {
    format!("{:.0}", kib as f64 / 1024.0)
}

/// `66012.4` as `66,012`.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut grouped = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (value, expect) in [(0.0, "0"), (999.4, "999"), (1000.0, "1,000"), (1_234_567.0, "1,234,567")] {
            assert_eq!(thousands(value), expect);
        }
    }
}
