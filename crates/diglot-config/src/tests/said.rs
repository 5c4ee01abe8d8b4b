//! Every sentence a person can read is in a snapshot, so that a change of words is seen as one.

use std::fs;

use super::{
    Machine,
    resolved::{config, python},
};
use crate::*;

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
says!(
    proxies,
    "[server]\ntrusted_proxies = [\"localhost\", \"10.0.0.7/8\", \"*\"]\n[services.api]\nentry = \"main:app\"\n"
);
says!(
    files_for_types,
    "[services.api]\nentry = \"main:app\"\ntypes = \"my-types.py\"\nroutes = \"/api\"\n\
     [services.web]\nentry = \"server.js\"\ntypes = \"types.ts\"\n[services.one]\nentry = \"server.js\"\ntypes = false\nroutes = []\n"
);
says!(no_address, "[server]\nlisten = []\n[services.api]\nentry = \"main:app\"\n");
says!(
    routes,
    "[services.api]\nentry = \"main:app\"\nroutes = [\"api\", \"/a/*\", \"/b?c\", \"https://x/y\", \"/ok\", \"/ok/\"]\n\
     [services.web]\nentry = \"server.js\"\nroutes = \"/ok\"\n[services.none]\nentry = \"server.js\"\nroutes = []\n"
);
says!(
    own_paths,
    "[functions]\nhttp = \"/rpc/\"\npublished = [\"modle\", \"model.Si milar\", \"model.similar\", \"zzz.a\"]\n\
     [services.model]\nentry = \"main:app\"\nroutes = [\"/rpc\", \"/rpc/more\", \"example.com/rpc\"]\n"
);
says!(own_path_is_everything, "[functions]\nhttp = \"/\"\n[services.model]\nentry = \"main:app\"\n");
says!(
    own_path_of_a_host,
    "[functions]\nhttp = \"example.com/rpc\"\n[services.model]\nentry = \"main:app\"\n"
);
says!(own_path_is_none, "[functions]\nhttp = \"rpc\"\n[services.model]\nentry = \"main:app\"\n");
says!(published_nowhere, "[functions]\npublished = \"model\"\n[services.model]\nentry = \"main:app\"\n");
says!(
    description_without_a_document,
    "[server]\ndocs = \"/docs\"\n[services.api]\nentry = \"main:app\"\nopenapi = \"openapi.json\"\n"
);
says!(
    description_said_without_a_document,
    "[server]\nopenapi_title = \"Shop\"\nopenapi_version = \"1\"\n[services.api]\nentry = \"main:app\"\n"
);
says!(
    description_says_nothing,
    "[server]\nopenapi = \"/openapi.json\"\nopenapi_title = \" \"\n[services.api]\nentry = \"main:app\"\n"
);
says!(
    description_at_a_route,
    "[server]\nopenapi = \"/api\"\ndocs = \"/api\"\n[services.api]\nentry = \"main:app\"\nroutes = \"/api\"\n"
);
says!(
    two_services_without_routes,
    "[services.api]\nentry = \"main:app\"\n[services.web]\nentry = \"server.js\"\n"
);
says!(
    names_and_entries,
    "[services.\"my api\"]\n[services.api]\nentry = \"\"\n[services.web]\nentry = \"server.js:app\"\nroutes = \"/w\"\n"
);
/// As `node` takes them: without their ending, or with none at all.
#[test]
fn entries_without_ending() {
    let machine = Machine::new();
    machine.file("project/bin/www", "").file("project/src/main.ts", "");
    let text = "[services.a]\nentry = \"bin/www\"\nroutes = \"/a\"\n[services.b]\nentry = \"src/main\"\nroutes = \"/b\"\n";
    insta::assert_snapshot!(machine.shown(&machine.with_file(text)));
}

says!(
    missing_entries,
    "[services.api]\nentry = \"mian:app\"\nroutes = \"/a\"\n[services.web]\nentry = \"servre.js\"\nroutes = \"/w\"\n[services.other]\nentry = \"src/nothing.py\"\nroutes = \"/o\"\n"
);
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

says!(
    words_of_other_tools,
    "port = 80\n[server]\nhost = \"0.0.0.0\"\nport = 8080\n[services.web]\ncommand = \"node server.js\"\n\
     [services.api]\ncommand = 5\n"
);
says!(
    url_to_listen_on,
    "[server]\nlisten = \"http://localhost:8000\"\n[services.api]\nentry = \"main:app\"\n"
);
says!(
    a_debugger_that_others_reach,
    "[services.web]\nentry = \"server.js\"\ninspect = \"0.0.0.0:9230\"\n[services.own]\nentry = \"server.js\"\nroutes = \"/own\"\ninspect = \"[::1]:9240\"\n"
);
says!(a_service_twice, "[services.web]\nentry = \"server.js\"\n[services.web]\nentry = \"main:app\"\n");

