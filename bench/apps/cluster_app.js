// The peer of `http_app.js` with two workers: `node:cluster`, as its documentation shows it.
import cluster from "node:cluster";

const WORKERS = 2;

if (cluster.isPrimary) {
  let ready = 0;
  for (let count = 0; count < WORKERS; count++) cluster.fork();
  cluster.on("listening", (_worker, { port }) => {
    if (++ready === WORKERS) console.log(`listening on 127.0.0.1:${port}`);
  });
} else {
  console.log = () => {};
  await import("./http_app.js");
}
