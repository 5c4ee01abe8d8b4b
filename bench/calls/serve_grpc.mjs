// The functions behind @grpc/grpc-js: node serve_grpc.mjs PORT

import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { count, scale, similar } from './functions.mjs';

const definition = loader.loadSync(fileURLToPath(new URL('bench.proto', import.meta.url)), { keepCase: true, defaults: true });
const { Bench } = grpc.loadPackageDefinition(definition);
const server = new grpc.Server({ 'grpc.max_receive_message_length': -1 });

server.addService(Bench.service, {
  Similar: ({ request }, callback) => callback(null, { items: similar(request.item_id, request.k) }),
  Scale({ request: { data } }, callback) {
    const numbers = new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
    callback(null, { data: Buffer.from(scale(numbers).buffer) });
  },
  async Count(call) {
    for (const each of count(call.request.n)) {
      if (!call.write(each)) await new Promise((resolve) => call.once('drain', resolve));
    }
    call.end();
  },
});

const address = `127.0.0.1:${process.argv[2]}`;
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log(`listening on http://${address}`);
});
