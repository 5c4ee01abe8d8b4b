// Hooks of `import` for Node before 22.15. They run in a thread of Node's, beside the one whose modules they load.

import { Loader } from './loader.cjs';
import { as_of_node } from './missing.cjs';

/** @type {Loader} */
let loader;

/** @param {any} way to the compiler */
export function initialize(way) {
  loader = new Loader(way);
}

export async function resolve(specifier, context, next) {
  const parent = context.parentURL;
  const found = loader.resolve(specifier, parent, context.conditions.includes('require'), context.importAttributes);
  if (found?.first !== undefined) return { url: found.first, shortCircuit: true };
  try {
    return await next(specifier, context);
  } catch (error) {
    const otherwise = found?.otherwise() ?? null;
    if (otherwise !== null) return { url: otherwise, shortCircuit: true };
    as_of_node(error, null, loader.mapped(specifier, parent));
    throw error;
  }
}

export async function load(url, context, next) {
  const loaded = loader.load(url);
  return loaded === null ? next(url, context) : { ...loaded, shortCircuit: true };
}
