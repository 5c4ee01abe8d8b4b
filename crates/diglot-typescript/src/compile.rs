//! One file of TypeScript becomes JavaScript, alone: what `tsc` does with `isolatedModules`.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use swc_common::comments::SingleThreadedComments;
use swc_common::errors::{DiagnosticBuilder, Emitter, HANDLER, Handler};
use swc_common::source_map::SourceMapGenConfig;
use swc_common::sync::Lrc;
use swc_common::{BytePos, FileName, GLOBALS, Globals, LineCol, Mark, SourceFile, SourceMap, Span, Spanned};
use swc_ecma_ast::{EsVersion, Program};
use swc_ecma_codegen::Emitter as CodeEmitter;
use swc_ecma_codegen::text_writer::JsWriter;
use swc_ecma_parser::{Syntax, TsSyntax, parse_file_as_program};
use swc_ecma_transforms_base::fixer::fixer;
use swc_ecma_transforms_base::helpers::{HELPERS, Helpers, inject_helpers};
use swc_ecma_transforms_base::hygiene::hygiene;
use swc_ecma_transforms_base::resolver;
use swc_ecma_transforms_module::common_js::{FeatureFlag, common_js};
use swc_ecma_transforms_module::path::Resolver;
use swc_ecma_transforms_module::util::{Config as ModuleConfig, ImportInterop};
use swc_ecma_transforms_proposal::decorator_2023_11::decorator_2023_11;
use swc_ecma_transforms_proposal::decorators;
use swc_ecma_transforms_proposal::explicit_resource_management::explicit_resource_management;
use swc_ecma_transforms_react as react;
use swc_ecma_transforms_typescript::typescript::{
    self, Config as TypeConfig, TsImportExportAssignConfig, TsxConfig,
};

use crate::decorators::{instances_first, lower_accessors, prepare, uses_decorators};
use crate::depth::{BRACKETS_MAX, NODES_MAX};
use crate::options::{Decorators, Jsx, ModuleKind, Options};
use crate::problem::Problem;
use crate::product::{Format, Product};
use crate::project::PackageType;
use crate::{depth, exports, fields, module, namespaces, requires};

/// Longest source that is compiled.
pub const SOURCE_BYTES_MAX: usize = 32 * 1024 * 1024;

/// One file.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Absolute. Its ending says what is in it: `.ts`, `.mts`, `.cts`, `.tsx`, `.jsx`.
    pub file: &'a Path,
    pub source: &'a str,
    /// Of the nearest package.json.
    pub package: PackageType,
    pub options: &'a Options,
}

/// Compiles one file. What is wrong with it becomes [`Product::Error`].
///
/// It needs a stack in proportion to how deep the source nests: [`crate::serve`] gives it one.
pub fn compile(input: Input<'_>) -> Product {
    if input.source.len() > SOURCE_BYTES_MAX {
        let text = format!("{} is longer than {SOURCE_BYTES_MAX} bytes", input.file.display());
        return Product::Error { text };
    }
    // A fault of the compiler must end neither the server nor the worker's other modules.
    let made = catch_unwind(AssertUnwindSafe(|| {
        GLOBALS.set(&Globals::new(), || HELPERS.set(&Helpers::new(false), || Compilation::new(input).run()))
    }));
    match made {
        Ok(Ok(product)) => product,
        Ok(Err(problem)) => Product::Error { text: problem.render(input.file, input.source) },
        Err(_) => {
            let problem = Problem::new("the compiler failed on this file")
                .hint("this is a fault of Diglot or of swc, which it uses: report it with the file");
            Product::Error { text: problem.render(input.file, input.source) }
        }
    }
}

struct Compilation<'a> {
    input: Input<'a>,
    sources: Lrc<SourceMap>,
    file: Lrc<SourceFile>,
    comments: SingleThreadedComments,
}

impl<'a> Compilation<'a> {
    fn new(input: Input<'a>) -> Self {
        let sources: Lrc<SourceMap> = Lrc::default();
        let name = FileName::Real(input.file.to_owned());
        let file = sources.new_source_file(name.into(), input.source.to_owned());
        Self { input, sources, file, comments: SingleThreadedComments::default() }
    }

