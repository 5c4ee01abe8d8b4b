//! Rounds: every entrant of a row in turn, each server freshly started, warmed up, loaded and stopped.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};

use super::contenders::{Contender, Limit};
use super::load::{self, Figures, Sends};
use super::peers::{NodeRuntime, Peers};
use super::rows::{Floor, Measure, Row};
use crate::process::{self, Cost};
use crate::server::Server;

/// Under load before a measurement, not counted: caches fill and the JIT settles.
const WARM_UP_SECONDS: u64 = 2;

/// Of the rate of the slowest contender: what all are offered where their latencies are compared. Under a load that
/// each takes as fast as it can, the faster one would be busier.
pub(crate) const EQUAL_LOAD_SHARE: f64 = 0.5;

/// How long and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) rounds: u32,
    /// Of one measurement.
    pub(crate) seconds: u64,
    /// Whether rows with a floor that needs it are measured at an equal load too.
    pub(crate) equal_load: bool,
    /// Of a measurement at an equal load, which is as much longer as it takes: a p99 of a few hundred is its three or
    /// four worst.
    pub(crate) sends_min: u32,
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
    /// Its p99 in each round of an equal load; none where the row has no such rounds.
    pub(crate) p99s_at_equal_load_us: Vec<u64>,
}

/// All entrants of a row.
#[derive(Debug)]
pub(crate) struct RowMeasured {
    pub(crate) entrants: Vec<Measured>,
    /// The equal load, where there was one.
    pub(crate) equal_load_per_second: Option<f64>,
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
    /// Shown with the peers, and held against nobody.
    Beside,
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
pub(crate) async fn row(row: &Row, peers: &Peers, node: &NodeRuntime, effort: Effort) -> RowMeasured {
    let servers = row.contenders.iter().copied().map(Entrant::Server);
    let entrants: Vec<Entrant> = servers.chain(row.limit.map(Entrant::Limit)).collect();
    let mut all: Vec<Measured> = entrants.iter().map(|entrant| entrant.unmeasured(peers)).collect();
    let unit = row.load.unit();
    for round in 1..=effort.rounds {
        for (entrant, measured) in entrants.iter().zip(&mut all) {
            let Ok(samples) = &mut measured.samples else { continue };
            let (name, rounds) = (measured.name, effort.rounds);
            match entrant.sample(row, peers, node, effort.seconds).await {
                Ok(sample) => {
                    let rate = sample.requests_per_second;
                    eprintln!("  round {round}/{rounds}  {name:22} {rate:>9.0} {unit}/s");
                    samples.push(sample);
                }
                Err(error) => {
                    eprintln!("  round {round}/{rounds}  {name:22} FAILED: {error:#}");
                    measured.samples = Err(Unmeasured::Failed(format!("{error:#}")));
                }
            }
        }
    }
    let needs_it = |floor: &Floor| floor.measure == Measure::P99AtEqualLoad;
    let is_compared = effort.equal_load && row.floors.iter().any(needs_it);
    let equal_load_per_second =
        is_compared.then(|| slowest(&all)).flatten().map(|rate| rate * EQUAL_LOAD_SHARE);
    if let Some(rate) = equal_load_per_second {
        equal_load(row, peers, node, effort, rate, &mut all).await;
    }
    RowMeasured { entrants: all, equal_load_per_second }
}

/// The slowest contender's mean rate.
fn slowest(all: &[Measured]) -> Option<f64> {
    let servers = all.iter().filter(|measured| measured.role != Role::Limit);
    let rates = servers.filter_map(|measured| {
        let samples = measured.samples.as_ref().ok()?;
        let sum: f64 = samples.iter().map(|sample| sample.requests_per_second).sum();
        (!samples.is_empty()).then(|| sum / samples.len() as f64)
    });
    rates.reduce(f64::min)
}

/// Rounds in which each contender is offered the same load, whatever it can take.
async fn equal_load(
    row: &Row,
    peers: &Peers,
    node: &NodeRuntime,
    effort: Effort,
    rate: f64,
    all: &mut [Measured],
) {
    let (unit, rounds) = (row.load.unit(), effort.rounds);
    let sends_per_second = rate / f64::from(row.load.counted_per_send());
    let seconds = effort.seconds.max((f64::from(effort.sends_min) / sends_per_second).ceil() as u64);
    for round in 1..=rounds {
        for (contender, measured) in row.contenders.iter().zip(&mut *all) {
            if measured.samples.is_err() {
                continue;
            }
            let name = measured.name;
            let run = Run::start(*contender, row, peers, node);
            let p99_us = match run.await {
                Ok(run) => run.p99_us(rate, seconds).await,
                Err(error) => Err(error),
            };
            match p99_us {
                Ok(p99_us) => {
                    let p99_ms = p99_us as f64 / 1e3;
                    eprintln!(
                        "  round {round}/{rounds}  {name:22} {p99_ms:>9.2} ms p99 at {rate:.0} {unit}/s"
                    );
                    measured.p99s_at_equal_load_us.push(p99_us);
                }
                Err(error) => {
                    eprintln!("  round {round}/{rounds}  {name:22} FAILED at {rate:.0} {unit}/s: {error:#}");
                    measured.samples = Err(Unmeasured::Failed(format!("at {rate:.0} {unit}/s: {error:#}")));
                }
            }
        }
    }
}

/// A contender's servers, freshly started and looked at once.
struct Run<'a> {
    servers: Vec<Server>,
    address: SocketAddr,
    row: &'a Row,
    peers: &'a Peers,
}

