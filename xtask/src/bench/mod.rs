//! `cargo xtask bench`: Diglot and its peers in turn, on this machine, over loopback, one worker each.

mod chart;
mod contenders;
mod load;
mod measure;
mod peers;
mod readme;
mod report;
mod results;
mod rows;

use std::process::Command;

use anyhow::{Context, Result, bail};
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::workspace::{output_of, target};
use contenders::Contender;
use measure::Effort;
use peers::{Build, NodeRuntime, Peers};
pub(crate) use report::thousands;
use results::{Results, RowResult};
use rows::{Language, ROWS, Row};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these rows, e.g. `asgi-get,http,express-24` (a Node row without version means every version)
    #[arg(long, value_delimiter = ',', value_name = "ROW")]
    only: Vec<String>,
    /// How often each contender is measured; figures are medians over the rounds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// How long one measurement takes
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    seconds: u64,
    /// A smoke run: one round of one second on a few rows, and no figures are kept
    #[arg(long, conflicts_with_all = ["rounds", "seconds", "publish"])]
    quick: bool,
    /// Write docs/benchmarks.md, .json and .svg and the README's table too
    #[arg(long, conflicts_with = "only")]
    publish: bool,
    /// Measure what is built already
    #[arg(long)]
    no_build: bool,
    /// List the rows and stop
    #[arg(long)]
    list: bool,
}

/// The rows of a smoke run: each way of answering once.
const QUICK_ROWS: [&str; 5] = ["asgi-get", "ws-echo", "wsgi", "http", "pair"];
/// The one of them that a smoke run measures at an equal load too.
const QUICK_EQUAL_LOAD_ROW: &str = "ws-echo";
/// Requests or messages of one measurement at an equal load.
const EQUAL_LOAD_SENDS_MIN: u32 = 1_000;

/// Runs the rows, prints the tables and writes the figures.
///
/// # Errors
/// Something needed is missing, an unknown row was asked for, or a contender failed: a missed floor is shown
/// as such and is no error.
pub(crate) fn run(options: &Options) -> Result<()> {
    if options.list {
        for row in ROWS {
            println!("{:12} {}", row.id, row.title);
        }
        return Ok(());
    }
    check_names(&options.only)?;
    let front_alone = ROWS
        .iter()
        .any(|row| is_chosen(options, row, row.id) && row.contenders.contains(&Contender::FrontAlone));
    let examples: &[&str] = match (options.no_build, front_alone) {
        (true, _) => &[],
        (false, true) => &["load", "answer"],
        (false, false) => &["load"],
    };
    let build = Build { diglot: !options.no_build, examples };
    let peers = Peers::prepare(build)?;
    let effort = match options.quick {
        true => Effort { rounds: 1, seconds: 1, equal_load: true, sends_min: 0 },
        false => Effort {
            rounds: options.rounds,
            seconds: options.seconds,
            equal_load: true,
            sends_min: EQUAL_LOAD_SENDS_MIN,
        },
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rows = runtime.block_on(async {
        // Dropping the measurement drops its servers, and a dropped server ends its processes.
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        tokio::select! {
            rows = measure_all(options, &peers, effort) => Ok(rows),
            _ = interrupt.recv() => bail!("interrupted; every server was ended"),
            _ = terminate.recv() => bail!("told to end; every server was ended"),
        }
    })?;
    if rows.is_empty() {
        bail!("no row of `--only {}` runs on this machine", options.only.join(","));
    }
    let results = Results {
        date: output_of(Command::new("date").args(["-u", "+%Y-%m-%d"]))?,
        machine: machine()?,
        versions: peers.versions()?,
        connections: load::CONNECTIONS,
        wrk_threads: load::WRK_THREADS,
        rounds: effort.rounds,
        seconds: effort.seconds,
        rows,
    };
    print!("{}", report::text(&results));
    if !options.quick {
        report::write(&results, &target().join("bench"), "results")?;
    }
    if options.publish {
        let root = crate::workspace::root();
        report::write(&results, &root.join("docs"), "benchmarks")?;
        readme::update(&results, &root.join("README.md"))?;
    }
    let failed: Vec<String> = results
        .rows
        .iter()
        .flat_map(|row| row.failures().map(move |entrant| format!("{} of {}", entrant.name, row.id)))
        .collect();
    if !failed.is_empty() {
        bail!("failed: {}", failed.join(", "));
    }
    Ok(())
}

async fn measure_all(options: &Options, peers: &Peers, effort: Effort) -> Vec<RowResult> {
    let mut results = Vec::new();
    for row in ROWS {
        for (id, title, node) in variants(row, &peers.nodes) {
            if is_chosen(options, row, &id) {
                eprintln!("{id}: {title}");
                let equal_load = !options.quick || row.id == QUICK_EQUAL_LOAD_ROW;
                let effort = Effort { equal_load, ..effort };
                let measured = measure::row(row, peers, node, effort).await;
                results.push(RowResult::new(id, title, row, &measured));
            }
        }
    }
    results
}

/// A row once, or once per Node: id, title, and the Node it is run with.
fn variants<'a>(row: &Row, nodes: &'a [NodeRuntime]) -> Vec<(String, String, &'a NodeRuntime)> {
    let newest = nodes.iter().max_by_key(|node| node.major);
    match row.language {
        Language::Node => nodes
            .iter()
            .map(|node| {
                (format!("{}-{}", row.id, node.major), format!("{}, Node {}", row.title, node.major), node)
            })
            .collect(),
        _ => newest.into_iter().map(|node| (row.id.to_owned(), row.title.to_owned(), node)).collect(),
    }
}

fn is_chosen(options: &Options, row: &Row, id: &str) -> bool {
    match options.only.as_slice() {
        [] => !options.quick || QUICK_ROWS.contains(&row.id),
        only => only.iter().any(|name| name == row.id || name == id),
    }
}

/// Every name must be a row's id, or a Node row's with a version.
fn check_names(only: &[String]) -> Result<()> {
    for name in only {
        let known = ROWS.iter().any(|row| {
            let version = name.strip_prefix(row.id).and_then(|rest| rest.strip_prefix('-'));
            name == row.id
                || row.language == Language::Node && version.is_some_and(|v| v.parse::<u32>().is_ok())
        });
        if !known {
            let ids: Vec<&str> = ROWS.iter().map(|row| row.id).collect();
            bail!("there is no row `{name}`; the rows are {}", ids.join(", "));
        }
    }
    Ok(())
}

/// Processor, number of cores and kernel.
fn machine() -> Result<String> {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").context("cannot read /proc/cpuinfo")?;
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    Ok(format!("{model}, {cores} cores, {}", output_of(Command::new("uname").arg("-sr"))?))
}
