// What a bare name means in namespaces and enums that are declared in several places. Each line is compared with that of tsc.

import { elements } from './elements';
import Class from './unnamed_class';
import expression from './unnamed_expression';
import func from './unnamed_function';

export const shown: string[] = [];
function show(...values: unknown[]): void {
  shown.push(JSON.stringify(values));
}

// Assignments: plain, compound, patterns, heads of loops.
namespace Assigned { export let v: any = 1; }
namespace Assigned { v = 5; show('=', Assigned.v, (globalThis as any).v); }
namespace Assigned { v += 2; v ||= 3; v **= 2; v++; show('operators', Assigned.v); }
namespace Assigned { ({ v } = { v: 11 }); show('shorthand', Assigned.v); }
namespace Assigned { ({ v = 12 } = {} as any); show('with a default', Assigned.v); }
namespace Assigned { ({ a: v = 13 } = {} as any); show('by another name', Assigned.v); }
namespace Assigned { ({ ...v } = { z: 1 } as any); show('the rest', Assigned.v); }
namespace Assigned { [v] = [v]; [v = 14] = [] as any; [, ...v] = [1, 2, 3]; show('a list', Assigned.v); }
namespace Assigned { for (v of [20]); show('of', Assigned.v); for (v in { key: 1 }); show('in', Assigned.v); }
namespace Assigned { (v as any) = 6; v!++; show('with types', Assigned.v); }

// Names that mean something nearer.
namespace Assigned { const v = 'own'; show(v, ((v: any) => v)('a parameter'), { v }); }
namespace Assigned { for (const v of ['of a loop']) show(v); try { throw 'caught'; } catch (v) { show(v); } }
namespace Assigned { if (shown) { var v: any = 5; for (var v of [6] as any); } show(v, Assigned.v); }

// Namespaces in namespaces.
namespace Nested { export namespace Inner { export let y = 1; } export enum Word { A = 3 } }
namespace Nested { show(Inner.y + Word.A); }
namespace Nested { export namespace Inner { y++; show(y); } show(Inner.y); }
namespace A.B.C { export let deep = 1; const own = 2; export namespace D { export let e = deep + own; } }
namespace A.B.C { deep += 5; const own = 'own'; show(deep, own); export namespace D { e++; show(e, deep); } show(D.e); }
namespace A.B { show(C.deep); C.deep = 9; }
namespace A { show(B.C.deep); }
namespace Outer {
  const x = 'outer';
  export namespace M { export const x = 'inner'; }
  export namespace M { show(x); }
  namespace Own { export let x = 1; }
  namespace Own { x = 2; show(x); }
  show(Own.x, x);
}
const Types = 'a value';
namespace Hides { export namespace Types { export type T = number; } export interface I { a: 1 } }
namespace Hides { show(Types); }

// What else is exported.
namespace Kinds { export const enum Constant { A = 3 } export class C { static s = 1; me() { return this; } } export function f() { return 4; } }
namespace Kinds { show(Constant.A, C.s, f(), typeof f, Object.keys({ f, C })); class D extends C {} show(new D().me() instanceof C); }
namespace Patterns { export const { a: { b: [one, ...rest] }, ...others } = { a: { b: [1, 2, 3] }, d: 4 }; }
namespace Patterns { show(one, rest, others); }
namespace Aliases { export import X = A.B; import Y = A.B; export const q = Y.C.deep; }
namespace Aliases { import Z = X.C; show(Z.deep, X.C.deep, q); export import W = X.C; }
namespace Aliases { show(W.deep); W.deep = 10; show(A.B.C.deep); }
export namespace Exported { export let a = 1; }
export namespace Exported { a++; show(a); }
class Merged { a = 1; }
namespace Merged { export let meta = 1; }
namespace Merged { meta += 2; show(meta, new Merged().a); }

// Members of enums, where something around has their name.
namespace First {}
const Second = 5;
enum Shadowed { First, Other = First }
enum Shadowed { Third = First, Fourth = First + 1, Fifth = Second }
show(Shadowed);
enum Computed { First = 'x'.length, B = First, C = ((First) => First + B)(3) }
show(Computed);
namespace Enums { export enum E { A = 1, S = 's' } }
namespace Enums { export enum E { B = A + 1, C = B } show(E); }
namespace Enums { export const A = 100; }
namespace Enums { enum Own { A = 7, B = A } show(Own); enum Around { B = A } show(Around); }

show(elements);
show(Class.name, func.name, expression.name);
