//! The figures of calls as people read them.

use std::fmt::Write as _;
use std::fs;

use anyhow::{Context, Result};

use super::contenders::{Direction, Measured, Way};
use super::{Case, Unit};
use crate::bench::thousands;
use crate::workspace::root;

/// One direction: a row a case, and in each the figures of every way.
#[derive(Debug)]
pub(crate) struct Table {
    direction: Direction,
    rows: Vec<(Case, [Vec<Measured>; 3])>,
}

impl Table {
    pub(crate) fn new(direction: Direction, cases: &[Case]) -> Self {
        Self { direction, rows: cases.iter().map(|case| (*case, Default::default())).collect() }
    }

    pub(crate) fn add(&mut self, row: usize, way: Way, measured: Measured) {
        self.rows[row].1[way as usize].push(measured);
    }

    /// Title, the three figures, both ratios with their floors, and what each costs.
    fn cells(&self) -> impl Iterator<Item = [String; 7]> {
        self.rows.iter().map(|(case, measured)| {
            let [http, grpc, diglot] =
                measured.each_ref().map(|rounds| median(rounds.iter().map(|each| each.figure)));
            let costs = measured.each_ref().map(|rounds| median(rounds.iter().map(|each| each.cpu_us)));
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
                costs.map(shown_cost).join(" · "),
            ]
        })
    }
}

const HEADS: [&str; 7] =
    ["", "HTTP, JSON", "gRPC", "Diglot", "to HTTP", "to gRPC", "CPU each: HTTP · gRPC · Diglot"];

fn shown_cost(cpu_us: f64) -> String {
    if cpu_us < 100.0 { format!("{cpu_us:.1} µs") } else { format!("{} µs", thousands(cpu_us)) }
}

/// For the terminal.
pub(crate) fn text(tables: &[Table]) -> String {
    let mut text = String::new();
    for table in tables {
        let _ = writeln!(text, "\n{}", table.direction);
        for cells in [HEADS.map(str::to_owned)].into_iter().chain(table.cells()) {
            let [title, http, grpc, diglot, to_http, to_grpc, costs] = cells;
            let _ = writeln!(
                text,
                "{title:42} {http:>12} {grpc:>12} {diglot:>12}   {to_http:28} {to_grpc:28} {costs}"
            );
        }
    }
    text
}

/// Writes docs/benchmarks-calls.md.
pub(crate) fn publish(tables: &[Table], run: &str) -> Result<()> {
    let mut text = format!(
        "# Benchmarks of calls\n\nWritten by `cargo xtask bench-calls --publish`; do not edit. One function called in turn over HTTP with JSON \
         (fetch to FastAPI on uvicorn; aiohttp to Fastify), by gRPC (grpc-js and grpcio's asyncio), and by Diglot, one process or worker \
         each, the callers on the same cores. Medians over the rounds. A stream over HTTP is one of Server-Sent Events. CPU is that of a call, or an \
         item: of the processes of both sides, and of the server between them.\n\n- {run}\n"
    );
    for table in tables {
        let _ = writeln!(
            text,
            "\n## {}\n\n| {} |\n|---|---:|---:|---:|---|---|---|",
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

fn median(rounds: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = rounds.collect();
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
            table.add(0, way, Measured { figure, cpu_us: figure / 2.0 });
        }
        let text = text(&[table]);
        assert!(text.contains("3.0 × (floor 3: met)"), "{text}");
        assert!(text.contains("1.5 × (floor 2: MISSED)"), "{text}");
        assert!(text.contains("300 µs · 150 µs · 100 µs"), "{text}");
    }

    #[test]
    fn a_caller_says_two_numbers() {
        let Measured { figure, cpu_us } = "104.5 98.25\n".parse().expect("both");
        assert_eq!((figure, cpu_us), (104.5, 98.25));
        assert!("104.5".parse::<Measured>().is_err());
    }
}
