// Socket.IO as its users have it, with nothing said of workers. With IO_TRANSPORTS, it offers these only.

const http = require('node:http');
const { Server } = require('socket.io');

const server = http.createServer((_request, response) => response.end(String(process.pid)));
const { IO_TRANSPORTS } = process.env;
const io = new Server(server, IO_TRANSPORTS === undefined ? {} : { transports: IO_TRANSPORTS.split(',') });

for (const namespace of ['/', '/admin']) {
  io.of(namespace).on('connection', (socket) => {
    socket.emit('hello', { pid: process.pid, namespace });
    socket.on('ask', (value, answer) => answer({ pid: process.pid, value }));
    socket.on('binary', (buffer, answer) => answer(Buffer.from(buffer).reverse()));
    socket.on('join', (room, answer) => {
      socket.join(room);
      io.of(namespace).to(room).emit('joined', room);
      answer('ok');
    });
  });
}
server.listen(process.env.PORT);
