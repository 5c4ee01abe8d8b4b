//! How deep a source may nest. The compiler goes as deep itself, and a stack that ends would end the server.

use swc_ecma_ast::{Expr, Pat, Program, Stmt, TsType};
use swc_ecma_visit::{Visit, VisitWith};

/// Most brackets within each other. Counted in the text, those in strings too: nobody has so many of either.
pub(crate) const BRACKETS_MAX: usize = 2_000;
/// Most expressions, statements, patterns and types within each other: `a + b + c` has two expressions within each other.
pub(crate) const NODES_MAX: usize = 10_000;

/// Where the text has more brackets within each other than are compiled, in bytes.
pub(crate) fn too_many_brackets(source: &str) -> Option<usize> {
    let mut open = 0_usize;
    source.bytes().position(|byte| {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        open > BRACKETS_MAX
    })
}

/// Whether the program nests deeper than is compiled. It looks no deeper than that.
pub(crate) fn is_too_deep(program: &Program) -> bool {
    let mut depth = Depth::default();
    program.visit_with(&mut depth);
    depth.exceeded
}

#[derive(Default)]
struct Depth {
    now: usize,
    exceeded: bool,
}

impl Depth {
    fn below<T: VisitWith<Self>>(&mut self, node: &T) {
        if self.now == NODES_MAX {
            self.exceeded = true;
            return;
        }
        self.now += 1;
        node.visit_children_with(self);
        self.now -= 1;
    }
}

impl Visit for Depth {
    fn visit_expr(&mut self, node: &Expr) {
        self.below(node);
    }

    fn visit_stmt(&mut self, node: &Stmt) {
        self.below(node);
    }

    fn visit_pat(&mut self, node: &Pat) {
        self.below(node);
    }

    fn visit_ts_type(&mut self, node: &TsType) {
        self.below(node);
    }
}
