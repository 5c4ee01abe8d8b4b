// Hooks of `import` for Node before 22.15. They run in a thread of Node's, beside the one whose modules they load.

import { Loader } from './loader.cjs';
import { as_of_node } from './missing.cjs';

/** @type {Loader} */
let loader;
/** URLs of what nothing imports: the main module's, for one. @type {Set<string>} */
const entries = new Set();

/** @param {any} way to the compiler */
export function initialize(way) {
  loader = new Loader(way);
}

export async function resolve(specifier, context, next) {
  const parent = context.parentURL;
  const found = loader.resolve(specifier, parent, context.conditions.includes('require'), context.importAttributes);
  if (found?.first !== undefined) return { url: found.first, shortCircuit: true };
  try {
    const resolved = await next(specifier, context);
    if (parent === undefined) entries.add(resolved.url);
    return resolved;
  } catch (error) {
    const otherwise = found?.otherwise() ?? null;
    if (otherwise !== null) return { url: otherwise, shortCircuit: true };
    as_of_node(error, null, loader.mapped(specifier, parent));
    throw error;
  }
}

export async function load(url, context, next) {
  const loaded = loader.load(url);
  // Without its source Node requires it, as the main module that it is: else its `require` is one of the ES modules' loader.
  if (loaded?.format === 'commonjs' && entries.has(url)) return { format: 'commonjs', source: null, shortCircuit: true };
  return loaded === null ? next(url, context) : { ...loaded, shortCircuit: true };
}
