//! Members are decorated in `tsc`'s order: those of instances first, then the static ones. swc has them in the order of the text.

use std::mem;

use swc_ecma_ast::{CallExpr, Callee, Expr, ExprStmt, Module, ModuleItem, Program, Stmt};
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Decorators must have been lowered.
pub(crate) fn instances_first(program: &mut Program) {
    program.visit_mut_with(&mut Order);
}

struct Order;

impl VisitMut for Order {
    fn visit_mut_module(&mut self, module: &mut Module) {
        module.visit_mut_children_with(self);
        order(&mut module.body, |item| match item {
            ModuleItem::Stmt(statement) => is_of_instances(statement),
            ModuleItem::ModuleDecl(_) => None,
        });
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        order(statements, is_of_instances);
    }
}

/// `Some` if a statement decorates a member: whether it is one of instances.
fn is_of_instances(statement: &Stmt) -> Option<bool> {
    let Stmt::Expr(ExprStmt { expr, .. }) = statement else { return None };
    let Expr::Call(CallExpr { callee: Callee::Expr(callee), args, .. }) = &**expr else { return None };
    let decorates = callee.as_ident().is_some_and(|callee| &*callee.sym == "_ts_decorate");
    match args.as_slice() {
        [_, target, _, _] if decorates => Some(target.expr.is_member()),
        _ => None,
    }
}

fn order<T>(items: &mut Vec<T>, is_of_instances: impl Fn(&T) -> Option<bool>) {
    let mut statics = Vec::new();
    for item in mem::take(items) {
        match is_of_instances(&item) {
            Some(false) => statics.push(item),
            Some(true) => items.push(item),
            // The end of a class, if there was one.
            None => {
                items.append(&mut statics);
                items.push(item);
            }
        }
    }
    items.append(&mut statics);
}
