//! From samples to results: medians over the rounds, and each floor held against them. What the JSON holds.

use serde::Serialize;

use super::measure::{Measured, Role, RowMeasured, Sample, Unmeasured};
use super::report::thousands;
use super::rows::{Against, Bound, Floor, Measure, Row};

/// A whole run.
#[derive(Debug, Serialize)]
pub(crate) struct Results {
    /// `2026-01-31`, UTC.
    pub(crate) date: String,
    pub(crate) machine: String,
    /// Of everything measured or measuring: name and version.
    pub(crate) versions: Vec<(String, String)>,
    pub(crate) connections: u32,
    pub(crate) wrk_threads: u32,
    pub(crate) rounds: u32,
    pub(crate) seconds: u64,
    pub(crate) rows: Vec<RowResult>,
}

#[derive(Debug, Serialize)]
pub(crate) struct RowResult {
    /// `asgi-get`, `http-24`.
    pub(crate) id: String,
    pub(crate) title: String,
    /// What is counted: `requests`, `messages`, `deliveries`.
    pub(crate) unit: &'static str,
    /// Units a second that every contender was offered for `p99_at_equal_load_us`.
    pub(crate) equal_load_per_second: Option<f64>,
    pub(crate) entrants: Vec<EntrantResult>,
    pub(crate) verdicts: Vec<Verdict>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct EntrantResult {
    pub(crate) name: String,
    pub(crate) role: &'static str,
    /// None with a reason in `unmeasured`.
    pub(crate) figures: Option<Medians>,
    pub(crate) unmeasured: Option<String>,
    /// True where it ran and failed, unlike one that was not there to run.
    pub(crate) failed: bool,
}

/// Medians over the rounds, each measure by itself.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Medians {
    pub(crate) requests_per_second: f64,
    /// Each round's, to show how far they lie apart.
    pub(crate) rounds: Vec<f64>,
    pub(crate) p50_us: Option<u64>,
    pub(crate) p99_us: Option<u64>,
    pub(crate) p99_at_equal_load_us: Option<u64>,
    /// Over all processes that answer.
    pub(crate) cpu_seconds_per_million: f64,
    pub(crate) processes: Vec<ProcessMedians>,
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct ProcessMedians {
    pub(crate) name: String,
    pub(crate) count: u32,
    pub(crate) cpu_seconds_per_million: f64,
    /// Resident set, summed over the processes of this name.
    pub(crate) rss_peak_kib: u64,
}

/// A floor, and where Diglot stands.
#[derive(Debug, Serialize)]
pub(crate) struct Verdict {
    /// `requests/s ≥ 1.2 × granian`
    pub(crate) floor: String,
    /// Diglot's median as a multiple of the other's; None where either has no figures.
    pub(crate) ratio: Option<f64>,
    pub(crate) met: Option<bool>,
}

impl RowResult {
    pub(crate) fn new(id: String, title: String, row: &Row, measured: &RowMeasured) -> Self {
        let entrants = measured.entrants.iter().map(EntrantResult::new).collect();
        let equal_load_per_second = measured.equal_load_per_second;
        let unit = row.load.unit();
        let mut result = Self { id, title, unit, equal_load_per_second, entrants, verdicts: Vec::new() };
        result.verdicts = row.floors.iter().map(|floor| Verdict::new(floor, &result)).collect();
        result
    }

    /// The title where figures of several rows stand in one column: with what is counted, if not requests.
    pub(crate) fn title_with_unit(&self) -> String {
        match self.unit {
            "requests" => self.title.clone(),
            unit => format!("{}, {unit}", self.title),
        }
    }

    /// `p99 at 5,280 requests/s`
    pub(crate) fn p99_at_equal_load(&self) -> Option<String> {
        self.equal_load_per_second.map(|rate| format!("p99 at {} {}/s", thousands(rate), self.unit))
    }

    /// The figures of Diglot, and name and figures of the peer with the most requests a second. None where Diglot has
    /// none, or a peer that could have been the better one.
    pub(crate) fn duel(&self) -> Option<(&Medians, &str, &Medians)> {
        let of = |role: &'static str| self.entrants.iter().filter(move |entrant| entrant.role == role);
        let diglot = of("diglot").find_map(|entrant| entrant.figures.as_ref())?;
        let peers: Option<Vec<_>> =
            of("peer").map(|peer| Some((peer.name.as_str(), peer.figures.as_ref()?))).collect();
        let best = peers?
            .into_iter()
            .max_by(|one, other| one.1.requests_per_second.total_cmp(&other.1.requests_per_second));
        best.map(|(name, peer)| (diglot, name, peer))
    }

