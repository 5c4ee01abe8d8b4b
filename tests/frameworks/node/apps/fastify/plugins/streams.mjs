// Streams and web streams as replies.

import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';

export default async function streams(app) {
  app.get('/file', async (_request, reply) => reply.type('text/javascript').send(createReadStream(import.meta.filename)));
  app.get('/generated', async (_request, reply) => {
    const chunk = Buffer.alloc(65_536, 'generated ');
    reply.type('application/octet-stream');
    return Readable.from((function* () {
      for (let at = 0; at < 256; at++) yield chunk;
    })());
  });
  app.get('/web', async (_request, reply) => {
    reply.type('text/plain');
    return new Response('a web response', { status: 201, headers: { 'x-web': 'yes' } });
  });
  app.get('/web-stream', (_request, reply) => {
    const words = new ReadableStream({
      start(to) {
        for (const word of ['one ', 'two']) to.enqueue(word);
        to.close();
      },
    });
    reply.type('text/plain').send(words.pipeThrough(new TextEncoderStream()));
  });
  app.get('/events', (request, reply) => {
    const source = new Readable({ read() {} });
    let sent = 0;
    const timer = setInterval(() => source.push(`data: ${++sent}\n\n`), 10);
    request.raw.on('close', () => {
      clearInterval(timer);
      source.destroy();
      console.log('the reader of events has left');
    });
    reply.header('content-type', 'text/event-stream').send(source);
  });
  // A source that fails half-way.
  app.get('/broken', async (_request, reply) => {
    reply.type('text/plain');
    return Readable.from((async function* () {
      yield 'the beginning';
      throw new Error('the source has failed');
    })());
  });
}
