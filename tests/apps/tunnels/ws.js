// `ws` as its users have it.

const http = require('node:http');
const { WebSocketServer } = require('ws');

const state = { pid: process.pid, open: 0, codes: [], left_at: 0, pongs: 0 };
const server = http.createServer((_request, response) => response.end(JSON.stringify(state)));
const wss = new WebSocketServer({ server, perMessageDeflate: { threshold: 1024 }, maxPayload: 32 * 1024 * 1024 });

wss.on('connection', (socket, request) => {
  state.open++;
  socket.on('message', (data, binary) => {
    const text = binary ? '' : `${data}`;
    if (text.startsWith('close ')) return socket.close(Number(text.slice(6)), 'as asked');
    if (text === 'ping') return socket.ping('are you there');
    if (text === 'where') return socket.send(`${request.url} ${request.socket.remoteAddress} ${process.pid}`);
    socket.send(data, { binary });
  });
  socket.on('pong', () => state.pongs++);
  socket.on('error', (error) => console.log(`error ${error.code}`));
  socket.on('close', (code, reason) => {
    state.open--;
    state.codes.push(`${code} ${reason}`);
    state.left_at = Date.now() / 1000;
  });
});
server.listen(process.env.PORT);
if (process.env.BYE !== undefined) {
  process.on('SIGTERM', () => {
    for (const client of wss.clients) client.close(1012, 'restart');
    server.close();
  });
}