impl<'a> Run<'a> {
    async fn start(contender: Contender, row: &'a Row, peers: &'a Peers, node: &NodeRuntime) -> Result<Self> {
        let servers = contender.start(peers, node).await?;
        let address = servers.last().context("no server was started")?.address;
        load::check(address, row.load).await?;
        Ok(Self { servers, address, row, peers })
    }

    async fn load(&self, rate: Option<f64>, seconds: u64) -> Result<Figures> {
        self.peers.generators.run(self.address, self.row.load, rate, seconds).await
    }

    /// As much as it takes.
    async fn sample(self, seconds: u64) -> Result<Sample> {
        self.load(None, WARM_UP_SECONDS.min(seconds)).await?;
        let before = self.servers.iter().map(|server| server.tree()).collect::<Result<Vec<_>>>()?;
        let figures = self.load(None, seconds).await?;
        let mut costs = Vec::new();
        for (server, before) in self.servers.iter().zip(&before) {
            costs.extend(process::costs(&server.name, before, &server.tree()?));
        }
        self.stop().await;
        Ok(Sample {
            requests: figures.requests,
            requests_per_second: figures.requests_per_second(),
            latency: Some(Latency { p50_us: figures.p50_us, p99_us: figures.p99_us }),
            costs,
        })
    }

    /// At a rate.
    async fn p99_us(self, rate: f64, seconds: u64) -> Result<u64> {
        self.load(Some(rate), WARM_UP_SECONDS.min(seconds)).await?;
        let figures = self.load(Some(rate), seconds).await?;
        self.stop().await;
        Ok(figures.p99_us)
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
    }
}

impl Entrant {
    fn unmeasured(self, peers: &Peers) -> Measured {
        let (name, role) = match self {
            Self::Server(contender) if contender.is_diglot() => (contender.name(), Role::Diglot),
            Self::Server(contender) if contender.is_beside() => (contender.name(), Role::Beside),
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
        Measured { name, role, samples, p99s_at_equal_load_us: Vec::new() }
    }

    async fn sample(self, row: &Row, peers: &Peers, node: &NodeRuntime, seconds: u64) -> Result<Sample> {
        match (self, row.load.sends) {
            (Self::Server(contender), _) => {
                Run::start(contender, row, peers, node).await?.sample(seconds).await
            }
            (Self::Limit(limit), Sends::Http(request)) => limit.sample(peers, request, seconds).await,
            (Self::Limit(_), _) => bail!("no limit is known of WebSockets"),
        }
    }
}
