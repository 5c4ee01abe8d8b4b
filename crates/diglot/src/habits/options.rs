//! The options of uvicorn, gunicorn and Granian that Diglot does not have, and what to write in their place.
//!
//! A value that was typed is taken over, as the file writes it: who copies the line has said what they mean.

const NO_TLS: &str = "TLS has not come yet: let a proxy end it, and pass on plain HTTP";
const NO_HTTP2: &str = "HTTP/2 has not come yet: requests are HTTP/1.1";
const NO_RELOAD: &str = "restarting on change has not come yet; the signal SIGHUP restarts the workers";
const NO_METRICS: &str = "metrics have not come yet";
const ONE_LOG: &str = "the log goes to stderr: let systemd or the container take it from there";
const NO_LOGGING: &str =
    "set up logging in the application; Diglot's own lines have `log_level` under [server]";
const CONFIG_FILE: &str = "write '--config FILE' for a diglot.toml; a gunicorn.conf.py is Python, which the server does not \
                           run: docs/migrating.md has the key for each of its settings";
const OWN_PARSER: &str = "there is one HTTP/1 parser, which is strict; leave this out";

/// How the value of another server's option is written here, with an example for where none was typed that will do.
#[derive(Clone, Copy)]
enum Typed {
    /// Nothing is taken over.
    Nothing,
    Number(&'static str),
    Boolean(&'static str),
    /// A number of seconds, as a time with its unit.
    Seconds(&'static str),
    /// A number of milliseconds, the same.
    Milliseconds(&'static str),
    /// Seconds, where 0 stands for never.
    SecondsOrNever(&'static str),
    /// A number of MiB, as a size.
    Mebibytes(&'static str),
    Text(&'static str),
    /// A word that stays without quotes.
    Word(&'static str),
    OneOf(&'static [&'static str]),
    /// `NAME=value`, as a table.
    Variable,
    /// Addresses between commas, as an array.
    Proxies,
    Mode,
    /// What a file of those permissions lacks.
    Umask,
}

/// Options of uvicorn, gunicorn and Granian that Diglot has as keys of its file, and what to write there. `{}` stands
/// for the value.
const KEYS: &[(&[&str], &str, Typed)] = &[
    (&["--threads", "--blocking-threads"], "under [services.NAME]: threads = {}", Typed::Number("8")),
    (
        &["--interface"],
        "it is found by looking; where it cannot be, under [services.NAME]: interface = {}",
        Typed::OneOf(&["asgi", "wsgi"]),
    ),
    (
        &["--loop", "--asgi-loop"],
        "under [services.NAME]: loop = {}",
        Typed::OneOf(&["uvloop", "asyncio", "auto"]),
    ),
    (
        &["--lifespan", "--asgi-lifespan"],
        "under [services.NAME]: lifespan = {}",
        Typed::OneOf(&["on", "off", "auto"]),
    ),
    (&["--env", "-e"], "under [services.NAME]: env = {}", Typed::Variable),
    (
        &["--pythonpath"],
        "set PYTHONPATH, or under [services.NAME]: env = { PYTHONPATH = {} }",
        Typed::Text("src"),
    ),
    (
        &["--limit-max-requests", "--max-requests"],
        "under [services.NAME]: max_requests = {}",
        Typed::Number("10_000"),
    ),
    (
        &["--limit-max-requests-jitter", "--max-requests-jitter"],
        "under [services.NAME]: max_requests_jitter = {}",
        Typed::Number("1_000"),
    ),
    (&["--workers-lifetime"], "under [services.NAME]: lifetime = {}", Typed::Seconds("12h")),
    (&["--workers-max-rss"], "under [services.NAME]: memory = {}", Typed::Mebibytes("1 GiB")),
    (
        &["--limit-concurrency", "--backpressure", "--worker-connections"],
        "under [services.NAME]: concurrency = {} (requests in flight of a worker) and queue = 0 (no waiting, 503 at once)",
        Typed::Number("100"),
    ),
    (
        &["--forwarded-allow-ips"],
        "set the variable FORWARDED_ALLOW_IPS to that, or under [server]: trusted_proxies = {}",
        Typed::Proxies,
    ),
    (
        &["--proxy-headers"],
        "leave this out: they are believed from trusted_proxies (under [server]), which is this machine by default",
        Typed::Nothing,
    ),
    (&["--no-proxy-headers"], "under [server]: trusted_proxies = []", Typed::Nothing),
    (&["--uds-permissions", "--socket-mode"], "under [server]: socket_mode = {}", Typed::Mode),
    (&["--umask", "-m"], "for Unix sockets, under [server]: socket_mode = {}", Typed::Umask),
    (&["--user", "-u"], "under [server]: user = {}", Typed::Text("www-data")),
    (&["--group", "-g"], "under [server]: group = {}", Typed::Text("www-data")),
    (&["--pid", "--pid-file"], "under [server]: pidfile = {}", Typed::Text("/run/diglot.pid")),
    (
        &["-p"],
        "a port is `--port 8000`; a pid file is, under [server] in diglot.toml, pidfile = \"/run/diglot.pid\"",
        Typed::Nothing,
    ),
    (&["--backlog"], "under [server.limits]: backlog = {}", Typed::Number("2048")),
    (&["--limit-request-line"], "under [server.limits]: request_line = {}", Typed::Number("4094")),
    (&["--limit-request-fields"], "under [server.limits]: header_count = {}", Typed::Number("100")),
    (
        &["--limit-request-field_size"],
        "under [server.limits]: headers = \"32 KiB\" (of the whole head)",
        Typed::Nothing,
    ),
    (
        &["--h11-max-incomplete-event-size", "--http1-buffer-size"],
        "under [server.limits]: headers = {} (bytes of the whole head, at most 65_536)",
        Typed::Number("32_768"),
    ),
    (&["--timeout-keep-alive", "--keep-alive"], "under [server.timeouts]: idle = {}", Typed::Seconds("75s")),
    (
        &["--http1-header-read-timeout"],
        "under [server.timeouts]: header_read = {}",
        Typed::Milliseconds("30s"),
    ),
    (
        &["--timeout-graceful-shutdown", "--graceful-timeout", "--workers-kill-timeout"],
        "under [server.timeouts]: grace = {}",
        Typed::Seconds("30s"),
    ),
    (
        &["--timeout", "-t", "--timeout-worker-healthcheck"],
        "under [services.NAME.timeouts]: heartbeat = {} (a worker that gives no sign of life for so long is replaced)",
        Typed::SecondsOrNever("30s"),
    ),
    (
        &["--ws-max-size", "--websocket-max-message-size"],
        "under [server.websocket]: message = {} (bytes)",
        Typed::Number("16_777_216"),
    ),
    (&["--ws-ping-interval"], "under [server.websocket]: ping_interval = {}", Typed::SecondsOrNever("20s")),
    (&["--ws-ping-timeout"], "under [server.websocket]: ping_timeout = {}", Typed::Seconds("20s")),
    (&["--ws-per-message-deflate"], "under [server.websocket]: compression = {}", Typed::Boolean("false")),
    (
        &["--access-logfile"],
        "`--access-log` writes it to stderr; for JSON, under [server]: access_log = \"json\"",
        Typed::Nothing,
    ),
    (&["--chdir", "--working-dir"], "write '--app-dir {}'", Typed::Word("FOLDER")),
    (&["-c"], CONFIG_FILE, Typed::Nothing),
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
    (&["--log-file", "--error-logfile", "--log-syslog*", "--disable-redirect-access-to-syslog"], ONE_LOG),
    (
        &["--capture-output", "-R", "--enable-stdio-inheritance"],
        "leave this out, it is always so: each line of a worker is logged with its service",
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

/// What to write instead of an option of another server that was typed with a value.
pub(super) fn answer(option: &str, value: Option<&str>) -> Option<String> {
    let is_it = |known: &&str| match known.strip_suffix('*') {
        Some(start) => option.starts_with(start),
        None => *known == option,
    };
    let key = KEYS.iter().find(|(options, ..)| options.iter().any(is_it));
    let Some((_, words, typed)) = key else {
        let (_, words) = NONE.iter().find(|(options, _)| options.iter().any(is_it))?;
        return Some((*words).to_owned());
    };
    let words = words.replacen("{}", &typed.written(value), 1);
    let is_place = words.contains("under [") && !words.starts_with("leave this out");
    Some(match is_place && !words.contains("diglot.toml") {
        true => words.replacen("under [", "in diglot.toml, under [", 1),
        false => words,
    })
}

impl Typed {
    /// The value as a key's, or the example.
    fn written(self, value: Option<&str>) -> String {
        let quoted = |text: &str| format!("{text:?}");
        let value = value.unwrap_or_default();
        let number = value.parse::<u64>().ok().filter(|number| *number > 0);
        match self {
            Self::Nothing => String::new(),
            Self::Number(example) => number.map_or(example.to_owned(), |number| number.to_string()),
            Self::Boolean(example) => match value.to_ascii_lowercase().as_str() {
                "true" | "1" | "yes" | "on" => "true".to_owned(),
                "false" | "0" | "no" | "off" => "false".to_owned(),
                _ => example.to_owned(),
            },
            Self::SecondsOrNever(_) if value.parse() == Ok(0.0) => quoted("none"),
            Self::Seconds(example) | Self::SecondsOrNever(example) => match value.parse::<f64>() {
                Ok(_) if number.is_some() => quoted(&format!("{value}s")),
                // Half a second, and so on: what is not finite is no time.
                Ok(seconds) if (0.001..1e9).contains(&seconds) => {
                    quoted(&format!("{:.0}ms", seconds * 1_000.0))
                }
                _ => quoted(example),
            },
            Self::Milliseconds(example) => quoted(&number.map_or(example.to_owned(), |ms| format!("{ms}ms"))),
            Self::Mebibytes(example) => {
                quoted(&number.map_or(example.to_owned(), |size| format!("{size} MiB")))
            }
            Self::Text(example) => quoted(if value.is_empty() { example } else { value }),
            Self::Word(example) => if value.is_empty() { example } else { value }.to_owned(),
            Self::OneOf(words) => {
                quoted(words.iter().find(|word| **word == value).or(words.first()).unwrap_or(&""))
            }
            Self::Variable => match value.split_once('=') {
                Some((name, value)) => format!("{{ {name} = {value:?} }}"),
                None => "{ NAME = \"value\" }".to_owned(),
            },
            Self::Proxies => {
                let proxies = value.split(',').map(str::trim).filter(|proxy| !proxy.is_empty());
                let proxies: Vec<String> = proxies.map(quoted).collect();
                match proxies.is_empty() {
                    true => "[\"10.0.0.0/8\"]".to_owned(),
                    false => format!("[{}]", proxies.join(", ")),
                }
            }
            Self::Mode | Self::Umask => {
                let octal = value.strip_prefix("0o").unwrap_or(value);
                let bits = u32::from_str_radix(octal, 8).ok().filter(|bits| *bits <= 0o777);
                let bits = bits.map(|bits| if matches!(self, Self::Umask) { 0o777 & !bits } else { bits });
                quoted(&format!("{:03o}", bits.unwrap_or(0o660)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use diglot_config::{Environment, Problem, resolve};

    use super::*;

    #[test]
    fn each_option_has_one_answer() {
        let keys = KEYS.iter().map(|(options, ..)| options);
        let mut options: Vec<&str> = keys
            .chain(NONE.iter().map(|(options, _)| options))
            .flat_map(|options| options.iter().copied())
            .collect();
        let count = options.len();
        options.sort_unstable();
        options.dedup();
        assert_eq!(options.len(), count);
    }

    /// A person copies the line into the file.
    #[test]
    fn every_key_is_one_that_the_file_takes() {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Environment { cwd: folder.path().to_owned(), ..Environment::default() };
        let mut checked = 0;
        for (options, ..) in KEYS {
            for value in [None, Some("4096")] {
                let said = answer(options[0], value).expect("it is known");
                let Some((table, line)) =
                    said.split_once("under [").and_then(|(_, rest)| rest.split_once("]: "))
                else {
                    continue;
                };
                let line = line.split(" (").next().unwrap_or(line);
                let text = format!("[{table}]\n{line}\n");
                fs::write(folder.path().join("diglot.toml"), &text).expect("a file");
                let resolution = resolve(&diglot_config::Arguments::default(), &environment).expect("a file");
                let is_misread =
                    |problem: &&Problem| problem.line() == Some(2) && !problem.message.contains("4096");
                let misread: Vec<&Problem> = resolution.problems.iter().filter(is_misread).collect();
                assert!(misread.is_empty(), "{text}{misread:?}");
                checked += 1;
            }
        }
        assert!(checked > 50, "{checked}");
    }

    #[test]
    fn values_are_taken_over() {
        let check = |option: &str, value: &str, expect: &str| {
            let said = answer(option, Some(value)).expect("it is known");
            assert!(said.contains(expect), "{option} {value}: {said}");
        };
        check("--lifespan", "off", "lifespan = \"off\"");
        check("--lifespan", "main:app", "lifespan = \"on\"");
        check("--timeout", "60", "heartbeat = \"60s\"");
        check("--timeout", "0", "heartbeat = \"none\"");
        check("--timeout", "inf", "heartbeat = \"30s\"");
        check("--ws-ping-interval", "0.5", "ping_interval = \"500ms\"");
        check("--graceful-timeout", "0", "grace = \"30s\"");
        check("--http1-header-read-timeout", "5000", "header_read = \"5000ms\"");
        check("--threads", "4", "threads = 4");
        check("--threads", "main:app", "threads = 8");
        check("--forwarded-allow-ips", "*", "trusted_proxies = [\"*\"]");
        check("--forwarded-allow-ips", "10.0.0.1, ::1", "trusted_proxies = [\"10.0.0.1\", \"::1\"]");
        check("-e", "A=b=c", "env = { A = \"b=c\" }");
        check("--umask", "007", "socket_mode = \"770\"");
        check("--uds-permissions", "0o600", "socket_mode = \"600\"");
        check("--ws-per-message-deflate", "true", "compression = true");
        check("--workers-max-rss", "512", "memory = \"512 MiB\"");
        check("--user", "www", "in diglot.toml, under [server]: user = \"www\"");
        check("--chdir", "src", "'--app-dir src'");
        check("-c", "gunicorn.conf.py", "migrating.md");
    }
}
