//! The rows: what is sent, who answers it in turn, and the floors Diglot must reach.

use super::contenders::{Contender, GranianRuntime, GunicornWorker, Limit};
use super::load::{Load, Request, Sends};

/// One comparison. Node rows exist once per version of Node.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) title: &'static str,
    pub(crate) language: Language,
    pub(crate) load: Load,
    /// In the order of a round. Diglot goes last: whatever the peers left behind, it has to live with.
    pub(crate) contenders: &'static [Contender],
    pub(crate) limit: Option<Limit>,
    pub(crate) floors: &'static [Floor],
}

/// Decides which interpreters a row is run with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Language {
    Python,
    /// Run once with each Node.
    Node,
    /// Run with the newest Node.
    Both,
    Neither,
}

/// What Diglot's median must be, as a multiple of another's.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Floor {
    pub(crate) measure: Measure,
    pub(crate) against: Against,
    pub(crate) bound: Bound,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measure {
    /// Or messages, or deliveries.
    RequestsPerSecond,
    /// Over all processes that answer.
    CpuPerRequest,
    /// With every contender offered the same load, by a client that does not wait for answers: see
    /// [`super::measure::EQUAL_LOAD_SHARE`].
    P99AtEqualLoad,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Against {
    /// The best of those whose name begins so; of all peers where it is empty.
    Peers(&'static str),
    Limit,
    /// What is possible, by arithmetic: so many a second.
    Possible(f64),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

const fn rate(factor: f64, against: Against) -> Floor {
    Floor { measure: Measure::RequestsPerSecond, against, bound: Bound::AtLeast(factor) }
}

const fn cpu(factor: f64, against: Against) -> Floor {
    Floor { measure: Measure::CpuPerRequest, against, bound: Bound::AtMost(factor) }
}

const BEST_PEER: Against = Against::Peers("");

/// The floor of every Python row: being fast must not cost those who wait.
const P99: Floor = Floor { measure: Measure::P99AtEqualLoad, against: BEST_PEER, bound: Bound::AtMost(1.1) };

const fn get(expected: &'static [(&'static str, &'static str)]) -> Load {
    Load::of(Sends::Http(Request { method: "GET", body_bytes: 0, paths: expected }))
}

const ECHO_BODY_BYTES: usize = 10 * 1024;

const ECHO: Load = Load::of(Sends::Http(Request {
    method: "POST",
    body_bytes: ECHO_BODY_BYTES,
    paths: &[("/", "xxxxxxxxxx")],
}));

/// Of the row whose handler sleeps 10 ms: what so many connections can be answered at most.
const SLEEP_CONNECTIONS: u32 = 512;
const SLEEP_POSSIBLE: f64 = SLEEP_CONNECTIONS as f64 / 0.010;

const WEBSOCKET_CONTENDERS: &[Contender] = &[
    Contender::UvicornWebSocket("websocket_app:app"),
    Contender::GranianWebSocket { runtime: GranianRuntime::SingleThreaded, target: "websocket_app:app" },
    Contender::GranianWebSocket { runtime: GranianRuntime::MultiThreaded, target: "websocket_app:app" },
    Contender::Gunicorn { worker: GunicornWorker::Asgi, target: "websocket_app:app" },
    Contender::Diglot(&["websocket_app:app"]),
];

/// All rows, in the order of the tables.
pub(crate) const ROWS: &[Row] = &[
    Row {
        id: "asgi-get",
        title: "raw ASGI, GET",
        language: Language::Python,
        load: get(&[("/", "Hello, world!")]),
        contenders: &[
            Contender::Uvicorn("asgi_app:app"),
            Contender::Granian { interface: "asgi", target: "asgi_app:app" },
            Contender::Diglot(&["asgi_app:app"]),
        ],
        limit: Some(Limit { interface: "asgi", target: "asgi_app:app" }),
        floors: &[rate(1.3, BEST_PEER), cpu(0.7, BEST_PEER), P99],
    },
    Row {
        id: "asgi-echo",
        title: "raw ASGI, POST echo of 10 KiB",
        language: Language::Python,
        load: ECHO,
        contenders: &[
            Contender::Uvicorn("asgi_app:app"),
            Contender::Granian { interface: "asgi", target: "asgi_app:app" },
            Contender::Diglot(&["asgi_app:app"]),
        ],
        limit: Some(Limit { interface: "asgi", target: "asgi_app:app" }),
        floors: &[rate(1.2, BEST_PEER), cpu(1.0, BEST_PEER), P99],
    },
    Row {
        id: "fastapi",
        title: "FastAPI, JSON",
        language: Language::Python,
        load: get(&[("/", r#"{"message":"Hello World"}"#)]),
        contenders: &[
            Contender::Uvicorn("fastapi_app:app"),
            Contender::Granian { interface: "asgi", target: "fastapi_app:app" },
            Contender::Diglot(&["fastapi_app:app"]),
        ],
        limit: Some(Limit { interface: "asgi", target: "fastapi_app:app" }),
        floors: &[rate(1.1, BEST_PEER), rate(0.92, Against::Limit), P99],
    },
    Row {
        id: "django-asgi",
        title: "Django on ASGI, JSON",
        language: Language::Python,
        load: get(&[("/async", r#"{"message": "Hello World"}"#)]),
        contenders: &[
            Contender::Uvicorn("django_app:asgi"),
            Contender::Granian { interface: "asgi", target: "django_app:asgi" },
            Contender::Diglot(&["django_app:asgi"]),
        ],
        limit: Some(Limit { interface: "asgi", target: "django_app:asgi" }),
        floors: &[rate(1.0, BEST_PEER), rate(0.97, Against::Limit), P99],
    },
    Row {
        id: "asgi-sleep",
        title: "ASGI of 10 ms, 512 connections",
        language: Language::Python,
        load: Load { connections: SLEEP_CONNECTIONS, ..get(&[("/", "Hello, world!")]) },
        contenders: &[
            Contender::Uvicorn("sleep_app:app"),
            Contender::Granian { interface: "asgi", target: "sleep_app:app" },
            Contender::Diglot(&["sleep_app:app"]),
        ],
        limit: None,
        floors: &[rate(0.9, Against::Possible(SLEEP_POSSIBLE)), P99],
    },
    Row {
        id: "ws-echo",
        title: "WebSocket echo",
        language: Language::Python,
        load: Load::of(Sends::WebSocketEcho),
        contenders: WEBSOCKET_CONTENDERS,
        limit: None,
        floors: &[rate(1.1, BEST_PEER), P99],
    },
    Row {
        id: "ws-broadcast",
        title: "WebSocket broadcast",
        language: Language::Python,
        load: Load { sends: Sends::WebSocketBroadcast, connections: 32 },
        contenders: WEBSOCKET_CONTENDERS,
        limit: None,
        floors: &[rate(1.0, BEST_PEER), cpu(0.9, BEST_PEER), P99],
    },
    Row {
        id: "wsgi",
        title: "raw WSGI, GET",
        language: Language::Python,
        load: get(&[("/", "Hello, world!")]),
        contenders: &[
            Contender::Gunicorn { worker: GunicornWorker::Sync, target: "wsgi_app:app" },
            Contender::Gunicorn { worker: GunicornWorker::Gthread, target: "wsgi_app:app" },
            Contender::Granian { interface: "wsgi", target: "wsgi_app:app" },
            Contender::Diglot(&["wsgi_app:app"]),
        ],
        limit: Some(Limit { interface: "wsgi", target: "wsgi_app:app" }),
        floors: &[rate(1.0, Against::Peers("granian")), P99],
    },
    Row {
        id: "flask",
        title: "Flask, JSON",
        language: Language::Python,
        load: get(&[("/", r#"{"message":"Hello World"}"#)]),
        contenders: &[
            Contender::Gunicorn { worker: GunicornWorker::Sync, target: "flask_app:app" },
            Contender::Gunicorn { worker: GunicornWorker::Gthread, target: "flask_app:app" },
            Contender::Granian { interface: "wsgi", target: "flask_app:app" },
            Contender::Diglot(&["flask_app:app"]),
        ],
        limit: Some(Limit { interface: "wsgi", target: "flask_app:app" }),
        floors: &[
            rate(0.9, Against::Limit),
            rate(1.0, Against::Peers("granian")),
            rate(3.0, Against::Peers("gunicorn")),
            P99,
        ],
    },
    Row {
        id: "django-wsgi",
        title: "Django on WSGI, JSON",
        language: Language::Python,
        load: get(&[("/", r#"{"message": "Hello World"}"#)]),
        contenders: &[
            Contender::Gunicorn { worker: GunicornWorker::Sync, target: "django_app:wsgi" },
            Contender::Gunicorn { worker: GunicornWorker::Gthread, target: "django_app:wsgi" },
            Contender::Granian { interface: "wsgi", target: "django_app:wsgi" },
            Contender::Diglot(&["django_app:wsgi"]),
        ],
        limit: Some(Limit { interface: "wsgi", target: "django_app:wsgi" }),
        floors: &[rate(1.0, BEST_PEER), rate(0.9, Against::Limit), P99],
    },
    Row {
        id: "http",
        title: "Node http, GET",
        language: Language::Node,
        load: get(&[("/", "Hello, world!")]),
        contenders: &[
            Contender::Node("http_app.js"),
            Contender::Bun("http_app.js"),
            Contender::Diglot(&["http_app.js"]),
        ],
        limit: None,
        floors: &[rate(1.25, BEST_PEER), cpu(0.8, BEST_PEER)],
    },
    Row {
        id: "http-echo",
        title: "Node http, POST echo of 10 KiB",
        language: Language::Node,
        load: ECHO,
        contenders: &[Contender::Node("echo_app.js"), Contender::Diglot(&["echo_app.js"])],
        limit: None,
        floors: &[rate(1.1, BEST_PEER)],
    },
    Row {
        id: "http-two",
        title: "Node http, two workers",
        language: Language::Node,
        load: get(&[("/", "Hello, world!")]),
        contenders: &[
            Contender::NodeCluster("cluster_app.js"),
            Contender::Diglot(&["http_app.js", "--workers", "2"]),
        ],
        limit: None,
        floors: &[rate(1.0, BEST_PEER)],
    },
    Row {
        id: "express",
        title: "Express",
        language: Language::Node,
        load: get(&[("/", "Hello World!")]),
        contenders: &[Contender::Node("express_app.js"), Contender::Diglot(&["express_app.js"])],
        limit: None,
        floors: &[rate(1.2, BEST_PEER)],
    },
    Row {
        id: "fastify",
        title: "Fastify, JSON",
        language: Language::Node,
        load: get(&[("/", r#"{"hello":"world"}"#)]),
        contenders: &[Contender::Node("fastify_app.js"), Contender::Diglot(&["fastify_app.js"])],
        limit: None,
        floors: &[rate(1.15, BEST_PEER)],
    },
    Row {
        id: "koa",
        title: "Koa",
        language: Language::Node,
        load: get(&[("/", "Hello World")]),
        contenders: &[Contender::Node("koa_app.js"), Contender::Diglot(&["koa_app.js"])],
        limit: None,
        floors: &[rate(1.1, BEST_PEER)],
    },
    Row {
        id: "hono",
        title: "Hono by fetch",
        language: Language::Node,
        load: get(&[("/", "Hello Hono!")]),
        contenders: &[
            Contender::Node("hono_node_server.js"),
            Contender::Bun("bun_hono.js"),
            Contender::Diglot(&["hono_app.js"]),
        ],
        limit: None,
        floors: &[rate(1.5, BEST_PEER)],
    },
    Row {
        id: "ws",
        title: "WebSocket echo by ws",
        language: Language::Node,
        load: Load::of(Sends::WebSocketEcho),
        contenders: &[Contender::Node("ws_app.js"), Contender::Diglot(&["ws_app.js"])],
        limit: None,
        floors: &[rate(0.95, BEST_PEER)],
    },
    Row {
        id: "pair",
        title: "both languages, half each",
        language: Language::Both,
        load: get(&[("/py", "Hello, world!"), ("/js", "Hello, world!")]),
        contenders: &[
            Contender::NginxPair { python: "asgi_app:app", node: "http_app.js" },
            Contender::Diglot(&["/py=asgi_app:app", "/js=http_app.js"]),
        ],
        limit: None,
        floors: &[rate(2.5, BEST_PEER)],
    },
    Row {
        id: "front",
        title: "the front alone",
        language: Language::Neither,
        load: get(&[("/", "Hello, World!")]),
        contenders: &[Contender::NginxReturn, Contender::FrontAlone],
        limit: None,
        floors: &[cpu(1.3, BEST_PEER)],
    },
];
