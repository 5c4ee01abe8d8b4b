//! The chart: one bar a row, Diglot's requests a second as a multiple of the better peer's, as an SVG that
//! follows the reader's light or dark mode.

use std::fmt::Write as _;

use super::report::thousands;
use super::results::{Results, RowResult};

const WIDTH: f64 = 880.0;
const TOP: f64 = 64.0;
const ROW_HEIGHT: f64 = 30.0;
const BAR_HEIGHT: f64 = 16.0;
/// Where the bars begin and how much room the longest has.
const BARS_LEFT: f64 = 210.0;
const BARS_WIDTH: f64 = 320.0;
const BOTTOM: f64 = 36.0;

/// Contrast of text is at least 4.5 on white and on the dark grounds of code hosts.
const STYLE: &str = "
    text { font: 13px system-ui, -apple-system, 'Segoe UI', sans-serif; fill: #24292f; }
    .title { font-size: 15px; font-weight: 600; }
    .muted { fill: #57606a; font-size: 12px; }
    .strong { font-weight: 600; }
    .bar { fill: #0969da; }
    .line { stroke: #8c959f; stroke-width: 1; }
    .limit { stroke: #bc4c00; stroke-width: 2; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e6edf3; }
      .muted { fill: #9198a1; }
      .bar { fill: #4493f8; }
      .line { stroke: #656c76; }
      .limit { stroke: #f0883e; }
    }
";

/// A row's bar: Diglot's rate and the better peer's.
#[derive(Debug)]
pub(crate) struct Ratio<'a> {
    diglot: f64,
    peer: f64,
    peer_name: &'a str,
    limit: Option<f64>,
}

impl Ratio<'_> {
    fn value(&self) -> f64 {
        self.diglot / self.peer
    }
}

/// None where Diglot or the peers have no figures.
pub(crate) fn ratio(row: &RowResult) -> Option<Ratio<'_>> {
    let (diglot, peer_name, peer) = row.duel()?;
    let limit = row.entrants.iter().find(|entrant| entrant.role == "limit");
    let limit = limit.and_then(|entrant| entrant.figures.as_ref()).map(|figures| figures.requests_per_second);
    Some(Ratio { diglot: diglot.requests_per_second, peer: peer.requests_per_second, peer_name, limit })
}

/// None where there is no bar to draw.
pub(crate) fn svg(results: &Results) -> Option<String> {
    let bars: Vec<(String, Ratio<'_>)> =
        results.rows.iter().filter_map(|row| Some((row.title_with_unit(), ratio(row)?))).collect();
    let longest = bars.iter().map(|(_, ratio)| ratio.value()).reduce(f64::max)?.max(1.0);
    let x = |value: f64| BARS_LEFT + value / longest * BARS_WIDTH;
    let rows_height = ROW_HEIGHT * bars.len() as f64;
    let height = TOP + rows_height + BOTTOM;

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" role=\"img\" \
         aria-label=\"Requests a second as a multiple of the better peer's\">\n<style>{STYLE}</style>\n\
         <text class=\"title\" x=\"0\" y=\"18\">Requests a second, as a multiple of the better peer's</text>\n\
         <text class=\"muted\" x=\"0\" y=\"38\">One worker each, {} connections, peers at their best documented \
         settings; longer is better</text>\n",
        results.connections
    );
    let one = x(1.0);
    let (line_top, line_bottom) = (TOP - 8.0, TOP + rows_height - 6.0);
    let _ = writeln!(
        svg,
        "<line class=\"line\" x1=\"{one:.1}\" x2=\"{one:.1}\" y1=\"{line_top}\" y2=\"{line_bottom}\"/>"
    );
    for (position, (title, ratio)) in bars.iter().enumerate() {
        let top = TOP + ROW_HEIGHT * position as f64;
        let baseline = top + 13.0;
        let _ = writeln!(svg, "<text x=\"0\" y=\"{baseline}\">{}</text>", escaped(title));
        let _ = writeln!(
            svg,
            "<rect class=\"bar\" x=\"{BARS_LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{BAR_HEIGHT}\" rx=\"2\"/>",
            x(ratio.value()) - BARS_LEFT
        );
        let limit = ratio.limit.map(|limit| limit / ratio.peer).filter(|limit| *limit <= longest);
        if let Some(limit) = limit {
            let _ = writeln!(
                svg,
                "<line class=\"limit\" x1=\"{0:.1}\" x2=\"{0:.1}\" y1=\"{1}\" y2=\"{2}\"/>",
                x(limit),
                top - 4.0,
                top + BAR_HEIGHT + 4.0
            );
        }
        // Beyond the marks that the bar ends before.
        let label = x(ratio.value().max(limit.unwrap_or(0.0)).max(1.0)) + 8.0;
        let _ = writeln!(
            svg,
            "<text x=\"{label:.1}\" y=\"{baseline}\"><tspan class=\"strong\">{:.2} ×</tspan>\
             <tspan class=\"muted\" dx=\"8\">{}, {} {}</tspan></text>",
            ratio.value(),
            thousands(ratio.diglot),
            escaped(ratio.peer_name),
            thousands(ratio.peer)
        );
    }
    let _ = writeln!(
        svg,
        "<text class=\"muted\" x=\"{one:.1}\" y=\"{}\" text-anchor=\"middle\">the better peer</text>",
        line_bottom + 14.0
    );
    if bars.iter().any(|(_, ratio)| ratio.limit.is_some_and(|limit| limit / ratio.peer <= longest)) {
        let y = height - 8.0;
        let _ = writeln!(
            svg,
            "<line class=\"limit\" x1=\"4\" x2=\"4\" y1=\"{}\" y2=\"{y}\"/>\
             <text class=\"muted\" x=\"12\" y=\"{y}\">the app alone, without a server</text>",
            y - 12.0
        );
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::super::results::{EntrantResult, Medians};
    use super::*;

    fn entrant(name: &str, role: &'static str, requests_per_second: f64) -> EntrantResult {
        let figures = Medians {
            requests_per_second,
            rounds: vec![requests_per_second],
            p50_us: None,
            p99_us: None,
            p99_at_equal_load_us: None,
            cpu_seconds_per_million: 1.0,
            processes: Vec::new(),
        };
        EntrantResult { name: name.into(), role, figures: Some(figures), unmeasured: None, failed: false }
    }

    fn row(title: &str, entrants: Vec<EntrantResult>) -> RowResult {
        RowResult {
            id: title.to_lowercase(),
            title: title.into(),
            unit: "requests",
            equal_load_per_second: None,
            entrants,
            verdicts: Vec::new(),
        }
    }

    fn results(rows: Vec<RowResult>) -> Results {
        Results {
            date: "2026-01-31".into(),
            machine: String::new(),
            versions: Vec::new(),
            connections: 64,
            wrk_threads: 1,
            rounds: 1,
            seconds: 1,
            rows,
        }
    }

    #[test]
    fn the_better_peer_is_the_measure_and_a_distant_limit_is_left_out() {
        let rows = vec![
            row(
                "FastAPI, JSON",
                vec![
                    entrant("uvicorn", "peer", 100.0),
                    entrant("granian", "peer", 200.0),
                    entrant("diglot", "diglot", 300.0),
                    entrant("limit", "limit", 290.0),
                ],
            ),
            row(
                "raw <ASGI>",
                vec![
                    entrant("uvicorn", "peer", 100.0),
                    entrant("diglot", "diglot", 120.0),
                    entrant("limit", "limit", 900.0),
                ],
            ),
        ];
        let svg = svg(&results(rows)).expect("two bars");
        assert_eq!(svg.matches("class=\"bar\"").count(), 2);
        assert!(svg.contains("1.50 ×") && svg.contains("1.20 ×"), "{svg}");
        assert!(svg.contains("raw &lt;ASGI>"), "{svg}");
        // One beside its bar, one in the legend.
        assert_eq!(svg.matches("class=\"limit\"").count(), 2);
    }

    #[test]
    fn without_figures_of_both_there_is_no_chart() {
        assert!(svg(&results(vec![row("lonely", vec![entrant("uvicorn", "peer", 1.0)])])).is_none());
    }
}
