//! What comes out of one file. What it does when it runs, and its metadata, are tested with the whole server.

use std::path::Path;

use diglot_typescript::{
    Decorators, Format, Input, Jsx, ModuleKind, Options, PackageType, Product, SOURCE_BYTES_MAX, compile,
};

fn product(file: &str, source: &str, package: PackageType, options: &Options) -> Product {
    compile(Input { file: Path::new(file), source, package, options })
}

/// The code without its map.
fn code(source: &str, options: &Options) -> String {
    match product("/a/b.tsx", source, PackageType::Unsaid, options) {
        Product::Code { code, .. } => {
            code.split("//# sourceMappingURL").next().unwrap_or_default().to_owned()
        }
        Product::Error { text } => panic!("{text}"),
    }
}

fn error(source: &str) -> String {
    match product("/a/b.ts", source, PackageType::Unsaid, &Options::default()) {
        Product::Error { text } => text,
        Product::Code { code, .. } => panic!("it compiles: {code}"),
    }
}

#[test]
fn which_kind_of_module() {
    use Format::{CommonJs, Module};
    use PackageType as Package;
    let check = |file: &str, source: &str, package, module, expect| {
        let options = Options { module, ..Options::default() };
        match product(file, source, package, &options) {
            Product::Code { format, .. } => {
                assert_eq!(format, expect, "{file} {package:?} {module:?}: {source}")
            }
            Product::Error { text } => panic!("{text}"),
        }
    };
    let import = "import 'x';";
    check("/a.mts", "const a = 1;", Package::CommonJs, ModuleKind::CommonJs, Module);
    check("/a.cts", import, Package::Module, ModuleKind::Es, CommonJs);
    check("/a.ts", "const a = 1;", Package::Module, ModuleKind::CommonJs, Module);
    check("/a.ts", import, Package::CommonJs, ModuleKind::Es, CommonJs);
    check("/a.ts", import, Package::Unsaid, ModuleKind::CommonJs, CommonJs);
    check("/a.ts", import, Package::Unsaid, ModuleKind::Node, CommonJs);
    check("/a.ts", import, Package::Unsaid, ModuleKind::Es, Module);
    check("/a.ts", "const a = 1;", Package::Unsaid, ModuleKind::Es, CommonJs);
    check("/a.ts", "import 'x'; __dirname;", Package::Unsaid, ModuleKind::Es, CommonJs);
    check(
        "/a.ts",
        "import 'x'; { const __dirname = 1; __dirname; }",
        Package::Unsaid,
        ModuleKind::Es,
        Module,
    );
    check("/a.ts", "import 'x'; __dirname; import.meta.url;", Package::Unsaid, ModuleKind::Es, Module);
    check("/a.ts", "await 1;", Package::Unsaid, ModuleKind::Es, Module);
    check("/a.ts", "async () => await 1;", Package::Unsaid, ModuleKind::Es, CommonJs);
    check("/a.ts", "import a = require('a'); export = a;", Package::Unsaid, ModuleKind::Es, CommonJs);
    check(
        "/a.ts",
        "#!/usr/bin/env node\nimport type { A } from 'a';",
        Package::Unsaid,
        ModuleKind::Es,
        Module,
    );
}

#[test]
fn imports_of_types_are_removed() {
    let source = "import { A, type B } from 'a'; import type { C } from 'c'; import { D } from 'd'; import 'e';\n\
                  const a: A | B | C = D;";
    let removed = code(source, &Options::default());
    assert!(!removed.contains("'a'") && !removed.contains("'c'"), "{removed}");
    assert!(removed.contains("'d'") && removed.contains("'e'"), "{removed}");
    let kept = code(source, &Options { verbatim_module_syntax: true, ..Options::default() });
    assert!(kept.contains("import { A } from 'a'") && !kept.contains("'c'"), "{kept}");
}

