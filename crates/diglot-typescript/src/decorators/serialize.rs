//! A type as the value that stands for it in metadata: `String`, `Array`, a class, `Object` where nothing better is known.
//!
//! The rules are `tsc`'s (`createRuntimeTypeSerializer` and `getTypeReferenceSerializationKind`), with what a file alone tells in place of
//! the checker. What comes from another file is looked at when the program runs, as `tsc` does it with `isolatedModules`.

use swc_common::{DUMMY_SP, Mark, SyntaxContext};
use swc_ecma_ast::{
    BinExpr, BinaryOp, CondExpr, Expr, Ident, Lit, MemberExpr, MemberProp, Str, TsEntityName,
    TsKeywordTypeKind, TsLit, TsType, TsTypeOperatorOp, TsTypeRef, TsUnionOrIntersectionType, UnaryExpr,
    UnaryOp,
};

use super::declarations::{Declarations, Declared, Value};

/// Types that name each other are followed so far.
const ALIASES_MAX: usize = 64;

/// What a type becomes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Serialized {
    /// A constructor of the language.
    Global(&'static str),
    /// `void 0`
    Void,
    /// A value of the program, by its path. `checked` if it may turn out not to be a class, or not to be there.
    Entity { path: Vec<Ident>, checked: bool },
}

impl Serialized {
    const OBJECT: Self = Self::Global("Object");

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Entity { path: one, .. }, Self::Entity { path: another, .. }) => {
                one.iter().map(|ident| &ident.sym).eq(another.iter().map(|ident| &ident.sym))
            }
            _ => self == other,
        }
    }

    /// `unresolved` marks what is not declared in the file.
    pub(super) fn into_expr(self, unresolved: Mark) -> Expr {
        match self {
            Self::Void => *Expr::undefined(DUMMY_SP),
            Self::Global(name) => global(name, unresolved),
            Self::Entity { path, checked: false } => member(&path),
            Self::Entity { path, checked: true } => {
                // typeof a !== "undefined" && a.b !== void 0 && typeof a.b.c === "function" ? a.b.c : Object
                let mut test = compare(type_of(member(&path)), BinaryOp::EqEqEq, text("function"));
                for length in (1..path.len()).rev() {
                    let owner = member(&path[..length]);
                    let there = match length {
                        1 => compare(type_of(owner), BinaryOp::NotEqEq, text("undefined")),
                        _ => compare(owner, BinaryOp::NotEqEq, *Expr::undefined(DUMMY_SP)),
                    };
                    test = compare(there, BinaryOp::LogicalAnd, test);
                }
                Expr::Cond(CondExpr {
                    span: DUMMY_SP,
                    test: Box::new(test),
                    cons: Box::new(member(&path)),
                    alt: Box::new(global("Object", unresolved)),
                })
            }
        }
    }
}

fn global(name: &str, unresolved: Mark) -> Expr {
    Ident::new(name.into(), DUMMY_SP, SyntaxContext::empty().apply_mark(unresolved)).into()
}

fn text(value: &str) -> Expr {
    Expr::Lit(Lit::Str(Str { span: DUMMY_SP, value: value.into(), raw: None }))
}

fn type_of(value: Expr) -> Expr {
    Expr::Unary(UnaryExpr { span: DUMMY_SP, op: UnaryOp::TypeOf, arg: Box::new(value) })
}

fn compare(left: Expr, op: BinaryOp, right: Expr) -> Expr {
    Expr::Bin(BinExpr { span: DUMMY_SP, op, left: Box::new(left), right: Box::new(right) })
}

fn member(path: &[Ident]) -> Expr {
    let mut names = path.iter().cloned().map(|ident| Ident { span: DUMMY_SP, ..ident });
    let root = names.next().map_or_else(|| *Expr::undefined(DUMMY_SP), Expr::Ident);
    names.fold(root, |object, name| {
        Expr::Member(MemberExpr {
            span: DUMMY_SP,
            obj: Box::new(object),
            prop: MemberProp::Ident(name.into()),
        })
    })
}

