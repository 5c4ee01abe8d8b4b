'use strict';
// Express 4 or 5 (EXPRESS names the package) with what most applications use of it.

const fs = require('node:fs');
const path = require('node:path');
const compression = require('compression');
const express = require(process.env.EXPRESS);

const app = express();
app.set('trust proxy', false);
app.use(compression({ threshold: 100 }));
app.use(express.json());
app.use(express.urlencoded({ extended: true }));
app.use(express.text());
app.use('/static', express.static(path.join(__dirname, 'public')));

const router = express.Router();
router.get('/:id', (request, response) => {
  const { params, query, baseUrl, originalUrl, url, ip, protocol, hostname } = request;
  response.json({ params, query, baseUrl, originalUrl, url, ip, protocol, hostname });
});
app.use('/users', router);

app.get('/', (_request, response) => response.send('Hello World!'));
app.post('/body', (request, response) => response.status(201).json(request.body));
app.get('/large', (_request, response) => response.type('text').send('compress me '.repeat(1000)));
app.get('/cookie', (_request, response) => response.cookie('a', '1', { httpOnly: true }).clearCookie('b').redirect(302, '/'));
app.get('/file', (_request, response) => response.sendFile(path.join(__dirname, 'public', 'file.txt')));
app.get('/pipe', (_request, response) => fs.createReadStream(__filename).pipe(response));
app.get('/events', (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  response.write('data: 1\n\n');
  response.flush();
  setTimeout(() => response.end('data: 2\n\n'), 5);
});
app.get('/throws', () => {
  throw new Error('thrown in a route');
});
app.use((error, _request, response, _next) => response.status(error.status ?? 500).json({ error: error.message }));

const server = app.listen(process.env.PORT, () => console.log(`listening ${server.address().port}`));