    fn run(self) -> Result<Product, Problem> {
        if let Some(at) = depth::too_many_brackets(self.input.source) {
            let problem = Problem::new(format!("more than {BRACKETS_MAX} brackets are open here"));
            return Err(problem.at(at..at + 1));
        }
        let program = self.parse()?;
        if depth::is_too_deep(&program) {
            // To drop it would take as deep a stack as to compile it.
            std::mem::forget(program);
            return Err(Problem::new(format!("the source nests deeper than {NODES_MAX} levels")));
        }
        let collected = Collected::default();
        let handler = Handler::with_emitter(true, false, Box::new(collected.clone()));
        let made = HANDLER.set(&handler, || self.transform(program));
        if let Some((message, span)) = collected.0.borrow_mut().first().cloned() {
            return Err(self.problem(message, span));
        }
        let (format, program) = made;
        Ok(Product::Code { format, code: self.write(&program)? })
    }

    fn parse(&self) -> Result<Program, Problem> {
        let ending = self.input.file.extension().and_then(|ending| ending.to_str());
        let syntax = Syntax::Typescript(TsSyntax {
            tsx: matches!(ending, Some("tsx" | "jsx")),
            decorators: true,
            ..TsSyntax::default()
        });
        let mut errors = Vec::new();
        let parsed =
            parse_file_as_program(&self.file, syntax, EsVersion::latest(), Some(&self.comments), &mut errors);
        // The first in the text, not the last straw: what follows is often its consequence.
        if let Err(error) = &parsed {
            errors.push(error.clone());
        }
        match errors.iter().min_by_key(|error| error.span_lo()) {
            Some(error) => Err(self.problem(error.kind().msg().into_owned(), error.span())),
            None => parsed.map_err(|error| self.problem(error.kind().msg().into_owned(), error.span())),
        }
    }

    fn problem(&self, message: String, span: Span) -> Problem {
        let message = message.trim_end_matches('.').to_owned();
        let offset = |position: BytePos| position.0.saturating_sub(self.file.start_pos.0) as usize;
        match span.is_dummy() {
            true => Problem::new(message),
            false => Problem::new(message).at(offset(span.lo)..offset(span.hi)),
        }
    }

    fn transform(&self, mut program: Program) -> (Format, Program) {
        let options = self.input.options;
        let (unresolved, top_level) = (Mark::new(), Mark::new());
        program.mutate(resolver(unresolved, top_level, true));
        let format = module::format(self.input.file, self.input.package, options, &program, unresolved);
        namespaces::see_each_other(&mut program, unresolved);
        if format == Format::CommonJs {
            exports::name_default(&mut program);
        }
        match options.decorators {
            Decorators::Legacy { metadata } => {
                if uses_decorators(&program) {
                    prepare(&mut program, metadata.then_some(options.strict_null_checks), unresolved);
                    // What is decorated then are getters, as swc knows them.
                    lower_accessors(&mut program);
                    program.mutate(decorators::decorators(decorators::Config {
                        legacy: true,
                        emit_metadata: false,
                        use_define_for_class_fields: options.define_fields,
                    }));
                    instances_first(&mut program);
                } else {
                    lower_accessors(&mut program);
                }
            }
            Decorators::Standard if uses_decorators(&program) => program.mutate(decorator_2023_11()),
            Decorators::Standard => lower_accessors(&mut program),
        }
        if !options.define_fields {
            fields::assign(&mut program);
        }
        self.remove_types(&mut program, format, unresolved, top_level);
        program.mutate(explicit_resource_management());
        self.lower_jsx(&mut program, unresolved, top_level);
        if format == Format::CommonJs {
            let interop = match options.es_module_interop {
                true => ImportInterop::Swc,
                false => ImportInterop::None,
            };
            let config = ModuleConfig {
                import_interop: Some(interop),
                export_interop_annotation: Some(true),
                ignore_dynamic: options.module != ModuleKind::CommonJs,
                ..ModuleConfig::default()
            };
            let features = FeatureFlag { support_block_scoping: true, support_arrow: true };
            program.mutate(common_js(Resolver::Default, unresolved, config, features));
            exports::before_initialised(&mut program);
            requires::in_place(&mut program, unresolved);
        }
        program.mutate(inject_helpers(unresolved));
        program.mutate(hygiene());
        program.mutate(fixer(Some(&self.comments)));
        (format, program)
    }

