//! Which of Node's two kinds of module a file is: by its name, its package, the configuration, and its own syntax, in this order.

use std::path::Path;

use swc_common::Mark;
use swc_ecma_ast::{
    ArrowExpr, AwaitExpr, Class, ForOfStmt, Function, Ident, MetaPropExpr, MetaPropKind, ModuleDecl,
    ModuleItem, Program, UsingDecl,
};
use swc_ecma_visit::{Visit, VisitWith};

use crate::options::{ModuleKind, Options};
use crate::product::Format;
use crate::project::PackageType;

/// Whether `moduleResolution` of this name finds no more than Node does.
pub(crate) fn strict_by_default(resolution: &str) -> bool {
    matches!(resolution, "node16" | "nodenext")
}

/// Identifiers of `program` must have been resolved: `unresolved` marks those that no declaration of the file introduces.
pub(crate) fn format(
    file: &Path,
    package: PackageType,
    options: &Options,
    program: &Program,
    unresolved: Mark,
) -> Format {
    match (file.extension().and_then(|ending| ending.to_str()), package) {
        (Some("mts"), _) => return Format::Module,
        (Some("cts"), _) => return Format::CommonJs,
        (_, PackageType::Module) => return Format::Module,
        (_, PackageType::CommonJs) => return Format::CommonJs,
        (_, PackageType::Unsaid) => {}
    }
    if options.module != ModuleKind::Es {
        return Format::CommonJs;
    }
    let mut seen = Syntax { unresolved, ..Syntax::of(program) };
    program.visit_with(&mut seen);
    // Who writes `import` and `__dirname` in one file wrote it for a compiler that makes CommonJS of it.
    match seen.only_module || (seen.module && !seen.commonjs) {
        true => Format::Module,
        false => Format::CommonJs,
    }
}

/// What in a file belongs to one kind of module.
struct Syntax {
    unresolved: Mark,
    /// `import` and `export`.
    module: bool,
    /// `import.meta`, and `await` outside functions.
    only_module: bool,
    /// `require`, `module`, `exports`, `__filename`, `__dirname`; `import = require()` and `export =`.
    commonjs: bool,
    functions: usize,
}

impl Syntax {
    fn of(program: &Program) -> Self {
        let items = program.as_module().map_or(&[][..], |module| &module.body);
        let declares = |wanted: fn(&ModuleDecl) -> bool| {
            items
                .iter()
                .any(|item| matches!(item, ModuleItem::ModuleDecl(declaration) if wanted(declaration)))
        };
        let equals = |declaration: &ModuleDecl| {
            matches!(declaration, ModuleDecl::TsImportEquals(_) | ModuleDecl::TsExportAssignment(_))
        };
        Self {
            unresolved: Mark::root(),
            module: declares(|declaration| {
                !matches!(declaration, ModuleDecl::TsImportEquals(_) | ModuleDecl::TsExportAssignment(_))
            }),
            only_module: false,
            commonjs: declares(equals),
            functions: 0,
        }
    }

    fn within<T: VisitWith<Self>>(&mut self, function: &T) {
        self.functions += 1;
        function.visit_children_with(self);
        self.functions -= 1;
    }
}

impl Visit for Syntax {
    fn visit_function(&mut self, function: &Function) {
        self.within(function);
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.within(arrow);
    }

    fn visit_class(&mut self, class: &Class) {
        self.within(class);
    }

    fn visit_await_expr(&mut self, wait: &AwaitExpr) {
        self.only_module |= self.functions == 0;
        wait.visit_children_with(self);
    }

    fn visit_for_of_stmt(&mut self, statement: &ForOfStmt) {
        self.only_module |= statement.is_await && self.functions == 0;
        statement.visit_children_with(self);
    }

    fn visit_using_decl(&mut self, declaration: &UsingDecl) {
        self.only_module |= declaration.is_await && self.functions == 0;
        declaration.visit_children_with(self);
    }

    fn visit_meta_prop_expr(&mut self, property: &MetaPropExpr) {
        self.only_module |= property.kind == MetaPropKind::ImportMeta;
    }

    fn visit_ident(&mut self, name: &Ident) {
        self.commonjs |= name.ctxt.outer() == self.unresolved
            && matches!(&*name.sym, "require" | "module" | "exports" | "__filename" | "__dirname");
    }
}
