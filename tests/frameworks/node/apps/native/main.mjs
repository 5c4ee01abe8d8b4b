// Native packages: sharp makes pictures on its own threads, bcrypt hashes on libuv's.

import bcrypt from 'bcrypt';
import express from 'express';
import sharp from 'sharp';

const app = express();
app.use('/picture', express.raw({ type: 'image/*', limit: '20mb' }));
app.get('/made', async (request, response) => {
  const picture = await sharp({ create: { width: Number(request.query.width), height: 100, channels: 3, background: '#336699' } }).png().toBuffer();
  response.type('png').send(picture);
});
app.post('/picture/small', async (request, response) => response.type('webp').send(await sharp(request.body).resize(50, 50).webp({ lossless: true }).toBuffer()));
app.post('/picture/facts', async (request, response) => {
  const { format, width, height, channels } = await sharp(request.body).metadata();
  response.json({ format, width, height, channels });
});
// Through a stream: from the request's body to the response.
app.post('/piped', (request, response) => request.pipe(sharp().rotate(90).png()).pipe(response.type('png')));
app.post('/hash', express.text(), async (request, response) => response.send(await bcrypt.hash(request.body, 4)));
app.post('/check', express.json(), async (request, response) => response.json(await bcrypt.compare(request.body.password, request.body.hash)));
app.use((error, _request, response, _next) => response.status(422).json({ error: error.message }));

const server = app.listen(process.env.PORT ?? 3000, process.env.HOST, () => console.log(`listening on http://localhost:${server.address().port}`));
