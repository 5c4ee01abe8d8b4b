//! Services in TypeScript, with no build step.
//!
//! `DIGLOT_TEST_NODE` names another Node than the one on PATH. What they need of npm is in `tests/typescript`.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use diglot_tests::{Running, Server, server};
use rustix::process::Signal;
use serde_json::{Value, json};

/// Lines of the table of metadata that differ from `tsc`'s, which knows the other files: what stands here, and what there.
const DIFFERENCES: [(&str, &str, &str); 5] = [
    ("CircularTwo#one", r#"type "Object""#, r#"type "undefined""#),
    ("CircularTwo (", r#"paramtypes ["Object"]"#, r#"paramtypes ["undefined"]"#),
    ("Imports#i", r#"type "Object""#, r#"type "Function""#),
    ("Imports#l", r#"type "Object""#, r#"type "Function""#),
    ("Imports#m", r#"type "Object""#, r#"type "Number""#),
];

fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("typescript")
}

/// A server in a copy of a folder of `tests/typescript`, with the packages that are installed there and a cache of its own.
fn project(name: &str) -> Server {
    on_node(copied(&sources().join(name), Path::new(""), server()))
}

fn on_node(server: Server) -> Server {
    let _ = symlink(sources().join("node_modules"), server.folder().join("node_modules"));
    let cache = server.folder().join("cache");
    let server = server.env("XDG_CACHE_HOME", cache);
    let Some(node) = env::var_os("DIGLOT_TEST_NODE") else { return server };
    let folder = Path::new(&node).parent().expect("a path to a program").to_owned();
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder).chain(env::split_paths(&path));
    server.env("PATH", env::join_paths(folders).expect("folders without a colon"))
}

fn copied(from: &Path, to: &Path, mut server: Server) -> Server {
    for entry in fs::read_dir(from).expect("a folder of the tests").flatten() {
        let (path, inner) = (entry.path(), to.join(entry.file_name()));
        server = match path.is_dir() {
            true if entry.file_name() == "out" => server,
            true => copied(&path, &inner, server),
            false => {
                let text = fs::read_to_string(&path).expect("a text");
                server.file(inner.to_str().expect("a name in UTF-8"), &text)
            }
        };
    }
    server
}

fn json_of(server: &Running, path: &str) -> Value {
    let answer = server.get(path);
    serde_json::from_slice(&answer.body).unwrap_or_else(|_| panic!("no JSON: {}", answer.text()))
}

/// The number of the line of a file in which a text begins.
fn line_of(file: &str, text: &str) -> usize {
    let source = fs::read_to_string(sources().join(file)).expect("a source");
    source.lines().position(|line| line.contains(text)).expect("the text is there") + 1
}

/// Compiled files in the cache of a server in `folder`.
fn cached(folder: &Path) -> Vec<PathBuf> {
    let cache = folder.join("cache/diglot/typescript");
    fs::read_dir(cache).expect("a cache").flatten().map(|entry| entry.path()).collect()
}

const SMALL: &str = "import { createServer } from 'node:http';\nenum Word { Hello = 'hello' }\n\
     createServer((_, response) => response.end(Word.Hello)).listen(process.env.PORT);\n";

#[test]
fn ecmascript_modules() {
    let server = project("semantics/modules");
    let folder = server.folder().to_owned();
    fs::remove_file(folder.join("node_modules")).expect("the link to what is installed");
    // As npm links the packages of a workspace.
    fs::create_dir_all(folder.join("node_modules/@acme")).expect("a folder");
    symlink(folder.join("workspace/shared"), folder.join("node_modules/@acme/shared")).expect("a link");
    let server = server.service("main.ts").run();
    let seen = json_of(&server, "/");
    let line = line_of("semantics/modules/main.ts", "new Error('here')");
    let place = seen["stack"].as_str().unwrap_or_default().to_owned();
    assert!(place.starts_with(&format!("main.ts:{line}:")), "{place}");
    let expected = json!({
        "imports": [1, 1, 2, 3, "inner", "mts", "of the workspace", 42, 1, 42, { "kind": "cts", "has_dir": true, "is_main": false }],
        "enums": [0, "Low", "high", 8, 9, 99, 2, "undefined"],
        "namespaces": [1, 2, 2, 3, "inner"],
        "classes": ["a-2", ["x", 7, 5], 6, ["first", "second", "name"], 1],
        "decorators": "greet: hello you",
        "disposed": ["inside", "second", "first"],
        "jsx": "p {\"id\":\"x\",\"children\":\"text\"}",
        "late": 1,
        "generic": 8,
        "url": true,
        "stack": place,
    });
    assert_eq!(seen, expected);
}

#[test]
fn commonjs_with_threads_and_children() {
    let server = project("semantics/common").service("src/main.ts").run();
    let line = line_of("semantics/common/src/main.ts", "new Error('here')");
    for path in ["/", "/elsewhere"] {
        let mut seen = json_of(&server, path);
        let place = seen["stack"].take();
        let place = place.as_str().unwrap_or_default();
        assert!(place.starts_with(&format!("main.ts:{line}:")), "{place}");
        let mut expected = json!({
            "imports": ["function", "function", "function", 42, "by baseUrl", "the folder", ["p", { "class": "x" }, "text"]],
            "fields": [["told"], ["assigned"]],
            "circular": ["undefined", "second"],
            "replaced": true,
            "main": [true, true, "string"],
            "stack": null,
        });
        if path == "/elsewhere" {
            expected["elsewhere"] = json!(["thread", "child", "by baseUrl"]);
        }
        assert_eq!(seen, expected);
    }
}

/// What `cases.ts` of a folder shows when `tsc` has compiled it.
fn shown_of_tsc(folder: &Path) -> String {
    let tsc = sources().join("node_modules/.bin/tsc");
    let compiled =
        Command::new(tsc).arg("-p").arg(folder).output().expect("tsc; `npm ci` in tests/typescript");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stdout));
    let print = "process.stdout.write(require('./cases.js').shown.join('\\n') + '\\n')";
    let shown =
        Command::new("node").args(["-e", print]).current_dir(folder.join("out")).output().expect("node");
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    String::from_utf8(shown.stdout).expect("text")
}

#[test]
fn names_mean_what_they_mean_to_tsc() {
    let server = project("scopes").service("server.ts").run();
    let (ours, theirs) = (server.get("/").text(), shown_of_tsc(server.folder()));
    assert!(theirs.lines().count() > 40, "{theirs}");
    for (ours, theirs) in ours.lines().zip(theirs.lines()) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.lines().count(), theirs.lines().count());
}

