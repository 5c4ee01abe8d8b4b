//! Namespaces that are declared in several places see each other's exports by their names alone, and so do enums their members. swc looks
//! at each place for itself, and at an enum's members behind the names around it.

use std::collections::{HashMap, HashSet};

use swc_common::{DUMMY_SP, Mark, SyntaxContext};
use swc_ecma_ast::{
    Decl, ExportDecl, Expr, Id, Ident, JSXElementName, JSXMemberExpr, JSXObject, ModuleDecl, ModuleItem,
    ObjectPatProp, Pat, Program, Prop, SimpleAssignTarget, Stmt, TsEntityName, TsEnumDecl, TsEnumMemberId,
    TsImportEqualsDecl, TsModuleDecl, TsModuleName, TsModuleRef, TsNamespaceBody, TsQualifiedName,
};
use swc_ecma_utils::swc_atoms::Atom;
use swc_ecma_utils::{ExprFactory as _, QueryRef, RefRewriter, find_pat_ids};
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Names what other declarations of a namespace or an enum have by way of the namespace or enum. Identifiers must have been resolved.
pub(crate) fn see_each_other(program: &mut Program, unresolved: Mark) {
    let declared = Declared::of(program);
    if !declared.names.is_empty() {
        let unresolved = SyntaxContext::empty().apply_mark(unresolved);
        let query = Around { declared, unresolved, levels: Vec::new() };
        program.visit_mut_with(&mut Named(RefRewriter { query }));
    }
}

/// A namespace or an enum in all its places: the outermost namespace that is not exported by another, and the names from there.
type Key = (Id, Vec<Atom>);

fn key_of(around: Option<&Key>, name: &Ident, is_exported: bool) -> Key {
    match around {
        Some((root, path)) if is_exported => {
            (root.clone(), path.iter().chain([&name.sym]).cloned().collect())
        }
        _ => (name.to_id(), Vec::new()),
    }
}

/// What namespaces export, and enums have, in all places together. Only what is a value: a type's name hides none.
#[derive(Default)]
struct Declared {
    names: HashMap<Key, HashSet<Atom>>,
    /// Members of the enums that swc knows to be one: those of the same place.
    members: HashSet<(Id, Atom)>,
}

impl Declared {
    fn of(program: &Program) -> Self {
        let mut declared = Self::default();
        match program {
            Program::Module(module) => declared.add_items(&module.body, None, false),
            Program::Script(script) => {
                script.body.iter().for_each(|statement| declared.add_statement(statement, None, false));
            }
        }
        declared
    }

    /// `is_ambient`: all that is declared there is exported.
    fn add_items(&mut self, items: &[ModuleItem], around: Option<&Key>, is_ambient: bool) {
        for item in items {
            match item {
                ModuleItem::Stmt(statement) => self.add_statement(statement, around, is_ambient),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl { decl, .. })) => {
                    self.add(decl, around, true, is_ambient);
                }
                ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(alias)) => {
                    if (alias.is_export || is_ambient) && !alias.is_type_only {
                        self.export(around, &alias.id.sym);
                    }
                }
                ModuleItem::ModuleDecl(_) => {}
            }
        }
    }

    fn add_statement(&mut self, statement: &Stmt, around: Option<&Key>, is_ambient: bool) {
        if let Stmt::Decl(declared) = statement {
            self.add(declared, around, is_ambient, is_ambient);
        }
    }

    fn add(&mut self, declared: &Decl, around: Option<&Key>, is_exported: bool, is_ambient: bool) {
        let exported: Vec<Atom> = match declared {
            Decl::Class(class) => vec![class.ident.sym.clone()],
            Decl::Fn(function) => vec![function.ident.sym.clone()],
            Decl::Var(variables) => {
                let names: Vec<Id> = find_pat_ids(variables);
                names.into_iter().map(|(name, _)| name).collect()
            }
            Decl::TsEnum(declared) => {
                self.add_members(declared, key_of(around, &declared.id, is_exported));
                vec![declared.id.sym.clone()]
            }
            Decl::TsModule(module) => {
                let TsModuleName::Ident(name) = &module.id else { return };
                let key = key_of(around, name, is_exported);
                let holds_values = module.body.as_ref().is_some_and(|body| {
                    self.add_body(body, &key, is_ambient || module.declare);
                    holds_values(body)
                });
                holds_values.then(|| name.sym.clone()).into_iter().collect()
            }
            _ => return,
        };
        if is_exported {
            exported.iter().for_each(|name| self.export(around, name));
        }
    }

    fn add_body(&mut self, body: &TsNamespaceBody, key: &Key, is_ambient: bool) {
        match body {
            TsNamespaceBody::TsModuleBlock(block) => self.add_items(&block.body, Some(key), is_ambient),
            TsNamespaceBody::TsNamespaceDecl(dotted) => {
                if holds_values(&dotted.body) {
                    self.export(Some(key), &dotted.id.sym);
                }
                self.add_body(&dotted.body, &key_of(Some(key), &dotted.id, true), is_ambient);
            }
        }
    }

    fn add_members(&mut self, declared: &TsEnumDecl, key: Key) {
        let names = self.names.entry(key).or_default();
        for member in &declared.members {
            let name = match &member.id {
                TsEnumMemberId::Ident(name) => Some(name.sym.clone()),
                TsEnumMemberId::Str(name) => name.value.as_atom().cloned(),
            };
            if let Some(name) = name {
                names.insert(name.clone());
                self.members.insert((declared.id.to_id(), name));
            }
        }
    }

    fn export(&mut self, from: Option<&Key>, name: &Atom) {
        if let Some(key) = from {
            self.names.entry(key.clone()).or_default().insert(name.clone());
        }
    }
}

