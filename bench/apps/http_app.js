// Plain `http`: a hello with its length.
import { createServer } from "node:http";

const hello = "Hello, world!";

const server = createServer((_request, response) => {
  response.writeHead(200, { "content-type": "text/plain; charset=utf-8", "content-length": hello.length });
  response.end(hello);
});

server.listen(process.env.PORT ?? 0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
