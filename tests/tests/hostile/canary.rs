//! Applications that record every request they see, in each interface, so that a test can tell what reached them.

use std::io;
use std::net::Shutdown;

use diglot_tests::{Client, Response, Running, Server, server};
use serde_json::Value;

/// Which application records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Canary {
    Node,
    /// A Node program that wants to see connections, which takes the byte lane.
    NodeBytes,
    NodeFetch,
    Asgi,
    Wsgi,
}

/// One request as the application saw it. Bytes are latin-1 text.
#[derive(Debug, Clone)]
pub(crate) struct Sighting {
    pub(crate) method: String,
    /// Path and query; of WSGI the path is decoded.
    pub(crate) target: String,
    /// Names and values in the application's order; of WSGI as in its environ.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    /// The body came to its end.
    pub(crate) complete: bool,
    /// What else the application of this interface was told.
    pub(crate) facts: Value,
}

impl Sighting {
    /// All values of a header in order, its name taken as written.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str()).collect()
    }
}

impl Canary {
    pub(crate) const ALL: [Self; 5] = [Self::Node, Self::NodeBytes, Self::NodeFetch, Self::Asgi, Self::Wsgi];

    /// Whether requests pass through Node's own parser.
    pub(crate) fn is_nodes_server(self) -> bool {
        matches!(self, Self::Node | Self::NodeBytes)
    }

    /// A server with this canary at `/`, to which `server_keys` of `diglot.toml` may be given.
    pub(crate) fn server(self, server_keys: &str) -> Server {
        let node = include_str!("../../data/canary.cjs");
        let (entry, file, text) = match self {
            Self::Node => ("canary.cjs", "canary.cjs", node.to_owned()),
            Self::NodeBytes => {
                let text = node.replace(".listen(0)", ".on('connection', () => {}).listen(0)");
                ("canary.cjs", "canary.cjs", text)
            }
            Self::NodeFetch => {
                ("canary.mjs", "canary.mjs", include_str!("../../data/canary_fetch.mjs").to_owned())
            }
            Self::Asgi => ("canary:app", "canary.py", include_str!("../../data/canary_asgi.py").to_owned()),
            Self::Wsgi => ("canary:app", "canary.py", include_str!("../../data/canary_wsgi.py").to_owned()),
        };
        // One thread: the canary is asked what it saw only when it has seen what came before.
        let keys = if self == Self::Wsgi { "threads = 1" } else { "" };
        let config = format!(
            "[server]\nlisten = [\"127.0.0.1:0\"]\n{server_keys}\n[services.canary]\nentry = \"{entry}\"\n{keys}\n"
        );
        server().file(file, &text).file("diglot.toml", &config)
    }
}

/// What the canary has seen since it was last asked. All that was sent to it before has been seen by then: requests
/// keep their order on the way.
pub(crate) fn seen(server: &Running) -> Vec<Sighting> {
    let answer = server.get("/canary/seen");
    assert_eq!(answer.status, 200, "{}", answer.text());
    let told: Value = serde_json::from_slice(&answer.body).expect("the canary tells JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let pairs = |value: &Value| {
        let pair = |pair: &Value| (text(&pair[0]), text(&pair[1]));
        value.as_array().expect("a list").iter().map(pair).collect()
    };
    let sighting = |record: &Value| Sighting {
        method: text(&record["method"]),
        target: text(&record["target"]),
        headers: pairs(&record["headers"]),
        body: text(&record["body"]),
        complete: record["complete"] == true,
        facts: record["facts"].clone(),
    };
    told.as_array().expect("a list").iter().map(sighting).collect()
}

/// Reads `count` responses, then ends the client's side; an error if the connection then brings another byte.
pub(crate) fn responses_and_end(client: &mut Client, count: usize) -> io::Result<Vec<Response>> {
    match responses_and_rest(client, count)? {
        (responses, rest) if rest.is_empty() => Ok(responses),
        (_, rest) => Err(io::Error::other(format!("an answer nobody expected: {}", rest.escape_ascii()))),
    }
}

/// So many responses, and what comes behind them when the client has ended its side.
pub(crate) fn responses_and_rest(client: &mut Client, count: usize) -> io::Result<(Vec<Response>, Vec<u8>)> {
    let responses = (0..count).map(|_| client.try_response(false)).collect::<io::Result<Vec<_>>>()?;
    let _ = client.stream().shutdown(Shutdown::Write);
    // A reset is an end as well: the server need not read all that a client wants to send.
    let rest = client.rest().or_else(|error| match error.kind() {
        io::ErrorKind::ConnectionReset => Ok(Vec::new()),
        _ => Err(error),
    })?;
    Ok((responses, rest))
}
