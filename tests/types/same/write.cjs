'use strict';
// Writes a service with a function for each type of `node/support/types.cjs`, and a check that what `diglot types` writes of
// them are the same types again: `node write.cjs FOLDER`.

const fs = require('node:fs');
const path = require('node:path');
const { SOURCE, TYPES } = require('../../../node/support/types.cjs');

const OPTIONS = { strict: true, target: 'esnext', module: 'nodenext', noEmit: true, allowImportingTsExtensions: true, types: [], lib: ['esnext', 'dom'] };
const NAMES = [...SOURCE.matchAll(/export (?:const )?(?:interface|type|enum|class) (\w+)/g)].map(([, name]) => name).join(', ');

const offers = TYPES.map(([type], at) => `export const case${at} = func(async (x: ${type}): Promise<{ y: ${type} }> => ({ y: x }));`);
const checks = TYPES.map(([type, , declared = 'same'], at) => {
  const is_optional = declared === 'optional' ? '?' : '';
  const is_other = !['same', 'optional'].includes(declared);
  const expected = is_other ? `${declared}${type.includes('null') && !declared.includes('null') ? ' | null' : ''}` : type;
  return `export const check${at}: Same<Of<"case${at}">, { x${is_optional}: ${expected} }> = true;`;
});
const files = {
  'package.json': '{ "type": "module" }',
  'tsconfig.json': JSON.stringify({ compilerOptions: OPTIONS }),
  'diglot.toml': '[services.model]\nentry = "cases.ts"\nroutes = []\n',
  'types.ts': SOURCE,
  'cases.ts': `import { func, type NDArray } from "diglot";\nimport { type ${NAMES.replaceAll(', ', ', type ')} } from "./types.ts";\n${offers.join('\n')}\n`,
  'check.ts': `import type { NDArray, Services, TypedArrays } from "diglot";
import type { ${NAMES} } from "./types.js";
import "./diglot.js";
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : [A, "is wider than", B]) : [A, "is not", B];
type Of<K extends keyof Services["model"]> = NonNullable<Parameters<Services["model"][K]>[0]>;
${checks.join('\n')}
`,
};
for (const [name, text] of Object.entries(files)) fs.writeFileSync(path.join(process.argv[2], name), text);
