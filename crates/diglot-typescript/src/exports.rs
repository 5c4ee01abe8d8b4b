//! CommonJS exports as `tsc` makes them: those that are read before they are initialised, as modules that import each other do, and the
//! names of those without one.
//!
//! swc exports by getters, which throw while a class or `const` is not initialised; what `tsc` makes answers `undefined`. Programs rely on
//! that: circular entities of an ORM and providers of NestJS, whose decorators look at each other's classes.

use swc_common::DUMMY_SP;
use swc_common::util::take::Take;
use swc_ecma_ast::{
    BlockStmt, CallExpr, CatchClause, DefaultDecl, Expr, ExprOrSpread, ExprStmt, Function, FunctionBody,
    ModuleDecl, ModuleItem, Program, SeqExpr, Stmt, TryStmt,
};
use swc_ecma_utils::private_ident;
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Makes the getters of `exports` answer `undefined` where the binding is not initialised.
pub(crate) fn before_initialised(program: &mut Program) {
    let statements: Box<dyn Iterator<Item = &mut Stmt>> = match program {
        Program::Module(module) => Box::new(module.body.iter_mut().filter_map(|item| match item {
            ModuleItem::Stmt(statement) => Some(statement),
            ModuleItem::ModuleDecl(_) => None,
        })),
        Program::Script(script) => Box::new(script.body.iter_mut()),
    };
    for statement in statements {
        if let Stmt::Expr(ExprStmt { expr, .. }) = statement
            && let Expr::Call(CallExpr { args, .. }) = &mut **expr
            && let [ExprOrSpread { expr: target, .. }, getters @ ..] = args.as_mut_slice()
            && target.as_ident().is_some_and(|target| &*target.sym == "exports")
        {
            getters.iter_mut().for_each(|getters| getters.visit_mut_with(&mut Getters));
        }
    }
}

/// Names what is exported by default without a name: `default_1` where it is a declaration, nothing where it is an expression. Programs see
/// it as the `name` of the class or function.
pub(crate) fn name_default(program: &mut Program) {
    let Program::Module(module) = program else { return };
    for item in &mut module.body {
        match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(exported)) => {
                let name = match &mut exported.decl {
                    DefaultDecl::Class(class) => &mut class.ident,
                    DefaultDecl::Fn(function) => &mut function.ident,
                    DefaultDecl::TsInterfaceDecl(_) => continue,
                };
                name.get_or_insert_with(|| private_ident!("default_1"));
            }
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(exported)) => {
                let mut inner = &exported.expr;
                while let Expr::Paren(parentheses) = &**inner {
                    inner = &parentheses.expr;
                }
                let takes_a_name = match &**inner {
                    Expr::Arrow(_) => true,
                    Expr::Fn(function) => function.ident.is_none(),
                    Expr::Class(class) => class.ident.is_none(),
                    _ => false,
                };
                if takes_a_name {
                    // A variable would give it its own.
                    let exprs = vec![Box::new(0.into()), exported.expr.take()];
                    *exported.expr = SeqExpr { span: DUMMY_SP, exprs }.into();
                }
            }
            _ => {}
        }
    }
}

struct Getters;

impl Getters {
    fn guard(body: &mut FunctionBody) {
        if !matches!(body.stmts.as_slice(), [Stmt::Return(_)]) {
            return;
        }
        let block = BlockStmt { stmts: body.stmts.take(), ..BlockStmt::default() };
        let handler = CatchClause { span: DUMMY_SP, param: None, body: BlockStmt::default() };
        let guarded = TryStmt { span: DUMMY_SP, block, handler: Some(handler), finalizer: None };
        body.stmts.push(Stmt::Try(Box::new(guarded)));
    }
}

impl VisitMut for Getters {
    fn visit_mut_function(&mut self, function: &mut Function) {
        if let Some(body) = &mut function.body {
            Self::guard(body);
        }
    }
}
