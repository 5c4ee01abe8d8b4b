//! Rounds: every entrant of a row in turn, each server freshly started, warmed up, loaded and stopped.

use anyhow::{Context, Result};

use super::contenders::{Contender, Limit};
use super::load;
use super::peers::{NodeRuntime, Peers};
use super::rows::Row;
use crate::process::{self, Cost};

/// Under load before a measurement, not counted: caches fill and the JIT settles.
const WARM_UP_SECONDS: u64 = 2;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    /// Of one measurement.
    pub(crate) seconds: u64,
}

/// One measurement of one entrant.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) requests_per_second: f64,
    /// None where nobody waited: the limit.
    pub(crate) latency: Option<Latency>,
    pub(crate) costs: Vec<Cost>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
}

/// All samples of an entrant, or why it could not be measured: no figure is made of half a run.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    pub(crate) samples: Result<Vec<Sample>, Unmeasured>,
}

/// Why there are no figures.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unmeasured {
    /// It is not there to be run.
    Missing(String),
    /// It did not start, gave errors under load, or ended.
    Failed(String),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Role {
    Diglot,
    Peer,
    Limit,
}

/// Who takes a turn in a round.
#[derive(Debug, Clone, Copy)]
enum Entrant {
    Server(Contender),
    Limit(Limit),
}

impl Sample {
    /// CPU-seconds per million requests, over all processes that answer.
    pub(crate) fn cpu_per_million(&self) -> f64 {
        self.costs.iter().map(|cost| self.cost_per_million(cost)).sum()
    }

    /// CPU-seconds per million requests of the processes of one name.
    pub(crate) fn cost_per_million(&self, cost: &Cost) -> f64 {
        cost.cpu_seconds / (self.requests as f64 / 1e6)
    }
}

/// Measures a row. Entrants take turns, so that a machine that slows down slows all of them.
pub(crate) async fn row(row: &Row, peers: &Peers, node: &NodeRuntime, effort: Effort) -> Vec<Measured> {
    let servers = row.contenders.iter().copied().map(Entrant::Server);
    let entrants: Vec<Entrant> = servers.chain(row.limit.map(Entrant::Limit)).collect();
    let mut all: Vec<Measured> = entrants.iter().map(|entrant| entrant.unmeasured(peers)).collect();
    for round in 1..=effort.rounds {
        for (entrant, measured) in entrants.iter().zip(&mut all) {
            let Ok(samples) = &mut measured.samples else { continue };
            let name = measured.name;
            match entrant.sample(row, peers, node, effort.seconds).await {
                Ok(sample) => {
                    let rate = sample.requests_per_second;
                    eprintln!("  round {round}/{}  {name:22} {rate:>9.0} requests/s", effort.rounds);
                    samples.push(sample);
                }
                Err(error) => {
                    eprintln!("  round {round}/{}  {name:22} FAILED: {error:#}", effort.rounds);
                    measured.samples = Err(Unmeasured::Failed(format!("{error:#}")));
                }
            }
        }
    }
    all
}

impl Entrant {
    fn unmeasured(self, peers: &Peers) -> Measured {
        let (name, role) = match self {
            Self::Server(contender) if contender.is_diglot() => (contender.name(), Role::Diglot),
            Self::Server(contender) => (contender.name(), Role::Peer),
            Self::Limit(_) => ("limit", Role::Limit),
        };
        let missing = match self {
            Self::Server(contender) => contender.missing(peers),
            Self::Limit(_) => None,
        };
        let samples = missing.map_or(Ok(Vec::new()), |what| {
            eprintln!("  !!! {name} is LEFT OUT: {what}");
            Err(Unmeasured::Missing(what))
        });
        Measured { name, role, samples }
    }

    async fn sample(self, row: &Row, peers: &Peers, node: &NodeRuntime, seconds: u64) -> Result<Sample> {
        let contender = match self {
            Self::Server(contender) => contender,
            Self::Limit(limit) => return limit.sample(peers, row.request, seconds).await,
        };
        let servers = contender.start(peers, node).await?;
        let address = servers.last().context("no server was started")?.address;
        load::check(address, row.request).await?;
        let load = |seconds| load::run(&peers.wrk, &peers.load_script, address, row.request, seconds);
        load(WARM_UP_SECONDS.min(seconds)).await?;
        let before = servers.iter().map(|server| server.tree()).collect::<Result<Vec<_>>>()?;
        let figures = load(seconds).await?;
        let mut costs = Vec::new();
        for (server, before) in servers.iter().zip(&before) {
            costs.extend(process::costs(&server.name, before, &server.tree()?));
        }
        for server in servers {
            server.stop().await;
        }
        Ok(Sample {
            requests: figures.requests,
            requests_per_second: figures.requests_per_second(),
            latency: Some(Latency { p50_us: figures.p50_us, p99_us: figures.p99_us }),
            costs,
        })
    }
}