    fn remove_types(&self, program: &mut Program, format: Format, unresolved: Mark, top_level: Mark) {
        let config = TypeConfig {
            verbatim_module_syntax: self.input.options.verbatim_module_syntax,
            native_class_properties: true,
            import_export_assign_config: match format {
                Format::CommonJs => TsImportExportAssignConfig::Preserve,
                Format::Module => TsImportExportAssignConfig::NodeNext,
            },
            ..TypeConfig::default()
        };
        match &self.input.options.jsx {
            Jsx::Classic { factory, fragment } => {
                let jsx = TsxConfig {
                    pragma: Some(factory.clone().into()),
                    pragma_frag: Some(fragment.clone().into()),
                };
                let sources = self.sources.clone();
                program.mutate(typescript::tsx(sources, config, jsx, &self.comments, unresolved, top_level));
            }
            Jsx::Automatic { .. } => program.mutate(typescript::typescript(config, unresolved, top_level)),
        }
    }

    fn lower_jsx(&self, program: &mut Program, unresolved: Mark, top_level: Mark) {
        let options = match self.input.options.jsx.clone() {
            Jsx::Classic { factory, fragment } => react::Options {
                runtime: Some(react::Runtime::Classic),
                pragma: Some(factory.into()),
                pragma_frag: Some(fragment.into()),
                ..react::Options::default()
            },
            Jsx::Automatic { import_source, development } => react::Options {
                runtime: Some(react::Runtime::Automatic),
                import_source: Some(import_source.into()),
                development: Some(development),
                ..react::Options::default()
            },
        };
        let (sources, comments) = (self.sources.clone(), Some(self.comments.clone()));
        program.mutate(react::react(sources, comments, options, top_level, unresolved));
    }

    /// The code with its source map.
    fn write(&self, program: &Program) -> Result<String, Problem> {
        let mut code = Vec::new();
        let mut positions: Vec<(BytePos, LineCol)> = Vec::new();
        let mut emitter = CodeEmitter {
            cfg: swc_ecma_codegen::Config::default(),
            cm: self.sources.clone(),
            comments: Some(&self.comments),
            wr: JsWriter::new(self.sources.clone(), "\n", &mut code, Some(&mut positions)),
        };
        let failed =
            |error: &dyn std::fmt::Display| Problem::new(format!("its code cannot be written: {error}"));
        emitter.emit_program(program).map_err(|error| failed(&error))?;
        let mut code = String::from_utf8(code).map_err(|error| failed(&error))?;
        let mut map = Vec::new();
        let built = self.sources.build_source_map(&positions, None, MapConfig);
        built.to_writer(&mut map).map_err(|error| failed(&error))?;
        code += "//# sourceMappingURL=data:application/json;charset=utf-8;base64,";
        BASE64.encode_string(map, &mut code);
        code.push('\n');
        Ok(code)
    }
}

/// A debugger has the sources by their paths, and where it has not, as the map holds them too.
struct MapConfig;

impl SourceMapGenConfig for MapConfig {
    fn file_name_to_source(&self, name: &FileName) -> String {
        match name {
            FileName::Real(path) => url_of(path),
            other => other.to_string(),
        }
    }

    fn inline_sources_content(&self, _: &FileName) -> bool {
        true
    }
}

/// A path as a file URL: what is no letter of URLs is escaped.
fn url_of(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let mut url = "file://".to_owned();
    for &byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' | b'@' | b'+' | b'=' | b':' | b',' => url.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => url.push(char::from(byte)),
            byte => url += &format!("%{byte:02X}"),
        }
    }
    url
}

/// What transforms have against the program.
#[derive(Clone, Default)]
struct Collected(Lrc<RefCell<Vec<(String, Span)>>>);

impl Emitter for Collected {
    fn emit(&mut self, diagnostic: &mut DiagnosticBuilder<'_>) {
        let span = diagnostic.span.primary_span().unwrap_or_default();
        self.0.borrow_mut().push((diagnostic.message(), span));
    }
}
