// A fetch-exporting Hono: what every runtime but Node serves directly.
import { Hono } from "hono";

const app = new Hono();

app.get("/", (context) => context.text("Hello Hono!"));

export default { fetch: app.fetch };