    /// Those that ran and failed.
    pub(crate) fn failures(&self) -> impl Iterator<Item = &EntrantResult> {
        self.entrants.iter().filter(|entrant| entrant.failed)
    }
}

impl EntrantResult {
    fn new(measured: &Measured) -> Self {
        let role = match measured.role {
            Role::Diglot => "diglot",
            Role::Peer => "peer",
            Role::Beside => "beside",
            Role::Limit => "limit",
        };
        let (unmeasured, failed) = match &measured.samples {
            Ok(_) => (None, false),
            Err(Unmeasured::Missing(why)) => (Some(why.clone()), false),
            Err(Unmeasured::Failed(why)) => (Some(why.clone()), true),
        };
        let figures = measured.samples.as_ref().ok();
        let figures = figures.and_then(|samples| Medians::of(samples, &measured.p99s_at_equal_load_us));
        Self { name: measured.name.to_owned(), role, figures, unmeasured, failed }
    }
}

impl Medians {
    /// None of no samples.
    fn of(samples: &[Sample], p99s_at_equal_load_us: &[u64]) -> Option<Self> {
        let rounds: Vec<f64> = samples.iter().map(|sample| sample.requests_per_second).collect();
        let latency_us = |of: fn(&super::measure::Latency) -> u64| {
            median(samples.iter().filter_map(|sample| sample.latency.as_ref().map(of)).map(|us| us as f64))
        };
        let last = samples.last()?;
        let processes = last.costs.iter().map(|cost| {
            let of_rounds = || {
                let same = |sample: &'_ Sample| sample.costs.iter().position(|other| other.name == cost.name);
                samples.iter().filter_map(move |sample| Some((sample, &sample.costs[same(sample)?])))
            };
            Some(ProcessMedians {
                name: cost.name.clone(),
                count: cost.processes,
                cpu_seconds_per_million: median(
                    of_rounds().map(|(sample, cost)| sample.cost_per_million(cost)),
                )?,
                rss_peak_kib: median(of_rounds().map(|(_, cost)| cost.rss_peak_kib as f64))? as u64,
            })
        });
        Some(Self {
            requests_per_second: median(rounds.iter().copied())?,
            p50_us: latency_us(|latency| latency.p50_us).map(|us| us as u64),
            p99_us: latency_us(|latency| latency.p99_us).map(|us| us as u64),
            p99_at_equal_load_us: median(p99s_at_equal_load_us.iter().map(|us| *us as f64))
                .map(|us| us as u64),
            cpu_seconds_per_million: median(samples.iter().map(Sample::cpu_per_million))?,
            processes: processes.collect::<Option<_>>()?,
            rounds,
        })
    }

