//! `cargo xtask bench-calls`: one function called in the ways there are, in turn, on this machine: by Diglot, over HTTP
//! with JSON, and by gRPC; from Node into Python, and from Python into Node.
//!
//! The callers are programs of `bench/calls`, the same loops for each way; each prints its one figure.

mod contenders;
mod report;

use std::process::Command;

use anyhow::{Result, bail};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::workspace::output_of;
use contenders::{Direction, Kit, Measured, Way};
use report::Table;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these cases, of `one,many,array,stream`
    #[arg(long, value_delimiter = ',', value_name = "CASE")]
    only: Vec<String>,
    /// How often each way is measured; figures are medians over the rounds
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long one measurement takes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// A smoke run: one round of one second, one call at a time, and no figures are kept
    #[arg(long, conflicts_with_all = ["rounds", "seconds", "publish", "only"])]
    quick: bool,
    /// Write docs/benchmarks-calls.md too
    #[arg(long, conflicts_with = "only")]
    publish: bool,
    /// Measure what is built already
    #[arg(long)]
    no_build: bool,
}

/// What is measured of each way.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Case {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    /// What Diglot must be, as a multiple of HTTP and of gRPC.
    pub(crate) floors: [Option<f64>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Unit {
    /// The median of a call's time: less is better.
    Microseconds,
    /// More is better.
    PerSecond,
}

impl Unit {
    /// How many times as good as a peer's figure one of ours is.
    fn ratio(self, ours: f64, peers: f64) -> f64 {
        match self {
            Self::Microseconds => peers / ours,
            Self::PerSecond => ours / peers,
        }
    }
}

const CASES: [Case; 4] = [
    Case {
        id: "one",
        title: "one call at a time, median",
        unit: Unit::Microseconds,
        floors: [Some(3.0), Some(2.0)],
    },
    Case {
        id: "many",
        title: "64 calls at a time, calls a second",
        unit: Unit::PerSecond,
        floors: [Some(8.0), Some(3.0)],
    },
    Case {
        id: "array",
        title: "1 MiB of float32 there and back, median",
        unit: Unit::Microseconds,
        floors: [Some(20.0), Some(2.0)],
    },
    Case {
        id: "stream",
        title: "a stream of small items, items a second",
        unit: Unit::PerSecond,
        floors: [Some(5.0), None],
    },
];

/// Measures, prints the tables and writes the figures.
///
/// # Errors
/// Something needed is missing, an unknown case was asked for, or a caller or callee failed: a missed floor is shown as
/// such and is no error.
pub(crate) fn run(options: &Options) -> Result<()> {
    for name in &options.only {
        if !CASES.iter().any(|case| case.id == name) {
            bail!("there is no case `{name}`; the cases are one, many, array, stream");
        }
    }
    let kit = Kit::prepare(!options.no_build)?;
    let (rounds, seconds) = if options.quick { (1, 1) } else { (options.rounds, options.seconds) };
    let cases: Vec<Case> = CASES
        .into_iter()
        .filter(|case| match options.only.as_slice() {
            [] => !options.quick || case.id == "one",
            only => only.iter().any(|name| name == case.id),
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tables = runtime.block_on(async {
        // Dropping the measurement drops its servers, and a dropped server ends its processes.
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            tables = measure_all(&kit, &cases, rounds, seconds) => tables,
            _ = interrupt.recv() => bail!("interrupted; every server was ended"),
            _ = terminate.recv() => bail!("told to end; every server was ended"),
        }
    })?;
    print!("{}", report::text(&tables));
    if options.publish {
        let date = output_of(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        report::publish(&tables, &format!("{date}; {rounds} rounds of {seconds} s; {}", kit.versions()?))?;
    }
    Ok(())
}

async fn measure_all(kit: &Kit, cases: &[Case], rounds: u32, seconds: u64) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    for direction in Direction::ALL {
        let mut table = Table::new(direction, cases);
        for round in 1..=rounds {
            for way in Way::ALL {
                let callee = kit.start(way, direction).await?;
                for (row, case) in cases.iter().enumerate() {
                    let measured = kit.call(way, direction, &callee, case, seconds).await?;
                    let Measured { figure, cpu_us } = measured;
                    let what = format!("{direction}  {:6} {way:?}", case.id);
                    eprintln!("  round {round}/{rounds}  {what}: {figure:.0}, {cpu_us:.1} µs of CPU each");
                    table.add(row, way, measured);
                }
                callee.stop().await;
            }
        }
        tables.push(table);
    }
    Ok(tables)
}
