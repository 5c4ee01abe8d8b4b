//! The whole way from a file or a command line to a `Config`, in a folder with stand-ins for the interpreters.
//!
//! Every sentence a person can read is in a snapshot, so that a change of words is seen as one.

use std::{
    ffi::OsString,
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::PathBuf,
    time::Duration,
};

use proptest::prelude::*;

use crate::*;

/// A folder that stands for a person's machine: `project` is where they are, `usr` has the interpreters.
struct Machine {
    folder: tempfile::TempDir,
    environment: Environment,
}

impl Machine {
    fn new() -> Machine {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let machine = Machine { environment: Environment::default(), folder };
        machine
            .executable("usr/bin/python3.12")
            .executable("usr/bin/node")
            .file("usr/lib/python3.12/json/__init__.py", "")
            .link("python3.12", "usr/bin/python3")
            .file("project/main.py", "")
            .file("project/server.js", "");
        let cwd = machine.path("project");
        let path = machine.path("usr/bin");
        Machine { environment: Environment { cwd, vars: [("PATH".into(), path.into())].into() }, ..machine }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    fn file(&self, path: &str, text: impl AsRef<[u8]>) -> &Machine {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a parent")).expect("folders");
        fs::write(path, text).expect("a file");
        self
    }

    fn executable(&self, path: &str) -> &Machine {
        self.file(path, "");
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).expect("permissions");
        self
    }

    fn link(&self, to: &str, path: &str) -> &Machine {
        symlink(to, self.path(path)).expect("a link");
        self
    }

    fn venv(&self, path: &str) -> &Machine {
        self.file(&format!("{path}/pyvenv.cfg"), "version = 3.12.4\n")
            .file(&format!("{path}/bin/activate"), "")
            .link(self.path("usr/bin/python3.12").to_str().expect("UTF-8"), &format!("{path}/bin/python"))
    }

    fn var(mut self, name: &str, value: impl Into<OsString>) -> Machine {
        self.environment.vars.insert(name.into(), value.into());
        self
    }

    fn resolve(&self, arguments: &Arguments) -> Resolution {
        resolve(arguments, &self.environment).expect("something to serve")
    }

    fn with_file(&self, text: impl AsRef<[u8]>) -> Resolution {
        self.file("project/diglot.toml", text).resolve(&Arguments::default())
    }

    fn with_targets(&self, targets: &[&str]) -> Resolution {
        let targets = targets.iter().map(|target| (*target).to_owned()).collect();
        self.resolve(&Arguments { targets, ..Arguments::default() })
    }

    /// What a person reads, with the temporary folder taken out.
    fn shown(&self, resolution: &Resolution) -> String {
        let mut text = render(&resolution.problems, false);
        for note in resolution.config.iter().flat_map(|config| &config.notes) {
            text += &format!("note: {note}\n");
        }
        text.replace(&self.folder.path().display().to_string(), "")
    }
}

fn config(resolution: Resolution) -> Config {
    match resolution.config {
        Some(config) => config,
        None => panic!("{}", render(&resolution.problems, false)),
    }
}

/// Everything said of one file, on a machine with nothing special.
fn said_of(text: &str) -> String {
    let machine = Machine::new();
    machine.shown(&machine.with_file(text))
}

macro_rules! says {
    ($name:ident, $text:expr) => {
        #[test]
        fn $name() {
            insta::assert_snapshot!(stringify!($name), said_of($text));
        }
    };
}