#[test]
fn fields_are_defined_or_assigned() {
    let source = "class A extends B { a = 1; b?: string; static c = 2; #d = 3; constructor(readonly e: E) { super(); f(); } }";
    let defined = code(source, &Options::default());
    assert!(defined.contains("    a = 1;\n    b;\n    static c = 2;\n"), "{defined}");
    let assigned = code(source, &Options { define_fields: false, ..Options::default() });
    let order =
        ["super()", "this.e = e", "this.a = 1", "this.#d = 3", "f();"].map(|part| assigned.find(part));
    assert!(order.is_sorted() && order[0].is_some(), "{assigned}");
    assert!(!assigned.contains("    b;") && assigned.contains("this.c = 2;"), "{assigned}");
}

#[test]
fn jsx_is_lowered() {
    let check = |jsx: Jsx, expect: &str| {
        let made =
            code("import 'x'; const a = <b c=\"d\"><></></b>;", &Options { jsx, ..Options::default() });
        assert!(made.contains(expect), "{made}");
    };
    let automatic = |development| Jsx::Automatic { import_source: "preact".to_owned(), development };
    check(automatic(false), "from \"preact/jsx-runtime\"");
    check(automatic(true), "from \"preact/jsx-dev-runtime\"");
    check(
        Jsx::Classic { factory: "h".to_owned(), fragment: "Fragment".to_owned() },
        "h(\"b\", {\n    c: \"d\"\n}, ",
    );
}

#[test]
fn what_is_wrong_is_shown_in_its_place() {
    let text = error("const a = 1;\nconst ä = 'ü' +;\n");
    for part in ["/a/b.ts:2:", "const ä = 'ü' +;", "^"] {
        assert!(text.contains(part), "{text}");
    }
    let long = format!("const a = [{}];\nlet let = 1 +* 2;", "1, ".repeat(100));
    assert!(error(&long).contains("/a/b.ts:2:"));
    let minified = format!("const a = [{}; ", "1, ".repeat(10_000));
    let text = error(&minified);
    assert!(text.len() < 300 && text.contains("/a/b.ts:1:"), "{text}");
    for source in [
        "class A { constructor(private",
        "enum",
        "@",
        "`${",
        "/*",
        "\u{feff}<",
        "a\0b",
        "namespace A.",
        "<<<<<<< HEAD\n",
    ] {
        assert!(error(source).contains("/a/b.ts:"), "{source}");
    }
}

#[test]
fn sources_that_are_too_much() {
    let Product::Error { text } =
        product("/a.ts", &" ".repeat(SOURCE_BYTES_MAX + 1), PackageType::Unsaid, &Options::default())
    else {
        panic!("it compiles");
    };
    assert!(text.contains("longer than"), "{text}");
}

#[test]
fn maps_name_the_source_by_its_url() {
    let made = product("/a b/ü#.ts", "const a: number = 1;", PackageType::Unsaid, &Options::default());
    let Product::Code { code, .. } = made else { panic!("{made:?}") };
    let (_, map) =
        code.split_once("//# sourceMappingURL=data:application/json;charset=utf-8;base64,").expect("a map");
    let map = base64_decoded(map.trim());
    assert!(map.contains("\"file:///a%20b/%C3%BC%23.ts\"") && map.contains("const a: number = 1;"), "{map}");
}

fn base64_decoded(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    String::from_utf8(bytes).expect("text")
}

#[test]
fn decorators_of_both_kinds() {
    let source = "@a class B { @c d() { return B; } }";
    let standard = code(source, &Options::default());
    assert!(standard.contains("_apply_decs"), "{standard}");
    let legacy = Options { decorators: Decorators::Legacy { metadata: true }, ..Options::default() };
    let made = code(source, &legacy);
    assert!(made.contains("return B_1;") && made.contains("design:returntype"), "{made}");
    let without = Options { decorators: Decorators::Legacy { metadata: false }, ..Options::default() };
    assert!(!code(source, &without).contains("design:"));
}

#[test]
fn sources_that_nest_too_deep() {
    let text = error(&format!("const a = {}1{};", "[".repeat(200_000), "]".repeat(200_000)));
    assert!(text.contains("brackets"), "{text}");
    let deep = format!("const a = {};", vec!["1"; 50_000].join("+"));
    let compiled = std::thread::Builder::new().stack_size(256 * 1024 * 1024).spawn(move || error(&deep));
    let text = compiled.expect("a thread").join().expect("no panic");
    assert!(text.contains("nests deeper"), "{text}");
}