#[test]
fn metadata_is_that_of_tsc() {
    let server = project("metadata").service("server.ts").run();
    let ours = server.get("/").text();
    let theirs = shown_of_tsc(server.folder());
    assert!(theirs.lines().count() > 150, "{theirs}");
    let expected: Vec<String> = theirs
        .lines()
        .map(|line| match DIFFERENCES.iter().find(|(begin, ..)| line.starts_with(begin)) {
            Some((_, ours, theirs)) => {
                assert!(line.contains(theirs), "tsc has another opinion now: {line}");
                line.replace(theirs, ours)
            }
            None => line.to_owned(),
        })
        .collect();
    for (ours, expected) in ours.lines().zip(&expected) {
        assert_eq!(ours, expected);
    }
    assert_eq!(ours.lines().count(), expected.len());
}

#[test]
fn a_nest_application_from_source() {
    let server = project("nest").service("src/main.ts").run();
    assert_eq!(server.get("/").text(), "Hello World!");
    assert_eq!(json_of(&server, "/cats/3"), json!({ "id": 3, "colour": "black", "owner": "owner 3 of 9" }));
    assert_eq!(server.get("/cats/three").status, 400, "a pipe looks at the metadata of its parameter");
    assert_eq!(server.get("/fails").status, 500);
    let line = line_of("nest/src/app.controller.ts", "throw new Error");
    server.wait_for(|logged| logged.contains(&format!("app.controller.ts:{line}:")));
}

#[test]
fn a_source_that_is_wrong_and_is_mended() {
    let wrong = "import { createServer } from 'node:http';\nconst server = createServer((_, response) => {\n\
                 \x20 response.end('x'\n});\nserver.listen(process.env.PORT);\n";
    let running = on_node(server()).file("src/server.ts", wrong).service("src/server.ts").start();
    let (status, log) = running.ended();
    let log = log.join("\n");
    assert_eq!(status.code(), Some(1), "{log}");
    for part in ["src/server.ts:4:1", "4 | });", "^"] {
        assert!(log.contains(part), "{part:?} is not there:\n{log}");
    }

    let running = on_node(server()).file("server.ts", SMALL).service("server.ts").run();
    let file = running.folder().join("server.ts");
    fs::write(&file, wrong).expect("a file");
    running.signal(Signal::HUP);
    running.wait_for(|line| line.contains("server.ts:4:1"));
    assert_eq!(running.get("/").text(), "hello", "the worker before goes on");
    fs::write(&file, SMALL.replace("'hello'", "'mended'")).expect("a file");
    running.signal(Signal::HUP);
    while running.get("/").text() != "mended" {}
}

