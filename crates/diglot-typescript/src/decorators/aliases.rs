//! A class that speaks of itself means what its decorators made of it.
//!
//! Within its body the name of a class is a binding of its own, which decorators do not reach. So what the body says of it goes through a
//! variable that has the class first, and what was made of it as soon as it is decorated.

use std::mem;

use swc_common::DUMMY_SP;
use swc_ecma_ast::{
    ArrowExpr, AssignOp, BlockStmt, Class, ClassDecl, Decl, Decorator, DefaultDecl, Expr, Ident, ModuleDecl,
    ModuleItem, Program, StaticBlock, Stmt, ThisExpr, VarDecl, VarDeclKind, VarDeclarator,
};
use swc_ecma_ast::{ArrowFunctionBody, FunctionBody, Id, Pat};
use swc_ecma_utils::{ExprFactory as _, StmtLike, private_ident};
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Decorators of parameters must have become the class's.
pub(super) fn keep_decorated(program: &mut Program) {
    program.visit_mut_with(&mut Aliases);
}

struct Aliases;

impl Aliases {
    fn statements<T: StmtLike + From<Stmt>>(
        items: &mut Vec<T>,
        class_of: fn(&mut T) -> Option<(&Ident, &mut Class)>,
    ) {
        for mut item in mem::take(items) {
            if let Some((name, class)) = class_of(&mut item)
                && let Some(alias) = alias(name, class)
            {
                let declared = VarDecl {
                    kind: VarDeclKind::Let,
                    decls: vec![VarDeclarator {
                        span: DUMMY_SP,
                        name: alias.into(),
                        init: None,
                        definite: false,
                    }],
                    ..VarDecl::default()
                };
                items.push(T::from(Stmt::Decl(Decl::Var(Box::new(declared)))));
            }
            items.push(item);
        }
    }
}

impl VisitMut for Aliases {
    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.visit_mut_children_with(self);
        Self::statements(items, |item| match item {
            ModuleItem::Stmt(statement) => declared(statement),
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => match &mut export.decl {
                Decl::Class(ClassDecl { ident, class, .. }) => Some((&*ident, class)),
                _ => None,
            },
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => match &mut export.decl {
                DefaultDecl::Class(class) => Some((class.ident.as_ref()?, &mut class.class)),
                _ => None,
            },
            ModuleItem::ModuleDecl(_) => None,
        });
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        Self::statements(statements, declared);
    }
}

fn declared(statement: &mut Stmt) -> Option<(&Ident, &mut Class)> {
    match statement {
        Stmt::Decl(Decl::Class(ClassDecl { ident, class, .. })) => Some((&*ident, class)),
        _ => None,
    }
}

/// The variable, if the class has decorators and its body names it.
fn alias(name: &Ident, class: &mut Class) -> Option<Ident> {
    if class.decorators.is_empty() {
        return None;
    }
    let alias = private_ident!(format!("{}_1", name.sym));
    let mut renamed = Renamed { from: name.to_id(), to: alias.clone(), seen: false };
    class.body.visit_mut_with(&mut renamed);
    if !renamed.seen {
        return None;
    }
    let this = Expr::This(ThisExpr { span: DUMMY_SP });
    let first = this.make_assign_to(AssignOp::Assign, alias.clone().into());
    let body = BlockStmt { stmts: vec![first.into_stmt()], ..BlockStmt::default() };
    class.body.insert(0, StaticBlock { span: DUMMY_SP, body }.into());
    // The first is applied last: it sees what all others have made.
    let made = private_ident!("made");
    let kept = Expr::from(made.clone()).make_assign_to(AssignOp::Assign, alias.clone().into());
    let keep = ArrowExpr {
        params: vec![Pat::from(made)],
        body: Box::new(ArrowFunctionBody::FunctionBody(FunctionBody {
            stmts: vec![kept.into_stmt()],
            ..FunctionBody::default()
        })),
        ..ArrowExpr::default()
    };
    class.decorators.insert(0, Decorator { span: DUMMY_SP, expr: Box::new(keep.into()) });
    Some(alias)
}

struct Renamed {
    from: Id,
    to: Ident,
    seen: bool,
}

impl VisitMut for Renamed {
    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Ident(ident) if ident.to_id() == self.from => {
                self.seen = true;
                *ident = Ident { span: ident.span, ..self.to.clone() };
            }
            other => other.visit_mut_children_with(self),
        }
    }

    fn visit_mut_prop(&mut self, property: &mut swc_ecma_ast::Prop) {
        use swc_ecma_ast::{KeyValueProp, Prop};
        match property {
            Prop::Shorthand(name) if name.to_id() == self.from => {
                self.seen = true;
                let value = Box::new(Expr::Ident(self.to.clone()));
                *property = Prop::KeyValue(KeyValueProp { key: name.clone().into(), value });
            }
            other => other.visit_mut_children_with(self),
        }
    }
}
