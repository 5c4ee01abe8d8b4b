// An ES module that listens after a top-level await.
import { createServer } from 'node:http';
import { setTimeout } from 'node:timers/promises';

await setTimeout(10);
createServer((_request, response) => {
  response.end(JSON.stringify({ loaded: globalThis.loaded_before === true, main: import.meta.main }));
}).listen(0);