    fn measure(&self, measure: Measure) -> Option<f64> {
        match measure {
            Measure::RequestsPerSecond => Some(self.requests_per_second),
            Measure::CpuPerRequest => Some(self.cpu_seconds_per_million),
            Measure::P99AtEqualLoad => self.p99_at_equal_load_us.map(|us| us as f64),
        }
    }
}

impl Verdict {
    fn new(floor: &Floor, row: &RowResult) -> Self {
        let of = |entrant: &EntrantResult| entrant.figures.as_ref()?.measure(floor.measure);
        let diglot = row.entrants.iter().find(|entrant| entrant.role == "diglot").and_then(of);
        let best_of = |is_meant: &dyn Fn(&EntrantResult) -> bool| {
            let others = row.entrants.iter().filter(|entrant| is_meant(entrant));
            // A peer without figures could have been the better one: then there is no verdict.
            let others: Option<Vec<(String, f64)>> =
                others.map(|other| Some((other.name.clone(), of(other)?))).collect();
            others?.into_iter().reduce(|one, other| {
                let better = match floor.measure {
                    Measure::RequestsPerSecond => other.1 > one.1,
                    Measure::CpuPerRequest | Measure::P99AtEqualLoad => other.1 < one.1,
                };
                if better { other } else { one }
            })
        };
        let best = match floor.against {
            Against::Peers(prefix) => {
                best_of(&|entrant| entrant.role == "peer" && entrant.name.starts_with(prefix))
            }
            Against::Limit => best_of(&|entrant| entrant.role == "limit"),
            Against::Possible(rate) => Some((format!("the possible {}", thousands(rate)), rate)),
        };
        let ratio = diglot.zip(best.as_ref()).map(|(diglot, (_, best))| diglot / best);
        let against = best.map_or_else(|| "the better peer".to_owned(), |(name, _)| name);
        let measure = match floor.measure {
            Measure::RequestsPerSecond => format!("{}/s", row.unit),
            Measure::CpuPerRequest => "CPU".to_owned(),
            Measure::P99AtEqualLoad => {
                row.p99_at_equal_load().unwrap_or_else(|| "p99 at equal load".to_owned())
            }
        };
        let (sign, factor) = match floor.bound {
            Bound::AtLeast(factor) => ('≥', factor),
            Bound::AtMost(factor) => ('≤', factor),
        };
        let met = ratio.map(|ratio| match floor.bound {
            Bound::AtLeast(factor) => ratio >= factor,
            Bound::AtMost(factor) => ratio <= factor,
        });
        Self { floor: format!("{measure} {sign} {factor} × {against}"), ratio, met }
    }
}

/// The middle one, or the mean of the two in the middle.
fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        odd if odd % 2 == 1 => Some(values[middle]),
        _ => Some((values[middle - 1] + values[middle]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entrant(name: &str, role: &'static str, rate: Option<f64>) -> EntrantResult {
        let figures = rate.map(|rate| Medians {
            requests_per_second: rate,
            rounds: vec![rate],
            p50_us: None,
            p99_us: None,
            p99_at_equal_load_us: Some((1e6 / rate) as u64),
            cpu_seconds_per_million: 1e6 / rate,
            processes: Vec::new(),
        });
        EntrantResult { name: name.into(), role, figures, unmeasured: None, failed: rate.is_none() }
    }

    fn row(entrants: &[EntrantResult]) -> RowResult {
        RowResult {
            id: "row".into(),
            title: "Row".into(),
            unit: "messages",
            equal_load_per_second: Some(5280.4),
            entrants: entrants.to_vec(),
            verdicts: Vec::new(),
        }
    }

    fn check(floor: Floor, entrants: &[EntrantResult], expect: (&str, Option<bool>)) {
        let verdict = Verdict::new(&floor, &row(entrants));
        assert_eq!((verdict.floor.as_str(), verdict.met), expect);
    }

    #[test]
    fn a_floor_is_held_against_the_best_of_those_it_names() {
        let entrants = [
            entrant("uvicorn", "peer", Some(100.0)),
            entrant("granian", "peer", Some(200.0)),
            entrant("diglot", "diglot", Some(230.0)),
            entrant("limit", "limit", Some(1000.0)),
        ];
        let rate = |factor, against| Floor {
            measure: Measure::RequestsPerSecond,
            against,
            bound: Bound::AtLeast(factor),
        };
        check(rate(1.2, Against::Peers("")), &entrants, ("messages/s ≥ 1.2 × granian", Some(false)));
        check(rate(2.0, Against::Peers("uvicorn")), &entrants, ("messages/s ≥ 2 × uvicorn", Some(true)));
        check(rate(0.85, Against::Limit), &entrants, ("messages/s ≥ 0.85 × limit", Some(false)));
        let cpu =
            Floor { measure: Measure::CpuPerRequest, against: Against::Peers(""), bound: Bound::AtMost(0.9) };
        check(cpu, &entrants, ("CPU ≤ 0.9 × granian", Some(true)));
        let possible = rate(0.9, Against::Possible(51_200.0));
        check(possible, &entrants, ("messages/s ≥ 0.9 × the possible 51,200", Some(false)));
        let p99 = Floor {
            measure: Measure::P99AtEqualLoad,
            against: Against::Peers(""),
            bound: Bound::AtMost(1.1),
        };
        check(p99, &entrants, ("p99 at 5,280 messages/s ≤ 1.1 × granian", Some(true)));
    }

    #[test]
    fn without_all_its_peers_a_floor_has_no_verdict() {
        let entrants = [
            entrant("uvicorn", "peer", Some(100.0)),
            entrant("granian", "peer", None),
            entrant("diglot", "diglot", Some(900.0)),
        ];
        let floor = Floor {
            measure: Measure::RequestsPerSecond,
            against: Against::Peers(""),
            bound: Bound::AtLeast(1.0),
        };
        check(floor, &entrants, ("messages/s ≥ 1 × the better peer", None));
    }

    #[test]
    fn medians() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median(std::iter::empty()), None);
    }
}
