//! Values and defaults, and who wins where two say something.

use std::time::Duration;

use super::Machine;
use crate::*;

pub(super) fn config(resolution: Resolution) -> Config {
    match resolution.config {
        Some(config) => config,
        None => panic!("{}", render(&resolution.problems, false)),
    }
}

#[test]
fn nothing_given() {
    let machine = Machine::new();
    let nothing = resolve(&Arguments::default(), &machine.environment).expect_err("nothing to serve");
    assert_eq!(nothing.looked_for, machine.path("project/diglot.toml"));
}

pub(super) fn python(config: &Config) -> &PythonEntry {
    match &config.services[0].entry {
        Entry::Python(python) => python,
        Entry::Node(node) => panic!("{node:?}"),
    }
}

#[test]
fn defaults() {
    let machine = Machine::new();
    let config = config(machine.with_file("[services.api]\nentry = \"main:app\"\n"));
    assert_eq!(config.base, machine.path("project"));
    assert_eq!(config.source, Some(machine.path("project/diglot.toml")));
    assert_eq!(
        config.server,
        Server {
            listen: vec![Listen::Tcp(([127, 0, 0, 1], 8000).into())],
            threads: None,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            socket_mode: 0o666,
            identity: None,
            pidfile: None,
            access_log: AccessLog::Off,
            log_level: LogLevel::Info,
            trusted_proxies: TrustedProxies::default(),
            websocket: WebSocket::default(),
            control: None,
        }
    );
    assert_eq!(
        config.services,
        [Service {
            name: "api".to_owned(),
            entry: Entry::Python(PythonEntry {
                target: PythonTarget::Module {
                    module: "main".to_owned(),
                    attr: Some("app".to_owned()),
                    call: false
                },
                interpreter: machine.path("usr/bin/python3"),
                venv: None,
                interface: None,
                threads: None,
                event_loop: EventLoop::Auto,
                lifespan: Lifespan::Auto,
                asgi_spec: AsgiSpec::V2_3,
                pathsend: false,
            }),
            root: machine.path("project"),
            routes: vec![Route::everything()],
            routing: Routing::Default,
            workers: 1,
            max_requests: None,
            max_requests_jitter: 0,
            lifetime: None,
            memory_bytes_max: None,
            strip: false,
            root_path: String::new(),
            described_at: DescribedAt::Usual,
            env: [].into(),
            port: None,
            concurrency: Service::CONCURRENCY_DEFAULT,
            concurrency_on_threads: Service::CONCURRENCY_ON_THREADS_MIN,
            queue: Service::QUEUE_DEFAULT,
            queue_timeout: Service::QUEUE_TIMEOUT_DEFAULT,
            body_bytes_max: Limits::default().body_bytes_max,
            start_timeout: Timeouts::default().start,
            heartbeat: Timeouts::default().heartbeat,
            types: Some(machine.path("project/diglot_services.py")),
            types_are_named: false,
        }]
    );
}

