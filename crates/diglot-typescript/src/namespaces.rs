//! Namespaces that are declared in several places see each other's exports by their names alone. swc looks at each place for itself.

use std::collections::{HashMap, HashSet};

use swc_common::{DUMMY_SP, Mark, SyntaxContext};
use swc_ecma_ast::{
    Decl, ExportDecl, Expr, Id, Ident, KeyValueProp, MemberExpr, MemberProp, ModuleDecl, ModuleItem, Pat,
    Program, Prop, TsModuleDecl, TsModuleName, TsNamespaceBody,
};
use swc_ecma_visit::{Visit, VisitMut, VisitMutWith, VisitWith};

/// Names what other declarations of a namespace export by way of the namespace. Identifiers must have been resolved.
pub(crate) fn see_each_other(program: &mut Program, unresolved: Mark, top_level: Mark) {
    let mut exports = Exports::default();
    program.visit_with(&mut exports);
    if exports.declared.values().any(|places| *places > 1) {
        let outside = [unresolved, top_level].map(|mark| SyntaxContext::empty().apply_mark(mark));
        program.visit_mut_with(&mut Named { names: &exports.names, outside, within: Vec::new() });
    }
}

/// What namespaces export in all places together.
#[derive(Default)]
struct Exports {
    names: HashMap<Id, HashSet<String>>,
    declared: HashMap<Id, usize>,
}

impl Visit for Exports {
    fn visit_ts_module_decl(&mut self, module: &TsModuleDecl) {
        module.visit_children_with(self);
        let (TsModuleName::Ident(name), Some(TsNamespaceBody::TsModuleBlock(block))) =
            (&module.id, &module.body)
        else {
            return;
        };
        *self.declared.entry(name.to_id()).or_default() += 1;
        let names = self.names.entry(name.to_id()).or_default();
        for item in &block.body {
            if let ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl { decl, .. })) = item {
                add_names(decl, names);
            }
        }
    }
}

fn add_names(declared: &Decl, names: &mut HashSet<String>) {
    match declared {
        Decl::Class(class) => drop(names.insert(class.ident.sym.to_string())),
        Decl::Fn(function) => drop(names.insert(function.ident.sym.to_string())),
        Decl::TsEnum(declared) => drop(names.insert(declared.id.sym.to_string())),
        Decl::Var(variables) => {
            names.extend(variables.decls.iter().filter_map(|variable| match &variable.name {
                Pat::Ident(name) => Some(name.id.sym.to_string()),
                _ => None,
            }))
        }
        _ => {}
    }
}

struct Named<'a> {
    names: &'a HashMap<Id, HashSet<String>>,
    /// Of what is declared in none of the places.
    outside: [SyntaxContext; 2],
    /// The namespaces around, the innermost last.
    within: Vec<Ident>,
}

impl Named<'_> {
    fn member(&self, name: &Ident) -> Option<Expr> {
        if !self.outside.contains(&name.ctxt) {
            return None;
        }
        let exports = |namespace: &&Ident| {
            self.names.get(&namespace.to_id()).is_some_and(|names| names.contains(&*name.sym))
        };
        let namespace = self.within.iter().rev().find(exports)?;
        Some(Expr::Member(MemberExpr {
            span: name.span,
            obj: Box::new(Expr::Ident(Ident { span: DUMMY_SP, ..namespace.clone() })),
            prop: MemberProp::Ident(name.clone().into()),
        }))
    }
}

impl VisitMut for Named<'_> {
    fn visit_mut_ts_module_decl(&mut self, module: &mut TsModuleDecl) {
        let TsModuleName::Ident(name) = &module.id else { return };
        self.within.push(name.clone());
        module.visit_mut_children_with(self);
        self.within.pop();
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        match expression {
            Expr::Ident(name) => {
                if let Some(member) = self.member(name) {
                    *expression = member;
                }
            }
            other => other.visit_mut_children_with(self),
        }
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        match property {
            Prop::Shorthand(name) => {
                if let Some(member) = self.member(name) {
                    *property =
                        Prop::KeyValue(KeyValueProp { key: name.clone().into(), value: Box::new(member) });
                }
            }
            other => other.visit_mut_children_with(self),
        }
    }
}
