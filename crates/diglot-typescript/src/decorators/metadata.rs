//! Where decorators and metadata go.

use std::mem;

use swc_common::{DUMMY_SP, Mark};
use swc_ecma_ast::{
    ArrayLit, AutoAccessor, CallExpr, Class, ClassMember, ClassMethod, ClassProp, Constructor, Decorator,
    Expr, Function, MethodKind, ParamOrTsParamProp, Pat, PropName, TsParamPropParam, TsType, TsTypeAnn,
};
use swc_ecma_transforms_base::helper;
use swc_ecma_utils::{ExprFactory as _, is_literal};
use swc_ecma_visit::{VisitMut, VisitMutWith};

use super::declarations::Declarations;
use super::serialize::{Serialized, Serializer, element_of};

/// Moves the decorators of parameters, and adds the metadata.
pub(super) struct Metadata<'a> {
    serializer: Option<Serializer<'a>>,
    unresolved: Mark,
}

impl<'a> Metadata<'a> {
    /// `types`: `strictNullChecks`, and what the file declares; `None` if there is to be no metadata.
    pub(super) fn new(types: Option<(bool, &'a Declarations)>, unresolved: Mark) -> Self {
        let serializer =
            types.map(|(strict_null_checks, declarations)| Serializer { declarations, strict_null_checks });
        Self { serializer, unresolved }
    }

    fn metadata(&self, key: &str, value: Expr) -> Decorator {
        decorator(CallExpr {
            span: DUMMY_SP,
            callee: helper!(ts, ts_metadata),
            args: vec![key.as_arg(), value.as_arg()],
            ..CallExpr::default()
        })
    }

    fn value(&self, serialized: Serialized) -> Expr {
        serialized.into_expr(self.unresolved)
    }

    fn list(&self, types: impl Iterator<Item = Serialized>) -> Expr {
        let elems = types.map(|serialized| Some(self.value(serialized).as_arg())).collect();
        Expr::Array(ArrayLit { span: DUMMY_SP, elems })
    }

    fn constructor(&self, class: &mut Class) {
        let with_body = |member: &mut ClassMember| match member {
            ClassMember::Constructor(constructor) if constructor.body.is_some() => {
                Some(mem::take(&mut constructor.params))
            }
            _ => None,
        };
        let Some(mut params) = class.body.iter_mut().find_map(with_body) else { return };
        for (index, param) in params.iter_mut().enumerate() {
            let decorators = match param {
                ParamOrTsParamProp::Param(param) => &mut param.decorators,
                ParamOrTsParamProp::TsParamProp(property) => &mut property.decorators,
            };
            class.decorators.extend(of_parameter(index, mem::take(decorators)));
        }
        if let Some(serializer) = self.serializer.filter(|_| !class.decorators.is_empty()) {
            let types = params.iter().filter_map(|param| match param {
                ParamOrTsParamProp::Param(param) => parameter(serializer, &param.pat),
                ParamOrTsParamProp::TsParamProp(property) => {
                    Some(serializer.serialize(match &property.param {
                        TsParamPropParam::Ident(ident) => unwrapped(ident.type_ann.as_deref()),
                        TsParamPropParam::Assign(assign) => type_of(&assign.left),
                    }))
                }
            });
            let list = self.list(types);
            class.decorators.push(self.metadata("design:paramtypes", list));
        }
        let found = class.body.iter_mut().find_map(|member| match member {
            ClassMember::Constructor(constructor) if constructor.body.is_some() => Some(constructor),
            _ => None,
        });
        if let Some(Constructor { params: place, .. }) = found {
            *place = params;
        }
    }

    fn method(&self, method: &mut ClassMethod) {
        let function = &mut *method.function;
        take_of_parameters(function);
        let Some(serializer) = self.serializer.filter(|_| !function.decorators.is_empty()) else { return };
        function.decorators.push(self.metadata("design:type", self.value(Serialized::Global("Function"))));
        let types = function.params.iter().filter_map(|param| parameter(serializer, &param.pat));
        let list = self.list(types);
        function.decorators.push(self.metadata("design:paramtypes", list));
        let returned = match unwrapped(function.return_type.as_deref()) {
            Some(written) => serializer.serialize(Some(written)),
            None if function.is_async && !function.is_generator => Serialized::Global("Promise"),
            None => Serialized::Void,
        };
        function.decorators.push(self.metadata("design:returntype", self.value(returned)));
    }

    /// Getter and setter are decorated as one.
    fn accessors(&self, members: &mut [ClassMember]) {
        for at in 0..members.len() {
            let (before, rest) = members.split_at_mut(at);
            let Some((ClassMember::Method(method), after)) = rest.split_first_mut() else { continue };
            if method.kind == MethodKind::Method || method.function.body.is_none() {
                continue;
            }
            let mut other = before.iter_mut().chain(after).find_map(|member| match member {
                ClassMember::Method(other)
                    if other.is_static == method.is_static
                        && other.kind != MethodKind::Method
                        && other.kind != method.kind
                        && same_key(&other.key, &method.key) =>
                {
                    Some(other)
                }
                _ => None,
            });
            // Decorators of the setter's parameter count only beside others, on whichever of the two these are.
            if method.function.decorators.is_empty() {
                continue;
            }
            take_of_parameters(&mut method.function);
            if let Some(other) = &mut other {
                for (index, param) in other.function.params.iter_mut().enumerate() {
                    let decorators = of_parameter(index, mem::take(&mut param.decorators));
                    method.function.decorators.extend(decorators);
                }
            }
            let Some(serializer) = self.serializer else { continue };
            let (getter, setter) = match method.kind {
                MethodKind::Setter => (other.as_deref(), Some(&*method)),
                _ => (Some(&*method), other.as_deref()),
            };
            let set = setter
                .and_then(|setter| setter.function.params.first())
                .and_then(|param| type_of(&param.pat));
            let get = getter.and_then(|getter| unwrapped(getter.function.return_type.as_deref()));
            let whole = self.value(serializer.serialize(set.or(get)));
            let params = setter.map_or(&[][..], |setter| &setter.function.params);
            let list = self.list(params.iter().filter_map(|param| parameter(serializer, &param.pat)));
            let metadata = [self.metadata("design:type", whole), self.metadata("design:paramtypes", list)];
            method.function.decorators.extend(metadata);
        }
    }

    fn field(&self, decorators: &mut Vec<Decorator>, written: Option<&TsTypeAnn>) {
        let Some(serializer) = self.serializer.filter(|_| !decorators.is_empty()) else { return };
        let value = self.value(serializer.serialize(unwrapped(written)));
        decorators.push(self.metadata("design:type", value));
    }
}

impl VisitMut for Metadata<'_> {
    fn visit_mut_class(&mut self, class: &mut Class) {
        class.visit_mut_children_with(self);
        for member in &mut class.body {
            match member {
                ClassMember::Method(method)
                    if method.kind == MethodKind::Method && method.function.body.is_some() =>
                {
                    self.method(method);
                }
                ClassMember::ClassProp(ClassProp { decorators, type_ann, .. })
                | ClassMember::AutoAccessor(AutoAccessor { decorators, type_ann, .. }) => {
                    self.field(decorators, type_ann.as_deref());
                }
                _ => {}
            }
        }
        self.accessors(&mut class.body);
        for member in &mut class.body {
            if let ClassMember::Method(setter) = member {
                setter.function.params.iter_mut().for_each(|param| param.decorators.clear());
            }
        }
        self.constructor(class);
    }
}

