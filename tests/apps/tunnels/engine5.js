// Engine.IO 5, as Socket.IO 4.0 has it, with nothing said of workers.

const http = require('node:http');
const engine = require('engine.io5');

const server = http.createServer((_request, response) => response.end(String(process.pid)));
engine.attach(server).on('connection', (socket) => socket.on('message', (data) => socket.send(`${process.pid} ${data}`)));
server.listen(process.env.PORT);
