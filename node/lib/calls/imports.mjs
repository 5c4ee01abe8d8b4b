// Finds the package for `import` on Node before 22.15. Runs in a thread of Node's, beside the one whose modules it finds.

/** URLs of the package's modules, by what is imported. @type {Record<string, string>} */
let urls = {};

export function initialize(data) {
  urls = data;
}

export async function resolve(specifier, context, next) {
  const url = Object.hasOwn(urls, specifier) ? urls[specifier] : undefined;
  if (url === undefined) return next(specifier, context);
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return { url, shortCircuit: true };
  }
}