fn decorator(call: CallExpr) -> Decorator {
    Decorator { span: DUMMY_SP, expr: Box::new(call.into()) }
}

/// `@inject() x` as the first parameter becomes `@param(0, inject())`.
fn of_parameter(index: usize, decorators: Vec<Decorator>) -> impl Iterator<Item = Decorator> {
    decorators.into_iter().map(move |written| {
        decorator(CallExpr {
            span: DUMMY_SP,
            callee: helper!(ts, ts_param),
            args: vec![index.as_arg(), written.expr.as_arg()],
            ..CallExpr::default()
        })
    })
}

fn take_of_parameters(function: &mut Function) {
    for (index, param) in function.params.iter_mut().enumerate() {
        function.decorators.extend(of_parameter(index, mem::take(&mut param.decorators)));
    }
}

/// `None` for `this`, which is no parameter.
fn parameter(serializer: Serializer<'_>, pat: &Pat) -> Option<Serialized> {
    match pat {
        Pat::Ident(ident) if &*ident.id.sym == "this" => None,
        Pat::Rest(rest) => Some(serializer.serialize(element_of(unwrapped(rest.type_ann.as_deref())))),
        other => Some(serializer.serialize(type_of(other))),
    }
}

fn type_of(pat: &Pat) -> Option<&TsType> {
    unwrapped(match pat {
        Pat::Ident(ident) => ident.type_ann.as_deref(),
        Pat::Array(array) => array.type_ann.as_deref(),
        Pat::Object(object) => object.type_ann.as_deref(),
        Pat::Rest(rest) => rest.type_ann.as_deref(),
        Pat::Assign(assign) => return type_of(&assign.left),
        Pat::Expr(_) | Pat::Invalid(_) => None,
    })
}

fn unwrapped(written: Option<&TsTypeAnn>) -> Option<&TsType> {
    written.map(|written| &*written.type_ann)
}

fn same_key(one: &PropName, other: &PropName) -> bool {
    match (one, other) {
        (PropName::Ident(one), PropName::Ident(other)) => one.sym == other.sym,
        (PropName::Str(one), PropName::Str(other)) => one.value == other.value,
        (PropName::Computed(one), PropName::Computed(other)) => {
            is_literal(&one.expr)
                && is_literal(&other.expr)
                && format!("{:?}", one.expr) == format!("{:?}", other.expr)
        }
        _ => false,
    }
}
