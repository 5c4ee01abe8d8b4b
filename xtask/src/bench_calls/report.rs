//! The figures of calls as people read them.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::contenders::{Direction, Way};
use super::{Case, Unit};
use crate::bench::thousands;
use crate::workspace::root;

/// One direction: a row a case, and in each the figures of every way.
#[derive(Debug)]
pub(crate) struct Table {
    direction: Direction,
    rows: Vec<(Case, [Vec<f64>; 3])>,
}

impl Table {
    pub(crate) fn new(direction: Direction, cases: &[Case]) -> Self {
        Self { direction, rows: cases.iter().map(|case| (*case, Default::default())).collect() }
    }

    pub(crate) fn add(&mut self, row: usize, way: Way, figure: f64) {
        self.rows[row].1[way as usize].push(figure);
    }

    /// Title, the three figures, and both ratios with their floors.
    fn cells(&self) -> impl Iterator<Item = [String; 6]> {
        self.rows.iter().map(|(case, figures)| {
            let [http, grpc, diglot] = figures.each_ref().map(|rounds| median(rounds));
            let shown = |figure: f64| match case.unit {
                Unit::Microseconds => format!("{} µs", thousands(figure)),
                Unit::PerSecond => thousands(figure),
            };
            let ratio = |peer: f64, floor: Option<f64>| {
                let ratio = case.unit.ratio(diglot, peer);
                match floor {
                    Some(floor) if ratio >= floor => format!("{ratio:.1} × (floor {floor}: met)"),
                    Some(floor) => format!("{ratio:.1} × (floor {floor}: MISSED)"),
                    None => format!("{ratio:.1} ×"),
                }
            };
            let [of_http, of_grpc] = case.floors;
            [
                case.title.to_owned(),
                shown(http),
                shown(grpc),
                shown(diglot),
                ratio(http, of_http),
                ratio(grpc, of_grpc),
            ]
        })
    }
}

const HEADS: [&str; 6] = ["", "HTTP, JSON", "gRPC", "Diglot", "to HTTP", "to gRPC"];

/// For the terminal.
pub(crate) fn text(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        let _ = writeln!(text, "\n{}", table.direction);
        for cells in [HEADS.map(str::to_owned)].into_iter().chain(table.cells()) {
            let [title, http, grpc, diglot, to_http, to_grpc] = cells;
            let _ = writeln!(text, "{title:42} {http:>12} {grpc:>12} {diglot:>12}   {to_http:28} {to_grpc}");
        }
    }
    text
}

/// Writes docs/benchmarks-calls.md.
pub(crate) fn publish(tables: &[Table], run: &str) -> Result<()> {
    let mut text = format!(
        "# Benchmarks of calls\n\nWritten by `cargo xtask bench-calls --publish`; do not edit. One function called in turn over HTTP with JSON \
         (fetch to FastAPI on uvicorn; aiohttp to Fastify), by gRPC (grpc-js and grpcio's asyncio), and by Diglot, one process or worker \
         each, the callers on the same cores. Medians over the rounds. A stream over HTTP is one of Server-Sent Events.\n\n- {run}\n"
    );
    for table in tables {
        let _ = writeln!(
            text,
            "\n## {}\n\n| {} |\n|---|---:|---:|---:|---|---|",
            table.direction,
            HEADS.join(" | ")
        );
        for cells in table.cells() {
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    let path = root().join("docs/benchmarks-calls.md");
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    eprintln!("wrote {}", path.display());
    Ok(())
}

fn median(rounds: &[f64]) -> f64 {
    let mut sorted = rounds.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_says_how_many_times_as_good() {
        assert_eq!(Unit::Microseconds.ratio(100.0, 400.0), 4.0);
        assert_eq!(Unit::PerSecond.ratio(400.0, 100.0), 4.0);
    }

    #[test]
    fn a_missed_floor_is_shown() {
        let case = super::super::CASES[0];
        let mut table = Table::new(Direction::NodeToPython, &[case]);
        for (way, figure) in Way::ALL.into_iter().zip([600.0, 300.0, 200.0]) {
            table.add(0, way, figure);
        }
        let text = text(&[table]);
        assert!(text.contains("3.0 × (floor 3: met)"), "{text}");
        assert!(text.contains("1.5 × (floor 2: MISSED)"), "{text}");
    }
}