#[test]
fn entries_nearly_right() {
    let machine = Machine::new();
    machine.file("project/package.json", "{ \"main\": \"./server.js\" }").file("project/index.html", "");
    machine.file("project/tasks/jobs.py", "").file("project/setup.py", "").file("project/cli.py", "");
    let said: Vec<String> = ["server", "package.json", "index.html", "main.app", "jobs:app", "nothing:app"]
        .map(|target| machine.shown(&machine.with_targets(&[target])))
        .to_vec();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_venv_that_is_none_is_passed_over_aloud() {
    let machine = Machine::new();
    machine.file("project/.venv/bin/activate", "");
    let said = machine.with_targets(&["main:app"]);
    insta::assert_snapshot!(machine.shown(&said));
    assert!(said.config.is_some());

    fs::remove_dir_all(machine.path("project/.venv")).expect("removed");
    machine.link("/gone", "project/.venv");
    let linked = machine.with_targets(&["main:app"]);
    assert_eq!(machine.shown(&linked), machine.shown(&said));

    machine.venv("project/venv");
    assert_eq!(machine.shown(&machine.with_targets(&["main:app"])), "", "it has another that is whole");
}

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

#[test]
fn an_environment_that_cannot_be_meant() {
    let machine =
        Machine::new().var("WEB_CONCURRENCY", "0").var("FORWARDED_ALLOW_IPS", "10.0.0.1,proxy.local");
    let zero = machine.shown(&machine.with_targets(&["main:app"]));
    let machine = machine.var("WEB_CONCURRENCY", "many");
    insta::assert_snapshot!([zero, machine.shown(&machine.with_targets(&["main:app"]))].join("\n"));
}

says!(
    lives_of_workers,
    "[services.a]\nentry = \"main:app\"\nmax_requests = 0\nlifetime = 3600\nmemory = \"1 MiB\"\n\
     [services.b]\nentry = \"main:app\"\nroutes = \"/b\"\nmax_requests_jitter = 5\nroot_path = \"api\"\n\
     [services.c]\nentry = \"server.js\"\nroutes = \"/c\"\nroot_path = \"/c\"\n\
     [services.d]\nentry = \"main:app\"\nroutes = \"/d\"\nroot_path = \"https://example.com/d/../x\"\n\
     [services.e]\nentry = \"main:app\"\nroutes = \"/e\"\nroot_path = \"/d/../x\"\n"
);

says!(
    keys_of_the_process,
    "[server]\nlisten = [\"fd:x\", \"systemd\", \"systemd\"]\nsocket_mode = 660\nuser = \"nobody-here\"\n\
     access_log = \"yes\"\nlog_level = \"warning\"\n[services.a]\nentry = \"main:app\"\n"
);
says!(
    users_and_groups,
    "[server]\nsocket_mode = \"rw\"\nuser = \"4000000\"\n[services.a]\nentry = \"main:app\"\n"
);
says!(a_group_that_is_none, "[server]\ngroup = \"nobody-here\"\n[services.a]\nentry = \"main:app\"\n");

says!(
    words_of_others_for_values,
    "[main]\nentry = \"main:app\"\n[server]\naccess_log = \"combined\"\nlog_level = \"warning\"\ntimeout = 30\nreload = true\n\
     certfile = \"x\"\n[services]\nentry = \"main:app\"\nroutes = [\"/x\"]\n[services.a]\nentry = \"main:app\"\n\
     workers = \"auto\"\ntimeout = 30\nstatic = \"public\"\n"
);

#[test]
fn levels_by_the_names_of_others() {
    let machine = Machine::new();
    let text = "[server]\nlog_level = \"warning\"\n[services.a]\nentry = \"main:app\"\n";
    assert_eq!(config(machine.with_file(text)).server.log_level, LogLevel::Warn);
}

#[test]
fn a_target_beside_a_file() {
    let machine = Machine::new();
    machine.file("project/diglot.toml", "[services.a]\nentry = \"main:app\"\n");
    let said = machine.with_targets(&["main:app"]);
    insta::assert_snapshot!(machine.shown(&said));
    assert!(said.config.is_some());
}

#[test]
fn a_configuration_in_python() {
    let machine = Machine::new();
    let arguments = Arguments { config: Some("gunicorn.conf.py".into()), ..Arguments::default() };
    insta::assert_snapshot!(machine.shown(&machine.resolve(&arguments)));
}

/// A module in a file has none in it: only a package that holds what was named can have been meant.
#[test]
fn a_package_that_is_missing() {
    let machine = Machine::new();
    machine
        .file("project/shop/main.py", "")
        .file("project/other/jobs.py", "")
        .file("project/bad_start.py", "");
    let said = ["web.main:app", "web.jobs:app", "web.nothing:app"];
    let said = said.map(|target| machine.shown(&machine.with_targets(&[target])));
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn arguments_for_targets_where_there_are_none() {
    let machine = Machine::new();
    machine.file("project/diglot.toml", "[services.a]\nentry = \"main:app\"\n");
    let for_targets = ForTargets {
        app_dir: Some("src".to_owned()),
        env_files: vec![".env".to_owned()],
        root_path: Some("/shop".to_owned()),
    };
    let said = machine.resolve(&Arguments { for_targets, ..Arguments::default() });
    insta::assert_snapshot!(machine.shown(&said));
}
