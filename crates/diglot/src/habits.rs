//! Answers to what other servers have taught people to type: clap knows which words are wrong, and not why.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

const NODE_ENDINGS: [&str; 3] = [".js", ".mjs", ".cjs"];

const NO_TLS: &str = "TLS has not come yet: let a proxy end it, and pass on plain HTTP";
const NO_HTTP2: &str = "HTTP/2 has not come yet: requests are HTTP/1.1";
const NO_RELOAD: &str = "restarting on change has not come yet; the signal SIGHUP restarts the workers";
const NO_METRICS: &str = "metrics have not come yet";
const NO_SYSLOG: &str = "the log goes to stderr: let systemd or the container take it from there";
const NO_LOGGING: &str =
    "set up logging in the application; Diglot's own lines have `log_level` under [server]";
const OWN_PARSER: &str = "there is one HTTP/1 parser, which is strict; leave this out";
const OWN_THREADS: &str =
    "leave this out: the server's threads are `threads` under [server], and workers have one event loop each";
const SUPERVISED: &str =
    "leave this out: a worker that fails is always replaced, later and later if it goes on failing";

/// Options of uvicorn, gunicorn and Granian that Diglot has as keys of its file, and what to write there.
const KEYS: &[(&[&str], &str)] = &[
    (&["--threads", "--blocking-threads"], "under [services.NAME]: threads = 8"),
    (
        &["--interface"],
        "it is found by looking; where it cannot be, under [services.NAME]: interface = \"wsgi\"",
    ),
    (&["--loop", "--asgi-loop"], "under [services.NAME]: loop = \"uvloop\""),
    (&["--lifespan", "--asgi-lifespan"], "under [services.NAME]: lifespan = \"on\""),
    (&["--env", "-e"], "under [services.NAME]: env = { NAME = \"value\" }"),
    (&["--pythonpath"], "set PYTHONPATH, or under [services.NAME]: env = { PYTHONPATH = \"src\" }"),
    (&["--limit-max-requests", "--max-requests"], "under [services.NAME]: max_requests = 10_000"),
    (
        &["--limit-max-requests-jitter", "--max-requests-jitter"],
        "under [services.NAME]: max_requests_jitter = 1_000",
    ),
    (&["--workers-lifetime"], "under [services.NAME]: lifetime = \"12h\""),
    (&["--workers-max-rss"], "under [services.NAME]: memory = \"1 GiB\""),
    (
        &["--limit-concurrency", "--backpressure", "--worker-connections"],
        "under [services.NAME]: concurrency = 100 (requests in flight of a worker) and queue = 0 (no waiting, 503 at once)",
    ),
    (
        &["--forwarded-allow-ips"],
        "set FORWARDED_ALLOW_IPS, or under [server]: trusted_proxies = [\"10.0.0.0/8\"]",
    ),
    (
        &["--proxy-headers"],
        "leave this out: they are believed from trusted_proxies (under [server]), which is this machine by default",
    ),
    (&["--no-proxy-headers"], "under [server]: trusted_proxies = []"),
    (&["--uds-permissions", "--umask", "-m"], "under [server]: socket_mode = \"660\""),
    (&["--user", "-u"], "under [server]: user = \"www-data\""),
    (&["--group", "-g"], "under [server]: group = \"www-data\""),
    (&["--pid", "--pid-file"], "under [server]: pidfile = \"/run/diglot.pid\""),
    (&["-p"], "a port is `--port 8000`; a pid file is, under [server] in diglot.toml, pidfile = \"/run/diglot.pid\""),
    (&["--backlog"], "under [server.limits]: backlog = 2048"),
    (&["--limit-request-line"], "under [server.limits]: request_line = 4094"),
    (&["--limit-request-fields"], "under [server.limits]: header_count = 100"),
    (
        &["--limit-request-field_size", "--h11-max-incomplete-event-size", "--http1-buffer-size"],
        "under [server.limits]: headers = \"32 KiB\" (of the whole head)",
    ),
    (&["--timeout-keep-alive", "--keep-alive"], "under [server.timeouts]: idle = \"75s\""),
    (&["--http1-header-read-timeout"], "under [server.timeouts]: header_read = \"30s\""),
    (
        &["--timeout-graceful-shutdown", "--graceful-timeout", "--workers-kill-timeout"],
        "under [server.timeouts]: grace = \"30s\"",
    ),
    (
        &["--timeout", "-t", "--timeout-worker-healthcheck"],
        "under [services.NAME.timeouts]: heartbeat = \"30s\" (a worker that gives no sign of life for so long is replaced)",
    ),
    (&["--ws-max-size", "--websocket-max-message-size"], "under [server.websocket]: message = \"16 MiB\""),
    (&["--ws-ping-interval"], "under [server.websocket]: ping_interval = \"20s\""),
    (&["--ws-ping-timeout"], "under [server.websocket]: ping_timeout = \"20s\""),
    (&["--ws-per-message-deflate"], "under [server.websocket]: compression = false"),
    (
        &["--access-logfile"],
        "`--access-log` writes it to stderr; for JSON, under [server]: access_log = \"json\"",
    ),
    (&["--chdir", "--working-dir"], "write '--app-dir FOLDER'"),
];

