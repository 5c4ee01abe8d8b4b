// Koa, as its documentation's hello.
import Koa from "koa";

const app = new Koa();

app.use(async (context) => {
  context.body = "Hello World";
});

const server = app.listen(process.env.PORT ?? 0, "127.0.0.1", () => {
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
