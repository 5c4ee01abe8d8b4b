// Fastify, as its documentation's hello: an object answered as JSON.
import Fastify from "fastify";

const app = Fastify();

app.get("/", async () => ({ hello: "world" }));

const address = await app.listen({ port: Number(process.env.PORT ?? 0), host: "127.0.0.1" });
console.log(`listening on ${address}`);