/// Options that have no counterpart, and what to do without.
const NONE: &[(&[&str], &str)] = &[
    (
        &[
            "--reload",
            "--watch",
            "--reload-dir",
            "--reload-include",
            "--reload-exclude",
            "--reload-delay",
            "--reload-engine",
            "--reload-extra-file",
            "--reload-paths",
            "--reload-tick",
        ],
        NO_RELOAD,
    ),
    (
        &[
            "--ssl-keyfile",
            "--ssl-certfile",
            "--ssl-certificate",
            "--ssl-keyfile-password",
            "--ssl-version",
            "--ssl-cert-reqs",
            "--ssl-ca-certs",
            "--ssl-ca",
            "--ssl-ciphers",
            "--keyfile",
            "--certfile",
            "--cert-reqs",
            "--ca-certs",
            "--ciphers",
        ],
        NO_TLS,
    ),
    (&["--http2", "--http-protocols"], NO_HTTP2),
    (&["--http", "--http-parser"], OWN_PARSER),
    (
        &["--ws", "--no-ws"],
        "leave this out: the server speaks WebSocket itself, with applications that accept it",
    ),
    (
        &["--ws-max-queue"],
        "leave this out: a client is slowed down when the application does not take its messages",
    ),
    (&["--log-config", "--log-config-json", "--logger-class"], NO_LOGGING),
    (&["--log-file", "--error-logfile", "--log-syslog", "--log-syslog-to"], NO_SYSLOG),
    (
        &["--access-logformat", "--access-log-fmt"],
        "its format is fixed; for JSON, under [server]: access_log = \"json\"",
    ),
    (&["--use-colors", "--no-use-colors"], "leave this out: the log has no colours"),
    (
        &["--server-header", "--no-server-header"],
        "leave this out: no Server header is sent but the application's own",
    ),
    (
        &["--date-header", "--no-date-header"],
        "leave this out: Date is sent, as RFC 9110 asks, or the application's own",
    ),
    (&["--header"], "let the application set it, in a middleware"),
    (&["--worker-class", "-k"], "leave this out: ASGI and WSGI are told apart by looking"),
    (
        &["--preload"],
        "leave this out: each worker loads the application by itself, so that none shares sockets with another",
    ),
    (&["--daemon", "-D"], "leave this out, and let systemd or the container keep it"),
    (&["--name", "-n", "--process-name"], "leave this out: the log names each worker's process id"),
    (&["--runtime-threads", "--runtime-mode", "--runtime-blocking-threads", "--task-impl"], OWN_THREADS),
    (&["--respawn-failed-workers", "--respawn-interval"], SUPERVISED),
    (&["--metrics", "--statsd-host"], NO_METRICS),
    (
        &["--static-path-mount", "--static-path-route"],
        "static files have not come yet: let the application or a proxy serve them",
    ),
    (
        &["--proxy-protocol"],
        "the PROXY protocol has not come yet; X-Forwarded-For is believed from trusted_proxies",
    ),
    (&["--check-config"], "write `diglot check`"),
];

/// The error with advice of ours, where the words that were typed tell what was wanted.
pub(crate) fn explain(mut error: Error) -> Error {
    let words: Vec<String> =
        std::env::args_os().map(|word| word.to_string_lossy().into_owned()).skip(1).collect();
    let Some(advice) = advice(&error, &words) else { return error };
    error.remove(ContextKind::SuggestedSubcommand);
    error.remove(ContextKind::SuggestedArg);
    error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![advice.into()]));
    error
}

fn advice(error: &Error, words: &[String]) -> Option<String> {
    let context = |kind: ContextKind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let word = context(ContextKind::InvalidSubcommand)?;
            looks_like_an_entry(word).then(|| format!("to run it: diglot serve {}", words.join(" ")))
        }
        ErrorKind::UnknownArgument => {
            let option = context(ContextKind::InvalidArg)?;
            let option = option.split('=').next().unwrap_or(option);
            let find = |table: &'static [(&[&str], &str)]| {
                table.iter().find(|(options, _)| options.contains(&option)).map(|(_, words)| *words)
            };
            match find(KEYS) {
                Some(key) if key.starts_with("under ") => Some(format!("in diglot.toml, {key}")),
                Some(key) => Some(key.to_owned()),
                None => find(NONE).map(str::to_owned),
            }
        }
        _ => None,
    }
}

/// `main:app`, `server.js`, `api/main.py`, `/api=api.main:app`.
fn looks_like_an_entry(word: &str) -> bool {
    word.contains(':') || word.ends_with(".py") || NODE_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_option_has_one_answer() {
        let mut options: Vec<&str> =
            KEYS.iter().chain(NONE).flat_map(|(options, _)| options.iter().copied()).collect();
        let count = options.len();
        options.sort_unstable();
        options.dedup();
        assert_eq!(options.len(), count);
    }
}