#[test]
fn every_key() {
    let machine = Machine::new();
    machine
        .venv("project/api/env")
        .file("project/api/main.py", "")
        .file("project/api/.env", "A=file\nB=file\n");
    let text = r#"
        [server]
        listen = ["127.0.0.1:0", "unix:run.sock"]
        threads = 2
        socket_mode = "660"
        group = "7777"
        user = "6666"
        pidfile = "run/diglot.pid"
        access_log = "json"
        log_level = "debug"
        trusted_proxies = "10.0.0.0/8"
        control = "control.sock"
        limits = { request_line = 4_096, headers = "64 KiB", header_count = 0x20, body = "none", connections = 10, backlog = 128 }
        timeouts = { header_read = "1s", idle = "2s", body = "3s", write = "4s", grace = "5s", start = "6s", heartbeat = "7s" }
        websocket = { message = "none", compression = false, ping_interval = "8s", ping_timeout = "9s" }

        [services.web]
        entry = "server.js"
        node = "node"
        node_args = "--enable-source-maps"
        inspect = "9230"
        port = 3000

        [services.api]
        root = "api"
        entry = "./main.py:make()"
        routes = ["/api", "example.com/shop/"]
        workers = 3
        max_requests = 10_000
        lifetime = "12h"
        memory = "1 GiB"
        strip = true
        root_path = "/shop/"
        env = { A = "table" }
        env_file = ".env"
        venv = "env"
        interface = "wsgi"
        threads = 4
        loop = "asyncio"
        lifespan = "off"
        asgi_spec = "2.5"
        pathsend = true
        concurrency = 5
        queue = 0
        queue_timeout = "500ms"
        limits = { body = "1 MiB" }
        timeouts = { start = "5m", heartbeat = "none" }
    "#;
    let Config { server, services, .. } = config(machine.with_file(text));
    let seconds = Duration::from_secs;
    assert_eq!(
        server,
        Server {
            listen: vec![
                Listen::Tcp(([127, 0, 0, 1], 0).into()),
                Listen::Unix(machine.path("project/run.sock"))
            ],
            threads: Some(2),
            limits: Limits {
                request_line_bytes_max: 4_096,
                header_bytes_max: 64 * 1024,
                header_count_max: 32,
                body_bytes_max: Limits::UNLIMITED,
                connections_max: 10,
                backlog: 128,
            },
            timeouts: Timeouts {
                header_read: seconds(1),
                idle: seconds(2),
                body: seconds(3),
                write: seconds(4),
                grace: seconds(5),
                start: seconds(6),
                heartbeat: Some(seconds(7)),
            },
            socket_mode: 0o660,
            identity: Some(Identity { uid: Some(6666), gid: 7777, name: None, home: None }),
            pidfile: Some(machine.path("project/run/diglot.pid")),
            access_log: AccessLog::Json,
            log_level: LogLevel::Debug,
            websocket: WebSocket {
                message_bytes_max: Limits::UNLIMITED,
                compression: false,
                ping_interval: Some(seconds(8)),
                ping_timeout: seconds(9),
            },
            trusted_proxies: TrustedProxies {
                networks: vec!["10.0.0.0/8".parse().expect("a network")],
                unix: false
            },
            control: Some(machine.path("project/control.sock")),
        }
    );
    let [web, api] = services.as_slice() else { panic!("{services:?}") };
    assert_eq!(
        web.entry,
        Entry::Node(NodeEntry {
            file: machine.path("project/server.js"),
            interpreter: machine.path("usr/bin/node"),
            args: vec!["--enable-source-maps".to_owned()],
            inspect: "127.0.0.1:9230".parse().ok(),
        })
    );
    assert_eq!(
        (web.port, web.body_bytes_max, web.start_timeout),
        (Some(3000), Limits::UNLIMITED, seconds(6))
    );
    let route =
        |host: Option<&str>, prefix: &str| Route { host: host.map(str::to_owned), prefix: prefix.to_owned() };
    assert_eq!(
        *api,
        Service {
            name: "api".to_owned(),
            entry: Entry::Python(PythonEntry {
                target: PythonTarget::File {
                    path: machine.path("project/api/main.py"),
                    attr: Some("make".to_owned()),
                    call: true,
                },
                interpreter: machine.path("project/api/env/bin/python"),
                venv: Some(machine.path("project/api/env")),
                interface: Some(Interface::Wsgi),
                threads: Some(4),
                event_loop: EventLoop::Asyncio,
                lifespan: Lifespan::Off,
                asgi_spec: AsgiSpec::V2_5,
                pathsend: true,
            }),
            root: machine.path("project/api"),
            routes: vec![route(None, "/api"), route(Some("example.com"), "/shop")],
            routing: Routing::Written,
            workers: 3,
            max_requests: Some(10_000),
            max_requests_jitter: 1_000,
            lifetime: Some(seconds(12 * 60 * 60)),
            memory_bytes_max: Some(1 << 30),
            strip: true,
            root_path: "/shop".to_owned(),
            described_at: DescribedAt::Usual,
            env: [("A", "table"), ("B", "file")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            port: None,
            concurrency: 5,
            concurrency_on_threads: 5,
            queue: 0,
            queue_timeout: Duration::from_millis(500),
            body_bytes_max: 1024 * 1024,
            start_timeout: seconds(300),
            heartbeat: None,
            types: Some(machine.path("project/api/diglot_services.py")),
            types_are_named: false,
        }
    );
}

#[test]
fn arguments_win() {
    let machine = Machine::new();
    machine.file("project/deploy/diglot.toml", "[server]\nlisten = \"127.0.0.1:1\"\n[services.api]\nroot = \"..\"\nentry = \"main:app\"\nworkers = 2\n");
    let config = config(machine.resolve(&Arguments {
        config: Some("deploy/diglot.toml".into()),
        listen: vec!["unix:x.sock".to_owned(), "[::1]:0".to_owned()],
        workers: Some(4),
        control: Some("c.sock".into()),
        ..Arguments::default()
    }));
    assert_eq!(config.base, machine.path("project/deploy"));
    let listen: Vec<String> = config.server.listen.iter().map(ToString::to_string).collect();
    assert_eq!(listen, [format!("unix:{}", machine.path("project/x.sock").display()), "[::1]:0".to_owned()]);
    assert_eq!(config.server.control, Some(machine.path("project/c.sock")));
    assert_eq!(config.services[0].workers, 4);
}

#[test]
fn targets_are_served_from_the_working_directory() {
    let machine = Machine::new();
    machine.file("project/web/server.js", "").file("project/api/main.py", "");
    machine.file("project/diglot.toml", "is not read");
    let config =
        config(machine.with_targets(&["/=web/server.js", "/api=api.main:app", "example.com/m=main"]));
    assert_eq!((config.base, config.source), (machine.path("project"), None));
    let services: Vec<_> =
        config.services.iter().map(|s| (s.name.as_str(), s.routes[0].to_string())).collect();
    assert_eq!(
        services,
        [("server", "/".to_owned()), ("main", "/api".to_owned()), ("main-2", "example.com/m".to_owned()),]
    );
}

#[test]
fn the_interpreter_is_chosen_in_order() {
    let check = |machine: &Machine, keys: &str, expect: &str, venv: Option<&str>| {
        let text = format!("[services.api]\nentry = \"main:app\"\n{keys}");
        let config = config(machine.with_file(text));
        let found = python(&config);
        assert_eq!(found.interpreter, machine.path(expect), "{keys}");
        assert_eq!(found.venv, venv.map(|venv| machine.path(venv)), "{keys}");
    };
    let machine = Machine::new();
    check(&machine, "", "usr/bin/python3", None);
    machine.venv("active");
    let active = machine.path("active");
    let machine = machine.var("VIRTUAL_ENV", active);
    check(&machine, "", "active/bin/python", Some("active"));
    machine.venv("project/venv");
    check(&machine, "", "project/venv/bin/python", Some("project/venv"));
    machine.venv("project/.venv");
    check(&machine, "", "project/.venv/bin/python", Some("project/.venv"));
    machine.venv("env");
    check(&machine, "venv = \"../env\"", "project/../env/bin/python", Some("project/../env"));
    check(&machine, "python = \"python3.12\"", "usr/bin/python3.12", None);
    check(&machine, "python = \"venv/bin/python\"", "project/venv/bin/python", Some("project/venv"));
}

#[test]
fn a_service_that_cannot_be_served_still_has_a_workplace() {
    let machine = Machine::new();
    let said = machine.with_file("[services.web]\nroot = \".\"\nentry = \"dist/server.ts\"\n[services.api]\nentry = \"gone:app\"\nvenv = \"env\"\nroutes = \"/api\"\n");
    assert!(said.config.is_none());
    assert!(said.problems.iter().all(|problem| problem.missing), "{:?}", said.problems);
    let names: Vec<_> =
        said.workplaces.iter().map(|place| (place.name.as_str(), place.root.as_path())).collect();
    let project = machine.path("project");
    assert_eq!(names, [("web", project.as_path()), ("api", project.as_path())]);
    assert!(
        matches!(&said.workplaces[1].language, Language::Python { found: Err(_), own_venv: Some(venv) } if *venv == machine.path("project/env"))
    );
}

#[test]
fn modules_on_pythonpath_are_found() {
    let machine = Machine::new();
    machine.file("project/src/shop.py", "").file("project/lib/stock.py", "");
    let text =
        |entry: &str| format!("[services.api]\nentry = \"{entry}\"\nenv = {{ PYTHONPATH = \"src\" }}\n");
    assert!(machine.with_file(text("shop:app")).config.is_some());
    assert!(machine.with_file(text("stock:app")).config.is_none());
    let machine = machine.var("PYTHONPATH", "lib");
    assert!(machine.with_targets(&["stock:app"]).config.is_some());
    assert!(machine.with_file(text("stock:app")).config.is_none(), "the service's own replaces it");
}

#[test]
fn the_environment_says_what_nothing_else_does() {
    let machine =
        Machine::new().var("WEB_CONCURRENCY", " 3").var("FORWARDED_ALLOW_IPS", "10.0.0.1, fd00::/8,");
    let of_targets = config(machine.with_targets(&["main:app", "/w=server.js"]));
    assert_eq!(of_targets.services.iter().map(|service| service.workers).collect::<Vec<_>>(), [3, 3]);
    assert_eq!(of_targets.server.trusted_proxies.to_string(), "10.0.0.1 fd00::/8 unix");
    assert_eq!(of_targets.notes.len(), 2, "{:?}", of_targets.notes);

    let text = "[server]\ntrusted_proxies = []\n[services.a]\nentry = \"main:app\"\nworkers = 2\n";
    let of_file = config(machine.with_file(text));
    assert_eq!((of_file.services[0].workers, of_file.server.trusted_proxies.to_string()), (2, String::new()));
    assert_eq!(of_file.notes, [] as [&str; 0], "nothing was taken from it");

    let arguments =
        Arguments { targets: vec!["main:app".to_owned()], workers: Some(4), ..Arguments::default() };
    assert_eq!(config(machine.resolve(&arguments)).services[0].workers, 4);

    let everyone = Machine::new().var("FORWARDED_ALLOW_IPS", "*").var("WEB_CONCURRENCY", "");
    let config = config(everyone.with_targets(&["main:app"]));
    assert!(config.server.trusted_proxies.trust(Some([203, 0, 113, 7].into())));
    assert_eq!(config.services[0].workers, 1, "an empty variable says nothing");
}

#[test]
fn a_port_for_programs_is_told_apart_from_the_servers() {
    let machine = Machine::new().var("PORT", "3000");
    let notes = config(machine.with_targets(&["server.js"])).notes;
    assert!(notes.len() == 1 && notes[0].contains("--listen 0.0.0.0:3000"), "{notes:?}");
    let listen = vec!["127.0.0.1:0".to_owned()];
    let arguments = Arguments { targets: vec!["server.js".to_owned()], listen, ..Arguments::default() };
    assert_eq!(config(machine.resolve(&arguments)).notes, [] as [&str; 0]);
}

/// What a container is started with beats a file that is checked in, as with uvicorn and Granian.
#[test]
fn environments() {
    let machine = Machine::new().var("A", "process").var("B", "process").var("C", "process");
    machine.file("project/one.env", "A=file\nD=one\nE=${C}\n").file("project/two.env", "D=two, after ${D}\n");
    let text = "[services.a]\nentry = \"main:app\"\nenv = { B = \"table\" }\nenv_file = [\"one.env\", \"two.env\"]\n";
    let env = config(machine.with_file(text)).services.remove(0).env;
    let expect = [("B", "table"), ("D", "two, after one"), ("E", "process")];
    assert_eq!(env, expect.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
}

#[test]
fn arguments_for_all_targets() {
    let machine = Machine::new();
    machine.file("project/src/shop.py", "").file("project/.env", "A=1\n");
    let arguments = Arguments {
        targets: vec!["shop:app".to_owned()],
        log_level: Some(LogLevel::Warn),
        access_log: Some(true),
        for_targets: ForTargets {
            app_dir: Some("src".to_owned()),
            env_files: vec![".env".to_owned()],
            root_path: Some("/shop".to_owned()),
        },
        ..Arguments::default()
    };
    let found = config(machine.resolve(&arguments));
    let service = &found.services[0];
    assert_eq!(service.root, machine.path("project/src"));
    assert_eq!(service.env.get("A").map(String::as_str), Some("1"));
    assert_eq!(service.root_path, "/shop");
    assert_eq!((found.server.log_level, found.server.access_log), (LogLevel::Warn, AccessLog::Text));

    let text = "[server]\naccess_log = \"json\"\n[services.a]\nentry = \"main:app\"\n";
    let with = |access_log| {
        machine.file("project/diglot.toml", text);
        config(machine.resolve(&Arguments { access_log, ..Arguments::default() })).server.access_log
    };
    assert_eq!(with(Some(true)), AccessLog::Json);
    assert_eq!(with(Some(false)), AccessLog::Off);
}

#[test]
fn functions_are_published() {
    let machine = Machine::new();
    let file = |functions: &str| {
        format!(
            "[functions]\n{functions}\n[services.my-model]\nentry = \"main:app\"\n[services.web]\nentry = \"server.js\"\nroutes = \"/rpc/web\"\n"
        )
    };
    let published = |functions: &str| config(machine.with_file(file(functions))).published;
    assert_eq!(published(""), None);
    let all = published("http = \"/rpc\"").expect("all");
    assert_eq!((all.route.to_string().as_str(), &all.only), ("/rpc", &None));
    assert!(all.includes("web", "render_card"));
    let some = published("http = \"/rpc\"\npublished = [\"myModel\", \"web.renderCard\"]").expect("some");
    assert!(some.includes("my_model", "anything") && some.includes("web", "render_card"));
    let names = some.only.as_deref().expect("names");
    assert!(names.iter().all(|name| name.place.ends_with("diglot.toml:3")), "{names:?}");
    assert!(!some.includes("web", "render") && !some.includes("model", "render_card"));
}

#[test]
fn where_types_are_written() {
    let machine = Machine::new();
    machine.file("project/src/server.ts", "");
    let check = |text: &str, expect: Option<&str>| {
        let types = config(machine.with_file(format!("[services.a]\n{text}\n"))).services[0].types.clone();
        assert_eq!(types, expect.map(|path| machine.path(&format!("project/{path}"))), "{text}");
    };
    check("entry = \"main:app\"", Some("diglot_services.py"));
    check("entry = \"server.js\"", Some("diglot.d.ts"));
    check("entry = \"src/server.ts\"", Some("src/diglot.d.ts"));
    check("entry = \"src/server.ts\"\ntypes = \"types/all.d.ts\"", Some("types/all.d.ts"));
    check("entry = \"main:app\"\ntypes = \"app/services.py\"", Some("app/services.py"));
    check("entry = \"main:app\"\ntypes = \"none\"", None);
}
