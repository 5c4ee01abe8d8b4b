//! What is read of `tsconfig.json`.

use std::fs;
use std::path::Path;

use diglot_typescript::{Decorators, ModuleKind, Options, Project};
use tempfile::TempDir;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }
    folder
}

fn read(folder: &Path) -> Result<Project, String> {
    Project::read(&folder.join("tsconfig.json")).map_err(|error| error.to_string())
}

fn options(text: &str, typescript: &str) -> Options {
    let package = format!("{{\"version\": \"{typescript}\"}}");
    let files = [("tsconfig.json", text), ("node_modules/typescript/package.json", package.as_str())];
    read(folder(&files).path()).expect("a project").options
}

#[test]
fn defaults_are_those_of_the_typescript_that_is_installed() {
    let five = options("{}", "5.9.3");
    assert_eq!(five.module, ModuleKind::CommonJs);
    assert!(!five.strict_null_checks && !five.es_module_interop && !five.define_fields);
    let six = options("{}", "6.0.3");
    assert_eq!(six, Options::default());
    let node = options(
        r#"{"compilerOptions": {"module": "NodeNext", "target": "ES2022", "strict": true}}"#,
        "5.9.3",
    );
    assert_eq!(node.module, ModuleKind::Node);
    assert!(node.strict_null_checks && node.es_module_interop && node.define_fields);
    let legacy = r#"{"compilerOptions": {"experimentalDecorators": true, "emitDecoratorMetadata": true}}"#;
    assert_eq!(options(legacy, "7.0.2").decorators, Decorators::Legacy { metadata: true });
}

#[test]
fn a_kind_of_module_that_nobody_knows() {
    let folder = folder(&[
        ("tsconfig.json", r#"{"extends": "./base"}"#),
        (
            "base.json",
            "{\n  // \"module\" is said below\n  \"compilerOptions\": {\n    \"module\": \"comonjs\"\n  }\n}",
        ),
        ("known/tsconfig.json", r#"{"compilerOptions": {"module": "NodeNext"}}"#),
    ]);
    let project = read(folder.path()).expect("a project");
    assert_eq!(project.options.module, ModuleKind::Es);
    let [warning] = project.warnings.as_slice() else { panic!("{:?}", project.warnings) };
    let place = format!("{}:4: `module` is \"comonjs\"", folder.path().join("base.json").display());
    assert!(warning.starts_with(&place), "{warning}");
    assert!(read(&folder.path().join("known")).expect("a project").warnings.is_empty());
}

#[test]
fn configurations_extend_each_other() {
    let folder = folder(&[
        (
            "app/tsconfig.json",
            r#"{"extends": ["../base", "@acme/config", "named/strict.json"], "compilerOptions": {"paths": {"x": ["y"]}}}"#,
        ),
        (
            "base.json",
            r#"{"compilerOptions": {"baseUrl": "./lib", "verbatimModuleSyntax": true, "strict": true}}"#,
        ),
        ("node_modules/@acme/config/package.json", r#"{"tsconfig": "./ts.json"}"#),
        ("node_modules/@acme/config/ts.json", r#"{"compilerOptions": {"strictNullChecks": false}}"#),
        ("node_modules/named/strict.json", r#"{"compilerOptions": {"verbatimModuleSyntax": false}}"#),
    ]);
    let project = read(&folder.path().join("app")).expect("a project");
    assert!(!project.options.strict_null_checks && !project.options.verbatim_module_syntax);
    assert_eq!(project.base_url, Some(folder.path().join("lib")));
    assert_eq!(project.paths, [("x".to_owned(), vec![folder.path().join("lib/y")])]);
}

#[test]
fn what_is_wrong_is_said() {
    let check = |files: &[(&str, &str)], expect: &str| {
        let folder = folder(files);
        let error = read(folder.path()).expect_err(expect);
        assert!(error.contains("tsconfig.json") && error.contains(expect), "{error}");
    };
    check(&[], "cannot be read");
    check(&[("tsconfig.json", "{\n  \"a\": }")], "line 2 column");
    check(&[("tsconfig.json", "[]")], "no JSON object");
    check(&[("tsconfig.json", r#"{"extends": "gone"}"#)], "`gone`, which was not found");
    check(&[("tsconfig.json", r#"{"extends": "./tsconfig.json"}"#)], "extends itself");
    check(&[("tsconfig.json", r#"{"extends": 1}"#)], "`extends` is a path");
    check(&[("tsconfig.json", r#"{"compilerOptions": {"paths": {"*/*": []}}}"#)], "more than one `*`");
}

#[test]
fn resolution_is_strict_where_node_is() {
    let permissive = |options: &str| {
        let text = format!("{{\"compilerOptions\": {{{options}}}}}");
        read(folder(&[("tsconfig.json", &text)]).path()).expect("a project").permissive
    };
    assert!(permissive(r#""moduleResolution": "bundler""#));
    assert!(permissive(r#""module": "commonjs""#));
    assert!(!permissive(r#""module": "nodenext""#));
    assert!(!permissive(r#""module": "esnext", "moduleResolution": "Node16""#));
    assert!(!Project::default().permissive);
}
