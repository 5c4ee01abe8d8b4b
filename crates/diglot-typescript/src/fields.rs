//! Fields as TypeScript had them before JavaScript did (`useDefineForClassFields: false`): assigned in the constructor, where a setter of
//! a base class sees them, and not there at all where they have no initial value.
//!
//! Fields with a computed name stay as they are, defined.

use std::mem;

use swc_common::util::take::Take;
use swc_common::{DUMMY_SP, Span};
use swc_ecma_ast::{
    AssignExpr, AssignOp, BindingIdent, BlockStmt, Class, ClassMember, Constructor, Expr, Ident, IdentName,
    MemberExpr, MemberProp, Param, ParamOrTsParamProp, Pat, Program, PropName, StaticBlock, ThisExpr,
    TsParamPropParam,
};
use swc_ecma_utils::constructor::inject_after_super;
use swc_ecma_utils::{ExprFactory as _, default_constructor_with_span};
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Turns the fields of every class into assignments. Decorators must have been lowered, types not yet removed.
pub(crate) fn assign(program: &mut Program) {
    program.visit_mut_with(&mut Assign);
}

struct Assign;

impl VisitMut for Assign {
    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        let mut first = Vec::new();
        if let Some(constructor) = constructor_of(class) {
            for parameter in &mut constructor.params {
                first.extend(assign_parameter(parameter));
            }
        }
        let mut members = Vec::with_capacity(class.body.len());
        for member in mem::take(&mut class.body) {
            members.extend(assign_member(member, &mut first));
        }
        class.body = members;
        if first.is_empty() {
            return;
        }
        if constructor_of(class).is_none() {
            class.body.push(default_constructor_with_span(class.super_class.is_some(), class.span).into());
        }
        if let Some(constructor) = constructor_of(class) {
            inject_after_super(constructor, first);
        }
    }
}

fn constructor_of(class: &mut Class) -> Option<&mut Constructor> {
    class.body.iter_mut().find_map(|member| match member {
        ClassMember::Constructor(constructor) if constructor.body.is_some() => Some(constructor),
        _ => None,
    })
}

/// `constructor(private x: X)`: an ordinary parameter, and what assigns the property.
fn assign_parameter(parameter: &mut ParamOrTsParamProp) -> Option<Box<Expr>> {
    let ParamOrTsParamProp::TsParamProp(property) = parameter else { return None };
    let (name, pat): (Ident, Pat) = match property.param.clone() {
        TsParamPropParam::Ident(ident) => (ident.id.clone(), ident.into()),
        TsParamPropParam::Assign(assign) => match &*assign.left {
            Pat::Ident(BindingIdent { id, .. }) => (id.clone(), assign.into()),
            _ => return None,
        },
    };
    let decorators = property.decorators.take();
    *parameter = ParamOrTsParamProp::Param(Param { span: property.span, decorators, pat });
    let property = MemberProp::Ident(IdentName::from(name.clone()));
    Some(assignment(name.span, property, name.into()))
}

/// What is left of a member in the class, while its initial value goes to `first`.
#[expect(clippy::vec_box, reason = "`inject_after_super` takes them so")]
fn assign_member(member: ClassMember, first: &mut Vec<Box<Expr>>) -> Option<ClassMember> {
    match member {
        ClassMember::ClassProp(mut field) => {
            let Some(property) = simple(&field.key) else { return Some(field.into()) };
            if field.declare || field.is_abstract {
                return None;
            }
            let assigned = assignment(field.span, property, field.value.take()?);
            if field.is_static {
                let body = BlockStmt { stmts: vec![assigned.into_stmt()], ..BlockStmt::default() };
                return Some(StaticBlock { span: DUMMY_SP, body }.into());
            }
            first.push(assigned);
            None
        }
        // In the order of the text, with the others.
        ClassMember::PrivateProp(mut field) if !field.is_static => {
            if let Some(value) = field.value.take() {
                first.push(assignment(field.span, MemberProp::PrivateName(field.key.clone()), value));
            }
            Some(field.into())
        }
        other => Some(other),
    }
}

fn simple(key: &PropName) -> Option<MemberProp> {
    match key {
        PropName::Ident(name) => Some(MemberProp::Ident(name.clone())),
        PropName::Str(text) => Some(MemberProp::Computed(Expr::from(text.clone()).into_computed())),
        PropName::Num(number) => Some(MemberProp::Computed(Expr::from(number.clone()).into_computed())),
        PropName::Computed(_) | PropName::BigInt(_) => None,
    }
}

trait IntoComputed {
    fn into_computed(self) -> swc_ecma_ast::ComputedPropName;
}

impl IntoComputed for Expr {
    fn into_computed(self) -> swc_ecma_ast::ComputedPropName {
        swc_ecma_ast::ComputedPropName { span: DUMMY_SP, expr: Box::new(self) }
    }
}

fn assignment(span: Span, property: MemberProp, value: Box<Expr>) -> Box<Expr> {
    let object = Box::new(Expr::This(ThisExpr { span: DUMMY_SP }));
    let target = MemberExpr { span: DUMMY_SP, obj: object, prop: property };
    Box::new(Expr::Assign(AssignExpr { span, op: AssignOp::Assign, left: target.into(), right: value }))
}
