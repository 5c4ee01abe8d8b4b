//! What the types a file names are, as far as the file itself says: what `tsc` asks its checker.

use std::collections::HashMap;

use swc_ecma_ast::{
    BinaryOp, ClassDecl, Expr, Id, ImportDecl, ImportSpecifier, Lit, Program, TsEnumDecl, TsEnumMember,
    TsEnumMemberId, TsImportEqualsDecl, TsInterfaceDecl, TsModuleDecl, TsModuleName, TsType, TsTypeAliasDecl,
    TsTypeElement, TsTypeParam, UnaryOp,
};
use swc_ecma_visit::{Visit, VisitWith};

/// What a name of a type stands for.
#[derive(Clone, Debug)]
pub(super) enum Declared {
    Class,
    /// Whether it can be called.
    Interface {
        callable: bool,
    },
    Alias(Box<TsType>),
    Enum(Enum),
    Parameter {
        constraint: Option<Box<TsType>>,
    },
    Imported {
        type_only: bool,
    },
    Namespace,
}

/// The values of an enum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Enum {
    members: HashMap<String, Value>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Number,
    Text,
}

impl Enum {
    /// What all members are; `None` if some are numbers and some are text.
    pub(super) fn value(&self) -> Option<Value> {
        let mut values = self.members.values();
        let first = values.next().copied().unwrap_or(Value::Number);
        values.all(|value| *value == first).then_some(first)
    }

    pub(super) fn member(&self, name: &str) -> Option<Value> {
        self.members.get(name).copied()
    }

    fn add(&mut self, member: &TsEnumMember) {
        let name = match &member.id {
            TsEnumMemberId::Ident(name) => name.sym.to_string(),
            TsEnumMemberId::Str(text) => text.value.to_string_lossy().into_owned(),
        };
        let value = member.init.as_deref().map_or(Value::Number, |init| self.evaluate(init));
        self.members.insert(name, value);
    }

    fn evaluate(&self, expression: &Expr) -> Value {
        match expression {
            Expr::Lit(Lit::Str(_)) | Expr::Tpl(_) => Value::Text,
            Expr::Unary(unary) if unary.op == UnaryOp::TypeOf => Value::Text,
            Expr::Bin(binary) if binary.op == BinaryOp::Add => {
                match (self.evaluate(&binary.left), self.evaluate(&binary.right)) {
                    (Value::Number, Value::Number) => Value::Number,
                    _ => Value::Text,
                }
            }
            Expr::Ident(name) => self.member(&name.sym).unwrap_or(Value::Number),
            Expr::Member(member) => {
                let name = member.prop.as_ident();
                name.and_then(|name| self.member(&name.sym)).unwrap_or(Value::Number)
            }
            Expr::Paren(inner) => self.evaluate(&inner.expr),
            _ => Value::Number,
        }
    }
}

/// All types that a file declares or imports.
#[derive(Debug, Default)]
pub(super) struct Declarations(HashMap<Id, Declared>);

impl Declarations {
    /// Identifiers of `program` must have been resolved.
    pub(super) fn of(program: &Program) -> Self {
        let mut declarations = Self::default();
        program.visit_with(&mut declarations);
        declarations
    }

    pub(super) fn get(&self, id: &Id) -> Option<&Declared> {
        self.0.get(id)
    }

    /// Of declarations that are merged, a class is what counts.
    fn add(&mut self, id: Id, declared: Declared) {
        match self.0.get_mut(&id) {
            Some(Declared::Class) => {}
            Some(Declared::Interface { callable }) if matches!(declared, Declared::Interface { .. }) => {
                *callable |= matches!(declared, Declared::Interface { callable: true });
            }
            Some(_) if matches!(declared, Declared::Namespace) => {}
            _ => drop(self.0.insert(id, declared)),
        }
    }
}

impl Visit for Declarations {
    fn visit_class_decl(&mut self, class: &ClassDecl) {
        self.add(class.ident.to_id(), Declared::Class);
        class.visit_children_with(self);
    }

    fn visit_ts_interface_decl(&mut self, interface: &TsInterfaceDecl) {
        let callable =
            interface.body.body.iter().any(|item| matches!(item, TsTypeElement::TsCallSignatureDecl(_)));
        self.add(interface.id.to_id(), Declared::Interface { callable });
        interface.visit_children_with(self);
    }

    fn visit_ts_type_alias_decl(&mut self, alias: &TsTypeAliasDecl) {
        self.add(alias.id.to_id(), Declared::Alias(alias.type_ann.clone()));
        alias.visit_children_with(self);
    }

    fn visit_ts_enum_decl(&mut self, declared: &TsEnumDecl) {
        let id = declared.id.to_id();
        let mut merged = match self.0.remove(&id) {
            Some(Declared::Enum(before)) => before,
            _ => Enum { members: HashMap::new() },
        };
        declared.members.iter().for_each(|member| merged.add(member));
        self.0.insert(id, Declared::Enum(merged));
    }

    fn visit_ts_type_param(&mut self, parameter: &TsTypeParam) {
        let constraint = parameter.constraint.clone();
        self.add(parameter.name.to_id(), Declared::Parameter { constraint });
        parameter.visit_children_with(self);
    }

    fn visit_import_decl(&mut self, import: &ImportDecl) {
        for specifier in &import.specifiers {
            let (local, of_type) = match specifier {
                ImportSpecifier::Named(named) => (&named.local, named.is_type_only),
                ImportSpecifier::Default(default) => (&default.local, false),
                ImportSpecifier::Namespace(namespace) => (&namespace.local, false),
            };
            self.add(local.to_id(), Declared::Imported { type_only: import.type_only || of_type });
        }
    }

    fn visit_ts_import_equals_decl(&mut self, import: &TsImportEqualsDecl) {
        self.add(import.id.to_id(), Declared::Imported { type_only: import.is_type_only });
    }

    fn visit_ts_module_decl(&mut self, module: &TsModuleDecl) {
        if let TsModuleName::Ident(name) = &module.id {
            self.add(name.to_id(), Declared::Namespace);
        }
        module.visit_children_with(self);
    }
}