/// Whether anything is there when the program runs.
fn holds_values(body: &TsNamespaceBody) -> bool {
    let block = match body {
        TsNamespaceBody::TsModuleBlock(block) => block,
        TsNamespaceBody::TsNamespaceDecl(dotted) => return holds_values(&dotted.body),
    };
    let is_value = |declared: &Decl| match declared {
        Decl::TsInterface(_) | Decl::TsTypeAlias(_) => false,
        Decl::TsModule(module) => module.body.as_ref().is_some_and(holds_values),
        _ => true,
    };
    block.body.iter().any(|item| match item {
        ModuleItem::Stmt(Stmt::Decl(declared)) => is_value(declared),
        ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(exported)) => is_value(&exported.decl),
        ModuleItem::ModuleDecl(ModuleDecl::TsImportEquals(alias)) => alias.is_export && !alias.is_type_only,
        _ => true,
    })
}

/// A namespace or an enum around the place that is looked at.
struct Level {
    key: Key,
    name: Ident,
    /// Of the names that are declared where it stands. `None` behind a dot: there they are those of its body.
    outside: Option<SyntaxContext>,
}

struct Around {
    declared: Declared,
    unresolved: SyntaxContext,
    /// The innermost last.
    levels: Vec<Level>,
}

impl Around {
    /// What has a name: the innermost level with it, if the name means nothing further inside.
    fn owner(&self, name: &Ident) -> Option<&Level> {
        let first = match name.ctxt == self.unresolved {
            true => 0,
            false => self.levels.iter().position(|level| level.outside == Some(name.ctxt))?,
        };
        self.levels[first..]
            .iter()
            .rev()
            .find(|level| self.declared.names.get(&level.key).is_some_and(|names| names.contains(&name.sym)))
    }

    /// swc finds a member by its bare name, if that is nobody else's.
    fn is_known(&self, level: &Level, name: &Ident) -> bool {
        self.declared.members.contains(&(level.name.to_id(), name.sym.clone()))
    }
}

impl QueryRef for Around {
    fn query_ref(&self, name: &Ident) -> Option<Box<Expr>> {
        let level = self.owner(name)?;
        Some(match self.is_known(level, name) {
            true => Box::new(Ident { ctxt: self.unresolved, ..name.clone() }.into()),
            false => {
                let owner = Ident { span: DUMMY_SP, ..level.name.clone() };
                let mut member = owner.make_member(name.clone().into());
                member.span = name.span;
                Box::new(member.into())
            }
        })
    }

    fn query_lhs(&self, name: &Ident) -> Option<Box<Expr>> {
        self.query_ref(name)
    }

    fn query_jsx(&self, name: &Ident) -> Option<JSXElementName> {
        let level = self.owner(name)?;
        let obj = JSXObject::Ident(Ident { span: DUMMY_SP, ..level.name.clone() });
        Some(JSXMemberExpr { span: name.span, obj, prop: name.clone().into() }.into())
    }
}

