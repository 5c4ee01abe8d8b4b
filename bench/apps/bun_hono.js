// Hono as Bun serves it by itself.
import app from "./hono_app.js";

const server = Bun.serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 0), hostname: "127.0.0.1" });
console.log(`listening on 127.0.0.1:${server.port}`);