#[test]
fn what_node_imports_first_comes_before_an_entry_in_typescript() {
    for (name, module) in [
        ("server.ts", "commonjs"),
        ("server.ts", "module"),
        ("server.mts", "commonjs"),
        ("server.cts", "module"),
    ] {
        let text = "import { createServer } from 'node:http';\nconst first: string = (globalThis as any).imported;\n\
                    createServer((_, response) => response.end(first)).listen(process.env.PORT);\n";
        let config =
            format!("[services.web]\nentry = \"{name}\"\nnode_args = [\"--import\", \"./first.mjs\"]\n");
        let running = on_node(server())
            .file(name, text)
            .file("first.mjs", "globalThis.imported = 'imported';")
            .file("package.json", &format!("{{ \"type\": \"{module}\" }}"))
            .file("diglot.toml", &format!("[server]\nlisten = \"127.0.0.1:0\"\n{config}"))
            .run();
        assert_eq!(running.get("/").text(), "imported", "{name} in a package of type {module}");
    }
}

#[test]
fn an_entry_in_commonjs_requires_as_under_node_behind_what_node_imports_first() {
    let text = "import { createServer } from 'node:http';\n\
                const seen: unknown[] = [require.main === module, typeof require.cache, typeof require.extensions,\n\
                \x20 Object.keys(require.cache).includes(__filename), require('./other.js').parent === module,\n\
                \x20 module.children.length, module.parent ?? null];\n\
                createServer((_, response) => response.end(JSON.stringify(seen))).listen(process.env.PORT);\n";
    for options in ["", "--import ./first.mjs"] {
        let server = on_node(server())
            .file("server.ts", text)
            .file("other.js", "exports.parent = module.parent;")
            .file("first.mjs", "")
            .file("package.json", "{ \"type\": \"commonjs\" }")
            .env("NODE_OPTIONS", options)
            .service("server.ts")
            .run();
        let expected = json!([true, "object", "object", true, true, 1, null]);
        assert_eq!(json_of(&server, "/"), expected, "NODE_OPTIONS={options}");
    }
}

#[test]
fn a_top_level_await_that_never_settles() {
    for name in ["server.ts", "server.mts"] {
        let running = on_node(server())
            .file(name, "const a: number = 1;\nawait new Promise(() => {});\nexport { a };\n")
            .file("tsconfig.json", "{ \"compilerOptions\": { \"module\": \"esnext\" } }")
            .service(name)
            .start();
        let (status, log) = running.ended();
        let log = log.join("\n");
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("a top-level await never settled"), "{name}: {log}");
    }
}

#[test]
fn a_module_that_is_missing_is_named_with_the_place_of_its_import() {
    let failure = |module: &str, paths: &str, text: &str| {
        let options =
            format!("{{ \"compilerOptions\": {{ \"module\": \"{module}\", \"paths\": {paths} }} }}");
        let running = on_node(server())
            .file("server.ts", text)
            .file("tsconfig.json", &options)
            .service("server.ts")
            .start();
        let (status, log) = running.ended();
        let log = log.join("\n");
        assert_eq!(status.code(), Some(1), "{log}");
        for own in ["lib/typescript", "required.cjs", "hooks.cjs", "imports.mjs"] {
            assert!(!log.contains(own), "{own} is none of the program's files:\n{log}");
        }
        log
    };
    let text = "interface A {\n  a: string;\n}\nimport missing from 'not-there';\nmissing();\n";
    let log = failure("commonjs", "{}", text);
    let last = log.lines().last().unwrap_or_default();
    assert!(last.contains("Cannot find module 'not-there'") && last.contains("server.ts:4:"), "{log}");
    assert!(log.contains("npm install not-there"), "{log}");
    let log = failure("esnext", "{}", text);
    assert!(log.contains("Cannot find package 'not-there' imported from"), "{log}");

    let paths = "{ \"@common/*\": [\"./src/common/*\", \"./lib/*\"] }";
    for module in ["commonjs", "esnext"] {
        let log = failure(module, paths, "import { cents } from '@common/mony';\ncents();\n");
        let last = log.lines().last().unwrap_or_default();
        for part in
            ["'@common/mony'", "`paths` of", "/src/common/mony, ", "/lib/mony, where nothing was found"]
        {
            assert!(last.contains(part), "{part} is not there:\n{log}");
        }
        assert!(!log.contains("npm install"), "{log}");
    }
}

