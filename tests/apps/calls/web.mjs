// A program on Node's http: `/FUNCTION?{"arguments": …}` calls that function of the model, and answers with what came of it, as JSON.
import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { func, services, signal } from 'diglot';

if (existsSync('web.broken')) throw new Error('the web service cannot start');
console.error('the web starts');

const text = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] };

export const upperCase = func({ input: text, output: { type: 'string' } }, ({ text }) => text.toUpperCase());

const milliseconds = { type: 'object', properties: { ms: { type: 'integer' } }, required: ['ms'] };

export const slowWeb = func({ input: milliseconds }, async ({ ms }) => {
  const { aborted } = signal();
  console.error(`slowWeb begins${aborted ? ', and is aborted' : ''}`);
  signal().addEventListener('abort', () => console.error('slowWeb is aborted'));
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'slow';
});

const integer = { type: 'integer' };
const bytes = { type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' };
const object = (properties) => ({ type: 'object', properties, required: Object.keys(properties) });

export const weigh = func({ input: object({ data: bytes }), output: integer }, ({ data }) => data.length);

export const largeWeb = func({ input: object({ bytesCount: integer }), output: bytes }, ({ bytesCount }) => new Uint8Array(bytesCount).fill(1));

export const oneByOne = func({ input: object({ n: integer }), output: integer, concurrency: 1, queue: 20_000 }, ({ n }) => n);

/** Passed once it is open, by one call at a time. */
let is_open = false;
const doorkeeper = new EventEmitter();

export const gated = func({ input: object({}), concurrency: 1 }, async () => {
  if (!is_open) await once(doorkeeper, 'opens');
  return true;
});

export const gate = func({ input: object({ opens: { type: 'boolean' } }) }, ({ opens }) => {
  is_open = opens;
  if (opens) doorkeeper.emit('opens');
});

export const dieWeb = func({ input: { type: 'object' } }, () => process.kill(process.pid, 'SIGKILL'));

async function many(count) {
  const answers = await Promise.all(Array.from({ length: count }, (_, n) => services.model.oneByOne({ n })));
  return answers.filter((answer, n) => answer === n).length;
}

/** What so many calls come to at a gate that opens when all have been refused but these. */
async function crowd({ count, kept }) {
  await services.model.gate({ opens: false });
  const outcomes = {};
  const events = new EventEmitter();
  let ended = 0;
  const note = (outcome) => {
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    ended += 1;
    if (ended === count - kept) events.emit('all refused');
  };
  const are_refused = once(events, 'all refused');
  const calls = Array.from({ length: count }, () => services.model.gated().then(() => note('answered'), ({ code }) => note(code)));
  await are_refused;
  await services.model.gate({ opens: true });
  await Promise.all(calls);
  return outcomes;
}

function collect_garbage() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return true;
}

async function called(name, { options, stream, bytes, ...parameters }) {
  if (bytes !== undefined) {
    const data = new Uint8Array(bytes).map((_, at) => at % 251);
    const back = await services.model.echo({ data }, options);
    return back.length === bytes && back.every((byte, at) => byte === at % 251);
  }
  if (name === 'heavy') return services.model.weigh({ data: new Uint8Array(parameters.weight).fill(1) });
  if (name === 'collect') return collect_garbage();
  if (name === 'crowd') return crowd(parameters);
  if (name === 'many') return many(parameters.count);
  if (name === 'large') return (await services.model.large(parameters, options)).length;
  if (name === 'total') {
    async function* numbers() {
      for (let n = 0; n < parameters.to; n += 1) yield n;
    }
    return services.model.total({ numbers: numbers() }, options);
  }
  const call = services.model[name](parameters, options);
  if (stream === undefined) return call;
  let seen = 0;
  for await (const item of call) {
    if (item !== seen) throw new Error(`${item} instead of ${seen}`);
    seen += 1;
    if (seen === stream) break;
  }
  return seen;
}

const server = http.createServer(async (request, response) => {
  const [path, query] = request.url.split('?');
  let answer;
  try {
    answer = { value: await called(path.slice(1), JSON.parse(decodeURIComponent(query ?? '{}'))) };
  } catch (error) {
    const { name, code, message, type, service, function: of } = error;
    answer = { name, code, message, type, service, of, stack: String(error.stack) };
  }
  response.end(JSON.stringify(answer));
});
server.listen(process.env.PORT);
