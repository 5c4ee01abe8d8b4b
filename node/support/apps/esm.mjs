// An ES module that listens.
import { createServer } from 'node:http';

createServer((_request, response) => {
  response.end(JSON.stringify({ loaded: globalThis.loaded_before === true, main: import.meta.main }));
}).listen(0);