/// What values of a type that has a name are: `tsc`'s kinds of reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Nothing,
    Boolean,
    Number,
    BigInt,
    Text,
    Symbol,
    Array,
    Function,
    Other,
}

impl Kind {
    fn is_primitive(self) -> bool {
        matches!(self, Self::Boolean | Self::Number | Self::BigInt | Self::Text | Self::Symbol)
    }

    fn serialized(self) -> Serialized {
        Serialized::Global(match self {
            Self::Nothing => return Serialized::Void,
            Self::Boolean => "Boolean",
            Self::Number => "Number",
            Self::BigInt => "BigInt",
            Self::Text => "String",
            Self::Symbol => "Symbol",
            Self::Array => "Array",
            Self::Function => "Function",
            Self::Other => "Object",
        })
    }
}

impl From<Option<Value>> for Kind {
    fn from(value: Option<Value>) -> Self {
        match value {
            Some(Value::Number) => Self::Number,
            Some(Value::Text) => Self::Text,
            None => Self::Other,
        }
    }
}

/// Serializes the types of one file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Serializer<'a> {
    pub(super) declarations: &'a Declarations,
    pub(super) strict_null_checks: bool,
}

impl Serializer<'_> {
    /// `None`: no type was written.
    pub(super) fn serialize(&self, written: Option<&TsType>) -> Serialized {
        written.map_or(Serialized::OBJECT, |written| self.node(written, false))
    }

    /// `in_conditional`: one branch of `A extends B ? … : …`.
    fn node(&self, node: &TsType, in_conditional: bool) -> Serialized {
        use TsKeywordTypeKind as Keyword;
        let name = match node {
            TsType::TsParenthesizedType(inner) => return self.node(&inner.type_ann, in_conditional),
            TsType::TsKeywordType(keyword) => match keyword.kind {
                Keyword::TsVoidKeyword
                | Keyword::TsUndefinedKeyword
                | Keyword::TsNullKeyword
                | Keyword::TsNeverKeyword => return Serialized::Void,
                Keyword::TsBooleanKeyword => "Boolean",
                Keyword::TsStringKeyword => "String",
                Keyword::TsNumberKeyword => "Number",
                Keyword::TsBigIntKeyword => "BigInt",
                Keyword::TsSymbolKeyword => "Symbol",
                Keyword::TsAnyKeyword
                | Keyword::TsUnknownKeyword
                | Keyword::TsObjectKeyword
                | Keyword::TsIntrinsicKeyword => "Object",
            },
            TsType::TsFnOrConstructorType(_) => "Function",
            TsType::TsArrayType(_) | TsType::TsTupleType(_) => "Array",
            TsType::TsTypePredicate(predicate) if predicate.asserts => return Serialized::Void,
            TsType::TsTypePredicate(_) => "Boolean",
            TsType::TsLitType(literal) => literal_name(&literal.lit),
            TsType::TsTypeRef(reference) => return self.reference(reference, in_conditional),
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsUnionType(union)) => {
                return self.constituents(union.types.iter().map(|item| &**item), false, in_conditional);
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsIntersectionType(inter)) => {
                return self.constituents(inter.types.iter().map(|item| &**item), true, in_conditional);
            }
            TsType::TsConditionalType(conditional) => {
                let branches = [&*conditional.true_type, &*conditional.false_type];
                return self.constituents(branches.into_iter(), false, true);
            }
            TsType::TsTypeOperator(operator) if operator.op == TsTypeOperatorOp::ReadOnly => {
                return self.node(&operator.type_ann, in_conditional);
            }
            _ => "Object",
        };
        Serialized::Global(name)
    }

    fn constituents<'t>(
        &self,
        types: impl Iterator<Item = &'t TsType>,
        is_intersection: bool,
        in_conditional: bool,
    ) -> Serialized {
        use TsKeywordTypeKind as Keyword;
        let mut common: Option<Serialized> = None;
        for item in types {
            let item = without_parentheses(item);
            let keyword = match item {
                TsType::TsKeywordType(keyword) => Some(keyword.kind),
                _ => None,
            };
            match keyword {
                Some(Keyword::TsNeverKeyword) if is_intersection => return Serialized::Void,
                Some(Keyword::TsNeverKeyword) => continue,
                Some(Keyword::TsUnknownKeyword) if is_intersection => continue,
                Some(Keyword::TsUnknownKeyword | Keyword::TsAnyKeyword) => return Serialized::OBJECT,
                Some(Keyword::TsNullKeyword | Keyword::TsUndefinedKeyword) if !self.strict_null_checks => {
                    continue;
                }
                _ => {}
            }
            let serialized = self.node(item, in_conditional);
            match &common {
                _ if serialized == Serialized::OBJECT => return Serialized::OBJECT,
                Some(common) if !common.is_same(&serialized) => return Serialized::OBJECT,
                Some(_) => {}
                None => common = Some(serialized),
            }
        }
        common.unwrap_or(Serialized::Void)
    }

    fn reference(&self, reference: &TsTypeRef, in_conditional: bool) -> Serialized {
        let path = path_of(&reference.type_name);
        let Some(root) = path.first() else { return Serialized::OBJECT };
        let unknown = match in_conditional {
            true => Serialized::OBJECT,
            false => Serialized::Entity { path: path.clone(), checked: true },
        };
        match self.declarations.get(&root.to_id()) {
            Some(Declared::Imported { type_only: true }) => Serialized::OBJECT,
            Some(Declared::Imported { type_only: false } | Declared::Namespace) => unknown,
            Some(Declared::Class) if path.len() == 1 => Serialized::Entity { path, checked: false },
            Some(Declared::Class) => unknown,
            Some(_) => self.named(&path, 0).serialized(),
            None => match (&*root.sym, path.len()) {
                ("ReadonlyArray", 1) => Serialized::Global("Array"),
                // They are functions, but no constructors of what has their type.
                ("Symbol" | "BigInt", 1) => Serialized::OBJECT,
                _ => unknown,
            },
        }
    }

    /// The kind of a name that the file declares.
    fn named(&self, path: &[Ident], depth: usize) -> Kind {
        let Some(root) = path.first().filter(|_| depth < ALIASES_MAX) else { return Kind::Other };
        match (self.declarations.get(&root.to_id()), path) {
            (Some(Declared::Enum(declared)), [_]) => declared.value().into(),
            (Some(Declared::Enum(declared)), [_, name]) => declared.member(&name.sym).into(),
            (Some(Declared::Interface { callable: true }), [_]) => Kind::Function,
            (Some(Declared::Alias(alias)), [_]) => self.kind(alias, depth + 1),
            (Some(Declared::Parameter { constraint: Some(constraint) }), [_]) => {
                let kind = self.kind(constraint, depth + 1);
                if kind.is_primitive() { kind } else { Kind::Other }
            }
            (None, [name]) => match &*name.sym {
                "Array" | "ReadonlyArray" => Kind::Array,
                _ => Kind::Other,
            },
            _ => Kind::Other,
        }
    }

    /// What values of a type are, which is less than a checker finds: conditional, mapped and indexed types are not evaluated.
    fn kind(&self, node: &TsType, depth: usize) -> Kind {
        use TsKeywordTypeKind as Keyword;
        if depth >= ALIASES_MAX {
            return Kind::Other;
        }
        match node {
            TsType::TsParenthesizedType(inner) => self.kind(&inner.type_ann, depth + 1),
            TsType::TsKeywordType(keyword) => match keyword.kind {
                Keyword::TsVoidKeyword
                | Keyword::TsUndefinedKeyword
                | Keyword::TsNullKeyword
                | Keyword::TsNeverKeyword => Kind::Nothing,
                Keyword::TsBooleanKeyword => Kind::Boolean,
                Keyword::TsStringKeyword => Kind::Text,
                Keyword::TsNumberKeyword => Kind::Number,
                Keyword::TsBigIntKeyword => Kind::BigInt,
                Keyword::TsSymbolKeyword => Kind::Symbol,
                _ => Kind::Other,
            },
            TsType::TsLitType(literal) => match literal_name(&literal.lit) {
                "Boolean" => Kind::Boolean,
                "Number" => Kind::Number,
                "BigInt" => Kind::BigInt,
                _ => Kind::Text,
            },
            TsType::TsFnOrConstructorType(swc_ecma_ast::TsFnOrConstructorType::TsFnType(_)) => Kind::Function,
            TsType::TsTypeLit(literal) => {
                let callable = literal
                    .members
                    .iter()
                    .any(|item| matches!(item, swc_ecma_ast::TsTypeElement::TsCallSignatureDecl(_)));
                if callable { Kind::Function } else { Kind::Other }
            }
            TsType::TsArrayType(_) | TsType::TsTupleType(_) => Kind::Array,
            TsType::TsTypeOperator(operator) => match operator.op {
                TsTypeOperatorOp::ReadOnly => self.kind(&operator.type_ann, depth + 1),
                TsTypeOperatorOp::Unique => Kind::Symbol,
                TsTypeOperatorOp::KeyOf => Kind::Other,
            },
            TsType::TsTypeRef(reference) => self.named(&path_of(&reference.type_name), depth + 1),
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsUnionType(union)) => {
                let kinds: Vec<Kind> = union
                    .types
                    .iter()
                    .filter(|item| !matches!(&***item, TsType::TsKeywordType(k) if k.kind == Keyword::TsNeverKeyword))
                    .map(|item| self.kind(item, depth + 1))
                    .collect();
                let counts = |kind: &&Kind| self.strict_null_checks || **kind != Kind::Nothing;
                let first = kinds.iter().find(counts).copied().unwrap_or(Kind::Nothing);
                let alike = kinds.iter().filter(counts).all(|kind| *kind == first);
                // A union of arrays, or of functions, is neither for the checker.
                if alike && (first.is_primitive() || kinds.len() == 1) { first } else { Kind::Other }
            }
            TsType::TsUnionOrIntersectionType(TsUnionOrIntersectionType::TsIntersectionType(inter)) => {
                let mut kinds = inter.types.iter().map(|item| self.kind(item, depth + 1));
                kinds.find(|kind| kind.is_primitive()).unwrap_or(Kind::Other)
            }
            _ => Kind::Other,
        }
    }
}

fn literal_name(literal: &TsLit) -> &'static str {
    match literal {
        TsLit::Number(_) => "Number",
        TsLit::Str(_) | TsLit::Tpl(_) => "String",
        TsLit::Bool(_) => "Boolean",
        TsLit::BigInt(_) => "BigInt",
    }
}

fn without_parentheses(mut node: &TsType) -> &TsType {
    while let TsType::TsParenthesizedType(inner) = node {
        node = &inner.type_ann;
    }
    node
}

/// `a.b.c`
fn path_of(name: &TsEntityName) -> Vec<Ident> {
    match name {
        TsEntityName::Ident(ident) => vec![ident.clone()],
        TsEntityName::TsQualifiedName(qualified) => {
            let mut path = path_of(&qualified.left);
            path.push(qualified.right.clone().into());
            path
        }
    }
}

/// The type of one element of a rest parameter.
pub(super) fn element_of(written: Option<&TsType>) -> Option<&TsType> {
    match written? {
        TsType::TsArrayType(array) => Some(&array.elem_type),
        TsType::TsTypeRef(reference) => match reference.type_params.as_deref()?.params.as_slice() {
            [element] => Some(element),
            _ => None,
        },
        _ => None,
    }
}
