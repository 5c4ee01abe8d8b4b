//! Answers to what other servers have taught people to type: clap knows which words are wrong, and not why.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

const NODE_ENDINGS: [&str; 3] = [".js", ".mjs", ".cjs"];

const NO_TLS: &str = "TLS has not come yet: let a proxy end it, and pass on plain HTTP";
const NO_HTTP2: &str = "HTTP/2 has not come yet: requests are HTTP/1.1";
const NO_RELOAD: &str = "restarting on change has not come yet; the signal SIGHUP restarts the workers";
const NO_METRICS: &str = "metrics have not come yet";
const ONE_LOG: &str = "the log goes to stderr: let systemd or the container take it from there";
const NO_LOGGING: &str =
    "set up logging in the application; Diglot's own lines have `log_level` under [server]";
const OWN_PARSER: &str = "there is one HTTP/1 parser, which is strict; leave this out";

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
    (
        &["-p"],
        "a port is `--port 8000`; a pid file is, under [server] in diglot.toml, pidfile = \"/run/diglot.pid\"",
    ),
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

/// Options that have no counterpart, and what to do without. A star stands for the rest of an option's name.
const NONE: &[(&[&str], &str)] = &[
    (&["--reload*", "--no-reload*", "--watch"], NO_RELOAD),
    (
        &[
            "--ssl-*",
            "--no-ssl-*",
            "--keyfile",
            "--certfile",
            "--cert-reqs",
            "--ca-certs",
            "--ciphers",
            "--suppress-ragged-eofs",
            "--do-handshake-on-connect",
        ],
        NO_TLS,
    ),
    (&["--http2*", "--no-http2*", "--http-protocols"], NO_HTTP2),
    (
        &[
            "--http",
            "--http-parser",
            "--permit-*",
            "--strip-header-spaces",
            "--casefold-http-method",
            "--http1-*",
            "--no-http1-*",
        ],
        OWN_PARSER,
    ),
    (
        &["--ws", "--no-ws"],
        "leave this out: the server speaks WebSocket itself, with applications that accept it",
    ),
    (
        &["--ws-max-queue"],
        "leave this out: a client is slowed down when the application does not take its messages",
    ),
    (&["--log-config", "--log-config-json", "--logger-class"], NO_LOGGING),
    (
        &[
            "--log-file",
            "--error-logfile",
            "--log-syslog*",
            "--disable-redirect-access-to-syslog",
            "--capture-output",
            "--enable-stdio-inheritance",
            "-R",
        ],
        ONE_LOG,
    ),
    (&["--log", "--no-log"], "write '--log-level error'"),
    (
        &["--access-logformat", "--access-log-fmt"],
        "its format is fixed; for JSON, under [server] in diglot.toml: access_log = \"json\"",
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
    (
        &["--forwarder-headers", "--header-map"],
        "leave this out: names with `_` are dropped, so that no client can forge what a proxy says",
    ),
    (&["--worker-class", "-k"], "leave this out: ASGI and WSGI are told apart by looking"),
    (
        &["--preload"],
        "leave this out: each worker loads the application by itself, so that none shares sockets with another",
    ),
    (
        &["--reuse-port"],
        "leave this out: several servers share a port by '--listen fd:N' or '--listen systemd'",
    ),
    (&["--daemon", "-D"], "leave this out, and let systemd or the container keep it"),
    (&["--name", "-n", "--process-name"], "leave this out: the log names each worker's process id"),
    (
        &["--runtime-*", "--task-impl", "--blocking-threads-idle-timeout"],
        "leave this out: the server's threads are `threads` under [server] in diglot.toml, and workers have one event \
         loop each",
    ),
    (
        &["--respawn-*", "--no-respawn-*"],
        "leave this out: a worker that fails is always replaced, later and later if it goes on failing",
    ),
    (&["--rss-*"], "leave this out: `memory` is looked at every 5 s"),
    (&["--metrics*", "--no-metrics", "--statsd-*", "--dogstatsd-*", "--enable-backlog-metric"], NO_METRICS),
    (&["--static-path-*"], "static files have not come yet: let the application or a proxy serve them"),
    (
        &["--proxy-protocol", "--proxy-allow-from"],
        "the PROXY protocol has not come yet; X-Forwarded-For is believed from trusted_proxies",
    ),
    (&["--protocol", "--uwsgi-*"], "leave this out: clients and proxies speak HTTP"),
    (&["--check-config", "--print-config"], "write `diglot check`"),
    (&["--paste*", "--paster"], "call paste.deploy.loadapp in a module, and name what it returns"),
    (&["--dirty-*"], "give what is slow a service of its own"),
    (&["--control-socket*", "--no-control-socket"], "leave this out: nothing is served there yet"),
    (&["--worker-tmp-dir"], "leave this out: a worker's signs of life go over its link"),
    (&["--asgi-disconnect-grace-period"], "leave this out: who goes on after its client has left is let"),
    (
        &["--reset-contextvars"],
        "leave this out: each request has a context of its own, a copy of the lifespan's",
    ),
    (&["--initgroups"], "leave this out: the further groups of `user` are always taken"),
    (&["--no-sendfile", "--no-factory"], "leave this out"),
    (&["--spew"], "write `python -m trace` before the application, without Diglot"),
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
            answer(option)
        }
        _ => None,
    }
}

