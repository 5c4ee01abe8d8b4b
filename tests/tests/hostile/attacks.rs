//! Every attack of the codec's table against the whole server, with an application in each interface that tells what
//! reached it: nothing malformed does, no second request appears out of a first, and nothing crashes.

use diglot_tests::Running;

use crate::canary::{Canary, Sighting, responses_and_rest, seen};
use crate::table::{Case, cases};

/// Payloads up to this long are also sent byte by byte.
const DRIBBLE_BYTES_MAX: usize = 512;

/// Methods of the table's well-formed requests that Node knows.
const NODE_METHODS: [&str; 3] = ["GET", "POST", "OPTIONS"];

/// What a case demands of the connection and of the application.
struct Demand {
    statuses: Vec<u16>,
    /// Method, target and content of each request the application must see whole.
    requests: Vec<(String, String, String)>,
}

fn demand(canary: Canary, case: &Case) -> Demand {
    let mut demand = Demand { statuses: Vec::new(), requests: Vec::new() };
    for line in &case.expected {
        if line == "incomplete" || line == "closed" {
            continue;
        }
        if let Ok(status) = line[..3].parse() {
            demand.statuses.push(if canary.is_nodes_server() { as_node_says(line) } else { status });
            continue;
        }
        let (request, content) = line.split_once(" \"").expect("a request has content");
        let (method, target) = request.split_once(' ').expect("a request has a target");
        if method == "CONNECT" {
            // Well formed. Node closes the connection if nobody listens for it; to the others it cannot be told.
            if canary.is_nodes_server() {
                break;
            }
            demand.statuses.push(501);
            continue;
        }
        if canary.is_nodes_server() && !NODE_METHODS.contains(&method) {
            // Node's own parser refuses methods that it does not know, and so must Node behind this server.
            demand.statuses.push(400);
            break;
        }
        demand.statuses.push(200);
        let content = content.trim_end_matches('"').to_owned();
        demand.requests.push((method.to_owned(), as_told(canary, &target.replace("\\\\", "\\")), content));
    }
    demand
}

/// What a server of Node's answers where nobody listens to 'clientError': to all that is malformed the same, but for sizes.
fn as_node_says(refusal: &str) -> u16 {
    match (&refusal[..3], &refusal[4..]) {
        (_, "ChunkExtensionTooLarge") => 413,
        ("414" | "431", _) => 431,
        _ => 400,
    }
}

/// A request target as the interface tells it to applications.
fn as_told(canary: Canary, target: &str) -> String {
    if canary.is_nodes_server() {
        return target.to_owned();
    }
    let path = match target.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => &rest[rest.find(['/', '?']).unwrap_or(rest.len())..],
        _ => target,
    };
    let path = if path.starts_with(['/', '*']) { path.to_owned() } else { format!("/{path}") };
    match (canary, path.as_str()) {
        // The URL of a Request has no other place for it.
        (Canary::NodeFetch, "*") => "/*".to_owned(),
        // PEP 3333 has no path but those that begin with a slash, and hands them over decoded.
        (Canary::Wsgi, "*") => String::new(),
        (Canary::Wsgi, _) => path.replacen("%2F", "/", 1),
        _ => path,
    }
}

fn check(canary: Canary, server: &Running, case: &Case, pieces: usize, how: &str) {
    let what = format!("case \"{}\", {how}, {canary:?}", case.name);
    let demand = demand(canary, case);
    let mut client = server.connect();
    for piece in case.sent.chunks(pieces) {
        client.send(piece);
    }
    let answered = responses_and_rest(&mut client, demand.statuses.len());
    let (responses, rest) = answered.unwrap_or_else(|error| panic!("{what}: {error}\n{:?}", server.log()));
    // Node says of a head that is cut what it says of one that is malformed.
    let is_refused = canary.is_nodes_server()
        && case.expected.iter().any(|line| line == "incomplete")
        && rest.starts_with(b"HTTP/1.1 400 ");
    assert!(rest.is_empty() || is_refused, "{what}: nobody expected {}", rest.escape_ascii());
    let statuses: Vec<u16> = responses.iter().map(|response| response.status).collect();
    assert_eq!(statuses, demand.statuses, "{what}");
    if let Some(last) = responses.last().filter(|last| last.status >= 400) {
        assert_eq!(last.field("connection"), Some("close"), "{what}");
    }

    let sightings = seen(server);
    let (whole, cut): (Vec<Sighting>, Vec<Sighting>) = sightings.into_iter().partition(|one| one.complete);
    let whole: Vec<_> = whole.into_iter().map(|one| (one.method, one.target, one.body)).collect();
    assert_eq!(whole, demand.requests, "{what}");
    // The head of a request whose content turned out to be malformed, or never came to its end.
    let may_be_cut = case.expected.len() > demand.requests.len();
    assert!(cut.len() <= usize::from(may_be_cut), "{what}: {cut:?}");
}

fn run(canary: Canary) {
    let server = canary.server("").run();
    let workers = server.workers();
    for case in cases() {
        check(canary, &server, &case, usize::MAX, "whole");
        // A body that comes after its head gives the application time to ask for it, with a 100 more or less.
        let may_be_asked = case.name.starts_with("Expect");
        if case.sent.len() <= DRIBBLE_BYTES_MAX && !may_be_asked {
            check(canary, &server, &case, 1, "byte by byte");
        }
    }
    assert_eq!(server.workers(), workers, "a worker was replaced: {:?}", server.log());
    let (status, log) = server.stop();
    assert_eq!(status.code(), Some(0), "{log:?}");
    assert!(!log.iter().any(|line| line.contains("panicked") || line.contains("Traceback")), "{log:?}");
}

#[test]
fn node_sees_nothing_malformed() {
    run(Canary::Node);
}

#[test]
fn node_sees_nothing_malformed_through_its_own_parser() {
    run(Canary::NodeBytes);
}

#[test]
fn fetch_sees_nothing_malformed() {
    run(Canary::NodeFetch);
}

#[test]
fn asgi_sees_nothing_malformed() {
    run(Canary::Asgi);
}

#[test]
fn wsgi_sees_nothing_malformed() {
    run(Canary::Wsgi);
}
