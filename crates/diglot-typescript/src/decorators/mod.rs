//! Legacy decorators (`experimentalDecorators`), prepared for swc, which applies them.
//!
//! swc's own metadata differs from `tsc`'s, so it is written here: decorators of parameters become decorators of what has the parameters,
//! and after them comes the metadata, in `tsc`'s order. They are applied from the last to the first, so a decorator finds the metadata there.

mod aliases;
mod declarations;
mod metadata;
mod order;
mod serialize;

use std::collections::HashSet;
use std::mem;

use swc_common::{DUMMY_SP, Mark};
use swc_ecma_ast::{
    AutoAccessor, Class, ClassMember, ClassMethod, ClassProp, Decorator, Expr, Function, FunctionBody, Key,
    MemberExpr, MemberProp, MethodKind, Pat, PrivateName, PrivateProp, Program, ReturnStmt, Stmt, ThisExpr,
};
use swc_ecma_utils::swc_atoms::Atom;
use swc_ecma_utils::{ExprFactory as _, private_ident};
use swc_ecma_visit::{Visit, VisitMut, VisitMutWith, VisitWith};

use declarations::Declarations;
use metadata::Metadata;
pub(crate) use order::instances_first;

/// Whether there is any decorator in the program.
pub(crate) fn uses_decorators(program: &Program) -> bool {
    struct Seen(bool);
    impl Visit for Seen {
        fn visit_decorator(&mut self, _: &Decorator) {
            self.0 = true;
        }
    }
    let mut seen = Seen(false);
    program.visit_with(&mut seen);
    seen.0
}

/// Makes all decorators decorators of classes and members, and adds the metadata where it is wanted: `metadata` is `strictNullChecks` then.
pub(crate) fn prepare(program: &mut Program, metadata: Option<bool>, unresolved: Mark) {
    let declarations = Declarations::of(program);
    let types = metadata.map(|strict_null_checks| (strict_null_checks, &declarations));
    program.visit_mut_with(&mut Metadata::new(types, unresolved));
    aliases::keep_decorated(program);
}

/// `accessor x = 1` becomes a private field with a getter, which keeps the decorators, and a setter. No engine has it yet.
pub(crate) fn lower_accessors(program: &mut Program) {
    program.visit_mut_with(&mut Accessors);
}

struct Accessors;

impl VisitMut for Accessors {
    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        let mut taken: HashSet<Atom> = class.body.iter().filter_map(private_name).cloned().collect();
        for member in mem::take(&mut class.body) {
            match member {
                ClassMember::AutoAccessor(accessor) if !accessor.is_abstract => {
                    class.body.extend(lowered(accessor, &mut taken));
                }
                ClassMember::AutoAccessor(_) => {}
                other => class.body.push(other),
            }
        }
    }
}

fn private_name(member: &ClassMember) -> Option<&Atom> {
    match member {
        ClassMember::PrivateProp(field) => Some(&field.key.name),
        ClassMember::PrivateMethod(method) => Some(&method.key.name),
        ClassMember::AutoAccessor(AutoAccessor { key: Key::Private(name), .. }) => Some(&name.name),
        _ => None,
    }
}

/// `taken` are the private names of the class.
fn lowered(accessor: AutoAccessor, taken: &mut HashSet<Atom>) -> Vec<ClassMember> {
    let Key::Public(key) = accessor.key.clone() else { return private_accessor(accessor) };
    let name = key.as_ident().map_or_else(|| "accessor".to_owned(), |name| name.sym.to_string());
    // An accessor and a static one may have the same name.
    let mut storage = format!("__{name}_storage");
    while !taken.insert(storage.as_str().into()) {
        storage.push('_');
    }
    let storage = PrivateName { span: DUMMY_SP, name: storage.into() };
    let method = |kind, function| {
        ClassMember::Method(ClassMethod {
            span: accessor.span,
            key: key.clone(),
            kind,
            is_static: accessor.is_static,
            function: Box::new(function),
            ..ClassMethod::default()
        })
    };
    let getter = Function { decorators: accessor.decorators.clone(), ..reads(&storage) };
    vec![
        stores(&accessor, &storage),
        method(MethodKind::Getter, getter),
        method(MethodKind::Setter, writes(&storage)),
    ]
}

/// A private field is an accessor nobody can tell from one: it has no descriptor to be seen.
fn private_accessor(accessor: AutoAccessor) -> Vec<ClassMember> {
    match &accessor.key {
        Key::Private(name) => vec![stores(&accessor, name)],
        Key::Public(key) => vec![ClassMember::ClassProp(ClassProp {
            span: accessor.span,
            key: key.clone(),
            value: accessor.value,
            is_static: accessor.is_static,
            ..ClassProp::default()
        })],
    }
}

fn stores(accessor: &AutoAccessor, storage: &PrivateName) -> ClassMember {
    ClassMember::PrivateProp(PrivateProp {
        span: accessor.span,
        key: storage.clone(),
        value: accessor.value.clone(),
        is_static: accessor.is_static,
        ..PrivateProp::default()
    })
}

fn place(storage: &PrivateName) -> MemberExpr {
    let object = Box::new(Expr::This(ThisExpr { span: DUMMY_SP }));
    MemberExpr { span: DUMMY_SP, obj: object, prop: MemberProp::PrivateName(storage.clone()) }
}

fn reads(storage: &PrivateName) -> Function {
    let returned = Stmt::Return(ReturnStmt { span: DUMMY_SP, arg: Some(Box::new(place(storage).into())) });
    Function {
        body: Some(FunctionBody { stmts: vec![returned], ..FunctionBody::default() }),
        ..Function::default()
    }
}

fn writes(storage: &PrivateName) -> Function {
    let value = private_ident!("value");
    let written = Expr::from(value.clone()).make_assign_to(swc_ecma_ast::op!("="), place(storage).into());
    Function {
        params: vec![Pat::from(value).into()],
        body: Some(FunctionBody { stmts: vec![written.into_stmt()], ..FunctionBody::default() }),
        ..Function::default()
    }
}
