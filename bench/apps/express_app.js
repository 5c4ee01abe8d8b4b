// Express, as its documentation's hello: `res.send` with its ETag and type.
import express from "express";

const app = express();

app.get("/", (_request, response) => {
  response.send("Hello World!");
});

const server = app.listen(process.env.PORT ?? 0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
