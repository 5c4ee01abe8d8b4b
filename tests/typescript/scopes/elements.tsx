const React = { createElement: (tag: any, _: any, ...children: any[]) => [typeof tag === 'string' ? tag : tag.name, children] };
namespace Parts { export function Whole() {} export namespace Inner { export function Part() {} } }
namespace Parts { export const made = <Whole><Inner.Part /></Whole>; }
export const elements: unknown = Parts.made;