says!(
    syntax_errors,
    "[services.api]\nentry = \"main:app\nworkrs = 2\nroutes = [\"/\"\n\n[services.web]\nentry = 5\n"
);
says!(empty_file, "");
says!(
    unknown_keys,
    "serverr = 1\n[server]\nlimit = 1\nworkers = 2\nzzz = 3\n[services.api]\nentry = \"main:app\"\nroots = 1\nroutez = 2\n"
);
says!(
    wrong_types,
    "[server]\nlisten = 8000\nthreads = \"2\"\naccess_log = \"true\"\ntimeouts = 3\n[services]\nweb = \"server.js\"\n"
);
says!(
    limits_out_of_bounds,
    "[server.limits]\nrequest_line = 1\nheaders = \"65 KiB\"\nheader_count = 0\nbody = 0\nconnections = 100_000_000\n\
     [server.timeouts]\ngrace = 30\nidle = \"0s\"\nbody = \"30\"\nwrite = \"25h\"\nstart = \"none\"\n\
     [services.api]\nentry = \"main:app\"\nworkers = 0\nqueue = -1\nport = 80_000\n"
);
says!(
    addresses,
    "[server]\nlisten = [\"8000\", \"localhost:80\", \"0.0.0.0:1\", \"127.0.0.1:1\", \"[::1]:2\", \"[::1]:2\", \"unix:\"]\n\
     [services.api]\nentry = \"main:app\"\n"
);
says!(no_address, "[server]\nlisten = []\n[services.api]\nentry = \"main:app\"\n");
says!(
    routes,
    "[services.api]\nentry = \"main:app\"\nroutes = [\"api\", \"/a/*\", \"/b?c\", \"https://x/y\", \"/ok\", \"/ok/\"]\n\
     [services.web]\nentry = \"server.js\"\nroutes = \"/ok\"\n[services.none]\nentry = \"server.js\"\nroutes = []\n"
);
says!(
    two_services_without_routes,
    "[services.api]\nentry = \"main:app\"\n[services.web]\nentry = \"server.js\"\n"
);
says!(
    names_and_entries,
    "[services.\"my api\"]\n[services.api]\nentry = \"\"\n[services.web]\nentry = \"server.js:app\"\nroutes = \"/w\"\n"
);
says!(
    missing_entries,
    "[services.api]\nentry = \"mian:app\"\nroutes = \"/a\"\n[services.web]\nentry = \"servre.js\"\nroutes = \"/w\"\n[services.other]\nentry = \"src/nothing.py\"\nroutes = \"/o\"\n"
);
says!(typescript, "[services.web]\nentry = \"server.ts\"\n");
says!(
    keys_of_the_other_language,
    "[services.api]\nentry = \"main:app\"\nnode = \"node\"\nroutes = \"/a\"\n\
     [services.web]\nentry = \"server.js\"\nvenv = \".venv\"\nlifespan = \"on\"\n"
);
says!(
    choices,
    "[services.api]\nentry = \"main:app\"\ninterface = \"agsi\"\nloop = \"trio\"\nlifespan = true\nasgi_spec = 2.3\n"
);
says!(
    environment_variables,
    "[services.api]\nentry = \"main:app\"\nenv_file = [\".env\", \"missing.env\"]\nenv = { A = 1, \"B C\" = \"x\", D = \"\\u0000\" }\n"
);
says!(
    missing_root,
    "[services.api]\nroot = \"apo\"\nentry = \"main:app\"\n[services.web]\nroot = \"server.js\"\nentry = \"x.js\"\nroutes = \"/w\"\n"
);
says!(
    missing_interpreters,
    "[services.api]\nentry = \"main:app\"\npython = \"python3.99\"\n[services.web]\nentry = \"server.js\"\nnode = \"./node\"\nroutes = \"/w\"\n"
);
says!(missing_venv, "[services.api]\nentry = \"main:app\"\nvenv = \"env\"\n");
says!(python_and_venv, "[services.api]\nentry = \"main:app\"\nvenv = \"env\"\npython = \"python3\"\n");

#[test]
fn env_file_lines() {
    let machine = Machine::new();
    machine.file("project/.env", "A=1\nB\nC=\"2\n");
    let said = machine.with_file("[services.api]\nentry = \"main:app\"\nenv_file = \".env\"\n");
    insta::assert_snapshot!(machine.shown(&said));
}

#[test]
fn a_module_missing_from_a_package() {
    let machine = Machine::new();
    machine.file("project/shop/__init__.py", "").file("project/shop/asgi.py", "");
    insta::assert_snapshot!(machine.shown(&machine.with_targets(&["shop.agsi:app"])));
}

