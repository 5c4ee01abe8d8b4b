// A caller by fetch and JSON: node call_http.mjs URL CASE SECONDS

import { measure } from './measure.mjs';

const [url, name, seconds] = process.argv.slice(2);

const post = async (path, body) => {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
};

const target = {
  similar: (item_id, k) => post('/similar', { item_id, k }),
  scale: async (numbers) => Float32Array.from(await post('/scale', Array.from(numbers))),
  async *count(n) {
    const response = await fetch(`${url}/count?n=${n}`);
    let rest = '';
    for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
      const events = (rest + text).split('\n\n');
      rest = events.pop();
      for (const event of events) yield JSON.parse(event.slice('data: '.length));
    }
  },
};

console.log(await measure(target, name, Number(seconds)));
