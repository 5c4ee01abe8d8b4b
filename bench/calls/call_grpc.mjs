// A caller by gRPC: node call_grpc.mjs ADDRESS CASE SECONDS

import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import loader from '@grpc/proto-loader';
import { measure } from './measure.mjs';

const [address, name, seconds] = process.argv.slice(2);
const definition = loader.loadSync(fileURLToPath(new URL('bench.proto', import.meta.url)), { keepCase: true, defaults: true });
const { Bench } = grpc.loadPackageDefinition(definition);
const client = new Bench(address, grpc.credentials.createInsecure(), { 'grpc.max_receive_message_length': -1 });

const unary = (method, request) =>
  new Promise((resolve, reject) => client[method](request, (error, answer) => (error ? reject(error) : resolve(answer))));

/** The stream under way: whoever leaves its loop early has not ended it. */
let stream = null;

const target = {
  similar: async (item_id, k) => (await unary('Similar', { item_id, k })).items,
  async scale(numbers) {
    const { data } = await unary('Scale', { data: Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength) });
    return new Float32Array(data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength));
  },
  count: (n) => (stream = client.Count({ n })),
};

console.log(await measure(target, name, Number(seconds)));
stream?.on('error', () => {}).cancel();
client.close();
