// `ws`, as its documentation's echo.
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const server = createServer();
const sockets = new WebSocketServer({ server });

sockets.on("connection", (socket) => {
  socket.on("message", (message, is_binary) => socket.send(message, { binary: is_binary }));
});

server.listen(process.env.PORT ?? 0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
