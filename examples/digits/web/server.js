/**
 * The digit board's page and live feed: an ordinary Express application.
 *
 * It runs by itself, too: `node server.js`, with PORT to choose the port.
 */
import { fileURLToPath } from "node:url";
import express from "express";
import { Board } from "./board.js";
import { drawingFrom, InvalidDrawing } from "./drawing.js";

const BODY_BYTES_MAX = 64 * 1024;

const app = express();
const board = new Board();

app.disable("x-powered-by");
app.use(express.static(fileURLToPath(new URL("public", import.meta.url))));

app.post("/drawings", express.json({ limit: BODY_BYTES_MAX }), (req, res) => {
  const entry = board.publish(drawingFrom(req.body));
  res.status(201).json({ id: entry.id });
});

app.get("/feed", (req, res) => {
  if (board.isFull) {
    res.status(503).set("Retry-After", "10").json({ error: "too many pages are open" });
    return;
  }
  res.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    // Proxies that buffer responses (nginx) would hold events back.
    "X-Accel-Buffering": "no",
  });
  const leave = board.join(res, req.get("Last-Event-ID"));
  res.on("close", leave);
});

app.use((req, res) => {
  res.status(404).json({ error: `there is nothing at ${req.method} ${req.path}` });
});

// Express knows an error handler by its four parameters.
app.use((error, _req, res, _next) => {
  if (error instanceof InvalidDrawing) {
    res.status(422).json({ error: error.message });
    return;
  }
  // body-parser's errors carry the status that fits: 400 for broken JSON, 413 for too much of it.
  const status = error.expose ? error.status : 500;
  if (status === 500) {
    console.error(error);
  }
  res.status(status).json({ error: status === 500 ? "the server failed; its log says why" : error.message });
});

const port = process.env.PORT ?? 3000;
app.listen(port, (error) => {
  if (error) {
    throw error;
  }
  console.log(`the digit board's page is on port ${port}`);
});
