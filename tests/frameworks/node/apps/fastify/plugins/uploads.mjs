// Files by @fastify/multipart, as streams and as buffers.

import multipart from '@fastify/multipart';

export default async function uploads(app) {
  await app.register(multipart, { limits: { fileSize: 100_000, files: 2 } });

  app.post('/stream', { bodyLimit: 1_000_000 }, async (request) => {
    const found = [];
    for await (const part of request.parts()) {
      if (part.type === 'field') found.push({ field: part.fieldname, value: part.value });
      else {
        let bytes = 0;
        for await (const chunk of part.file) bytes += chunk.length;
        found.push({ file: part.filename, mimetype: part.mimetype, bytes, truncated: part.file.truncated });
      }
    }
    return found;
  });
  app.post('/buffer', { bodyLimit: 1_000_000 }, async (request) => {
    const data = await request.file();
    const bytes = await data.toBuffer();
    return { name: data.filename, bytes: bytes.length };
  });
}