/// What to write instead of an option of another server.
fn answer(option: &str) -> Option<String> {
    let is_it = |known: &&str| match known.strip_suffix('*') {
        Some(start) => option.starts_with(start),
        None => *known == option,
    };
    let find = |table: &'static [(&[&str], &'static str)]| {
        table.iter().find(|(options, _)| options.iter().any(is_it)).map(|(_, words)| *words)
    };
    match find(KEYS) {
        Some(key) if key.starts_with("under ") => Some(format!("in diglot.toml, {key}")),
        Some(key) => Some(key.to_owned()),
        None => find(NONE).map(str::to_owned),
    }
}

/// `main:app`, `server.js`, `api/main.py`, `/api=api.main:app`.
fn looks_like_an_entry(word: &str) -> bool {
    word.contains(':') || word.ends_with(".py") || NODE_ENDINGS.iter().any(|ending| word.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::arguments::Arguments;

    #[test]
    fn each_option_has_one_answer() {
        let mut options: Vec<&str> =
            KEYS.iter().chain(NONE).flat_map(|(options, _)| options.iter().copied()).collect();
        let count = options.len();
        options.sort_unstable();
        options.dedup();
        assert_eq!(options.len(), count);
    }

    /// The page has every option of the three servers in the first column of its tables.
    #[test]
    fn every_option_of_the_migration_page_is_taken_or_answered() {
        let page = include_str!("../../../docs/migrating.md");
        let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
        let words = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let options: Vec<&str> =
            words.filter(|word| word.starts_with('-')).filter_map(|word| word.split(' ').next()).collect();
        assert!(options.len() > 200, "{options:?}");
        let command = Arguments::command();
        let serve = command.find_subcommand("serve").expect("there is one");
        let takes = |option: &str| {
            serve.get_arguments().any(|argument| {
                let long = argument.get_long_and_visible_aliases().unwrap_or_default();
                let hidden = argument.get_all_aliases().unwrap_or_default();
                let short = argument.get_short().map(|short| format!("-{short}"));
                let is_long = |name: &&str| option.strip_prefix("--") == Some(*name);
                long.iter().chain(&hidden).any(is_long) || short.as_deref() == Some(option)
            })
        };
        let open = |option: &&&str| {
            !takes(option) && answer(option).is_none() && !["-v", "--version", "-c"].contains(*option)
        };
        let open: Vec<&&str> = options.iter().filter(open).collect();
        assert_eq!(open, [] as [&&str; 0]);
    }
}
