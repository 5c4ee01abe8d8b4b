// The peer of `hono_app.js`: the same app through the adapter its documentation names for Node.
import { serve } from "@hono/node-server";
import app from "./hono_app.js";

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 0), hostname: "127.0.0.1" }, ({ port }) => {
  console.log(`listening on 127.0.0.1:${port}`);
});
