/** The digit board's page and live feed: an Express application that asks Python as if it were local. */
import { fileURLToPath } from "node:url";
import { CallError, func, RemoteError, services } from "diglot";
import express, { type NextFunction, type Request, type Response } from "express";
import { Board, type Entry } from "./board.js";
import { drawingFrom, InvalidDrawing } from "./drawing.js";

const BODY_BYTES_MAX = 64 * 1024;

/** Longest wait for Python, in milliseconds. */
const READING_MS_MAX = 5000;

const app = express();
const board = new Board();

/** The drawings on the board, oldest first. */
export const drawings = func((): Entry[] => board.entries);

app.disable("x-powered-by");
app.use(express.static(fileURLToPath(new URL("public", import.meta.url))));

app.post("/drawings", express.json({ limit: BODY_BYTES_MAX }), async (req, res) => {
  const { strokes, pixels } = drawingFrom(req.body);
  // What the page was told is not taken on trust: every visitor is shown what Python says of it.
  const { digit, confidence } = await services.model.read({ pixels }, { timeout: READING_MS_MAX });
  const entry = board.publish({ strokes, digit, confidence });
  res.status(201).json({ id: entry.id, digit, confidence });
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

/** What answers a method that a path does not take. */
const only = (methods: string) => (_req: Request, res: Response) => {
  res.status(405).set("Allow", methods).json({ error: `this takes ${methods} only` });
};
app.all("/drawings", only("POST"));
app.all("/feed", only("GET, HEAD"));

app.use((req, res) => {
  res.status(404).json({ error: `there is nothing at ${req.method} ${req.path}` });
});

// Express knows an error handler by its four parameters.
app.use((error: Error & { expose?: boolean; status?: number }, _req: Request, res: Response, _next: NextFunction) => {
  if (error instanceof InvalidDrawing) {
    res.status(422).json({ error: error.message });
    return;
  }
  if (error instanceof RemoteError && error.type === "NoInk") {
    res.status(422).json({ error: "the drawing has no ink in it" });
    return;
  }
  if (error instanceof CallError) {
    console.error(error);
    res.status(503).set("Retry-After", "1").json({ error: "Python does not answer" });
    return;
  }
  // body-parser's errors carry the status that fits: 400 for broken JSON, 413 for too much of it.
  const status = error.expose ? (error.status ?? 500) : 500;
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