#[test]
fn declarations_that_paths_lead_to_are_not_run() {
    for module in ["commonjs", "esnext"] {
        let options = format!(
            "{{ \"compilerOptions\": {{ \"module\": \"{module}\", \"paths\": {{ \"money\": [\"./types/money.d.ts\"] }} }} }}"
        );
        let running = on_node(server())
            .file("types/money.d.ts", "export declare const cents: number;\n")
            .file("node_modules/money/package.json", "{ \"name\": \"money\", \"main\": \"index.js\" }")
            .file("node_modules/money/index.js", "exports.cents = 100;\n")
            .file(
                "server.ts",
                "import { createServer } from 'node:http';\nimport { cents } from 'money';\n\
                 createServer((_, res) => res.end(String(cents))).listen(process.env.PORT);\n",
            )
            .file("tsconfig.json", &options)
            .service("server.ts")
            .run();
        assert_eq!(running.get("/").text(), "100", "{module}");
    }
}

#[test]
fn a_kind_of_module_that_nobody_knows() {
    let server = on_node(server())
        .file("server.ts", SMALL)
        .file("tsconfig.json", "{\n  \"compilerOptions\": {\n    \"module\": \"comonjs\"\n  }\n}\n")
        .service("server.ts")
        .run();
    server.wait_for(|line| line.contains("tsconfig.json:3: `module` is \"comonjs\""));
    assert_eq!(server.get("/").text(), "hello");
}

#[test]
fn a_configuration_that_is_wrong() {
    let running = on_node(server())
        .file("server.ts", SMALL)
        .file("tsconfig.json", "{ \"extends\": \"./gone\" }")
        .service("server.ts");
    let (status, log) = running.start().ended();
    let log = log.join("\n");
    assert_eq!(status.code(), Some(1), "{log}");
    assert!(log.contains("tsconfig.json: it extends `./gone`, which was not found"), "{log}");
}

#[test]
fn compiled_files_are_kept_and_damaged_ones_made_again() {
    let first = on_node(server()).file("server.ts", SMALL).service("server.ts");
    let folder = first.folder().to_owned();
    let first = first.run();
    assert_eq!(first.get("/").text(), "hello");
    let [file] = cached(&folder).try_into().expect("one file");
    let bytes = fs::read(&file).expect("a file");
    let text = String::from_utf8(bytes.clone()).expect("text");
    for damaged in [
        text.replace("\"hello\"", "\"hullo\"").into_bytes(),
        bytes[..bytes.len() / 2].to_vec(),
        vec![0; 4096],
    ] {
        fs::write(&file, damaged).expect("a file");
        let workers = first.workers();
        first.signal(Signal::HUP);
        while first.workers().iter().any(|worker| workers.contains(worker)) {
            assert_eq!(first.get("/").text(), "hello");
        }
        assert_eq!(first.get("/").text(), "hello");
        assert_eq!(fs::read(&file).expect("a file"), bytes);
    }
    // What is whole is believed: the file is read, and nothing else.
    let other = text.replace("\"hello\"", "\"other\"");
    let (line, code) = other.split_once('\n').expect("a line");
    let sum = Command::new("node")
        .args(["-p", "require('crypto').createHash('sha1').update(process.argv[1]).digest('hex')", code])
        .output()
        .expect("node");
    let sum = String::from_utf8(sum.stdout).expect("text");
    let words: Vec<&str> = line.rsplitn(2, ' ').collect();
    fs::write(&file, format!("{} {}\n{code}", words[1], sum.trim())).expect("a file");
    first.signal(Signal::HUP);
    while first.get("/").text() != "other" {}
}

#[test]
fn stacks_name_the_sources_also_where_node_was_asked_to() {
    let app = "import { createServer } from 'node:http';\ninterface Long {\n  a: string;\n}\n\
               createServer((_, response) => {\n  response.end(new Error('x' as string).stack);\n})\
               .listen(process.env.PORT);\nexport type { Long };\n";
    for options in ["", "--enable-source-maps"] {
        let server =
            on_node(server()).file("server.ts", app).service("server.ts").env("NODE_OPTIONS", options).run();
        let stack = server.get("/").text();
        assert!(stack.contains("server.ts:6:"), "{stack}");
    }
}

#[test]
fn what_is_installed_is_left_to_node() {
    let app = "import { createServer } from 'node:http';\nlet said: string;\n\
               try {\n  said = require('installed').said;\n} catch (error) {\n  said = String(error);\n}\n\
               createServer((_, response) => response.end(said)).listen(process.env.PORT);\n";
    let server = on_node(server()).file("package.json", "{\"type\":\"commonjs\"}").file("server.ts", app);
    fs::remove_file(server.folder().join("node_modules")).expect("the link to what is installed");
    let server = server
        .file("node_modules/installed/package.json", "{\"main\":\"index.ts\"}")
        .file("node_modules/installed/index.ts", "enum A { B = 'compiled' }\nexports.said = A.B;\n")
        .service("server.ts")
        .run();
    let said = server.get("/").text();
    assert!(!said.contains("compiled"), "{said}");
}