#[test]
fn a_module_that_cannot_be_looked_for_is_a_warning() {
    let machine = Machine::new();
    fs::remove_dir_all(machine.path("usr/lib")).expect("removed");
    let said = machine.with_targets(&["shop:app"]);
    insta::assert_snapshot!(machine.shown(&said));
    assert!(said.config.is_some());
}

#[test]
fn no_interpreter_on_path() {
    let machine = Machine::new().var("PATH", "/nowhere");
    insta::assert_snapshot!(machine.shown(&machine.with_targets(&["main:app", "/w=server.js"])));
}

#[test]
fn a_venv_whose_python_is_gone() {
    let machine = Machine::new();
    machine.venv("project/.venv");
    fs::remove_file(machine.path("project/.venv/bin/python")).expect("removed");
    machine.link("/opt/python3.9/bin/python3", "project/.venv/bin/python");
    insta::assert_snapshot!(machine.shown(&machine.with_targets(&["main:app"])));
}

#[test]
fn a_venv_too_old() {
    let machine = Machine::new();
    machine.venv("project/.venv").file("project/.venv/pyvenv.cfg", "version_info = 3.9.1\n");
    insta::assert_snapshot!(machine.shown(&machine.with_targets(&["main:app"])));
}

#[test]
fn an_active_venv_gives_way_to_the_services_own() {
    let machine = Machine::new();
    machine.venv("project/venv").venv("elsewhere");
    let active = machine.path("elsewhere");
    let machine = machine.var("VIRTUAL_ENV", active);
    let said = machine.with_targets(&["main:app"]);
    insta::assert_snapshot!(machine.shown(&said));
    assert_eq!(python(&config(said)).interpreter, machine.path("project/venv/bin/python"));
}

#[test]
fn targets_that_cannot_be_meant() {
    let machine = Machine::new();
    let said = machine.with_targets(&["/=main:app", "/=server.js", "/a/../=server.js", "/x=", "server.rb"]);
    insta::assert_snapshot!(machine.shown(&said));
}

#[test]
fn arguments_that_cannot_be_meant() {
    let machine = Machine::new();
    let said = machine.resolve(&Arguments {
        targets: vec!["main:app".to_owned()],
        listen: vec!["0.0.0.0:1".to_owned(), "0.0.0.0:1".to_owned(), "x".to_owned()],
        workers: Some(0),
        ..Arguments::default()
    });
    insta::assert_snapshot!(machine.shown(&said));
}

#[test]
fn targets_and_a_file() {
    let machine = Machine::new();
    let said = machine.resolve(&Arguments {
        targets: vec!["main:app".to_owned()],
        config: Some("other.toml".into()),
        ..Arguments::default()
    });
    insta::assert_snapshot!(machine.shown(&said));
}

#[test]
fn files_that_cannot_be_read() {
    let machine = Machine::new();
    let said = |config: &str| {
        machine.shown(&machine.resolve(&Arguments { config: Some(config.into()), ..Arguments::default() }))
    };
    machine.file("project/latin.toml", b"[services.api]\nentry = \"caf\xe9\"\n");
    machine.file("project/large.toml", vec![b'#'; 2 << 20]);
    insta::assert_snapshot!(
        [said("missing.toml"), said("latin.toml"), said("large.toml"), said("/")].join("\n")
    );
}

#[test]
fn nothing_given() {
    let machine = Machine::new();
    let nothing = resolve(&Arguments::default(), &machine.environment).expect_err("nothing to serve");
    assert_eq!(nothing.looked_for, machine.path("project/diglot.toml"));
}

