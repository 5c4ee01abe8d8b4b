//! Where an import stands that has become a call of `require`: a stack of a module that is not found names the line.

use swc_common::{Mark, Spanned, SyntaxContext};
use swc_ecma_ast::{CallExpr, Callee, Expr, ExprOrSpread, Lit, Program};
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Gives the calls that stand for imports the places of these. `unresolved` is that of names which the program does not declare.
pub(crate) fn in_place(program: &mut Program, unresolved: Mark) {
    program.visit_mut_with(&mut Placed { unresolved: SyntaxContext::empty().apply_mark(unresolved) });
}

struct Placed {
    unresolved: SyntaxContext,
}

impl VisitMut for Placed {
    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        call.visit_mut_children_with(self);
        if let Callee::Expr(callee) = &mut call.callee
            && let Expr::Ident(name) = &mut **callee
            && name.span.is_dummy()
            && &*name.sym == "require"
            && name.ctxt == self.unresolved
            && let [ExprOrSpread { spread: None, expr }] = call.args.as_slice()
            && let Expr::Lit(Lit::Str(_)) = &**expr
        {
            call.span = expr.span();
            name.span = expr.span();
        }
    }
}