struct Named(RefRewriter<Around>);

impl Named {
    fn within(
        &mut self,
        name: Ident,
        is_exported: bool,
        outside: Option<SyntaxContext>,
        look: impl FnOnce(&mut Self),
    ) {
        let levels = &mut self.0.query.levels;
        let key = key_of(levels.last().map(|level| &level.key), &name, is_exported);
        levels.push(Level { key, name, outside });
        look(self);
        self.0.query.levels.pop();
    }

    fn look_at_namespace(&mut self, module: &mut TsModuleDecl, is_exported: bool) {
        // What is declared only is not there when the program runs.
        if module.declare || module.global {
            return;
        }
        if let (TsModuleName::Ident(name), Some(body)) = (&module.id, &mut module.body) {
            self.within(name.clone(), is_exported, Some(name.ctxt), |this| this.look_at_body(body));
        }
    }

    fn look_at_body(&mut self, body: &mut TsNamespaceBody) {
        match body {
            TsNamespaceBody::TsModuleBlock(block) => block.visit_mut_children_with(self),
            TsNamespaceBody::TsNamespaceDecl(dotted) => {
                self.within(dotted.id.clone(), true, None, |this| this.look_at_body(&mut dotted.body));
            }
        }
    }

    fn look_at_enum(&mut self, declared: &mut TsEnumDecl, is_exported: bool) {
        let (name, outside) = (declared.id.clone(), declared.id.ctxt);
        self.within(name, is_exported, Some(outside), |this| declared.members.visit_mut_with(this));
    }
}

impl VisitMut for Named {
    fn visit_mut_export_decl(&mut self, exported: &mut ExportDecl) {
        match &mut exported.decl {
            Decl::TsModule(module) => self.look_at_namespace(module, true),
            Decl::TsEnum(declared) => self.look_at_enum(declared, true),
            other => other.visit_mut_with(self),
        }
    }

    fn visit_mut_ts_module_decl(&mut self, module: &mut TsModuleDecl) {
        self.look_at_namespace(module, false);
    }

    fn visit_mut_ts_enum_decl(&mut self, declared: &mut TsEnumDecl) {
        self.look_at_enum(declared, false);
    }

    /// `import a = b.c` in a namespace: `b` is the name.
    fn visit_mut_ts_import_equals_decl(&mut self, alias: &mut TsImportEqualsDecl) {
        let TsModuleRef::TsEntityName(entity) = &mut alias.module_ref else { return };
        let mut entity = entity;
        while let TsEntityName::TsQualifiedName(qualified) = entity {
            entity = &mut qualified.left;
        }
        if let TsEntityName::Ident(name) = entity
            && let Some(level) = self.0.query.owner(name)
        {
            let left = TsEntityName::Ident(Ident { span: DUMMY_SP, ..level.name.clone() });
            let qualified = TsQualifiedName { span: name.span, left, right: name.clone().into() };
            *entity = TsEntityName::TsQualifiedName(Box::new(qualified));
        }
    }

    fn visit_mut_expr(&mut self, expression: &mut Expr) {
        expression.visit_mut_children_with(self);
        self.0.exit_expr(expression);
    }

    fn visit_mut_prop(&mut self, property: &mut Prop) {
        property.visit_mut_children_with(self);
        self.0.exit_prop(property);
    }

    fn visit_mut_simple_assign_target(&mut self, target: &mut SimpleAssignTarget) {
        target.visit_mut_children_with(self);
        self.0.exit_simple_assign_target(target);
    }

    /// Patterns are assigned to, and heads of `for`. Those that declare have names of their own scope, which belong to no level.
    fn visit_mut_pat(&mut self, pattern: &mut Pat) {
        pattern.visit_mut_children_with(self);
        self.0.exit_pat(pattern);
    }

    fn visit_mut_object_pat_prop(&mut self, property: &mut ObjectPatProp) {
        property.visit_mut_children_with(self);
        self.0.exit_object_pat_prop(property);
    }

    fn visit_mut_jsx_element_name(&mut self, name: &mut JSXElementName) {
        name.visit_mut_children_with(self);
        self.0.exit_jsx_element_name(name);
    }

    fn visit_mut_jsx_object(&mut self, object: &mut JSXObject) {
        object.visit_mut_children_with(self);
        self.0.exit_jsx_object(object);
    }
}