fn python(config: &Config) -> &PythonEntry {
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
            access_log: false,
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
            }),
            root: machine.path("project"),
            routes: vec![Route::everything()],
            workers: 1,
            strip: false,
            env: [].into(),
            port: None,
            concurrency: Service::CONCURRENCY_DEFAULT,
            queue: Service::QUEUE_DEFAULT,
            queue_timeout: Service::QUEUE_TIMEOUT_DEFAULT,
            body_bytes_max: Limits::default().body_bytes_max,
            start_timeout: Timeouts::default().start,
            heartbeat: Timeouts::default().heartbeat,
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
        access_log = true
        control = "control.sock"
        limits = { request_line = 4_096, headers = "64 KiB", header_count = 0x20, body = "none", connections = 10 }
        timeouts = { header_read = "1s", idle = "2s", body = "3s", write = "4s", grace = "5s", start = "6s", heartbeat = "7s" }

        [services.web]
        entry = "server.js"
        node = "node"
        port = 3000

        [services.api]
        root = "api"
        entry = "./main.py:make()"
        routes = ["/api", "example.com/shop/"]
        workers = 3
        strip = true
        env = { A = "table" }
        env_file = ".env"
        venv = "env"
        interface = "wsgi"
        threads = 4
        loop = "asyncio"
        lifespan = "off"
        asgi_spec = "2.5"
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
            access_log: true,
            control: Some(machine.path("project/control.sock")),
        }
    );
    let [web, api] = services.as_slice() else { panic!("{services:?}") };
    assert_eq!(
        web.entry,
        Entry::Node(NodeEntry {
            file: machine.path("project/server.js"),
            interpreter: machine.path("usr/bin/node"),
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
            }),
            root: machine.path("project/api"),
            routes: vec![route(None, "/api"), route(Some("example.com"), "/shop")],
            workers: 3,
            strip: true,
            env: [("A", "table"), ("B", "file")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
            port: None,
            concurrency: 5,
            queue: 0,
            queue_timeout: Duration::from_millis(500),
            body_bytes_max: 1024 * 1024,
            start_timeout: seconds(300),
            heartbeat: None,
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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_text_panics(text in ".*") {
        let machine = Machine::new();
        let said = machine.with_file(&text);
        render(&said.problems, true);
    }

    /// Text that is nearly a configuration reaches further in than noise does.
    #[test]
    fn no_near_configuration_panics(lines in prop::collection::vec(near_line(), 0..12)) {
        let machine = Machine::new();
        let said = machine.with_file(lines.join("\n"));
        render(&said.problems, true);
        prop_assert_eq!(said.config.is_some(), said.problems.iter().all(|problem| !problem.is_error()));
    }

    #[test]
    fn no_target_panics(targets in prop::collection::vec("[a-z./:=()\u{0}é -]{0,12}|.*", 1..4)) {
        let machine = Machine::new();
        let said = machine.resolve(&Arguments { targets, ..Arguments::default() });
        render(&said.problems, true);
    }
}

fn near_line() -> impl Strategy<Value = String> {
    let header = prop::sample::select(vec![
        "[server]",
        "[server.limits]",
        "[services.a]",
        "[services.b]",
        "[[services]]",
        "[services.a.env]",
    ]);
    let key = prop::sample::select(
        crate::file::SECTIONS.iter().flat_map(|(_, keys)| keys.to_vec()).collect::<Vec<_>>(),
    );
    let value = prop::sample::select(vec![
        "1",
        "-1",
        "99999999999999999999",
        "1.5",
        "true",
        "\"\"",
        "\"main:app\"",
        "\"server.js\"",
        "\"/\"",
        "\"none\"",
        "\"10s\"",
        "\"1 GiB\"",
        "[\"/a\", 1]",
        "[]",
        "{}",
        "{ A = \"1\" }",
        "\"\"\"\né\"\"\"",
        "1979-05-27",
        "\"/\\u0000\"",
        "[",
    ]);
    prop_oneof![
        1 => header.prop_map(str::to_owned),
        3 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
    ]
}

#[test]
fn spans_fit_any_range() {
    let source = std::sync::Arc::new(Source { name: "x".to_owned(), text: "é\nab".to_owned() });
    let check = |range: std::ops::Range<usize>, expect: (usize, usize, usize)| {
        let span = Span { source: source.clone(), range };
        assert_eq!((span.line(), span.column(), span.len()), expect, "{span:?}");
    };
    check(0..2, (1, 1, 2));
    check(1..1, (1, 1, 2));
    check(3..4, (2, 1, 1));
    check(4..99, (2, 2, 1));
    check(99..100, (2, 3, 0));
}
