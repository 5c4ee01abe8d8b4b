import { parentPort } from 'node:worker_threads';
enum Where {
  Here = 'thread',
}
parentPort!.postMessage(Where.Here);
