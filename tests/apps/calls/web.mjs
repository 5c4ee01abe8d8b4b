// A program on Node's http: `/FUNCTION?{"arguments": …}` calls that function of the model, and answers with what came of it, as JSON.
import http from 'node:http';
import { func, services, signal } from 'diglot';

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

export const dieWeb = func({ input: { type: 'object' } }, () => process.kill(process.pid, 'SIGKILL'));

async function many(count) {
  const answers = await Promise.all(Array.from({ length: count }, (_, n) => services.model.oneByOne({ n })));
  return answers.filter((answer, n) => answer === n).length;
}

async function called(name, { options, stream, bytes, ...parameters }) {
  if (bytes !== undefined) {
    const data = new Uint8Array(bytes).map((_, at) => at % 251);
    const back = await services.model.echo({ data }, options);
    return back.length === bytes && back.every((byte, at) => byte === at % 251);
  }
  if (name === 'heavy') return services.model.echo({ data: new Uint8Array(parameters.weight) });
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
